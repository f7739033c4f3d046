//===- Convert.cu - Conversions with rounding and saturation --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#define CONVERT(instruction, type, constraint, from, fromConstraint)           \
  [&] {                                                                        \
    type result;                                                               \
    asm(instruction " %0, %1;"                                                 \
        : "=" constraint(result)                                               \
        : fromConstraint(from));                                               \
    return result;                                                             \
  }()

/// Floating point to integers of all widths; out of range goes to the end of
/// the range.
extern "C" __global__ void convertToInteger(const float *x, const double *y,
                                            int *out, long long *wide, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  float f = x[i];
  double d = y[i];
  auto put = [&](int value) {
    out[i] = value;
    out += n;
  };
  auto putWide = [&](long long value) {
    wide[i] = value;
    wide += n;
  };
  put(__float2int_rn(f));
  put(__float2int_rz(f));
  put(__float2int_ru(f));
  put(__float2int_rd(f));
  put(__float2uint_rn(f));
  put(__float2uint_rz(f));
  put(__float2uint_ru(f));
  put(__float2uint_rd(f));
  put(__double2int_rn(d));
  put(__double2int_rz(d));
  put(__double2uint_ru(d));
  put(__double2uint_rd(d));
  put(CONVERT("cvt.rni.s8.f32", int, "r", f, "f"));
  put(CONVERT("cvt.rzi.u8.f32", int, "r", f, "f"));
  put(CONVERT("cvt.rpi.s16.f32", short, "h", f, "f"));
  put(CONVERT("cvt.rmi.u16.f64", unsigned short, "h", d, "d"));
  putWide(__float2ll_rn(f));
  putWide(__float2ll_rz(f));
  putWide(__float2ull_ru(f));
  putWide(__float2ull_rd(f));
  putWide(__double2ll_rn(d));
  putWide(__double2ll_rd(d));
  putWide(__double2ull_rz(d));
  putWide(__double2ull_ru(d));
}

/// Integers and floating point to floating point. Bits are stored.
extern "C" __global__ void convertToFloat(const long long *x, const float *y,
                                          const double *z, unsigned *out,
                                          unsigned long long *wide,
                                          unsigned short *halves, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  long long l = x[i];
  int s = (int)l;
  unsigned u = (unsigned)l;
  float f = y[i];
  double d = z[i];
  auto put = [&](float value) {
    out[i] = __float_as_uint(value);
    out += n;
  };
  auto putWide = [&](double value) {
    wide[i] = __double_as_longlong(value);
    wide += n;
  };
  auto putHalf = [&](unsigned short value) {
    halves[i] = value;
    halves += n;
  };
  put(__int2float_rn(s));
  put(__int2float_rz(s));
  put(__int2float_ru(s));
  put(__uint2float_rd(u));
  put(__ll2float_rn(l));
  put(__ull2float_rz(l));
  put(__double2float_rn(d));
  put(__double2float_rz(d));
  put(__double2float_ru(d));
  put(__double2float_rd(d));
  put(truncf(f));
  put(floorf(f));
  put(ceilf(f));
  put(rintf(f));
  put(__saturatef(f));
  put(__uint_as_float(CONVERT("cvt.rna.tf32.f32", unsigned, "r", f, "f") &
                      ~0x1fffu));
  putWide(__ll2double_rn(l));
  putWide(__ll2double_rd(l));
  putWide(__ull2double_ru(l));
  putWide((double)f);
  putWide((double)s);
  putWide(rint(d));
  putHalf(__half_as_ushort(__float2half_rn(f)));
  putHalf(__half_as_ushort(__float2half_rz(f)));
  putHalf(__half_as_ushort(__float2half_ru(f)));
  putHalf(__half_as_ushort(__float2half_rd(f)));
  putHalf(__bfloat16_as_ushort(__float2bfloat16_rn(f)));
  putHalf(__bfloat16_as_ushort(__float2bfloat16_rz(f)));
  putHalf(__half_as_ushort(__int2half_rn(s)));
  half2 two = __floats2half2_rn(f, -2 * f);
  putHalf(__half_as_ushort(__low2half(two)));
  putHalf(__half_as_ushort(__high2half(two)));
  __nv_bfloat162 pair = __floats2bfloat162_rn(f, -2 * f);
  putHalf(__bfloat16_as_ushort(__low2bfloat16(pair)));
  putHalf(__bfloat16_as_ushort(__high2bfloat16(pair)));
  unsigned both;
  asm("cvt.rz.relu.f16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(f), "f"(-f));
  putHalf(both);
  putHalf(both >> 16);
}

/// Halves to everything, and integers to narrower integers.
extern "C" __global__ void convertFromNarrow(const half *x,
                                             const __nv_bfloat16 *y,
                                             const int *z, float *floats,
                                             int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  half h = x[i];
  int s = z[i];
  floats[i] = __half2float(h);
  floats[n + i] = __bfloat162float(y[i]);
  auto put = [&](int value) {
    out[i] = value;
    out += n;
  };
  put(__half2int_rn(h));
  put(__half2int_rd(h));
  put(__half2uint_rz(h));
  put(__half2short_ru(h));
  put((int)__half2ll_rz(h));
  put(CONVERT("cvt.sat.s8.s32", int, "r", s, "r"));
  put(CONVERT("cvt.sat.u8.s32", int, "r", s, "r"));
  put(CONVERT("cvt.sat.u16.s32", unsigned short, "h", s, "r"));
  put(CONVERT("cvt.sat.s16.u32", short, "h", s, "r"));
  put(CONVERT("cvt.sat.u32.s32", unsigned, "r", s, "r"));
  put(CONVERT("cvt.s8.s32", int, "r", s, "r"));
  put(CONVERT("cvt.u8.s32", int, "r", s, "r"));
  put((short)s);
  put((unsigned short)s);
}
