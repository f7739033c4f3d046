//===- Device.cpp - A simulated GPU ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ptxsim/Device.h"
#include "Check/Races.h"
#include "Profile/Bounds.h"
#include "Profile/Profiler.h"
#include "Warp.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

using namespace ptxsim;

class Device::Impl {
public:
  explicit Impl(const Chip &chip) : chip(chip) {}
  const Chip &chip;
  DeviceMemory memory;
};

Device::Device(const Chip &chip) : impl(std::make_unique<Impl>(chip)) {}
Device::~Device() = default;
const Chip &Device::getChip() const { return impl->chip; }

static bool fail(Diagnostic &error, std::string message) {
  error = {0, 0, std::move(message)};
  return false;
}

static std::string toHex(uint64_t value) {
  char buffer[24];
  std::snprintf(buffer, sizeof(buffer), "0x%llx",
                static_cast<unsigned long long>(value));
  return buffer;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

DevicePtr Device::allocate(uint64_t bytes, Diagnostic &error) {
  Allocation *allocation = impl->memory.allocate(bytes, false, error);
  return allocation ? allocation->base : 0;
}

bool Device::free(DevicePtr pointer, Diagnostic &error) {
  return impl->memory.free(pointer) ||
         fail(error, toHex(pointer) + " is not the address of an allocation");
}

/// Returns the allocation that holds the range, or null and an error.
static Allocation *findRange(const DeviceMemory &memory, DevicePtr pointer,
                             uint64_t bytes, Diagnostic &error) {
  Allocation *allocation = memory.find(pointer);
  if (allocation && allocation->contains(pointer, bytes))
    return allocation;
  fail(error, "the " + std::to_string(bytes) + " bytes at " + toHex(pointer) +
                  (allocation ? " reach beyond their allocation of " +
                                    std::to_string(allocation->size) + " bytes"
                              : " lie in no allocation"));
  return nullptr;
}

bool Device::copyToDevice(DevicePtr to, const void *from, uint64_t bytes,
                          Diagnostic &error) {
  if (!bytes)
    return true;
  Allocation *target = findRange(impl->memory, to, bytes, error);
  if (!target)
    return false;
  std::memcpy(target->data.data() + (to - target->base), from, bytes);
  std::memset(target->init.data() + (to - target->base), 1, bytes);
  return true;
}

bool Device::copyToHost(void *to, DevicePtr from, uint64_t bytes,
                        Diagnostic &error) {
  if (!bytes)
    return true;
  const Allocation *source = findRange(impl->memory, from, bytes, error);
  if (!source)
    return false;
  std::memcpy(to, source->data.data() + (from - source->base), bytes);
  return true;
}

bool Device::copyOnDevice(DevicePtr to, DevicePtr from, uint64_t bytes,
                          Diagnostic &error) {
  if (!bytes)
    return true;
  Allocation *target = findRange(impl->memory, to, bytes, error);
  const Allocation *source =
      target ? findRange(impl->memory, from, bytes, error) : nullptr;
  if (!source)
    return false;
  std::memmove(target->data.data() + (to - target->base),
               source->data.data() + (from - source->base), bytes);
  std::memmove(target->init.data() + (to - target->base),
               source->init.data() + (from - source->base), bytes);
  return true;
}

bool Device::set(DevicePtr to, uint32_t pattern, unsigned width, uint64_t count,
                 Diagnostic &error) {
  if (!count)
    return true;
  if (width != 1 && width != 2 && width != 4)
    return fail(error, "a pattern has 1, 2 or 4 bytes, found " +
                           std::to_string(width));
  if (to % width)
    return fail(error, toHex(to) + " is not a multiple of the pattern's " +
                           std::to_string(width) + " bytes");
  if (count > UINT64_MAX / width)
    return fail(error, "the range is too large");
  Allocation *target = findRange(impl->memory, to, count * width, error);
  if (!target)
    return false;
  uint8_t *data = target->data.data() + (to - target->base);
  for (uint64_t i = 0; i < count; ++i)
    std::memcpy(data + i * width, &pattern, width);
  std::memset(target->init.data() + (to - target->base), 1, count * width);
  return true;
}

bool Device::poison(DevicePtr pointer, uint64_t bytes, Diagnostic &error) {
  if (!bytes)
    return true;
  Allocation *target = findRange(impl->memory, pointer, bytes, error);
  if (!target)
    return false;
  // All ones is NaN in every floating-point type.
  std::memset(target->data.data() + (pointer - target->base), 0xff, bytes);
  std::memset(target->init.data() + (pointer - target->base), 0, bytes);
  return true;
}

uint64_t Device::countInitialized(DevicePtr pointer, uint64_t bytes) {
  Diagnostic error;
  const Allocation *memory =
      bytes ? findRange(impl->memory, pointer, bytes, error) : nullptr;
  if (!memory)
    return 0;
  const uint8_t *begin = memory->init.data() + (pointer - memory->base);
  return uint64_t(std::count(begin, begin + bytes, uint8_t(1)));
}

bool Device::findAllocation(DevicePtr address, DevicePtr &begin,
                            uint64_t &bytes) const {
  const Allocation *found = impl->memory.find(address);
  if (!found)
    return false;
  begin = found->base;
  bytes = found->size;
  return true;
}

uint64_t Device::getAllocatedBytes() const {
  return impl->memory.getAllocatedBytes();
}

//===----------------------------------------------------------------------===//
// Modules
//===----------------------------------------------------------------------===//

/// Returns the number in `.target`, and the letter after it.
static unsigned getTargetNumber(const std::string &target, char &suffix) {
  unsigned number = 0;
  suffix = 0;
  for (char c : target)
    if (c >= '0' && c <= '9')
      number = number * 10 + unsigned(c - '0');
    else if (number)
      suffix = c;
  return number;
}

static bool checkTarget(const Module &module, const Chip &chip,
                        Diagnostic &error) {
  char suffix;
  unsigned number = getTargetNumber(module.getTarget(), suffix);
  bool runs = suffix == 'a'   ? number == chip.capability
              : suffix == 'f' ? number / 10 == chip.capability / 10 &&
                                    number <= chip.capability
                              : number <= chip.capability;
  return runs || fail(error, "PTX for " + module.getTarget() +
                                 " does not run on " + chip.name);
}

std::unique_ptr<LoadedModule> Device::load(std::shared_ptr<const Module> module,
                                           Diagnostic &error) {
  if (!checkTarget(*module, impl->chip, error))
    return nullptr;
  auto loaded = std::make_unique<LoadedModule>();
  loaded->module = std::move(module);
  const std::vector<Variable> &variables =
      loaded->module->getProgram().tree->variables;
  loaded->addresses.resize(variables.size());
  for (size_t i = 0; i < variables.size(); ++i) {
    const Variable &variable = variables[i];
    if (variable.space != Space::Global && variable.space != Space::Const)
      continue;
    if (variable.isExtern) {
      unload(*loaded);
      error = {variable.position.line, variable.position.column,
               "variable " + variable.name + " is defined in no module"};
      return nullptr;
    }
    Allocation *memory = impl->memory.allocate(
        variable.size, variable.space == Space::Const, error);
    if (!memory) {
      unload(*loaded);
      return nullptr;
    }
    // A variable without an initializer is zero.
    if (!variable.initializer.empty())
      std::memcpy(memory->data.data(), variable.initializer.data(),
                  std::min<size_t>(variable.initializer.size(), variable.size));
    if (variable.size)
      std::memset(memory->init.data(), 1, variable.size);
    loaded->addresses[i] = memory->base;
    loaded->variables.push_back({variable.name, memory->base, variable.size});
  }
  for (size_t i = 0; i < variables.size(); ++i)
    for (const Variable::Relocation &place : variables[i].relocations) {
      uint64_t value =
          loaded->addresses[place.variable] + uint64_t(place.addend);
      Allocation *memory = impl->memory.find(loaded->addresses[i]);
      if (memory && place.size <= 8 &&
          place.offset + place.size <= memory->size)
        std::memcpy(memory->data.data() + place.offset, &value, place.size);
    }
  return loaded;
}

void Device::unload(LoadedModule &module) {
  for (const LoadedModule::Variable &variable : module.variables)
    impl->memory.free(variable.address);
  module.variables.clear();
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

static std::string formatDim(const Dim3 &dim) {
  return "(" + std::to_string(dim.x) + ", " + std::to_string(dim.y) + ", " +
         std::to_string(dim.z) + ")";
}

static bool checkShape(const KernelInfo &kernel, const LaunchConfig &config,
                       const Chip &chip, Diagnostic &error) {
  const Dim3 &grid = config.grid, &block = config.block;
  if (!grid.x || !grid.y || !grid.z || !block.x || !block.y || !block.z)
    return fail(error,
                "a grid and a block have at least one of each dimension, "
                "found grid " +
                    formatDim(grid) + ", block " + formatDim(block));
  if (grid.x > 0x7fffffff || grid.y > 65535 || grid.z > 65535)
    return fail(error, "grid " + formatDim(grid) +
                           " is too large; at most (2147483647, 65535, 65535)");
  if (block.x > 1024 || block.y > 1024 || block.z > 64 ||
      block.count() > chip.maxThreadsPerBlock)
    return fail(error, "block " + formatDim(block) +
                           " is too large; at most (1024, 1024, 64) and " +
                           std::to_string(chip.maxThreadsPerBlock) +
                           " threads");
  if (config.cluster.count() != 1)
    return fail(error, "clusters of more than one block are not supported, "
                       "found " +
                           formatDim(config.cluster));
  const uint32_t *required = kernel.requiredThreads;
  if (required[0] && (required[0] != block.x || required[1] != block.y ||
                      required[2] != block.z))
    return fail(error, "kernel " + kernel.name + " requires blocks of " +
                           formatDim({required[0], required[1], required[2]}) +
                           " threads, found " + formatDim(block));
  const uint32_t *most = kernel.maxThreads;
  uint64_t count = uint64_t(most[0]) * most[1] * most[2];
  if (count && block.count() > count)
    return fail(error, "kernel " + kernel.name + " allows " +
                           std::to_string(count) +
                           " threads in a block, found " +
                           std::to_string(block.count()));
  return true;
}

static bool checkResources(const KernelInfo &kernel, const LaunchConfig &config,
                           const Chip &chip, Diagnostic &error) {
  uint64_t shared = uint64_t(kernel.staticShared) + config.dynamicShared;
  if (shared > chip.sharedPerBlock)
    return fail(error, "the block needs " + std::to_string(shared) +
                           " bytes of shared memory; " + chip.name + " has " +
                           std::to_string(chip.sharedPerBlock));
  if (kernel.staticShared > chip.sharedPerBlockDefault)
    return fail(error, "kernel " + kernel.name + " declares " +
                           std::to_string(kernel.staticShared) +
                           " bytes of static shared memory; at most " +
                           std::to_string(chip.sharedPerBlockDefault) +
                           " are legal, more must be dynamic");
  if (!config.registersPerThread)
    return true;
  if (config.registersPerThread > chip.maxRegistersPerThread)
    return fail(error, std::to_string(config.registersPerThread) +
                           " registers a thread; " + chip.name + " has " +
                           std::to_string(chip.maxRegistersPerThread));
  uint64_t warps = (config.block.count() + kLanes - 1) / kLanes;
  uint64_t unit = chip.registerUnitPerWarp;
  uint64_t perWarp =
      (uint64_t(config.registersPerThread) * kLanes + unit - 1) / unit * unit;
  if (warps * perWarp > chip.registersPerSM)
    return fail(error, "the block needs " + std::to_string(warps * perWarp) +
                           " registers; " + chip.name + " has " +
                           std::to_string(chip.registersPerSM));
  return true;
}

uint64_t ptxsim::countResidentBlocks(const Chip &chip, const KernelInfo &kernel,
                                     const LaunchConfig &config) {
  Bound bound;
  computeOccupancy(chip, kernel, config, bound);
  return uint64_t(bound.blocksPerSM) * chip.multiprocessors;
}

/// A cooperative launch waits for all of its blocks.
static bool checkCooperative(const KernelInfo &kernel,
                             const LaunchConfig &config, const Chip &chip,
                             Diagnostic &error) {
  uint64_t most = countResidentBlocks(chip, kernel, config);
  return !config.cooperative || config.grid.count() <= most ||
         fail(error, "a cooperative launch of " +
                         std::to_string(config.grid.count()) + " blocks; " +
                         chip.name + " holds " + std::to_string(most) +
                         " of them at once");
}

namespace {
/// The workspace of a cooperative launch in the format of cooperative groups:
/// its size, and a word that is 0.
class GridWorkspace {
public:
  explicit GridWorkspace(DeviceMemory &memory) : memory(memory) {}
  ~GridWorkspace() {
    if (base)
      memory.free(base);
  }
  GridWorkspace(const GridWorkspace &) = delete;
  GridWorkspace &operator=(const GridWorkspace &) = delete;

  uint64_t make(Diagnostic &error) {
    const uint32_t words[2] = {sizeof(words), 0};
    if (Allocation *found = memory.allocate(sizeof(words), false, error)) {
      std::memcpy(found->data.data(), words, sizeof(words));
      std::memset(found->init.data(), 1, sizeof(words));
      base = found->base;
    }
    return base;
  }

private:
  DeviceMemory &memory;
  uint64_t base = 0;
};
} // namespace

/// The library was compiled for vectors of this width.
static bool checkProcessor(Diagnostic &error) {
#ifdef __AVX2__
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
    return fail(error, "this simulator was built for processors with AVX2 and "
                       "FMA, which this one lacks; build it with "
                       "-DPTXSIM_MARCH=x86-64");
#endif
  (void)error;
  return true;
}

bool Device::launch(const LoadedModule &module, const KernelInfo &kernel,
                    const LaunchConfig &config,
                    const std::vector<uint8_t> &parameters,
                    const SimOptions &options, LaunchResult &result,
                    Diagnostic &error) {
  result = LaunchResult();
  if (!checkProcessor(error) ||
      !checkShape(kernel, config, impl->chip, error) ||
      !checkResources(kernel, config, impl->chip, error) ||
      !checkCooperative(kernel, config, impl->chip, error))
    return false;
  if (parameters.size() < kernel.parameterBytes)
    return fail(error, "kernel " + kernel.name + " has " +
                           std::to_string(kernel.parameterBytes) +
                           " bytes of parameters, found " +
                           std::to_string(parameters.size()));
  Launch launch;
  launch.chip = &impl->chip;
  launch.memory = &impl->memory;
  launch.module = module.module.get();
  launch.program = &module.module->getProgram();
  launch.loaded = &module;
  launch.config = config;
  launch.options = options;
  launch.parameters = parameters;
  for (const KernelCode &code : launch.program->kernels)
    if (code.info.name == kernel.name)
      launch.kernel = &code;
  if (!launch.kernel)
    return fail(error, "the module has no kernel " + kernel.name);
  fillConstants(launch);
  GridWorkspace workspace(impl->memory);
  if (config.cooperative && !(launch.gridWorkspace = workspace.make(error)))
    return false;
  if (options.profile) {
    launch.profiler = std::make_unique<Profiler>(launch);
    for (const auto &[base, allocation] : impl->memory.all()) {
      allocation->touched.clear();
      allocation->touchedPages.clear();
    }
  }
  if (options.checks & (CheckRace | CheckSameValue))
    launch.globalRaces = std::make_unique<GlobalRaces>(launch);

  auto start = std::chrono::steady_clock::now();
  runGrid(launch);
  std::fflush(stdout); // of the kernel's printf
  result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();

  result.stepLimit = std::move(launch.stepLimit);

  result.findings = takeFindings(launch);
  if (launch.profiler) {
    launch.profiler->finish(result);
    result.hasCounters = true;
  }
  return true;
}
