//===- Lexer.h - PTX text as tokens -----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_FRONTEND_LEXER_H
#define PTXSIM_FRONTEND_LEXER_H

#include "AST.h"

namespace ptxsim {

struct Token {
  enum Kind : uint8_t {
    End,
    /// `message` describes the error in `text`.
    Error,
    /// Names, opcodes' stems, `%r1`, `_`.
    Identifier,
    /// A dot and a word: `.b32`, `.shared::cta`. `text` has no dot.
    DotWord,
    Integer,
    /// `0f...`, and `0d...` or decimal.
    Float32,
    Float64,
    /// `text` has no quotes.
    String,
    Punctuator,
  };
  /// Punctuators of two characters; the others are their character.
  enum : uint16_t { Shl = 256, Shr, Le, Ge, Eq, Ne, AndAnd, OrOr };

  Kind kind = End;
  /// `U`, or too large for a signed number.
  bool isUnsigned = false;
  uint16_t punctuator = 0;
  std::string_view text;
  const char *message = nullptr;
  Position position;
  /// An integer, or a floating-point number's bits.
  uint64_t value = 0;
};

class Lexer {
public:
  explicit Lexer(std::string_view text)
      : next(text.data()), end(text.data() + text.size()), lineBegin(next) {}

  Token lex();

  /// Returns true if this character follows the last token and blanks.
  bool isFollowedBy(char c) const;
  /// Returns true if a name follows the last token and blanks.
  bool isFollowedByName() const;
  /// Returns true if this character directly follows the last token.
  bool isTouching(char c) const { return next != end && *next == c; }
  /// Continues at the next line.
  void skipLine();

private:
  bool skipBlanks(Token &token);
  bool isFraction() const;
  void lexNumber(Token &token);
  void lexString(Token &token);
  void lexPunctuator(Token &token);
  void setError(Token &token, const char *message);
  Position getPosition() const {
    return {line, unsigned(next - lineBegin) + 1};
  }

  const char *next;
  const char *end;
  const char *lineBegin;
  unsigned line = 1;
};

} // namespace ptxsim

#endif // PTXSIM_FRONTEND_LEXER_H
