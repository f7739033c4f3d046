//===- MmaGemm.cu - Matrix products by ldmatrix, mma.sync, cp.async -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Ptx.cuh"
#include <cuda_bf16.h>
#include <cuda_fp16.h>

namespace {
constexpr int tileM = 64, tileN = 64, tileK = 32;
constexpr int strideA = tileK + 8, strideB = tileN + 8; // no bank conflicts
} // namespace

template <typename T>
static __device__ __forceinline__ void
multiplyAdd(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  if constexpr (std::is_same<T, half>::value)
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]),
                   "r"(b[1]));
  else
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]),
                   "r"(b[1]));
}

static __device__ __forceinline__ int clampUnit(int left) {
  return left < 0 ? 0 : left > 8 ? 8 : left;
}

/// C = A * B for any sizes, all by rows; the leading dimensions of A and B are
/// multiples of 8. Blocks of 128 threads make 64 x 64 elements; the next tiles
/// are on their way while the present ones are multiplied.
template <typename T>
static __device__ __forceinline__ void multiply(const T *a, const T *b,
                                                float *c, int m, int n, int k,
                                                int lda, int ldb) {
  __shared__ __align__(16) T tilesA[2][tileM * strideA];
  __shared__ __align__(16) T tilesB[2][tileK * strideB];
  int t = threadIdx.x, lane = t % 32, warp = t / 32;
  int row0 = blockIdx.y * tileM, column0 = blockIdx.x * tileN;
  int warpRow = warp / 2 * 32, warpColumn = warp % 2 * 32;

  auto fetch = [&](int step, int stage) {
    for (int i = t; i < tileM * (tileK / 8); i += 128) {
      int row = row0 + i / (tileK / 8), unit = i % (tileK / 8) * 8;
      int valid = row < m ? clampUnit(k - step * tileK - unit) : 0;
      const T *from = valid ? a + (size_t)row * lda + step * tileK + unit : a;
      copyAsync16(&tilesA[stage][i / (tileK / 8) * strideA + unit], from,
                  valid * 2);
    }
    for (int i = t; i < tileK * (tileN / 8); i += 128) {
      int row = step * tileK + i / (tileN / 8), unit = i % (tileN / 8) * 8;
      int valid = row < k ? clampUnit(n - column0 - unit) : 0;
      const T *from = valid ? b + (size_t)row * ldb + column0 + unit : b;
      copyAsync16(&tilesB[stage][i / (tileN / 8) * strideB + unit], from,
                  valid * 2);
    }
  };

  float sums[2][4][4] = {};
  int steps = (k + tileK - 1) / tileK;
  fetch(0, 0);
  commitAsync();
  for (int step = 0; step < steps; ++step) {
    if (step + 1 < steps)
      fetch(step + 1, (step + 1) & 1);
    commitAsync(); // maybe an empty group
    waitAsync<1>();
    __syncthreads();
    const T *tileA = tilesA[step & 1], *tileB = tilesB[step & 1];
#pragma unroll
    for (int kk = 0; kk < tileK; kk += 16) {
      unsigned fa[2][4], fb[4][2];
#pragma unroll
      for (int i = 0; i < 2; ++i)
        loadMatrix4(fa[i], tileA + (warpRow + i * 16 + lane % 16) * strideA +
                               kk + lane / 16 * 8);
#pragma unroll
      for (int j = 0; j < 4; ++j)
        loadMatrix2Transposed(fb[j], tileB + (kk + lane % 16) * strideB +
                                         warpColumn + j * 8);
#pragma unroll
      for (int i = 0; i < 2; ++i)
#pragma unroll
        for (int j = 0; j < 4; ++j)
          multiplyAdd<T>(sums[i][j], fa[i], fb[j]);
    }
    __syncthreads();
  }

#pragma unroll
  for (int i = 0; i < 2; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j)
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        int row = row0 + warpRow + i * 16 + lane / 4 + e / 2 * 8;
        int column = column0 + warpColumn + j * 8 + lane % 4 * 2 + e % 2;
        if (row < m && column < n)
          c[(size_t)row * n + column] = sums[i][j][e];
      }
}

extern "C" __global__ void __launch_bounds__(128)
    mmaHalf(const half *a, const half *b, float *c, int m, int n, int k,
            int lda, int ldb) {
  multiply(a, b, c, m, n, k, lda, ldb);
}

extern "C" __global__ void __launch_bounds__(128)
    mmaBfloat(const __nv_bfloat16 *a, const __nv_bfloat16 *b, float *c, int m,
              int n, int k, int lda, int ldb) {
  multiply(a, b, c, m, n, k, lda, ldb);
}

/// Sums in f16, B by columns: a warp makes 16 x 8 elements straight from what
/// it has put into shared memory. Sizes are multiples of the tile's, which is
/// 16 x 8 x 16.
extern "C" __global__ void mmaHalfSums(const half *a, const half *b, half *c,
                                       int n, int k) {
  __shared__ __align__(16) half tileA[16 * 24], tileB[8 * 24];
  int lane = threadIdx.x;
  int row0 = blockIdx.y * 16, column0 = blockIdx.x * 8;
  unsigned sums[2] = {0, 0};
  for (int step = 0; step < k; step += 16) {
    int row = lane / 2, half8 = lane % 2 * 8;
    *reinterpret_cast<uint4 *>(tileA + row * 24 + half8) =
        *reinterpret_cast<const uint4 *>(a + (size_t)(row0 + row) * k + step +
                                         half8);
    if (lane < 16)
      *reinterpret_cast<uint4 *>(tileB + row * 24 + half8) =
          *reinterpret_cast<const uint4 *>(b + (size_t)(column0 + row) * k +
                                           step + half8);
    __syncwarp();
    unsigned fa[4], fb[2];
    loadMatrix4(fa, tileA + lane % 16 * 24 + lane / 16 * 8);
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
                 : "=r"(fb[0]), "=r"(fb[1])
                 : "r"(sharedAddress(tileB + lane % 8 * 24 + lane / 8 % 2 * 8))
                 : "memory");
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 "
                 "{%0, %1}, {%2, %3, %4, %5}, {%6, %7}, {%0, %1};"
                 : "+r"(sums[0]), "+r"(sums[1])
                 : "r"(fa[0]), "r"(fa[1]), "r"(fa[2]), "r"(fa[3]), "r"(fb[0]),
                   "r"(fb[1]));
    __syncwarp();
  }
  for (int i = 0; i < 2; ++i)
    *reinterpret_cast<unsigned *>(c + (size_t)(row0 + lane / 4 + i * 8) * n +
                                  column0 + lane % 4 * 2) = sums[i];
}

/// tf32, any sizes: a block of 128 threads makes 32 x 32 elements. Copies are
/// of 4 bytes, and a predicate makes zeros of what lies outside.
extern "C" __global__ void __launch_bounds__(128)
    mmaTf32(const float *a, const float *b, float *c, int m, int n, int k) {
  constexpr int depth = 16, strideA = depth + 4, strideB = 32 + 8;
  __shared__ float tilesA[2][32 * strideA], tilesB[2][depth * strideB];
  int t = threadIdx.x, lane = t % 32, warp = t / 32;
  int row0 = blockIdx.y * 32, column0 = blockIdx.x * 32;
  int warpRow = warp / 2 * 16, warpColumn = warp % 2 * 16;

  auto copy = [](float *to, const float *from, bool ignore) {
    asm volatile("{\n"
                 ".reg .pred ignore;\n"
                 "setp.ne.b32 ignore, %2, 0;\n"
                 "cp.async.ca.shared.global [%0], [%1], 4, ignore;\n"
                 "}" ::"r"(sharedAddress(to)),
                 "l"(from), "r"((int)ignore)
                 : "memory");
  };
  auto fetch = [&](int step, int stage) {
    for (int i = t; i < 32 * depth; i += 128) {
      int row = row0 + i / depth, column = step * depth + i % depth;
      bool out = row >= m || column >= k;
      copy(&tilesA[stage][i / depth * strideA + i % depth],
           out ? a : a + row * k + column, out);
      row = step * depth + i / 32, column = column0 + i % 32;
      out = row >= k || column >= n;
      copy(&tilesB[stage][i / 32 * strideB + i % 32],
           out ? b : b + row * n + column, out);
    }
    commitAsync();
  };
  auto round = [](float x) {
    unsigned bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
    return bits;
  };

  float sums[2][4] = {};
  int steps = (k + depth - 1) / depth;
  fetch(0, 0);
  for (int step = 0; step < steps; ++step) {
    if (step + 1 < steps) {
      fetch(step + 1, (step + 1) & 1);
      waitAsync<1>();
    } else {
      asm volatile("cp.async.wait_all;" ::: "memory");
    }
    __syncthreads();
    const float *tileA = tilesA[step & 1], *tileB = tilesB[step & 1];
#pragma unroll
    for (int kk = 0; kk < depth; kk += 8) {
      unsigned fa[4];
#pragma unroll
      for (int i = 0; i < 4; ++i)
        fa[i] = round(tileA[(warpRow + lane / 4 + i % 2 * 8) * strideA + kk +
                            lane % 4 + i / 2 * 4]);
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        unsigned fb[2];
#pragma unroll
        for (int i = 0; i < 2; ++i)
          fb[i] = round(tileB[(kk + lane % 4 + i * 4) * strideB + warpColumn +
                              j * 8 + lane / 4]);
        asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
                     "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                     "{%0, %1, %2, %3};"
                     : "+f"(sums[j][0]), "+f"(sums[j][1]), "+f"(sums[j][2]),
                       "+f"(sums[j][3])
                     : "r"(fa[0]), "r"(fa[1]), "r"(fa[2]), "r"(fa[3]),
                       "r"(fb[0]), "r"(fb[1]));
      }
    }
    __syncthreads();
  }
  for (int j = 0; j < 2; ++j)
    for (int e = 0; e < 4; ++e) {
      int row = row0 + warpRow + lane / 4 + e / 2 * 8;
      int column = column0 + warpColumn + j * 8 + lane % 4 * 2 + e % 2;
      if (row < m && column < n)
        c[row * n + column] = sums[j][e];
    }
}
