//===- Program.cpp - Compiled functions on a device -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/Launch/Program.h"

using namespace mlir::diff::launch;

std::string Program::load(DeviceInterface &device, const std::string &manifest,
                          const std::string &code,
                          std::unique_ptr<Program> &program) {
  std::unique_ptr<Program> loaded(new Program(device));
  std::string error = parseManifest(manifest, loaded->manifest);
  if (!error.empty())
    return error;
  if (!runsOn(loaded->manifest.chip, device.getCapability()))
    return "code for " + loaded->manifest.chip + " does not run on " +
           device.getName();
  error = device.load(code, loaded->code);
  if (error.empty())
    program = std::move(loaded);
  return error;
}

const FunctionInfo *Program::findFunction(const std::string &name,
                                          std::string &error) const {
  const FunctionInfo *function = manifest.findFunction(name);
  if (function)
    return function;
  std::string known;
  for (const FunctionInfo &one : manifest.functions)
    known += (known.empty() ? "'" : ", '") + one.name + "'";
  error = "the manifest has no function '" + name +
          "'; functions: " + (known.empty() ? "none" : known);
  return nullptr;
}

std::string Program::placeBuffers(const FunctionInfo &function,
                                  const SizeTable &sizes,
                                  std::vector<uint64_t> &addresses) {
  std::vector<uint64_t> bytes;
  std::string error = getBufferSizes(function, sizes, bytes);
  std::vector<Workspace> &buffers =
      workspaces[{device.getStream(), function.name}];
  for (size_t i = 0; i < bytes.size() && error.empty(); ++i) {
    if (i == buffers.size())
      buffers.push_back({DeviceBuffer(device)});
    Workspace &buffer = buffers[i];
    if (!buffer.memory.getAddress() || buffer.bytes < bytes[i]) {
      // A launch that is still running must not lose its buffer.
      error = device.synchronize();
      if (error.empty())
        error = buffer.memory.allocate(bytes[i]);
      buffer.bytes = error.empty() ? bytes[i] : 0;
    }
    // A kernel must not read the contents of a buffer from an earlier launch.
    if (error.empty() && device.tracksMemory())
      error = device.poison(buffer.memory.getAddress(), buffer.bytes);
    addresses.push_back(buffer.memory.getAddress());
    if (!error.empty())
      return "function '" + function.name + "': buffer '" +
             function.buffers[i].name + "': " + error;
  }
  return error;
}

std::string Program::launch(const FunctionInfo &function,
                            const std::vector<TensorArgument> &arguments,
                            bool *isInvalid) {
  SizeTable sizes;
  std::vector<uint64_t> buffers;
  std::string error =
      bindArguments(function, arguments, /*checkAddresses=*/true, sizes);
  if (isInvalid)
    *isInvalid = !error.empty();
  std::vector<PlannedLaunch> launches;
  if (error.empty())
    error = placeBuffers(function, sizes, buffers);
  if (error.empty())
    error = planLaunches(function, arguments, buffers, sizes,
                         device.getLimits(), launches);
  for (const PlannedLaunch &launch : launches) {
    if (!error.empty())
      return error;
    error = device.launch(*code, launch.kernel->name, launch.shape,
                          launch.parameters);
  }
  return error;
}
