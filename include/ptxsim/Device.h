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

/// An address in the device's memory. It is no host pointer.
using DevicePtr = uint64_t;

/// How launches are run.
struct SimOptions {
  unsigned checks = CheckAll;
  AsyncPolicy async = AsyncPolicy::Late;
  /// Of everything that is random: the moment of copies, perturbations.
  uint64_t seed = 0;
  bool profile = false;
  /// Approximate functions return a random value within their documented error
  /// in place of the correctly rounded one.
  bool perturb = false;
  /// Tensor-core products truncate as measured on hardware, in place of plain
  /// fused multiply-adds in the order of k.
  bool truncateTensor = false;
  /// Host threads that run blocks; 0: one for each core.
  unsigned hostThreads = 0;
  /// Warp instructions after which a launch is stopped; 0: no limit.
  uint64_t maxSteps = 0;
  /// Findings of one launch that are kept.
  unsigned maxFindings = 100;
};

struct LaunchConfig {
  Dim3 grid;
  Dim3 block;
  Dim3 cluster;
  /// Dynamic shared memory in bytes.
  uint32_t dynamicShared = 0;
  /// ptxas's figure; 0: unknown, not checked.
  unsigned registersPerThread = 0;
  /// All blocks are on the chip at once and may wait for each other, by way of
  /// the grid's workspace too (%envreg1 and %envreg2).
  bool cooperative = false;
};

/// The most blocks that a cooperative launch of the kernel may have.
uint64_t countResidentBlocks(const Chip &chip, const KernelInfo &kernel,
                             const LaunchConfig &config);

/// A module's globals on a device.
struct LoadedModule {
  std::shared_ptr<const Module> module;
  /// Where `.global` and `.const` variables lie.
  struct Variable {
    std::string name;
    DevicePtr address;
    uint64_t size;
  };
  std::vector<Variable> variables;
  std::vector<DevicePtr> addresses; // by the program's number of the variable
};

/// Memory and launches of one chip. Calls that fail return false (or null) and
/// fill in `error`. A device may be used from one thread at a time.
class Device {
public:
  explicit Device(const Chip &chip);
  ~Device();
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;

  const Chip &getChip() const;

  /// Memory. It is reserved, not committed: pages that nothing touches cost
  /// nothing, so a tensor may have strides of gigabytes. Its contents are
  /// undefined, and loads from it are findings, until something writes it.
  /// 256-byte aligned, with an unmapped gap around it. 0 on failure.
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
  /// Marks memory as written by nothing, whatever it holds: an output that is
  /// to be written whole.
  bool poison(DevicePtr pointer, uint64_t bytes, Diagnostic &error);
  /// The number of bytes in the range that something has written.
  uint64_t countInitialized(DevicePtr pointer, uint64_t bytes);
  /// The allocation that holds the address; false if none does.
  bool findAllocation(DevicePtr address, DevicePtr &begin,
                      uint64_t &bytes) const;
  uint64_t getAllocatedBytes() const;

  /// Places a module's variables in memory.
  std::unique_ptr<LoadedModule> load(std::shared_ptr<const Module> module,
                                     Diagnostic &error);
  void unload(LoadedModule &module);

  /// Runs a kernel to its end. `parameters` is the parameter block: every
  /// parameter at its offset. False for a launch that a driver would refuse
  /// (limits of the chip, shapes, parameters); what goes wrong while it runs is
  /// in `result.findings`.
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
