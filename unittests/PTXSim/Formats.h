//===- Formats.h - Rounding to a format, by its list of numbers -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A narrow format is the sorted list of its finite numbers, and rounding is a
// search in the list: slow, simple, and independent of the tested code.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_UNITTESTS_FORMATS_H
#define PTXSIM_UNITTESTS_FORMATS_H

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace ptxsim::test {

enum class Rounding { Nearest, Zero, Down, Up, Away };

class Format {
public:
  /// `hasInfinity` false: an exponent of all ones is an ordinary one, except
  /// for the last significand, which is NaN.
  Format(unsigned exponentBits, unsigned significandBits, bool hasInfinity)
      : e(exponentBits), m(significandBits) {
    int bias = (1 << (e - 1)) - 1;
    for (unsigned exponent = 0; exponent < 1u << e; ++exponent)
      for (unsigned fraction = 0; fraction < 1u << m; ++fraction) {
        bool top = exponent == (1u << e) - 1;
        if (top && (hasInfinity || fraction == (1u << m) - 1))
          continue;
        double significand = fraction / double(1u << m);
        numbers.push_back(
            exponent ? std::ldexp(1 + significand, int(exponent) - bias)
                     : std::ldexp(significand, 1 - bias));
      }
    infinity = hasInfinity ? uint32_t(numbers.size()) : nan();
  }

  uint32_t nan() const { return (1u << (e + m)) - 1; }
  uint32_t sign() const { return 1u << (e + m); }
  double largest() const { return numbers.back(); }

  /// Returns the value of some bits.
  double decode(uint32_t bits) const {
    uint32_t magnitude = bits & (sign() - 1);
    double value =
        magnitude < numbers.size()
            ? numbers[magnitude]
            : (magnitude == infinity && infinity != nan() ? HUGE_VAL
                                                          : std::nan(""));
    return bits & sign() ? -value : value;
  }

  /// Returns the bits of a value; `x` may have any precision.
  uint32_t encode(long double x, Rounding rounding,
                  bool satfinite = false) const {
    if (x != x)
      return nan();
    bool negative = std::signbit(x);
    uint32_t s = negative ? sign() : 0;
    long double magnitude = std::fabs(x);
    if (magnitude == HUGE_VALL)
      return s | (satfinite ? uint32_t(numbers.size() - 1) : infinity);
    auto above = std::lower_bound(numbers.begin(), numbers.end(), magnitude);
    if (above != numbers.end() && *above == magnitude)
      return s | uint32_t(above - numbers.begin());
    auto low = uint32_t(above - numbers.begin()) - 1;
    // The next number, with an unlimited exponent.
    long double next =
        above != numbers.end()
            ? (long double)*above
            : (long double)numbers[low] + (numbers[low] - numbers[low - 1]);
    long double down = magnitude - numbers[low], up = next - magnitude;
    bool outwards = rounding == Rounding::Nearest
                        ? up < down || (up == down && low % 2)
                    : rounding == Rounding::Away ? up <= down
                    : rounding == Rounding::Down ? negative
                    : rounding == Rounding::Up   ? !negative
                                                 : false;
    uint32_t result = low + outwards;
    if (result >= numbers.size())
      result = satfinite ? low : infinity;
    return s | result;
  }

private:
  unsigned e, m;
  uint32_t infinity;
  std::vector<double> numbers;
};

inline const Format &getHalfFormat() {
  static const Format format(5, 10, true);
  return format;
}
inline const Format &getBfloatFormat() {
  static const Format format(8, 7, true);
  return format;
}
inline const Format &getE4M3Format() {
  static const Format format(4, 3, false);
  return format;
}
inline const Format &getE5M2Format() {
  static const Format format(5, 2, true);
  return format;
}

} // namespace ptxsim::test

#endif // PTXSIM_UNITTESTS_FORMATS_H
