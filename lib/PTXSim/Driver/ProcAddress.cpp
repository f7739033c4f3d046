//===- ProcAddress.cpp - Functions by name --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/Api.h"
#include "Driver/EntryPoints.h"
#include "Driver/Limits.h"
#include "Driver/State.h"
#include <cstring>
#include <mutex>

using namespace ptxsim::driver;

namespace {
enum : uint64_t { kLegacyStream = 1, kPerThreadStream = 2, kAllFlags = 3 };
enum : int { kFound = 0, kNotFound = 1, kVersionTooLow = 2 };

/// Returns the newest form of a function for a program of that release. With
/// per-thread streams, returns the form for them if there is one.
void *look(const char *name, unsigned version, bool perThread, int &status) {
  status = kNotFound;
  const EntryPoint *best = nullptr;
  for (const EntryPoint *entry = getEntryPoints(); entry->symbol; ++entry) {
    // Some programs request the symbol itself.
    if (std::strcmp(entry->symbol, name) == 0 &&
        std::strcmp(entry->name, name) != 0) {
      status = kFound;
      return entry->address;
    }
    if (std::strcmp(entry->name, name) != 0)
      continue;
    if (status == kNotFound)
      status = kVersionTooLow;
    if (entry->release == 0 || entry->release > version ||
        (entry->isPerThread && !perThread))
      continue;
    bool isBetter = !best || entry->release > best->release ||
                    (entry->release == best->release && entry->isPerThread);
    // A per-thread form has priority over all others.
    if (best && best->isPerThread != entry->isPerThread)
      isBetter = entry->isPerThread;
    if (isBetter)
      best = entry;
  }
  if (!best)
    return nullptr;
  status = kFound;
  return best->address;
}
} // namespace

CU_API cuGetProcAddress_v2(const char *name, void **function, int version,
                           uint64_t flags, int *status) {
  if (!name || !function || version < 0 || version > kDriverVersion ||
      flags > kAllFlags)
    return CUDA_ERROR_INVALID_VALUE;
  int found = kNotFound;
  *function = look(name, unsigned(version), flags & kPerThreadStream, found);
  if (status)
    *status = found;
  return CUDA_SUCCESS;
}

CU_API cuGetProcAddress(const char *name, void **function, int version,
                        uint64_t flags) {
  CUresult result =
      cuGetProcAddress_v2(name, function, version, flags, nullptr);
  return !result && !*function ? CUDA_ERROR_NOT_FOUND : result;
}

CU_API cuGetExportTable(const void **table, const void *id) {
  if (!table || !id)
    return CUDA_ERROR_INVALID_VALUE;
  // Private interfaces of NVIDIA's own libraries.
  *table = nullptr;
  static std::once_flag told;
  std::call_once(told, [] {
    explain("the program uses NVIDIA's CUDA runtime (cudaMalloc, <<<>>> and "
            "such), which needs private interfaces of NVIDIA's driver that "
            "this library lacks, so the runtime's calls fail; use the driver "
            "API (cuMemAlloc, cuModuleLoadData, cuLaunchKernel; in Python, "
            "cuda.bindings.driver), or run the kernel's PTX with ptx-sim");
  });
  return CUDA_ERROR_NOT_FOUND;
}

CU_API cuProfilerStart() { return CUDA_SUCCESS; }
CU_API cuProfilerStop() { return CUDA_SUCCESS; }
