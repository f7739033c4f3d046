//===- MemoryModes.h - Qualifiers of memory accesses ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_MEMORYMODES_H
#define PTXSIM_EXEC_MEMORYMODES_H

#include "Check/Races.h"
#include "Program/Decoder.h"

namespace ptxsim {

/// Bits of a memory instruction's mode2.
struct MemoryMode {
  Order order = Order::Relaxed;
  Scope scope = Scope::System;
  /// Relaxed, acquire, release, volatile or atomic: other threads may access
  /// the memory at the same time.
  bool strong = false;

  uint32_t pack() const {
    return uint32_t(order) | uint32_t(scope) << 4 | uint32_t(strong) << 8;
  }
  static MemoryMode unpack(uint32_t bits) {
    return {Order(bits & 15), Scope(bits >> 4 & 15), (bits >> 8 & 1) != 0};
  }
};

constexpr bool acquires(Order order) {
  return order == Order::Acquire || order == Order::AcqRel ||
         order == Order::SeqCst;
}
constexpr bool releases(Order order) {
  return order == Order::Release || order == Order::AcqRel ||
         order == Order::SeqCst;
}

/// Returns the mode for the qualifiers `sem` and `scope` of a form; `fallback`
/// is that of an instruction without them.
MemoryMode getMemoryMode(const Match &match, MemoryMode fallback);

/// Returns the state space of the qualifier `space` of a form.
Space getSpace(const Match &match);

/// Marks the accesses of an instruction that other threads may wait for.
void setMemoryMode(Inst &inst, MemoryMode mode);

/// Returns the state space of a generic address, and converts the address.
Space resolveGeneric(uint64_t &address);

/// Updates the counters of a profile before the accesses of a warp. Addresses
/// are those of the instruction's space.
void countAccess(Warp &warp, const Inst &inst, Space space,
                 const uint64_t *addresses, uint32_t mask, unsigned bytes,
                 bool writes);

/// Updates the clocks for a strong access, before data is written (`writes`) or
/// after it was read (`reads`).
void orderAccess(Warp &warp, const Inst &inst, unsigned lane, Space space,
                 uint64_t address, bool reads, bool writes);

/// Called after a strong load or an atomic. If the warp repeats an earlier one
/// with the same addresses and values, and its block has made no progress in
/// between, the warp is waiting for another thread and gives up its turn.
void yieldIfSame(Warp &warp, const Inst &inst, const uint64_t *addresses,
                 uint32_t mask, const Ref *values, unsigned count);

} // namespace ptxsim

#endif // PTXSIM_EXEC_MEMORYMODES_H
