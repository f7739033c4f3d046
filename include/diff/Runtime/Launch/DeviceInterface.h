//===- DeviceInterface.h - Interface of devices that run kernels *- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ without MLIR and LLVM.
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

/// Limits of a device. Launches that exceed them are rejected.
struct DeviceLimits {
  std::array<int64_t, 3> grid{2147483647, 65535, 65535};
  std::array<int64_t, 3> block{1024, 1024, 64};
  int64_t threadsPerBlock = 1024;
  /// Bytes that a block may opt in to.
  int64_t sharedMemoryPerBlock = 0;
};

/// Sizes of a launch, within the limits of the device.
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

/// A device: memory, code and launches, which run immediately or in order.
/// Addresses belong to the device and are never dereferenced on the host.
/// Functions that may fail return an empty string or an error message. A device
/// must be used from one thread at a time.
class DeviceInterface {
public:
  virtual ~DeviceInterface() = default;

  /// Returns a name for people, such as `NVIDIA H100 (sm_90)`.
  virtual std::string getName() const = 0;
  /// Returns the compute capability, 10 x major + minor.
  virtual unsigned getCapability() const = 0;
  virtual DeviceLimits getLimits() const = 0;

  /// Loads PTX text or, if the device supports it, a cubin.
  virtual std::string load(const std::string &code,
                           std::unique_ptr<LoadedCode> &loaded) = 0;
  virtual std::string allocate(uint64_t bytes, uint64_t &address) = 0;
  virtual std::string free(uint64_t address) = 0;
  virtual std::string copyToDevice(uint64_t to, const void *from,
                                   uint64_t bytes) = 0;
  virtual std::string copyToHost(void *to, uint64_t from, uint64_t bytes) = 0;
  virtual std::string set(uint64_t to, uint8_t value, uint64_t bytes) = 0;
  /// Starts a kernel. Errors during its execution may show in `synchronize`.
  virtual std::string launch(const LoadedCode &code, const std::string &kernel,
                             const LaunchShape &shape,
                             const std::vector<uint8_t> &parameters) = 0;
  /// Sets the stream of later launches, a CUstream. Other devices have none.
  virtual void setStream(void *stream) {}
  virtual void *getStream() const { return nullptr; }
  /// Waits until all started work has completed.
  virtual std::string synchronize() = 0;

  /// Measure the time of the launches between the calls, in milliseconds.
  /// `endTiming` waits for them.
  virtual std::string beginTiming() = 0;
  virtual std::string endTiming(double &milliseconds) = 0;

  /// Returns true if the device detects stray accesses and tracks written
  /// bytes. Other devices need guard zones around arrays and fill patterns in
  /// them.
  virtual bool tracksMemory() const { return false; }
  /// Marks memory as unwritten.
  virtual std::string poison(uint64_t address, uint64_t bytes);
  /// Returns the number of written bytes.
  virtual uint64_t countWritten(uint64_t address, uint64_t bytes);

  /// Returns the findings of the checkers since `clearResults`, one per line.
  virtual std::vector<std::string> getFindings() const { return {}; }
  /// Returns findings and counters since `clearResults` as JSON, or empty.
  virtual std::string getReport() const { return ""; }
  /// Returns the counters as a table for people, or empty.
  virtual std::string getProfile() const { return ""; }
  virtual void clearResults() {}
};

/// Returns true if code for a chip, by its name in PTX, runs on a device:
/// `sm_80` on its compute capability and later ones, `sm_90a` on its own only,
/// `sm_100f` on its family.
bool runsOn(const std::string &chip, unsigned capability);

/// Device memory that is freed with the object.
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
