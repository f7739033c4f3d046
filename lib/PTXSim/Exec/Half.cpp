//===- Half.cpp - f16 and bf16 arithmetic ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Computes in f32 such that the rounding to 16 bits is the only one: f32 is
// sufficient for sums and products of f16. If f32 is not precise enough, the
// intermediate result is rounded to odd.
//
//===----------------------------------------------------------------------===//

#include "Exec/Half.h"

using namespace ptxsim;

namespace {
struct Add {
  template <typename Format, unsigned Count>
  static void run(const float *a, const float *b, const float *, float *r) {
    for (unsigned e = 0; e < Count; ++e)
      r[e] = a[e] + b[e];
  }
};
struct Sub {
  template <typename Format, unsigned Count>
  static void run(const float *a, const float *b, const float *, float *r) {
    for (unsigned e = 0; e < Count; ++e)
      r[e] = a[e] - b[e];
  }
};
struct Mul {
  template <typename Format, unsigned Count>
  static void run(const float *a, const float *b, const float *, float *r) {
    // A product of two bf16 may be below the normal range of f32.
    uint32_t outside = 0;
    for (unsigned e = 0; e < Count; ++e) {
      r[e] = a[e] * b[e];
      outside |= ((toBits(r[e]) & 0x7f800000) == 0) & (a[e] != 0) & (b[e] != 0);
    }
    if (outside)
      for (unsigned e = 0; e < Count; ++e)
        r[e] = doubleToFloatOdd(double(a[e]) * double(b[e]));
  }
};
struct Fma {
  template <typename Format, unsigned Count>
  static void run(const float *a, const float *b, const float *c, float *r) {
    // The product is exact unless it leaves the range of f32, as bf16 can.
    uint32_t outside = 0;
    for (unsigned e = 0; e < Count; ++e) {
      float product = a[e] * b[e];
      uint32_t exponent = toBits(product) & 0x7f800000;
      outside |= ((exponent == 0) & (a[e] != 0) & (b[e] != 0)) |
                 (exponent == 0x7f800000);
      r[e] = addOdd(product, c[e]);
    }
    if (outside)
      for (unsigned e = 0; e < Count; ++e)
        r[e] =
            doubleToFloatOdd(addOdd(double(a[e]) * double(b[e]), double(c[e])));
  }
};
} // namespace

template <typename Op, unsigned Sources, typename Format, unsigned Count>
static void execHalf(Warp &w, const Inst &i, uint32_t mask) {
  alignas(64) float a[Count], b[Count], c[Count], result[Count];
  bool ftz = i.mode & kHalfFtz;
  loadHalves<Format, Count>(w, i.a, a, ftz);
  loadHalves<Format, Count>(w, i.b, b, ftz);
  if (Sources > 2)
    loadHalves<Format, Count>(w, i.c, c, ftz);
  Op::template run<Format, Count>(a, b, c, result);
  finishHalves<Format, Count>(w, i, mask, result);
}

static uint32_t getFlags(const Match &match) {
  return match.has("ftz") * kHalfFtz | match.has("sat") * kHalfSat |
         match.has("relu") * kHalfRelu;
}

template <typename Op, unsigned Sources>
static bool buildHalf(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  inst.mode = getFlags(match);
  switch (type) {
  case Type::F16:
    inst.exec = execHalf<Op, Sources, HalfFormat, 32>;
    break;
  case Type::F16x2:
    inst.exec = execHalf<Op, Sources, HalfFormat, 64>;
    break;
  case Type::BF16:
    inst.exec = execHalf<Op, Sources, BfloatFormat, 32>;
    break;
  default:
    inst.exec = execHalf<Op, Sources, BfloatFormat, 64>;
    break;
  }
  if (isPacked(type))
    setCustomInit(inst, initByPart);
  return Sources == 2 ? buildOperands(decoder, inst, type, {type, type})
                      : buildOperands(decoder, inst, type, {type, type, type});
}

//===----------------------------------------------------------------------===//
// Signs, minimum and maximum, on the bits
//===----------------------------------------------------------------------===//

namespace {
template <bool Ftz> struct Abs {
  static uint16_t apply(uint16_t a) { return flush(a) & 0x7fff; }
  static uint16_t flush(uint16_t a) { return Ftz ? flushHalf(a) : a; }
};
template <bool Ftz> struct Neg {
  static uint16_t apply(uint16_t a) {
    return uint16_t(Abs<Ftz>::flush(a) ^ 0x8000);
  }
};

/// As for f32: see there.
template <uint16_t Infinity, bool IsMax, bool Ftz, bool KeepNaN, bool XorSign>
struct MinMax {
  static uint16_t apply(uint16_t a, uint16_t b) {
    if (Ftz) {
      a = flushHalf(a);
      b = flushHalf(b);
    }
    uint16_t signs = (a ^ b) & 0x8000;
    if (XorSign) {
      a &= 0x7fff;
      b &= 0x7fff;
    }
    bool aIsNaN = (a & 0x7fff) > Infinity, bIsNaN = (b & 0x7fff) > Infinity;
    int16_t x = order(a), y = order(b);
    uint16_t bits = (IsMax ? x > y : x < y) ? a : b;
    bits = bIsNaN ? a : aIsNaN ? b : bits;
    if (XorSign)
      bits = (bits & 0x7fff) | signs;
    return (KeepNaN ? aIsNaN | bIsNaN : aIsNaN & bIsNaN) ? kNaN16 : bits;
  }
  /// A number that increases with the value; -0 is below +0.
  static int16_t order(uint16_t a) {
    return int16_t(a & 0x8000 ? a ^ 0x7fff : a);
  }
};
} // namespace

template <template <bool> class Op>
static bool buildSign(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  bool ftz = match.has("ftz");
  if (isPacked(type)) {
    inst.exec = ftz ? execPairUnary<Op<true>, uint16_t>
                    : execPairUnary<Op<false>, uint16_t>;
    setCustomInit(inst, initByPart);
  } else {
    inst.exec = ftz ? execUnary<Op<true>, uint16_t, uint16_t>
                    : execUnary<Op<false>, uint16_t, uint16_t>;
  }
  return buildOperands(decoder, inst, type, {type});
}

template <typename Op> static ExecFn selectMinMax(Type type) {
  return isPacked(type) ? execPairBinary<Op, uint16_t>
                        : execBinary<Op, uint16_t, uint16_t, uint16_t>;
}

template <uint16_t Infinity, bool IsMax, bool Ftz>
static ExecFn selectMinMax(Type type, bool keepNaN, bool xorSign) {
  if (keepNaN)
    return xorSign
               ? selectMinMax<MinMax<Infinity, IsMax, Ftz, true, true>>(type)
               : selectMinMax<MinMax<Infinity, IsMax, Ftz, true, false>>(type);
  return xorSign
             ? selectMinMax<MinMax<Infinity, IsMax, Ftz, false, true>>(type)
             : selectMinMax<MinMax<Infinity, IsMax, Ftz, false, false>>(type);
}

template <bool IsMax>
static bool buildMinMax(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  bool keepNaN = match.has("NaN"), xorSign = match.has("xorsign");
  if (xorSign != match.has("abs"))
    return decoder.fail(".xorsign and .abs go together");
  if (isBfloat(type))
    inst.exec = selectMinMax<BfloatFormat::infinity, IsMax, false>(
        type, keepNaN, xorSign);
  else if (match.has("ftz"))
    inst.exec =
        selectMinMax<HalfFormat::infinity, IsMax, true>(type, keepNaN, xorSign);
  else
    inst.exec = selectMinMax<HalfFormat::infinity, IsMax, false>(type, keepNaN,
                                                                 xorSign);
  if (isPacked(type))
    setCustomInit(inst, initByPart);
  return buildOperands(decoder, inst, type, {type, type});
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static constexpr InstClass kHalf = InstClass::Float16;

static const Form kForms[] = {
    {"add", "rn? ftz? sat? :f16|f16x2", kHalf, buildHalf<Add, 2>},
    {"add", "rn? :bf16|bf16x2", kHalf, buildHalf<Add, 2>},
    {"sub", "rn? ftz? sat? :f16|f16x2", kHalf, buildHalf<Sub, 2>},
    {"sub", "rn? :bf16|bf16x2", kHalf, buildHalf<Sub, 2>},
    {"mul", "rn? ftz? sat? :f16|f16x2", kHalf, buildHalf<Mul, 2>},
    {"mul", "rn? :bf16|bf16x2", kHalf, buildHalf<Mul, 2>},
    {"fma", "rn ftz? sat? :f16|f16x2", kHalf, buildHalf<Fma, 3>},
    {"fma", "rn ftz? relu :f16|f16x2", kHalf, buildHalf<Fma, 3>},
    {"fma", "rn relu? :bf16|bf16x2", kHalf, buildHalf<Fma, 3>},
    {"abs", "ftz? :f16|f16x2", kHalf, buildSign<Abs>},
    {"abs", ":bf16|bf16x2", kHalf, buildSign<Abs>},
    {"neg", "ftz? :f16|f16x2", kHalf, buildSign<Neg>},
    {"neg", ":bf16|bf16x2", kHalf, buildSign<Neg>},
    {"min", "ftz? NaN? xorsign? abs? :f16|f16x2", kHalf, buildMinMax<false>},
    {"min", "NaN? xorsign? abs? :bf16|bf16x2", kHalf, buildMinMax<false>},
    {"max", "ftz? NaN? xorsign? abs? :f16|f16x2", kHalf, buildMinMax<true>},
    {"max", "NaN? xorsign? abs? :bf16|bf16x2", kHalf, buildMinMax<true>},
};

FormTable ptxsim::getHalfForms() { return makeTable(kForms); }
