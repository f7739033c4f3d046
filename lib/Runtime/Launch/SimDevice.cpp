//===- SimDevice.cpp - Launches on the simulator --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/Launch/SimDevice.h"
#include "ptxsim/Device.h"
#include <algorithm>
#include <utility>

using namespace mlir::diff::launch;

//===----------------------------------------------------------------------===//
// Results of several launches
//===----------------------------------------------------------------------===//

template <typename Key, typename Value>
static void addMap(std::map<Key, Value> &sum,
                   const std::map<Key, Value> &more) {
  for (const auto &[key, value] : more)
    sum[key] += value;
}

static void addLines(ptxsim::Counters &sum, const ptxsim::Counters &more) {
  for (const auto &[line, counters] : more.byLine) {
    ptxsim::Counters::LineCounters &place = sum.byLine[line];
    place.executions += counters.executions;
    place.wavefronts += counters.wavefronts;
    place.idealWavefronts += counters.idealWavefronts;
    place.sectors += counters.sectors;
    place.globalBytes += counters.globalBytes;
  }
}

static void addCounters(ptxsim::Counters &sum, const ptxsim::Counters &more) {
  sum.warpInstructions += more.warpInstructions;
  sum.threadInstructions += more.threadInstructions;
  addMap(sum.byOpcode, more.byOpcode);
  addMap(sum.byClass, more.byClass);
  addMap(sum.tensorCount, more.tensorCount);
  addMap(sum.tensorFlops, more.tensorFlops);
  sum.sfuOperations += more.sfuOperations;
  addMap(sum.laneOperations, more.laneOperations);
  sum.sharedAccesses += more.sharedAccesses;
  sum.sharedBytes += more.sharedBytes;
  sum.sharedWavefronts += more.sharedWavefronts;
  sum.sharedIdealWavefronts += more.sharedIdealWavefronts;
  sum.globalAccesses += more.globalAccesses;
  sum.globalSectors += more.globalSectors;
  sum.globalBytes += more.globalBytes;
  sum.globalLoadBytes += more.globalLoadBytes;
  sum.globalStoreBytes += more.globalStoreBytes;
  sum.globalUniqueBytes += more.globalUniqueBytes;
  sum.barriers += more.barriers;
  addLines(sum, more);
}

/// Kernels run one after the other, so counters and bounds are added. The
/// result names the pipe with the longest bound and the lowest occupancy.
static void addResult(ptxsim::LaunchResult &sum, ptxsim::LaunchResult more,
                      bool isFirst) {
  if (isFirst) {
    sum = std::move(more);
    return;
  }
  sum.findings.insert(sum.findings.end(), more.findings.begin(),
                      more.findings.end());
  sum.seconds += more.seconds;
  sum.hasCounters |= more.hasCounters;
  addCounters(sum.counters, more.counters);
  ptxsim::Bound &bound = sum.bound;
  addMap(bound.cyclesByPipe, more.bound.cyclesByPipe);
  bound.cycles += more.bound.cycles;
  auto most = std::max_element(
      bound.cyclesByPipe.begin(), bound.cyclesByPipe.end(),
      [](const auto &a, const auto &b) { return a.second < b.second; });
  if (most != bound.cyclesByPipe.end())
    bound.pipe = most->first;
  if (more.bound.warpsPerSM < bound.warpsPerSM) {
    bound.blocksPerSM = more.bound.blocksPerSM;
    bound.warpsPerSM = more.bound.warpsPerSM;
    bound.occupancyLimit = more.bound.occupancyLimit;
  }
}

//===----------------------------------------------------------------------===//
// The device
//===----------------------------------------------------------------------===//

namespace {
struct SimCode : LoadedCode {
  SimCode(ptxsim::Device &device) : device(device) {}
  ~SimCode() override {
    if (loaded)
      device.unload(*loaded);
  }

  ptxsim::Device &device;
  std::unique_ptr<ptxsim::LoadedModule> loaded;
};

class SimDevice : public DeviceInterface {
public:
  SimDevice(const ptxsim::Chip &chip, const ptxsim::SimOptions &options)
      : device(chip), options(options) {}

  std::string getName() const override {
    const ptxsim::Chip &chip = device.getChip();
    return std::string("simulated ") + chip.product + " (" + chip.name + ")";
  }
  unsigned getCapability() const override {
    return device.getChip().capability;
  }
  DeviceLimits getLimits() const override {
    DeviceLimits limits;
    limits.threadsPerBlock = device.getChip().maxThreadsPerBlock;
    limits.sharedMemoryPerBlock = device.getChip().sharedPerBlock;
    return limits;
  }

  std::string load(const std::string &code,
                   std::unique_ptr<LoadedCode> &loaded) override {
    if (code.compare(0, 4,
                     "\x7f"
                     "ELF") == 0)
      return "the simulator runs PTX, found a cubin";
    ptxsim::Diagnostic error;
    std::shared_ptr<const ptxsim::Module> module =
        ptxsim::Module::parse(code, error);
    if (!module)
      return error.format("PTX");
    auto result = std::make_unique<SimCode>(device);
    result->loaded = device.load(module, error);
    if (!result->loaded)
      return error.format("PTX");
    loaded = std::move(result);
    return "";
  }

  std::string allocate(uint64_t bytes, uint64_t &address) override {
    ptxsim::Diagnostic error;
    address = device.allocate(bytes, error);
    return address ? "" : error.message;
  }
  std::string free(uint64_t address) override {
    ptxsim::Diagnostic error;
    return device.free(address, error) ? "" : error.message;
  }
  std::string copyToDevice(uint64_t to, const void *from,
                           uint64_t bytes) override {
    ptxsim::Diagnostic error;
    return device.copyToDevice(to, from, bytes, error) ? "" : error.message;
  }
  std::string copyToHost(void *to, uint64_t from, uint64_t bytes) override {
    ptxsim::Diagnostic error;
    return device.copyToHost(to, from, bytes, error) ? "" : error.message;
  }
  std::string set(uint64_t to, uint8_t value, uint64_t bytes) override {
    ptxsim::Diagnostic error;
    return device.set(to, value, 1, bytes, error) ? "" : error.message;
  }

  std::string launch(const LoadedCode &code, const std::string &kernel,
                     const LaunchShape &shape,
                     const std::vector<uint8_t> &parameters) override;
  std::string synchronize() override { return ""; }

  std::string beginTiming() override {
    seconds = 0;
    return "";
  }
  std::string endTiming(double &milliseconds) override {
    milliseconds = seconds * 1e3;
    return "";
  }

  bool tracksMemory() const override { return true; }
  std::string poison(uint64_t address, uint64_t bytes) override {
    ptxsim::Diagnostic error;
    return device.poison(address, bytes, error) ? "" : error.message;
  }
  uint64_t countWritten(uint64_t address, uint64_t bytes) override {
    return device.countInitialized(address, bytes);
  }

  std::vector<std::string> getFindings() const override {
    std::vector<std::string> lines;
    for (const ptxsim::Finding &finding : results.findings) {
      // The PTX line follows on a separate line.
      std::string line = finding.format();
      for (size_t at; (at = line.find("\n  ")) != std::string::npos;)
        line.replace(at, 3, ": ");
      std::replace(line.begin(), line.end(), '\n', ' ');
      lines.push_back(std::move(line));
    }
    return lines;
  }
  std::string getReport() const override {
    return ptxsim::formatReport(results);
  }
  std::string getProfile() const override {
    return results.hasCounters ? ptxsim::formatProfile(results) : "";
  }
  void clearResults() override {
    results = ptxsim::LaunchResult();
    hasResults = false;
  }

private:
  ptxsim::Device device;
  ptxsim::SimOptions options;
  /// Of the launches since `clearResults`.
  ptxsim::LaunchResult results;
  bool hasResults = false;
  double seconds = 0;
};
} // namespace

std::string SimDevice::launch(const LoadedCode &code, const std::string &kernel,
                              const LaunchShape &shape,
                              const std::vector<uint8_t> &parameters) {
  const ptxsim::LoadedModule &loaded =
      *static_cast<const SimCode &>(code).loaded;
  const ptxsim::KernelInfo *info = loaded.module->findKernel(kernel);
  if (!info)
    return "the PTX has no kernel '" + kernel + "'";
  if (info->parameterBytes != parameters.size())
    return "kernel '" + kernel + "' takes " +
           std::to_string(info->parameterBytes) +
           " bytes of parameters, the manifest describes " +
           std::to_string(parameters.size());
  ptxsim::LaunchConfig config;
  config.grid = {shape.grid[0], shape.grid[1], shape.grid[2]};
  config.block = {shape.block[0], shape.block[1], shape.block[2]};
  config.dynamicShared = shape.dynamicSharedMemory;
  ptxsim::LaunchResult result;
  ptxsim::Diagnostic error;
  if (!device.launch(loaded, *info, config, parameters, options, result, error))
    return "kernel '" + kernel + "': " + error.format("PTX");
  if (!result.stepLimit.empty())
    return "kernel '" + kernel + "': " + result.stepLimit;
  seconds += result.seconds;
  addResult(results, std::move(result), !std::exchange(hasResults, true));
  return "";
}

std::string
mlir::diff::launch::createSimDevice(const SimSettings &settings,
                                    std::unique_ptr<DeviceInterface> &device) {
  const ptxsim::Chip *chip = ptxsim::lookUpChip(settings.chip);
  if (!chip) {
    std::string known;
    for (const ptxsim::Chip &one : ptxsim::getChips())
      known += (known.empty() ? "" : ", ") + std::string(one.name);
    return "unknown GPU '" + settings.chip + "'; known are " + known;
  }
  ptxsim::SimOptions options;
  if (!ptxsim::parseChecks(settings.check, options.checks))
    return "unknown checkers '" + settings.check +
           "'; none or a list of all, memory, init, race, sync, async, "
           "same-value is legal";
  if (!ptxsim::parseAsyncPolicy(settings.async, options.async))
    return "unknown policy of copies '" + settings.async +
           "'; late, eager and random are legal";
  if (settings.tensor != "fma" && settings.tensor != "truncate")
    return "unknown arithmetic of tensor cores '" + settings.tensor +
           "'; fma and truncate are legal";
  options.truncateTensor = settings.tensor == "truncate";
  options.seed = settings.seed;
  options.maxSteps = settings.steps;
  options.profile = settings.profile;
  options.perturb = settings.perturb;
  options.hostThreads = settings.threads;
  device = std::make_unique<SimDevice>(*chip, options);
  return "";
}
