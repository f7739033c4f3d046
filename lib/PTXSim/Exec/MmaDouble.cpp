//===- MmaDouble.cpp - Products of f64 matrices ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mma.sync and wmma of doubles. Fragments of mma.sync, with g = lane / 4 and
// q = lane % 4: element i of A is row g + 8 (i & 1), k q + 4 (i >> 1) (of eight
// rows: row g, k q + 4 i), of B k q + 4 i, column g, of the accumulator row
// g + 8 (i >> 1), column 2 q + (i & 1). The opaque ones of wmma are the same.
//
//===----------------------------------------------------------------------===//

#include "MatrixAccess.h"
#include "MemoryMarks.h"
#include "MemoryModes.h"
#include "Mma.h"
#include "Warp.h"
#include <cmath>

using namespace ptxsim;

/// inst.tensor has the shape.
static void execProduct(Warp &w, const Inst &inst, uint32_t mask) {
  const unsigned m = inst.tensor.m, k = inst.tensor.k;
  const Ref *a = w.kernel->getSrcs(inst);
  const Ref *b = a + m * k / kLanes;
  const Ref *c = b + k * 8 / kLanes;
  const Ref *d = w.kernel->getDsts(inst);
  double results[4][kLanes];
  for (unsigned i = 0; i < m * 8 / kLanes; ++i)
    for (unsigned l = 0; l < kLanes; ++l) {
      unsigned half = i >> 1, row = l / 4, column = l % 4 * 2 + (i & 1);
      double sum = w.reg<double>(c[i])[l];
      for (unsigned step = 0; step < k; ++step) {
        unsigned part = m == 8 ? step / 4 : 2 * (step / 4) + half;
        sum = std::fma(w.reg<double>(a[part])[4 * row + step % 4],
                       w.reg<double>(b[step / 4])[4 * column + step % 4], sum);
      }
      results[i][l] = sum;
    }
  for (unsigned i = 0; i < m * 8 / kLanes; ++i)
    for (Lanes l(mask); d[i] && l; ++l)
      w.reg<double>(d[i])[*l] = results[i][*l];
}

static bool finishProduct(Decoder &d, unsigned m, unsigned k, Inst &inst) {
  inst.exec = execProduct;
  inst.flow = Flow::Collective;
  inst.init = InitRule::Custom;
  inst.initRule = initMma;
  inst.type = Type::F64;
  inst.type2 = Type::F64;
  inst.tensor = {uint16_t(m), 8, uint16_t(k), "f64.f64"};
  return d.expect(4) && d.dsts(0, Type::F64, inst, m * 8 / kLanes) &&
         d.srcs(1, Type::F64, inst, m * k / kLanes) &&
         d.srcs(2, Type::F64, inst, k * 8 / kLanes) &&
         d.srcs(3, Type::F64, inst, m * 8 / kLanes);
}

bool ptxsim::buildMmaDouble(Decoder &d, const Match &match, Inst &inst) {
  std::string_view shape = match.get("shape");
  if (shape == "m8n8k4")
    return finishProduct(d, 8, 4, inst);
  if (d.capability() < 90)
    return d.fail("this product needs .target sm_90 or newer");
  return finishProduct(d, 16,
                       shape == "m16n8k4"   ? 4
                       : shape == "m16n8k8" ? 8
                                            : 16,
                       inst);
}

//===----------------------------------------------------------------------===//
// wmma
//===----------------------------------------------------------------------===//

bool ptxsim::buildWmmaDouble(Decoder &d, const Match &, Inst &inst) {
  return finishProduct(d, 8, 4, inst);
}

namespace {
/// The fragment that is loaded or stored.
enum Fragment : uint32_t { OperandA, OperandB, Sum };
} // namespace

/// Row and column of element i of a lane.
static void locate(uint32_t fragment, unsigned lane, unsigned i, unsigned &row,
                   unsigned &column) {
  row = lane / 4;
  column = fragment == Sum ? lane % 4 * 2 + i : lane % 4;
  if (fragment == OperandB)
    std::swap(row, column);
}

/// inst.mode: the fragment; inst.mode2: by columns. The elements of each lane
/// are a separate access.
template <bool isStore>
static void execAccess(Warp &w, const Inst &inst, uint32_t mask) {
  AccessKind kind = isStore ? AccessKind::WarpStore : AccessKind::WarpLoad;
  uint64_t base = w.address(inst, inst.a, unsigned(__builtin_ctz(mask)));
  if (inst.a.halves == 4)
    getUniform<uint64_t>(w, inst, inst.a, mask, "address");
  else
    getUniform<uint32_t>(w, inst, inst.a, mask, "address");
  unsigned length = (inst.mode == OperandA) == !inst.mode2 ? 4 : 8;
  if (inst.mode == Sum)
    length = 8;
  uint64_t stride = length;
  if (inst.b)
    stride = getUniform<uint32_t>(w, inst, inst.b, mask, "stride");
  if (stride < length || stride % 2) {
    w.report(inst, unsigned(__builtin_ctz(mask)), CheckMemory, "misaligned",
             "the stride of " + std::to_string(stride) +
                 " elements must be at least " + std::to_string(length) +
                 " and a multiple of 2 (16 bytes)");
    return;
  }
  unsigned count = inst.mode == Sum ? 2 : 1;
  const Ref *refs = isStore ? w.kernel->getSrcs(inst) : w.kernel->getDsts(inst);
  for (unsigned i = 0; i < count; ++i) {
    uint64_t addresses[kLanes];
    for (unsigned l = 0; l < kLanes; ++l) {
      unsigned row, column;
      locate(inst.mode, l, i, row, column);
      addresses[l] = base + 8 * (inst.mode2 ? column * stride + row
                                            : row * stride + column);
    }
    countAccess(w, inst, inst.space, addresses, mask, 8, isStore);
    for (Lanes l(mask); l; ++l) {
      uint8_t *place = w.access(inst, *l, inst.space, addresses[*l], 8, kind);
      if (!place || !refs[i])
        continue;
      double *value = &w.reg<double>(refs[i])[*l];
      uint8_t *states = w.undefined ? findStates(w, place) : nullptr;
      if (isStore) {
        std::memcpy(place, value, 8);
        if (states && (w.anyUndefined(refs[i]) >> *l & 1))
          std::memset(states, kUndefined, 8);
      } else {
        std::memcpy(value, place, 8);
        if (states && areUndefined(w, states, 8)) {
          noteUndefinedLoad(w, inst);
          w.setUndefined(refs[i], kAllLanes, 1u << *l);
        }
      }
    }
  }
}

bool ptxsim::buildWmmaAccessDouble(Decoder &d, const Match &m, Inst &inst) {
  bool isStore = m.has("store");
  inst.mode = m.has("a") ? OperandA : m.has("b") ? OperandB : Sum;
  inst.mode2 = m.get("layout") == "col";
  inst.exec = isStore ? execAccess<true> : execAccess<false>;
  inst.flow = Flow::Collective;
  inst.init = InitRule::Custom;
  inst.initRule = checkFragmentAccess;
  inst.type = Type::F64;
  std::string_view space = m.get("ss");
  inst.space = space.empty()       ? Space::Generic
               : space == "global" ? Space::Global
                                   : Space::Shared;
  if (inst.space == Space::Shared)
    inst.cls = InstClass::LoadShared;
  unsigned count = inst.mode == Sum ? 2 : 1;
  return d.expect(2, 3) &&
         d.address(isStore ? 0 : 1, inst.space, inst.a, inst.imm) &&
         (d.count() == 2 || d.src(2, Type::U32, inst.b)) &&
         (isStore ? d.srcs(1, Type::F64, inst, count)
                  : d.dsts(0, Type::F64, inst, count));
}
