//===- Knowledge.h - The happens-before knowledge of a thread ---*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A block has one time, which advances when a thread releases. An access is
// stamped with the time, and a thread that releases passes on all of its
// accesses up to this time. Accesses of several lanes at once share one stamp,
// and a barrier of the whole block needs one number: all threads, up to now.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_CHECK_KNOWLEDGE_H
#define PTXSIM_CHECK_KNOWLEDGE_H

#include "Races.h"
#include <array>

namespace ptxsim {

class Foreign;
using ForeignRef = std::shared_ptr<const Foreign>;

/// For each thread of a block, and for the common accesses of each warp, the
/// time up to which its accesses are known.
struct Knowledge {
  /// The accesses of all threads up to this time.
  uint32_t floor = 0;
  /// 32 numbers for each warp, then one for the common accesses of each warp.
  /// Empty if nothing after the floor is known.
  std::vector<uint32_t> clocks;
  /// Knowledge of other blocks; may be null.
  ForeignRef foreign;
  /// Changes with the contents, and is unique in the block.
  uint64_t version = 0;
  /// The version that was last joined into this.
  uint64_t joined = 0;

  bool knows(unsigned actor, uint32_t time) const {
    return time <= floor || (!clocks.empty() && clocks[actor] >= time);
  }
};

/// The knowledge of a thread at a time. The times of a block start at `start`.
struct Snapshot {
  KnowledgeRef base; // null: nothing
  unsigned thread = 0;
  /// The thread's own accesses up to this time are included.
  uint32_t time = 0;
  uint32_t start = 0;
  unsigned warps = 0;
  /// Only the base counts, and `time` only orders snapshots: other threads
  /// passed it on.
  bool isInherited = false;

  /// Stamps of global accesses are short; the last one represents all later
  /// ones.
  static constexpr uint32_t maxStamp = 4095;
  static uint32_t getStamp(uint32_t time, uint32_t start) {
    if (time <= start)
      return 0;
    return time - start < maxStamp ? time - start : maxStamp;
  }
  /// Returns true if an access of a thread (or of its whole warp) is included.
  bool covers(unsigned ofThread, bool byWarp, uint32_t stamp) const;
};

/// Knowledge of the blocks of a grid: an immutable tree, so that a thousand
/// blocks that increment one word do not copy a thousand entries each.
class Foreign {
public:
  /// Numbers of blocks are reduced to this number of bits.
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
