//===- Atomics.cpp - atom and red -----------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The lanes of a warp execute one after the other. Blocks run on several host
// threads, so an update is also atomic on the host.
//
//===----------------------------------------------------------------------===//

#include "AccessWarp.h"
#include "InitRules.h"
#include "MemoryMarks.h"
#include "MemoryModes.h"
#include "Numerics.h"
#include <algorithm>
#include <mutex>

using namespace ptxsim;

using Wide = unsigned __int128;

//===----------------------------------------------------------------------===//
// Operations: the new value from the old one and the operands
//===----------------------------------------------------------------------===//

namespace {
struct And {
  template <typename T> static T apply(T old, T b, T) { return old & b; }
};
struct Or {
  template <typename T> static T apply(T old, T b, T) { return old | b; }
};
struct Xor {
  template <typename T> static T apply(T old, T b, T) { return old ^ b; }
};
struct Exchange {
  template <typename T> static T apply(T, T b, T) { return b; }
};
struct CompareSwap {
  template <typename T> static T apply(T old, T b, T c) {
    return old == b ? c : old;
  }
};
struct Add {
  template <typename T> static T apply(T old, T b, T) { return T(old + b); }
};
/// Wraps around at b.
struct Increment {
  template <typename T> static T apply(T old, T b, T) {
    return old >= b ? T(0) : T(old + 1);
  }
};
struct Decrement {
  template <typename T> static T apply(T old, T b, T) {
    return old == 0 || old > b ? b : T(old - 1);
  }
};
struct Min {
  template <typename T> static T apply(T old, T b, T) {
    return std::min(old, b);
  }
};
struct Max {
  template <typename T> static T apply(T old, T b, T) {
    return std::max(old, b);
  }
};

template <typename To, typename From> To bitsAs(From from) {
  To to;
  static_assert(sizeof(to) == sizeof(from));
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

/// A floating-point addition on the bits. atom.add.f32 on global memory keeps
/// subnormal numbers, as on shared memory here.
template <typename F> struct AddFloat {
  template <typename T> static T apply(T old, T b, T) {
    return bitsAs<T>(bitsAs<F>(old) + bitsAs<F>(b));
  }
};

/// Operations on 16-bit floating-point numbers through f32, which is exact
/// before the only rounding.
enum class HalfOp { Add, Min, Max };
template <bool IsBF16, HalfOp op> uint16_t applyHalf(uint16_t old, uint16_t b) {
  auto widen = [](uint16_t bits) {
    return IsBF16 ? bfloatToFloat(bits) : halfToFloat(bits);
  };
  float x = widen(old), y = widen(b), result;
  if (op == HalfOp::Add)
    result = x + y;
  else if (x != x || y != y)
    result = x != x ? y : x;
  else if (op == HalfOp::Min)
    result = std::signbit(x) > std::signbit(y) || x < y ? std::min(x, y) : y;
  else
    result = std::signbit(x) < std::signbit(y) || x > y ? std::max(x, y) : y;
  return IsBF16 ? floatToBfloat(result, RoundingMode::Nearest)
                : floatToHalf(result, RoundingMode::Nearest);
}
/// One value, or two in a word.
template <bool IsBF16, HalfOp op> struct Half {
  template <typename T> static T apply(T old, T b, T) {
    T result = applyHalf<IsBF16, op>(uint16_t(old), uint16_t(b));
    if constexpr (sizeof(T) == 4)
      result |= T(applyHalf<IsBF16, op>(uint16_t(old >> 16), uint16_t(b >> 16)))
                << 16;
    return result;
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Handlers
//===----------------------------------------------------------------------===//

/// For 128-bit values, for which not every host has an instruction.
static std::mutex wideMutex;

template <typename Op, typename T>
static T updateAlone(uint8_t *place, T b, T c, bool &changed) {
  T old, next;
  std::memcpy(&old, place, sizeof(old));
  next = Op::apply(old, b, c);
  std::memcpy(place, &next, sizeof(next));
  changed = next != old;
  return old;
}

/// The same if other host threads may access the value. Returns whether it
/// changed: waiting by atomics that change nothing is not progress.
template <typename Op, typename T>
static T update(uint8_t *place, T b, T c, bool &changed) {
  if constexpr (sizeof(T) == 16) {
    std::lock_guard<std::mutex> lock(wideMutex);
    return updateAlone<Op, T>(place, b, c, changed);
  } else {
    T *at = reinterpret_cast<T *>(place);
    T old = __atomic_load_n(at, __ATOMIC_SEQ_CST);
    T next;
    do {
      next = Op::apply(old, b, c);
    } while (!__atomic_compare_exchange_n(at, &old, next, true,
                                          __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    changed = next != old;
    return old;
  }
}

//===----------------------------------------------------------------------===//
// Undefined values
//===----------------------------------------------------------------------===//

/// The address must be defined, and so must a value written to global memory.
/// In shared memory, the marks are propagated: see carryMarks.
static void checkAtomic(Warp &w, const Inst &i, uint32_t mask) {
  demandDefined(w, i, i.a, mask, "the first operand");
  const Ref *srcs = w.kernel->refs.data() + i.srcs;
  const Ref *dsts = w.kernel->refs.data() + i.dsts;
  uint32_t lanes = 0;
  for (const Ref *ref : {&i.b, &i.c})
    lanes |= *ref ? w.anyUndefined(*ref) : 0;
  for (unsigned e = 0; e < i.numSrcs; ++e)
    lanes |= w.anyUndefined(srcs[e]);
  lanes &= mask;
  if (lanes && i.space != Space::Global) {
    Places places;
    getAddresses(w, i, mask, getTypeSize(i.type), places);
    lanes &= getGlobalLanes(i, places, mask);
  }
  if (lanes) {
    demandDefined(w, i, i.b, lanes, "the second operand");
    demandDefined(w, i, i.c, lanes, "the third operand");
    for (unsigned e = 0; e < i.numSrcs; ++e)
      demandDefined(w, i, srcs[e], lanes, "an operand");
  }
  if (i.d)
    w.setUndefined(i.d, 0, mask);
  for (unsigned e = 0; e < i.numDsts; ++e)
    if (dsts[e])
      w.setUndefined(dsts[e], 0, mask);
}

/// Updates the marks after an update of shared memory. inst.mode is set if the
/// old value is ignored (exch). `operands`: the lanes with an undefined
/// operand.
static void carryMarks(const Warp &w, const Inst &i, const Places &places,
                       unsigned size, uint32_t operands) {
  for (Lanes l(places.mask); l; ++l)
    if (updateMarks(w, i, places.at(*l, size), size, !i.mode,
                    operands >> *l & 1) &&
        i.d)
      w.setUndefined(i.d, kAllLanes, 1u << *l);
}

/// Vectors: each element is a separate update. Lists replace d and b.
template <typename Op, typename T>
static void execVector(Warp &w, const Inst &i, uint32_t mask) {
  Places places;
  unsigned bytes = unsigned(sizeof(T)) * i.numSrcs;
  getAddresses(w, i, mask, bytes, places);
  findPlaces(w, i, mask, bytes, AccessKind::Atomic, places);
  auto step = places.pattern == Pattern::Contiguous ? bytes : 0;
  const Ref *srcs = w.kernel->getSrcs(i), *dsts = w.kernel->getDsts(i);
  for (Lanes l(places.mask); l; ++l) {
    uint8_t *place = places.pattern == Pattern::Scattered
                         ? places.lanes[*l]
                         : places.lanes[0] + *l * step;
    for (unsigned e = 0; e < i.numSrcs; ++e) {
      uint64_t address = places.addresses[*l] + e * sizeof(T);
      if (w.block->races)
        orderAccess(w, i, *l, i.space, address, false, true);
      bool changed;
      T b = w.reg<T>(srcs[e])[*l];
      T old = update<Op, T>(place + e * sizeof(T), b, b, changed);
      w.block->progress += changed;
      if (w.block->races)
        orderAccess(w, i, *l, i.space, address, true, false);
      if (e < i.numDsts && dsts[e])
        w.reg<T>(dsts[e])[*l] = old;
    }
  }
  if (w.undefined && places.mayBeUndefined)
    carryMarks(w, i, places, bytes, 0);
}

/// d = [a], [a] = op([a], b, c); d is absent in red.
template <typename Op, typename T>
static void execAtomic(Warp &w, const Inst &i, uint32_t mask) {
  Places places;
  getAddresses(w, i, mask, sizeof(T), places);
  findPlaces(w, i, mask, sizeof(T), AccessKind::Atomic, places);
  auto step = places.pattern == Pattern::Contiguous ? sizeof(T) : 0;
  // One host thread works on a block.
  bool isAlone = places.space == Space::Shared;
  const T *b = w.reg<T>(i.b);
  const T *c = i.c ? w.reg<T>(i.c) : b;
  uint32_t undefined = 0; // d may be an operand
  if (w.undefined)
    undefined = w.anyUndefined(i.b) | (i.c ? w.anyUndefined(i.c) : 0);
  for (Lanes l(places.mask); l; ++l) {
    uint8_t *place = places.pattern == Pattern::Scattered
                         ? places.lanes[*l]
                         : places.lanes[0] + *l * step;
    if (w.block->races)
      orderAccess(w, i, *l, i.space, places.addresses[*l], false, true);
    bool changed;
    T old = isAlone ? updateAlone<Op, T>(place, b[*l], c[*l], changed)
                    : update<Op, T>(place, b[*l], c[*l], changed);
    w.block->progress += changed;
    if (w.block->races)
      orderAccess(w, i, *l, i.space, places.addresses[*l], true, false);
    if (i.d)
      w.reg<T>(i.d)[*l] = old;
  }
  if (w.undefined && (places.mayBeUndefined || undefined))
    carryMarks(w, i, places, sizeof(T), undefined);
  if (i.d)
    yieldIfSame(w, i, places.addresses, places.mask, &i.d, 1);
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

namespace {
struct Entry {
  const char *op;
  Type type;
  ExecFn exec;
};
} // namespace

template <typename Op> static constexpr ExecFn u32 = execAtomic<Op, uint32_t>;
template <typename Op> static constexpr ExecFn s32 = execAtomic<Op, int32_t>;
template <typename Op> static constexpr ExecFn u64 = execAtomic<Op, uint64_t>;
template <typename Op> static constexpr ExecFn s64 = execAtomic<Op, int64_t>;
template <typename Op> static constexpr ExecFn u16 = execAtomic<Op, uint16_t>;

static constexpr Entry kEntries[] = {
    {"and", Type::B32, u32<And>},
    {"and", Type::B64, u64<And>},
    {"or", Type::B32, u32<Or>},
    {"or", Type::B64, u64<Or>},
    {"xor", Type::B32, u32<Xor>},
    {"xor", Type::B64, u64<Xor>},
    {"exch", Type::B32, u32<Exchange>},
    {"exch", Type::B64, u64<Exchange>},
    {"exch", Type::B128, execAtomic<Exchange, Wide>},
    {"cas", Type::B16, u16<CompareSwap>},
    {"cas", Type::B32, u32<CompareSwap>},
    {"cas", Type::B64, u64<CompareSwap>},
    {"cas", Type::B128, execAtomic<CompareSwap, Wide>},
    {"add", Type::U32, u32<Add>},
    {"add", Type::S32, u32<Add>},
    {"add", Type::U64, u64<Add>},
    {"add", Type::S64, u64<Add>},
    {"add", Type::F32, u32<AddFloat<float>>},
    {"add", Type::F64, u64<AddFloat<double>>},
    {"add", Type::F16, u16<Half<false, HalfOp::Add>>},
    {"add", Type::F16x2, u32<Half<false, HalfOp::Add>>},
    {"add", Type::BF16, u16<Half<true, HalfOp::Add>>},
    {"add", Type::BF16x2, u32<Half<true, HalfOp::Add>>},
    {"min", Type::F16, u16<Half<false, HalfOp::Min>>},
    {"min", Type::F16x2, u32<Half<false, HalfOp::Min>>},
    {"min", Type::BF16, u16<Half<true, HalfOp::Min>>},
    {"min", Type::BF16x2, u32<Half<true, HalfOp::Min>>},
    {"max", Type::F16, u16<Half<false, HalfOp::Max>>},
    {"max", Type::F16x2, u32<Half<false, HalfOp::Max>>},
    {"max", Type::BF16, u16<Half<true, HalfOp::Max>>},
    {"max", Type::BF16x2, u32<Half<true, HalfOp::Max>>},
    {"inc", Type::U32, u32<Increment>},
    {"dec", Type::U32, u32<Decrement>},
    {"min", Type::U32, u32<Min>},
    {"min", Type::S32, s32<Min>},
    {"min", Type::U64, u64<Min>},
    {"min", Type::S64, s64<Min>},
    {"max", Type::U32, u32<Max>},
    {"max", Type::S32, s32<Max>},
    {"max", Type::U64, u64<Max>},
    {"max", Type::S64, s64<Max>},
};

namespace {
struct VectorEntry {
  const char *op;
  Type type;
  unsigned most; // elements
  ExecFn exec;
};
} // namespace

template <bool IsBF16, HalfOp op>
static constexpr ExecFn vector16 = execVector<Half<IsBF16, op>, uint16_t>;
template <bool IsBF16, HalfOp op>
static constexpr ExecFn vector32 = execVector<Half<IsBF16, op>, uint32_t>;

static constexpr VectorEntry kVectorEntries[] = {
    {"add", Type::F32, 4, execVector<AddFloat<float>, uint32_t>},
    {"add", Type::F16, 8, vector16<false, HalfOp::Add>},
    {"add", Type::F16x2, 4, vector32<false, HalfOp::Add>},
    {"add", Type::BF16, 8, vector16<true, HalfOp::Add>},
    {"add", Type::BF16x2, 4, vector32<true, HalfOp::Add>},
    {"min", Type::F16, 8, vector16<false, HalfOp::Min>},
    {"min", Type::F16x2, 4, vector32<false, HalfOp::Min>},
    {"min", Type::BF16, 8, vector16<true, HalfOp::Min>},
    {"min", Type::BF16x2, 4, vector32<true, HalfOp::Min>},
    {"max", Type::F16, 8, vector16<false, HalfOp::Max>},
    {"max", Type::F16x2, 4, vector32<false, HalfOp::Max>},
    {"max", Type::BF16, 8, vector16<true, HalfOp::Max>},
    {"max", Type::BF16x2, 4, vector32<true, HalfOp::Max>},
};

static bool buildVector(Decoder &d, const Match &match, Inst &inst) {
  bool returns = d.inst().opcode == "atom";
  if (d.capability() < 90)
    return d.fail("vectors need .target sm_90 or newer");
  inst.space = getSpace(match);
  inst.type = match.type();
  inst.init = InitRule::Custom;
  inst.initRule = checkAtomic;
  inst.cls = InstClass::LoadGlobal;
  setMemoryMode(inst, getMemoryMode(match, {Order::Relaxed, Scope::Gpu, true}));
  unsigned length = unsigned(match.get("vec")[1] - '0');
  for (const VectorEntry &entry : kVectorEntries)
    if (match.get("op") == entry.op && entry.type == inst.type &&
        length <= entry.most)
      inst.exec = entry.exec;
  if (!inst.exec)
    return d.fail("." + std::string(match.get("op")) + " is not defined for ." +
                  std::string(match.get("vec")) + " of ." +
                  std::string(getTypeName(inst.type)));
  size_t n = returns ? 1 : 0, count = n + 2;
  Ref policy;
  if (match.has("hint")) {
    if (!d.expect(count + 1) || !d.src(count, Type::B64, policy))
      return false;
  } else if (!d.expect(count)) {
    return false;
  }
  return (!returns || d.dsts(0, inst.type, inst, length)) &&
         d.address(n, inst.space, inst.a, inst.imm) &&
         d.srcs(n + 1, inst.type, inst, length);
}

static bool buildAtomic(Decoder &d, const Match &match, Inst &inst) {
  bool returns = d.inst().opcode == "atom";
  inst.space = getSpace(match);
  inst.type = match.type();
  inst.init = InitRule::Custom;
  inst.initRule = checkAtomic;
  setMemoryMode(inst, getMemoryMode(match, {Order::Relaxed, Scope::Gpu, true}));
  std::string_view op = match.get("op");
  for (const Entry &entry : kEntries)
    if (op == entry.op && entry.type == inst.type)
      inst.exec = entry.exec;
  inst.mode = op == "exch";
  if (!inst.exec)
    return d.fail("." + std::string(op) + " is not defined for ." +
                  std::string(getTypeName(inst.type)));
  size_t n = returns ? 1 : 0, operands = op == "cas" ? 2 : 1;
  size_t count = n + 1 + operands;
  Ref policy;
  if (match.has("hint")) {
    if (!d.expect(count + 1) || !d.src(count, Type::B64, policy))
      return false;
  } else if (!d.expect(count)) {
    return false;
  }
  inst.cls = inst.space == Space::Shared ? InstClass::LoadShared
                                         : InstClass::LoadGlobal;
  return (!returns || d.dst(0, inst.type, inst.d)) &&
         d.address(n, inst.space, inst.a, inst.imm) &&
         d.src(n + 1, inst.type, inst.b) &&
         (operands == 1 || d.src(n + 2, inst.type, inst.c));
}

#define QUALIFIERS                                                             \
  "sem?=relaxed|acquire|release|acq_rel scope?=cta|cluster|gpu|sys "           \
  "space?=global|shared|shared::cta noftz? hint?=L2::cache_hint "
#define VECTORS                                                                \
  "sem?=relaxed|acquire|release|acq_rel scope?=cta|cluster|gpu|sys "           \
  "space?=global noftz? hint?=L2::cache_hint "
#define FORMS(opcode)                                                          \
  {opcode, QUALIFIERS "op=and|or|xor :b32|b64", InstClass::LoadGlobal,         \
   buildAtomic},                                                               \
      {opcode,                                                                 \
       VECTORS "op=add|min|max vec=v2|v4|v8 :f32|f16|f16x2|bf16|bf16x2",       \
       InstClass::LoadGlobal, buildVector},                                    \
      {opcode, QUALIFIERS "op=inc|dec :u32", InstClass::LoadGlobal,            \
       buildAtomic},                                                           \
  {                                                                            \
    opcode,                                                                    \
        QUALIFIERS "op=add|min|max "                                           \
                   ":u32|s32|u64|s64|f32|f64|f16|f16x2|bf16|bf16x2",           \
        InstClass::LoadGlobal, buildAtomic                                     \
  }

static constexpr Form kForms[] = {
    FORMS("atom"),
    FORMS("red"),
    {"atom", QUALIFIERS "op=exch :b32|b64|b128", InstClass::LoadGlobal,
     buildAtomic},
    {"atom", QUALIFIERS "op=cas :b16|b32|b64|b128", InstClass::LoadGlobal,
     buildAtomic},
};

FormTable ptxsim::getAtomicForms() { return makeTable(kForms); }
