//===- Math.cpp - Approximate functions -----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The result is the value nearest to that of the function, which is within
// every documented error. SimOptions::perturb replaces it by another value
// within the error, because programs must not depend on it.
//
//===----------------------------------------------------------------------===//

#include "Exec/Math.h"
#include "Exec/Half.h"

using namespace ptxsim;

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

namespace {
/// The maximum error of a result before it is rounded: the documented bound
/// minus the half unit of the rounding.
struct ErrorBound {
  enum Kind { Ulp, Relative, Absolute, Log2 } kind;
  double size;
};

/// Common code of f32 functions.
constexpr uint32_t kFtz = 1;
} // namespace

/// Returns one unit in the last place of an f32 near the value.
static double getUlp(double value) {
  int exponent;
  std::frexp(value, &exponent);
  return std::ldexp(1.0, std::max(exponent, -125) - 24);
}

static double perturb(double value, ErrorBound bound, double input,
                      Block &block) {
  // ex2(0) and similar values are exact.
  if (input == 0 || value == 0 || !std::isfinite(value))
    return value;
  double random = double(block.nextRandom()) * 0x1p-31 - 1; // -1 to 1
  switch (bound.kind) {
  case ErrorBound::Ulp:
    return value + random * bound.size * getUlp(value);
  case ErrorBound::Relative:
    return value + random * bound.size * value;
  case ErrorBound::Absolute:
    return value + random * bound.size;
  case ErrorBound::Log2: // absolute between 1/2 and 2, else relative
    return value + random * bound.size *
                       (input > 0.5 && input < 2 ? 1 : std::fabs(value));
  }
  return value;
}

static void perturbLanes(Warp &w, uint32_t mask, ErrorBound bound,
                         const float *inputs, double *values) {
  for (Lanes lane(mask); lane; ++lane)
    values[*lane] =
        perturb(values[*lane], bound, double(inputs[*lane]), *w.block);
}

//===----------------------------------------------------------------------===//
// Functions of f32
//===----------------------------------------------------------------------===//

namespace {
struct Ex2 {
  static constexpr ErrorBound bound = {ErrorBound::Ulp, 1.5};
  static double apply(double x) { return exp2Wide(x); }
};
struct Lg2 {
  static constexpr ErrorBound bound = {ErrorBound::Log2, 0x1p-22 - 0x1p-24};
  static double apply(double x) { return std::log2(x); }
};
struct Sin {
  static constexpr ErrorBound bound = {ErrorBound::Absolute, 4.4e-7};
  static double apply(double x) { return std::sin(x); }
};
struct Cos {
  static constexpr ErrorBound bound = {ErrorBound::Absolute, 4.4e-7};
  static double apply(double x) { return std::cos(x); }
};
struct Rsqrt {
  static constexpr ErrorBound bound = {ErrorBound::Relative,
                                       6.8e-8}; // 2^-22.9 - 2^-24
  static double apply(double x) { return 1 / std::sqrt(x); }
};
struct Sqrt {
  static constexpr ErrorBound bound = {ErrorBound::Relative, 0x1p-24};
  static double apply(double x) { return std::sqrt(x); }
};
struct Rcp {
  static constexpr ErrorBound bound = {ErrorBound::Ulp, 0.5};
  static double apply(double x) { return 1 / x; }
};
struct Tanh {
  static constexpr ErrorBound bound = {ErrorBound::Relative, 0x1p-11 - 0x1p-24};
  static double apply(double x) { return tanhWide(x); }
};
} // namespace

template <typename Fn, bool Ftz>
static void execMath(Warp &w, const Inst &i, uint32_t mask) {
  const float *a = w.reg<float>(i.a);
  alignas(64) float inputs[kLanes];
  alignas(64) double values[kLanes];
  for (unsigned l = 0; l < kLanes; ++l)
    inputs[l] = Ftz ? flushToZero(a[l]) : a[l];
  for (unsigned l = 0; l < kLanes; ++l)
    values[l] = Fn::apply(double(inputs[l]));
  if (w.launch->options.perturb)
    perturbLanes(w, mask, Fn::bound, inputs, values);
  forLanes<float>(w, i.d, mask, [&](unsigned l) {
    float result = canonical(float(values[l]));
    return Ftz ? flushToZero(result) : result;
  });
}

template <typename Fn>
static bool buildMath(Decoder &decoder, const Match &match, Inst &inst) {
  inst.exec = match.has("ftz") ? execMath<Fn, true> : execMath<Fn, false>;
  return buildOperands(decoder, inst, Type::F32, {Type::F32});
}

//===----------------------------------------------------------------------===//
// Division
//===----------------------------------------------------------------------===//

/// `Full` supports all divisors. Otherwise, the result for divisors above 2^126
/// is 0.
template <bool Full>
static void execDiv(Warp &w, const Inst &i, uint32_t mask) {
  const float *a = w.reg<float>(i.a), *b = w.reg<float>(i.b);
  bool ftz = i.mode & kFtz;
  alignas(64) float dividends[kLanes], results[kLanes];
  for (unsigned l = 0; l < kLanes; ++l) {
    float x = ftz ? flushToZero(a[l]) : a[l];
    float y = ftz ? flushToZero(b[l]) : b[l];
    dividends[l] = x;
    float quotient = x / y;
    if (!Full) {
      float magnitude = std::fabs(y);
      bool isLarge = magnitude > 0x1p126f && magnitude < HUGE_VALF;
      // 0 with the sign of the quotient, NaN for infinity; NaN stays NaN.
      quotient = isLarge ? x * std::copysign(0.0f, y) : quotient;
    }
    results[l] = quotient;
  }
  if (w.launch->options.perturb) {
    alignas(64) double values[kLanes];
    for (unsigned l = 0; l < kLanes; ++l)
      values[l] = double(results[l]);
    // The results are already rounded.
    perturbLanes(w, mask, {ErrorBound::Ulp, 1.0}, dividends, values);
    for (unsigned l = 0; l < kLanes; ++l)
      results[l] = float(values[l]);
  }
  forLanes<float>(w, i.d, mask, [&](unsigned l) {
    float result = canonical(results[l]);
    return ftz ? flushToZero(result) : result;
  });
}

static bool buildDiv(Decoder &decoder, const Match &match, Inst &inst) {
  inst.mode = match.has("ftz") * kFtz;
  inst.exec = match.get("way") == "full" ? execDiv<true> : execDiv<false>;
  return buildOperands(decoder, inst, Type::F32, {Type::F32, Type::F32});
}

//===----------------------------------------------------------------------===//
// f64: the high 32 bits of the result
//===----------------------------------------------------------------------===//

namespace {
constexpr uint32_t kWholeResult = 2;
} // namespace

template <typename Fn>
static void execMath64(Warp &w, const Inst &i, uint32_t mask) {
  const double *a = w.reg<double>(i.a);
  bool ftz = i.mode & kFtz, whole = i.mode & kWholeResult;
  auto flush = [ftz](double value) {
    bool subnormal = std::fabs(value) < 0x1p-1022;
    return ftz && subnormal ? std::copysign(0.0, value) : value;
  };
  forLanes<uint64_t>(w, i.d, mask, [=](unsigned l) {
    double result = flush(Fn::apply(flush(a[l])));
    if (result != result)
      return kNaN64;
    return whole ? toBits(result) : toBits(result) & 0xffffffff00000000;
  });
}

template <typename Fn>
static bool buildMath64(Decoder &decoder, const Match &match, Inst &inst) {
  inst.mode = match.has("ftz") ? kFtz : kWholeResult;
  inst.exec = execMath64<Fn>;
  return buildOperands(decoder, inst, Type::F64, {Type::F64});
}

//===----------------------------------------------------------------------===//
// f16 and bf16
//===----------------------------------------------------------------------===//

namespace {
struct Ex2OfHalf : Ex2 {
  static constexpr ErrorBound half = {ErrorBound::Relative,
                                      5.5e-4}; // 2^-9.9 - 2^-11
  static constexpr ErrorBound bfloat = {ErrorBound::Relative, 0x1p-8};
};
struct TanhOfHalf : Tanh {
  static constexpr ErrorBound half = {ErrorBound::Absolute,
                                      2.4e-4}; // 2^-10.987 - 2^-12
  static constexpr ErrorBound bfloat = {ErrorBound::Absolute, 0x1p-9};
};
} // namespace

template <typename Fn, typename Format, unsigned Count>
static void execMathHalf(Warp &w, const Inst &i, uint32_t mask) {
  alignas(64) float inputs[Count];
  alignas(64) double values[Count];
  loadHalves<Format, Count>(w, i.a, inputs, i.mode & kHalfFtz);
  for (unsigned e = 0; e < Count; ++e)
    values[e] = Fn::apply(double(inputs[e]));
  if (w.launch->options.perturb) {
    ErrorBound bound =
        std::is_same_v<Format, BfloatFormat> ? Fn::bfloat : Fn::half;
    constexpr unsigned step = Count / kLanes;
    for (unsigned e = 0; e < Count; ++e)
      if (mask >> (e / step) & 1)
        values[e] = perturb(values[e], bound, double(inputs[e]), *w.block);
  }
  for (unsigned e = 0; e < Count; ++e)
    inputs[e] = doubleToFloatOdd(values[e]);
  finishHalves<Format, Count>(w, i, mask, inputs);
}

template <typename Fn>
static bool buildMathHalf(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  inst.mode = match.has("ftz") * kHalfFtz;
  inst.exec = type == Type::F16     ? execMathHalf<Fn, HalfFormat, 32>
              : type == Type::F16x2 ? execMathHalf<Fn, HalfFormat, 64>
              : type == Type::BF16  ? execMathHalf<Fn, BfloatFormat, 32>
                                    : execMathHalf<Fn, BfloatFormat, 64>;
  if (isPacked(type))
    setCustomInit(inst, initByPart);
  return buildOperands(decoder, inst, type, {type});
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static constexpr InstClass kSfu = InstClass::Sfu;

static const Form kForms[] = {
    {"ex2", "approx ftz? :f32", kSfu, buildMath<Ex2>},
    {"lg2", "approx ftz? :f32", kSfu, buildMath<Lg2>},
    {"sin", "approx ftz? :f32", kSfu, buildMath<Sin>},
    {"cos", "approx ftz? :f32", kSfu, buildMath<Cos>},
    {"rsqrt", "approx ftz? :f32", kSfu, buildMath<Rsqrt>},
    {"sqrt", "approx ftz? :f32", kSfu, buildMath<Sqrt>},
    {"rcp", "approx ftz? :f32", kSfu, buildMath<Rcp>},
    {"tanh", "approx :f32", kSfu, buildMath<Tanh>},
    {"div", "way=approx|full ftz? :f32", kSfu, buildDiv},
    {"rcp", "approx ftz :f64", kSfu, buildMath64<Rcp>},
    {"rsqrt", "approx ftz? :f64", kSfu, buildMath64<Rsqrt>},
    {"ex2", "approx :f16|f16x2", kSfu, buildMathHalf<Ex2OfHalf>},
    {"ex2", "approx ftz :bf16|bf16x2", kSfu, buildMathHalf<Ex2OfHalf>},
    {"tanh", "approx :f16|f16x2|bf16|bf16x2", kSfu, buildMathHalf<TanhOfHalf>},
};

FormTable ptxsim::getMathForms() { return makeTable(kForms); }
