//===- AccessWarp.h - A warp's access to memory -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where all lanes access memory alike and nothing is wrong, checks are made for
// the warp at once; else lane by lane.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_ACCESSWARP_H
#define PTXSIM_EXEC_ACCESSWARP_H

#include "Warp.h"

namespace ptxsim {

/// How the lanes' addresses lie; all lanes take part but in Scattered.
enum class Pattern : uint8_t { Scattered, Contiguous, Uniform };

/// Where a warp's lanes access memory.
struct Places {
  /// As the instruction says them; of lanes that take no part, those of others.
  uint64_t addresses[kLanes];
  /// Where each lane's bytes are on the host: of the lanes of `mask` in
  /// Scattered, else of lane 0 alone.
  uint8_t *lanes[kLanes];
  uint32_t mask; // lanes whose access happens
  Pattern pattern;
  /// Where all lanes access memory; Generic where that was not established.
  Space space;
  uint64_t least, most;
  /// Bytes read from shared memory may be undefined: the marks go with the
  /// values.
  bool mayBeUndefined = false;

  /// A lane's place; `bytes` as in the access.
  uint8_t *at(unsigned lane, unsigned bytes) const {
    return pattern == Pattern::Scattered ? lanes[lane]
           : pattern == Pattern::Uniform ? lanes[0]
                                         : lanes[0] + size_t(lane) * bytes;
  }
};

/// Fills in addresses and pattern of an access of `bytes` (a power of two).
void getAddresses(const Warp &warp, const Inst &inst, uint32_t mask,
                  unsigned bytes, Places &places);

/// Where nothing is wrong with any lane: checks the access and finds its
/// places. False, and nothing has happened, where it is to go lane by lane.
bool findTogether(Warp &warp, const Inst &inst, uint32_t mask, unsigned bytes,
                  AccessKind kind, Places &places, StoredFn stored = nullptr);

/// Checks the access and finds its places, for the lanes where it may happen.
/// `stored`: gives what a lane stores, or null.
void findPlaces(Warp &warp, const Inst &inst, uint32_t mask, unsigned bytes,
                AccessKind kind, Places &places, StoredFn stored = nullptr);

} // namespace ptxsim

#endif // PTXSIM_EXEC_ACCESSWARP_H
