//===- FloatTest.cpp - f32 and f64 arithmetic of PTX ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RunPTX.h"
#include <cfenv>

using namespace ptxsim::test;

namespace {
struct Mode {
  const char *name;
  int host;
};
const Mode kModes[] = {{"rn", FE_TONEAREST},
                       {"rz", FE_TOWARDZERO},
                       {"rm", FE_DOWNWARD},
                       {"rp", FE_UPWARD}};

/// The host's operation in a rounding mode. Volatile prevents reordering.
template <typename T, typename Fn> T inMode(int mode, Fn compute) {
  int before = fegetround();
  fesetround(mode);
  volatile T result = compute();
  fesetround(before);
  return result;
}

bool isNaN32(uint64_t bits) { return (bits & 0x7fffffff) > 0x7f800000; }
bool isNaN64(uint64_t bits) {
  return (bits & 0x7fffffffffffffff) > 0x7ff0000000000000;
}
/// Any NaN of f64 matches any other one.
bool sameF64(uint64_t found, uint64_t expected) {
  return isNaN64(found) && isNaN64(expected);
}
uint64_t canonical(float value) {
  return value == value ? bitsOf(value) : 0x7fffffff;
}
float flush(float value) {
  return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.0f, value)
                                                : value;
}
float clamp01(float value) {
  return value > 0 ? (value < 1 ? value : 1.0f) : 0.0f;
}

/// An operation on volatile operands, in f32 and f64.
template <typename T> struct Operation {
  const char *name;
  unsigned sources;
  T (*compute)(volatile T *);
};
template <typename T>
const Operation<T> kOperations[] = {
    {"add", 2, [](volatile T *v) { return T(v[0] + v[1]); }},
    {"sub", 2, [](volatile T *v) { return T(v[0] - v[1]); }},
    {"mul", 2, [](volatile T *v) { return T(v[0] * v[1]); }},
    {"div", 2, [](volatile T *v) { return T(v[0] / v[1]); }},
    {"fma", 3, [](volatile T *v) { return std::fma(v[0], v[1], v[2]); }},
    {"mad", 3, [](volatile T *v) { return std::fma(v[0], v[1], v[2]); }},
    {"rcp", 1, [](volatile T *v) { return T(T(1) / v[0]); }},
    {"sqrt", 1, [](volatile T *v) { return std::sqrt(T(v[0])); }},
};

bool isOneOf(const std::string &name, std::vector<std::string> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}
} // namespace

TEST(Float, ArithmeticOfF32) {
  for (const Operation<float> &op : kOperations<float>)
    for (const Mode &mode : kModes)
      for (bool ftz : {false, true})
        for (bool sat : {false, true}) {
          std::string name = op.name;
          if (sat && !isOneOf(name, {"add", "sub", "mul", "fma", "mad"}))
            continue;
          std::vector<Values> sets(op.sources,
                                   floats32(op.sources > 2 ? 8 : 16));
          check(makeOp(name + "." + mode.name + (ftz ? ".ftz" : "") +
                           (sat ? ".sat" : "") + ".f32",
                       "b32", std::vector<std::string>(op.sources, "b32")),
                cross(sets, op.sources > 2 ? 8000 : 6000),
                [&](const Values &v) {
                  volatile float values[3] = {};
                  for (unsigned s = 0; s < op.sources; ++s)
                    values[s] = ftz ? flush(asFloat(v[s])) : asFloat(v[s]);
                  float result = inMode<float>(
                      mode.host, [&] { return op.compute(values); });
                  if (ftz)
                    result = flush(result);
                  return sat ? bitsOf(clamp01(result)) : canonical(result);
                });
        }
}

TEST(Float, ArithmeticOfF64) {
  for (const Operation<double> &op : kOperations<double>)
    for (const Mode &mode : kModes) {
      std::vector<Values> sets(op.sources, floats64(op.sources > 2 ? 8 : 16));
      check(
          makeOp(op.name + std::string(".") + mode.name + ".f64", "b64",
                 std::vector<std::string>(op.sources, "b64")),
          cross(sets, op.sources > 2 ? 8000 : 6000),
          [&](const Values &v) {
            volatile double values[3] = {};
            for (unsigned s = 0; s < op.sources; ++s)
              values[s] = asDouble(v[s]);
            return bitsOf(
                inMode<double>(mode.host, [&] { return op.compute(values); }));
          },
          sameF64);
    }
}

TEST(Float, WithoutRoundingModifier) {
  for (const char *name : {"add", "sub", "mul"})
    check(makeOp(name + std::string(".f32"), "b32", {"b32", "b32"}),
          cross({floats32(), floats32()}), [&](const Values &v) {
            volatile float a = asFloat(v[0]), b = asFloat(v[1]);
            return canonical(name[0] == 'a'   ? a + b
                             : name[0] == 's' ? a - b
                                              : a * b);
          });
  EXPECT_NE(getParseError("fma.f32 %f0, %f1, %f2, %f3;"), "");
  EXPECT_NE(getParseError("div.f32 %f0, %f1, %f2;"), "");
  EXPECT_NE(getParseError("add.rn.ftz.f64 %rd0, %rd1, %rd2;"), "");
}

TEST(Float, Pairs) {
  for (const Operation<float> &op : kOperations<float>)
    for (const Mode &mode : kModes) {
      if (!isOneOf(op.name, {"add", "sub", "mul", "fma"}))
        continue;
      std::vector<Values> sets;
      for (unsigned s = 0; s < op.sources; ++s) {
        Values values, low = floats32(), high = floats32();
        for (unsigned n = 0; n < 80; ++n)
          values.push_back(low[getRandom()() % low.size()] |
                           high[getRandom()() % high.size()] << 32);
        sets.push_back(values);
      }
      check(makeOp(op.name + std::string(".") + mode.name + ".f32x2", "b64",
                   std::vector<std::string>(op.sources, "b64")),
            cross(sets), [&](const Values &v) {
              uint64_t result = 0;
              for (unsigned part : {0u, 32u}) {
                volatile float values[3] = {};
                for (unsigned s = 0; s < op.sources; ++s)
                  values[s] = asFloat(v[s] >> part);
                result |= canonical(inMode<float>(
                              mode.host, [&] { return op.compute(values); }))
                          << part;
              }
              return result;
            });
    }
}

TEST(Float, Signs) {
  auto values = cross({floats32()});
  auto values64 = cross({floats64()});
  check(makeOp("abs.f32", "b32", {"b32"}), values,
        [](const Values &v) { return v[0] & 0x7fffffff; });
  check(makeOp("neg.f32", "b32", {"b32"}), values,
        [](const Values &v) { return v[0] ^ 0x80000000; });
  check(makeOp("abs.ftz.f32", "b32", {"b32"}), values, [](const Values &v) {
    return isNaN32(v[0]) ? v[0] & 0x7fffffff
                         : bitsOf(std::fabs(flush(asFloat(v[0]))));
  });
  check(makeOp("neg.ftz.f32", "b32", {"b32"}), values, [](const Values &v) {
    return isNaN32(v[0]) ? v[0] ^ 0x80000000 : bitsOf(-flush(asFloat(v[0])));
  });
  check(makeOp("abs.f64", "b64", {"b64"}), values64,
        [](const Values &v) { return v[0] << 1 >> 1; });
  check(makeOp("neg.f64", "b64", {"b64"}), values64,
        [](const Values &v) { return v[0] ^ uint64_t(1) << 63; });
  check(makeOp("copysign.f32", "b32", {"b32", "b32"}),
        cross({floats32(), floats32()}), [](const Values &v) {
          return bitsOf(std::copysign(asFloat(v[1]), asFloat(v[0])));
        });
  check(makeOp("copysign.f64", "b64", {"b64", "b64"}),
        cross({floats64(), floats64()}), [](const Values &v) {
          return bitsOf(std::copysign(asDouble(v[1]), asDouble(v[0])));
        });
}

TEST(Float, MinimumAndMaximum) {
  /// -0 comes before +0.
  auto isLess = [](double a, double b) {
    return a < b || (a == b && std::signbit(a) && !std::signbit(b));
  };
  for (bool isMax : {false, true}) {
    auto choose = [&](double a, double b) {
      if (a != a)
        return b;
      if (b != b)
        return a;
      return isLess(a, b) != isMax ? a : b;
    };
    std::string name = isMax ? "max" : "min";
    for (bool ftz : {false, true})
      for (bool nan : {false, true})
        for (bool xorsign : {false, true}) {
          std::string full = name + (ftz ? ".ftz" : "") + (nan ? ".NaN" : "") +
                             (xorsign ? ".xorsign.abs" : "") + ".f32";
          check(makeOp(full, "b32", {"b32", "b32"}),
                cross({floats32(), floats32()}), [&](const Values &v) {
                  float a = asFloat(v[0]), b = asFloat(v[1]);
                  if (ftz) {
                    a = flush(a);
                    b = flush(b);
                  }
                  bool bothNaN = a != a && b != b;
                  if (bothNaN || (nan && (a != a || b != b)))
                    return uint64_t(0x7fffffff);
                  if (!xorsign)
                    return bitsOf(float(choose(a, b)));
                  bool sign = std::signbit(a) != std::signbit(b);
                  auto value = float(choose(std::fabs(a), std::fabs(b)));
                  return bitsOf(std::copysign(value, sign ? -1.0f : 1.0f));
                });
        }
    check(
        makeOp(name + ".f64", "b64", {"b64", "b64"}),
        cross({floats64(), floats64()}),
        [&](const Values &v) {
          return bitsOf(choose(asDouble(v[0]), asDouble(v[1])));
        },
        sameF64);
    for (bool abs : {false, true})
      for (bool nan : {false, true})
        check(makeOp(name + (nan ? ".NaN" : "") + (abs ? ".abs" : "") + ".f32",
                     "b32", {"b32", "b32", "b32"}),
              cross({floats32(), floats32(), floats32()}, 5000),
              [&](const Values &v) {
                double result = std::nan("");
                for (uint64_t bits : v) {
                  double value = double(asFloat(bits));
                  if (nan && value != value)
                    return uint64_t(0x7fffffff);
                  result = choose(result, abs ? std::fabs(value) : value);
                }
                return canonical(float(result));
              });
  }
  EXPECT_NE(getParseError("min.abs.f32 %f0, %f1, %f2;"), "");
}

/// f16 and bf16 with f32: the sums of PTX ISA 8.6.
TEST(Float, MixedPrecision) {
  auto widenBfloat = [](uint64_t bits) { return asFloat(bits << 16); };
  auto widenHalf = [](uint64_t bits) {
    int exponent = int(bits >> 10) & 31, fraction = int(bits) & 1023;
    float value = exponent == 31
                      ? (fraction ? NAN : INFINITY)
                      : std::ldexp(float(exponent ? 1024 + fraction : fraction),
                                   std::max(exponent, 1) - 25);
    return bits >> 15 ? -value : value;
  };
  for (bool isBfloat : {true, false}) {
    std::string type = isBfloat ? ".bf16" : ".f16";
    auto widen = [=](uint64_t bits) {
      return isBfloat ? widenBfloat(bits) : widenHalf(bits);
    };
    Values narrow = isBfloat ? bfloats16() : floats16();
    check(makeOp("add.f32" + type, "f32", {"b16", "f32"}),
          cross({narrow, floats32()}), [=](const Values &v) {
            volatile float sum = widen(v[0]) + asFloat(v[1]);
            return canonical(sum);
          });
    check(makeOp("sub.rn.f32" + type, "f32", {"b16", "f32"}),
          cross({narrow, floats32()}), [=](const Values &v) {
            volatile float difference = widen(v[0]) - asFloat(v[1]);
            return canonical(difference);
          });
    check(makeOp("fma.rn.sat.f32" + type, "f32", {"b16", "b16", "f32"}),
          cross({narrow, narrow, floats32(4)}), [=](const Values &v) {
            float product = std::fma(widen(v[0]), widen(v[1]), asFloat(v[2]));
            return canonical(clamp01(product));
          });
  }
}

TEST(Float, Properties) {
  struct {
    const char *name;
    bool (*holds)(double value, int kind);
  } properties[] = {
      {"finite", [](double v, int) { return bool(std::isfinite(v)); }},
      {"infinite", [](double v, int) { return bool(std::isinf(v)); }},
      {"number", [](double v, int) { return !std::isnan(v); }},
      {"notanumber", [](double v, int) { return bool(std::isnan(v)); }},
      {"normal",
       [](double, int kind) { return kind == FP_NORMAL || kind == FP_ZERO; }},
      {"subnormal", [](double, int kind) { return kind == FP_SUBNORMAL; }},
  };
  for (auto [name, holds] : properties) {
    check(makeOp(std::string("testp.") + name + ".f32", "pred", {"b32"}),
          cross({floats32()}), [holds = holds](const Values &v) {
            float value = asFloat(v[0]);
            return holds(double(value), std::fpclassify(value));
          });
    check(makeOp(std::string("testp.") + name + ".f64", "pred", {"b64"}),
          cross({floats64()}), [holds = holds](const Values &v) {
            double value = asDouble(v[0]);
            return holds(value, std::fpclassify(value));
          });
  }
}
