//===- Limits.h - Limits of all chips ---------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_DRIVER_LIMITS_H
#define PTXSIM_DRIVER_LIMITS_H

namespace ptxsim::driver {

/// The release of CUDA that this driver emulates.
constexpr int kDriverVersion = 13000;
/// The newest PTX version that it supports.
constexpr unsigned kPTXVersion = 90;

constexpr unsigned kMaxBlock[3] = {1024, 1024, 64};
constexpr unsigned kMaxGrid[3] = {0x7fffffff, 65535, 65535};

} // namespace ptxsim::driver

#endif // PTXSIM_DRIVER_LIMITS_H
