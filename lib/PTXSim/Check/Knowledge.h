//===- Knowledge.h - What a thread knows to have happened -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block has one time, which goes on whenever a thread releases something. An
// access is stamped with the time; a thread that releases hands on "all that I
// did up to now". So lanes that do something together share one stamp, and a
// barrier of the whole block needs one number: all threads, up to now.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_CHECK_KNOWLEDGE_H
#define PTXSIM_CHECK_KNOWLEDGE_H

#include "Races.h"
#include <array>

namespace ptxsim {

class Foreign;
using ForeignRef = std::shared_ptr<const Foreign>;

/// For each thread of a block, and each warp's common accesses, the time up to
/// which what it did is known.
struct Knowledge {
  /// All threads' accesses up to this time.
  uint32_t floor = 0;
  /// 32 numbers for each warp, then one for each warp's common accesses. Empty:
  /// nothing beyond the floor.
  std::vector<uint32_t> clocks;
  /// What is known of other blocks; may be null.
  ForeignRef foreign;
  /// Changes with the contents; unique in the block.
  uint64_t version = 0;
  /// The version that was last joined into this.
  uint64_t joined = 0;

  bool knows(unsigned actor, uint32_t time) const {
    return time <= floor || (!clocks.empty() && clocks[actor] >= time);
  }
};

/// A thread's knowledge at a moment. The times of a block begin at `start`.
struct Snapshot {
  KnowledgeRef base; // null: nothing
  unsigned thread = 0;
  /// The thread's own accesses up to here are included.
  uint32_t time = 0;
  uint32_t start = 0;
  unsigned warps = 0;
  /// The base alone counts, `time` only says which is the newer one: it was
  /// handed on by other threads.
  bool isInherited = false;

  /// Stamps of global accesses are short; the last one stands for all later.
  static constexpr uint32_t maxStamp = 4095;
  static uint32_t getStamp(uint32_t time, uint32_t start) {
    if (time <= start)
      return 0;
    return time - start < maxStamp ? time - start : maxStamp;
  }
  /// Whether an access of a thread (or of its warp as a whole) is included.
  bool covers(unsigned ofThread, bool byWarp, uint32_t stamp) const;
};

/// What is known of the blocks of a grid: an immutable tree, so that a thousand
/// blocks that count up one word do not copy a thousand entries each.
class Foreign {
public:
  /// Numbers of blocks are cut to so many bits.
  static constexpr unsigned bits = 24;

  static ForeignRef join(const ForeignRef &a, const ForeignRef &b);
  static ForeignRef insert(const ForeignRef &tree, uint32_t block,
                           const Snapshot &snapshot);
  static bool knows(const Foreign *tree, uint32_t block, unsigned thread,
                    bool byWarp, uint32_t stamp);

private:
  static constexpr unsigned levelBits = 4;
  static ForeignRef insertAt(const ForeignRef &tree, uint32_t block,
                             const Snapshot &snapshot, unsigned shift);

  std::array<ForeignRef, 1 << levelBits> children;
  std::vector<Snapshot> snapshots; // in a leaf, sorted
};

} // namespace ptxsim

#endif // PTXSIM_CHECK_KNOWLEDGE_H
