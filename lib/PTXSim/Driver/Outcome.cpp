//===- Outcome.cpp - The outcome of a launch ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/Outcome.h"
#include "Driver/State.h"
#include <cstdio>

using namespace ptxsim;
using namespace ptxsim::driver;

/// Returns the error with which a GPU stops, by the kind of a finding, or
/// success for findings that a GPU does not detect.
static CUresult getFault(const std::string &kind) {
  if (kind == "out-of-bounds")
    return CUDA_ERROR_ILLEGAL_ADDRESS;
  if (kind == "misaligned")
    return CUDA_ERROR_MISALIGNED_ADDRESS;
  if (kind == "assertion")
    return CUDA_ERROR_ASSERT;
  if (kind == "trap")
    return CUDA_ERROR_LAUNCH_FAILED;
  if (kind == "branch-index")
    return CUDA_ERROR_INVALID_PC;
  // These kernels do not terminate. A GPU without a display would not stop
  // them, but the program must get an error.
  if (kind == "deadlock")
    return CUDA_ERROR_LAUNCH_TIMEOUT;
  return CUDA_SUCCESS;
}

CUresult driver::getFault(const Settings &settings,
                          const LaunchResult &result) {
  for (const Finding &finding : result.findings)
    if (CUresult fault = ::getFault(finding.kind))
      return fault;
  if (!result.stepLimit.empty())
    return CUDA_ERROR_LAUNCH_TIMEOUT;
  return settings.findingsFail && !result.findings.empty()
             ? CUDA_ERROR_LAUNCH_FAILED
             : CUDA_SUCCESS;
}

static std::string quote(const std::string &text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\')
      quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

static std::string formatDim(const Dim3 &dim) {
  return "[" + std::to_string(dim.x) + "," + std::to_string(dim.y) + "," +
         std::to_string(dim.z) + "]";
}

/// One line, so that a file of many reports can be read by lines.
static std::string formatLine(const KernelInfo &info,
                              const LaunchConfig &config,
                              const LaunchResult &result) {
  std::string report = formatReport(result);
  for (char &c : report)
    if (c == '\n')
      c = ' ';
  return "{\"kernel\":" + quote(info.name) +
         ",\"grid\":" + formatDim(config.grid) +
         ",\"block\":" + formatDim(config.block) +
         ",\"dynamic_shared\":" + std::to_string(config.dynamicShared) +
         ",\"report\":" + report + "}\n";
}

void driver::tell(Driver &driver, const KernelInfo &info,
                  const LaunchConfig &config, const LaunchResult &result) {
  const Settings &settings = driver.settings;
  for (const Finding &finding : result.findings) {
    // The line's text tells kernels of one name apart.
    std::string key = info.name + '\n' + std::to_string(finding.line) + '\n' +
                      finding.kind + '\n' + finding.text;
    if (driver.toldFindings.insert(std::move(key)).second)
      explain("kernel " + info.name + ": " + finding.format());
  }
  if (!result.stepLimit.empty())
    explain(result.stepLimit + "; PTXSIM_STEPS sets it");
  if (settings.reportFile.empty())
    return;
  std::string line = formatLine(info, config, result);
  FILE *file = std::fopen(settings.reportFile.c_str(), "a");
  bool written =
      file && std::fwrite(line.data(), 1, line.size(), file) == line.size();
  if (file && std::fclose(file))
    written = false;
  if (!written)
    explain("the report cannot be written to " + settings.reportFile);
}
