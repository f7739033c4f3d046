//===- Program.h - Compiled functions on a device ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_LAUNCH_PROGRAM_H
#define DIFF_RUNTIME_LAUNCH_PROGRAM_H

#include "diff/Runtime/Launch/Arguments.h"
#include <map>

namespace mlir::diff::launch {

/// Code and its manifest, loaded on a device, which must outlive it. Functions
/// that may fail return an empty string or an error message.
class Program {
public:
  /// Loads the text of a manifest and PTX or a cubin.
  static std::string load(DeviceInterface &device, const std::string &manifest,
                          const std::string &code,
                          std::unique_ptr<Program> &program);

  DeviceInterface &getDevice() const { return device; }
  const Manifest &getManifest() const { return manifest; }

  /// Returns the function, or null and a message that lists the functions.
  const FunctionInfo *findFunction(const std::string &name,
                                   std::string &error) const;

  /// Checks the arguments and starts the kernels of the function in order.
  /// Later launches on the same stream reuse the buffers. `isInvalid`, unless
  /// null, tells errors of the arguments from others.
  std::string launch(const FunctionInfo &function,
                     const std::vector<TensorArgument> &arguments,
                     bool *isInvalid = nullptr);

private:
  /// A buffer that grows. Launches that have started may still use the old
  /// memory; later launches run after them.
  struct Workspace {
    DeviceBuffer memory;
    uint64_t bytes = 0;
  };

  explicit Program(DeviceInterface &device) : device(device) {}

  std::string placeBuffers(const FunctionInfo &function, const SizeTable &sizes,
                           std::vector<uint64_t> &addresses);

  DeviceInterface &device;
  Manifest manifest;
  std::unique_ptr<LoadedCode> code;
  /// The buffers of a function, for each stream.
  std::map<std::pair<void *, std::string>, std::vector<Workspace>> workspaces;
};

} // namespace mlir::diff::launch

#endif // DIFF_RUNTIME_LAUNCH_PROGRAM_H
