//===- Profiler.h - Counting the cost of a launch ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_PROFILE_PROFILER_H
#define PTXSIM_PROFILE_PROFILER_H

#include "Exec/Warp.h"

namespace ptxsim {

/// Counters of a block, summed over blocks at the end of a launch. The
/// interpreter counts instructions (Block::executions); accesses are reported
/// here.
class Profiler {
public:
  explicit Profiler(const Launch &launch);
  ~Profiler();

  /// A warp's access to shared memory: byte offset of each lane of the mask.
  void shared(const Inst &inst, const uint64_t *addresses, uint32_t mask,
              unsigned bytes);
  /// ldmatrix, stmatrix: rows of 16 bytes, eight for each matrix.
  void sharedRows(const Inst &inst, const uint64_t *rows, unsigned count);
  /// A warp's access to global memory. `writes`: a store.
  void global(const Inst &inst, const uint64_t *addresses, uint32_t mask,
              unsigned bytes, bool writes);
  void barrier() { ++barriers; }

  /// Adds a block's counts.
  void add(const Profiler &other, const std::vector<uint64_t> &executions,
           const std::vector<uint64_t> &laneExecutions);

  /// The counters of the whole launch.
  void finish(LaunchResult &result) const;

private:
  class Impl;
  std::unique_ptr<Impl> impl;
  uint64_t barriers = 0;
};

} // namespace ptxsim

#endif // PTXSIM_PROFILE_PROFILER_H
