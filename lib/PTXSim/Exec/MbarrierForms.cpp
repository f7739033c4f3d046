//===- MbarrierForms.cpp - mbarrier ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Async.h"
#include "MatrixAccess.h"
#include "Mbarrier.h"
#include "Program/Decoder.h"

using namespace ptxsim;

namespace {
// Bits of inst.mode.
constexpr uint32_t kNoComplete = 1, kExpectTx = 2, kDrop = 4, kParity = 8,
                   kRelaxed = 16;
} // namespace

/// Calls use(objects, lane, address in the shared window) for every lane.
template <typename Use>
static void forObjects(Warp &w, const Inst &inst, uint32_t mask, Use use) {
  Mbarriers &objects = w.block->async->getMbarriers();
  for (Lanes l(mask); l; ++l) {
    uint64_t address = w.address(inst, inst.a, *l);
    if (toSharedAddress(w, inst, *l, address))
      use(objects, *l, address);
  }
}

static void execInit(Warp &w, const Inst &inst, uint32_t mask) {
  const uint32_t *counts = w.reg<uint32_t>(inst.b);
  forObjects(w, inst, mask, [&](Mbarriers &objects, unsigned l, uint64_t at) {
    objects.init(w, inst, l, at, counts[l]);
  });
}

static void execInval(Warp &w, const Inst &inst, uint32_t mask) {
  forObjects(w, inst, mask, [&](Mbarriers &objects, unsigned l, uint64_t at) {
    objects.invalidate(w, inst, l, at);
  });
}

/// b: the number of arrivals, 1 when absent; c: bytes to expect.
static void execArrive(Warp &w, const Inst &inst, uint32_t mask) {
  uint64_t states[kLanes];
  std::memset(states, 0, sizeof(states));
  forObjects(w, inst, mask, [&](Mbarriers &objects, unsigned l, uint64_t at) {
    uint64_t count = inst.b ? w.reg<uint32_t>(inst.b)[l] : 1;
    if (inst.mode & kExpectTx)
      objects.expect(w, inst, l, at, w.reg<uint32_t>(inst.c)[l]);
    if (inst.mode & kDrop)
      objects.drop(w, inst, l, at, count);
    states[l] = objects.arrive(w, inst, l, at, count, !(inst.mode & kRelaxed),
                               !(inst.mode & kNoComplete));
  });
  if (inst.d)
    for (Lanes l(mask); l; ++l)
      w.reg<uint64_t>(inst.d)[*l] = states[*l];
}

static void execExpect(Warp &w, const Inst &inst, uint32_t mask) {
  const uint32_t *bytes = w.reg<uint32_t>(inst.b);
  forObjects(w, inst, mask, [&](Mbarriers &objects, unsigned l, uint64_t at) {
    objects.expect(w, inst, l, at, bytes[l]);
  });
}

static void execComplete(Warp &w, const Inst &inst, uint32_t mask) {
  const uint32_t *bytes = w.reg<uint32_t>(inst.b);
  forObjects(w, inst, mask, [&](Mbarriers &objects, unsigned l, uint64_t at) {
    objects.complete(w, inst, l, at, bytes[l]);
  });
}

/// b: the state or the parity.
static void execWait(Warp &w, const Inst &inst, uint32_t mask) {
  bool isParity = inst.mode & kParity;
  uint32_t complete = 0;
  w.pollsAgain = w.polled == &inst;
  w.polled = nullptr;
  forObjects(w, inst, mask, [&](Mbarriers &objects, unsigned l, uint64_t at) {
    uint64_t state =
        isParity ? w.reg<uint32_t>(inst.b)[l] : w.reg<uint64_t>(inst.b)[l];
    if (objects.test(w, inst, l, at, state, isParity,
                     !(inst.mode & kRelaxed))) {
      complete |= 1u << l;
    } else {
      w.yielded = true;
      w.polled = &inst;
      w.polledAddress = at;
    }
  });
  if (inst.d)
    w.setPred(inst.d, complete, mask);
}

static void execPendingCount(Warp &w, const Inst &inst, uint32_t mask) {
  const uint64_t *states = w.reg<uint64_t>(inst.a);
  uint32_t *counts = w.reg<uint32_t>(inst.d);
  for (Lanes l(mask); l; ++l)
    counts[*l] = Mbarriers::getPendingCount(states[*l]);
}

//===----------------------------------------------------------------------===//
// Forms
//===----------------------------------------------------------------------===//

static bool buildObject(Decoder &d, const Match &m, Inst &inst,
                        size_t address) {
  std::string_view space = m.get("ss");
  inst.space = space.empty() ? Space::Generic : Space::Shared;
  inst.init = InitRule::Demand;
  if (m.get("sem") == "relaxed")
    inst.mode |= kRelaxed;
  return d.address(address, inst.space, inst.a, inst.imm);
}

static bool needs90(Decoder &d) {
  return d.capability() >= 90 || d.fail("needs .target sm_90 or newer");
}

static bool buildInit(Decoder &d, const Match &m, Inst &inst) {
  inst.exec = execInit;
  return d.expect(2) && buildObject(d, m, inst, 0) &&
         d.src(1, Type::U32, inst.b);
}

static bool buildInval(Decoder &d, const Match &m, Inst &inst) {
  inst.exec = execInval;
  return d.expect(1) && buildObject(d, m, inst, 0);
}

static bool buildState(Decoder &d, const Match &m, Inst &inst) {
  if (m.get("ss") == "shared::cluster" && d.operand(0).kind != Operand::Sink)
    return d.failAt(0, "an arrival in .shared::cluster returns no state: "
                       "write '_'");
  return d.dst(0, Type::B64, inst.d);
}

static bool buildArrive(Decoder &d, const Match &m, Inst &inst) {
  inst.exec = execArrive;
  inst.mode = (m.has("noComplete") ? kNoComplete : 0) |
              (m.has("arrive_drop") ? kDrop : 0);
  if (!d.expect(2, 3) || !buildState(d, m, inst) || !buildObject(d, m, inst, 1))
    return false;
  if (d.count() == 2)
    return !(inst.mode & kNoComplete) ||
           d.fail("with .noComplete the number of arrivals must be there");
  if (d.capability() < 90 && !(inst.mode & kNoComplete))
    return d.fail("a number of arrivals without .noComplete needs .target "
                  "sm_90 or newer");
  return d.src(2, Type::U32, inst.b);
}

static bool buildArriveExpect(Decoder &d, const Match &m, Inst &inst) {
  inst.exec = execArrive;
  inst.mode = kExpectTx | (m.has("arrive_drop") ? kDrop : 0);
  return needs90(d) && d.expect(3) && buildState(d, m, inst) &&
         buildObject(d, m, inst, 1) && d.src(2, Type::U32, inst.c);
}

static bool buildTransactions(Decoder &d, const Match &m, Inst &inst) {
  inst.exec = m.has("expect_tx") ? execExpect : execComplete;
  return needs90(d) && d.expect(2) && buildObject(d, m, inst, 0) &&
         d.src(1, Type::U32, inst.b);
}

static bool buildWait(Decoder &d, const Match &m, Inst &inst) {
  bool isTry = m.has("try_wait"), isParity = m.has("parity");
  inst.exec = execWait;
  inst.flow = Flow::Poll;
  inst.mode = isParity ? kParity : 0;
  Ref hint; // of time; there is none here
  return (!isTry || needs90(d)) && d.expect(3, isTry ? 4 : 3) &&
         d.dstPred(0, inst.d) && buildObject(d, m, inst, 1) &&
         d.src(2, isParity ? Type::U32 : Type::B64, inst.b) &&
         (d.count() == 3 || d.src(3, Type::U32, hint));
}

static bool buildPendingCount(Decoder &d, const Match &, Inst &inst) {
  inst.exec = execPendingCount;
  inst.init = InitRule::Propagate;
  return d.expect(2) && d.dst(0, Type::U32, inst.d) &&
         (inst.d || d.failAt(0, "must be a register")) &&
         d.src(1, Type::B64, inst.a);
}

#define HERE " ss?=shared|shared::cta :b64"
#define ANYWHERE " ss?=shared|shared::cta|shared::cluster :b64"
#define RELEASE " sem?=release|relaxed scope?=cta|cluster"

static constexpr Form kForms[] = {
    {"mbarrier", "init" HERE, InstClass::Barrier, buildInit},
    {"mbarrier", "inval" HERE, InstClass::Barrier, buildInval},
    {"mbarrier", "arrive noComplete?" RELEASE ANYWHERE, InstClass::Barrier,
     buildArrive},
    {"mbarrier", "arrive_drop noComplete?" RELEASE ANYWHERE, InstClass::Barrier,
     buildArrive},
    {"mbarrier", "arrive expect_tx" RELEASE ANYWHERE, InstClass::Barrier,
     buildArriveExpect},
    {"mbarrier", "arrive_drop expect_tx" RELEASE ANYWHERE, InstClass::Barrier,
     buildArriveExpect},
    {"mbarrier", "expect_tx sem?=relaxed scope?=cta|cluster" ANYWHERE,
     InstClass::Barrier, buildTransactions},
    {"mbarrier", "complete_tx sem?=relaxed scope?=cta|cluster" ANYWHERE,
     InstClass::Barrier, buildTransactions},
    {"mbarrier",
     "test_wait parity? sem?=acquire|relaxed scope?=cta|cluster" HERE,
     InstClass::Barrier, buildWait},
    {"mbarrier",
     "try_wait parity? sem?=acquire|relaxed scope?=cta|cluster" HERE,
     InstClass::Barrier, buildWait},
    {"mbarrier", "pending_count :b64", InstClass::Barrier, buildPendingCount},
};

#undef RELEASE
#undef ANYWHERE
#undef HERE

FormTable ptxsim::getMbarrierForms() { return makeTable(kForms); }
