//===- Interpreter.cpp - Running a warp -----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every lane has its own program counter; lanes at one instruction execute
// together as a group. Groups of a warp take turns, so that a lane may wait for
// another lane of its warp (independent thread scheduling).
//
//===----------------------------------------------------------------------===//

#include "Async.h"
#include "InitRules.h"
#include "Warp.h"
#include <algorithm>

using namespace ptxsim;

/// Backward branches that a group may take while other groups of its warp are
/// ready, and the number of them that counts as one poll.
static constexpr uint32_t kPatience = 4096;
static constexpr uint32_t kPollCosts = 128;

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

/// Returns the depth of the calls of the group.
static unsigned getDepth(const Warp &warp, const Group &group) {
  return group.mask ? warp.callDepth[__builtin_ctz(group.mask)] : 0;
}

/// Returns true if a group runs before another one: first by lower turn, then
/// by call depth (functions lie after the locations to which they return), then
/// by lower pc.
static bool comesBefore(const Warp &warp, const Group &a, const Group &b) {
  if (a.turn != b.turn)
    return a.turn < b.turn;
  unsigned depthA = getDepth(warp, a), depthB = getDepth(warp, b);
  return depthA != depthB ? depthA > depthB : a.pc < b.pc;
}

/// Returns the group to run, or null if none is ready.
static Group *select(Warp &warp) {
  Group *best = nullptr;
  for (Group &group : warp.groups)
    if (group.state == Group::Ready &&
        (!best || comesBefore(warp, group, *best)))
      best = &group;
  return best;
}

static void erase(Warp &warp, Group *group) {
  *group = warp.groups.back();
  warp.groups.pop_back();
}

/// Joins ready groups that are at the same location.
static void merge(Warp &warp) {
  for (size_t i = 0; i < warp.groups.size(); ++i)
    for (size_t j = i + 1; j < warp.groups.size();) {
      Group &a = warp.groups[i], &b = warp.groups[j];
      if (a.state != Group::Ready || b.state != Group::Ready || a.pc != b.pc) {
        ++j;
        continue;
      }
      a.mask |= b.mask;
      a.turn = std::min(a.turn, b.turn);
      a.backwards = 0;
      erase(warp, &b);
    }
}

/// Returns the next location of another ready group, where the running group,
/// which only advances until the next check, meets it.
static uint32_t getMeetingPoint(const Warp &warp, const Group &running) {
  uint32_t pc = UINT32_MAX;
  for (const Group &group : warp.groups)
    if (&group != &running && group.state == Group::Ready &&
        group.pc > running.pc && group.pc < pc)
      pc = group.pc;
  return pc;
}

static void removeLanes(Warp &warp, Group &group, uint32_t lanes) {
  warp.live &= ~lanes;
  group.mask &= ~lanes;
  Block &block = *warp.block;
  ++block.progress;
  block.exited += unsigned(__builtin_popcount(lanes));
  if (!warp.live)
    --block.liveWarps;
  releaseBarriers(block);
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

/// A group that loops for long gives the others a turn.
static void countBackward(Warp &warp, Group &group) {
  if (warp.groups.size() > 1 && ++group.backwards >= kPatience) {
    group.backwards = 0;
    group.turn = warp.nextTurn++;
  }
}

/// Sends `lanes` of the group to `target`, and the others to the next
/// instruction. Both may be empty. Invalidates pointers to groups.
static void divert(Warp &warp, Group &group, uint32_t lanes, uint32_t target) {
  bool isBackward = target <= group.pc;
  Group *moved = &group;
  if (!lanes) {
    ++group.pc;
    return;
  }
  if (lanes == group.mask) {
    group.pc = target;
  } else {
    Group other = group;
    other.mask = lanes;
    other.pc = target;
    group.mask &= ~lanes;
    ++group.pc;
    warp.groups.push_back(other);
    moved = &warp.groups.back();
  }
  if (isBackward)
    countBackward(warp, *moved);
}

static void branchIndexed(Warp &warp, Group &group, const Inst &inst,
                          uint32_t mask) {
  const std::vector<uint32_t> &table = warp.kernel->branchTables[inst.target];
  const uint32_t *index = warp.reg<uint32_t>(inst.a);
  uint32_t left = mask;
  uint32_t pc = group.pc;
  std::vector<Group> targets;
  for (Lanes l(mask); l; ++l) {
    if (!(left >> *l & 1))
      continue;
    uint32_t value = index[*l], lanes = 0;
    for (Lanes other(left); other; ++other)
      if (index[*other] == value)
        lanes |= 1u << *other;
    left &= ~lanes;
    if (value >= table.size()) {
      warp.report(inst, *l, CheckSync, "branch-index",
                  "index " + std::to_string(value) + " of a table of " +
                      std::to_string(table.size()) + " targets");
      removeLanes(warp, group, lanes);
      continue;
    }
    Group target = group;
    target.mask = lanes;
    target.pc = table[value];
    if (target.pc <= pc)
      countBackward(warp, target);
    targets.push_back(target);
  }
  group.mask &= ~mask;
  group.pc = pc + 1;
  if (!group.mask && !targets.empty()) {
    group = targets.back();
    targets.pop_back();
  }
  for (const Group &target : targets)
    warp.groups.push_back(target);
}

static void call(Warp &warp, Group &group, const Inst &inst, uint32_t mask) {
  uint32_t *stack = warp.callStack.data();
  for (Lanes l(mask); l; ++l)
    stack[warp.callDepth[*l]++ * kLanes + *l] = group.pc + 1;
  divert(warp, group, mask, inst.target);
}

/// Lanes return to their callers. Lanes of the kernel itself exit.
static void doReturn(Warp &warp, Group &group, uint32_t mask) {
  uint32_t ended = 0;
  std::vector<Group> targets;
  uint32_t left = mask;
  for (Lanes l(mask); l; ++l) {
    if (!(left >> *l & 1))
      continue;
    if (!warp.callDepth[*l]) {
      ended |= 1u << *l;
      left &= ~(1u << *l);
      continue;
    }
    uint32_t pc = warp.callStack[(warp.callDepth[*l] - 1) * kLanes + *l];
    uint32_t lanes = 0;
    for (Lanes other(left); other; ++other)
      if (warp.callDepth[*other] &&
          warp.callStack[(warp.callDepth[*other] - 1) * kLanes + *other] ==
              pc) {
        lanes |= 1u << *other;
        --warp.callDepth[*other];
      }
    left &= ~lanes;
    Group target = group;
    target.mask = lanes;
    target.pc = pc;
    targets.push_back(target);
  }
  if (ended)
    removeLanes(warp, group, ended);
  group.mask &= ~mask;
  ++group.pc;
  if (!group.mask && !targets.empty()) {
    group = targets.back();
    targets.pop_back();
  }
  for (const Group &target : targets)
    warp.groups.push_back(target);
}

//===----------------------------------------------------------------------===//
// Collectives
//===----------------------------------------------------------------------===//

/// The instruction is for the whole warp at once.
static bool isAligned(const Inst &inst) {
  return inst.flow == Flow::Collective ? !inst.members
                                       : (inst.mode & kBarrierAligned) != 0;
}

/// Reports lanes that must take part in an instruction of the whole warp and do
/// not.
static void reportNotConverged(Warp &warp, const Inst &inst, uint32_t mask,
                               uint32_t missing, const char *why) {
  warp.report(inst, unsigned(__builtin_ctz(mask)), CheckSync, "not-converged",
              "an instruction of the whole warp is executed by lanes " +
                  formatLanes(mask) + " only: lanes " + formatLanes(missing) +
                  " " + why);
}

/// Splits off the lanes of the group that are not in `mask`, as a separate
/// group at `pc`.
static void splitOff(Warp &warp, Group &group, uint32_t mask, uint32_t pc) {
  Group rest = group;
  rest.mask &= ~mask;
  rest.pc = pc;
  group.mask = mask;
  warp.groups.push_back(rest);
}

/// Returns the waiting groups at this instruction with the same lanes.
static uint32_t getWaiting(const Warp &warp, uint32_t pc, uint32_t wanted) {
  uint32_t lanes = 0;
  for (const Group &group : warp.groups)
    if (group.state == Group::AtCollective && group.pc == pc &&
        group.wanted == wanted)
      lanes |= group.mask;
  return lanes;
}

/// Executes a collective (or arrives at a barrier of the block) for all groups
/// that wait here.
static void executeTogether(Warp &warp, uint32_t pc, uint32_t wanted,
                            uint32_t lanes) {
  const Inst &inst = warp.kernel->code[pc];
  Group joined;
  for (size_t i = 0; i < warp.groups.size();) {
    Group &group = warp.groups[i];
    if (group.state == Group::AtCollective && group.pc == pc &&
        group.wanted == wanted) {
      joined.turn =
          joined.mask ? std::min(joined.turn, group.turn) : group.turn;
      joined.mask |= group.mask;
      erase(warp, &group);
    } else {
      ++i;
    }
  }
  joined.pc = pc + 1;
  if (warp.undefined)
    applyInitRule(warp, inst, lanes);
  if (inst.flow == Flow::Collective) {
    inst.exec(warp, inst, lanes);
  } else if (!arriveAtBarrier(warp, inst, lanes)) {
    joined.state = Group::AtBarrier;
    joined.pc = pc;
  }
  warp.groups.push_back(joined);
}

/// The group has reached a collective. Afterwards it waits, or all participants
/// have executed it.
static void arriveAtCollective(Warp &warp, Group &group, const Inst &inst,
                               uint32_t mask) {
  uint32_t pc = group.pc;
  size_t index = size_t(&group - warp.groups.data());
  if (mask != group.mask) {
    if (isAligned(inst))
      reportNotConverged(warp, inst, mask, group.mask & ~mask,
                         "have a false guard");
    splitOff(warp, group, mask, pc + 1);
    return; // the lanes of `mask` come again, alone
  }
  uint32_t wanted = warp.exist;
  if (inst.members) {
    const uint32_t *members = warp.reg<uint32_t>(inst.members);
    wanted = members[__builtin_ctz(mask)];
    uint32_t same = 0;
    for (Lanes l(mask); l; ++l) {
      if (members[*l] == wanted)
        same |= 1u << *l;
      if (!(members[*l] >> *l & 1))
        warp.report(inst, *l, CheckSync, "not-converged",
                    "the lane is not in its own member mask");
    }
    // The other lanes return here for a separate collective.
    if (same != mask)
      splitOff(warp, group, same, pc);
  }
  warp.groups[index].state = Group::AtCollective;
  warp.groups[index].wanted = wanted;
  uint32_t here = getWaiting(warp, pc, wanted);
  uint32_t needed = wanted & warp.live;
  if (needed & ~here)
    return;
  if (uint32_t gone = wanted & ~warp.live; gone && isAligned(inst))
    reportNotConverged(warp, inst, here, gone, "have exited");
  executeTogether(warp, pc, wanted, here);
}

/// Lanes that others wait for may have exited. Returns false without progress.
static bool retryCollectives(Warp &warp) {
  for (Group &group : warp.groups) {
    if (group.state != Group::AtCollective)
      continue;
    uint32_t here = getWaiting(warp, group.pc, group.wanted);
    if (group.wanted & warp.live & ~here)
      continue;
    const Inst &inst = warp.kernel->code[group.pc];
    if (uint32_t gone = group.wanted & ~warp.live; gone && isAligned(inst))
      reportNotConverged(warp, inst, here, gone, "have exited");
    executeTogether(warp, group.pc, group.wanted, here);
    return true;
  }
  return false;
}

/// A barrier that lanes may reach one by one.
static void arriveUnaligned(Warp &warp, Group &group, const Inst &inst,
                            uint32_t mask) {
  uint32_t pc = group.pc;
  if (mask != group.mask) {
    splitOff(warp, group, mask, pc + 1);
    return;
  }
  if (warp.undefined)
    applyInitRule(warp, inst, mask);
  if (arriveAtBarrier(warp, inst, mask))
    group.pc = pc + 1;
  else
    group.state = Group::AtBarrier;
}

//===----------------------------------------------------------------------===//
// The loop
//===----------------------------------------------------------------------===//

/// Executes an instruction that is not Next. Returns true if the group may
/// simply continue; otherwise groups have changed.
static bool step(Warp &warp, Group &group, const Inst &inst, uint32_t mask) {
  switch (inst.flow) {
  case Flow::Next:
    break;
  case Flow::Branch:
    if (mask == group.mask && warp.groups.size() == 1) {
      group.pc = inst.target;
      return true;
    }
    divert(warp, group, mask, inst.target);
    return warp.groups.size() == 1;
  case Flow::Poll:
    if (mask) {
      if (warp.undefined)
        applyInitRule(warp, inst, mask);
      inst.exec(warp, inst, mask);
      ++warp.block->polls;
    }
    ++group.pc;
    if (warp.groups.size() > 1) {
      group.backwards += kPollCosts;
      if (warp.yielded)
        group.turn = warp.nextTurn++;
    }
    return !warp.yielded;
  default:
    if (!mask) {
      ++group.pc;
      return true;
    }
  }
  switch (inst.flow) {
  case Flow::BranchIdx:
    if (warp.undefined)
      applyInitRule(warp, inst, mask);
    branchIndexed(warp, group, inst, mask);
    break;
  case Flow::Call:
    call(warp, group, inst, mask);
    break;
  case Flow::Return:
    doReturn(warp, group, mask);
    break;
  case Flow::Trap:
    warp.report(inst, unsigned(__builtin_ctz(mask)), CheckSync, "trap",
                "the kernel executed a trap");
    warp.launch->stop = true;
    [[fallthrough]];
  case Flow::Exit:
    if (inst.exec)
      inst.exec(warp, inst, mask);
    removeLanes(warp, group, mask);
    ++group.pc;
    break;
  case Flow::Collective:
    arriveAtCollective(warp, group, inst, mask);
    break;
  case Flow::Barrier:
    if (inst.mode & kBarrierAligned)
      arriveAtCollective(warp, group, inst, mask);
    else
      arriveUnaligned(warp, group, inst, mask);
    break;
  default:
    break;
  }
  return false;
}

/// Runs a group until groups change or the budget is used up.
static uint64_t runGroup(Warp &warp, Group &group, uint64_t budget) {
  Block &block = *warp.block;
  const Inst *code = warp.kernel->code.data();
  uint32_t meet = getMeetingPoint(warp, group);
  uint64_t *executions =
      block.executions.empty() ? nullptr : block.executions.data();
  bool ticks = warp.launch->options.async == AsyncPolicy::Random;
  uint64_t executed = 0;
  while (executed < budget) {
    const Inst &inst = code[group.pc];
    uint32_t mask = group.mask, unguarded = 0;
    if (inst.guard) {
      if (warp.undefined)
        unguarded = checkGuard(warp, inst, mask);
      mask &= warp.pred(inst.guard);
    }
    ++executed;
    ++block.instructions;
    if (executions && mask) {
      ++executions[inst.number];
      block.laneExecutions[inst.number] += unsigned(__builtin_popcount(mask));
    }
    if (ticks && executed % 64 == 0 && !block.async->isIdle())
      block.async->tick();
    if (inst.flow == Flow::Next) {
      if (mask) {
        if (warp.undefined)
          applyInitRule(warp, inst, mask);
        inst.exec(warp, inst, mask);
      }
      if (unguarded)
        undefineResults(warp, inst, unguarded);
      ++group.pc;
    } else if (!step(warp, group, inst, mask)) {
      break;
    }
    if (group.pc == meet)
      break;
  }
  return executed;
}

uint64_t ptxsim::runWarp(Warp &warp, uint64_t budget) {
  uint64_t executed = 0;
  warp.yielded = false;
  while (executed < budget && warp.live && !warp.yielded &&
         !warp.launch->stop.load(std::memory_order_relaxed)) {
    if (warp.groups.size() > 1) {
      for (size_t i = 0; i < warp.groups.size();)
        if (!warp.groups[i].mask)
          erase(warp, &warp.groups[i]);
        else
          ++i;
      merge(warp);
    }
    uint32_t live = warp.live;
    if (Group *group = select(warp))
      executed += runGroup(warp, *group, budget - executed);
    else if (!retryCollectives(warp))
      break;
    if (warp.live != live)
      while (retryCollectives(warp))
        ;
  }
  return executed;
}
