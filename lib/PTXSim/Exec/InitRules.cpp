//===- InitRules.cpp - Propagation of undefined registers -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "InitRules.h"

using namespace ptxsim;

void ptxsim::demandDefined(Warp &warp, const Inst &inst, const Ref &ref,
                           uint32_t mask, const char *what) {
  if (!ref)
    return;
  uint32_t bad = warp.anyUndefined(ref) & mask;
  if (!bad)
    return;
  std::string message =
      std::string(what) + " comes from a register that nothing has written";
  const std::vector<unsigned> &loads = warp.block->undefinedLoads;
  for (unsigned line : loads)
    message += (line == loads.front()
                    ? ", or from undefined shared memory, loaded at line "
                    : ", ") +
               std::to_string(line);
  warp.report(inst, unsigned(__builtin_ctz(bad)), CheckInit,
              "uninitialized-register", std::move(message));
  // Reported once; consequences are not reported again.
  warp.setUndefined(ref, 0, bad);
}

uint32_t ptxsim::checkGuard(Warp &warp, const Inst &inst, uint32_t mask) {
  uint32_t lanes = warp.anyUndefined(inst.guard) & mask;
  if (!lanes)
    return 0;
  bool onlyComputes = inst.flow == Flow::Next && inst.cls <= InstClass::Compare;
  if (onlyComputes)
    return lanes;
  demandDefined(warp, inst, inst.guard, mask, "the guard");
  return 0;
}

/// The halves of the sources, one after the other, become those of d.
static void moveMarks(Warp &warp, const Inst &inst, uint32_t mask) {
  uint32_t halves[64];
  unsigned count = 0;
  auto read = [&](const Ref &ref) {
    for (unsigned h = 0; ref && h < ref.halves && count < 64; ++h)
      halves[count++] = warp.marks(ref)[h];
  };
  read(inst.a);
  read(inst.b);
  read(inst.c);
  const Ref *srcs = warp.kernel->refs.data() + inst.srcs;
  for (unsigned i = 0; i < inst.numSrcs; ++i)
    read(srcs[i]);
  unsigned next = 0;
  auto write = [&](const Ref &ref, unsigned width) {
    for (unsigned h = 0; h < width; ++h, ++next)
      if (ref) {
        uint32_t &word = warp.marks(ref)[h];
        word = (word & ~mask) | (next < count ? halves[next] & mask : 0);
      }
  };
  if (inst.d)
    write(inst.d, inst.d.halves);
  const Ref *dsts = warp.kernel->refs.data() + inst.dsts;
  // A sink has as many halves as its neighbors.
  unsigned width = 1;
  for (unsigned i = 0; i < inst.numDsts; ++i)
    if (dsts[i])
      width = dsts[i].halves;
  for (unsigned i = 0; i < inst.numDsts; ++i)
    write(dsts[i], dsts[i] ? dsts[i].halves : width);
}

static void defineDestinations(Warp &warp, const Inst &inst, uint32_t lanes,
                               uint32_t mask) {
  if (inst.d)
    warp.setUndefined(inst.d, lanes, mask);
  const Ref *dsts = warp.kernel->refs.data() + inst.dsts;
  for (unsigned i = 0; i < inst.numDsts; ++i)
    if (dsts[i])
      warp.setUndefined(dsts[i], lanes, mask);
}

void ptxsim::undefineResults(Warp &warp, const Inst &inst, uint32_t lanes) {
  defineDestinations(warp, inst, kAllLanes, lanes);
}

void ptxsim::applyInitRule(Warp &warp, const Inst &inst, uint32_t mask) {
  const Ref *srcs = warp.kernel->refs.data() + inst.srcs;
  switch (inst.init) {
  case InitRule::Propagate: {
    uint32_t lanes = 0;
    if (inst.a)
      lanes |= warp.anyUndefined(inst.a);
    if (inst.b)
      lanes |= warp.anyUndefined(inst.b);
    if (inst.c)
      lanes |= warp.anyUndefined(inst.c);
    for (unsigned i = 0; i < inst.numSrcs; ++i)
      lanes |= warp.anyUndefined(srcs[i]);
    defineDestinations(warp, inst, lanes, mask);
    return;
  }
  case InitRule::Move:
    moveMarks(warp, inst, mask);
    return;
  case InitRule::Demand:
    demandDefined(warp, inst, inst.a, mask, "the first operand");
    demandDefined(warp, inst, inst.b, mask, "the second operand");
    demandDefined(warp, inst, inst.c, mask, "the third operand");
    for (unsigned i = 0; i < inst.numSrcs; ++i)
      demandDefined(warp, inst, srcs[i], mask, "an operand");
    if (inst.members)
      demandDefined(warp, inst, inst.members, mask, "the member mask");
    defineDestinations(warp, inst, 0, mask);
    return;
  case InitRule::Custom:
    if (inst.initRule)
      inst.initRule(warp, inst, mask);
    return;
  case InitRule::Define:
    defineDestinations(warp, inst, 0, mask);
    return;
  }
}
