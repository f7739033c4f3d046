//===- Float.cpp - f32 and f64 arithmetic ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations that PTX rounds as in IEEE 754. Math.cpp has the approximate ones.
//
//===----------------------------------------------------------------------===//

#include "Exec/Lanewise.h"
#include "Exec/Numerics.h"
#include <cfenv>

using namespace ptxsim;

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

namespace {
struct Add {
  template <typename T> static T apply(T a, T b) { return a + b; }
};
struct Sub {
  template <typename T> static T apply(T a, T b) { return a - b; }
};
struct Mul {
  template <typename T> static T apply(T a, T b) { return a * b; }
};
struct Div {
  template <typename T> static T apply(T a, T b) { return a / b; }
};
struct Fma {
  template <typename T> static T apply(T a, T b, T c) {
    return std::fma(a, b, c);
  }
};
struct Rcp {
  template <typename T> static T apply(T a) { return T(1) / a; }
};
struct Sqrt {
  template <typename T> static T apply(T a) { return std::sqrt(a); }
};

/// An operation with the modifiers of PTX.
template <typename Op, bool Ftz, bool Sat> struct Finished {
  template <typename... Ts> static auto apply(Ts... values) {
    auto result = Op::apply(flush(values)...);
    result = flush(result);
    if constexpr (Sat)
      return saturate(result);
    else if constexpr (sizeof(result) == 4)
      return canonical(result);
    else
      return result;
  }
  static float flush(float value) { return Ftz ? flushToZero(value) : value; }
  static double flush(double value) { return value; }
};

/// Sets the rounding mode of the host during its lifetime. Accesses to
/// registers are not moved out of it.
class HostRounding {
public:
  explicit HostRounding(uint32_t mode) : before(std::fegetround()) {
    static constexpr int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD,
                                    FE_UPWARD};
    std::fesetround(modes[mode]);
    asm volatile("" ::: "memory");
  }
  ~HostRounding() {
    asm volatile("" ::: "memory");
    std::fesetround(before);
  }

private:
  int before;
};
} // namespace

/// The same in a rounding mode of `mode`, for any number of adjacent lanes.
template <typename Op, typename T, unsigned Sources, unsigned PerLane>
static void execRounded(Warp &w, const Inst &i, uint32_t mask) {
  const T *a = w.reg<T>(i.a);
  const T *b = Sources > 1 ? w.reg<T>(i.b) : a;
  const T *c = Sources > 2 ? w.reg<T>(i.c) : a;
  alignas(64) T result[kLanes * PerLane];
  {
    HostRounding rounding(i.mode);
    for (unsigned l = 0; l < kLanes * PerLane; ++l) {
      if constexpr (Sources == 1)
        result[l] = Op::apply(a[l]);
      else if constexpr (Sources == 2)
        result[l] = Op::apply(a[l], b[l]);
      else
        result[l] = Op::apply(a[l], b[l], c[l]);
    }
    // The results are computed before the mode is restored.
    asm volatile("" : : "r"(result) : "memory");
  }
  using Whole = typename detail::UnsignedOf<sizeof(T) * PerLane * 8>::Type;
  alignas(64) Whole whole[kLanes];
  std::memcpy(whole, result, sizeof(whole));
  blend(w.reg<Whole>(i.d), whole, mask);
}

template <typename Op, typename T, unsigned Sources>
static constexpr ExecFn getNearest() {
  if constexpr (Sources == 1)
    return execUnary<Op, T, T>;
  else if constexpr (Sources == 2)
    return execBinary<Op, T, T, T>;
  else
    return execTernary<Op, T, T, T, T>;
}
template <typename Op, unsigned Sources>
static constexpr ExecFn getNearestPair() {
  if constexpr (Sources == 1)
    return execPairUnary<Op, float>;
  else if constexpr (Sources == 2)
    return execPairBinary<Op, float>;
  else
    return execPairTernary<Op, float>;
}

template <typename Op, unsigned Sources>
static ExecFn selectArithmetic(Type type, bool nearest) {
  if (type == Type::F64)
    return nearest ? getNearest<Op, double, Sources>()
                   : execRounded<Op, double, Sources, 1>;
  // Reciprocals and roots of pairs do not exist.
  if constexpr (Sources > 1)
    if (type == Type::F32x2)
      return nearest ? getNearestPair<Op, Sources>()
                     : execRounded<Op, float, Sources, 2>;
  return nearest ? getNearest<Op, float, Sources>()
                 : execRounded<Op, float, Sources, 1>;
}

static RoundingMode getRounding(const Match &match) {
  std::string_view word = match.get("rnd");
  return word == "rz"   ? RoundingMode::Zero
         : word == "rm" ? RoundingMode::Down
         : word == "rp" ? RoundingMode::Up
                        : RoundingMode::Nearest;
}

template <typename Op, unsigned Sources>
static bool buildArithmetic(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  RoundingMode mode = getRounding(match);
  bool nearest = mode == RoundingMode::Nearest, ftz = match.has("ftz");
  inst.mode = unsigned(mode);
  if (match.has("sat"))
    inst.exec =
        ftz ? selectArithmetic<Finished<Op, true, true>, Sources>(type, nearest)
            : selectArithmetic<Finished<Op, false, true>, Sources>(type,
                                                                   nearest);
  else
    inst.exec = ftz ? selectArithmetic<Finished<Op, true, false>, Sources>(
                          type, nearest)
                    : selectArithmetic<Finished<Op, false, false>, Sources>(
                          type, nearest);
  if (isPacked(type))
    setCustomInit(inst, initByPart);
  if (type == Type::F64)
    inst.cls = InstClass::Float64;
  if constexpr (Sources == 1)
    return buildOperands(decoder, inst, type, {type});
  else if constexpr (Sources == 2)
    return buildOperands(decoder, inst, type, {type, type});
  else
    return buildOperands(decoder, inst, type, {type, type, type});
}

//===----------------------------------------------------------------------===//
// Mixed precision (PTX ISA 8.6)
//===----------------------------------------------------------------------===//

namespace {
/// Converts f16 or bf16 to f32, exactly.
template <bool IsBfloat> float widen(uint16_t value) {
  return IsBfloat ? bfloatToFloat(value) : halfToFloat(value);
}
template <bool IsBfloat, bool Sat> struct MixedFma {
  static float apply(uint16_t a, uint16_t b, float c) {
    float result = std::fma(widen<IsBfloat>(a), widen<IsBfloat>(b), c);
    return Sat ? saturate(result) : canonical(result);
  }
};
template <typename Op, bool IsBfloat, bool Sat> struct MixedSum {
  static float apply(uint16_t a, float b) {
    float result = Op::apply(widen<IsBfloat>(a), b);
    return Sat ? saturate(result) : canonical(result);
  }
};
} // namespace

/// The lambda gets the types of the choice as constants.
template <typename Fn> static ExecFn selectMixed(const Match &match, Fn get) {
  bool isBfloat = match.type(1) == Type::BF16, sat = match.has("sat");
  if (isBfloat)
    return sat ? get(std::true_type(), std::true_type())
               : get(std::true_type(), std::false_type());
  return sat ? get(std::false_type(), std::true_type())
             : get(std::false_type(), std::false_type());
}

static bool buildMixedFma(Decoder &decoder, const Match &match, Inst &inst) {
  inst.exec = selectMixed(match, [](auto isBfloat, auto sat) -> ExecFn {
    return execTernary<
        MixedFma<decltype(isBfloat)::value, decltype(sat)::value>, float,
        uint16_t, uint16_t, float>;
  });
  return buildOperands(decoder, inst, Type::F32,
                       {match.type(1), match.type(1), Type::F32});
}

template <typename Op>
static bool buildMixedSum(Decoder &decoder, const Match &match, Inst &inst) {
  inst.exec = selectMixed(match, [](auto isBfloat, auto sat) -> ExecFn {
    return execBinary<
        MixedSum<Op, decltype(isBfloat)::value, decltype(sat)::value>, float,
        uint16_t, float>;
  });
  return buildOperands(decoder, inst, Type::F32, {match.type(1), Type::F32});
}

//===----------------------------------------------------------------------===//
// Signs
//===----------------------------------------------------------------------===//

namespace {
template <bool Ftz> struct Abs {
  template <typename U> static U apply(U a) {
    constexpr U sign = U(1) << (8 * sizeof(U) - 1);
    return flush(a) & ~sign;
  }
  static uint32_t flush(uint32_t a) {
    return Ftz && !(a & 0x7f800000) ? a & 0x80000000 : a;
  }
  static uint64_t flush(uint64_t a) { return a; }
};
template <bool Ftz> struct Neg {
  template <typename U> static U apply(U a) {
    constexpr U sign = U(1) << (8 * sizeof(U) - 1);
    return Abs<Ftz>::flush(a) ^ sign;
  }
};
/// The sign of a, the rest of b.
struct Copysign {
  template <typename U> static U apply(U a, U b) {
    constexpr U sign = U(1) << (8 * sizeof(U) - 1);
    return (a & sign) | (b & ~sign);
  }
};
} // namespace

template <template <bool> class Op>
static bool buildSign(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  if (type == Type::F64) {
    inst.exec = execUnary<Op<false>, uint64_t, uint64_t>;
    inst.cls = InstClass::Float64;
  } else {
    inst.exec = match.has("ftz") ? execUnary<Op<true>, uint32_t, uint32_t>
                                 : execUnary<Op<false>, uint32_t, uint32_t>;
  }
  return buildOperands(decoder, inst, type, {type});
}

static bool buildCopysign(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  inst.exec = type == Type::F64
                  ? execBinary<Copysign, uint64_t, uint64_t, uint64_t>
                  : execBinary<Copysign, uint32_t, uint32_t, uint32_t>;
  return buildOperands(decoder, inst, type, {type, type});
}

//===----------------------------------------------------------------------===//
// Minimum and maximum
//===----------------------------------------------------------------------===//

namespace {
/// -0 is less than +0. A NaN loses against a number, unless `KeepNaN`.
template <bool IsMax, bool Ftz, bool KeepNaN, bool Abs, bool XorSign>
struct MinMax {
  template <typename T> static T flush(T a) {
    if constexpr (Ftz && sizeof(T) == 4)
      a = flushToZero(a);
    return a;
  }
  template <typename T> static T apply(T a, T b) {
    using U = UnsignedOf<T>;
    constexpr U signBit = U(1) << (8 * sizeof(T) - 1);
    a = flush(a);
    b = flush(b);
    U signs = (toBits(a) ^ toBits(b)) & signBit;
    if (Abs) {
      a = std::fabs(a);
      b = std::fabs(b);
    }
    bool first = IsMax ? a > b : a < b;
    U bits = first ? toBits(a) : toBits(b);
    U zeros = IsMax ? toBits(a) & toBits(b) : toBits(a) | toBits(b);
    bits = a == b ? zeros : bits;
    bool aIsNaN = a != a, bIsNaN = b != b;
    bits = bIsNaN ? toBits(a) : aIsNaN ? toBits(b) : bits;
    if (XorSign)
      bits = (bits & ~signBit) | signs;
    constexpr U nan = sizeof(T) == 4 ? U(kNaN32) : U(kNaN64);
    bits = (KeepNaN ? aIsNaN | bIsNaN : aIsNaN & bIsNaN) ? nan : bits;
    T result;
    std::memcpy(&result, &bits, sizeof(result));
    return result;
  }
  template <typename T> static T apply(T a, T b, T c) {
    return apply(apply(a, b), c);
  }
};
} // namespace

template <bool IsMax, bool Ftz, bool KeepNaN>
static bool buildMinMaxOf(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  bool abs = match.has("abs"), xorSign = match.has("xorsign");
  if (type == Type::F64) {
    inst.cls = InstClass::Float64;
    inst.exec = execBinary<MinMax<IsMax, false, KeepNaN, false, false>, double,
                           double, double>;
    return buildOperands(decoder, inst, type, {type, type});
  }
  if (decoder.count() == 4) {
    if (xorSign)
      return decoder.fail(".xorsign is for two sources, found three");
    using Plain = MinMax<IsMax, Ftz, KeepNaN, false, false>;
    using OfAbs = MinMax<IsMax, Ftz, KeepNaN, true, false>;
    inst.exec = abs ? execTernary<OfAbs, float, float, float, float>
                    : execTernary<Plain, float, float, float, float>;
    return buildOperands(decoder, inst, type, {type, type, type});
  }
  if (abs != xorSign)
    return decoder.fail(".xorsign and .abs go together with two sources");
  using Plain = MinMax<IsMax, Ftz, KeepNaN, false, false>;
  using Xor = MinMax<IsMax, Ftz, KeepNaN, true, true>;
  inst.exec = abs ? execBinary<Xor, float, float, float>
                  : execBinary<Plain, float, float, float>;
  return buildOperands(decoder, inst, type, {type, type});
}

template <bool IsMax>
static bool buildMinMax(Decoder &decoder, const Match &match, Inst &inst) {
  if (match.has("ftz"))
    return match.has("NaN")
               ? buildMinMaxOf<IsMax, true, true>(decoder, match, inst)
               : buildMinMaxOf<IsMax, true, false>(decoder, match, inst);
  return match.has("NaN")
             ? buildMinMaxOf<IsMax, false, true>(decoder, match, inst)
             : buildMinMaxOf<IsMax, false, false>(decoder, match, inst);
}

//===----------------------------------------------------------------------===//
// testp
//===----------------------------------------------------------------------===//

namespace {
enum class Property : uint32_t {
  Finite,
  Infinite,
  Number,
  NotANumber,
  Normal,
  Subnormal
};
} // namespace

static bool hasProperty(Property property, double value, double smallest) {
  double magnitude = std::fabs(value);
  bool finite = magnitude < HUGE_VAL, nan = value != value;
  switch (property) {
  case Property::Finite:
    return finite;
  case Property::Infinite:
    return !finite && !nan;
  case Property::Number:
    return !nan;
  case Property::NotANumber:
    return nan;
  case Property::Normal: // also zeros
    return finite && (magnitude >= smallest || magnitude == 0);
  case Property::Subnormal:
    return magnitude > 0 && magnitude < smallest;
  }
  return false;
}

template <typename T>
static void execTestp(Warp &w, const Inst &i, uint32_t mask) {
  const T *a = w.reg<T>(i.a);
  constexpr double smallest = sizeof(T) == 4 ? 0x1p-126 : 0x1p-1022;
  uint32_t bits = 0;
  for (unsigned l = 0; l < kLanes; ++l)
    bits |= uint32_t(hasProperty(Property(i.mode), double(a[l]), smallest))
            << l;
  w.setPred(i.d, bits, mask);
}

static bool buildTestp(Decoder &decoder, const Match &match, Inst &inst) {
  static constexpr const char *names[] = {
      "finite", "infinite", "number", "notanumber", "normal", "subnormal"};
  for (uint32_t n = 0; n < 6; ++n)
    if (match.get("property") == names[n])
      inst.mode = n;
  inst.exec = match.type() == Type::F64 ? execTestp<double> : execTestp<float>;
  return buildOperands(decoder, inst, Type::Pred, {match.type()});
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static constexpr InstClass kFloat = InstClass::Float32;

static const Form kForms[] = {
    {"add", "rnd?=rn|rz|rm|rp ftz? sat? :f32", kFloat, buildArithmetic<Add, 2>},
    {"add", "rnd?=rn|rz|rm|rp ftz? :f32x2", kFloat, buildArithmetic<Add, 2>},
    {"add", "rnd?=rn|rz|rm|rp :f64", kFloat, buildArithmetic<Add, 2>},
    {"sub", "rnd?=rn|rz|rm|rp ftz? sat? :f32", kFloat, buildArithmetic<Sub, 2>},
    {"sub", "rnd?=rn|rz|rm|rp ftz? :f32x2", kFloat, buildArithmetic<Sub, 2>},
    {"sub", "rnd?=rn|rz|rm|rp :f64", kFloat, buildArithmetic<Sub, 2>},
    {"mul", "rnd?=rn|rz|rm|rp ftz? sat? :f32", kFloat, buildArithmetic<Mul, 2>},
    {"mul", "rnd?=rn|rz|rm|rp ftz? :f32x2", kFloat, buildArithmetic<Mul, 2>},
    {"mul", "rnd?=rn|rz|rm|rp :f64", kFloat, buildArithmetic<Mul, 2>},
    {"fma", "rnd=rn|rz|rm|rp ftz? sat? :f32", kFloat, buildArithmetic<Fma, 3>},
    {"fma", "rnd=rn|rz|rm|rp ftz? :f32x2", kFloat, buildArithmetic<Fma, 3>},
    {"fma", "rnd=rn|rz|rm|rp :f64", kFloat, buildArithmetic<Fma, 3>},
    {"add", "rnd?=rn sat? :f32 :f16|bf16", kFloat, buildMixedSum<Add>},
    {"sub", "rnd?=rn sat? :f32 :f16|bf16", kFloat, buildMixedSum<Sub>},
    {"fma", "rnd=rn sat? :f32 :f16|bf16", kFloat, buildMixedFma},
    {"mad", "rnd=rn|rz|rm|rp ftz? sat? :f32", kFloat, buildArithmetic<Fma, 3>},
    {"mad", "rnd=rn|rz|rm|rp :f64", kFloat, buildArithmetic<Fma, 3>},
    {"div", "rnd=rn|rz|rm|rp ftz? :f32", kFloat, buildArithmetic<Div, 2>},
    {"div", "rnd=rn|rz|rm|rp :f64", kFloat, buildArithmetic<Div, 2>},
    {"rcp", "rnd=rn|rz|rm|rp ftz? :f32", kFloat, buildArithmetic<Rcp, 1>},
    {"rcp", "rnd=rn|rz|rm|rp :f64", kFloat, buildArithmetic<Rcp, 1>},
    {"sqrt", "rnd=rn|rz|rm|rp ftz? :f32", kFloat, buildArithmetic<Sqrt, 1>},
    {"sqrt", "rnd=rn|rz|rm|rp :f64", kFloat, buildArithmetic<Sqrt, 1>},
    {"abs", "ftz? :f32", kFloat, buildSign<Abs>},
    {"abs", ":f64", kFloat, buildSign<Abs>},
    {"neg", "ftz? :f32", kFloat, buildSign<Neg>},
    {"neg", ":f64", kFloat, buildSign<Neg>},
    {"copysign", ":f32|f64", kFloat, buildCopysign},
    {"min", "ftz? NaN? xorsign? abs? :f32", kFloat, buildMinMax<false>},
    {"min", ":f64", kFloat, buildMinMax<false>},
    {"max", "ftz? NaN? xorsign? abs? :f32", kFloat, buildMinMax<true>},
    {"max", ":f64", kFloat, buildMinMax<true>},
    {"testp",
     "property=finite|infinite|number|notanumber|normal|subnormal "
     ":f32|f64",
     InstClass::Compare, buildTestp},
};

FormTable ptxsim::getFloatForms() { return makeTable(kForms); }
