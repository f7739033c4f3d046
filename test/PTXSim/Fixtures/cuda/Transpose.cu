//===- Transpose.cu - A matrix through padded shared memory ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/// A tile of 32 x 32 with a block of 32 x 8; `pad` spreads a column over banks.
template <typename T, int pad>
static __device__ __forceinline__ void transposeTile(const T *in, T *out,
                                                     int rows, int columns) {
  __shared__ T tile[32][32 + pad];
  int x = blockIdx.x * 32 + threadIdx.x, y = blockIdx.y * 32 + threadIdx.y;
#pragma unroll
  for (int j = 0; j < 32; j += 8)
    if (x < columns && y + j < rows)
      tile[threadIdx.y + j][threadIdx.x] = in[(size_t)(y + j) * columns + x];
  __syncthreads();
  x = blockIdx.y * 32 + threadIdx.x, y = blockIdx.x * 32 + threadIdx.y;
#pragma unroll
  for (int j = 0; j < 32; j += 8)
    if (x < rows && y + j < columns)
      out[(size_t)(y + j) * rows + x] = tile[threadIdx.x][threadIdx.y + j];
}

extern "C" __global__ void transposeFloat(const float *in, float *out, int rows,
                                          int columns) {
  transposeTile<float, 1>(in, out, rows, columns);
}

extern "C" __global__ void transposeByte(const unsigned char *in,
                                         unsigned char *out, int rows,
                                         int columns) {
  transposeTile<unsigned char, 4>(in, out, rows, columns);
}

extern "C" __global__ void transposeDouble(const double *in, double *out,
                                           int rows, int columns) {
  transposeTile<double, 1>(in, out, rows, columns);
}
