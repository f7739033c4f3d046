//===- ExpressionsTest.cpp - Size expressions -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/Launch/Expressions.h"
#include "gtest/gtest.h"
#include <limits>

using namespace mlir::diff::launch;

namespace {
const SizeTable kSizes = {{"B", 3},
                          {"N", 33},
                          {"query_1", 7},
                          {"none", 0},
                          {"huge", std::numeric_limits<int64_t>::max()}};

int64_t evaluate(const std::string &text) {
  Expression expression;
  int64_t value = -12345;
  EXPECT_EQ(Expression::parse(text, expression), "");
  EXPECT_EQ(expression.getText(), text);
  EXPECT_EQ(expression.evaluate(kSizes, value), "");
  return value;
}

std::string parseError(const std::string &text) {
  Expression expression;
  return Expression::parse(text, expression);
}

std::string evaluationError(const std::string &text) {
  Expression expression;
  int64_t value = 0;
  EXPECT_EQ(Expression::parse(text, expression), "");
  return expression.evaluate(kSizes, value);
}

TEST(Expressions, Evaluate) {
  EXPECT_EQ(evaluate("7"), 7);
  EXPECT_EQ(evaluate("-7"), -7);
  EXPECT_EQ(evaluate("N"), 33);
  EXPECT_EQ(evaluate("query_1"), 7);
  EXPECT_EQ(evaluate("B + N * 2"), 69);
  EXPECT_EQ(evaluate("(B + N) * 2"), 72);
  EXPECT_EQ(evaluate("2*3*B+4"), 22);
  EXPECT_EQ(evaluate("ceildiv(N, 32)"), 2);
  EXPECT_EQ(evaluate("ceildiv(N + -1, 32)"), 1);
  EXPECT_EQ(evaluate("floordiv(N, 32) + mod(N, 32)"), 2);
  EXPECT_EQ(evaluate("ceildiv(none, 32)"), 0);
  EXPECT_EQ(evaluate("(ceildiv((N * B), (2 + 2)) + 0)"), 25);
}

TEST(Expressions, DivisionRoundsAsItsNameSays) {
  EXPECT_EQ(evaluate("floordiv(-7, 2)"), -4);
  EXPECT_EQ(evaluate("ceildiv(-7, 2)"), -3);
  EXPECT_EQ(evaluate("mod(-7, 2)"), 1);
  EXPECT_EQ(evaluate("floordiv(-8, 2)"), -4);
  EXPECT_EQ(evaluate("ceildiv(8, 2)"), 4);
  EXPECT_EQ(evaluate("mod(-8, 2)"), 0);
}

TEST(Expressions, Names) {
  Expression expression;
  ASSERT_EQ(Expression::parse("ceildiv(N, 2) * B + 1", expression), "");
  EXPECT_EQ(expression.getNames(), (std::vector<std::string>{"N", "B"}));
}

TEST(Expressions, MalformedTexts) {
  EXPECT_EQ(parseError(""), "'': a number, a name or a parenthesis is missing "
                            "at character 1");
  EXPECT_EQ(parseError("1 +"), "'1 +': a number, a name or a parenthesis is "
                               "missing at character 4");
  EXPECT_EQ(parseError("(1"), "'(1': a ')' is missing at character 3");
  EXPECT_EQ(parseError("1 2"), "'1 2': '2' at character 3 is not expected");
  EXPECT_EQ(parseError("N - 1"), "'N - 1': '-' at character 3 is not expected");
  EXPECT_EQ(parseError("mod(N)"), "'mod(N)': a ',' is missing at character 6");
  EXPECT_EQ(parseError("sqrt(N, 2)"), "'sqrt(N, 2)': unknown function 'sqrt'; "
                                      "known are ceildiv, floordiv and mod");
  EXPECT_EQ(parseError("9223372036854775808"),
            "'9223372036854775808': a number is larger than 64 bits can hold");
  EXPECT_NE(parseError(std::string(100000, '(')).find("it nests too deep"),
            std::string::npos);
}

TEST(Expressions, ValuesThatDoNotExist) {
  EXPECT_EQ(evaluationError("M + 1"), "'M + 1': no tensor has a size 'M'");
  EXPECT_EQ(evaluationError("mod(N, none)"),
            "'mod(N, none)' divides by 0; positive divisors are legal");
  EXPECT_EQ(evaluationError("floordiv(N, -2)"),
            "'floordiv(N, -2)' divides by -2; positive divisors are legal");
  EXPECT_EQ(evaluationError("huge + 1"),
            "'huge + 1' is larger than 64 bits can hold");
  EXPECT_EQ(evaluationError("huge * 2"),
            "'huge * 2' is larger than 64 bits can hold");
}
} // namespace
