//===- Math.h - Powers of two and tanh, many at once ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Computes in f64 with an error far below a unit of f32, without branches or
// calls. Most exponentials of an attention kernel are computed here.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_MATH_H
#define PTXSIM_EXEC_MATH_H

#include "Exec/Numerics.h"

namespace ptxsim {

inline double multiplyAdd(double a, double b, double c) {
#ifdef __FMA__
  return std::fma(a, b, c);
#else
  return a * b + c;
#endif
}

/// 2^x for an x whose result in f32 is neither infinity nor zero; others are
/// clamped.
inline double exp2Wide(double x) {
  double clamped = x < -400 ? -400 : x;
  clamped = clamped > 400 ? 400 : clamped;
  // The low bits of the sum are the nearest integer.
  double shifted = clamped + 0x1.8p52;
  double rest = clamped - (shifted - 0x1.8p52);
  // ln(2)^k / k!
  double sum = 1.3691488853904129e-12;
  sum = multiplyAdd(sum, rest, 2.5678435993488205e-11);
  sum = multiplyAdd(sum, rest, 4.4455382718708116e-10);
  sum = multiplyAdd(sum, rest, 7.0549116208011234e-09);
  sum = multiplyAdd(sum, rest, 1.0178086009239700e-07);
  sum = multiplyAdd(sum, rest, 1.3215486790144309e-06);
  sum = multiplyAdd(sum, rest, 1.5252733804059841e-05);
  sum = multiplyAdd(sum, rest, 1.5403530393381608e-04);
  sum = multiplyAdd(sum, rest, 1.3333558146428443e-03);
  sum = multiplyAdd(sum, rest, 9.6181291076284772e-03);
  sum = multiplyAdd(sum, rest, 5.5504108664821580e-02);
  sum = multiplyAdd(sum, rest, 2.4022650695910072e-01);
  sum = multiplyAdd(sum, rest, 6.9314718055994531e-01);
  sum = multiplyAdd(sum, rest, 1.0);
  double result = toDouble(toBits(sum) + (toBits(shifted) << 52));
  return x == x ? result : x;
}

inline double tanhWide(double x) {
  double power = exp2Wide(x * 2.8853900817779268); // 2 / ln(2)
  double large = 1 - 2 / (power + 1);
  // Near zero that would cancel; the series converges fast.
  double square = x * x;
  double sum = multiplyAdd(square, 62.0 / 2835, -17.0 / 315);
  sum = multiplyAdd(sum, square, 2.0 / 15);
  sum = multiplyAdd(sum, square, -1.0 / 3);
  double small = x * multiplyAdd(sum, square, 1);
  return square < 0x1p-10 ? small : large;
}

} // namespace ptxsim

#endif // PTXSIM_EXEC_MATH_H
