//===- AccessWarp.h - A warp's access to memory -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// If all lanes access memory in a regular pattern without errors, the warp is
// checked at once; otherwise lane by lane.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_ACCESSWARP_H
#define PTXSIM_EXEC_ACCESSWARP_H

#include "Warp.h"

namespace ptxsim {

/// The pattern of the addresses. All lanes take part except in Scattered.
enum class Pattern : uint8_t { Scattered, Contiguous, Uniform };

/// The locations that the lanes of a warp access.
struct Places {
  /// As in the instruction; lanes that take no part have those of others.
  uint64_t addresses[kLanes];
  /// The host address of each lane's bytes: of the lanes of `mask` in
  /// Scattered, else of lane 0 only.
  uint8_t *lanes[kLanes];
  uint32_t mask; // lanes whose access happens
  Pattern pattern;
  /// The space that all lanes access; Generic if it is not known.
  Space space;
  uint64_t least, most;
  /// Bytes read from shared memory may be undefined; the caller propagates the
  /// marks.
  bool mayBeUndefined = false;

  /// Returns the location of a lane; `bytes` as in the access.
  uint8_t *at(unsigned lane, unsigned bytes) const {
    return pattern == Pattern::Scattered ? lanes[lane]
           : pattern == Pattern::Uniform ? lanes[0]
                                         : lanes[0] + size_t(lane) * bytes;
  }
};

/// Sets addresses and pattern of an access of `bytes` (a power of two).
void getAddresses(const Warp &warp, const Inst &inst, uint32_t mask,
                  unsigned bytes, Places &places);

/// Checks the access and finds its locations if all lanes are correct.
/// Otherwise returns false without effects, and the access must run lane by
/// lane.
bool findTogether(Warp &warp, const Inst &inst, uint32_t mask, unsigned bytes,
                  AccessKind kind, Places &places, StoredFn stored = nullptr);

/// Checks the access and finds its locations, for the lanes that may execute
/// it. `stored` returns the value that a lane stores, or is null.
void findPlaces(Warp &warp, const Inst &inst, uint32_t mask, unsigned bytes,
                AccessKind kind, Places &places, StoredFn stored = nullptr);

} // namespace ptxsim

#endif // PTXSIM_EXEC_ACCESSWARP_H
