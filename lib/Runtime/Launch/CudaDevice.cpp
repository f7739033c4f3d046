//===- CudaDevice.cpp - Launches on a GPU ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/Launch/CudaDevice.h"
#include "CudaDriver.h"
#include <algorithm>
#include <map>

using namespace mlir::diff::launch;
using namespace mlir::diff::launch::cuda;

/// Shared memory, static and dynamic, of a block without an opt-in.
static constexpr int64_t kDefaultSharedMemory = 48 * 1024;

namespace {
class CudaDevice;

/// A kernel of loaded code, looked up once.
struct CudaKernel {
  Function function = nullptr;
  int staticShared = 0;
  int maxThreads = 0;
  /// The requested maximum of dynamic shared memory.
  uint32_t dynamicShared = 0;
};

struct CudaCode : LoadedCode {
  CudaCode(CudaDevice &device, Module module)
      : device(device), module(module) {}
  ~CudaCode() override;

  CudaDevice &device;
  Module module;
  mutable std::map<std::string, CudaKernel> kernels;
};

class CudaDevice : public DeviceInterface {
public:
  ~CudaDevice() override;

  std::string open(const CudaSettings &settings);

  std::string getName() const override {
    return name + " (sm_" + std::to_string(capability) + ")";
  }
  unsigned getCapability() const override { return capability; }
  DeviceLimits getLimits() const override { return limits; }

  std::string load(const std::string &code,
                   std::unique_ptr<LoadedCode> &loaded) override;
  std::string allocate(uint64_t bytes, uint64_t &address) override;
  std::string free(uint64_t address) override;
  std::string copyToDevice(uint64_t to, const void *from,
                           uint64_t bytes) override;
  std::string copyToHost(void *to, uint64_t from, uint64_t bytes) override;
  std::string set(uint64_t to, uint8_t value, uint64_t bytes) override;
  std::string launch(const LoadedCode &code, const std::string &kernel,
                     const LaunchShape &shape,
                     const std::vector<uint8_t> &parameters) override;
  void setStream(void *to) override { stream = static_cast<Stream>(to); }
  void *getStream() const override { return stream; }
  std::string synchronize() override;
  std::string beginTiming() override;
  std::string endTiming(double &milliseconds) override;

  void unload(Module module) {
    (void)inContext("cuModuleUnload",
                    [&] { return driver.unloadModule(module); });
  }

private:
  /// Calls a function of the driver with the context current, and restores the
  /// previous context.
  template <typename Callee>
  std::string inContext(const char *function, Callee callee) {
    if (Result result = driver.pushContext(context))
      return driver.describe("cuCtxPushCurrent", result);
    std::string error = driver.describe(function, callee());
    Context popped = nullptr;
    (void)driver.popContext(&popped);
    return error;
  }

  std::string query();
  std::string findKernel(const CudaCode &code, const std::string &kernel,
                         CudaKernel *&found);
  std::string prepareKernel(CudaKernel &kernel, const LaunchShape &shape);

  Driver driver;
  DeviceNumber device = 0;
  Context context = nullptr;
  Stream stream = nullptr;
  Event begin = nullptr, end = nullptr;
  std::string name;
  unsigned capability = 0;
  DeviceLimits limits;
};
} // namespace

CudaCode::~CudaCode() { device.unload(module); }

//===----------------------------------------------------------------------===//
// The device
//===----------------------------------------------------------------------===//

CudaDevice::~CudaDevice() {
  if (!context)
    return;
  for (Event event : {begin, end})
    if (event)
      (void)inContext("cuEventDestroy",
                      [&] { return driver.destroyEvent(event); });
  (void)driver.releaseContext(device);
}

std::string CudaDevice::open(const CudaSettings &settings) {
  stream = static_cast<Stream>(settings.stream);
  std::string error = driver.open(settings.library);
  if (!error.empty())
    return error;
  int count = 0;
  if (Result result = driver.getDeviceCount(&count))
    return driver.describe("cuDeviceGetCount", result);
  if (settings.ordinal < 0 || settings.ordinal >= count)
    return "no GPU has the number " + std::to_string(settings.ordinal) +
           "; the CUDA driver finds " + std::to_string(count);
  if (Result result = driver.getDevice(&device, settings.ordinal))
    return driver.describe("cuDeviceGet", result);
  error = query();
  if (!error.empty())
    return error;
  if (Result result = driver.retainContext(&context, device)) {
    context = nullptr;
    return driver.describe("cuDevicePrimaryCtxRetain", result);
  }
  for (Event *event : {&begin, &end}) {
    error = inContext("cuEventCreate",
                      [&] { return driver.createEvent(event, 0); });
    if (!error.empty())
      return error;
  }
  return "";
}

std::string CudaDevice::query() {
  char buffer[256] = {};
  if (Result result = driver.getDeviceName(buffer, sizeof(buffer) - 1, device))
    return driver.describe("cuDeviceGetName", result);
  name = buffer;
  Result failure = 0;
  auto get = [&](int attribute) -> int64_t {
    int value = 0;
    Result result = driver.getDeviceAttribute(
        &value, static_cast<DeviceAttribute>(attribute), device);
    failure = failure ? failure : result;
    return value;
  };
  capability = unsigned(10 * get(CapabilityMajor) + get(CapabilityMinor));
  limits.threadsPerBlock = get(MaxThreadsPerBlock);
  limits.sharedMemoryPerBlock = get(MaxSharedMemoryPerBlockOptin);
  // The attributes of Y and Z follow those of X.
  for (int i = 0; i < 3; ++i) {
    limits.block[size_t(i)] = get(MaxBlockDimX + i);
    limits.grid[size_t(i)] = get(MaxGridDimX + i);
  }
  return driver.describe("cuDeviceGetAttribute", failure);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

std::string CudaDevice::allocate(uint64_t bytes, uint64_t &address) {
  DevicePtr pointer = 0;
  std::string error =
      inContext("cuMemAlloc", [&] { return driver.allocate(&pointer, bytes); });
  address = pointer;
  return error;
}

std::string CudaDevice::free(uint64_t address) {
  return inContext("cuMemFree", [&] { return driver.free(address); });
}

std::string CudaDevice::copyToDevice(uint64_t to, const void *from,
                                     uint64_t bytes) {
  if (!bytes)
    return "";
  return inContext("cuMemcpyHtoD",
                   [&] { return driver.copyToDevice(to, from, bytes); });
}

std::string CudaDevice::copyToHost(void *to, uint64_t from, uint64_t bytes) {
  if (!bytes)
    return "";
  return inContext("cuMemcpyDtoH",
                   [&] { return driver.copyToHost(to, from, bytes); });
}

std::string CudaDevice::set(uint64_t to, uint8_t value, uint64_t bytes) {
  if (!bytes)
    return "";
  return inContext("cuMemsetD8", [&] { return driver.set8(to, value, bytes); });
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

std::string CudaDevice::load(const std::string &code,
                             std::unique_ptr<LoadedCode> &loaded) {
  // The log of the driver's assembler becomes part of the message, on one line.
  std::vector<char> log(8192);
  JitOption options[] = {JitErrorLogBuffer, JitErrorLogBufferSize};
  void *values[] = {log.data(), reinterpret_cast<void *>(log.size() - 1)};
  Module module = nullptr;
  std::string error = inContext("cuModuleLoadDataEx", [&] {
    return driver.loadModule(&module, code.c_str(), 2, options, values);
  });
  if (error.empty()) {
    loaded = std::make_unique<CudaCode>(*this, module);
    return "";
  }
  std::string text(log.data());
  std::replace(text.begin(), text.end(), '\n', ' ');
  while (!text.empty() && text.back() == ' ')
    text.pop_back();
  // A message must contain `error: ` only once, from the tool.
  for (size_t at; (at = text.find("error: ")) != std::string::npos;)
    text.erase(at, 7);
  return text.empty() ? error : error + ": " + text;
}

std::string CudaDevice::findKernel(const CudaCode &code,
                                   const std::string &kernel,
                                   CudaKernel *&found) {
  auto [place, isNew] = code.kernels.insert({kernel, {}});
  found = &place->second;
  if (!isNew)
    return "";
  std::string error = inContext("cuModuleGetFunction", [&] {
    return driver.getFunction(&found->function, code.module, kernel.c_str());
  });
  auto get = [&](FunctionAttribute attribute, int &value) {
    if (error.empty())
      error = inContext("cuFuncGetAttribute", [&] {
        return driver.getFunctionAttribute(&value, attribute, found->function);
      });
  };
  get(FunctionStaticShared, found->staticShared);
  get(FunctionMaxThreads, found->maxThreads);
  if (!error.empty())
    code.kernels.erase(place);
  return error;
}

/// Rejects launches that the driver would reject without a reason, and requests
/// shared memory above the default.
std::string CudaDevice::prepareKernel(CudaKernel &kernel,
                                      const LaunchShape &shape) {
  uint32_t threads = shape.block[0] * shape.block[1] * shape.block[2];
  if (threads > uint32_t(kernel.maxThreads))
    return "a block has " + std::to_string(threads) +
           " threads; for the registers that the code needs up to " +
           std::to_string(kernel.maxThreads) + " are legal";
  int64_t shared = int64_t(shape.dynamicSharedMemory) + kernel.staticShared;
  if (shared > limits.sharedMemoryPerBlock)
    return "a block needs " + std::to_string(shared) +
           " bytes of shared memory, " + std::to_string(kernel.staticShared) +
           " of them static; up to " +
           std::to_string(limits.sharedMemoryPerBlock) + " are legal";
  if (shared <= kDefaultSharedMemory ||
      shape.dynamicSharedMemory <= kernel.dynamicShared)
    return "";
  std::string error = inContext("cuFuncSetAttribute", [&] {
    return driver.setFunctionAttribute(kernel.function,
                                       FunctionMaxDynamicShared,
                                       int(shape.dynamicSharedMemory));
  });
  if (error.empty())
    kernel.dynamicShared = shape.dynamicSharedMemory;
  return error;
}

std::string CudaDevice::launch(const LoadedCode &code,
                               const std::string &kernel,
                               const LaunchShape &shape,
                               const std::vector<uint8_t> &parameters) {
  CudaKernel *found = nullptr;
  std::string error =
      findKernel(static_cast<const CudaCode &>(code), kernel, found);
  if (error.empty())
    error = prepareKernel(*found, shape);
  // Pass the block of parameters: the driver compares its size.
  std::vector<uint8_t> block = parameters;
  size_t size = block.size();
  void *extra[] = {kLaunchParamPointer, block.data(), kLaunchParamSize, &size,
                   kLaunchParamEnd};
  if (error.empty())
    error = inContext("cuLaunchKernel", [&] {
      return driver.launch(found->function, shape.grid[0], shape.grid[1],
                           shape.grid[2], shape.block[0], shape.block[1],
                           shape.block[2], shape.dynamicSharedMemory, stream,
                           nullptr, extra);
    });
  return error.empty() ? error : "kernel '" + kernel + "': " + error;
}

std::string CudaDevice::synchronize() {
  return inContext("cuCtxSynchronize",
                   [&] { return driver.synchronizeContext(); });
}

std::string CudaDevice::beginTiming() {
  return inContext("cuEventRecord",
                   [&] { return driver.recordEvent(begin, stream); });
}

std::string CudaDevice::endTiming(double &milliseconds) {
  std::string error = inContext(
      "cuEventRecord", [&] { return driver.recordEvent(end, stream); });
  if (error.empty())
    error = inContext("cuEventSynchronize",
                      [&] { return driver.waitForEvent(end); });
  float elapsed = 0;
  if (error.empty())
    error = inContext("cuEventElapsedTime", [&] {
      return driver.getElapsedTime(&elapsed, begin, end);
    });
  milliseconds = double(elapsed);
  return error;
}

std::string
mlir::diff::launch::createCudaDevice(const CudaSettings &settings,
                                     std::unique_ptr<DeviceInterface> &device) {
  auto opened = std::make_unique<CudaDevice>();
  std::string error = opened->open(settings);
  if (error.empty())
    device = std::move(opened);
  return error;
}
