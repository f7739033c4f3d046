//===- Contexts.h - Making contexts -----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_DRIVER_CONTEXTS_H
#define PTXSIM_DRIVER_CONTEXTS_H

#include "Driver/State.h"

namespace ptxsim::driver {

/// Streams' priorities reach from 0 to here.
constexpr int kGreatestPriority = -5;

bool areContextFlagsLegal(unsigned flags);
Context &addContext(Driver &driver);
void resetLimits(Context &context);

} // namespace ptxsim::driver

#endif // PTXSIM_DRIVER_CONTEXTS_H
