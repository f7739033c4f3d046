//===- ConstantExpressions.cpp - Folding of constant expressions ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operators of C on 64-bit integers, signed unless an operand is unsigned,
// and the arithmetic operators on doubles.
//
//===----------------------------------------------------------------------===//

#include "ParserImpl.h"
#include <cstring>

using namespace ptxsim;

static constexpr unsigned kMaxDepth = 200;
static constexpr unsigned kWarpSize = 32;

static double toDouble(const Constant &value) {
  switch (value.kind) {
  case Constant::Signed:
    return double(int64_t(value.bits));
  case Constant::Unsigned:
    return double(value.bits);
  case Constant::Float32: {
    float result;
    auto bits = uint32_t(value.bits);
    std::memcpy(&result, &bits, sizeof(result));
    return result;
  }
  case Constant::Float64: {
    double result;
    std::memcpy(&result, &value.bits, sizeof(result));
    return result;
  }
  }
  return 0;
}

static Constant fromDouble(double value) {
  Constant result;
  result.kind = Constant::Float64;
  std::memcpy(&result.bits, &value, sizeof(value));
  return result;
}

static Constant fromBool(bool value) {
  return {Constant::Signed, uint64_t(value)};
}

/// Saturates where the result is undefined in C++.
static uint64_t toInteger(double value, bool isSigned) {
  if (value != value)
    return 0;
  if (isSigned) {
    if (value >= 9223372036854775808.0)
      return uint64_t(INT64_MAX);
    if (value < -9223372036854775808.0)
      return uint64_t(INT64_MIN);
    return uint64_t(int64_t(value));
  }
  if (value >= 18446744073709551616.0)
    return UINT64_MAX;
  return value < 0 ? 0 : uint64_t(value);
}

bool Parser::startsConstant() const {
  switch (token.kind) {
  case Token::Integer:
  case Token::Float32:
  case Token::Float64:
    return true;
  case Token::Identifier:
    return token.text == "WARP_SZ";
  default:
    return is('-') || is('+') || is('~') || is('!') || is('(');
  }
}

bool Parser::parseConstant(Constant &value) {
  if (!parseBinary(value, 1))
    return false;
  Position position = token.position;
  if (!accept('?'))
    return true;
  if (!value.isInteger())
    return fail(position, "the condition of '?' must be an integer");
  if (++depth > kMaxDepth)
    return fail(position, "a constant expression is nested more than " +
                              std::to_string(kMaxDepth) + " deep");
  Constant yes, no;
  if (!parseConstant(yes) || !expect(':', "in the expression with '?'") ||
      !parseConstant(no))
    return false;
  --depth;
  bool condition = value.bits != 0;
  value = condition ? yes : no;
  if (yes.isInteger() && no.isInteger()) {
    if (yes.kind == Constant::Unsigned || no.kind == Constant::Unsigned)
      value.kind = Constant::Unsigned;
  } else if (yes.kind != no.kind) {
    value = fromDouble(toDouble(value));
  }
  return true;
}

bool Parser::parseInteger(const char *what, uint64_t &value) {
  Position position = token.position;
  if (!startsConstant())
    return failExpected(what);
  Constant constant;
  if (!parseConstant(constant))
    return false;
  if (!constant.isInteger())
    return fail(position, std::string(what) +
                              " is needed, found a floating-point number");
  value = constant.bits;
  return true;
}

/// Precedences as in C, from 1 for `||`; 0 for other tokens.
static unsigned getPrecedence(const Token &token) {
  if (token.kind != Token::Punctuator)
    return 0;
  switch (token.punctuator) {
  case Token::OrOr:
    return 1;
  case Token::AndAnd:
    return 2;
  case '|':
    return 3;
  case '^':
    return 4;
  case '&':
    return 5;
  case Token::Eq:
  case Token::Ne:
    return 6;
  case '<':
  case '>':
  case Token::Le:
  case Token::Ge:
    return 7;
  case Token::Shl:
  case Token::Shr:
    return 8;
  case '+':
  case '-':
    return 9;
  case '*':
  case '/':
  case '%':
    return 10;
  default:
    return 0;
  }
}

bool Parser::parseBinary(Constant &value, unsigned precedence) {
  if (!parseUnary(value))
    return false;
  while (true) {
    unsigned found = getPrecedence(token);
    if (!found || found < precedence)
      return true;
    uint16_t op = token.punctuator;
    Position position = token.position;
    advance();
    Constant right;
    if (!parseBinary(right, found + 1) ||
        !applyBinary(op, position, value, right))
      return false;
  }
}

bool Parser::parseUnary(Constant &value) {
  if (!is('-') && !is('+') && !is('~') && !is('!'))
    return parsePrimary(value);
  uint16_t op = token.punctuator;
  Position position = token.position;
  advance();
  if (++depth > kMaxDepth)
    return fail(position, "a constant expression is nested more than " +
                              std::to_string(kMaxDepth) + " deep");
  if (!parseUnary(value) || !applyUnary(op, position, value))
    return false;
  --depth;
  return true;
}

bool Parser::parsePrimary(Constant &value) {
  switch (token.kind) {
  case Token::Integer:
    value = {token.isUnsigned ? Constant::Unsigned : Constant::Signed,
             token.value};
    advance();
    return true;
  case Token::Float32:
  case Token::Float64:
    value = {token.kind == Token::Float32 ? Constant::Float32
                                          : Constant::Float64,
             token.value};
    advance();
    return true;
  case Token::Identifier:
    if (token.text != "WARP_SZ")
      break;
    value = {Constant::Signed, kWarpSize};
    advance();
    return true;
  default:
    break;
  }
  Position position = token.position;
  if (!accept('('))
    return failExpected("a constant");
  if (++depth > kMaxDepth)
    return fail(position, "a constant expression is nested more than " +
                              std::to_string(kMaxDepth) + " deep");
  if (token.kind == Token::DotWord) {
    bool isSigned = token.text == "s64";
    if (!isSigned && token.text != "u64")
      return failExpected("a cast to .s64 or .u64");
    advance();
    if (!expect(')', "after the cast's type") || !parseUnary(value))
      return false;
    if (!value.isInteger())
      value.bits = toInteger(toDouble(value), isSigned);
    value.kind = isSigned ? Constant::Signed : Constant::Unsigned;
  } else if (!parseConstant(value) ||
             !expect(')', "after the constant expression")) {
    return false;
  }
  --depth;
  return true;
}

bool Parser::applyUnary(uint16_t op, const Position &position,
                        Constant &value) {
  switch (op) {
  case '+':
    return true;
  case '-':
    if (value.kind == Constant::Float32)
      return fail(position, "a number written as '0f' cannot be negated; its "
                            "first bit is its sign");
    if (value.kind == Constant::Float64)
      value.bits ^= uint64_t(1) << 63;
    else
      value.bits = 0 - value.bits;
    return true;
  default:
    if (!value.isInteger())
      return fail(position, std::string("'") + char(op) +
                                "' needs an integer, not a floating-point "
                                "number");
    if (op == '!')
      value = fromBool(!value.bits);
    else
      value.bits = ~value.bits;
    return true;
  }
}

static bool applyDoubles(uint16_t op, double a, double b, Constant &result) {
  switch (op) {
  case '+':
    result = fromDouble(a + b);
    return true;
  case '-':
    result = fromDouble(a - b);
    return true;
  case '*':
    result = fromDouble(a * b);
    return true;
  case '/':
    result = fromDouble(a / b);
    return true;
  case '<':
    result = fromBool(a < b);
    return true;
  case '>':
    result = fromBool(a > b);
    return true;
  case Token::Le:
    result = fromBool(a <= b);
    return true;
  case Token::Ge:
    result = fromBool(a >= b);
    return true;
  case Token::Eq:
    result = fromBool(a == b);
    return true;
  case Token::Ne:
    result = fromBool(a != b);
    return true;
  default:
    return false;
  }
}

bool Parser::applyBinary(uint16_t op, const Position &position, Constant &value,
                         Constant right) {
  if (!value.isInteger() || !right.isInteger()) {
    if (!applyDoubles(op, toDouble(value), toDouble(right), value))
      return fail(position, "this operator needs integers, not floating-point "
                            "numbers");
    return true;
  }
  // A shift has the type of its left operand.
  bool isShift = op == Token::Shl || op == Token::Shr;
  bool isUnsigned = value.kind == Constant::Unsigned ||
                    (!isShift && right.kind == Constant::Unsigned);
  uint64_t a = value.bits, b = right.bits;
  auto sa = int64_t(a), sb = int64_t(b);
  auto compare = [&](auto relation) {
    value = fromBool(isUnsigned ? relation(a, b) : relation(sa, sb));
    return true;
  };
  auto set = [&](uint64_t bits) {
    value = {isUnsigned ? Constant::Unsigned : Constant::Signed, bits};
    return true;
  };
  switch (op) {
  case '+':
    return set(a + b);
  case '-':
    return set(a - b);
  case '*':
    return set(a * b);
  case '/':
  case '%':
    if (!b)
      return fail(position, "division by zero in a constant expression");
    if (isUnsigned)
      return set(op == '/' ? a / b : a % b);
    if (sb == -1) // the quotient of the smallest number overflows
      return set(op == '/' ? 0 - a : 0);
    return set(uint64_t(op == '/' ? sa / sb : sa % sb));
  case Token::Shl:
  case Token::Shr:
    if (b > 63)
      return fail(position,
                  "a constant expression shifts by " +
                      (right.kind == Constant::Signed ? std::to_string(sb)
                                                      : std::to_string(b)) +
                      "; 0 to 63 are legal");
    return set(op == Token::Shl ? a << b
               : isUnsigned     ? a >> b
                                : uint64_t(sa >> b));
  case '&':
    return set(a & b);
  case '|':
    return set(a | b);
  case '^':
    return set(a ^ b);
  case Token::AndAnd:
    value = fromBool(a && b);
    return true;
  case Token::OrOr:
    value = fromBool(a || b);
    return true;
  case '<':
    return compare([](auto x, auto y) { return x < y; });
  case '>':
    return compare([](auto x, auto y) { return x > y; });
  case Token::Le:
    return compare([](auto x, auto y) { return x <= y; });
  case Token::Ge:
    return compare([](auto x, auto y) { return x >= y; });
  case Token::Eq:
    return compare([](auto x, auto y) { return x == y; });
  case Token::Ne:
    return compare([](auto x, auto y) { return x != y; });
  default:
    return fail(position, "this operator is not legal in constant expressions");
  }
}
