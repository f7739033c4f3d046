//===- Numerics.h - Formats and their roundings -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conversions between f32 or f64 and the narrow formats, with the rounding
// modes of PTX. They use integer arithmetic without branches or plain IEEE
// operations to nearest, so that loops over lanes vectorize.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_NUMERICS_H
#define PTXSIM_EXEC_NUMERICS_H

#include <cmath>
#include <cstdint>
#include <cstring>
#ifdef __F16C__
#include <immintrin.h>
#endif

namespace ptxsim {

/// `.rn`, `.rz`, `.rm`, `.rp`, `.rna` (ties away from zero).
enum class RoundingMode : uint8_t { Nearest, Zero, Down, Up, Away };

constexpr uint32_t kNaN32 = 0x7fffffff;
constexpr uint64_t kNaN64 = 0x7fffffffffffffff;
constexpr uint16_t kNaN16 = 0x7fff; // of f16 and of bf16

inline uint32_t toBits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}
inline uint64_t toBits(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}
inline float toFloat(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}
inline double toDouble(uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

/// Replaces a subnormal number by the zero of its sign.
inline float flushToZero(float value) {
  uint32_t bits = toBits(value);
  return toFloat(bits & 0x7f800000 ? bits : bits & 0x80000000);
}
inline uint16_t flushHalf(uint16_t bits) {
  return uint16_t(bits & 0x7c00 ? bits : bits & 0x8000);
}
inline uint16_t flushBfloat(uint16_t bits) {
  return uint16_t(bits & 0x7f80 ? bits : bits & 0x8000);
}

/// Replaces any NaN by the NaN that PTX's f32 instructions return.
inline float canonical(float value) {
  return value == value ? value : toFloat(kNaN32);
}

/// `.sat`: to [0, 1]; NaN and both zeros to +0.
inline float saturate(float value) {
  value = value > 0 ? value : 0.0f;
  return value < 1 ? value : 1.0f;
}
inline double saturate(double value) {
  value = value > 0 ? value : 0.0;
  return value < 1 ? value : 1.0;
}

//===----------------------------------------------------------------------===//
// Narrowing
//===----------------------------------------------------------------------===//

/// Rounds the magnitude of a finite f32 to `M` bits of significand, or fewer
/// below the exponent `MinExponent` (biased as in f32) of the smallest normal
/// number. The result counts the numbers of the format from 0, also beyond the
/// largest.
template <unsigned M, int MinExponent>
inline uint32_t roundMagnitude(uint32_t magnitude, bool negative,
                               RoundingMode mode) {
  int exponent = int(magnitude >> 23);
  uint32_t significand = (magnitude & 0x7fffff) | (exponent ? 0x800000 : 0);
  exponent = exponent < 1 ? 1 : exponent;
  int above = exponent - MinExponent; // below 0: a subnormal result
  int shift = int(23 - M) + (above < 0 ? -above : 0);
  // 25 leaves none of the 24 bits, and less than half a unit.
  shift = shift > 25 ? 25 : shift;
  uint32_t quotient = significand >> shift;
  uint32_t rest = significand - (quotient << shift);
  uint32_t half = (1u << shift) >> 1;
  uint32_t inexact = rest != 0;
  uint32_t up = 0;
  switch (mode) {
  case RoundingMode::Nearest:
    up = (rest > half) | ((rest == half) & (quotient & 1));
    break;
  case RoundingMode::Away:
    up = rest >= half;
    break;
  case RoundingMode::Down:
    up = uint32_t(negative) & inexact;
    break;
  case RoundingMode::Up:
    up = uint32_t(!negative) & inexact;
    break;
  case RoundingMode::Zero:
    break;
  }
  return (uint32_t(above < 0 ? 0 : above) << M) + quotient + up;
}

/// Returns the bits (sign, `E` bits of exponent, `M` of significand) of an f32
/// in an IEEE format that is not wider. `satfinite` replaces values that are
/// too large, including infinity, by the largest finite number.
template <unsigned E, unsigned M>
inline uint32_t narrowFloat(float value, RoundingMode mode,
                            bool satfinite = false) {
  constexpr uint32_t infinity = ((1u << E) - 1) << M;
  constexpr int minExponent = 127 - ((1 << (E - 1)) - 1) + 1;
  uint32_t bits = toBits(value), magnitude = bits & 0x7fffffff;
  bool negative = bits >> 31;
  uint32_t result = roundMagnitude<M, minExponent>(magnitude, negative, mode);
  bool toInfinity = mode == RoundingMode::Nearest ||
                    mode == RoundingMode::Away ||
                    (mode == RoundingMode::Down && negative) ||
                    (mode == RoundingMode::Up && !negative);
  toInfinity |= magnitude == 0x7f800000;
  uint32_t tooLarge = infinity - (satfinite || !toInfinity);
  result = result >= infinity ? tooLarge : result;
  result |= uint32_t(negative) << (E + M);
  return magnitude > 0x7f800000 ? (1u << (E + M)) - 1 : result;
}

inline uint16_t floatToHalf(float value,
                            RoundingMode mode = RoundingMode::Nearest) {
  return uint16_t(narrowFloat<5, 10>(value, mode));
}

inline uint16_t floatToBfloat(float value,
                              RoundingMode mode = RoundingMode::Nearest) {
  return uint16_t(narrowFloat<8, 7>(value, mode));
}

/// An f32 whose low 13 bits are zero.
inline float floatToTF32(float value, RoundingMode mode,
                         bool satfinite = false) {
  uint32_t bits = narrowFloat<8, 10>(value, mode, satfinite) << 13;
  return toFloat(value == value ? bits : kNaN32);
}

/// e5m2 has infinities, but conversions to it (`.satfinite`) never create one.
inline uint8_t floatToE5M2(float value,
                           RoundingMode mode = RoundingMode::Nearest) {
  return uint8_t(narrowFloat<5, 2>(value, mode, true));
}

/// e4m3 has no infinity: the exponent of all ones is an ordinary one, except
/// for the significand of all ones, which is NaN.
inline uint8_t floatToE4M3(float value,
                           RoundingMode mode = RoundingMode::Nearest) {
  constexpr uint32_t largest = 0x7e;
  uint32_t bits = toBits(value), magnitude = bits & 0x7fffffff;
  bool negative = bits >> 31;
  uint32_t result = roundMagnitude<3, 121>(magnitude, negative, mode);
  result = result > largest ? largest : result;
  result |= uint32_t(negative) << 7;
  return uint8_t(magnitude > 0x7f800000 ? 0x7f : result);
}

//===----------------------------------------------------------------------===//
// Widening (always exact)
//===----------------------------------------------------------------------===//

inline float halfToFloat(uint16_t half) {
  uint32_t bits = uint32_t(half & 0x7fff) << 13;
  uint32_t exponent = bits & 0x0f800000;
  bits += 112u << 23;
  bits += exponent == 0x0f800000 ? 112u << 23 : 0;
  float subnormal = toFloat(bits + (1u << 23)) - toFloat(113u << 23);
  bits = exponent ? bits : toBits(subnormal);
  return toFloat(bits | uint32_t(half & 0x8000) << 16);
}

inline float bfloatToFloat(uint16_t value) {
  return toFloat(uint32_t(value) << 16);
}

inline float e5m2ToFloat(uint8_t value) {
  return halfToFloat(uint16_t(value << 8));
}

inline float e4m3ToFloat(uint8_t value) {
  uint32_t magnitude = value & 0x7f;
  uint32_t normal = (magnitude << 20) + (120u << 23);
  uint32_t bits =
      magnitude < 8 ? toBits(float(int(magnitude)) * 0x1p-9f) : normal;
  bits = magnitude == 0x7f ? kNaN32 : bits;
  return toFloat(bits | uint32_t(value & 0x80) << 24);
}

//===----------------------------------------------------------------------===//
// From f64
//===----------------------------------------------------------------------===//

/// Converts to f32. An inexact result is the neighbor with an odd last bit, so
/// that a second rounding, to a format at least two bits narrower, is correct
/// for the f64.
inline float doubleToFloatOdd(double value) {
  float nearest = float(value);
  uint32_t bits = toBits(nearest);
  double back = double(nearest);
  bool awayFromZero = std::fabs(back) > std::fabs(value);
  bool inexact = back < value || back > value;
  bool isEven = !(bits & 1);
  uint32_t step = awayFromZero ? 0xffffffffu : 1u;
  return toFloat(bits + (inexact && isEven ? step : 0));
}

inline float doubleToFloat(double value, RoundingMode mode) {
  float nearest = float(value);
  uint32_t bits = toBits(nearest);
  double back = double(nearest);
  bool negative = toBits(value) >> 63;
  bool above = back > value, below = back < value;
  bool tooFar = negative ? below : above;   // in magnitude
  bool tooShort = negative ? above : below; // likewise
  switch (mode) {
  case RoundingMode::Zero:
    bits -= tooFar;
    break;
  case RoundingMode::Down:
    bits += uint32_t(negative && tooShort) - uint32_t(!negative && tooFar);
    break;
  case RoundingMode::Up:
    bits += uint32_t(!negative && tooShort) - uint32_t(negative && tooFar);
    break;
  default:
    break;
  }
  return canonical(toFloat(bits));
}

/// a + b rounded to odd, like doubleToFloatOdd, for sums whose error is a
/// number of the type or that are infinite or NaN.
template <typename T> inline T addOdd(T a, T b) {
  T sum = a + b, part = sum - a;
  T error = (a - (sum - part)) + (b - part);
  auto bits = toBits(sum);
  using U = decltype(bits);
  constexpr unsigned top = 8 * sizeof(U) - 1;
  // The sum is too large if its sign differs from that of the error.
  U step = (U(0) - ((bits ^ toBits(error)) >> top)) | 1;
  // The error of an infinite sum is NaN.
  U inexact = (error == error) & (error != 0);
  bits += (U(0) - (inexact & ~bits)) & step;
  T result;
  std::memcpy(&result, &bits, sizeof(result));
  return result;
}

//===----------------------------------------------------------------------===//
// Many values at once
//===----------------------------------------------------------------------===//

/// `count` is a multiple of 8.
inline void halvesToFloats(const uint16_t *from, float *to, unsigned count) {
#ifdef __F16C__
  for (unsigned i = 0; i < count; i += 8)
    _mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128(
                                 reinterpret_cast<const __m128i *>(from + i))));
#else
  for (unsigned i = 0; i < count; ++i)
    to[i] = halfToFloat(from[i]);
#endif
}

inline void bfloatsToFloats(const uint16_t *from, float *to, unsigned count) {
  for (unsigned i = 0; i < count; ++i)
    to[i] = bfloatToFloat(from[i]);
}

/// To nearest; NaN becomes the canonical one.
inline void floatsToHalves(const float *from, uint16_t *to, unsigned count) {
#ifdef __F16C__
  for (unsigned i = 0; i < count; i += 8) {
    __m256 value = _mm256_loadu_ps(from + i);
    // A NaN of all ones keeps all ones.
    __m256 isNaN = _mm256_cmp_ps(value, value, _CMP_UNORD_Q);
    value = _mm256_blendv_ps(
        value, _mm256_castsi256_ps(_mm256_set1_epi32(int(kNaN32))), isNaN);
    _mm_storeu_si128(reinterpret_cast<__m128i *>(to + i),
                     _mm256_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT));
  }
#else
  for (unsigned i = 0; i < count; ++i)
    to[i] = floatToHalf(from[i]);
#endif
}

inline void floatsToBfloats(const float *from, uint16_t *to, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    uint32_t bits = toBits(from[i]);
    uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    to[i] = uint16_t(from[i] == from[i] ? rounded : kNaN16);
  }
}

} // namespace ptxsim

#endif // PTXSIM_EXEC_NUMERICS_H
