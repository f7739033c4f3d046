//===- Report.cpp - Findings and counters as text -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ptxsim/Report.h"
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

using namespace ptxsim;
using Json = nlohmann::ordered_json;

namespace {
struct CheckName {
  Check check;
  const char *name;
};
} // namespace

static constexpr CheckName kChecks[] = {
    {CheckMemory, "memory"}, {CheckInit, "init"},
    {CheckRace, "race"},     {CheckSync, "sync"},
    {CheckAsync, "async"},   {CheckSameValue, "same-value"},
    {CheckAll, "all"}};

const char *ptxsim::getCheckName(Check check) {
  for (const CheckName &known : kChecks)
    if (known.check == check)
      return known.name;
  return "";
}

bool ptxsim::parseChecks(const std::string &text, unsigned &checks) {
  checks = CheckNone;
  if (text == "none")
    return true;
  std::stringstream words(text);
  std::string word;
  while (std::getline(words, word, ',')) {
    bool found = false;
    for (const CheckName &known : kChecks)
      if (word == known.name) {
        checks |= known.check;
        found = true;
      }
    if (!found)
      return false;
  }
  return checks != CheckNone;
}

bool ptxsim::parseAsyncPolicy(const std::string &text, AsyncPolicy &policy) {
  if (text == "late")
    policy = AsyncPolicy::Late;
  else if (text == "eager")
    policy = AsyncPolicy::Eager;
  else if (text == "random")
    policy = AsyncPolicy::Random;
  else
    return false;
  return true;
}

static std::string formatDim(const Dim3 &dim) {
  return "(" + std::to_string(dim.x) + "," + std::to_string(dim.y) + "," +
         std::to_string(dim.z) + ")";
}

std::string Finding::format() const {
  std::string result = "line " + std::to_string(line) + ": block " +
                       formatDim(block) + ", thread " + formatDim(thread) +
                       ": " + kind + ": " + message;
  if (count > 1)
    result += " (" + std::to_string(count) + " times)";
  if (!text.empty())
    result += "\n  " + text;
  return result;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static Json toJson(const Finding &finding) {
  auto dim = [](const Dim3 &d) { return Json::array({d.x, d.y, d.z}); };
  return {{"check", getCheckName(finding.check)},
          {"kind", finding.kind},
          {"line", finding.line},
          {"other_line", finding.otherLine},
          {"text", finding.text},
          {"block", dim(finding.block)},
          {"thread", dim(finding.thread)},
          {"count", finding.count},
          {"message", finding.message}};
}

static uint64_t sum(const std::map<std::string, uint64_t> &values) {
  uint64_t total = 0;
  for (const auto &[name, value] : values)
    total += value;
  return total;
}

static void addCounters(Json &report, const Counters &c, const Bound &bound) {
  report["instructions"] = {{"total", c.warpInstructions},
                            {"threads", c.threadInstructions},
                            {"by_class", c.byClass},
                            {"by_opcode", c.byOpcode}};
  report["tensor"] = {{"count", sum(c.tensorCount)},
                      {"flops", sum(c.tensorFlops)},
                      {"count_by_type", c.tensorCount},
                      {"flops_by_type", c.tensorFlops}};
  report["sfu"] = {{"operations", c.sfuOperations}};
  report["lane_operations"] = c.laneOperations;
  report["shared"] = {
      {"accesses", c.sharedAccesses},
      {"bytes", c.sharedBytes},
      {"wavefronts", c.sharedWavefronts},
      {"ideal_wavefronts", c.sharedIdealWavefronts},
      {"bank_conflicts", c.sharedWavefronts > c.sharedIdealWavefronts
                             ? c.sharedWavefronts - c.sharedIdealWavefronts
                             : 0}};
  report["global"] = {{"accesses", c.globalAccesses},
                      {"sectors", c.globalSectors},
                      {"bytes", c.globalBytes},
                      {"load_bytes", c.globalLoadBytes},
                      {"store_bytes", c.globalStoreBytes},
                      {"unique_bytes", c.globalUniqueBytes}};
  report["barriers"] = c.barriers;
  report["occupancy"] = {{"blocks_per_sm", bound.blocksPerSM},
                         {"warps_per_sm", bound.warpsPerSM},
                         {"limit", bound.occupancyLimit}};
  report["bound"] = {{"cycles", bound.cycles},
                     {"pipe", bound.pipe},
                     {"cycles_by_pipe", bound.cyclesByPipe},
                     {"blocks", bound.blocks},
                     {"multiprocessors", bound.multiprocessors}};
  Json lines = Json::array();
  for (const auto &[line, counts] : c.byLine)
    lines.push_back({{"line", line},
                     {"executions", counts.executions},
                     {"wavefronts", counts.wavefronts},
                     {"ideal_wavefronts", counts.idealWavefronts},
                     {"sectors", counts.sectors},
                     {"global_bytes", counts.globalBytes}});
  report["lines"] = std::move(lines);
}

std::string ptxsim::formatReport(const LaunchResult &result) {
  Json report;
  report["seconds"] = result.seconds;
  if (result.hasCounters)
    addCounters(report, result.counters, result.bound);
  report["findings"] = Json::array();
  for (const Finding &finding : result.findings)
    report["findings"].push_back(toJson(finding));
  return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

static std::string formatNumber(double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), "%.4g", value);
  return buffer;
}

std::string ptxsim::formatProfile(const LaunchResult &result) {
  const Counters &c = result.counters;
  std::ostringstream out;
  auto line = [&](const std::string &name, const std::string &value) {
    out << "  " << name
        << std::string(name.size() < 34 ? 34 - name.size() : 1, ' ') << value
        << "\n";
  };
  out << "instructions (warps)\n";
  line("all", std::to_string(c.warpInstructions));
  for (const auto &[name, count] : c.byClass)
    line(name, std::to_string(count));
  out << "tensor cores\n";
  for (const auto &[types, count] : c.tensorCount)
    line(types, std::to_string(count) + " instructions, " +
                    std::to_string(c.tensorFlops.at(types)) + " FLOP");
  out << "memory\n";
  line("shared wavefronts (ideal)",
       std::to_string(c.sharedWavefronts) + " (" +
           std::to_string(c.sharedIdealWavefronts) + ")");
  line("global sectors", std::to_string(c.globalSectors));
  line("global bytes (unique)", std::to_string(c.globalBytes) + " (" +
                                    std::to_string(c.globalUniqueBytes) + ")");
  line("special-function operations", std::to_string(c.sfuOperations));
  line("barriers", std::to_string(c.barriers));
  out << "occupancy\n";
  line("blocks a multiprocessor", std::to_string(result.bound.blocksPerSM) +
                                      ", limited by " +
                                      result.bound.occupancyLimit);
  out << "lower bound of cycles (a bound, not a measurement)\n";
  for (const auto &[pipe, cycles] : result.bound.cyclesByPipe)
    line(pipe,
         formatNumber(cycles) + (pipe == result.bound.pipe ? "  binds" : ""));
  std::vector<std::pair<uint64_t, unsigned>> conflicts;
  for (const auto &[number, counts] : c.byLine)
    if (counts.wavefronts > counts.idealWavefronts)
      conflicts.emplace_back(counts.wavefronts - counts.idealWavefronts,
                             number);
  std::sort(conflicts.rbegin(), conflicts.rend());
  if (!conflicts.empty())
    out << "bank conflicts (wavefronts beyond the ideal), by PTX line\n";
  for (size_t i = 0; i < conflicts.size() && i < 10; ++i)
    line("line " + std::to_string(conflicts[i].second),
         std::to_string(conflicts[i].first));
  return out.str();
}
