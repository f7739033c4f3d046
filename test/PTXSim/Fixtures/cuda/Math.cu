//===- Math.cu - Functions of the mathematics library ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/// The accurate ones of f32; sine and cosine of large arguments take the long
/// way with a local array.
extern "C" __global__ void mathAccurate(const float *x, const float *large,
                                        float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float a = x[i], positive = fabsf(a) + 1e-6f, l = large[i];
  auto put = [&](float value) {
    out[i] = value;
    out += n;
  };
  put(expf(a));
  put(exp2f(a));
  put(expm1f(a));
  put(logf(positive));
  put(log2f(positive));
  put(log1pf(positive));
  put(sinf(l));
  put(cosf(l));
  put(tanf(a));
  put(tanhf(a));
  put(rsqrtf(positive));
  put(sqrtf(positive));
  put(cbrtf(a));
  put(erff(a));
  put(powf(positive, 1.7f));
  put(atan2f(a, l));
  put(fmodf(l, positive + 0.5f));
}

/// The fast ones, mostly one instruction each.
extern "C" __global__ void mathFast(const float *x, float *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float a = x[i], positive = fabsf(a) + 1e-6f;
  auto put = [&](float value) {
    out[i] = value;
    out += n;
  };
  put(__expf(a));
  put(__logf(positive));
  put(__log2f(positive));
  put(__sinf(a));
  put(__cosf(a));
  put(__fdividef(a, positive));
  put(__frsqrt_rn(positive));
  float tanh, root, reciprocal, quotient;
  asm("tanh.approx.f32 %0, %1;" : "=f"(tanh) : "f"(a));
  asm("sqrt.approx.ftz.f32 %0, %1;" : "=f"(root) : "f"(positive));
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(reciprocal) : "f"(positive));
  asm("div.full.f32 %0, %1, %2;" : "=f"(quotient) : "f"(a), "f"(positive));
  put(tanh);
  put(root);
  put(reciprocal);
  put(quotient);
}
