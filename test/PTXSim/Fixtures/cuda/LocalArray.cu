//===- LocalArray.cu - Arrays of a thread that are indexed at run time ----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/// Sorts 24 numbers by insertion and says where each came from.
extern "C" __global__ void localSort(const float *in, float *values,
                                     unsigned char *places, int n) {
  constexpr int size = 24;
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float v[size];
  unsigned char from[size];
#pragma unroll 1
  for (int j = 0; j < size; ++j) {
    float x = in[j * n + i];
    int k = j;
    for (; k > 0 && v[k - 1] > x; --k) {
      v[k] = v[k - 1];
      from[k] = from[k - 1];
    }
    v[k] = x;
    from[k] = j;
  }
#pragma unroll 1
  for (int j = 0; j < size; ++j) {
    values[j * n + i] = v[j];
    places[j * n + i] = from[j];
  }
}

/// Follows a permutation in a local array round a cycle; a two-dimensional
/// array of doubles collects what is met.
extern "C" __global__ void localWalk(const int *permutation, double *out,
                                     int *lengths, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  int next[16];
  double met[4][4];
  for (int j = 0; j < 16; ++j) {
    next[j] = permutation[i * 16 + j];
    met[j / 4][j % 4] = 0;
  }
  int at = i % 16, length = 0;
  do {
    met[at % 4][at / 4] += 0.5 * at + length;
    at = next[at];
    ++length;
  } while (at != i % 16);
  double sum = 0;
  for (int j = 0; j < 4; ++j)
    sum = sum * 3 + met[j][length % 4];
  out[i] = sum;
  lengths[i] = length;
}
