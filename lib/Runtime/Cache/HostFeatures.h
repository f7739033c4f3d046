//===- HostFeatures.h - The CPU of this machine -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_RUNTIME_CACHE_HOSTFEATURES_H
#define DIFF_LIB_RUNTIME_CACHE_HOSTFEATURES_H

#include <string>

namespace mlir::diff::cache {

/// Returns a text that differs between machines if one of them cannot run the
/// code compiled for the other one: the model of the CPU and its features, as
/// far as the operating system enables them.
const std::string &getHostFeatures();

} // namespace mlir::diff::cache

#endif // DIFF_LIB_RUNTIME_CACHE_HOSTFEATURES_H
