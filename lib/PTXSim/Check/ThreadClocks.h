//===- ThreadClocks.h - The clocks of a block's threads ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_CHECK_THREADCLOCKS_H
#define PTXSIM_CHECK_THREADCLOCKS_H

#include "Knowledge.h"
#include <unordered_map>

namespace ptxsim {

/// The effects of fences and of the relaxed accesses around them in a thread.
/// The effect of a fence passes through barriers, as on hardware: it is common
/// that threads write, fence and meet at a barrier, and one of them then sets a
/// flag.
struct FenceState {
  /// The last fence made this visible to threads that see a later relaxed
  /// write: in the block [0], on the device [1].
  Snapshot released[2];
  /// The same, by fences of other threads before a barrier.
  KnowledgeRef inherited[2];
  /// Knowledge seen by relaxed reads; the next fence acquires it.
  KnowledgeRef pending;
  ForeignRef pendingForeign;
};

class ThreadClocks::Impl {
public:
  explicit Impl(Block &block);

  /// Starts at this time: stamps up to it are of earlier blocks.
  void begin(uint32_t time);
  /// Returns the stamp of an access that happens now.
  uint32_t stamp() {
    used = true;
    return now;
  }
  uint32_t getTime() const { return now; }
  uint32_t getStart() const { return start; }
  /// All threads know the accesses up to this time.
  uint32_t getFloor() const { return floor; }

  const KnowledgeRef &get(unsigned thread) const {
    const WarpClocks &w = warps[thread / kLanes];
    unsigned lane = thread % kLanes;
    return w.own >> lane & 1 ? w.lanes[lane] : w.common;
  }
  /// The knowledge of all lanes if it is the same; else null.
  const Knowledge *getUniform(unsigned warp) const {
    return warps[warp].own ? nullptr : warps[warp].common.get();
  }
  /// The actor of the common accesses of a warp.
  unsigned getCommonActor(unsigned warp) const {
    return unsigned(warps.size()) * kLanes + warp;
  }
  unsigned getNumWarps() const { return unsigned(warps.size()); }

  using LaneLists = std::vector<std::pair<unsigned, uint32_t>>;
  void arrive(unsigned barrier, unsigned warp, uint32_t mask);
  void synchronize(const LaneLists &waiters, const LaneLists &arrivals,
                   int barrier);
  void release(unsigned thread, KnowledgeRef &object);
  void acquire(unsigned thread, const KnowledgeRef &object);
  void fence(unsigned thread, Order order, Scope scope);

  /// A synchronizing access inside the block, at a shared offset or a device
  /// address.
  void order(unsigned thread, uint64_t place, Order order, bool reads,
             bool writes);
  KnowledgeRef &getObject(uint64_t place) { return objects[place]; }

  // Between blocks.
  Snapshot makeSnapshot(unsigned thread);
  void acquireForeign(unsigned thread, const ForeignRef &foreign);
  /// A relaxed read saw this.
  void awaitFence(unsigned thread, const ForeignRef &foreign);
  /// Returns the fences of a thread, or null if there were none.
  const FenceState *getFences(unsigned thread) const {
    return fences.empty() ? nullptr : &fences[thread];
  }

private:
  struct WarpClocks {
    KnowledgeRef common;
    uint32_t own = 0; // lanes that know something else
    std::array<KnowledgeRef, kLanes> lanes;
  };

  /// Advances the time. Returns the time up to which all accesses have
  /// happened.
  uint32_t tick();
  void set(unsigned thread, KnowledgeRef knowledge);
  KnowledgeRef share(Knowledge &&knowledge);
  /// `to` may be shared: it is modified in place only if it is not.
  Knowledge &makeWritable(KnowledgeRef &to);
  void joinInto(Knowledge &to, const Knowledge &from);
  void joinRef(KnowledgeRef &to, const KnowledgeRef &from);
  void addOwn(Knowledge &to, unsigned thread, uint32_t time);
  void include(KnowledgeRef &to, const Snapshot &snapshot);
  void spreadFences(const LaneLists &waiters, const LaneLists &arrivals);
  FenceState &fenceOf(unsigned thread);

  Block &block;
  std::vector<WarpClocks> warps;
  std::unordered_map<uint64_t, KnowledgeRef> objects;
  KnowledgeRef arrived[16];       // at the barriers
  std::vector<FenceState> fences; // empty until the first one
  bool fencesAreSpread = false;   // all threads have the same there
  uint32_t now = 1, floor = 0, start = 0;
  bool used = false; // something happened at this time
  uint64_t versions = 0;
  /// The lanes of a warp usually acquire the same: the last join.
  KnowledgeRef joinedFrom, joinedWith, joinedTo;
  ForeignRef joinedForeign;
};

} // namespace ptxsim

#endif // PTXSIM_CHECK_THREADCLOCKS_H
