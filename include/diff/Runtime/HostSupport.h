//===- HostSupport.h - What code this machine runs --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_HOSTSUPPORT_H
#define DIFF_RUNTIME_HOSTSUPPORT_H

#include <optional>
#include <string>
#include <vector>

namespace mlir::diff {

/// Returns whether this machine has a feature of its architecture, in LLVM's
/// spelling, and the operating system enables it. Returns nullopt if the
/// feature is not known.
std::optional<bool> hasHostFeature(const std::string &feature);

/// Returns the names of the features that `hasHostFeature` knows.
std::vector<std::string> getKnownHostFeatures();

/// Returns why this machine does not run code that was compiled for the CPU
/// `chip` and needs the features, or an empty string.
std::string explainWhyNotRun(const std::string &chip, const std::string &triple,
                             const std::vector<std::string> &features);

} // namespace mlir::diff

#endif // DIFF_RUNTIME_HOSTSUPPORT_H
