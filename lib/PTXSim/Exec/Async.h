//===- Async.h - Copies in flight -------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An asynchronous operation takes effect at a legal moment that the policy
// selects: at its issue (eager), when a wait that covers it returns (late), or
// at random in between. Until a wait covers it, its destination must not be
// accessed and its source not be written, with any policy.
//
// The operations of a thread are a queue, and the complete ones are always a
// prefix of it: a wait for groups names a prefix, and so does an arrival at an
// mbarrier after the copies of the thread.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_ASYNC_H
#define PTXSIM_EXEC_ASYNC_H

#include "Warp.h"

namespace ptxsim {

class Mbarriers;
struct Places;

/// One copy to shared memory.
struct PendingCopy {
  const Inst *inst;
  uint32_t to;           // offset in shared memory, 0 is kSharedBase
  uint32_t bytes;        // copied
  uint32_t zeros;        // after them, set to zero
  uint64_t from;         // device address
  const uint8_t *source; // the same on the host; null when no bytes are copied
  bool done = false;     // it has taken effect; its wait may still be due
};

/// All copies in flight in a block.
class AsyncCopies {
public:
  explicit AsyncCopies(Block &block);
  ~AsyncCopies();

  // cp.async. The caller checks bounds and alignment.
  void issue(Warp &warp, unsigned lane, PendingCopy copy);
  void commit(unsigned thread);
  /// At most `pending` of the youngest groups of the thread stay in flight.
  void wait(unsigned thread, uint64_t pending);
  void waitAll(unsigned thread);

  /// When the copies issued by the thread are complete, the mbarrier at this
  /// offset gets one arrival.
  void arriveAfterCopies(Warp &warp, const Inst &inst, unsigned lane,
                         uint32_t mbarrier);
  /// Called if a wait for the mbarrier would fail. Copies that complete its
  /// phase take effect if this is their last possible moment.
  void awaitedByMbarrier(uint32_t mbarrier);
  /// A wait covers the copies of the thread up to this one of its queue.
  void retire(unsigned thread, uint64_t end);

  Mbarriers &getMbarriers() { return *mbarriers; }

  /// At random moments: lets some copies take effect.
  void tick();

  /// Returns true if nothing is in flight and no memory holds an mbarrier, or
  /// if the checker is off: accesses then need no check, and there are no
  /// moments.
  bool isIdle() const { return watched == 0; }
  /// Reports an access to memory of an operation in flight, or to an mbarrier.
  void check(Warp &warp, const Inst &inst, unsigned lane, uint32_t offset,
             unsigned bytes, bool writes);
  /// The same for lanes of a warp at addresses from `base` on.
  void checkWarp(Warp &warp, const Inst &inst, const uint64_t *addresses,
                 uint64_t base, uint32_t mask, unsigned bytes, bool writes);
  /// Reports a write to global memory from which a copy in flight reads.
  void checkSource(Warp &warp, const Inst &inst, unsigned lane,
                   uint64_t address, unsigned bytes);
  /// The same for lanes of a warp.
  void checkSources(Warp &warp, const Inst &inst, const Places &places,
                    uint32_t mask, unsigned bytes);

private:
  friend class Mbarriers;
  /// An mbarrier lives at this offset, or does no more.
  void watchMbarrier(uint32_t offset, bool isLive);
  class Impl;
  std::unique_ptr<Impl> impl;
  std::unique_ptr<Mbarriers> mbarriers;
  unsigned watched = 0; // copies in flight, and mbarriers, where it matters
};

} // namespace ptxsim

#endif // PTXSIM_EXEC_ASYNC_H
