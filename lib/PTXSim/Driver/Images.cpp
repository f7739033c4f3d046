//===- Images.cpp - From PTX text to a module -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/Code.h"
#include "Driver/Limits.h"
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstring>

using namespace ptxsim;
using namespace ptxsim::driver;

CUresult driver::readJitOptions(unsigned count, const unsigned *options,
                                void **values, JitOptions &jit) {
  if (count && (!options || !values))
    return CUDA_ERROR_INVALID_VALUE;
  for (unsigned i = 0; i < count; ++i) {
    void *&value = values[i];
    unsigned number = unsigned(uintptr_t(value));
    switch (options[i]) {
    case CU_JIT_WALL_TIME:
      jit.wallTime = &value;
      break;
    case CU_JIT_INFO_LOG_BUFFER:
      jit.info.buffer = static_cast<char *>(value);
      break;
    case CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES:
      jit.info.bytes = number;
      jit.info.written = &value;
      break;
    case CU_JIT_ERROR_LOG_BUFFER:
      jit.error.buffer = static_cast<char *>(value);
      break;
    case CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES:
      jit.error.bytes = number;
      jit.error.written = &value;
      break;
    default:
      // All others are options for a compiler and have no effect.
      if (options[i] > CU_JIT_LAST_KNOWN)
        return CUDA_ERROR_INVALID_VALUE;
      break;
    }
  }
  return CUDA_SUCCESS;
}

/// Writes a log; a text that is too long is truncated.
static void writeLog(const JitOptions::Log &log, const std::string &text) {
  size_t written = 0;
  if (log.buffer && log.bytes) {
    written = std::min<size_t>(text.size(), log.bytes - 1);
    std::memcpy(log.buffer, text.data(), written);
    log.buffer[written] = 0;
  }
  if (log.written)
    *log.written = reinterpret_cast<void *>(uintptr_t(written));
}

/// Returns `.version` of a text, as 10 x major + minor, or 0.
static unsigned findVersion(std::string_view text) {
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    unsigned major = 0, minor = 0;
    if (std::sscanf(line.c_str(), " .version %3u.%3u", &major, &minor) == 2)
      return 10 * major + minor;
  }
  return 0;
}

/// Returns true if a chip supports PTX for a target: every older plain target,
/// but targets with a suffix on their own chip (`a`) or family (`f`) only.
static bool takesTarget(const Chip &chip, const std::string &target) {
  unsigned capability = 0;
  char suffix = 0;
  std::sscanf(target.c_str(), "sm_%u%c", &capability, &suffix);
  if (suffix == 'a')
    return chip.capability == capability;
  if (suffix == 'f')
    return chip.capability >= capability &&
           chip.capability / 10 == capability / 10;
  return chip.capability >= capability;
}

/// Returns the status and the error.
static CUresult parse(const Chip &chip, const char *image,
                      std::shared_ptr<const Module> &module,
                      std::string &message) {
  if (!std::strncmp(image,
                    "\x7f"
                    "ELF",
                    4) ||
      !std::strncmp(image, "\x50\xed\x55\xba", 4)) {
    message = "the image is machine code; the simulator runs PTX text only";
    return CUDA_ERROR_NO_BINARY_FOR_GPU;
  }
  std::string_view text(image);
  unsigned version = findVersion(text);
  if (version > kPTXVersion) {
    message = "the text has .version " + std::to_string(version / 10) + "." +
              std::to_string(version % 10) + "; the newest that is known is " +
              std::to_string(kPTXVersion / 10) + "." +
              std::to_string(kPTXVersion % 10);
    return CUDA_ERROR_UNSUPPORTED_PTX_VERSION;
  }
  Diagnostic error;
  module = Module::parse(text, error);
  if (!module) {
    message = error.format("ptx");
    return CUDA_ERROR_INVALID_PTX;
  }
  if (!takesTarget(chip, module->getTarget())) {
    message = "the text has .target " + module->getTarget() +
              ", which the device, " + chip.name + ", does not run";
    module = nullptr;
    return CUDA_ERROR_INVALID_PTX;
  }
  for (const KernelInfo &info : module->getKernels())
    if (info.staticShared > chip.sharedPerBlockDefault) {
      message = "kernel " + info.name + " has " +
                std::to_string(info.staticShared) +
                " bytes of static shared memory; the limit is " +
                std::to_string(chip.sharedPerBlockDefault);
      module = nullptr;
      return CUDA_ERROR_INVALID_PTX;
    }
  return CUDA_SUCCESS;
}

CUresult driver::parseImage(Driver &driver, const void *image,
                            const JitOptions &jit,
                            std::shared_ptr<const Module> &module) {
  if (!image)
    return CUDA_ERROR_INVALID_VALUE;
  auto begin = std::chrono::steady_clock::now();
  std::string message;
  CUresult result = parse(driver.getChip(), static_cast<const char *>(image),
                          module, message);
  std::chrono::duration<float, std::milli> time =
      std::chrono::steady_clock::now() - begin;
  if (jit.wallTime) {
    float milliseconds = time.count();
    std::memcpy(jit.wallTime, &milliseconds, sizeof milliseconds);
  }
  writeLog(jit.error, message);
  std::string info;
  if (module)
    info = "ptxsim: " + std::to_string(module->getKernels().size()) +
           " kernels for " + driver.getChip().name;
  writeLog(jit.info, info);
  if (result && !(jit.error.buffer && jit.error.bytes))
    explain(message);
  return result;
}

CUresult driver::readFile(const char *path, std::string &text) {
  if (!path)
    return CUDA_ERROR_INVALID_VALUE;
  FILE *file = std::fopen(path, "rb");
  if (!file)
    return CUDA_ERROR_FILE_NOT_FOUND;
  char piece[65536];
  while (size_t read = std::fread(piece, 1, sizeof piece, file))
    text.append(piece, read);
  bool failed = std::ferror(file);
  std::fclose(file);
  return failed ? CUDA_ERROR_OPERATING_SYSTEM : CUDA_SUCCESS;
}
