//===- Mbarrier.h - Barriers in shared memory -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_MBARRIER_H
#define PTXSIM_EXEC_MBARRIER_H

#include "Check/Races.h"
#include "Warp.h"
#include <map>

namespace ptxsim {

/// One mbarrier object. The eight bytes in memory hold a digest of it, so that
/// writes to them are detected.
struct Mbarrier {
  uint32_t expected = 0; // arrivals of later phases
  uint32_t pending = 0;  // missing arrivals of this phase
  int32_t transactions = 0;
  uint64_t phase = 0; // the current one
  /// Arrivals of incomplete copies; part of `pending`.
  uint32_t awaited = 0;
  /// The knowledge of the threads that have arrived, so far, and when the last
  /// phase completed.
  KnowledgeRef arriving, completed;
  /// Copies whose arrival was counted, but which no wait has covered yet.
  struct Cover {
    unsigned thread;
    uint64_t end; // of the thread's queue
    uint64_t phase;
  };
  std::vector<Cover> covers;
  /// By thread: the phases up to which it has seen completion.
  std::vector<uint64_t> seen;
};

/// The mbarriers of a block. Offsets are in shared memory, 0 is kSharedBase.
class Mbarriers {
public:
  Mbarriers(Block &block, AsyncCopies &copies)
      : block(block), copies(copies),
        isChecked(block.launch->options.checks & CheckSync) {}

  static constexpr uint32_t maxCount = (1u << 20) - 1;

  void init(Warp &w, const Inst &inst, unsigned lane, uint64_t address,
            uint64_t count);
  void invalidate(Warp &w, const Inst &inst, unsigned lane, uint64_t address);

  /// Returns the live mbarrier at a shared address, or null after a finding. A
  /// wait is a Load, an arrival an Atomic, the end of its life a Store.
  Mbarrier *use(Warp &w, const Inst &inst, unsigned lane, uint64_t address,
                AccessKind kind = AccessKind::Atomic);
  /// The same without checks, by offset.
  Mbarrier *find(uint32_t offset);
  /// The offset is a multiple of 8.
  bool isLive(uint32_t offset) const {
    return offset / 8 < live.size() && live[offset / 8];
  }

  /// Arrivals, each with the knowledge of the thread (`releases`). Returns the
  /// state before.
  uint64_t arrive(Warp &w, const Inst &inst, unsigned lane, uint64_t address,
                  uint64_t arrivals, bool releases, bool mayComplete);
  /// Fewer arrivals in later phases.
  void drop(Warp &w, const Inst &inst, unsigned lane, uint64_t address,
            uint64_t arrivals);
  void expect(Warp &w, const Inst &inst, unsigned lane, uint64_t address,
              uint64_t bytes);
  void complete(Warp &w, const Inst &inst, unsigned lane, uint64_t address,
                uint64_t bytes);

  /// One more arrival is needed in this phase.
  void addPending(Warp &w, const Inst &inst, unsigned lane, uint32_t offset);
  /// An arrival by the system: the copies of the thread up to `end` are
  /// complete.
  void arriveForCopies(Warp &w, const Inst &inst, unsigned lane,
                       uint32_t offset, uint64_t end);

  /// Returns true if the phase that `state` (or `parity`, 0 or 1) names has
  /// completed. A successful wait acquires.
  bool test(Warp &w, const Inst &inst, unsigned lane, uint64_t address,
            uint64_t state, bool isParity, bool acquires);

  /// Returns "phase 3, 2 of 4 arrivals are pending", for messages.
  std::string describe(uint64_t address, unsigned thread);

  static uint32_t getPendingCount(uint64_t state) { return state & maxCount; }

private:
  void count(Warp &w, const Inst &inst, unsigned lane, uint32_t offset,
             Mbarrier &object, uint64_t arrivals);
  void completeIfDue(Mbarrier &object);
  void write(uint32_t offset, const Mbarrier &object);
  void remove(uint32_t offset);

  Block &block;
  AsyncCopies &copies;
  const bool isChecked;               // ordinary accesses to them
  std::map<uint32_t, Mbarrier> table; // by offset
  std::vector<bool> live;             // by offset / 8
};

} // namespace ptxsim

#endif // PTXSIM_EXEC_MBARRIER_H
