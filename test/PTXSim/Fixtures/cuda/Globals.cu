//===- Globals.cu - Variables of a module, and several entries ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

struct Entry {
  int offset;
  short factor;
  unsigned char shift;
};

__constant__ float filterWeights[7] = {-0.125f, 0.25f, 0.5f,   1.0f,
                                       0.5f,    0.25f, -0.125f};
__constant__ Entry filterTable[3] = {{100, -3, 1}, {-7, 12, 0}, {5, 300, 4}};
__device__ const double scaleFactors[4] = {0.5, -1.25, 3e100, 1e-3};
__device__ int counters[8] = {5, 4, 3, 2, 1};
__device__ unsigned long long state = 0x0123456789abcdefULL;
__device__ float pool[64]; // zeros
__device__ float *poolMiddle = &pool[16];
__device__ const char *const words[3] = {"one", "three", "sixteen"};
__device__ short grid[2][3] = {{1, -2, 3}, {-4, 5, -6}};

/// Convolution with constant weights.
extern "C" __global__ void globalsFilter(const float *in, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float sum = 0;
  for (int j = -3; j <= 3; ++j)
    if (i + j >= 0 && i + j < n)
      sum = fmaf(filterWeights[j + 3], in[i + j], sum);
  out[i] = sum;
}

/// Tables of structures, numbers and strings, indexed at run time.
extern "C" __global__ void globalsTable(const int *in, int *out, double *scaled,
                                        int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  Entry entry = filterTable[(unsigned)in[i] % 3];
  int letters = 0;
  for (const char *c = words[i % 3]; *c; ++c)
    letters = letters * 7 + *c;
  out[i] = ((in[i] + entry.offset) * entry.factor >> entry.shift) + letters +
           grid[i % 2][(unsigned)in[i] % 3];
  scaled[i] = in[i] * scaleFactors[i % 4];
}

/// Counters with initial values: every thread draws one number of one of them,
/// and the drawn numbers of a counter are all different.
extern "C" __global__ void globalsDraw(int *drawn, unsigned long long *states,
                                       int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  drawn[i] = atomicAdd(counters + i % 8, 1);
  states[i] = atomicXor(&state, 0ULL);
}

/// Memory of the module that nothing has written is zero; a pointer of the
/// module points into it.
extern "C" __global__ void globalsPool(float *out, const float *in) {
  int i = threadIdx.x; // 32 of them, one block
  float before = pool[i];
  __syncwarp();
  poolMiddle[i - 16] = in[i];
  __syncwarp();
  out[i] = before + pool[(i + 5) % 32] + pool[32 + i];
}
