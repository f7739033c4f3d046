//===- diff-launch.cpp - Runs a folder of compiled cases ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CaseRun.h"
#include "diff/Runtime/Launch/CudaDevice.h"
#include "diff/Runtime/Launch/SimDevice.h"
#include "diff/Runtime/OutputFiles.h"
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <getopt.h>
#include <nlohmann/json.hpp>

using namespace mlir::diff;
using namespace mlir::diff::launch;
using Json = nlohmann::ordered_json;

static constexpr const char *kHelp =
    R"(Runs a folder of compiled cases on a GPU and compares the results.

usage: diff-launch FOLDER [options]

  --target=WHERE      cuda (default): a GPU; sim: the simulator
  --device=N          the number of the GPU (cuda; default: 0)
  --libcuda=PATH      the CUDA driver library (cuda; default: libcuda.so.1)
  --chip=NAME         the GPU to simulate (sim)
  --check=LIST        none, or some of all (default; without same-value),
                      memory, init, race, sync, async, same-value
  --async=POLICY      when copies complete: late (default), eager, random
  --seed=N            the seed for random choices
  --steps=N           stop a launch after N warp instructions (sim)
  --threads=N         host threads (default: one for each core)
  --filter=TEXT       run only cases whose name contains TEXT
  --time=N            run N more times and show the median
  --json=FILE         write the results as JSON
  --list              print the names of the cases and the chips of their code
  --probe             print the device's name; needs no folder
  --help, --version

Each case runs the code that fits the device best. Guard zones surround its
arrays, results are initially NaN, and every element must be written.

Exit status: 0 if all cases agree; 1 if a case does not agree or an error
occurs; 2 if a checker of the simulator reports a finding.
)";

namespace {
struct Options {
  std::string folder, target = "cuda", filter, json;
  SimSettings simulator;
  CudaSettings cuda;
  unsigned timedRuns = 0;
  bool list = false, probe = false;
  /// The given options, by target.
  std::string ofSimulator, ofCuda;
};
} // namespace

static int reportError(const std::string &message) {
  std::fprintf(stderr, "error: %s\n", message.c_str());
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

/// Returns an empty string or an error message.
static std::string applyOption(const std::string &name, const char *value,
                               Options &options) {
  struct Text {
    const char *name;
    std::string &place;
  };
  const Text texts[] = {{"target", options.target},
                        {"libcuda", options.cuda.library},
                        {"chip", options.simulator.chip},
                        {"check", options.simulator.check},
                        {"async", options.simulator.async},
                        {"filter", options.filter},
                        {"json", options.json}};
  for (const char *one : {"chip", "check", "async", "seed", "steps", "threads"})
    if (name == one)
      options.ofSimulator = name;
  for (const char *one : {"device", "libcuda"})
    if (name == one)
      options.ofCuda = name;
  for (const Text &text : texts)
    if (name == text.name) {
      text.place = value;
      return "";
    }
  if (name == "list" || name == "probe") {
    (name == "list" ? options.list : options.probe) = true;
    return "";
  }
  uint64_t number = 0;
  bool isLong = name == "seed" || name == "steps";
  uint64_t most = isLong ? UINT64_MAX : INT32_MAX;
  if (!parseNumber(value, most, number) || (name == "time" && !number))
    return "--" + name + ": '" + value + "' is not a number from " +
           (name == "time" ? "1" : "0") + " to " + std::to_string(most);
  if (name == "seed")
    options.simulator.seed = number;
  else if (name == "steps")
    options.simulator.steps = number;
  else if (name == "threads")
    options.simulator.threads = unsigned(number);
  else if (name == "device")
    options.cuda.ordinal = int(number);
  else
    options.timedRuns = unsigned(number);
  return "";
}

/// Returns the option that ::getopt_long has just rejected.
static std::string getRefusedOption(char **argv) {
  std::string text = argv[optind - 1];
  return text.compare(0, 2, "--") == 0 ? text : std::string("-") + char(optopt);
}

/// Returns the exit status, or -1 to continue.
static int parseOptions(int argc, char **argv, Options &options) {
  static const option kOptions[] = {
      {"target", 1, nullptr, 0},  {"device", 1, nullptr, 0},
      {"libcuda", 1, nullptr, 0}, {"chip", 1, nullptr, 0},
      {"check", 1, nullptr, 0},   {"async", 1, nullptr, 0},
      {"seed", 1, nullptr, 0},    {"threads", 1, nullptr, 0},
      {"filter", 1, nullptr, 0},  {"time", 1, nullptr, 0},
      {"json", 1, nullptr, 0},    {"list", 0, nullptr, 0},
      {"probe", 0, nullptr, 0},   {"steps", 1, nullptr, 0},
      {"help", 0, nullptr, 'h'},  {"version", 0, nullptr, 'v'},
      {nullptr, 0, nullptr, 0}};
  opterr = 0;
  int index = 0;
  while (true) {
    int found = ::getopt_long(argc, argv, ":h", kOptions, &index);
    if (found == -1)
      break;
    if (found == 'h') {
      std::printf("%s", kHelp);
      return 0;
    }
    if (found == 'v') {
      std::printf("diff-launch, DiffMLIR " DIFF_VERSION_STRING "\n");
      return 0;
    }
    if (found == '?')
      return reportError("unknown option '" + getRefusedOption(argv) +
                         "', or one with a wrong value; --help lists them");
    if (found == ':')
      return reportError("option '" + getRefusedOption(argv) +
                         "' needs a value");
    std::string problem = applyOption(kOptions[index].name, optarg, options);
    if (!problem.empty())
      return reportError(problem);
  }
  for (; optind < argc; ++optind) {
    if (!options.folder.empty())
      return reportError("one folder is run, found '" + options.folder +
                         "' and '" + argv[optind] + "'");
    options.folder = argv[optind];
  }
  return -1;
}

static std::string checkOptions(const Options &options) {
  if (options.folder.empty() && !options.probe)
    return "no folder given; see --help";
  bool isSim = options.target == "sim";
  if (!isSim && options.target != "cuda")
    return "--target must be cuda or sim, found '" + options.target + "'";
  if (!isSim && !options.ofSimulator.empty())
    return "--" + options.ofSimulator +
           " is for --target=sim, found --target=cuda";
  if (isSim && !options.ofCuda.empty())
    return "--" + options.ofCuda + " is for --target=cuda, found --target=sim";
  if (isSim && options.simulator.chip.empty() && !options.list)
    return "--target=sim needs --chip";
  return "";
}

//===----------------------------------------------------------------------===//
// Output
//===----------------------------------------------------------------------===//

static double getMedian(const std::vector<double> &sorted) {
  size_t half = sorted.size() / 2;
  return sorted.size() % 2 ? sorted[half]
                           : (sorted[half - 1] + sorted[half]) / 2;
}

static void printHeader(const std::string &device) {
  std::printf("%s\n%-40s %-8s %-9s %10s %10s %10s %10s %11s\n", device.c_str(),
              "case", "chip", "", "max error", "limit", "norm error", "limit",
              "median ms");
}

/// Prints a line for the first result, and one for each message.
static void printOutcome(const LaunchCase &entry, const CaseOutcome &outcome) {
  std::printf("%-40s %-8s %-9s", entry.name.c_str(), outcome.chip.c_str(),
              getStatusName(outcome.status));
  if (outcome.comparisons.empty()) {
    std::printf("\n");
  } else {
    const ErrorLimits &limits = entry.expected.front().limits;
    const Comparison &first = outcome.comparisons.front();
    std::printf(" %10.3e %10.3e %10.3e", first.maxError, limits.maxError,
                first.normError);
    if (limits.normError)
      std::printf(" %10.3e", *limits.normError);
    else
      std::printf(" %10s", "-");
    if (outcome.milliseconds.empty())
      std::printf("\n");
    else
      std::printf(" %11.4f\n", getMedian(outcome.milliseconds));
  }
  if (!outcome.message.empty())
    std::printf("  %s\n", outcome.message.c_str());
  for (const std::string &finding : outcome.findings)
    std::printf("  %s\n", finding.c_str());
  std::fflush(stdout);
}

static Json toJson(const LaunchCase &entry, const CaseOutcome &outcome) {
  Json results = Json::array();
  for (size_t i = 0; i < outcome.comparisons.size(); ++i) {
    const Comparison &one = outcome.comparisons[i];
    const ErrorLimits &limits = entry.expected[i].limits;
    Json result = {{"max_error", one.maxError},
                   {"max_error_limit", limits.maxError},
                   {"norm_error", one.normError}};
    if (limits.normError)
      result["norm_error_limit"] = *limits.normError;
    results.push_back(result);
  }
  Json json = {{"name", entry.name},
               {"chip", outcome.chip},
               {"status", getStatusName(outcome.status)},
               {"results", results}};
  if (!outcome.milliseconds.empty()) {
    json["median_ms"] = getMedian(outcome.milliseconds);
    json["min_ms"] = outcome.milliseconds.front();
    json["max_ms"] = outcome.milliseconds.back();
  }
  if (!outcome.message.empty())
    json["message"] = outcome.message;
  if (!outcome.findings.empty())
    json["findings"] = outcome.findings;
  return json;
}

static int listCases(const std::vector<LaunchCase> &cases) {
  for (const LaunchCase &entry : cases) {
    std::printf("%s", entry.name.c_str());
    for (const CaseCode &code : entry.code)
      std::printf(" %s", code.chip.c_str());
    std::printf("\n");
  }
  return 0;
}

//===----------------------------------------------------------------------===//
// Runs
//===----------------------------------------------------------------------===//

static std::string openDevice(const Options &options,
                              std::unique_ptr<DeviceInterface> &device) {
  return options.target == "sim" ? createSimDevice(options.simulator, device)
                                 : createCudaDevice(options.cuda, device);
}

static int runAll(const Options &options,
                  const std::vector<LaunchCase> &cases) {
  std::unique_ptr<DeviceInterface> device;
  std::string error = openDevice(options, device);
  if (!error.empty())
    return reportError(error);
  printHeader(device->getName());
  Json report = {{"device", device->getName()},
                 {"target", options.target},
                 {"cases", Json::array()}};
  size_t counts[4] = {0, 0, 0, 0};
  for (const LaunchCase &entry : cases) {
    if (!device)
      error = openDevice(options, device);
    if (!error.empty())
      return reportError(error);
    CaseOutcome outcome = runCase(entry, *device, options.timedRuns);
    printOutcome(entry, outcome);
    report["cases"].push_back(toJson(entry, outcome));
    ++counts[size_t(outcome.status)];
    // After an illegal access, the context of the GPU is unusable.
    if (outcome.status == CaseOutcome::Status::Failed)
      device.reset();
  }
  size_t agreed = counts[size_t(CaseOutcome::Status::Agrees)];
  size_t found = counts[size_t(CaseOutcome::Status::Findings)];
  std::printf("%zu of %zu cases agree\n", agreed, cases.size());
  std::fflush(stdout);
  if (!options.json.empty()) {
    OutputFiles files;
    error = files.add(
        options.json,
        report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    if (error.empty())
      error = files.commit();
    if (!error.empty())
      return reportError(error);
  }
  if (agreed == cases.size())
    return 0;
  reportError(std::to_string(cases.size() - agreed) + " of " +
              std::to_string(cases.size()) + " cases do not agree");
  constexpr int kFoundSomething = 2;
  return found ? kFoundSomething : 1;
}

static int probe(const Options &options) {
  std::unique_ptr<DeviceInterface> device;
  std::string error = openDevice(options, device);
  if (!error.empty())
    return reportError(error);
  std::printf("%s\n", device->getName().c_str());
  return 0;
}

int main(int argc, char **argv) {
  Options options;
  int status = parseOptions(argc, argv, options);
  if (status >= 0)
    return status;
  std::string error = checkOptions(options);
  if (error.empty() && options.probe)
    return probe(options);
  std::vector<LaunchCase> all, cases;
  if (error.empty())
    error = readCaseFolder(options.folder, all);
  if (!error.empty())
    return reportError(error);
  for (LaunchCase &entry : all)
    if (entry.name.find(options.filter) != std::string::npos)
      cases.push_back(std::move(entry));
  if (cases.empty())
    return reportError("no case to run in '" + options.folder + "'" +
                       (options.filter.empty()
                            ? ""
                            : " whose name has '" + options.filter + "'"));
  return options.list ? listCases(cases) : runAll(options, cases);
}
