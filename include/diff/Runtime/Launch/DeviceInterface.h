//===- DeviceInterface.h - What kernels are launched on ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++: nothing of MLIR or LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_LAUNCH_DEVICEINTERFACE_H
#define DIFF_RUNTIME_LAUNCH_DEVICEINTERFACE_H

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace mlir::diff::launch {

/// What a device allows. A launch beyond it would be refused.
struct DeviceLimits {
  std::array<int64_t, 3> grid{2147483647, 65535, 65535};
  std::array<int64_t, 3> block{1024, 1024, 64};
  int64_t threadsPerBlock = 1024;
  /// Bytes that a block may opt in to.
  int64_t sharedMemoryPerBlock = 0;
};

/// Sizes of a launch, within the device's limits.
struct LaunchShape {
  std::array<uint32_t, 3> grid{1, 1, 1};
  std::array<uint32_t, 3> block{1, 1, 1};
  uint32_t dynamicSharedMemory = 0;
};

/// Code on a device. It must not outlive the device.
class LoadedCode {
public:
  virtual ~LoadedCode() = default;
};

/// A device: memory, code and launches, all at once or in order. Addresses are
/// the device's and are never dereferenced here. Functions that may fail return
/// an error message, empty on success. A device is used from one thread at a
/// time.
class DeviceInterface {
public:
  virtual ~DeviceInterface() = default;

  /// `NVIDIA H100 (sm_90)`, for people.
  virtual std::string getName() const = 0;
  /// The compute capability: 10 x major + minor.
  virtual unsigned getCapability() const = 0;
  virtual DeviceLimits getLimits() const = 0;

  /// Takes PTX text or, where the device can, a cubin.
  virtual std::string load(const std::string &code,
                           std::unique_ptr<LoadedCode> &loaded) = 0;
  virtual std::string allocate(uint64_t bytes, uint64_t &address) = 0;
  virtual std::string free(uint64_t address) = 0;
  virtual std::string copyToDevice(uint64_t to, const void *from,
                                   uint64_t bytes) = 0;
  virtual std::string copyToHost(void *to, uint64_t from, uint64_t bytes) = 0;
  virtual std::string set(uint64_t to, uint8_t value, uint64_t bytes) = 0;
  /// Starts a kernel. What goes wrong while it runs may show in `synchronize`.
  virtual std::string launch(const LoadedCode &code, const std::string &kernel,
                             const LaunchShape &shape,
                             const std::vector<uint8_t> &parameters) = 0;
  /// Waits for everything that was started.
  virtual std::string synchronize() = 0;

  /// The time of the launches between the two, in milliseconds. `endTiming`
  /// waits for them.
  virtual std::string beginTiming() = 0;
  virtual std::string endTiming(double &milliseconds) = 0;

  /// True for a device that notices stray accesses by itself and knows which
  /// bytes were written. Others need guards around arrays and patterns in them.
  virtual bool tracksMemory() const { return false; }
  /// Marks memory as written by nothing.
  virtual std::string poison(uint64_t address, uint64_t bytes);
  /// How many bytes something wrote.
  virtual uint64_t countWritten(uint64_t address, uint64_t bytes);

  /// What the device's checkers found since `clearResults`, one line each.
  virtual std::vector<std::string> getFindings() const { return {}; }
  /// Findings and counters since `clearResults` as JSON; empty if it has none.
  virtual std::string getReport() const { return ""; }
  /// The counters as a table for people; empty if it has none.
  virtual std::string getProfile() const { return ""; }
  virtual void clearResults() {}
};

/// Whether code for a chip, by its name in PTX, runs on a device: `sm_80` on
/// that compute capability and later ones, `sm_90a` on that one alone,
/// `sm_100f` on its family.
bool runsOn(const std::string &chip, unsigned capability);

/// Memory of a device that is freed with the object.
class DeviceBuffer {
public:
  explicit DeviceBuffer(DeviceInterface &device) : device(&device) {}
  DeviceBuffer(DeviceBuffer &&other) noexcept;
  DeviceBuffer &operator=(DeviceBuffer &&other) noexcept;
  ~DeviceBuffer() { reset(); }

  std::string allocate(uint64_t bytes);
  uint64_t getAddress() const { return address; }

private:
  void reset();

  DeviceInterface *device;
  uint64_t address = 0;
};

} // namespace mlir::diff::launch

#endif // DIFF_RUNTIME_LAUNCH_DEVICEINTERFACE_H
