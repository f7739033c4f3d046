//===- EntryPoints.h - The list of all functions ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_DRIVER_ENTRYPOINTS_H
#define PTXSIM_DRIVER_ENTRYPOINTS_H

namespace ptxsim::driver {

struct EntryPoint {
  /// Without the suffix of a version or for per-thread streams.
  const char *name;
  /// What the library exports.
  const char *symbol;
  /// Of CUDA, 1000 x major + 10 x minor, that brought it; 0: it is had by its
  /// symbol only.
  unsigned release;
  bool isPerThread;
  void *address;
};

/// Ends with one that has no symbol.
const EntryPoint *getEntryPoints();

} // namespace ptxsim::driver

#endif // PTXSIM_DRIVER_ENTRYPOINTS_H
