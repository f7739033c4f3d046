//===- HostDetection.cpp - The CPU of this machine ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Target/HostChips.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <unistd.h>

using namespace mlir::diff;
using llvm::StringRef;

/// Returns the first line of a file, or an empty string.
static std::string readLine(const llvm::Twine &path) {
  auto file = llvm::MemoryBuffer::getFileAsStream(path);
  return file ? (*file)->getBuffer().split('\n').first.trim().str() : "";
}

/// Returns the number of CPUs in a list such as "0-3,8".
static int64_t countCPUs(StringRef list) {
  int64_t count = 0;
  llvm::SmallVector<StringRef> ranges;
  list.split(ranges, ',', -1, /*KeepEmpty=*/false);
  for (StringRef range : ranges) {
    auto [first, last] = range.split('-');
    int64_t begin = 0, end = 0;
    if (first.getAsInteger(10, begin))
      return 0;
    if (last.empty())
      end = begin;
    else if (last.getAsInteger(10, end))
      return 0;
    count += end - begin + 1;
  }
  return count;
}

/// Returns the size of a data cache of this machine for one core in bytes, or
/// 0.
static int64_t readCacheSize(int level) {
  const std::string cpu = "/sys/devices/system/cpu/cpu0/";
  int64_t threads = std::max<int64_t>(
      countCPUs(readLine(cpu + "topology/thread_siblings_list")), 1);
  for (int index = 0; index < 8; ++index) {
    std::string cache = cpu + "cache/index" + std::to_string(index) + "/";
    if (readLine(cache + "level") != std::to_string(level) ||
        readLine(cache + "type") == "Instruction")
      continue;
    std::string text = readLine(cache + "size");
    StringRef number = text;
    int64_t unit = number.consume_back("K")   ? 1024
                   : number.consume_back("M") ? 1024 * 1024
                                              : 1;
    int64_t size = 0;
    if (number.getAsInteger(10, size))
      return 0;
    int64_t sharing = countCPUs(readLine(cache + "shared_cpu_list"));
    return size * unit / std::max<int64_t>(sharing / threads, 1);
  }
#ifdef _SC_LEVEL1_DCACHE_SIZE
  return std::max<int64_t>(
      sysconf(level == 1 ? _SC_LEVEL1_DCACHE_SIZE : _SC_LEVEL2_CACHE_SIZE), 0);
#else
  return 0;
#endif
}

/// Returns the size if a core may have such a cache. Virtual machines report
/// any number.
static int64_t keepPlausible(int64_t size, int64_t least, int64_t most) {
  return size >= least && size <= most ? size : 0;
}

namespace {
struct Detected {
  std::string triple = llvm::sys::getProcessTriple();
  std::string cpu = llvm::sys::getHostCPUName().str();
  std::string features;
  HostChip chip;

  Detected() {
    bool isArm = llvm::Triple(triple).isAArch64();
    llvm::SmallVector<StringRef> enabled;
    std::vector<std::string> flags;
    llvm::StringMap<bool> found = llvm::sys::getHostCPUFeatures();
    for (const auto &feature : found) {
      // As in the table, no scalable vectors.
      bool isEnabled =
          feature.second && !(isArm && feature.first().starts_with("sve"));
      flags.push_back((isEnabled ? "+" : "-") + feature.first().str());
      if (isEnabled)
        enabled.push_back(feature.first());
    }
    // Absent features come last and remove what the CPU implies.
    llvm::sort(flags);
    if (isArm)
      flags.push_back("-sve");
    features = llvm::join(flags, ",");
    const HostChip *known = llvm::find_if(
        getHostChips(), [&](const HostChip &row) { return row.cpu == cpu; });
    if (known == getHostChips().end())
      known = nullptr;
    constexpr int64_t kib = 1024, mib = 1024 * kib;
    chip = makeHostChip(
        isArm ? HostArchitecture::AArch64 : HostArchitecture::X86_64, enabled,
        known, keepPlausible(readCacheSize(1), 8 * kib, mib),
        keepPlausible(readCacheSize(2), 64 * kib, 64 * mib));
    chip.name = "host";
    chip.triple = triple;
    chip.cpu = cpu;
    chip.features = features;
    chip.errorStream = "stderr";
  }
};
} // namespace

const HostChip &mlir::diff::getHostChip() {
  static const Detected detected;
  return detected.chip;
}
