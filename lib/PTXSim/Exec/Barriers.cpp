//===- Barriers.cpp - Barriers of a block ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Check/Races.h"
#include "Profile/Profiler.h"
#include "Program/Decoder.h"
#include "Warp.h"

using namespace ptxsim;

namespace {
enum ReduceOp : uint32_t { Popc, And, Or };
} // namespace

/// Writes the result of a reduction to the waiting lanes.
static void reduce(Block &block, const Barrier &barrier) {
  unsigned count = 0, total = 0;
  for (const Barrier::Waiter &waiter : barrier.waiters) {
    count += unsigned(__builtin_popcount(waiter.inputs & waiter.mask));
    total += unsigned(__builtin_popcount(waiter.mask));
  }
  for (const Barrier::Waiter &waiter : barrier.waiters) {
    const Inst &inst = *waiter.inst;
    Warp &warp = block.warps[waiter.warp];
    if (!inst.d)
      continue;
    if (inst.mode2 == Popc)
      for (Lanes l(waiter.mask); l; ++l)
        warp.reg<uint32_t>(inst.d)[*l] = count;
    else
      warp.setPred(inst.d,
                   (inst.mode2 == And ? count == total : count != 0) ? kAllLanes
                                                                     : 0,
                   waiter.mask);
  }
}

/// All threads have arrived: the waiting groups continue.
static void complete(Block &block, Barrier &barrier) {
  if (barrier.reduces)
    reduce(block, barrier);
  std::vector<std::pair<unsigned, uint32_t>> waiters;
  for (const Barrier::Waiter &waiter : barrier.waiters) {
    waiters.emplace_back(waiter.warp, waiter.mask);
    for (Group &group : block.warps[waiter.warp].groups)
      if (group.state == Group::AtBarrier && (group.mask & waiter.mask)) {
        group.state = Group::Ready;
        ++group.pc;
      }
  }
  if (block.clocks)
    block.clocks->synchronize(waiters, barrier.arrivals,
                              int(&barrier - block.barriers));
  if (block.profiler)
    block.profiler->barrier();
  ++block.progress;
  barrier = Barrier();
}

/// All threads that have not exited wait at a barrier for the whole block.
static bool isHeldUpByExited(const Block &block, const Barrier &barrier) {
  if (!block.exited || barrier.waiters.empty() || barrier.isCounted)
    return false;
  for (const Warp &warp : block.warps) {
    uint32_t missing = warp.live;
    for (const Barrier::Waiter &waiter : barrier.waiters)
      if (waiter.warp == warp.index)
        missing &= ~waiter.mask;
    if (missing)
      return false;
  }
  return true;
}

/// Exited threads do not block a barrier for all threads, so the others
/// continue, but the program intended all threads to arrive.
static void releaseFromExited(Block &block, Barrier &barrier) {
  const Barrier::Waiter &first = barrier.waiters.front();
  block.warps[first.warp].report(
      *first.inst, unsigned(__builtin_ctz(first.mask)), CheckSync,
      "barrier-divergence",
      "waits for barrier " + std::to_string(&barrier - block.barriers) + " (" +
          std::to_string(barrier.arrived) + " of " +
          std::to_string(barrier.expected) + " threads have arrived); " +
          std::to_string(block.exited) +
          " threads have exited, and it continues without them");
  complete(block, barrier);
}

void ptxsim::releaseBarriers(Block &block) {
  for (Barrier &barrier : block.barriers)
    if (isHeldUpByExited(block, barrier))
      releaseFromExited(block, barrier);
}

bool ptxsim::arriveAtBarrier(Warp &warp, const Inst &inst, uint32_t mask) {
  Block &block = *warp.block;
  unsigned lane = unsigned(__builtin_ctz(mask));
  uint32_t number = warp.reg<uint32_t>(inst.a)[lane];
  if (number >= 16) {
    warp.report(inst, lane, CheckSync, "barrier",
                "barrier " + std::to_string(number) +
                    " does not exist; a block has barriers 0 to 15");
    return true;
  }
  unsigned all = unsigned(block.warps.size()) * kLanes;
  unsigned expected = block.threads;
  if (inst.b) {
    expected = warp.reg<uint32_t>(inst.b)[lane];
    if (!expected || expected % kLanes || expected > all) {
      warp.report(inst, lane, CheckSync, "barrier",
                  "a count of " + std::to_string(expected) +
                      " threads; legal are multiples of 32 from 32 to the "
                      "block's " +
                      std::to_string(all));
      return true;
    }
  }
  Barrier &barrier = block.barriers[number];
  if (barrier.expected && barrier.expected != expected)
    warp.report(inst, lane, CheckSync, "barrier",
                "barrier " + std::to_string(number) + " is for " +
                    std::to_string(expected) + " threads here, and for " +
                    std::to_string(barrier.expected) + " at line " +
                    std::to_string(barrier.line));
  if (!barrier.expected) {
    barrier.expected = expected;
    barrier.line = inst.line;
    barrier.isCounted = bool(inst.b);
  }
  // A warp that arrives completely counts completely: with a thread count, also
  // with the lanes that the block lacks.
  bool isWhole = (inst.mode & kBarrierAligned) || mask == warp.exist;
  barrier.arrived +=
      isWhole && inst.b
          ? kLanes
          : unsigned(__builtin_popcount(isWhole ? warp.exist : mask));
  ++block.progress;
  bool waits = !(inst.mode & kBarrierArrives);
  if (waits) {
    barrier.waiters.push_back(
        {warp.index, mask, &inst,
         inst.mode & kBarrierReduces ? warp.pred(inst.c) : 0});
  } else {
    barrier.arrivals.emplace_back(warp.index, mask);
    // The barrier releases the accesses before it.
    if (block.clocks)
      block.clocks->arrive(number, warp.index, mask);
  }
  barrier.reduces |= (inst.mode & kBarrierReduces) != 0;
  if (barrier.arrived > barrier.expected)
    warp.report(inst, lane, CheckSync, "barrier",
                std::to_string(barrier.arrived) +
                    " threads have arrived at barrier " +
                    std::to_string(number) + ", which is for " +
                    std::to_string(barrier.expected));
  if (barrier.arrived >= barrier.expected)
    complete(block, barrier);
  else if (isHeldUpByExited(block, barrier))
    releaseFromExited(block, barrier);
  else
    return !waits;
  return true;
}

//===----------------------------------------------------------------------===//
// Forms
//===----------------------------------------------------------------------===//

/// {bar, barrier}.{sync, arrive, red}: barrier a, threads b.
static bool buildBarrier(Decoder &d, const Match &match, Inst &inst) {
  bool isAligned = d.inst().opcode == "bar" || match.has("aligned");
  bool arrives = match.has("arrive"), reduces = match.has("red");
  inst.flow = Flow::Barrier;
  inst.init = InitRule::Demand;
  inst.mode = (isAligned ? kBarrierAligned : 0) |
              (arrives ? kBarrierArrives : 0) | (reduces ? kBarrierReduces : 0);
  size_t n = 0;
  if (reduces) {
    std::string_view op = match.get("op");
    inst.mode2 = op == "popc" ? Popc : op == "and" ? And : Or;
    if (!d.expect(3, 4) || !(inst.mode2 == Popc ? d.dst(0, Type::U32, inst.d)
                                                : d.dstPred(0, inst.d)))
      return false;
    n = 1;
  } else if (!d.expect(arrives ? 2 : 1, 2)) {
    return false;
  }
  size_t count = d.count() - n - (reduces ? 1 : 0);
  if (!d.src(n, Type::U32, inst.a) ||
      (count == 2 && !d.src(n + 1, Type::U32, inst.b)))
    return false;
  return !reduces || d.srcPred(d.count() - 1, inst.c);
}

static constexpr Form kForms[] = {
    {"bar", "cta? sync", InstClass::Barrier, buildBarrier},
    {"bar", "cta? arrive", InstClass::Barrier, buildBarrier},
    {"bar", "cta? red op=popc :u32", InstClass::Barrier, buildBarrier},
    {"bar", "cta? red op=and|or :pred", InstClass::Barrier, buildBarrier},
    {"barrier", "cta? sync aligned?", InstClass::Barrier, buildBarrier},
    {"barrier", "cta? arrive aligned?", InstClass::Barrier, buildBarrier},
    {"barrier", "cta? red op=popc aligned? :u32", InstClass::Barrier,
     buildBarrier},
    {"barrier", "cta? red op=and|or aligned? :pred", InstClass::Barrier,
     buildBarrier},
};

FormTable ptxsim::getBarrierForms() { return makeTable(kForms); }
