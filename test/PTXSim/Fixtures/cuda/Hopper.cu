//===- Hopper.cu - What sm_90 adds, without clusters and bulk copies ------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Ptx.cuh"
#include <cuda_bf16.h>

/// stmatrix, plain and transposed: the words of `in` as the lanes hold them
/// become tiles of 8 x 8 in `out`.
extern "C" __global__ void matrixStores(const unsigned *in,
                                        unsigned short *out) {
  __shared__ __align__(16) unsigned short tiles[2][32][8];
  int lane = threadIdx.x;
  in += blockIdx.x * 128;
  unsigned r[4];
  for (int j = 0; j < 4; ++j)
    r[j] = in[j * 32 + lane];
  asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], "
               "{%1, %2, %3, %4};" ::"r"(sharedAddress(tiles[0][lane])),
               "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3])
               : "memory");
  asm volatile("stmatrix.sync.aligned.m8n8.x2.trans.shared.b16 [%0], "
               "{%1, %2};" ::"r"(sharedAddress(tiles[1][lane % 16])),
               "r"(r[3]), "r"(r[2])
               : "memory");
  asm volatile("stmatrix.sync.aligned.m8n8.x2.trans.shared.b16 [%0], "
               "{%1, %2};" ::"r"(sharedAddress(tiles[1][16 + lane % 16])),
               "r"(r[1]), "r"(r[0])
               : "memory");
  __syncwarp();
  for (int j = lane; j < 512; j += 32)
    out[blockIdx.x * 512 + j] = (&tiles[0][0][0])[j];
}

/// An elected lane counts the bytes that the others write by hand, and all
/// wait on the barrier with try_wait.
extern "C" __global__ void transactions(const int *in, int *out, int chunks) {
  __shared__ unsigned long long barrier;
  __shared__ int tile[2][32];
  int lane = threadIdx.x;
  unsigned address = sharedAddress(&barrier);
  if (lane == 0)
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 32;" ::"r"(address)
                 : "memory");
  __syncwarp();
  for (int c = 0; c < chunks; ++c) {
    unsigned elected;
    asm volatile("{\n"
                 ".reg .pred p;\n"
                 "elect.sync _|p, 0xffffffff;\n"
                 "selp.u32 %0, 1, 0, p;\n"
                 "}"
                 : "=r"(elected));
    tile[c & 1][lane] = in[c * 32 + lane];
    if (elected) {
      asm volatile(
          "mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%0], 128;" ::"r"(
              address)
          : "memory");
      asm volatile(
          "mbarrier.complete_tx.relaxed.cta.shared::cta.b64 [%0], 96;" ::"r"(
              address)
          : "memory");
      asm volatile(
          "mbarrier.complete_tx.relaxed.cta.shared::cta.b64 [%0], 32;" ::"r"(
              address)
          : "memory");
    }
    asm volatile(
        "mbarrier.arrive.release.cta.shared::cta.b64 _, [%0];" ::"r"(address)
        : "memory");
    asm volatile("{\n"
                 ".reg .pred done;\n"
                 "LAB_WAIT:\n"
                 "mbarrier.try_wait.parity.acquire.cta.shared::cta.b64 done, "
                 "[%0], %1, 0x989680;\n"
                 "@done bra DONE;\n"
                 "bra LAB_WAIT;\n"
                 "DONE:\n"
                 "}" ::"r"(address),
                 "r"(c & 1)
                 : "memory");
    out[c * 32 + lane] = tile[c & 1][31 - lane] - lane;
  }
}

/// bf16 in its own instructions, and scalar atomics of it.
extern "C" __global__ void bfloats(const __nv_bfloat16 *x,
                                   const __nv_bfloat16 *y, __nv_bfloat16 *out,
                                   __nv_bfloat16 *sums, int *ints, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  out[i] = __hadd(x[i], y[i]);
  out[n + i] = __hsub(x[i], y[i]);
  out[2 * n + i] = __hmul(x[i], y[i]);
  ints[i] = __bfloat162int_rz(x[i]);
  atomicAdd(sums + i % 5, __float2bfloat16_rn(1.0f));
}

/// Vectors of f32 that are added to global memory element by element.
extern "C" __global__ void vectorAtomics(const float4 *x, float4 *sums4,
                                         float2 *sums2, float4 *old, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float4 value = x[i];
  atomicAdd(&sums4[i % 3], value);
  atomicAdd(&sums2[i % 5], make_float2(value.x, value.w));
  // Nobody else adds to this one: its old value is known.
  old[i] = atomicAdd(&sums4[3 + i], value);
}
