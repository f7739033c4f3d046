//===- Expressions.cpp - Size expressions of a manifest -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/Launch/Expressions.h"

using namespace mlir::diff::launch;

static bool isDigit(char c) { return c >= '0' && c <= '9'; }
static bool isNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

namespace mlir::diff::launch {
/// A recursive descent parser that stops at the first error.
class ExpressionParser {
public:
  ExpressionParser(const std::string &text, Expression &expression)
      : text(text), expression(expression) {}

  std::string run() {
    parseSum();
    skipSpace();
    if (error.empty() && position != text.size())
      fail("'" + text.substr(position, 1) + "' at character " +
           std::to_string(position + 1) + " is not expected");
    return error.empty() ? error : "'" + text + "': " + error;
  }

private:
  using Operator = Expression::Operator;

  /// No compiler generates deeper nesting, which would exhaust the stack.
  static constexpr unsigned kMaxDepth = 64;

  void fail(const std::string &message) {
    if (error.empty())
      error = message;
  }

  void skipSpace() {
    while (position < text.size() && text[position] == ' ')
      ++position;
  }
  bool consume(char c) {
    skipSpace();
    if (position == text.size() || text[position] != c)
      return false;
    ++position;
    return true;
  }
  void expect(char c) {
    if (!consume(c))
      fail(std::string("a '") + c + "' is missing at character " +
           std::to_string(position + 1));
  }
  void push(Operator op) { expression.steps.push_back({op, 0, ""}); }

  void parseSum() {
    if (++depth > kMaxDepth)
      return fail("it nests too deep");
    parseProduct();
    while (error.empty() && consume('+')) {
      parseProduct();
      push(Operator::Add);
    }
    --depth;
  }

  void parseProduct() {
    parseFactor();
    while (error.empty() && consume('*')) {
      parseFactor();
      push(Operator::Mul);
    }
  }

  void parseFactor() {
    if (consume('(')) {
      parseSum();
      return expect(')');
    }
    bool negative = consume('-');
    skipSpace();
    if (position < text.size() && isDigit(text[position]))
      return parseNumber(negative);
    if (!negative && position < text.size() && isNameStart(text[position]))
      return parseName();
    fail("a number, a name or a parenthesis is missing at character " +
         std::to_string(position + 1));
  }

  void parseNumber(bool negative) {
    int64_t value = 0;
    for (; position < text.size() && isDigit(text[position]); ++position)
      if (__builtin_mul_overflow(value, 10, &value) ||
          __builtin_add_overflow(value, text[position] - '0', &value))
        return fail("a number is larger than 64 bits can hold");
    expression.steps.push_back(
        {Operator::Number, negative ? -value : value, ""});
  }

  void parseName() {
    size_t begin = position;
    while (position < text.size() &&
           (isNameStart(text[position]) || isDigit(text[position])))
      ++position;
    std::string name = text.substr(begin, position - begin);
    if (!consume('(')) {
      expression.steps.push_back({Operator::Name, 0, name});
      return;
    }
    Operator op = Operator::Mod;
    if (name == "ceildiv")
      op = Operator::CeilDiv;
    else if (name == "floordiv")
      op = Operator::FloorDiv;
    else if (name != "mod")
      return fail("unknown function '" + name +
                  "'; known are ceildiv, floordiv and mod");
    parseSum();
    expect(',');
    parseSum();
    expect(')');
    push(op);
  }

  const std::string &text;
  Expression &expression;
  size_t position = 0;
  unsigned depth = 0;
  std::string error;
};
} // namespace mlir::diff::launch

std::string Expression::parse(const std::string &text, Expression &expression) {
  expression.text = text;
  expression.steps.clear();
  return ExpressionParser(text, expression).run();
}

std::vector<std::string> Expression::getNames() const {
  std::vector<std::string> names;
  for (const Step &step : steps)
    if (step.op == Operator::Name)
      names.push_back(step.name);
  return names;
}

std::string Expression::apply(Operator op, int64_t lhs, int64_t rhs,
                              int64_t &value) const {
  bool overflow = false;
  if (op == Operator::Add || op == Operator::Mul) {
    overflow = op == Operator::Add ? __builtin_add_overflow(lhs, rhs, &value)
                                   : __builtin_mul_overflow(lhs, rhs, &value);
    return overflow ? "'" + text + "' is larger than 64 bits can hold" : "";
  }
  if (rhs <= 0)
    return "'" + text + "' divides by " + std::to_string(rhs) +
           "; positive divisors are legal";
  // C++ division rounds toward zero.
  int64_t quotient = lhs / rhs, remainder = lhs % rhs;
  if (op == Operator::Mod)
    value = remainder < 0 ? remainder + rhs : remainder;
  else if (op == Operator::FloorDiv)
    value = quotient - (remainder < 0);
  else
    value = quotient + (remainder > 0);
  return "";
}

std::string Expression::evaluate(const SizeTable &sizes, int64_t &value) const {
  std::vector<int64_t> stack;
  for (const Step &step : steps) {
    if (step.op == Operator::Number) {
      stack.push_back(step.number);
      continue;
    }
    if (step.op == Operator::Name) {
      auto found = sizes.find(step.name);
      if (found == sizes.end())
        return "'" + text + "': no tensor has a size '" + step.name + "'";
      stack.push_back(found->second);
      continue;
    }
    int64_t rhs = stack.back();
    stack.pop_back();
    std::string error = apply(step.op, stack.back(), rhs, stack.back());
    if (!error.empty())
      return error;
  }
  value = stack.back();
  return "";
}
