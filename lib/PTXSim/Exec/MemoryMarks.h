//===- MemoryMarks.h - Undefined values in memory ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shared and local memory can hold undefined values, as registers can: a store
// marks the undefined bytes, and a load reads the marks. Global memory cannot:
// storing an undefined value there is a finding.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_MEMORYMARKS_H
#define PTXSIM_EXEC_MEMORYMARKS_H

#include "AccessWarp.h"

namespace ptxsim {

/// Returns the states of the bytes at a host address in shared or local memory;
/// null for other memory.
uint8_t *findStates(const Warp &warp, const uint8_t *place);

/// Returns true if a byte that is read is undefined. A byte in flight is not
/// undefined if the async checker reports the access.
inline bool isUndefined(const Warp &warp, uint8_t state) {
  return state == kUndefined ||
         (state == kInFlight && !warp.isChecked(CheckAsync));
}

/// Returns true if any of the bytes is undefined.
bool areUndefined(const Warp &warp, const uint8_t *states, unsigned bytes);

/// Records that the instruction loads undefined values, for messages.
void noteUndefinedLoad(const Warp &warp, const Inst &inst);

/// Returns the lanes whose generic address is in global memory or in the
/// kernel's parameters.
uint32_t getGlobalLanes(const Inst &inst, const Places &places, uint32_t mask);

/// After a load of an element of `size` bytes at `offset` of each lane's
/// location: marks the undefined halves of the register.
void loadMarks(const Warp &warp, const Inst &inst, const Ref &to,
               const Places &places, unsigned bytes, unsigned offset,
               unsigned size);

/// After a store: the bytes of undefined halves become undefined.
void storeMarks(const Warp &warp, const Ref &from, const Places &places,
                unsigned bytes, unsigned offset, unsigned size);

/// After an atomic operation of one lane on an element in shared memory: marks
/// the element undefined if it was undefined before and `keeps` (the result
/// depends on the old value), or if `operand` is undefined. Returns whether it
/// was undefined before.
bool updateMarks(const Warp &warp, const Inst &inst, const uint8_t *place,
                 unsigned size, bool keeps, bool operand);

} // namespace ptxsim

#endif // PTXSIM_EXEC_MEMORYMARKS_H
