//===- ThreadClocks.cpp - The clocks of a block's threads -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ThreadClocks.h"
#include "Exec/MemoryModes.h"
#include <algorithm>

using namespace ptxsim;

using Impl = ThreadClocks::Impl;

Impl::Impl(Block &block) : block(block), warps(block.warps.size()) { begin(0); }

void Impl::begin(uint32_t time) {
  now = time + 1;
  floor = start = time;
  Knowledge nothing;
  nothing.floor = floor;
  KnowledgeRef shared = share(std::move(nothing));
  for (WarpClocks &w : warps)
    w.common = shared;
}

uint32_t Impl::tick() {
  if (!used)
    return now - 1;
  used = false;
  return now++;
}

//===----------------------------------------------------------------------===//
// Knowledge
//===----------------------------------------------------------------------===//

KnowledgeRef Impl::share(Knowledge &&knowledge) {
  knowledge.version = ++versions;
  return std::make_shared<const Knowledge>(std::move(knowledge));
}

Knowledge &Impl::makeWritable(KnowledgeRef &to) {
  if (!to)
    to = share({});
  else if (to.use_count() > 1)
    to = share(Knowledge(*to));
  else
    // Another host thread may just have released it.
    std::atomic_thread_fence(std::memory_order_acquire);
  auto &writable = const_cast<Knowledge &>(*to);
  writable.version = ++versions;
  return writable;
}

void Impl::joinInto(Knowledge &to, const Knowledge &from) {
  if (to.joined == from.version)
    return;
  to.joined = from.version;
  to.floor = std::max(to.floor, from.floor);
  if (from.foreign)
    to.foreign = Foreign::join(to.foreign, from.foreign);
  if (from.clocks.empty())
    return;
  if (to.clocks.empty()) {
    to.clocks = from.clocks;
    return;
  }
  uint32_t *a = to.clocks.data();
  const uint32_t *b = from.clocks.data();
  for (size_t i = 0, e = to.clocks.size(); i < e; ++i)
    a[i] = std::max(a[i], b[i]);
}

void Impl::joinRef(KnowledgeRef &to, const KnowledgeRef &from) {
  if (!from || to == from)
    return;
  if (!to)
    to = from;
  else if (to->joined != from->version)
    joinInto(makeWritable(to), *from);
}

void Impl::addOwn(Knowledge &to, unsigned thread, uint32_t time) {
  if (time <= to.floor)
    return;
  if (to.clocks.empty())
    to.clocks.resize(warps.size() * (kLanes + 1));
  uint32_t &own = to.clocks[thread];
  own = std::max(own, time);
  // An access of the whole warp is an access of each of its lanes.
  uint32_t &common = to.clocks[getCommonActor(thread / kLanes)];
  common = std::max(common, time);
}

void Impl::include(KnowledgeRef &to, const Snapshot &snapshot) {
  if (!snapshot.base)
    return;
  joinRef(to, snapshot.base);
  addOwn(makeWritable(to), snapshot.thread, snapshot.time);
}

void Impl::set(unsigned thread, KnowledgeRef knowledge) {
  WarpClocks &w = warps[thread / kLanes];
  unsigned lane = thread % kLanes;
  w.lanes[lane] = std::move(knowledge);
  w.own |= 1u << lane;
  uint32_t exist = block.warps[thread / kLanes].exist;
  if (w.own != exist || exist >> lane != 1)
    return;
  for (unsigned l = 0; l < lane; ++l)
    if (w.lanes[l] != w.lanes[lane])
      return;
  w.common = w.lanes[lane];
  w.own = 0;
  w.lanes.fill(nullptr);
}

//===----------------------------------------------------------------------===//
// Synchronisation
//===----------------------------------------------------------------------===//

void Impl::arrive(unsigned barrier, unsigned warp, uint32_t mask) {
  for (Lanes l(mask); l; ++l)
    release(warp * kLanes + *l, arrived[barrier]);
}

void Impl::synchronize(const LaneLists &waiters, const LaneLists &arrivals,
                       int barrier) {
  unsigned count = 0;
  for (auto [warp, mask] : waiters)
    count += unsigned(__builtin_popcount(mask));
  bool isWhole = count == block.threads;
  if (!fences.empty() && !fencesAreSpread) {
    spreadFences(waiters, arrivals);
    fencesAreSpread = isWhole;
  }
  uint32_t time = tick();

  // bar.warp.sync in a kernel whose warps diverge.
  if (waiters.size() == 1 && arrivals.empty() && !isWhole) {
    auto [warp, mask] = waiters[0];
    WarpClocks &w = warps[warp];
    if (!w.own && mask == block.warps[warp].exist) {
      Knowledge &common = makeWritable(w.common);
      for (Lanes l(mask); l; ++l)
        addOwn(common, warp * kLanes + *l, time);
      return;
    }
  }

  Knowledge all;
  auto join = [&](const LaneLists &lists) {
    for (auto [warp, mask] : lists) {
      const WarpClocks &w = warps[warp];
      if (mask & ~w.own)
        joinInto(all, *w.common);
      for (Lanes l(mask & w.own); l; ++l)
        joinInto(all, *w.lanes[*l]);
      if (!isWhole)
        for (Lanes l(mask); l; ++l)
          addOwn(all, warp * kLanes + *l, time);
    }
  };
  join(waiters);
  if (barrier >= 0 && arrived[barrier]) {
    joinInto(all, *arrived[barrier]);
    arrived[barrier] = nullptr;
  } else {
    join(arrivals);
  }
  if (isWhole) {
    all.floor = floor = time;
    all.clocks.clear();
  }
  KnowledgeRef shared = share(std::move(all));
  for (auto [warp, mask] : waiters) {
    WarpClocks &w = warps[warp];
    if ((mask & block.warps[warp].exist) == block.warps[warp].exist) {
      w.common = shared;
      if (w.own)
        w.lanes.fill(nullptr);
      w.own = 0;
    } else {
      for (Lanes l(mask); l; ++l)
        set(warp * kLanes + *l, shared);
    }
  }
}

void Impl::release(unsigned thread, KnowledgeRef &object) {
  uint32_t time = tick();
  Knowledge &to = makeWritable(object);
  joinInto(to, *get(thread));
  addOwn(to, thread, time);
}

void Impl::acquire(unsigned thread, const KnowledgeRef &object) {
  if (!object)
    return;
  KnowledgeRef own = get(thread);
  if (own == object || own->joined == object->version)
    return;
  if (joinedFrom != own || joinedWith != object) {
    Knowledge both = *own;
    joinInto(both, *object);
    joinedFrom = own;
    joinedWith = object;
    joinedTo = share(std::move(both));
  }
  set(thread, joinedTo);
}

//===----------------------------------------------------------------------===//
// Fences and the accesses around them
//===----------------------------------------------------------------------===//

FenceState &Impl::fenceOf(unsigned thread) {
  if (fences.empty())
    fences.resize(warps.size() * kLanes);
  fencesAreSpread = false;
  return fences[thread];
}

void Impl::fence(unsigned thread, Order order, Scope scope) {
  FenceState &state = fenceOf(thread);
  bool wide = scope != Scope::Block;
  if (acquires(order)) {
    if (state.pending) {
      acquire(thread, state.pending);
      state.pending = nullptr;
    }
    if (wide && state.pendingForeign) {
      acquireForeign(thread, state.pendingForeign);
      state.pendingForeign = nullptr;
    }
  }
  if (releases(order)) {
    state.released[0] = makeSnapshot(thread);
    if (wide)
      state.released[1] = state.released[0];
  }
}

void Impl::spreadFences(const LaneLists &waiters, const LaneLists &arrivals) {
  FenceState all;
  auto join = [&](const LaneLists &lists) {
    for (auto [warp, mask] : lists)
      for (Lanes l(mask); l; ++l) {
        FenceState &state = fences[warp * kLanes + *l];
        for (unsigned level = 0; level < 2; ++level) {
          joinRef(all.inherited[level], state.inherited[level]);
          include(all.inherited[level], state.released[level]);
        }
        joinRef(all.pending, state.pending);
        all.pendingForeign =
            Foreign::join(all.pendingForeign, state.pendingForeign);
      }
  };
  join(waiters);
  join(arrivals);
  for (auto [warp, mask] : waiters)
    for (Lanes l(mask); l; ++l)
      fences[warp * kLanes + *l] = all;
}

void Impl::order(unsigned thread, uint64_t place, Order order, bool reads,
                 bool writes) {
  const FenceState *state = getFences(thread);
  if (writes) {
    if (releases(order)) {
      release(thread, objects[place]);
    } else if (state && (state->released[0].base || state->inherited[0])) {
      KnowledgeRef &object = objects[place];
      joinRef(object, state->inherited[0]);
      include(object, state->released[0]);
    }
  }
  if (reads && !objects.empty()) {
    auto found = objects.find(place);
    if (found == objects.end())
      return;
    if (acquires(order))
      acquire(thread, found->second);
    else
      joinRef(fenceOf(thread).pending, found->second);
  }
}

//===----------------------------------------------------------------------===//
// Other blocks
//===----------------------------------------------------------------------===//

Snapshot Impl::makeSnapshot(unsigned thread) {
  Snapshot snapshot;
  snapshot.base = get(thread);
  snapshot.thread = thread;
  snapshot.time = tick();
  snapshot.start = start;
  snapshot.warps = unsigned(warps.size());
  return snapshot;
}

void Impl::acquireForeign(unsigned thread, const ForeignRef &foreign) {
  KnowledgeRef own = get(thread);
  if (joinedFrom != own || joinedForeign != foreign || joinedWith) {
    ForeignRef both = Foreign::join(own->foreign, foreign);
    if (both == own->foreign)
      return;
    Knowledge knowledge = *own;
    knowledge.foreign = both;
    joinedFrom = own;
    joinedWith = nullptr;
    joinedForeign = foreign;
    joinedTo = share(std::move(knowledge));
  }
  set(thread, joinedTo);
}

void Impl::awaitFence(unsigned thread, const ForeignRef &foreign) {
  ForeignRef &pending = fenceOf(thread).pendingForeign;
  pending = Foreign::join(pending, foreign);
}

//===----------------------------------------------------------------------===//
// The interface
//===----------------------------------------------------------------------===//

ThreadClocks::ThreadClocks(Block &block)
    : impl(std::make_unique<Impl>(block)) {}

ThreadClocks::~ThreadClocks() = default;

void ThreadClocks::synchronize(
    const std::vector<std::pair<unsigned, uint32_t>> &waiters,
    const std::vector<std::pair<unsigned, uint32_t>> &arrivals, int barrier) {
  impl->synchronize(waiters, arrivals, barrier);
}

void ThreadClocks::arrive(unsigned barrier, unsigned warp, uint32_t mask) {
  impl->arrive(barrier, warp, mask);
}

void ThreadClocks::release(unsigned thread, KnowledgeRef &object) {
  impl->release(thread, object);
}

void ThreadClocks::acquire(unsigned thread, const KnowledgeRef &object) {
  impl->acquire(thread, object);
}

void ThreadClocks::fence(unsigned thread, Order order, Scope scope) {
  impl->fence(thread, order, scope);
}
