//===- MmaTruncate.cpp - Products with the rounding of tensor cores -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The model on which published measurements of tensor cores agree. It uses
// integer arithmetic only, so the host does not round.
//
//===----------------------------------------------------------------------===//

#include "MmaNumerics.h"
#include <algorithm>

using namespace ptxsim;
using namespace ptxsim::mma;

TruncationModel mma::getTruncationModel(const Chip &chip, FloatFormat a,
                                        FloatFormat b, bool toHalf,
                                        unsigned k) {
  TruncationModel model;
  model.a = a;
  model.b = b;
  model.accumulator = toHalf ? kFormatF16 : kFormatF32;
  model.toHalf = toHalf;
  if (chip.capability >= 90) {
    model.fractionBits = 25;
    model.block = k;
    return model;
  }
  // The units of Ampere are half as deep as the largest instruction of a type:
  // 8 for 16 bits, 4 for tf32 (which has the fraction but not the range of
  // f16).
  bool isTF32 = a.fractionBits == 10 && a.minExponent == -126;
  model.fractionBits = 24;
  model.block = isTF32 ? 4 : a.fractionBits < 7 ? 16 : 8;
  return model;
}

namespace {
/// Decomposed matrices: magnitude * 2^(exponent - fraction bits), and 0 or -1
/// for the sign. The exponent of a zero is below all others.
template <unsigned size> struct Split {
  uint64_t magnitude[size];
  int64_t exponent[size];
  int64_t sign[size];
};
constexpr int64_t kZeroExponent = -4096;
/// The size of the largest instruction; eight columns are computed at a time.
constexpr unsigned kMostRows = 32, kMostDepth = 32, kColumns = 8;
} // namespace

/// Subnormals have the smallest exponent of the format and a small significand.
template <unsigned size>
static void split(float value, FloatFormat format, Split<size> &to,
                  unsigned at) {
  uint32_t bits = toBits(value), fields = bits & 0x7fffffff;
  int exponent = int(fields >> 23) - 127;
  uint64_t magnitude = fields & 0x7fffff;
  if (exponent > -127)
    magnitude |= 1 << 23;
  else
    exponent = -126;
  // Converts from f32's fraction and exponent to the format's, exactly.
  int shift = 23 - format.fractionBits;
  if (exponent < format.minExponent) {
    shift += format.minExponent - exponent;
    exponent = format.minExponent;
  }
  to.magnitude[at] = magnitude >> std::min(shift, 63);
  to.exponent[at] = fields ? exponent : kZeroExponent;
  to.sign[at] = -int64_t(bits >> 31);
}

/// Rounds sum * 2^exponent to an f32 by truncation, or to the nearest f16.
static float assemble(int64_t sum, int64_t exponent, bool toHalf) {
  if (!sum)
    return 0.0f;
  uint64_t magnitude = uint64_t(sum < 0 ? -sum : sum);
  int zeros = __builtin_clzll(magnitude);
  int64_t top = 63 - zeros + exponent;
  uint32_t sign = sum < 0 ? 0x80000000u : 0;
  if (toHalf) { // exact in f64, and rounded once
    double value = std::ldexp(double(magnitude), int(exponent));
    return toFloat(sign |
                   toBits(halfToFloat(floatToHalf(doubleToFloatOdd(value)))));
  }
  if (top > 127)
    return toFloat(sign | 0x7f800000);
  uint64_t significand = magnitude << zeros >> 40; // 24 bits
  if (top >= -126)
    return toFloat(sign | uint32_t(top + 127) << 23 |
                   (uint32_t(significand) & 0x7fffff));
  int64_t drop = std::min<int64_t>(-126 - top, 63);
  return toFloat(sign | uint32_t(significand >> drop));
}

/// A sum with infinities or NaN: infinities of one sign may remain.
static float sumSpecial(const float *a, const float *b, unsigned n, unsigned k,
                        float acc) {
  for (unsigned i = 0; i < k; ++i)
    if (!std::isfinite(a[i]) || !std::isfinite(b[i * n]))
      acc += a[i] * b[i * n];
  return acc;
}

/// One row of A times eight columns of B, `count` deep.
static void sumBlock(const TruncationModel &model, const Split<kMostDepth> &a,
                     const Split<kMostDepth * kColumns> &b, unsigned begin,
                     unsigned count, float *acc) {
  Split<kColumns> start;
  int64_t largest[kColumns], sums[kColumns];
  for (unsigned j = 0; j < kColumns; ++j) {
    split(acc[j], model.accumulator, start, j);
    largest[j] = start.exponent[j];
  }
  for (unsigned k = begin; k < begin + count; ++k)
    for (unsigned j = 0; j < kColumns; ++j) {
      int64_t exponent = a.exponent[k] + b.exponent[k * kColumns + j];
      largest[j] = exponent > largest[j] ? exponent : largest[j];
    }
  // Magnitudes are shifted, so that truncation is toward zero.
  uint64_t widen =
      uint64_t(model.fractionBits - model.accumulator.fractionBits);
  for (unsigned j = 0; j < kColumns; ++j) {
    int64_t drop = largest[j] - start.exponent[j];
    uint64_t kept =
        start.magnitude[j] << widen >> (drop > 63 ? 63 : uint64_t(drop));
    sums[j] = (int64_t(kept) ^ start.sign[j]) - start.sign[j];
  }
  widen = uint64_t(model.fractionBits - model.a.fractionBits -
                   model.b.fractionBits);
  for (unsigned k = begin; k < begin + count; ++k)
    for (unsigned j = 0; j < kColumns; ++j) {
      unsigned at = k * kColumns + j;
      int64_t drop = largest[j] - (a.exponent[k] + b.exponent[at]);
      uint64_t product =
          uint64_t(uint32_t(a.magnitude[k])) * uint32_t(b.magnitude[at]);
      uint64_t kept = product << widen >> (drop > 63 ? 63 : uint64_t(drop));
      int64_t sign = a.sign[k] ^ b.sign[at];
      sums[j] += (int64_t(kept) ^ sign) - sign;
    }
  for (unsigned j = 0; j < kColumns; ++j)
    if (std::isfinite(acc[j])) // an earlier block may have gone too far
      acc[j] = assemble(sums[j], largest[j] - model.fractionBits, model.toHalf);
}

static bool areFinite(const float *values, unsigned count) {
  bool result = true;
  for (unsigned i = 0; i < count; ++i)
    result &= (toBits(values[i]) & 0x7f800000) != 0x7f800000;
  return result;
}

void mma::multiplyTruncated(const TruncationModel &model, unsigned m,
                            unsigned n, unsigned k, const float *a,
                            const float *b, float *acc) {
  bool inputsFinite = areFinite(a, m * k) && areFinite(b, k * n);
  Split<kMostDepth> rows[kMostRows];
  for (unsigned i = 0; i < m; ++i)
    for (unsigned x = 0; x < k; ++x)
      split(a[i * k + x], model.a, rows[i], x);
  for (unsigned first = 0; first < n; first += kColumns) {
    Split<kMostDepth * kColumns> columns;
    for (unsigned x = 0; x < k; ++x)
      for (unsigned j = 0; j < kColumns; ++j)
        split(b[x * n + first + j], model.b, columns, x * kColumns + j);
    for (unsigned i = 0; i < m; ++i) {
      float *sums = acc + i * n + first;
      float before[kColumns];
      std::copy_n(sums, kColumns, before);
      for (unsigned begin = 0; begin < k; begin += model.block)
        sumBlock(model, rows[i], columns, begin,
                 std::min(model.block, k - begin), sums);
      if (inputsFinite && areFinite(before, kColumns))
        continue;
      for (unsigned j = 0; j < kColumns; ++j) {
        bool isFinite = areFinite(before + j, 1) && areFinite(a + i * k, k);
        for (unsigned x = 0; x < k; ++x)
          isFinite &= areFinite(b + x * n + first + j, 1);
        if (!isFinite)
          sums[j] = sumSpecial(a + i * k, b + first + j, n, k, before[j]);
      }
    }
  }
}
