//===- MmaNumerics.h - Element types of matrix products ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An operand of a tensor-core product of any type is converted to f32 (which
// represents every value of every type exactly) or to a 32-bit integer, and the
// product is computed on plain row-major arrays.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_MMANUMERICS_H
#define PTXSIM_EXEC_MMANUMERICS_H

#include "Numerics.h"
#include "Warp.h"
#ifdef __SSE2__
#include <immintrin.h>
#endif

namespace ptxsim {
namespace mma {

/// The properties of a type for the truncating model: its fraction bits, and
/// the exponent of its subnormals.
struct FloatFormat {
  int fractionBits;
  int minExponent;
};
constexpr FloatFormat kFormatF32 = {23, -126};
constexpr FloatFormat kFormatF16 = {10, -14};

// Operand types. A register of all lanes holds 8 rows of `width` elements; a
// row is 16 bytes.

struct F16 {
  using Value = float;
  static constexpr unsigned width = 8;
  static constexpr FloatFormat format = kFormatF16;
  static void decodeRow(const void *row, float *out) {
    halvesToFloats(static_cast<const uint16_t *>(row), out, 8);
  }
};

struct BF16 {
  using Value = float;
  static constexpr unsigned width = 8;
  static constexpr FloatFormat format = {7, -126};
  static void decodeRow(const void *row, float *out) {
    bfloatsToFloats(static_cast<const uint16_t *>(row), out, 8);
  }
};

struct TF32 {
  using Value = float;
  static constexpr unsigned width = 4;
  static constexpr FloatFormat format = {10, -126};
  static void decodeRow(const void *row, float *out) {
    // The low 13 bits are ignored.
    for (unsigned i = 0; i < 4; ++i)
      out[i] = toFloat(static_cast<const uint32_t *>(row)[i] & 0xffffe000u);
  }
};

template <float (*decode)(uint8_t), int fractionBits, int minExponent>
struct F8 {
  using Value = float;
  static constexpr unsigned width = 16;
  static constexpr FloatFormat format = {fractionBits, minExponent};
  static void decodeRow(const void *row, float *out) {
    for (unsigned i = 0; i < 16; ++i)
      out[i] = decode(static_cast<const uint8_t *>(row)[i]);
  }
};
using E4M3 = F8<e4m3ToFloat, 3, -6>;
using E5M2 = F8<e5m2ToFloat, 2, -14>;

template <typename T> struct Int8 {
  using Value = int32_t;
  static constexpr unsigned width = 16;
  static void decodeRow(const void *row, int32_t *out) {
    for (unsigned i = 0; i < 16; ++i)
      out[i] = static_cast<const T *>(row)[i];
  }
};
using S8 = Int8<int8_t>;
using U8 = Int8<uint8_t>;

/// The summation of a product; see `multiplyTruncated`.
struct TruncationModel {
  FloatFormat a, b, accumulator;
  int fractionBits; // kept below the largest exponent
  unsigned block;   // of k, summed at once
  bool toHalf;      // the result is an f16, rounded to nearest
};

/// The measured behavior of a chip's tensor cores. `k` is that of the
/// instruction.
TruncationModel getTruncationModel(const Chip &chip, FloatFormat a,
                                   FloatFormat b, bool toHalf, unsigned k);

/// acc += a * b as on tensor cores: the products of a block and the accumulator
/// are truncated a number of bits below their largest exponent, and then added
/// exactly.
void multiplyTruncated(const TruncationModel &model, unsigned m, unsigned n,
                       unsigned k, const float *a, const float *b, float *acc);

#if defined(__AVX2__) && defined(__FMA__)
using Row8 = __m256;
inline Row8 load8(const float *p) { return _mm256_loadu_ps(p); }
inline void store8(float *p, Row8 v) { _mm256_storeu_ps(p, v); }
inline Row8 fma8(float a, Row8 b, Row8 c) {
  return _mm256_fmadd_ps(_mm256_set1_ps(a), b, c);
}
#else
struct Row8 {
  float v[8];
};
inline Row8 load8(const float *p) {
  Row8 r;
  std::memcpy(r.v, p, sizeof(r.v));
  return r;
}
inline void store8(float *p, const Row8 &r) { std::memcpy(p, r.v, 32); }
inline Row8 fma8(float a, const Row8 &b, const Row8 &c) {
  Row8 r;
  for (unsigned i = 0; i < 8; ++i)
    r.v[i] = std::fma(a, b.v[i], c.v[i]);
  return r;
}
#endif

/// acc += a * b, all by rows: fused multiply-adds in the order of k. Eight rows
/// are computed together, because each is a chain of dependent operations.
template <unsigned M, unsigned N, unsigned K>
inline void multiplyAdd(const float *a, const float *b, float *acc) {
  static_assert(M % 8 == 0 && N % 8 == 0, "");
  for (unsigned i = 0; i < M; i += 8)
    for (unsigned j = 0; j < N; j += 8) {
      Row8 sum[8];
#pragma GCC unroll 8
      for (unsigned r = 0; r < 8; ++r)
        sum[r] = load8(acc + (i + r) * N + j);
      for (unsigned k = 0; k < K; ++k) {
        Row8 row = load8(b + k * N + j);
#pragma GCC unroll 8
        for (unsigned r = 0; r < 8; ++r)
          sum[r] = fma8(a[(i + r) * K + k], row, sum[r]);
      }
#pragma GCC unroll 8
      for (unsigned r = 0; r < 8; ++r)
        store8(acc + (i + r) * N + j, sum[r]);
    }
}

/// The same, as set in the options of the launch.
template <unsigned M, unsigned N, unsigned K, typename A, typename B>
inline void multiply(const Warp &w, bool toHalf, const float *a, const float *b,
                     float *acc) {
  if (w.launch->options.truncateTensor)
    multiplyTruncated(
        getTruncationModel(*w.launch->chip, A::format, B::format, toHalf, K), M,
        N, K, a, b, acc);
  else
    multiplyAdd<M, N, K>(a, b, acc);
}

/// Transposes an 8x8 matrix of 16-bit elements; may be in place.
inline void transpose8x8(const uint16_t *from, uint16_t *to) {
#ifdef __SSE2__
  __m128i r[8], s[8];
  for (unsigned i = 0; i < 8; ++i)
    r[i] = _mm_loadu_si128(reinterpret_cast<const __m128i *>(from) + i);
  // Each step halves the distance of related elements.
  for (unsigned i = 0; i < 4; ++i) {
    s[2 * i] = _mm_unpacklo_epi16(r[i], r[i + 4]);
    s[2 * i + 1] = _mm_unpackhi_epi16(r[i], r[i + 4]);
  }
  for (unsigned i = 0; i < 4; ++i) {
    r[2 * i] = _mm_unpacklo_epi16(s[i], s[i + 4]);
    r[2 * i + 1] = _mm_unpackhi_epi16(s[i], s[i + 4]);
  }
  for (unsigned i = 0; i < 4; ++i) {
    s[2 * i] = _mm_unpacklo_epi16(r[i], r[i + 4]);
    s[2 * i + 1] = _mm_unpackhi_epi16(r[i], r[i + 4]);
  }
  for (unsigned i = 0; i < 8; ++i)
    _mm_storeu_si128(reinterpret_cast<__m128i *>(to) + i, s[i]);
#else
  uint16_t copy[64];
  std::memcpy(copy, from, sizeof(copy));
  for (unsigned i = 0; i < 8; ++i)
    for (unsigned j = 0; j < 8; ++j)
      to[j * 8 + i] = copy[i * 8 + j];
#endif
}

/// Stores the lanes of a 32-bit register that are in the mask.
inline void storeRegister(const Warp &w, const Ref &ref, const void *lanes,
                          uint32_t mask) {
  if (!ref)
    return;
  uint32_t *to = w.reg<uint32_t>(ref);
  if (mask == kAllLanes) {
    std::memcpy(to, lanes, 128);
    return;
  }
  for (Lanes l(mask); l; ++l)
    std::memcpy(to + *l, static_cast<const uint32_t *>(lanes) + *l, 4);
}

/// Accumulators of an m x n product in registers, `count` elements for each
/// lane: element i of lane l is number (i / 2) * 64 + 2 * l + (i & 1) of the
/// array, in f32 registers of one element or f16 registers of two.
template <bool isHalf>
inline void loadAccumulators(const Warp &w, const Ref *refs, unsigned count,
                             float *acc) {
  for (unsigned pair = 0; pair < count / 2; ++pair, acc += 64) {
    if constexpr (isHalf) {
      const uint16_t *from = w.reg<uint16_t>(refs[pair]);
      halvesToFloats(from, acc, 64);
    } else {
      const float *even = w.reg<float>(refs[2 * pair]);
      const float *odd = w.reg<float>(refs[2 * pair + 1]);
      for (unsigned l = 0; l < kLanes; ++l) {
        acc[2 * l] = even[l];
        acc[2 * l + 1] = odd[l];
      }
    }
  }
}

template <bool isHalf>
inline void storeAccumulators(const Warp &w, const Ref *refs, unsigned count,
                              const float *acc, uint32_t mask) {
  for (unsigned pair = 0; pair < count / 2; ++pair, acc += 64) {
    if constexpr (isHalf) {
      uint16_t halves[64];
      floatsToHalves(acc, halves, 64);
      storeRegister(w, refs[pair], halves, mask);
    } else {
      uint32_t even[kLanes], odd[kLanes];
      for (unsigned l = 0; l < kLanes; ++l) {
        even[l] = toBits(canonical(acc[2 * l]));
        odd[l] = toBits(canonical(acc[2 * l + 1]));
      }
      storeRegister(w, refs[2 * pair], even, mask);
      storeRegister(w, refs[2 * pair + 1], odd, mask);
    }
  }
}

} // namespace mma
} // namespace ptxsim

#endif // PTXSIM_EXEC_MMANUMERICS_H
