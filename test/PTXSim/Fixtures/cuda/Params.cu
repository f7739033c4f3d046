//===- Params.cu - Aggregates as parameters of a kernel -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

struct Settings {
  float bias;
  int n;
  short step;
  double scale;
  unsigned char tag[5];
  float matrix[3][3];
};

/// Fields are read where they lie in the parameters.
extern "C" __global__ void paramsFields(Settings s, const float *in,
                                        double *out, unsigned char flag) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= s.n)
    return;
  float x = in[i], y = in[s.n + i], z = in[2 * s.n + i];
  float w = s.matrix[0][0] * x + s.matrix[1][1] * y + s.matrix[2][2] * z;
  out[i] = s.scale * (w + s.bias) + s.step * (s.tag[4] + flag);
}

/// The array in the parameters is indexed at run time, and its address taken.
extern "C" __global__ void paramsIndexed(const __grid_constant__ Settings s,
                                         const float *in, float *out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= s.n)
    return;
  const float *row = s.matrix[i % 3];
  float sum = 0;
  for (int j = 0; j < 3; ++j)
    sum = fmaf(row[(i + j) % 3], in[j * s.n + i], sum);
  out[i] = sum + s.tag[i % 5];
}

/// The kernel changes its own copy.
extern "C" __global__ void paramsChanged(Settings s, const int *at,
                                         float *out) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= s.n)
    return;
  s.matrix[at[i] % 3][i % 3] += s.bias;
  float sum = 0;
  for (int j = 0; j < 3; ++j)
    sum += s.matrix[j][(at[i] + j) % 3] * (j + 1);
  out[i] = sum;
}
