//===- Matrices.cu - ldmatrix and movmatrix of all sizes ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Ptx.cuh"

/// Moves a warp's tile of 32 x 8 elements of 16 bits through ldmatrix of 1, 2
/// and 4 matrices, plain and transposed, and movmatrix. The words that the
/// lanes hold are the output: row j of `out` is the j-th register of all
/// threads.
extern "C" __global__ void matrixLoads(const unsigned short *in, unsigned *out,
                                       int n) {
  __shared__ __align__(16) unsigned short tile[2][32][8];
  int t = threadIdx.x, lane = t % 32, warp = t / 32; // two warps
  int i = blockIdx.x * blockDim.x + t;
  *reinterpret_cast<uint4 *>(tile[warp][lane]) =
      reinterpret_cast<const uint4 *>(in)[i];
  __syncwarp();
  unsigned address = sharedAddress(tile[warp][lane]);
  unsigned reversed = sharedAddress(tile[warp][31 - lane]);
  auto put = [&](unsigned value) {
    out[i] = value;
    out += n;
  };
  unsigned a, b, c, d;
  asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];"
               : "=r"(a)
               : "r"(address)
               : "memory");
  put(a);
  asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;"
               : "=r"(b)
               : "r"(a));
  put(b);
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
               : "=r"(a), "=r"(b)
               : "r"(reversed)
               : "memory");
  put(a), put(b);
  asm volatile("ldmatrix.sync.aligned.x4.trans.m8n8.shared.b16 "
               "{%0, %1, %2, %3}, [%4];"
               : "=r"(a), "=r"(b), "=r"(c), "=r"(d)
               : "r"(reversed)
               : "memory");
  put(a), put(b), put(c), put(d);
}
