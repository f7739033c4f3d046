//===- Races.h - The race checker -------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Happens-before by vector clocks. A block has a clock for each thread and one
// for each warp, whose common accesses (ldmatrix) belong to all its lanes.
// Between blocks, a clock holds the accesses that a thread of another block had
// done when it released.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_CHECK_RACES_H
#define PTXSIM_CHECK_RACES_H

#include "Exec/Warp.h"

namespace ptxsim {

/// The ordering of an atomic, fence or flagged access.
enum class Order : uint8_t { Relaxed, Acquire, Release, AcqRel, SeqCst };
enum class Scope : uint8_t { Block, Cluster, Gpu, System };

/// Knowledge that a synchronization object passes on; immutable once shared.
/// Lanes of a warp arrive at a barrier of the block without waiting.
struct Knowledge;
using KnowledgeRef = std::shared_ptr<const Knowledge>;

/// The clocks of a block's threads.
class ThreadClocks {
public:
  explicit ThreadClocks(Block &block);
  ~ThreadClocks();

  /// Lanes of a warp arrive at a barrier of the block without waiting.
  void arrive(unsigned barrier, unsigned warp, uint32_t mask);
  /// All of these threads (bit lists by warp) synchronize with each other: a
  /// completed barrier, bar.warp.sync. `arrivals` release only: at a barrier,
  /// their knowledge when they arrived there.
  void synchronize(const std::vector<std::pair<unsigned, uint32_t>> &waiters,
                   const std::vector<std::pair<unsigned, uint32_t>> &arrivals,
                   int barrier = -1);

  /// A thread releases: joins its knowledge into `object`.
  void release(unsigned thread, KnowledgeRef &object);
  /// A thread acquires the knowledge of `object`.
  void acquire(unsigned thread, const KnowledgeRef &object);

  /// fence: orders through the relaxed accesses around it.
  void fence(unsigned thread, Order order, Scope scope);

  class Impl;
  Impl &get() { return *impl; }

private:
  std::unique_ptr<Impl> impl;
};

/// Accesses to the shared memory of a block.
class SharedRaces {
public:
  SharedRaces(Block &block, uint32_t bytes);
  ~SharedRaces();

  /// Checks one lane's access to [offset, offset + bytes) of the block's memory
  /// (0 is kSharedBase). A race is reported at the instruction. `strong`
  /// accesses (atomics, volatile, relaxed, acquire, release) do not race with
  /// each other.
  void access(Warp &warp, const Inst &inst, unsigned lane, uint32_t offset,
              unsigned bytes, AccessKind kind, bool strong);
  /// The same for the lanes of the mask in one instruction, at addresses of the
  /// shared window (from kSharedBase on). `stored` returns the value that a
  /// lane stores, or is null: threads that store the same value to one location
  /// do not race.
  void accessWarp(Warp &warp, const Inst &inst, const uint64_t *addresses,
                  uint32_t mask, unsigned bytes, AccessKind kind, bool strong,
                  StoredFn stored = nullptr);
  /// A synchronizing access: with `writes` before its data is written, with
  /// `reads` after it was read. Joins and releases clocks at this location.
  void order(Warp &warp, unsigned lane, uint32_t offset, Order order,
             bool reads, bool writes);
  /// A copy that this thread issues now, or completes by a wait.
  void copied(Warp &warp, const Inst &inst, unsigned lane, uint32_t offset,
              unsigned bytes, bool isAtWait = false);
  /// The knowledge of an mbarrier (or another object).
  KnowledgeRef &object(uint32_t offset);

  class Impl;

private:
  std::unique_ptr<Impl> impl;
};

/// Accesses to global memory, between blocks. Thread-safe.
class GlobalRaces {
public:
  explicit GlobalRaces(Launch &launch);
  ~GlobalRaces();

  void access(Warp &warp, const Inst &inst, unsigned lane, Allocation &memory,
              uint64_t address, unsigned bytes, AccessKind kind, bool strong);
  void accessWarp(Warp &warp, const Inst &inst, Allocation &memory,
                  const uint64_t *addresses, uint32_t mask, unsigned bytes,
                  AccessKind kind, bool strong, StoredFn stored = nullptr);
  void order(Warp &warp, unsigned lane, uint64_t address, Order order,
             Scope scope, bool reads, bool writes);

  /// Returns true if a plain load starts a loop of atom.cas.
  bool isCasLoad(const Inst &inst) const;

  class Impl;

private:
  std::unique_ptr<Impl> impl;
};

} // namespace ptxsim

#endif // PTXSIM_CHECK_RACES_H
