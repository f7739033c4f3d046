//===- AsyncForms.cpp - cp.async ------------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Async.h"
#include "MatrixAccess.h"
#include "Mbarrier.h"
#include "Profile/Profiler.h"
#include "Program/Decoder.h"

using namespace ptxsim;

/// Accesses for the profile, by lane.
static void profile(Warp &w, const Inst &inst, uint32_t mask,
                    const uint64_t *to, const uint64_t *from,
                    const uint32_t *bytes) {
  Profiler *profiler = w.block->profiler.get();
  if (!profiler)
    return;
  profiler->shared(inst, to, mask, inst.mode);
  // Lanes that read less than others are rare: at the edges of a matrix.
  uint32_t left = mask;
  while (left) {
    uint32_t size = bytes[__builtin_ctz(left)], same = 0;
    for (Lanes l(left); l; ++l)
      if (bytes[*l] == size)
        same |= 1u << *l;
    if (size)
      profiler->global(inst, from, same, size, false);
    left &= ~same;
  }
}

/// a: destination, displacement in mode2; b: source, displacement in imm; c:
/// bytes to read, or the predicate to read none; mode: bytes to write.
static void execCopy(Warp &w, const Inst &inst, uint32_t mask) {
  uint64_t to[kLanes] = {}, from[kLanes] = {};
  uint32_t bytes[kLanes] = {};
  uint32_t issued = 0;
  uint32_t ignored = inst.c && !inst.c.size ? w.pred(inst.c) : 0;
  for (Lanes l(mask); l; ++l) {
    unsigned lane = *l;
    bytes[lane] = ignored >> lane & 1 ? 0 : inst.mode;
    if (inst.c && inst.c.size) {
      bytes[lane] = w.reg<uint32_t>(inst.c)[lane];
      if (bytes[lane] > inst.mode) {
        w.report(inst, lane, CheckMemory, "copy-size",
                 "the source's size of " + std::to_string(bytes[lane]) +
                     " bytes is more than the " + std::to_string(inst.mode) +
                     " that the copy has");
        bytes[lane] = inst.mode;
      }
    }
    to[lane] = (inst.a.halves == 4 ? w.reg<uint64_t>(inst.a)[lane]
                                   : w.reg<uint32_t>(inst.a)[lane]) +
               uint64_t(int64_t(int32_t(inst.mode2)));
    from[lane] = w.address(inst, inst.b, lane);
    const uint8_t *source = nullptr;
    if (!w.access(inst, lane, Space::Shared, to[lane], inst.mode,
                  AccessKind::AsyncDestination, inst.mode))
      continue;
    if (bytes[lane]) {
      source = w.access(inst, lane, Space::Global, from[lane], bytes[lane],
                        AccessKind::AsyncSource, inst.mode);
      if (!source)
        continue;
    }
    to[lane] -= kSharedBase;
    PendingCopy copy;
    copy.inst = &inst;
    copy.to = uint32_t(to[lane]);
    copy.bytes = bytes[lane];
    copy.zeros = inst.mode - bytes[lane];
    copy.from = from[lane];
    copy.source = source;
    w.block->async->issue(w, lane, copy);
    issued |= 1u << lane;
  }
  if (issued)
    profile(w, inst, issued, to, from, bytes);
}

static void execCommit(Warp &w, const Inst &, uint32_t mask) {
  for (Lanes l(mask); l; ++l)
    w.block->async->commit(w.firstThread() + *l);
}

static void execWaitGroup(Warp &w, const Inst &inst, uint32_t mask) {
  for (Lanes l(mask); l; ++l)
    w.block->async->wait(w.firstThread() + *l, uint64_t(inst.imm));
}

static void execWaitAll(Warp &w, const Inst &, uint32_t mask) {
  for (Lanes l(mask); l; ++l)
    w.block->async->waitAll(w.firstThread() + *l);
}

/// inst.mode: .noinc.
static void execArrive(Warp &w, const Inst &inst, uint32_t mask) {
  Mbarriers &objects = w.block->async->getMbarriers();
  for (Lanes l(mask); l; ++l) {
    uint64_t address = w.address(inst, inst.a, *l);
    if (!toSharedAddress(w, inst, *l, address))
      continue;
    Mbarrier *object = objects.use(w, inst, *l, address);
    if (!object)
      continue;
    auto offset = uint32_t(address - kSharedBase);
    if (!inst.mode)
      objects.addPending(w, inst, *l, offset);
    // The arrival happens later, but releases what was issued before.
    if (w.block->clocks)
      w.block->clocks->release(w.firstThread() + *l, object->arriving);
    w.block->async->arriveAfterCopies(w, inst, *l, offset);
  }
}

//===----------------------------------------------------------------------===//
// Forms
//===----------------------------------------------------------------------===//

static bool buildCopy(Decoder &d, const Match &m, Inst &inst) {
  bool hasPolicy = m.has("cache");
  if (!d.expect(hasPolicy ? 4 : 3, hasPolicy ? 5 : 4))
    return false;
  inst.exec = execCopy;
  inst.init = InitRule::Demand;
  inst.space = Space::Global;
  Space shared = Space::Shared;
  int64_t displacement, size;
  if (!d.address(0, shared, inst.a, displacement) ||
      !d.address(1, inst.space, inst.b, inst.imm) || !d.immediate(2, size))
    return false;
  if (displacement != int32_t(displacement))
    return d.failAt(0, "the displacement is too large");
  inst.mode2 = uint32_t(int32_t(displacement));
  bool isWide = m.get("cc") == "cg";
  if (size != 16 && (isWide || (size != 4 && size != 8)))
    return d.failAt(2, isWide ? "cp.async.cg copies 16 bytes"
                              : "cp.async.ca copies 4, 8 or 16 bytes");
  inst.mode = uint32_t(size);
  size_t values = d.count() - (hasPolicy ? 1 : 0);
  Ref policy;
  if (hasPolicy && !d.src(values, Type::B64, policy))
    return false;
  if (values == 4)
    return d.isPredicate(3) ? d.srcPred(3, inst.c)
                            : d.src(3, Type::U32, inst.c);
  return true;
}

static bool buildCommit(Decoder &d, const Match &, Inst &inst) {
  inst.exec = execCommit;
  inst.init = InitRule::Define;
  return d.expect(0);
}

static bool buildWaitGroup(Decoder &d, const Match &, Inst &inst) {
  inst.exec = execWaitGroup;
  inst.init = InitRule::Define;
  if (!d.expect(1) || !d.immediate(0, inst.imm))
    return false;
  return inst.imm >= 0 || d.failAt(0, "a number of groups is not negative");
}

static bool buildWaitAll(Decoder &d, const Match &, Inst &inst) {
  inst.exec = execWaitAll;
  inst.init = InitRule::Define;
  return d.expect(0);
}

static bool buildArrive(Decoder &d, const Match &m, Inst &inst) {
  inst.exec = execArrive;
  inst.init = InitRule::Demand;
  inst.mode = m.has("noinc");
  inst.space = m.has("ss") ? Space::Shared : Space::Generic;
  return d.expect(1) && d.address(0, inst.space, inst.a, inst.imm);
}

static constexpr Form kForms[] = {
    {"cp",
     "async cc=ca|cg ss=shared|shared::cta global cache?=L2::cache_hint "
     "prefetch?=L2::64B|L2::128B|L2::256B",
     InstClass::Async, buildCopy},
    {"cp", "async commit_group", InstClass::Async, buildCommit},
    {"cp", "async wait_group", InstClass::Async, buildWaitGroup},
    {"cp", "async wait_all", InstClass::Async, buildWaitAll},
    {"cp", "async mbarrier arrive noinc? ss?=shared|shared::cta :b64",
     InstClass::Async, buildArrive},
};

FormTable ptxsim::getAsyncForms() { return makeTable(kForms); }
