//===- HostFeatures.cpp - The CPU of this machine -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HostFeatures.h"
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sys/utsname.h>

#if defined(__x86_64__)
#include <cpuid.h>
#else
#include <sys/auxv.h>
#endif

using namespace mlir::diff::cache;

namespace {
class Description {
public:
  void add(const std::string &part) { text += part + ";"; }
  void add(uint64_t number) {
    char digits[24];
    std::snprintf(digits, sizeof(digits), "%llx",
                  static_cast<unsigned long long>(number));
    add(std::string(digits));
  }
  std::string text;
};
} // namespace

#if defined(__x86_64__)

static void addLeaf(Description &description, unsigned leaf, unsigned subleaf,
                    bool useEbx = true) {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (!__get_cpuid_count(leaf, subleaf, &eax, &ebx, &ecx, &edx))
    return;
  description.add(eax);
  if (useEbx)
    description.add(ebx);
  description.add(ecx);
  description.add(edx);
}

static void describe(Description &description) {
  // The vendor; the model and features, without EBX, which contains the number
  // of the core; further features.
  addLeaf(description, 0, 0);
  addLeaf(description, 1, 0, /*useEbx=*/false);
  addLeaf(description, 7, 0);
  addLeaf(description, 7, 1);
  addLeaf(description, 0x14, 0);
  addLeaf(description, 0x19, 0);
  addLeaf(description, 0x24, 0);
  addLeaf(description, 0x80000001, 0, /*useEbx=*/false);
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  // ECX contains the number of cores.
  if (__get_cpuid(0x80000008, &eax, &ebx, &ecx, &edx))
    description.add(ebx);
  constexpr unsigned osxsave = 1u << 27;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & osxsave)) {
    // The registers that the operating system saves.
    unsigned low = 0, high = 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    description.add(uint64_t(high) << 32 | low);
    // EAX alone: the other registers have the size of the current state.
    if (__get_cpuid_count(0xd, 1, &eax, &ebx, &ecx, &edx))
      description.add(eax);
  }
}

#else

static std::string readLine(const char *path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

static void describe(Description &description) {
  description.add(getauxval(AT_HWCAP));
#ifdef AT_HWCAP2
  description.add(getauxval(AT_HWCAP2));
#endif
  description.add(
      readLine("/sys/devices/system/cpu/cpu0/regs/identification/midr_el1"));
  // The length of vectors that this process may use.
  description.add(readLine("/proc/sys/abi/sve_default_vector_length"));
}

#endif

const std::string &mlir::diff::cache::getHostFeatures() {
  static const std::string features = [] {
    Description description;
    utsname system{};
    if (uname(&system) == 0)
      description.add(std::string(system.machine));
    describe(description);
    return description.text;
  }();
  return features;
}
