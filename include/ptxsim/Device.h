//===- Device.h - A simulated GPU ---------------------------- -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_DEVICE_H
#define PTXSIM_DEVICE_H

#include "ptxsim/Chips.h"
#include "ptxsim/Module.h"
#include "ptxsim/Report.h"
#include <cstddef>
#include <memory>

namespace ptxsim {

/// An address in the device's memory. It is not a host pointer.
using DevicePtr = uint64_t;

/// Options of launches.
struct SimOptions {
  unsigned checks = CheckAll;
  AsyncPolicy async = AsyncPolicy::Late;
  /// The seed for random choices: the moment of copies, perturbations.
  uint64_t seed = 0;
  bool profile = false;
  /// Approximate functions return a random value within their documented error
  /// instead of the correctly rounded one.
  bool perturb = false;
  /// Tensor-core products truncate as measured on hardware, instead of plain
  /// fused multiply-adds in the order of k.
  bool truncateTensor = false;
  /// Host threads that run blocks; 0: one for each core.
  unsigned hostThreads = 0;
  /// Warp instructions after which a launch is stopped; 0: no limit.
  uint64_t maxSteps = 0;
  /// The maximum number of findings that a launch keeps.
  unsigned maxFindings = 100;
};

struct LaunchConfig {
  Dim3 grid;
  Dim3 block;
  Dim3 cluster;
  /// Dynamic shared memory in bytes.
  uint32_t dynamicShared = 0;
  /// Registers reported by ptxas; 0: unknown, not checked.
  unsigned registersPerThread = 0;
  /// All blocks are on the chip at once and may wait for each other, also
  /// through the workspace of the grid (%envreg1 and %envreg2).
  bool cooperative = false;
};

/// Returns the maximum number of blocks of a cooperative launch.
uint64_t countResidentBlocks(const Chip &chip, const KernelInfo &kernel,
                             const LaunchConfig &config);

/// The globals of a module on a device.
struct LoadedModule {
  std::shared_ptr<const Module> module;
  /// The addresses of `.global` and `.const` variables.
  struct Variable {
    std::string name;
    DevicePtr address;
    uint64_t size;
  };
  std::vector<Variable> variables;
  std::vector<DevicePtr> addresses; // by the number of the variable
};

/// Memory and launches of one chip. Calls that fail return false (or null) and
/// set `error`. A device must be used from one thread at a time.
class Device {
public:
  explicit Device(const Chip &chip);
  ~Device();
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;

  const Chip &getChip() const;

  /// Allocates memory. It is reserved, not committed: untouched pages cost
  /// nothing, so a tensor may have strides of gigabytes. Its contents are
  /// undefined, and loads from it are findings, until it is written. It is
  /// aligned to 256 bytes, with unmapped gaps around it. Returns 0 on failure.
  DevicePtr allocate(uint64_t bytes, Diagnostic &error);
  bool free(DevicePtr pointer, Diagnostic &error);
  bool copyToDevice(DevicePtr to, const void *from, uint64_t bytes,
                    Diagnostic &error);
  bool copyToHost(void *to, DevicePtr from, uint64_t bytes, Diagnostic &error);
  bool copyOnDevice(DevicePtr to, DevicePtr from, uint64_t bytes,
                    Diagnostic &error);
  /// Writes a pattern of `width` (1, 2 or 4) bytes `count` times.
  bool set(DevicePtr to, uint32_t pattern, unsigned width, uint64_t count,
           Diagnostic &error);
  /// Marks memory as unwritten, whatever it holds, for outputs that must be
  /// written completely.
  bool poison(DevicePtr pointer, uint64_t bytes, Diagnostic &error);
  /// Returns the number of written bytes in the range.
  uint64_t countInitialized(DevicePtr pointer, uint64_t bytes);
  /// Finds the allocation that holds the address. Returns false if there is
  /// none.
  bool findAllocation(DevicePtr address, DevicePtr &begin,
                      uint64_t &bytes) const;
  uint64_t getAllocatedBytes() const;

  /// Places the variables of a module in memory.
  std::unique_ptr<LoadedModule> load(std::shared_ptr<const Module> module,
                                     Diagnostic &error);
  void unload(LoadedModule &module);

  /// Runs a kernel until it ends. `parameters` is the parameter block, with
  /// every parameter at its offset. Returns false for a launch that a driver
  /// would reject (limits of the chip, shapes, parameters). Errors during the
  /// run are in `result.findings`.
  bool launch(const LoadedModule &module, const KernelInfo &kernel,
              const LaunchConfig &config,
              const std::vector<uint8_t> &parameters, const SimOptions &options,
              LaunchResult &result, Diagnostic &error);

private:
  class Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace ptxsim

#endif // PTXSIM_DEVICE_H
