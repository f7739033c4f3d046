//===- Contexts.h - Creation of contexts ------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_DRIVER_CONTEXTS_H
#define PTXSIM_DRIVER_CONTEXTS_H

#include "Driver/State.h"

namespace ptxsim::driver {

/// The range of the priorities of streams is 0 to this value.
constexpr int kGreatestPriority = -5;

bool areContextFlagsLegal(unsigned flags);
Context &addContext(Driver &driver);
void resetLimits(Context &context);

} // namespace ptxsim::driver

#endif // PTXSIM_DRIVER_CONTEXTS_H
