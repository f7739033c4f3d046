//===- Floats.cu - Floating point: roundings, comparisons, double ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/// Correctly rounded f32 in all directions, and what selects.
extern "C" __global__ void floatsRounded(const float *x, const float *y,
                                         const float *z, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float a = x[i], b = y[i], c = z[i];
  auto put = [&](float value) {
    out[i] = value;
    out += n;
  };
  put(__fadd_rn(a, b));
  put(__fadd_rz(a, b));
  put(__fadd_ru(a, b));
  put(__fadd_rd(a, b));
  put(__fsub_rn(a, c));
  put(__fmul_rn(a, b));
  put(__fmul_rz(a, b));
  put(__fmul_ru(a, b));
  put(__fmul_rd(a, b));
  put(__fmaf_rn(a, b, c));
  put(__fmaf_rz(a, b, c));
  put(__fmaf_ru(a, b, c));
  put(__fmaf_rd(a, b, c));
  put(__fdiv_rn(a, b));
  put(__fdiv_rz(a, b));
  put(__fdiv_ru(a, b));
  put(__frcp_rn(b));
  put(__frcp_rd(b));
  put(__fsqrt_rn(fabsf(a)));
  put(__fsqrt_ru(fabsf(a)));
}

/// Minima, signs and comparisons where NaN, infinities and both zeros meet.
extern "C" __global__ void floatsSpecial(const float *x, const float *y,
                                         unsigned *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float a = x[i], b = y[i];
  auto put = [&](unsigned value) {
    out[i] = value;
    out += n;
  };
  auto bits = [](float value) { return __float_as_uint(value); };
  put(bits(fminf(a, b)));
  put(bits(fmaxf(a, b)));
  put(bits(copysignf(a, b)));
  put(bits(fabsf(a)));
  put((a < b) | (a <= b) << 1 | (a == b) << 2 | (a != b) << 3 | (a > b) << 4 |
      (a >= b) << 5 | !(a < b) << 6 | !(a >= b) << 7);
  put(isnan(a) | isinf(a) << 1 | signbit(a) << 2 | isfinite(b) << 3);
  float quiet;
  asm("min.NaN.f32 %0, %1, %2;" : "=f"(quiet) : "f"(a), "f"(b));
  put(isnan(quiet) ? 0x7fffffff : bits(quiet));
  unsigned d;
  asm("{\n"
      ".reg .pred p, q, r;\n"
      "setp.num.f32 p, %1, %2;\n"
      "setp.ltu.and.f32 q, %1, %2, p;\n"
      "setp.nan.xor.f32 r, %1, %1, q;\n"
      "selp.b32 %0, 1, 0, r;\n"
      "@p add.u32 %0, %0, 2;\n"
      "testp.normal.f32 p, %1;\n"
      "@p add.u32 %0, %0, 4;\n"
      "testp.subnormal.f32 p, %2;\n"
      "@p add.u32 %0, %0, 8;\n"
      "@q add.u32 %0, %0, 16;\n"
      "}"
      : "=&r"(d)
      : "f"(a), "f"(b));
  put(d);
  // Subnormals: kept, and flushed to zero.
  float tiny, flushed;
  asm("mul.rn.f32 %0, %1, 0f00800000;" : "=f"(tiny) : "f"(a));
  asm("mul.rn.ftz.f32 %0, %1, 0f00800000;" : "=f"(flushed) : "f"(a));
  put(isnan(tiny) ? 0x7fffffff : bits(tiny));
  put(isnan(flushed) ? 0x7fffffff : bits(flushed));
}

/// Double precision: arithmetic, division, root, and a sum with fma.
extern "C" __global__ void doubles(const double *x, const double *y,
                                   double *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  double a = x[i], b = y[i];
  auto put = [&](double value) {
    out[i] = value;
    out += n;
  };
  put(__dadd_rn(a, b));
  put(__dmul_rn(a, b));
  put(a / b);
  put(sqrt(fabs(a)));
  put(fma(a, b, a));
  put(__dadd_ru(a, b));
  put(__dmul_rz(a, b));
  put(fmin(a, b));
  put(fmax(a, b));
  put(floor(a) + trunc(b));
  double value = 0;
  for (int k = 1; k <= 12; ++k)
    value = value * a + 1.0 / k;
  put(value);
  put(exp(a));
  put(rsqrt(fabs(b)));
}
