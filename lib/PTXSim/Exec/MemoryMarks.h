//===- MemoryMarks.h - Undefined values in memory ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shared and local memory hold undefined values as registers do: what is stored
// there is marked byte by byte, and a load takes the marks with it. Global
// memory does not: an undefined value that reaches it is a finding.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_MEMORYMARKS_H
#define PTXSIM_EXEC_MEMORYMARKS_H

#include "AccessWarp.h"

namespace ptxsim {

/// The states of the bytes at a host address in shared or local memory; null
/// for other memory.
uint8_t *findStates(const Warp &warp, const uint8_t *place);

/// Whether a byte that is read is undefined. One in flight is not where the
/// async checker reports the access.
inline bool isUndefined(const Warp &warp, uint8_t state) {
  return state == kUndefined ||
         (state == kInFlight && !warp.isChecked(CheckAsync));
}

/// Whether any of the bytes is undefined.
bool areUndefined(const Warp &warp, const uint8_t *states, unsigned bytes);

/// Remembers, for messages, that the instruction loads undefined values.
void noteUndefinedLoad(const Warp &warp, const Inst &inst);

/// The lanes whose access of a generic address goes to global memory, or to
/// the kernel's parameters.
uint32_t getGlobalLanes(const Inst &inst, const Places &places, uint32_t mask);

/// After a load of an element of `size` bytes at `offset` of each lane's place:
/// marks the undefined halves of the register.
void loadMarks(const Warp &warp, const Inst &inst, const Ref &to,
               const Places &places, unsigned bytes, unsigned offset,
               unsigned size);

/// After a store: the bytes of undefined halves become undefined.
void storeMarks(const Warp &warp, const Ref &from, const Places &places,
                unsigned bytes, unsigned offset, unsigned size);

/// After an atomic operation on an element of shared memory, in one lane: it is
/// undefined if it was before and `keeps` (it depends on what was there), or if
/// `operand` is. Returns whether it was before.
bool updateMarks(const Warp &warp, const Inst &inst, const uint8_t *place,
                 unsigned size, bool keeps, bool operand);

} // namespace ptxsim

#endif // PTXSIM_EXEC_MEMORYMARKS_H
