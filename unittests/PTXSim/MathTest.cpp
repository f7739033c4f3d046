//===- MathTest.cpp - Approximate functions of PTX ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Results are within the documented errors and, unless they are perturbed, the
// nearest numbers to the values of the functions.
//
//===----------------------------------------------------------------------===//

#include "Formats.h"
#include "RunPTX.h"

using namespace ptxsim::test;

namespace {
double ulpOf(double value) {
  int exponent;
  std::frexp(value, &exponent);
  return std::ldexp(1.0, std::max(exponent - 24, -149));
}

struct Function {
  const char *name;
  long double (*compute)(long double);
  /// The largest error near a value of the function, and its argument.
  double (*bound)(double value, double x);
  double least, most; // arguments
};
double relative(double value, double size) { return std::fabs(value) * size; }

const Function kFunctions[] = {
    {"ex2.approx", [](long double x) { return exp2l(x); },
     [](double v, double) { return 2 * ulpOf(v); }, -130, 128},
    {"lg2.approx", [](long double x) { return log2l(x); },
     [](double v, double x) {
       return x > 0.5 && x < 2 ? 0x1p-22 : relative(v, 0x1p-22);
     },
     1e-10, 1e10},
    {"sin.approx", [](long double x) { return sinl(x); },
     [](double, double) { return std::pow(2, -20.5); }, -6.28, 6.28},
    {"cos.approx", [](long double x) { return cosl(x); },
     [](double, double) { return std::pow(2, -20.5); }, -6.28, 6.28},
    {"rsqrt.approx", [](long double x) { return 1 / sqrtl(x); },
     [](double v, double) { return relative(v, std::pow(2, -22.9)); }, 1e-10,
     1e10},
    {"sqrt.approx", [](long double x) { return sqrtl(x); },
     [](double v, double) { return relative(v, 0x1p-23); }, 1e-10, 1e10},
    {"rcp.approx", [](long double x) { return 1 / x; },
     [](double v, double) { return ulpOf(v); }, -100, 100},
    {"tanh.approx", [](long double x) { return tanhl(x); },
     [](double v, double) { return relative(v, 0x1p-11); }, -12, 12},
};

Values makeArguments(const Function &function, unsigned count) {
  Values values;
  std::uniform_real_distribution<double> uniform(function.least, function.most);
  for (unsigned n = 0; n < count; ++n) {
    double x = uniform(getRandom());
    // Also small ones, where they are legal.
    if (n % 4 == 0)
      x = function.least < 0 || x > 1 ? x / 1024 : x;
    values.push_back(bitsOf(float(x)));
  }
  return values;
}
} // namespace

TEST(Math, NearestResults) {
  for (const Function &function : kFunctions) {
    Values arguments = makeArguments(function, 20000);
    for (uint64_t bits : floats32())
      arguments.push_back(bits);
    check(makeOp(function.name + std::string(".f32"), "b32", {"b32"}),
          {arguments}, [&](const Values &v) {
            auto x = (long double)asFloat(v[0]);
            auto y = float(function.compute(x));
            return y == y ? bitsOf(y) : 0x7fffffff;
          });
  }
}

TEST(Math, PerturbedResults) {
  for (const Function &function : kFunctions) {
    Runner runner;
    runner.options.perturb = true;
    Values arguments = makeArguments(function, 4000);
    auto results =
        runner.run(makeOp(function.name + std::string(".f32"), "b32", {"b32"}),
                   {arguments}, false);
    ASSERT_EQ(results.size(), 1u);
    unsigned changed = 0, wrong = 0;
    for (size_t n = 0; n < arguments.size(); ++n) {
      double x = double(asFloat(arguments[n]));
      auto exact = function.compute((long double)x);
      double found = double(asFloat(results[0][n]));
      changed += bitsOf(float(exact)) != (results[0][n] & 0xffffffff);
      wrong += std::fabs(double(exact - (long double)found)) >
               function.bound(double(exact), x);
    }
    EXPECT_EQ(wrong, 0u) << function.name;
    EXPECT_GT(changed, arguments.size() / 8) << function.name;
    // Another seed gives another result; the same seed the same one.
    auto again =
        runner.run(makeOp(function.name + std::string(".f32"), "b32", {"b32"}),
                   {arguments}, false);
    EXPECT_EQ(again, results) << function.name;
    runner.options.seed = 1;
    EXPECT_NE(
        runner.run(makeOp(function.name + std::string(".f32"), "b32", {"b32"}),
                   {arguments}, false),
        results)
        << function.name;
  }
}

TEST(Math, SpecialArguments) {
  struct {
    const char *name;
    float x, y;
  } cases[] = {
      {"ex2.approx", -INFINITY, 0},
      {"ex2.approx", INFINITY, INFINITY},
      {"ex2.approx", 0, 1},
      {"ex2.approx", -1e30f, 0},
      {"ex2.approx", -149, 0x1p-149f},
      {"ex2.approx.ftz", -149, 0},
      {"ex2.approx", 128, INFINITY},
      {"lg2.approx", 0, -INFINITY},
      {"lg2.approx", -0.0f, -INFINITY},
      {"lg2.approx", -1, NAN},
      {"lg2.approx", 0x1p-149f, -149},
      {"lg2.approx.ftz", 0x1p-149f, -INFINITY},
      {"rsqrt.approx", -0.0f, -INFINITY},
      {"rsqrt.approx", INFINITY, 0},
      {"rsqrt.approx", -1, NAN},
      {"sqrt.approx", -0.0f, -0.0f},
      {"rcp.approx", -0.0f, -INFINITY},
      {"rcp.approx.ftz", 0x1p127f, 0},
      {"rcp.approx", 0x1p127f, 0x1p-127f},
      {"sin.approx", INFINITY, NAN},
      {"sin.approx", -0.0f, -0.0f},
      {"cos.approx.ftz", 0x1p-149f, 1},
      {"tanh.approx", INFINITY, 1},
      {"tanh.approx", -INFINITY, -1},
      {"tanh.approx", 0x1p-149f, 0x1p-149f},
  };
  for (auto [name, x, y] : cases)
    check(makeOp(name + std::string(".f32"), "b32", {"b32"}), {{bitsOf(x)}},
          [y = y](const Values &) {
            return y == y ? bitsOf(y) : uint64_t(0x7fffffff);
          });
}

TEST(Math, Division) {
  Values divisors = floats32(40);
  for (float value : {0x1p126f, 0x1.000002p126f, -0x1p127f, 0x1p-126f})
    divisors.push_back(bitsOf(value));
  for (bool full : {false, true})
    for (bool ftz : {false, true})
      check(makeOp(std::string("div.") + (full ? "full" : "approx") +
                       (ftz ? ".ftz" : "") + ".f32",
                   "b32", {"b32", "b32"}),
            cross({floats32(20), divisors}, 10000), [&](const Values &v) {
              auto flush = [&](float value) {
                return ftz && std::fabs(value) < 0x1p-126f
                           ? std::copysign(0.0f, value)
                           : value;
              };
              volatile float a = flush(asFloat(v[0])), b = flush(asFloat(v[1]));
              float result = flush(a / b);
              float size = std::fabs(b);
              if (!full && size > 0x1p126f && size < INFINITY)
                result = std::isfinite(a) ? std::copysign(0.0f, result) : NAN;
              return result == result ? bitsOf(result) : 0x7fffffff;
            });
}

TEST(Math, OfF64) {
  check(makeOp("rcp.approx.ftz.f64", "b64", {"b64"}), {floats64(100)},
        [](const Values &v) {
          double x = asDouble(v[0]);
          if (std::fabs(x) < 0x1p-1022)
            x = std::copysign(0.0, x);
          volatile double y = 1 / x;
          if (std::fabs(y) < 0x1p-1022)
            y = std::copysign(0.0, y);
          return y == y ? bitsOf(double(y)) >> 32 << 32 : 0x7fffffffffffffff;
        });
  // At most two roundings of f64.
  check(
      makeOp("rsqrt.approx.f64", "b64", {"b64"}), {floats64(100)},
      [](const Values &v) {
        auto y = double(1 / sqrtl((long double)asDouble(v[0])));
        return y == y ? bitsOf(y) : 0x7fffffffffffffff;
      },
      [](uint64_t found, uint64_t expected) {
        return std::abs(int64_t(found - expected)) <= 1;
      });
}

TEST(Math, OfHalves) {
  struct {
    const char *name, *type;
    bool isTanh, packed, ftz;
    const Format &format;
    double relative, absolute;
  } forms[] = {
      {"ex2.approx", "f16", false, false, false, getHalfFormat(),
       std::pow(2, -9.9), 0},
      {"ex2.approx", "f16x2", false, true, false, getHalfFormat(),
       std::pow(2, -9.9), 0},
      {"ex2.approx.ftz", "bf16", false, false, true, getBfloatFormat(), 0x1p-7,
       0},
      {"ex2.approx.ftz", "bf16x2", false, true, true, getBfloatFormat(), 0x1p-7,
       0},
      {"tanh.approx", "f16", true, false, false, getHalfFormat(), 0,
       std::pow(2, -10.987)},
      {"tanh.approx", "f16x2", true, true, false, getHalfFormat(), 0,
       std::pow(2, -10.987)},
      {"tanh.approx", "bf16", true, false, false, getBfloatFormat(), 0, 0x1p-8},
      {"tanh.approx", "bf16x2", true, true, false, getBfloatFormat(), 0,
       0x1p-8},
  };
  for (const auto &form : forms) {
    // Every number of the type.
    Values arguments;
    for (unsigned n = 0; n < 0x10000; n += 3)
      arguments.push_back(form.packed ? n | (n * 7u & 0xffff) << 16 : n);
    std::string reg = form.packed ? "b32" : "b16";
    Op op = makeOp(form.name + std::string(".") + form.type, reg, {reg});
    auto exact = [&](uint32_t bits) {
      double x = form.format.decode(bits);
      if (form.ftz && std::fabs(x) < 0x1p-126)
        x = 0;
      return form.isTanh ? tanhl((long double)x) : exp2l((long double)x);
    };
    auto round = [&](uint32_t bits) -> uint64_t {
      uint32_t result = form.format.encode(exact(bits), Rounding::Nearest);
      if (form.ftz && std::fabs(form.format.decode(result)) < 0x1p-126)
        result &= 0x8000;
      return result;
    };
    check(op, {arguments}, [&](const Values &v) {
      return form.packed ? round(v[0] & 0xffff) | round(v[0] >> 16) << 16
                         : round(uint32_t(v[0]));
    });

    Runner runner;
    runner.options.perturb = true;
    auto results = runner.run(op, {arguments}, false);
    ASSERT_EQ(results.size(), 1u);
    unsigned changed = 0;
    for (size_t n = 0; n < arguments.size(); ++n)
      for (unsigned shift = 0; shift <= (form.packed ? 16u : 0u); shift += 16) {
        uint32_t bits = arguments[n] >> shift & 0xffff;
        long double want = exact(bits);
        uint32_t found = results[0][n] >> shift & 0xffff;
        double value = form.format.decode(found);
        changed += found != round(bits);
        // There is no bound for subnormal and infinite results.
        if (std::isfinite(value) && std::fabs(value) > 0x1p-14) {
          EXPECT_LE(std::fabs(double(want) - value),
                    form.relative * double(want) + form.absolute)
              << op.text << " of " << bits;
        }
      }
    EXPECT_GT(changed, arguments.size() / 20) << op.text;
  }
}
