// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Asks the runtime library for memory, twice.
#include <cstdio>
#include <cuda_runtime_api.h>

int main() {
  void *pointer = nullptr;
  for (int i = 0; i < 2; ++i)
    std::printf("cudaMalloc: %s\n",
                cudaGetErrorString(cudaMalloc(&pointer, 256)));
}
