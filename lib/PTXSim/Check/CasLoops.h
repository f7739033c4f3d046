//===- CasLoops.h - Loads before a loop of compare-and-swap -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_CHECK_CASLOOPS_H
#define PTXSIM_CHECK_CASLOOPS_H

#include <vector>

namespace ptxsim {

struct KernelCode;
struct Program;

/// By instruction: true for a plain load of the place that an atom.cas behind
/// it changes. Compilers and libraries begin their loops for atomic operations
/// that the hardware lacks so: a stale value only costs one more round. Such a
/// load counts as strong.
std::vector<bool> findCasLoads(const KernelCode &kernel,
                               const Program &program);

} // namespace ptxsim

#endif // PTXSIM_CHECK_CASLOOPS_H
