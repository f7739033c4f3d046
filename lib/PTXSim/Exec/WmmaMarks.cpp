//===- WmmaMarks.cpp - Undefined elements of fragments --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The layout of fragments is in Wmma.cpp.
//
//===----------------------------------------------------------------------===//

#include "InitRules.h"
#include "MemoryModes.h"
#include "Mma.h"

using namespace ptxsim;

void ptxsim::checkFragmentAccess(Warp &w, const Inst &inst, uint32_t mask) {
  demandDefined(w, inst, inst.a, mask, "the first operand");
  demandDefined(w, inst, inst.b, mask, "the second operand");
  const Ref *srcs = w.kernel->refs.data() + inst.srcs;
  const Ref *dsts = w.kernel->refs.data() + inst.dsts;
  for (unsigned i = 0; i < inst.numDsts; ++i)
    if (dsts[i])
      w.setUndefined(dsts[i], 0, mask);
  uint64_t address = w.address(inst, inst.a, unsigned(__builtin_ctz(mask)));
  Space space =
      inst.space == Space::Generic ? resolveGeneric(address) : inst.space;
  for (unsigned i = 0; space != Space::Shared && i < inst.numSrcs; ++i)
    demandDefined(w, inst, srcs[i], mask, "an operand");
}

void ptxsim::setOperandMarks(const Warp &w, const Inst &inst,
                             const uint8_t *undefined, unsigned bytes,
                             uint32_t mask) {
  const Ref *dsts = w.kernel->getDsts(inst);
  for (unsigned r = 0; r < inst.numDsts; ++r) {
    const uint8_t *from = undefined + r * 128 % bytes;
    for (unsigned h = 0; dsts[r] && h < 2; ++h) {
      uint32_t lanes = 0, &word = w.marks(dsts[r])[h];
      for (unsigned l = 0; l < kLanes; ++l)
        lanes |= uint32_t(from[4 * l + 2 * h] | from[4 * l + 2 * h + 1]) << l;
      word = (word & ~mask) | (lanes & mask);
    }
  }
}

void ptxsim::setSumMarks(const Warp &w, const Inst &inst,
                         const uint8_t *undefined, bool isHalf, uint32_t mask) {
  const Ref *dsts = w.kernel->getDsts(inst);
  for (unsigned pair = 0; pair < 4; ++pair)
    for (unsigned h = 0; h < 2; ++h) {
      uint32_t lanes = 0;
      for (unsigned l = 0; l < kLanes; ++l)
        lanes |= uint32_t(undefined[64 * pair + 2 * l + h]) << l;
      const Ref &to = dsts[isHalf ? pair : 2 * pair + h];
      if (!to)
        continue;
      if (!isHalf)
        w.setUndefined(to, lanes, mask);
      else
        w.marks(to)[h] = (w.marks(to)[h] & ~mask) | (lanes & mask);
    }
}

bool ptxsim::getSumMarks(const Warp &w, const Ref *refs, unsigned count,
                         bool isHalf, uint8_t *undefined) {
  uint32_t any = 0;
  for (unsigned i = 0; i < count; ++i)
    any |= w.anyUndefined(refs[i]);
  for (unsigned pair = 0; pair < 4; ++pair)
    for (unsigned h = 0; h < 2; ++h) {
      const Ref &from = refs[isHalf ? pair : 2 * pair + h];
      uint32_t lanes = isHalf ? w.marks(from)[h] : w.anyUndefined(from);
      for (unsigned l = 0; l < kLanes; ++l)
        undefined[64 * pair + 2 * l + h] = lanes >> l & 1;
    }
  return any != 0;
}

/// Calls use(element) for every undefined element of a fragment of this many.
template <typename Use>
static void forUndefined(const Warp &w, const Ref *refs, unsigned count,
                         unsigned elements, unsigned size, Use use) {
  for (unsigned r = 0; r < count; ++r)
    for (Lanes l(w.anyUndefined(refs[r])); l; ++l)
      for (unsigned byte = 0; byte < 4; ++byte)
        if (w.marks(refs[r])[byte / 2] >> *l & 1)
          use((r * 128 + 4 * *l + byte) / size % elements);
}

void ptxsim::initWmma(Warp &w, const Inst &inst, uint32_t mask) {
  const Ref *srcs = w.kernel->getSrcs(inst), *dsts = w.kernel->getDsts(inst);
  uint32_t any = 0;
  for (unsigned i = 0; i < inst.numSrcs; ++i)
    any |= w.anyUndefined(srcs[i]);
  if (!any) {
    for (unsigned i = 0; i < inst.numDsts; ++i)
      if (dsts[i])
        w.setUndefined(dsts[i], 0, mask);
    return;
  }
  unsigned m = inst.tensor.m, n = inst.tensor.n, k = inst.tensor.k;
  unsigned numA = inst.mode2, numB = unsigned(inst.imm);
  unsigned size = getTypeSize(inst.type2), sums = inst.numSrcs - numA - numB;
  uint32_t rows = 0, columns = 0;
  forUndefined(w, srcs, numA, m * k, size, [&](unsigned e) {
    rows |= 1u << (inst.mode & 1 ? e % m : e / k);
  });
  forUndefined(w, srcs + numA, numB, k * n, size, [&](unsigned e) {
    columns |= 1u << (inst.mode & 2 ? e / k : e % n);
  });
  uint8_t undefined[256];
  getSumMarks(w, srcs + numA + numB, sums, sums == 4, undefined);
  for (unsigned e = 0; e < m * n; ++e)
    undefined[e] |= (rows >> e / n | columns >> e % n) & 1;
  setSumMarks(w, inst, undefined, inst.numDsts == 4, mask);
}
