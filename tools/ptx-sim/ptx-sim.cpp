//===- ptx-sim.cpp - Runs a PTX kernel on the CPU -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Arguments.h"
#include "diff/Runtime/OutputFiles.h"
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <getopt.h>
#include <iostream>
#include <sstream>

using namespace ptxsim;
using namespace mlir::diff;

static constexpr const char *kHelp =
    R"(Runs a kernel of a PTX file on the CPU, with checkers.

usage: ptx-sim kernel.ptx --kernel=NAME --grid=X,Y,Z --block=X,Y,Z --arg=... [options]
       ptx-sim --list kernel.ptx      the entries with their parameters
       ptx-sim --opcodes              every supported opcode with its qualifiers

  --kernel=NAME       the entry (default: the only one)
  --grid=X,Y,Z        blocks, --block=X,Y,Z threads of a block (default: 1,1,1)
  --cluster=X,Y,Z     blocks of a cluster (only 1,1,1)
  --shared=BYTES      dynamic shared memory
  --cooperative       all blocks run at once and may wait for each other
  --arg=VALUE         one for each parameter, in order:
                        u32:7, s64:-1, f32:0.5, ...   a scalar (u8 to u64, s8 to
                                                      s64, f16, bf16, f32, f64)
                        in:a.npy                      an array
                        out:f32:128x64:c.npy          an unwritten array, and
                                                      its output file
                        inout:b.npy:b_after.npy       both
                        bytes:00ff17                  an aggregate by value
  --chip=NAME         the GPU (default: that of the PTX)
  --registers=N       registers of a thread reported by ptxas, to check limits
  --check=LIST        none, or some of all (default; without same-value),
                      memory, init, race, sync, async, same-value
  --async=POLICY      when copies complete: late (default), eager, random
  --seed=N            the seed for random choices
  --perturb           perturb approximate functions within documented errors
  --tensor=MODE       fma (default): fused multiply-adds; truncate: like hardware
  --threads=N         host threads (default: one for each core)
  --steps=N           stop with an error after N warp instructions
  --time=N            run N more times and print one JSON line with the times
  --profile           print counters and a lower bound of cycles
  --json=FILE         write findings and counters
  --help, --version

Exit status: 0 for success; 1 for an error; 2 for findings of a checker, in which
case no array is written.
)";

namespace {
struct Options {
  std::string file, kernel, chip, json;
  LaunchConfig config;
  SimOptions sim;
  std::vector<std::string> arguments;
  unsigned timedRuns = 0;
  bool list = false, opcodes = false;
};
} // namespace

static int reportError(const std::string &message) {
  std::cerr << "error: " << message << "\n";
  return 1;
}

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

static bool parseNumber(const char *text, uint64_t most, uint64_t &value) {
  char *end = nullptr;
  errno = 0;
  value = std::strtoull(text, &end, 10);
  return *text >= '0' && *text <= '9' && !*end && !errno && value <= most;
}

static bool parseDim(const char *text, Dim3 &dim) {
  uint64_t values[3] = {1, 1, 1};
  std::string rest = text;
  for (uint64_t &value : values) {
    size_t comma = rest.find(',');
    if (!parseNumber(rest.substr(0, comma).c_str(), UINT32_MAX, value))
      return false;
    if (comma == std::string::npos) {
      rest.clear();
      break;
    }
    rest.erase(0, comma + 1);
    if (&value == &values[2])
      return false;
  }
  dim = {uint32_t(values[0]), uint32_t(values[1]), uint32_t(values[2])};
  return true;
}

/// Returns an error message, empty on success.
static std::string applyOption(const std::string &name, const char *value,
                               Options &options) {
  std::string wrong = "--" + name + ": '" + (value ? value : "") + "' is ";
  uint64_t number = 0;
  bool isName = name == "kernel" || name == "chip" || name == "json";
  if (isName && !*value)
    return wrong + "empty";
  if (name == "kernel")
    options.kernel = value;
  else if (name == "chip")
    options.chip = value;
  else if (name == "json")
    options.json = value;
  else if (name == "arg")
    options.arguments.emplace_back(value);
  else if (name == "list")
    options.list = true;
  else if (name == "opcodes")
    options.opcodes = true;
  else if (name == "profile")
    options.sim.profile = true;
  else if (name == "cooperative")
    options.config.cooperative = true;
  else if (name == "perturb")
    options.sim.perturb = true;
  else if (name == "grid" || name == "block" || name == "cluster") {
    Dim3 &dim = name == "grid"    ? options.config.grid
                : name == "block" ? options.config.block
                                  : options.config.cluster;
    if (!parseDim(value, dim))
      return wrong + "not of the form X, X,Y or X,Y,Z";
  } else if (name == "check") {
    if (!parseChecks(value, options.sim.checks))
      return wrong +
             "not all, none or a list of memory, init, race, sync, async, "
             "same-value";
  } else if (name == "async") {
    if (!parseAsyncPolicy(value, options.sim.async))
      return wrong + "not late, eager or random";
  } else if (name == "tensor") {
    if (std::strcmp(value, "fma") && std::strcmp(value, "truncate"))
      return wrong + "not fma or truncate";
    options.sim.truncateTensor = !std::strcmp(value, "truncate");
  } else {
    bool isLong = name == "seed" || name == "steps";
    if (!parseNumber(value, isLong ? UINT64_MAX : UINT32_MAX, number))
      return wrong + "no number, or too large";
    if (name == "steps" && !number)
      return wrong + "no limit; at least 1 instruction is legal";
    if (name == "shared")
      options.config.dynamicShared = uint32_t(number);
    else if (name == "registers")
      options.config.registersPerThread = unsigned(number);
    else if (name == "threads")
      options.sim.hostThreads = unsigned(number);
    else if (name == "steps")
      options.sim.maxSteps = number;
    else if (name == "time")
      options.timedRuns = unsigned(number);
    else
      options.sim.seed = number;
  }
  return "";
}

/// Exit status, or -1 to go on.
static int parseOptions(int argc, char **argv, Options &options) {
  static const option kOptions[] = {
      {"kernel", 1, nullptr, 0},      {"grid", 1, nullptr, 0},
      {"block", 1, nullptr, 0},       {"cluster", 1, nullptr, 0},
      {"shared", 1, nullptr, 0},      {"arg", 1, nullptr, 0},
      {"chip", 1, nullptr, 0},        {"registers", 1, nullptr, 0},
      {"check", 1, nullptr, 0},       {"async", 1, nullptr, 0},
      {"seed", 1, nullptr, 0},        {"perturb", 0, nullptr, 0},
      {"tensor", 1, nullptr, 0},      {"threads", 1, nullptr, 0},
      {"steps", 1, nullptr, 0},       {"time", 1, nullptr, 0},
      {"profile", 0, nullptr, 0},     {"json", 1, nullptr, 0},
      {"list", 0, nullptr, 0},        {"opcodes", 0, nullptr, 0},
      {"cooperative", 0, nullptr, 0}, {"help", 0, nullptr, 'h'},
      {"version", 0, nullptr, 'v'},   {nullptr, 0, nullptr, 0}};
  opterr = 0;
  int index = 0;
  while (true) {
    optopt = 0;
    int found = getopt_long(argc, argv, ":h", kOptions, &index);
    if (found == -1)
      break;
    if (found == 'h') {
      std::cout << kHelp;
      return 0;
    }
    if (found == 'v') {
      std::cout << "ptx-sim, DiffMLIR " PTXSIM_VERSION
                   "\n  PTX ISA 7.0 to 9.0\n";
      return 0;
    }
    // A letter is named by itself, a word is the last one that was looked at.
    std::string name = optopt ? std::string("-") + char(optopt)
                              : std::string(argv[optind - 1]);
    if (found == '?')
      return reportError("unknown option '" + name + "'; --help lists them");
    if (found == ':')
      return reportError("option '" + name + "' needs a value");
    std::string problem = applyOption(kOptions[index].name, optarg, options);
    if (!problem.empty())
      return reportError(problem);
  }
  for (; optind < argc; ++optind) {
    if (!options.file.empty())
      return reportError("one PTX file is run, found '" + options.file +
                         "' and '" + argv[optind] + "'");
    options.file = argv[optind];
  }
  return -1;
}

//===----------------------------------------------------------------------===//
// Lists
//===----------------------------------------------------------------------===//

static int listOpcodeTable() {
  for (const OpcodeDescription &line : listOpcodes())
    std::cout << line.opcode << (line.qualifiers.empty() ? "" : " ")
              << line.qualifiers << "\n";
  return 0;
}

static int listKernels(const Module &module) {
  for (const KernelInfo &kernel : module.getKernels()) {
    std::cout << kernel.name;
    if (kernel.requiredThreads[0])
      std::cout << "  block " << kernel.requiredThreads[0] << ","
                << kernel.requiredThreads[1] << ","
                << kernel.requiredThreads[2];
    if (kernel.staticShared)
      std::cout << "  shared " << kernel.staticShared;
    std::cout << "\n";
    for (const KernelParameter &parameter : kernel.parameters) {
      std::cout << "  ." << parameter.type << " " << parameter.name;
      if (parameter.isArray)
        std::cout << "[" << parameter.size << "]";
      std::cout << "\n";
    }
  }
  return 0;
}

//===----------------------------------------------------------------------===//
// A run
//===----------------------------------------------------------------------===//

static std::string readFile(const std::string &path, std::string &text) {
  std::ostringstream contents;
  if (path == "-") {
    contents << std::cin.rdbuf();
  } else {
    std::ifstream file(path, std::ios::binary);
    if (!file)
      return path + ": cannot be read: " + std::strerror(errno);
    contents << file.rdbuf();
    if (!file || file.bad())
      return path + ": cannot be read";
  }
  text = contents.str();
  return "";
}

/// The chip asked for, or the first that runs the PTX.
static const Chip *findChip(const Options &options, const Module &module,
                            std::string &problem) {
  std::string name = options.chip.empty() ? module.getTarget() : options.chip;
  if (const Chip *chip = lookUpChip(name))
    return chip;
  unsigned capability = 0;
  for (char c : name)
    if (c >= '0' && c <= '9')
      capability = capability * 10 + unsigned(c - '0');
  bool isSpecific = !name.empty() && (name.back() == 'a' || name.back() == 'f');
  if (options.chip.empty() && !isSpecific)
    for (const Chip &chip : getChips())
      if (chip.capability >= capability)
        return &chip;
  problem = "unknown GPU '" + name + "'; known are";
  for (const Chip &chip : getChips())
    problem += std::string(" ") + chip.name;
  return nullptr;
}

static const KernelInfo *
findKernel(const Options &options, const Module &module, std::string &problem) {
  if (options.kernel.empty() && module.getKernels().size() == 1)
    return &module.getKernels().front();
  if (!options.kernel.empty())
    if (const KernelInfo *kernel = module.findKernel(options.kernel))
      return kernel;
  problem = options.kernel.empty()
                ? "--kernel must be given; entries are"
                : "there is no entry '" + options.kernel + "'; entries are";
  for (const KernelInfo &kernel : module.getKernels())
    problem += " " + kernel.name;
  if (module.getKernels().empty())
    problem += " none";
  return nullptr;
}

static bool place(Device &device, std::vector<Argument> &arguments,
                  Diagnostic &error) {
  for (Argument &argument : arguments) {
    if (!argument.isArray)
      continue;
    auto bytes =
        uint64_t(getNpyDataSize(argument.array.type, argument.array.shape));
    argument.pointer = device.allocate(bytes, error);
    if (!argument.pointer)
      return false;
    if (argument.isRead
            ? !device.copyToDevice(argument.pointer, argument.array.data.data(),
                                   bytes, error)
            : !device.poison(argument.pointer, bytes, error))
      return false;
  }
  return true;
}

/// Adds the arrays that the kernel wrote to the files.
static std::string collect(Device &device, std::vector<Argument> &arguments,
                           OutputFiles &files) {
  for (Argument &argument : arguments) {
    if (!argument.isWritten)
      continue;
    NpyArray &array = argument.array;
    array.data.resize(size_t(getNpyDataSize(array.type, array.shape)));
    Diagnostic error;
    if (!device.copyToHost(array.data.data(), argument.pointer,
                           array.data.size(), error))
      return error.message;
    std::string problem =
        files.add(argument.output, formatNpyHeader(array.type, array.shape),
                  array.data.data(), array.data.size());
    if (!problem.empty())
      return problem;
  }
  return "";
}

/// One JSON line with the times of further runs.
static std::string timeRuns(Device &device, const LoadedModule &module,
                            const KernelInfo &kernel, const Options &options,
                            const std::vector<uint8_t> &block) {
  std::vector<double> times;
  for (unsigned i = 0; i < options.timedRuns; ++i) {
    LaunchResult result;
    Diagnostic error;
    if (device.launch(module, kernel, options.config, block, options.sim,
                      result, error))
      times.push_back(result.seconds * 1e3);
  }
  std::sort(times.begin(), times.end());
  size_t half = times.size() / 2;
  double median =
      times.size() % 2 ? times[half] : (times[half - 1] + times[half]) / 2;
  char line[160];
  std::snprintf(line, sizeof(line),
                "{\"median_ms\": %.4f, \"min_ms\": %.4f, \"max_ms\": %.4f}\n",
                median, times.front(), times.back());
  return line;
}

static void printFindings(const Options &options, const LaunchResult &result) {
  for (const Finding &finding : result.findings)
    std::cerr << options.file << ": " << finding.format() << "\n";
}

static int run(const Options &options,
               const std::shared_ptr<const Module> &module) {
  std::string problem;
  const Chip *chip = findChip(options, *module, problem);
  const KernelInfo *kernel =
      chip ? findKernel(options, *module, problem) : nullptr;
  if (!kernel)
    return reportError(problem);
  std::vector<Argument> arguments;
  for (const std::string &text : options.arguments) {
    arguments.emplace_back();
    problem = parseArgument(text, arguments.back());
    if (!problem.empty())
      return reportError("--arg=" + text + ": " + problem);
  }
  Device device(*chip);
  Diagnostic error;
  std::unique_ptr<LoadedModule> loaded = device.load(module, error);
  if (!loaded || !place(device, arguments, error))
    return reportError(error.format(options.file));
  std::vector<uint8_t> block;
  problem = packArguments(*kernel, arguments, block);
  if (!problem.empty())
    return reportError(problem);
  SimOptions sim = options.sim;
  sim.profile |= !options.json.empty();
  LaunchResult result;
  if (!device.launch(*loaded, *kernel, options.config, block, sim, result,
                     error))
    return reportError(error.format(options.file));
  if (!result.stepLimit.empty()) {
    printFindings(options, result);
    return reportError(result.stepLimit);
  }

  OutputFiles files;
  if (result.findings.empty())
    problem = collect(device, arguments, files);
  std::string report = formatReport(result);
  if (problem.empty() && !options.json.empty())
    problem = files.add(options.json, report);
  if (problem.empty())
    problem = files.commit();
  if (!problem.empty())
    return reportError(problem);
  printFindings(options, result);
  if (!result.findings.empty()) {
    reportError("the checkers found " + std::to_string(result.findings.size()) +
                (result.findings.size() == 1 ? " thing" : " things") +
                " wrong with " + kernel->name);
    return 2;
  }
  if (options.sim.profile)
    std::cout << formatProfile(result);
  if (options.timedRuns)
    std::cout << timeRuns(device, *loaded, *kernel, options, block);
  return 0;
}

int main(int argc, char **argv) {
  Options options;
  int status = parseOptions(argc, argv, options);
  if (status >= 0)
    return status;
  if (options.opcodes)
    return listOpcodeTable();
  if (options.file.empty())
    return reportError("no PTX file given; see --help");
  std::string text;
  std::string problem = readFile(options.file, text);
  if (!problem.empty())
    return reportError(problem);
  Diagnostic error;
  std::shared_ptr<const Module> module = Module::parse(text, error);
  if (!module)
    return reportError(error.format(options.file));
  return options.list ? listKernels(*module) : run(options, module);
}
