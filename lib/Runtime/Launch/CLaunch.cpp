//===- CLaunch.cpp - C interface of the launcher --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CTensor.h"
#include "diff/Runtime/Launch/CudaDevice.h"
#include "diff/Runtime/Launch/Program.h"
#include "diff/Runtime/Launch/SimDevice.h"
#include <algorithm>

using namespace mlir::diff;
using namespace mlir::diff::launch;

namespace {
/// A device and the results of its last launch.
struct DeviceState {
  std::unique_ptr<DeviceInterface> device;
  std::string name;
  std::vector<std::string> findings;
  std::string report;
};
} // namespace

struct DiffLaunchDevice {
  std::shared_ptr<DeviceState> state;
};

struct DiffLaunchProgram {
  // Before the program, which frees memory of the device.
  std::shared_ptr<DeviceState> owner;
  std::unique_ptr<Program> program;
};

/// The last error of the calling thread.
static std::string &getLastError() {
  static thread_local std::string error;
  return error;
}

/// Keeps the message, in one line.
static DiffLaunchStatus report(std::string error,
                               DiffLaunchStatus status = DIFF_LAUNCH_ERROR) {
  if (error.empty())
    return DIFF_LAUNCH_SUCCESS;
  std::replace(error.begin(), error.end(), '\n', ' ');
  getLastError() = std::move(error);
  return status;
}

static DiffLaunchStatus reportNull(const char *function, const char *argument) {
  return report(std::string(function) + ": " + argument + " is null");
}

const char *diffLaunchGetError(void) { return getLastError().c_str(); }

//===----------------------------------------------------------------------===//
// Devices and memory
//===----------------------------------------------------------------------===//

DiffLaunchSimOptions diffLaunchGetDefaultSimOptions(void) {
  return {"all", "late", 0, 0, 0};
}

static DiffLaunchStatus finishOpen(const std::string &error,
                                   std::unique_ptr<DeviceInterface> opened,
                                   DiffLaunchDevice **device) {
  if (!error.empty())
    return report(error);
  auto state = std::make_shared<DeviceState>();
  state->name = opened->getName();
  state->device = std::move(opened);
  *device = new DiffLaunchDevice{std::move(state)};
  return DIFF_LAUNCH_SUCCESS;
}

DiffLaunchStatus diffLaunchOpenSim(const char *chip,
                                   const DiffLaunchSimOptions *options,
                                   DiffLaunchDevice **device) {
  if (!chip || !device)
    return reportNull("diffLaunchOpenSim", chip ? "device" : "chip");
  SimSettings settings;
  settings.chip = chip;
  if (options) {
    if (!options->check || !options->async)
      return reportNull("diffLaunchOpenSim",
                        options->check ? "options->async" : "options->check");
    settings.check = options->check;
    settings.async = options->async;
    settings.seed = options->seed;
    settings.profile = options->profile != 0;
    settings.threads = options->threads;
  }
  std::unique_ptr<DeviceInterface> opened;
  std::string error = createSimDevice(settings, opened);
  return finishOpen(error, std::move(opened), device);
}

DiffLaunchStatus diffLaunchOpenCuda(int ordinal, const char *library,
                                    void *stream, DiffLaunchDevice **device) {
  if (!device)
    return reportNull("diffLaunchOpenCuda", "device");
  CudaSettings settings;
  settings.ordinal = ordinal;
  settings.stream = stream;
  if (library)
    settings.library = library;
  std::unique_ptr<DeviceInterface> opened;
  std::string error = createCudaDevice(settings, opened);
  return finishOpen(error, std::move(opened), device);
}

DiffLaunchStatus diffLaunchSetStream(DiffLaunchDevice *device, void *stream) {
  if (!device)
    return reportNull("diffLaunchSetStream", "device");
  device->state->device->setStream(stream);
  return DIFF_LAUNCH_SUCCESS;
}

void diffLaunchClose(DiffLaunchDevice *device) { delete device; }

const char *diffLaunchGetName(const DiffLaunchDevice *device) {
  return device ? device->state->name.c_str() : "";
}

DiffLaunchStatus diffLaunchAllocate(DiffLaunchDevice *device, uint64_t bytes,
                                    uint64_t *address) {
  if (!device || !address)
    return reportNull("diffLaunchAllocate", device ? "address" : "device");
  uint64_t allocated = 0;
  std::string error =
      device->state->device->allocate(bytes ? bytes : 1, allocated);
  if (error.empty())
    *address = allocated;
  return report(error);
}

DiffLaunchStatus diffLaunchFree(DiffLaunchDevice *device, uint64_t address) {
  if (!device)
    return reportNull("diffLaunchFree", "device");
  return report(device->state->device->free(address));
}

DiffLaunchStatus diffLaunchCopyToDevice(DiffLaunchDevice *device, uint64_t to,
                                        const void *from, uint64_t bytes) {
  if (!device || (!from && bytes))
    return reportNull("diffLaunchCopyToDevice", device ? "from" : "device");
  return report(device->state->device->copyToDevice(to, from, bytes));
}

DiffLaunchStatus diffLaunchCopyToHost(DiffLaunchDevice *device, void *to,
                                      uint64_t from, uint64_t bytes) {
  if (!device || (!to && bytes))
    return reportNull("diffLaunchCopyToHost", device ? "to" : "device");
  return report(device->state->device->copyToHost(to, from, bytes));
}

DiffLaunchStatus diffLaunchSynchronize(DiffLaunchDevice *device) {
  if (!device)
    return reportNull("diffLaunchSynchronize", "device");
  return report(device->state->device->synchronize());
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

DiffLaunchStatus diffLaunchLoad(DiffLaunchDevice *device, const char *manifest,
                                size_t manifestSize, const void *code,
                                size_t codeSize, DiffLaunchProgram **program) {
  if (!device || !manifest || !code || !program)
    return reportNull("diffLaunchLoad", !device     ? "device"
                                        : !manifest ? "manifest"
                                        : !code     ? "code"
                                                    : "program");
  std::unique_ptr<Program> loaded;
  std::string error = Program::load(
      *device->state->device, std::string(manifest, manifestSize),
      std::string(static_cast<const char *>(code), codeSize), loaded);
  if (!error.empty())
    return report(error);
  *program = new DiffLaunchProgram{device->state, std::move(loaded)};
  return DIFF_LAUNCH_SUCCESS;
}

void diffLaunchUnload(DiffLaunchProgram *program) { delete program; }

namespace {
/// The tensors of one launch. Host tensors have copies on the device.
class Tensors {
public:
  Tensors(DeviceInterface &device, const FunctionInfo &function,
          const DiffLaunchTensor *tensors, size_t count)
      : device(device), function(function), tensors(tensors), count(count) {}

  /// Copies the tensors and checks them, except for the addresses, which host
  /// tensors do not have yet.
  std::string read();
  std::string copyIn();
  std::string copyOut();

  bool useHost() const { return !copies.empty(); }
  const std::vector<TensorArgument> &get() const { return arguments; }

private:
  struct Copy {
    size_t number;
    DeviceBuffer buffer;
    uint64_t bytes;
  };
  char *getHostPointer(const Copy &copy) const {
    return reinterpret_cast<char *>(uintptr_t(tensors[copy.number].data));
  }

  DeviceInterface &device;
  const FunctionInfo &function;
  const DiffLaunchTensor *tensors;
  size_t count;
  std::vector<TensorArgument> arguments;
  std::vector<Copy> copies;
};
} // namespace

std::string Tensors::read() {
  std::string wrongCount = checkCount(function, count);
  if (!wrongCount.empty())
    return wrongCount;
  for (size_t i = 0; i < count; ++i) {
    TensorArgument argument;
    std::string problem = readTensor(tensors[i], i, argument);
    if (!problem.empty())
      return problem;
    if (tensors[i].memory == DIFF_LAUNCH_HOST)
      argument.address = 0;
    arguments.push_back(std::move(argument));
  }
  SizeTable sizes;
  std::string error =
      bindArguments(function, arguments, /*checkAddresses=*/false, sizes);
  // The values of offsets in device memory are not checked.
  for (size_t i = 0; i < count && error.empty(); ++i)
    if (tensors[i].memory == DIFF_LAUNCH_HOST && tensors[i].data)
      error = checkOffsets(
          function, arguments, i,
          reinterpret_cast<const int32_t *>(uintptr_t(tensors[i].data)));
  return error;
}

std::string Tensors::copyIn() {
  for (size_t i = 0; i < count; ++i) {
    if (tensors[i].memory != DIFF_LAUNCH_HOST)
      continue;
    TensorArgument &argument = arguments[i];
    int64_t extent = argument.getExtent();
    auto bytes = uint64_t(extent * getNpyElementSize(argument.type));
    if (bytes && !tensors[i].data)
      return "tensor " + std::to_string(i) + " is null";
    copies.push_back({i, DeviceBuffer(device), bytes});
    std::string error = copies.back().buffer.allocate(bytes);
    if (!error.empty())
      return error;
    argument.address = copies.back().buffer.getAddress();
    // Memory between the elements of a result, and elements that offsets
    // exclude, are copied to the device and back.
    bool isDense = argument.strides == getContiguousStrides(argument.shape);
    if (!function.tensors[i].isResult || !isDense || hasOffsets(function))
      error = device.copyToDevice(argument.address,
                                  getHostPointer(copies.back()), bytes);
    if (!error.empty())
      return error;
  }
  return "";
}

std::string Tensors::copyOut() {
  for (const Copy &copy : copies) {
    if (!function.tensors[copy.number].isResult)
      continue;
    std::string error = device.copyToHost(getHostPointer(copy),
                                          copy.buffer.getAddress(), copy.bytes);
    if (!error.empty())
      return error;
  }
  return "";
}

static std::string run(DiffLaunchProgram &program, const char *name,
                       const DiffLaunchTensor *list, size_t count,
                       double *milliseconds, bool &isInvalid) {
  DeviceState &owner = *program.owner;
  DeviceInterface &device = *owner.device;
  device.clearResults();
  owner.findings.clear();
  std::string error;
  const FunctionInfo *function = program.program->findFunction(name, error);
  if (!function)
    return error;
  Tensors tensors(device, *function, list, count);
  error = tensors.read();
  isInvalid = !error.empty();
  if (error.empty())
    error = tensors.copyIn();
  if (error.empty() && milliseconds)
    error = device.beginTiming();
  if (error.empty())
    error = program.program->launch(*function, tensors.get(), &isInvalid);
  double elapsed = 0;
  if (error.empty() && milliseconds)
    error = device.endTiming(elapsed);
  if (error.empty() && (tensors.useHost() || milliseconds))
    error = device.synchronize();
  owner.findings = device.getFindings();
  if (error.empty() && owner.findings.empty())
    error = tensors.copyOut();
  if (error.empty() && milliseconds)
    *milliseconds = elapsed;
  return error;
}

DiffLaunchStatus diffLaunchRun(DiffLaunchProgram *program, const char *function,
                               const DiffLaunchTensor *tensors, size_t count,
                               double *milliseconds) {
  if (!program || !function || (!tensors && count))
    return reportNull("diffLaunchRun", !program    ? "program"
                                       : !function ? "function"
                                                   : "tensors");
  bool isInvalid = false;
  std::string error =
      run(*program, function, tensors, count, milliseconds, isInvalid);
  if (!error.empty())
    return report(error, isInvalid ? DIFF_LAUNCH_INVALID : DIFF_LAUNCH_ERROR);
  size_t found = program->owner->findings.size();
  if (!found)
    return DIFF_LAUNCH_SUCCESS;
  return report("the checkers found " + std::to_string(found) +
                    (found == 1 ? " thing" : " things") + " wrong with '" +
                    function +
                    "'; the first: " + program->owner->findings.front(),
                DIFF_LAUNCH_FINDINGS);
}

//===----------------------------------------------------------------------===//
// Findings
//===----------------------------------------------------------------------===//

size_t diffLaunchGetFindingCount(const DiffLaunchDevice *device) {
  return device ? device->state->findings.size() : 0;
}

const char *diffLaunchGetFinding(const DiffLaunchDevice *device,
                                 size_t number) {
  if (!device || number >= device->state->findings.size())
    return nullptr;
  return device->state->findings[number].c_str();
}

const char *diffLaunchGetReport(DiffLaunchDevice *device) {
  if (!device)
    return "";
  DeviceState &state = *device->state;
  state.report = state.device->getReport();
  return state.report.c_str();
}
