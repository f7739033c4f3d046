//===- Move.cpp - mov, packing, address spaces ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Exec/Lanewise.h"

using namespace ptxsim;

//===----------------------------------------------------------------------===//
// Plain moves
//===----------------------------------------------------------------------===//

template <typename T>
static void execMove(Warp &w, const Inst &i, uint32_t mask) {
  const T *a = w.reg<T>(i.a);
  if (mask == kAllLanes)
    std::memmove(w.reg<T>(i.d), a, sizeof(T) * kLanes);
  else
    blend(w.reg<T>(i.d), a, mask);
}

static void execMove128(Warp &w, const Inst &i, uint32_t mask) {
  for (Lanes lane(mask); lane; ++lane)
    std::memmove(w.registers + i.d.offset + 16 * *lane,
                 w.registers + i.a.offset + 16 * *lane, 16);
}

static void execMovePred(Warp &w, const Inst &i, uint32_t mask) {
  w.setPred(i.d, w.pred(i.a), mask);
}

/// Clocks count the instructions of the block, so they always advance.
template <typename T>
static void execClock(Warp &w, const Inst &i, uint32_t mask) {
  uint64_t now = w.block->instructions;
  T value = T(i.mode ? now >> 32 : now);
  forLanes<T>(w, i.d, mask, [=](unsigned) { return value; });
}

static bool isClock(Special special) {
  return special == Special::Clock || special == Special::ClockHi ||
         special == Special::Clock64 || special == Special::GlobalTimer ||
         special == Special::GlobalTimerLo || special == Special::GlobalTimerHi;
}

//===----------------------------------------------------------------------===//
// Packing and unpacking
//===----------------------------------------------------------------------===//

/// 8-bit values use lanes of 16 bits.
template <typename Part>
using PartLane = std::conditional_t<sizeof(Part) == 1, uint16_t, Part>;

template <typename Whole, typename Part>
static void execPack(Warp &w, const Inst &i, uint32_t mask) {
  constexpr unsigned count = sizeof(Whole) / sizeof(Part);
  const Ref *srcs = w.kernel->getSrcs(i);
  const PartLane<Part> *from[count];
  for (unsigned e = 0; e < count; ++e)
    from[e] = w.reg<PartLane<Part>>(srcs[e]);
  forLanes<Whole>(w, i.d, mask, [=](unsigned l) {
    Whole whole = 0;
    for (unsigned e = 0; e < count; ++e)
      whole |= Whole(Whole(Part(from[e][l])) << (8 * sizeof(Part) * e));
    return whole;
  });
}

template <typename Whole, typename Part>
static void execUnpack(Warp &w, const Inst &i, uint32_t mask) {
  constexpr unsigned count = sizeof(Whole) / sizeof(Part);
  const Ref *dsts = w.kernel->getDsts(i);
  const Whole *a = w.reg<Whole>(i.a);
  for (unsigned e = 0; e < count; ++e)
    if (dsts[e])
      forLanes<PartLane<Part>>(w, dsts[e], mask, [=](unsigned l) {
        return PartLane<Part>(Part(a[l] >> (8 * sizeof(Part) * e)));
      });
}

/// The same with a whole of 128 bits.
template <typename Part>
static void execPack128(Warp &w, const Inst &i, uint32_t mask) {
  constexpr unsigned count = 16 / sizeof(Part);
  const Ref *srcs = w.kernel->getSrcs(i);
  for (unsigned e = 0; e < count; ++e)
    for (Lanes lane(mask); lane; ++lane)
      w.reg<Part>(i.d)[count * *lane + e] = w.reg<Part>(srcs[e])[*lane];
}
template <typename Part>
static void execUnpack128(Warp &w, const Inst &i, uint32_t mask) {
  constexpr unsigned count = 16 / sizeof(Part);
  const Ref *dsts = w.kernel->getDsts(i);
  for (unsigned e = 0; e < count; ++e)
    for (Lanes lane(mask); dsts[e] && lane; ++lane)
      w.reg<Part>(dsts[e])[*lane] = w.reg<Part>(i.a)[count * *lane + e];
}

namespace {
struct PackForm {
  unsigned whole;
  size_t parts;
  Type part;
  ExecFn pack, unpack;
};
constexpr PackForm kPackForms[] = {
    {2, 2, Type::B8, execPack<uint16_t, uint8_t>,
     execUnpack<uint16_t, uint8_t>},
    {4, 2, Type::B16, execPack<uint32_t, uint16_t>,
     execUnpack<uint32_t, uint16_t>},
    {4, 4, Type::B8, execPack<uint32_t, uint8_t>,
     execUnpack<uint32_t, uint8_t>},
    {8, 2, Type::B32, execPack<uint64_t, uint32_t>,
     execUnpack<uint64_t, uint32_t>},
    {8, 4, Type::B16, execPack<uint64_t, uint16_t>,
     execUnpack<uint64_t, uint16_t>},
    {8, 8, Type::B8, execPack<uint64_t, uint8_t>,
     execUnpack<uint64_t, uint8_t>},
    {16, 2, Type::B64, execPack128<uint64_t>, execUnpack128<uint64_t>},
    {16, 4, Type::B32, execPack128<uint32_t>, execUnpack128<uint32_t>},
};
} // namespace

/// `mov` with a vector as its operand `vector`.
static bool buildVector(Decoder &decoder, Type type, size_t vector,
                        Inst &inst) {
  size_t count = decoder.operand(vector).elements.size();
  unsigned bytes = getTypeSize(type);
  if (type != Type::B16 && type != Type::B32 && type != Type::B64 &&
      type != Type::B128)
    return decoder.fail("packing and unpacking takes a type .b16 to .b128, "
                        "found ." +
                        std::string(getTypeName(type)));
  for (const PackForm &form : kPackForms) {
    if (form.whole != bytes || form.parts != count)
      continue;
    // Marks are kept for halves; two bytes share a mark.
    inst.init = form.part == Type::B8 ? InitRule::Propagate : InitRule::Move;
    if (vector == 1) {
      inst.exec = form.pack;
      return buildDst(decoder, 0, type, inst.d) &&
             decoder.srcs(1, form.part, inst);
    }
    inst.exec = form.unpack;
    return decoder.dsts(0, form.part, inst) && decoder.src(1, type, inst.a);
  }
  return decoder.failAt(vector, std::to_string(count) + " values cannot be ." +
                                    std::string(getTypeName(type)));
}

static bool buildMove(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  inst.type = type;
  inst.init = InitRule::Move;
  if (!decoder.expect(2))
    return false;
  for (size_t operand = 0; operand < 2; ++operand)
    if (decoder.operand(operand).kind == Operand::Vector)
      return buildVector(decoder, type, operand, inst);
  if (!buildOperands(decoder, inst, type, {type}))
    return false;
  const Operand &source = decoder.operand(1);
  if (source.kind == Operand::SpecialReg && isClock(source.special)) {
    inst.init = InitRule::Define;
    inst.mode = source.special == Special::ClockHi ||
                source.special == Special::GlobalTimerHi;
    inst.exec =
        getTypeSize(type) == 8 ? execClock<uint64_t> : execClock<uint32_t>;
    return true;
  }
  inst.exec = type == Type::Pred   ? execMovePred
              : type == Type::B128 ? execMove128
                                   : selectUnsigned(type, [](auto t) -> ExecFn {
                                       return execMove<decltype(t)>;
                                     });
  return true;
}

//===----------------------------------------------------------------------===//
// Spaces of addresses
//===----------------------------------------------------------------------===//

/// Returns the space that cvta or isspacep names, and the start of its window
/// (0: no window, its addresses are generic ones).
static Space getSpace(std::string_view word, uint64_t &window) {
  window = 0;
  if (word == "global")
    return Space::Global;
  if (word == "const")
    return Space::Const;
  if (word == "local") {
    window = kLocalWindow;
    return Space::Local;
  }
  if (word.substr(0, 5) == "param") {
    window = kParamWindow;
    return Space::Param;
  }
  window = kSharedWindow;
  return Space::Shared;
}

static void execCvta(Warp &w, const Inst &i, uint32_t mask) {
  const uint64_t *a = w.reg<uint64_t>(i.a);
  uint64_t offset = uint64_t(i.imm);
  forLanes<uint64_t>(w, i.d, mask, [=](unsigned l) { return a[l] + offset; });
}

static bool buildCvta(Decoder &decoder, const Match &match, Inst &inst) {
  uint64_t window;
  inst.space = getSpace(match.get("space"), window);
  inst.imm = int64_t(match.has("to") ? 0 - window : window);
  inst.exec = window ? execCvta : execMove<uint64_t>;
  return buildOperands(decoder, inst, Type::U64, {Type::U64});
}

static bool isConstant(const Launch &launch, uint64_t address) {
  const std::vector<Variable> &variables = launch.program->tree->variables;
  for (size_t v = 0; v < variables.size(); ++v)
    if (variables[v].space == Space::Const &&
        address - launch.loaded->addresses[v] < variables[v].size)
      return true;
  return false;
}

static void execIsspacep(Warp &w, const Inst &i, uint32_t mask) {
  const uint64_t *a = w.reg<uint64_t>(i.a);
  auto isIn = [](uint64_t address, uint64_t window) {
    return address - window < kWindowSize;
  };
  uint32_t bits = 0;
  for (Lanes lane(mask); lane; ++lane) {
    uint64_t address = a[*lane];
    bool found = false;
    switch (i.space) {
    case Space::Shared:
      found = isIn(address, kSharedWindow);
      break;
    case Space::Local:
      found = isIn(address, kLocalWindow);
      break;
    case Space::Param:
      found = isIn(address, kParamWindow);
      break;
    case Space::Const:
      found = isConstant(*w.launch, address);
      break;
    default: // the window of kernel parameters lies in the global one
      found = !isIn(address, kSharedWindow) && !isIn(address, kLocalWindow) &&
              !isConstant(*w.launch, address);
      break;
    }
    bits |= uint32_t(found) << *lane;
  }
  w.setPred(i.d, bits, mask);
}

static bool buildIsspacep(Decoder &decoder, const Match &match, Inst &inst) {
  uint64_t window;
  inst.space = getSpace(match.get("space"), window);
  inst.exec = execIsspacep;
  return buildOperands(decoder, inst, Type::Pred, {Type::U64});
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

#define SPACES                                                                 \
  "space=global|shared|shared::cta|shared::cluster|local|const|param|"         \
  "param::entry"

static const Form kForms[] = {
    {"mov", ":pred|b16|b32|b64|b128|u16|u32|u64|s16|s32|s64|f32|f64",
     InstClass::Move, buildMove},
    {"cvta", "to? " SPACES " :u64", InstClass::Move, buildCvta},
    {"isspacep", SPACES, InstClass::Compare, buildIsspacep},
};

FormTable ptxsim::getMoveForms() { return makeTable(kForms); }
