//===- Calls.cu - Functions that are called -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

namespace {
struct Polynomial {
  float coefficients[4];
  int degree;
};
struct Pair {
  double sum, rest;
};
struct Box {
  short low[3], high[3];
  unsigned char tag;
};
} // namespace

static __device__ __noinline__ float evaluate(Polynomial p, float x) {
  float value = 0;
  for (int i = p.degree; i >= 0; --i)
    value = fmaf(value, x, p.coefficients[i]);
  return value;
}

/// The sum and what its rounding lost.
static __device__ __noinline__ Pair twoSum(double a, double b) {
  double sum = a + b, part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}

static __device__ __noinline__ Pair compensated(const double *values, int n) {
  Pair total = {0, 0};
  for (int i = 0; i < n; ++i) {
    Pair step = twoSum(total.sum, values[i]);
    total.sum = step.sum;
    total.rest += step.rest;
  }
  return total;
}

static __device__ __noinline__ unsigned char mix(unsigned char a, short b,
                                                 bool flip) {
  return flip ? a ^ (b >> 3) : a + b;
}

static __device__ __noinline__ Box grow(Box box, int by) {
  for (int i = 0; i < 3; ++i) {
    box.low[i] -= by;
    box.high[i] += by;
  }
  ++box.tag;
  return box;
}

static __device__ __noinline__ void sortThree(float *v) {
  auto order = [](float &a, float &b) {
    if (b < a) {
      float t = a;
      a = b;
      b = t;
    }
  };
  order(v[0], v[1]);
  order(v[1], v[2]);
  order(v[0], v[1]);
}

static __device__ __noinline__ float warpSum(float value) {
  for (int mask = 16; mask; mask /= 2)
    value += __shfl_xor_sync(0xffffffff, value, mask);
  return value;
}

static __device__ __noinline__ long long triangle(long long n) {
  return n * (n + 1) / 2;
}

static __device__ __noinline__ long long tetrahedron(int n) {
  long long sum = 0;
  for (int i = 1; i <= n; ++i)
    sum += triangle(i);
  return sum;
}

/// An aggregate by value, called for in parts of a warp and in loops.
extern "C" __global__ void callPolynomial(const float *coefficients,
                                          const float *x, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  Polynomial p;
  for (int j = 0; j < 4; ++j)
    p.coefficients[j] = coefficients[j * n + i];
  p.degree = i % 4;
  float value = evaluate(p, x[i]);
  if (i % 3 == 0) {
    p.degree = 3;
    value -= evaluate(p, -x[i]);
  }
  out[i] = value;
}

/// A pointer to global memory, and an aggregate that comes back.
extern "C" __global__ void callCompensated(const double *in, double *sum,
                                           double *rest, int count, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  Pair pair = compensated(in + (size_t)i * count, count);
  sum[i] = pair.sum;
  rest[i] = pair.rest;
}

/// Narrow arguments and results, and one call in another.
extern "C" __global__ void callNarrow(const unsigned char *a, const short *b,
                                      unsigned char *mixed, long long *sums,
                                      int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  mixed[i] = mix(mix(a[i], b[i], i & 1), b[n - 1 - i], i & 2);
  sums[i] = i & 4 ? tetrahedron(a[i]) : triangle(b[i]);
}

extern "C" __global__ void callBox(const short *in, short *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  Box box;
  for (int j = 0; j < 3; ++j) {
    box.low[j] = in[i * 6 + j];
    box.high[j] = in[i * 6 + 3 + j];
  }
  box.tag = i;
  for (int step = 0; step < i % 5; ++step)
    box = grow(box, step + 1);
  for (int j = 0; j < 3; ++j) {
    out[i * 7 + j] = box.low[j];
    out[i * 7 + 3 + j] = box.high[j];
  }
  out[i * 7 + 6] = box.tag;
}

/// A pointer to a local array, and shuffles inside a function. The block is a
/// multiple of 32, and so is n.
extern "C" __global__ void callPointer(const float *in, float *sorted,
                                       float *sums, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float v[3] = {in[i], in[n + i], in[2 * n + i]};
  sortThree(v);
  for (int j = 0; j < 3; ++j)
    sorted[i * 3 + j] = v[j];
  float sum = warpSum(v[1]);
  if (i % 32 == 0)
    sums[i / 32] = sum;
}
