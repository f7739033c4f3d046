//===- WmmaGemm.cu - Matrix products through nvcuda::wmma -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <mma.h>

using namespace nvcuda;

/// Every warp makes tiles of alpha * A * B + beta * C; sizes are multiples of
/// the tile's. The layout of a fragment is nobody's business: it is scaled
/// element by element, which is the same in all.
template <int m, int n, typename T, typename Acc, typename LayoutA,
          typename LayoutB>
static __device__ __forceinline__ void
multiply(const T *a, const T *b, const Acc *c, Acc *d, int rows, int columns,
         int depth, float alpha, float beta, wmma::layout_t layoutC) {
  constexpr bool rowA = std::is_same<LayoutA, wmma::row_major>::value;
  constexpr bool rowB = std::is_same<LayoutB, wmma::row_major>::value;
  int lda = rowA ? depth : rows, ldb = rowB ? columns : depth;
  int warps = gridDim.x * (blockDim.x / 32);
  int tiles = (rows / m) * (columns / n);
  for (int tile = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
       tile < tiles; tile += warps) {
    int row = tile / (columns / n) * m, column = tile % (columns / n) * n;
    wmma::fragment<wmma::accumulator, m, n, 16, Acc> sum, old;
    wmma::fill_fragment(sum, Acc(0.0f));
    for (int k = 0; k < depth; k += 16) {
      wmma::fragment<wmma::matrix_a, m, n, 16, T, LayoutA> fa;
      wmma::fragment<wmma::matrix_b, m, n, 16, T, LayoutB> fb;
      wmma::load_matrix_sync(fa, a + (rowA ? row * lda + k : k * lda + row),
                             lda);
      wmma::load_matrix_sync(
          fb, b + (rowB ? k * ldb + column : column * ldb + k), ldb);
      wmma::mma_sync(sum, fa, fb, sum);
    }
    bool rowC = layoutC == wmma::mem_row_major;
    int ldc = rowC ? columns : rows;
    int offset = rowC ? row * ldc + column : column * ldc + row;
    wmma::load_matrix_sync(old, c + offset, ldc, layoutC);
    for (int i = 0; i < sum.num_elements; ++i)
      sum.x[i] = Acc(alpha) * sum.x[i] + Acc(beta) * old.x[i];
    wmma::store_matrix_sync(d + offset, sum, ldc, layoutC);
  }
}

/// f16, sums in f32: A by rows, B by columns, C and D by rows.
extern "C" __global__ void wmmaHalf(const half *a, const half *b,
                                    const float *c, float *d, int rows,
                                    int columns, int depth, float alpha,
                                    float beta) {
  multiply<16, 16, half, float, wmma::row_major, wmma::col_major>(
      a, b, c, d, rows, columns, depth, alpha, beta, wmma::mem_row_major);
}

/// bf16, sums in f32: A by columns, B by rows, C and D by columns.
extern "C" __global__ void wmmaBfloat(const __nv_bfloat16 *a,
                                      const __nv_bfloat16 *b, const float *c,
                                      float *d, int rows, int columns,
                                      int depth, float alpha, float beta) {
  multiply<16, 16, __nv_bfloat16, float, wmma::col_major, wmma::row_major>(
      a, b, c, d, rows, columns, depth, alpha, beta, wmma::mem_col_major);
}

/// f16 with sums in f16, all by rows.
extern "C" __global__ void wmmaHalfSums(const half *a, const half *b,
                                        const half *c, half *d, int rows,
                                        int columns, int depth, float alpha,
                                        float beta) {
  multiply<16, 16, half, half, wmma::row_major, wmma::row_major>(
      a, b, c, d, rows, columns, depth, alpha, beta, wmma::mem_row_major);
}

extern "C" __global__ void wmmaTall(const half *a, const half *b,
                                    const float *c, float *d, int rows,
                                    int columns, int depth, float alpha,
                                    float beta) {
  multiply<32, 8, half, float, wmma::row_major, wmma::col_major>(
      a, b, c, d, rows, columns, depth, alpha, beta, wmma::mem_row_major);
}

extern "C" __global__ void wmmaWide(const __nv_bfloat16 *a,
                                    const __nv_bfloat16 *b, const float *c,
                                    float *d, int rows, int columns, int depth,
                                    float alpha, float beta) {
  multiply<8, 32, __nv_bfloat16, float, wmma::row_major, wmma::row_major>(
      a, b, c, d, rows, columns, depth, alpha, beta, wmma::mem_row_major);
}

/// Any sizes: tiles go through shared memory with zeros where the matrices
/// end, and the result comes back the same way.
extern "C" __global__ void wmmaShared(const half *a, const half *b, float *d,
                                      int rows, int columns, int depth) {
  constexpr int ld = 24, warps = 2;
  __shared__ __align__(32) half tileA[warps][16 * ld], tileB[warps][16 * ld];
  __shared__ __align__(32) float tileD[warps][16 * 20];
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  int row = blockIdx.y * 16, column = (blockIdx.x * warps + warp) * 16;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> sum;
  wmma::fill_fragment(sum, 0.0f);
  for (int k = 0; k < depth; k += 16) {
    for (int i = lane; i < 256; i += 32) {
      int y = i / 16, x = i % 16;
      bool inA = row + y < rows && k + x < depth;
      bool inB = k + y < depth && column + x < columns;
      tileA[warp][y * ld + x] = inA ? a[(row + y) * depth + k + x] : half(0.0f);
      tileB[warp][y * ld + x] =
          inB ? b[(k + y) * columns + column + x] : half(0.0f);
    }
    __syncwarp();
    wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> fa;
    wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major> fb;
    wmma::load_matrix_sync(fa, tileA[warp], ld);
    wmma::load_matrix_sync(fb, tileB[warp], ld);
    wmma::mma_sync(sum, fa, fb, sum);
    __syncwarp();
  }
  wmma::store_matrix_sync(tileD[warp], sum, 20, wmma::mem_row_major);
  __syncwarp();
  for (int i = lane; i < 256; i += 32) {
    int y = i / 16, x = i % 16;
    if (row + y < rows && column + x < columns)
      d[(row + y) * columns + column + x] = tileD[warp][y * 20 + x];
  }
}
