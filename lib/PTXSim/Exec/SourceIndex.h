//===- SourceIndex.h - Global memory that copies in flight read -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_SOURCEINDEX_H
#define PTXSIM_EXEC_SOURCEINDEX_H

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ptxsim {

/// A multiset of 16-byte units of global memory: an open hash table with linear
/// probing.
class SourceIndex {
public:
  /// Records that `thread` reads the unit at this address.
  void add(uint64_t address, uint32_t thread) {
    if (2 * (used + 1) > slots.size())
      grow();
    Slot &slot = slots[findSlot(address / 16)];
    if (!slot.count) {
      slot.unit = address / 16;
      ++used;
      least = std::min(least, slot.unit);
      most = std::max(most, slot.unit);
    }
    ++slot.count;
    slot.thread = thread;
  }

  void remove(uint64_t address) {
    size_t at = findSlot(address / 16);
    if (!slots[at].count || --slots[at].count)
      return;
    if (!--used) {
      least = UINT64_MAX;
      most = 0;
    }
    // Move back the entries that were displaced over the slot that is now free.
    size_t mask = slots.size() - 1;
    for (size_t next = (at + 1) & mask; slots[next].count;
         next = (next + 1) & mask) {
      size_t home = getHash(slots[next].unit) & mask;
      if (((next - home) & mask) < ((next - at) & mask))
        continue;
      slots[at] = slots[next];
      slots[next].count = 0;
      at = next;
    }
  }

  /// Returns true if a unit of the range may be in the set.
  bool overlaps(uint64_t begin, uint64_t end) const {
    return begin / 16 <= most && (end - 1) / 16 >= least;
  }

  /// Finds the unit of an address, and the last thread that reads it.
  bool find(uint64_t address, uint32_t &thread) const {
    if (!used)
      return false;
    const Slot &slot = slots[findSlot(address / 16)];
    thread = slot.thread;
    return slot.count;
  }

private:
  struct Slot {
    uint64_t unit = 0;
    uint32_t count = 0; // 0: free
    uint32_t thread = 0;
  };

  static size_t getHash(uint64_t unit) {
    return size_t(unit * 0x9e3779b97f4a7c15u >> 32);
  }
  size_t findSlot(uint64_t unit) const {
    size_t mask = slots.size() - 1, at = getHash(unit) & mask;
    while (slots[at].count && slots[at].unit != unit)
      at = (at + 1) & mask;
    return at;
  }
  void grow() {
    std::vector<Slot> old(std::max<size_t>(1024, 2 * slots.size()));
    old.swap(slots);
    for (const Slot &slot : old)
      if (slot.count)
        slots[findSlot(slot.unit)] = slot;
  }

  std::vector<Slot> slots; // a power of two of them
  size_t used = 0;
  uint64_t least = UINT64_MAX, most = 0;
};

} // namespace ptxsim

#endif // PTXSIM_EXEC_SOURCEINDEX_H
