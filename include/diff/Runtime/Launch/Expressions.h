//===- Expressions.h - Size expressions of a manifest -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_LAUNCH_EXPRESSIONS_H
#define DIFF_RUNTIME_LAUNCH_EXPRESSIONS_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace mlir::diff::launch {

/// The values of named sizes.
using SizeTable = std::map<std::string, int64_t>;

/// An expression of a manifest: integers and names of sizes with +, *,
/// parentheses, ceildiv(a, b), floordiv(a, b) and mod(a, b). Functions that may
/// fail return an empty string or an error message.
class Expression {
public:
  /// Parses a text.
  static std::string parse(const std::string &text, Expression &expression);

  /// Computes the value. Names without a value, divisors that are not positive,
  /// and results that exceed 64 bits are errors.
  std::string evaluate(const SizeTable &sizes, int64_t &value) const;

  const std::string &getText() const { return text; }
  /// Returns the names of sizes in the expression.
  std::vector<std::string> getNames() const;

private:
  friend class ExpressionParser;

  enum class Operator { Number, Name, Add, Mul, CeilDiv, FloorDiv, Mod };
  struct Step {
    Operator op;
    int64_t number = 0;
    std::string name;
  };
  /// Computes `lhs op rhs`.
  std::string apply(Operator op, int64_t lhs, int64_t rhs,
                    int64_t &value) const;

  std::string text;
  /// In postfix order.
  std::vector<Step> steps;
};

} // namespace mlir::diff::launch

#endif // DIFF_RUNTIME_LAUNCH_EXPRESSIONS_H
