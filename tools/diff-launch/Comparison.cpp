//===- Comparison.cpp - Comparison with expected results ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Comparison.h"
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

using namespace mlir::diff;
using namespace mlir::diff::launch;

static double fromF16(uint16_t bits) {
  int exponent = bits >> 10 & 0x1f;
  double mantissa = bits & 0x3ff;
  double value = 0;
  if (exponent == 0x1f)
    value = mantissa != 0 ? std::numeric_limits<double>::quiet_NaN()
                          : std::numeric_limits<double>::infinity();
  else if (exponent)
    value = std::ldexp(1024 + mantissa, exponent - 25);
  else
    value = std::ldexp(mantissa, -24);
  return bits & 0x8000 ? -value : value;
}

static double fromBF16(uint16_t bits) {
  uint32_t wide = uint32_t(bits) << 16;
  float value = 0;
  std::memcpy(&value, &wide, sizeof(value));
  return double(value);
}

template <typename T, typename Convert>
static void convertAll(const char *data, int64_t count,
                       std::vector<double> &numbers, Convert convert) {
  for (int64_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, data + size_t(i) * sizeof(T), sizeof(T));
    numbers.push_back(convert(value));
  }
}

bool mlir::diff::launch::toNumbers(NpyType type, const char *data,
                                   int64_t count,
                                   std::vector<double> &numbers) {
  numbers.clear();
  auto widen = [](auto value) { return double(value); };
  switch (type) {
  case NpyType::F16:
    convertAll<uint16_t>(data, count, numbers, fromF16);
    return true;
  case NpyType::BF16:
    convertAll<uint16_t>(data, count, numbers, fromBF16);
    return true;
  case NpyType::F32:
    convertAll<float>(data, count, numbers, widen);
    return true;
  case NpyType::F64:
    convertAll<double>(data, count, numbers, widen);
    return true;
  default:
    return false;
  }
}

static std::string format(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.9g", value);
  return text;
}

static std::string formatIndex(const std::vector<int64_t> &shape,
                               size_t element) {
  auto rest = int64_t(element);
  std::string text;
  for (size_t i = shape.size(); i-- > 0;) {
    text = std::to_string(rest % shape[i]) + (text.empty() ? "" : ", " + text);
    rest /= shape[i];
  }
  return "[" + text + "]";
}

/// Returns an error of one element other than its distance, or empty.
static std::string checkKind(double found, double expected) {
  if (std::isnan(found) != std::isnan(expected) ||
      ((std::isinf(found) || std::isinf(expected)) && found != expected &&
       !std::isnan(found)))
    return "is " + format(found) + ", expected " + format(expected);
  return "";
}

/// Returns a message for the first row that must be 0 and is not.
static std::string checkZeroRows(const std::vector<double> &found,
                                 const std::vector<double> &expected,
                                 const std::vector<int64_t> &shape) {
  auto width = size_t(shape.empty() ? 1 : shape.back());
  for (size_t row = 0; width && row < expected.size(); row += width) {
    bool isZero = true;
    for (size_t i = row; i < row + width; ++i)
      isZero &= expected[i] == 0;
    for (size_t i = row; isZero && i < row + width; ++i)
      if (found[i] != 0)
        return "element " + formatIndex(shape, i) + " is " + format(found[i]) +
               " in a row that is 0 exactly";
  }
  return "";
}

Comparison mlir::diff::launch::compare(const std::vector<double> &found,
                                       const std::vector<double> &expected,
                                       const std::vector<int64_t> &shape,
                                       const ErrorLimits &limits) {
  Comparison result;
  size_t worst = 0;
  double differences = 0, squares = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    std::string kind = checkKind(found[i], expected[i]);
    if (!kind.empty() && result.failure.empty())
      result.failure = "element " + formatIndex(shape, i) + " " + kind;
    if (!std::isfinite(found[i]) || !std::isfinite(expected[i]))
      continue;
    double difference = std::fabs(found[i] - expected[i]);
    differences += difference * difference;
    squares += expected[i] * expected[i];
    if (difference > result.maxError) {
      result.maxError = difference;
      worst = i;
    }
  }
  if (squares > 0)
    result.normError = std::sqrt(differences / squares);
  if (result.failure.empty() && limits.zeroRows)
    result.failure = checkZeroRows(found, expected, shape);
  if (!result.failure.empty())
    return result;
  if (!(result.maxError <= limits.maxError))
    result.failure = "the error " + format(result.maxError) + " exceeds " +
                     format(limits.maxError) + "; worst is element " +
                     formatIndex(shape, worst) + ", which is " +
                     format(found[worst]) + ", expected " +
                     format(expected[worst]);
  else if (limits.normError && !(result.normError <= *limits.normError))
    result.failure = "the relative error of the norm " +
                     format(result.normError) + " exceeds " +
                     format(*limits.normError);
  return result;
}
