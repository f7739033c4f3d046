//===- CountingDriver.cpp - A driver library that counts calls ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The simulator's driver library, with counters of the calls that CUDA graphs
// forbid during a capture, and the stream of the last launch.
//
//===----------------------------------------------------------------------===//

#include <cstddef>
#include <cstdint>
#include <dlfcn.h>

namespace {
unsigned allocations, synchronizations, copies, loads, launches;
void *lastStream;
} // namespace

/// Returns the function of the simulator's driver library, which comes next.
template <typename Function> static Function *findNext(const char *name) {
  return reinterpret_cast<Function *>(dlsym(RTLD_NEXT, name));
}

extern "C" {

int cuMemAlloc_v2(uint64_t *address, size_t bytes) {
  ++allocations;
  return findNext<int(uint64_t *, size_t)>("cuMemAlloc_v2")(address, bytes);
}
int cuMemFree_v2(uint64_t address) {
  ++allocations;
  return findNext<int(uint64_t)>("cuMemFree_v2")(address);
}
int cuCtxSynchronize() {
  ++synchronizations;
  return findNext<int()>("cuCtxSynchronize")();
}
int cuEventSynchronize(void *event) {
  ++synchronizations;
  return findNext<int(void *)>("cuEventSynchronize")(event);
}
int cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t bytes) {
  ++copies;
  return findNext<int(uint64_t, const void *, size_t)>("cuMemcpyHtoD_v2")(
      to, from, bytes);
}
int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t bytes) {
  ++copies;
  return findNext<int(void *, uint64_t, size_t)>("cuMemcpyDtoH_v2")(to, from,
                                                                    bytes);
}
int cuModuleLoadDataEx(void **module, const void *image, unsigned count,
                       int *options, void **values) {
  ++loads;
  return findNext<int(void **, const void *, unsigned, int *, void **)>(
      "cuModuleLoadDataEx")(module, image, count, options, values);
}
int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz,
                   unsigned bx, unsigned by, unsigned bz, unsigned shared,
                   void *stream, void **parameters, void **extra) {
  ++launches;
  lastStream = stream;
  return findNext<int(void *, unsigned, unsigned, unsigned, unsigned, unsigned,
                      unsigned, unsigned, void *, void **, void **)>(
      "cuLaunchKernel")(function, gx, gy, gz, bx, by, bz, shared, stream,
                        parameters, extra);
}

/// Writes the counters: allocations and frees, synchronizations, copies, loaded
/// modules, launches. Returns the stream of the last launch.
void *countingDriverGet(unsigned *counters) {
  const unsigned values[] = {allocations, synchronizations, copies, loads,
                             launches};
  for (size_t i = 0; i < 5; ++i)
    counters[i] = values[i];
  return lastStream;
}

} // extern "C"
