//===- Bounds.h - Lower bounds of the cycles --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_PROFILE_BOUNDS_H
#define PTXSIM_PROFILE_BOUNDS_H

#include "Exec/Warp.h"

namespace ptxsim {

/// The blocks that a multiprocessor holds at once, and the limiting resource.
void computeOccupancy(const Chip &chip, const KernelInfo &kernel,
                      const LaunchConfig &config, Bound &bound);

/// Computes the minimum number of cycles of each pipe of the chip for the
/// counted work, distributed evenly over the multiprocessors that the grid can
/// use, and the blocks that one of them holds at once.
Bound computeBound(const Chip &chip, const Launch &launch,
                   const Counters &counters);

} // namespace ptxsim

#endif // PTXSIM_PROFILE_BOUNDS_H
