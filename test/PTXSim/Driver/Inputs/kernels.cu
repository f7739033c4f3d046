// The kernels of kernels.ptx, which was made of them by
//   nvcc -arch=compute_80 -ptx -o kernels.ptx kernels.cu
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

extern "C" {

__constant__ float factor = 2.0f;
__device__ int counter;
__device__ float table[4] = {1.0f, 2.0f, 4.0f, 8.0f};

struct Shift {
  float by;
  int first;
  double scale;
};

__global__ void add(const float *a, const float *b, float *c, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    c[i] = a[i] + b[i];
}

__global__ void saxpy(float a, const float *x, float *y, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    y[i] = a * x[i] + y[i];
}

__global__ void blockSums(const float *in, float *out, int n) {
  __shared__ float part[128];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  part[threadIdx.x] = i < n ? in[i] : 0.0f;
  __syncthreads();
  for (int half = blockDim.x / 2; half; half /= 2) {
    if (threadIdx.x < half)
      part[threadIdx.x] += part[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0)
    out[blockIdx.x] = part[0];
}

// Reverses what a block sees, through as much shared memory as it is given.
__global__ void reverse(int *data) {
  extern __shared__ int part[];
  part[threadIdx.x] = data[threadIdx.x];
  __syncthreads();
  data[threadIdx.x] = part[blockDim.x - 1 - threadIdx.x];
}

__global__ void useGlobals(float *out) {
  atomicAdd(&counter, 1);
  out[blockIdx.x * blockDim.x + threadIdx.x] = factor * table[threadIdx.x & 3];
}

__global__ void shift(double *data, Shift what) {
  if (threadIdx.x >= what.first)
    data[threadIdx.x] = data[threadIdx.x] * what.scale + what.by;
}

__global__ void nothing() {}

__global__ void __launch_bounds__(64) atMost64(int *out) {
  out[threadIdx.x] = 1;
}

// What follows is wrong, each in its own way.

__global__ void writeBeyond(int *out, int n) { out[n + threadIdx.x] = 1; }

__global__ void writeMisaligned(char *out) { *(int *)(out + 1) = 1; }

// Each of two warps waits for the other at a barrier of its own.
__global__ void waitForEver() {
  if (threadIdx.x < 32)
    asm volatile("barrier.sync 1, 64;");
  else
    asm volatile("barrier.sync 2, 64;");
}

__global__ void stop() { __trap(); }

__global__ void race(int *out) {
  __shared__ int part[64];
  part[threadIdx.x] = threadIdx.x;
  out[threadIdx.x] = part[63 - threadIdx.x];
}

__global__ void copy(const int *in, int *out) {
  out[threadIdx.x] = in[threadIdx.x];
}
}
