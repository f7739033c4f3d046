//===- CasLoops.h - Loads before compare-and-swap loops ---------*- C++ -*-===//
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

/// Finds, by instruction, plain loads of a location that a later atom.cas
/// changes. Compilers and libraries start their loops for missing atomic
/// operations with such a load. A stale value only costs one more iteration, so
/// the load counts as strong.
std::vector<bool> findCasLoads(const KernelCode &kernel,
                               const Program &program);

} // namespace ptxsim

#endif // PTXSIM_CHECK_CASLOOPS_H
