//===- DoubleGemm.cu - Products of f64 matrices on tensor cores -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <mma.h>

using namespace nvcuda;

/// Every warp makes 8x8 tiles of C + A * B by way of nvcuda::wmma.
template <typename LayoutA, typename LayoutB>
static __device__ __forceinline__ void
multiply(const double *a, const double *b, const double *c, double *d, int rows,
         int columns, int depth, wmma::layout_t layoutC) {
  constexpr bool rowA = std::is_same<LayoutA, wmma::row_major>::value;
  constexpr bool rowB = std::is_same<LayoutB, wmma::row_major>::value;
  int lda = rowA ? depth : rows, ldb = rowB ? columns : depth;
  bool rowC = layoutC == wmma::mem_row_major;
  int ldc = rowC ? columns : rows;
  int warps = gridDim.x * (blockDim.x / 32);
  for (int tile = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
       tile < (rows / 8) * (columns / 8); tile += warps) {
    int row = tile / (columns / 8) * 8, column = tile % (columns / 8) * 8;
    int offset = rowC ? row * ldc + column : column * ldc + row;
    wmma::fragment<wmma::accumulator, 8, 8, 4, double> sum;
    wmma::load_matrix_sync(sum, c + offset, ldc, layoutC);
    for (int k = 0; k < depth; k += 4) {
      wmma::fragment<wmma::matrix_a, 8, 8, 4, double, LayoutA> fa;
      wmma::fragment<wmma::matrix_b, 8, 8, 4, double, LayoutB> fb;
      wmma::load_matrix_sync(fa, a + (rowA ? row * lda + k : k * lda + row),
                             lda);
      wmma::load_matrix_sync(
          fb, b + (rowB ? k * ldb + column : column * ldb + k), ldb);
      wmma::mma_sync(sum, fa, fb, sum);
    }
    wmma::store_matrix_sync(d + offset, sum, ldc, layoutC);
  }
}

/// A by rows, B by columns, C and D by rows.
extern "C" __global__ void doubleRows(const double *a, const double *b,
                                      const double *c, double *d, int rows,
                                      int columns, int depth) {
  multiply<wmma::row_major, wmma::col_major>(a, b, c, d, rows, columns, depth,
                                             wmma::mem_row_major);
}

/// A by columns, B by rows, C and D by columns.
extern "C" __global__ void doubleColumns(const double *a, const double *b,
                                         const double *c, double *d, int rows,
                                         int columns, int depth) {
  multiply<wmma::col_major, wmma::row_major>(a, b, c, d, rows, columns, depth,
                                             wmma::mem_col_major);
}

/// One warp, by mma.sync: D = C + A * B, 8 x 8 and K a multiple of 4, A and C
/// by rows, B by columns.
extern "C" __global__ void doubleMma(const double *a, const double *b,
                                     const double *c, double *d, int depth) {
  int group = threadIdx.x / 4, part = threadIdx.x % 4;
  double sum0 = c[group * 8 + part * 2], sum1 = c[group * 8 + part * 2 + 1];
  for (int k = 0; k < depth; k += 4)
    asm("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0, %1}, {%2}, {%3}, "
        "{%0, %1};"
        : "+d"(sum0), "+d"(sum1)
        : "d"(a[group * depth + k + part]), "d"(b[group * depth + k + part]));
  d[group * 8 + part * 2] = sum0;
  d[group * 8 + part * 2 + 1] = sum1;
}
