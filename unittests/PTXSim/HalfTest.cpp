//===- HalfTest.cpp - f16 and bf16 arithmetic of PTX ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formats.h"
#include "RunPTX.h"

using namespace ptxsim::test;

namespace {
struct HalfType {
  std::string name;
  const Format &format;
  Values (*values)(unsigned random);
  bool hasFtz; // and .sat

  uint64_t flush(uint64_t bits) const {
    double value = format.decode(uint32_t(bits));
    bool isSmall = std::fabs(value) < (hasFtz ? 0x1p-14 : 0x1p-126);
    return isSmall ? bits & 0x8000 : bits;
  }
};
const HalfType kTypes[] = {{"f16", getHalfFormat(), floats16, true},
                           {"bf16", getBfloatFormat(), bfloats16, false}};

struct Flags {
  bool ftz, sat, relu;
  std::string text() const {
    return std::string(ftz ? ".ftz" : "") + (sat ? ".sat" : "") +
           (relu ? ".relu" : "");
  }
};

/// Products of 16-bit values are exact. Sums are exact together with their
/// remainder: f128 has 113 bits of significand.
using Exact = __float128;
struct Sum {
  Exact value, rest;
};
Sum add(Exact a, Exact b) {
  Exact sum = a + b, part = sum - a;
  return {sum, (a - (sum - part)) + (b - part)};
}
struct Operation {
  const char *name;
  unsigned sources;
  Sum (*compute)(const Exact *);
};
const Operation kOperations[] = {
    {"add", 2, [](const Exact *v) { return add(v[0], v[1]); }},
    {"sub", 2, [](const Exact *v) { return add(v[0], -v[1]); }},
    {"mul", 2, [](const Exact *v) { return Sum{v[0] * v[1], 0}; }},
    {"fma", 3, [](const Exact *v) { return add(v[0] * v[1], v[2]); }},
};

/// Returns a sum as a long double that rounds to 16 bits like the sum.
long double narrow(Sum sum) {
  auto nearest = (long double)sum.value;
  if (nearest != nearest || std::fabs(nearest) == HUGE_VALL)
    return nearest;
  Exact rest = (sum.value - Exact(nearest)) + sum.rest;
  if (rest == 0)
    return nearest;
  long double other =
      std::nextafter(nearest, rest > 0 ? HUGE_VALL : -HUGE_VALL);
  // The sum lies between the two. At most one of them is a number or a tie of a
  // 16-bit format: its last bits are 0.
  long double lower = std::min(nearest, other),
              upper = std::max(nearest, other);
  int exponent;
  long double scaled = std::ldexp(std::frexp(lower, &exponent), 40);
  return scaled == std::floor(scaled) ? upper : lower;
}

uint64_t compute(const HalfType &type, const Operation &op, const Flags &flags,
                 const uint64_t *v) {
  Exact values[3] = {};
  for (unsigned s = 0; s < op.sources; ++s)
    values[s] =
        type.format.decode(uint32_t(flags.ftz ? type.flush(v[s]) : v[s]));
  long double result = narrow(op.compute(values));
  if (flags.sat)
    result = result > 0 ? std::min(result, 1.0L) : 0.0L;
  if (flags.relu && result <= 0)
    result = 0;
  uint64_t bits = type.format.encode(result, Rounding::Nearest);
  return flags.ftz ? type.flush(bits) : bits;
}

/// Pairs of values of a type.
Values makePairs(const HalfType &type, unsigned count) {
  Values low = type.values(24), high = type.values(24), result;
  for (unsigned n = 0; n < count; ++n)
    result.push_back(low[getRandom()() % low.size()] |
                     high[getRandom()() % high.size()] << 16);
  return result;
}

template <typename Fn>
void checkBoth(const std::string &name, const HalfType &type, unsigned sources,
               Fn expected) {
  std::vector<Values> sets(sources, type.values(sources > 2 ? 12 : 24));
  check(makeOp(name + "." + type.name, "b16",
               std::vector<std::string>(sources, "b16")),
        cross(sets, 8000), [&](const Values &v) { return expected(v.data()); });
  std::vector<Values> pairs;
  pairs.reserve(sources);
  for (unsigned s = 0; s < sources; ++s)
    pairs.push_back(makePairs(type, 100));
  check(makeOp(name + "." + type.name + "x2", "b32",
               std::vector<std::string>(sources, "b32")),
        cross(pairs, 4000), [&](const Values &v) {
          uint64_t low[3], high[3];
          for (unsigned s = 0; s < sources; ++s) {
            low[s] = v[s] & 0xffff;
            high[s] = v[s] >> 16;
          }
          return expected(low) | expected(high) << 16;
        });
}
} // namespace

TEST(Half, Arithmetic) {
  for (const HalfType &type : kTypes)
    for (const Operation &op : kOperations)
      for (bool ftz : {false, true})
        for (bool sat : {false, true})
          for (bool relu : {false, true}) {
            if (!type.hasFtz && (ftz || sat))
              continue;
            if (relu && (sat || op.sources < 3))
              continue;
            Flags flags{ftz, sat, relu};
            checkBoth(
                op.name + std::string(".rn") + flags.text(), type, op.sources,
                [&](const uint64_t *v) { return compute(type, op, flags, v); });
          }
}

TEST(Half, FusedMultiplyAddRoundsOnce) {
  // A product in the middle between two numbers, and a sum that is barely not.
  struct {
    const char *type;
    uint64_t a, b, c, result;
  } cases[] = {
      // (1 + 2^-4)(1 + 2^-4) is 1 + 2^-3 + 2^-8: a tie for bf16, to even down.
      {"bf16", 0x3f88, 0x3f88, 0x0001, 0x3f91},
      {"bf16", 0x3f88, 0x3f88, 0x0000, 0x3f90},
      {"bf16", 0x3f88, 0x3f88, 0x8001, 0x3f90},
      // 2^100 * 2^100 - 2^127 * 1.9921875 leaves f32's range on the way.
      {"bf16", 0x7180, 0x7180, 0xff7f, 0x7f80},
      // 2^64 * 2^64 - 2^127 = 2^127.
      {"bf16", 0x5f80, 0x5f80, 0xff00, 0x7f00},
      // (1 + 2^-5)(1 + 2^-6) is 1 + 2^-5 + 2^-6 + 2^-11: a tie for f16.
      {"f16", 0x3c20, 0x3c10, 0x0001, 0x3c31},
      {"f16", 0x3c20, 0x3c10, 0x0000, 0x3c30},
  };
  for (auto [type, a, b, c, result] : cases)
    check(makeOp(std::string("fma.rn.") + type, "b16", {"b16", "b16", "b16"}),
          {{a, a}, {b, b}, {c, c}},
          [result = result](const Values &) { return result; });
}

TEST(Half, Signs) {
  for (const HalfType &type : kTypes)
    for (bool ftz : {false, true}) {
      if (ftz && !type.hasFtz)
        continue;
      std::string suffix = ftz ? ".ftz" : "";
      auto flushed = [&](uint64_t bits) {
        return ftz ? type.flush(bits) : bits;
      };
      checkBoth("abs" + suffix, type, 1,
                [&](const uint64_t *v) { return flushed(v[0]) & 0x7fff; });
      checkBoth("neg" + suffix, type, 1,
                [&](const uint64_t *v) { return flushed(v[0]) ^ 0x8000; });
    }
}

TEST(Half, MinimumAndMaximum) {
  for (const HalfType &type : kTypes)
    for (bool isMax : {false, true})
      for (bool ftz : {false, true})
        for (bool nan : {false, true})
          for (bool xorsign : {false, true}) {
            if (ftz && !type.hasFtz)
              continue;
            std::string name = std::string(isMax ? "max" : "min") +
                               (ftz ? ".ftz" : "") + (nan ? ".NaN" : "") +
                               (xorsign ? ".xorsign.abs" : "");
            checkBoth(name, type, 2, [&](const uint64_t *v) -> uint64_t {
              uint64_t a = ftz ? type.flush(v[0]) : v[0];
              uint64_t b = ftz ? type.flush(v[1]) : v[1];
              uint64_t sign = (a ^ b) & 0x8000;
              if (xorsign) {
                a &= 0x7fff;
                b &= 0x7fff;
              }
              double x = type.format.decode(uint32_t(a));
              double y = type.format.decode(uint32_t(b));
              if ((x != x && y != y) || (nan && (x != x || y != y)))
                return 0x7fff;
              uint64_t result;
              if (x != x || y != y)
                result = x != x ? b : a;
              else if (x == y) // zeros of two signs, or the same
                result = (a >> 15 != 0) != isMax ? a : b;
              else
                result = (x < y) != isMax ? a : b;
              return xorsign ? (result & 0x7fff) | sign : result;
            });
          }
  EXPECT_NE(getParseError("min.abs.f16 %h0, %h1, %h2;"), "");
}
