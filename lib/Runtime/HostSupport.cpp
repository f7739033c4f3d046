//===- HostSupport.cpp - What code this machine runs ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/HostSupport.h"
#include <array>
#include <cstdint>
#include <sys/utsname.h>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__linux__)
#include <sys/auxv.h>
#endif

using namespace mlir::diff;

#if defined(__x86_64__)

namespace {
enum Register { EAX, EBX, ECX, EDX };

/// Registers that the operating system saves: the bits of XCR0.
constexpr uint64_t kNone = 0, kAVX = 0x6, kAVX512 = 0xe6, kAMX = 0x60000;

/// A bit of cpuid.
struct Feature {
  const char *name;
  unsigned leaf, subleaf;
  Register reg;
  unsigned bit;
  uint64_t saved;
};

constexpr Feature kFeatures[] = {
    {"sse3", 1, 0, ECX, 0, kNone},
    {"ssse3", 1, 0, ECX, 9, kNone},
    {"fma", 1, 0, ECX, 12, kAVX},
    {"cx16", 1, 0, ECX, 13, kNone},
    {"sse4.1", 1, 0, ECX, 19, kNone},
    {"sse4.2", 1, 0, ECX, 20, kNone},
    {"movbe", 1, 0, ECX, 22, kNone},
    {"popcnt", 1, 0, ECX, 23, kNone},
    {"avx", 1, 0, ECX, 28, kAVX},
    {"f16c", 1, 0, ECX, 29, kAVX},
    {"sahf", 0x80000001, 0, ECX, 0, kNone},
    {"lzcnt", 0x80000001, 0, ECX, 5, kNone},
    {"bmi", 7, 0, EBX, 3, kNone},
    {"avx2", 7, 0, EBX, 5, kAVX},
    {"bmi2", 7, 0, EBX, 8, kNone},
    {"avx512f", 7, 0, EBX, 16, kAVX512},
    {"avx512dq", 7, 0, EBX, 17, kAVX512},
    {"adx", 7, 0, EBX, 19, kNone},
    {"avx512ifma", 7, 0, EBX, 21, kAVX512},
    {"avx512cd", 7, 0, EBX, 28, kAVX512},
    {"avx512bw", 7, 0, EBX, 30, kAVX512},
    {"avx512vl", 7, 0, EBX, 31, kAVX512},
    {"avx512vbmi", 7, 0, ECX, 1, kAVX512},
    {"avx512vbmi2", 7, 0, ECX, 6, kAVX512},
    {"gfni", 7, 0, ECX, 8, kNone},
    {"vpclmulqdq", 7, 0, ECX, 10, kAVX},
    {"avx512vnni", 7, 0, ECX, 11, kAVX512},
    {"avx512bitalg", 7, 0, ECX, 12, kAVX512},
    {"avx512vpopcntdq", 7, 0, ECX, 14, kAVX512},
    {"amx-bf16", 7, 0, EDX, 22, kAMX},
    {"avx512fp16", 7, 0, EDX, 23, kAVX512},
    {"amx-tile", 7, 0, EDX, 24, kAMX},
    {"avxvnni", 7, 1, EAX, 4, kAVX},
    {"avx512bf16", 7, 1, EAX, 5, kAVX512},
};
} // namespace

/// Returns the bits of XCR0, or 0 if the system saves no extended registers.
static uint64_t readSavedRegisters() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  constexpr unsigned osxsave = 1u << 27;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & osxsave))
    return 0;
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t(high) << 32 | low;
}

static bool isEnabled(const Feature &feature) {
  unsigned registers[4] = {};
  return __get_cpuid_count(feature.leaf, feature.subleaf, &registers[EAX],
                           &registers[EBX], &registers[ECX], &registers[EDX]) &&
         (registers[feature.reg] >> feature.bit & 1) &&
         (readSavedRegisters() & feature.saved) == feature.saved;
}

#elif defined(__aarch64__) && defined(__linux__)

namespace {
/// A bit of an entry of the auxiliary vector.
struct Feature {
  const char *name;
  unsigned long entry;
  unsigned bit;
};

constexpr Feature kFeatures[] = {
    {"lse", AT_HWCAP, 8},        {"fullfp16", AT_HWCAP, 10},
    {"rdm", AT_HWCAP, 12},       {"jsconv", AT_HWCAP, 13},
    {"complxnum", AT_HWCAP, 14}, {"rcpc", AT_HWCAP, 15},
    {"dotprod", AT_HWCAP, 20},   {"fp16fml", AT_HWCAP, 23},
    {"i8mm", AT_HWCAP2, 13},     {"bf16", AT_HWCAP2, 14},
};
} // namespace

static bool isEnabled(const Feature &feature) {
  return getauxval(feature.entry) >> feature.bit & 1;
}

#else

namespace {
struct Feature {
  const char *name;
};

constexpr std::array<Feature, 0> kFeatures{};
} // namespace

static bool isEnabled(const Feature &) { return false; }

#endif

std::optional<bool> mlir::diff::hasHostFeature(const std::string &feature) {
  for (const Feature &known : kFeatures)
    if (feature == known.name)
      return isEnabled(known);
  return std::nullopt;
}

std::vector<std::string> mlir::diff::getKnownHostFeatures() {
  std::vector<std::string> names;
  for (const Feature &feature : kFeatures)
    names.emplace_back(feature.name);
  return names;
}

std::string
mlir::diff::explainWhyNotRun(const std::string &chip, const std::string &triple,
                             const std::vector<std::string> &features) {
  utsname system{};
  std::string machine = uname(&system) == 0 ? system.machine : "unknown";
  std::string subject = "code for " + chip;
  if (triple.compare(0, machine.size() + 1, machine + "-") != 0 ||
      triple.find("-linux") == std::string::npos)
    return subject + " (" + triple + ") does not run on this machine (" +
           machine + "-linux)";
  std::string missing;
  for (const std::string &feature : features)
    if (!hasHostFeature(feature).value_or(false))
      missing += (missing.empty() ? "" : ", ") + feature;
  if (missing.empty())
    return "";
  return subject + " does not run on this machine, which lacks " + missing;
}
