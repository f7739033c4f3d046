//===- Lexer.cpp - PTX text as tokens -------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lexer.h"
#include <algorithm>
#include <charconv>
#include <cstring>

using namespace ptxsim;

// The functions of the C library depend on the locale.
static bool isDigit(char c) { return c >= '0' && c <= '9'; }
static bool isLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static bool isNamePart(char c) {
  return isLetter(c) || isDigit(c) || c == '_' || c == '$';
}

static int getDigit(char c) {
  if (isDigit(c))
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return 99;
}

/// Reads all of `digits`. Returns false for other characters and overflow.
static bool readInteger(std::string_view digits, unsigned base,
                        uint64_t &value) {
  value = 0;
  for (char c : digits) {
    unsigned digit = unsigned(getDigit(c));
    if (digit >= base || value > (UINT64_MAX - digit) / base)
      return false;
    value = value * base + digit;
  }
  return !digits.empty();
}

void Lexer::setError(Token &token, const char *message) {
  token.kind = Token::Error;
  token.message = message;
  next = end;
}

/// Returns false if a comment does not end.
bool Lexer::skipBlanks(Token &token) {
  while (next != end) {
    char c = *next;
    if (c == '\n') {
      ++line;
      lineBegin = ++next;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
      ++next;
    } else if (c == '/' && end - next > 1 && next[1] == '/') {
      const void *newline = std::memchr(next, '\n', size_t(end - next));
      next = newline ? static_cast<const char *>(newline) : end;
    } else if (c == '/' && end - next > 1 && next[1] == '*') {
      token.position = getPosition();
      for (next += 2;; ++next) {
        if (end - next < 2) {
          setError(token, "this comment has no end");
          return false;
        }
        if (*next == '\n') {
          ++line;
          lineBegin = next + 1;
        }
        if (*next == '*' && next[1] == '/')
          break;
      }
      next += 2;
    } else {
      break;
    }
  }
  return true;
}

void Lexer::skipLine() {
  while (next != end && *next != '\n')
    ++next;
}

bool Lexer::isFollowedBy(char c) const {
  const char *p = next;
  while (p != end && (*p == ' ' || *p == '\t'))
    ++p;
  return p != end && *p == c;
}

bool Lexer::isFollowedByName() const {
  const char *p = next;
  while (p != end && (*p == ' ' || *p == '\t'))
    ++p;
  return p != end && (*p == '%' || (isNamePart(*p) && !isDigit(*p)));
}

/// `.5` and `.5e3`, but not the qualifier `.2d`.
bool Lexer::isFraction() const {
  const char *p = next + 1;
  while (p != end && isDigit(*p))
    ++p;
  if (p == next + 1)
    return false;
  if (p != end && (*p == 'e' || *p == 'E')) {
    ++p;
    return p != end && (isDigit(*p) || *p == '+' || *p == '-');
  }
  return p == end || !isNamePart(*p);
}

void Lexer::lexNumber(Token &token) {
  const char *begin = next;
  token.kind = Token::Integer;
  bool isHexadecimal = end - next > 1 && *next == '0' &&
                       std::memchr("xXfFdDbB", next[1], 8) != nullptr;
  auto skipDigits = [&] {
    while (next != end && isDigit(*next))
      ++next;
  };
  if (!isHexadecimal) {
    skipDigits();
    bool isFloat = false;
    if (next != end && *next == '.') {
      isFloat = true;
      ++next;
      skipDigits();
    }
    if (next != end && (*next == 'e' || *next == 'E')) {
      isFloat = true;
      ++next;
      if (next != end && (*next == '+' || *next == '-'))
        ++next;
    }
    if (isFloat)
      token.kind = Token::Float64;
  }
  while (next != end && isNamePart(*next))
    ++next;
  token.text = std::string_view(begin, size_t(next - begin));

  std::string_view text = token.text;
  if (token.kind == Token::Float64) {
    double value = 0;
    auto result =
        std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc() || result.ptr != text.data() + text.size())
      return setError(token, "this is not a 64-bit floating-point number");
    std::memcpy(&token.value, &value, sizeof(value));
    return;
  }
  if (isHexadecimal && (text[1] == 'f' || text[1] == 'F')) {
    token.kind = Token::Float32;
    if (text.size() != 10 || !readInteger(text.substr(2), 16, token.value))
      setError(token, "'0f' must have 8 hexadecimal digits after it");
    return;
  }
  if (isHexadecimal && (text[1] == 'd' || text[1] == 'D')) {
    token.kind = Token::Float64;
    if (text.size() != 18 || !readInteger(text.substr(2), 16, token.value))
      setError(token, "'0d' must have 16 hexadecimal digits after it");
    return;
  }
  bool hasSuffix = text.back() == 'U';
  if (hasSuffix)
    text.remove_suffix(1);
  unsigned base = 10;
  if (isHexadecimal) {
    base = text.size() > 1 && (text[1] == 'b' || text[1] == 'B') ? 2 : 16;
    text.remove_prefix(std::min<size_t>(2, text.size()));
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
  }
  if (!readInteger(text, base, token.value))
    return setError(token, "this is not a 64-bit integer");
  token.isUnsigned = hasSuffix || token.value > uint64_t(INT64_MAX);
}

void Lexer::lexString(Token &token) {
  const char *begin = ++next;
  while (next != end && *next != '"' && *next != '\n')
    next += *next == '\\' && end - next > 1 && next[1] != '\n' ? 2 : 1;
  if (next == end || *next != '"')
    return setError(token, "this string does not end in its line");
  token.kind = Token::String;
  token.text = std::string_view(begin, size_t(next - begin));
  ++next;
}

void Lexer::lexPunctuator(Token &token) {
  token.kind = Token::Punctuator;
  static const struct {
    char text[3];
    uint16_t value;
  } kPairs[] = {{"<<", Token::Shl},  {">>", Token::Shr},   {"<=", Token::Le},
                {">=", Token::Ge},   {"==", Token::Eq},    {"!=", Token::Ne},
                {"||", Token::OrOr}, {"&&", Token::AndAnd}};
  size_t length = 1;
  token.punctuator = uint16_t(uint8_t(*next));
  if (end - next > 1)
    for (const auto &pair : kPairs)
      if (next[0] == pair.text[0] && next[1] == pair.text[1]) {
        token.punctuator = pair.value;
        length = 2;
      }
  token.text = std::string_view(next, length);
  next += length;
}

Token Lexer::lex() {
  Token token;
  if (!skipBlanks(token))
    return token;
  token.position = getPosition();
  if (next == end)
    return token;
  char c = *next;
  const char *begin = next;
  if (isNamePart(c) && !isDigit(c)) {
    token.kind = Token::Identifier;
    while (next != end && isNamePart(*next))
      ++next;
  } else if (c == '%' && end - next > 1 && isNamePart(next[1])) {
    token.kind = Token::Identifier;
    for (++next; next != end && isNamePart(*next);)
      ++next;
  } else if (c == '.' && isFraction()) {
    lexNumber(token);
    return token;
  } else if (c == '.' && end - next > 1 && isNamePart(next[1])) {
    token.kind = Token::DotWord;
    for (begin = ++next; next != end; ++next) {
      if (isNamePart(*next))
        continue;
      if (end - next < 3 || next[0] != ':' || next[1] != ':' ||
          !isNamePart(next[2]))
        break;
      ++next;
    }
  } else if (isDigit(c)) {
    lexNumber(token);
    return token;
  } else if (c == '"') {
    lexString(token);
    return token;
  } else if (std::memchr(",;:{}()[]<>@!|+-*/%&^~=?.", c, 25)) {
    lexPunctuator(token);
    return token;
  } else {
    token.text = std::string_view(next, c > ' ' && c < 127);
    setError(token, c > ' ' && c < 127
                        ? "this character is not legal here"
                        : "a byte outside of comments and strings is not "
                          "a printable ASCII character");
    return token;
  }
  token.text = std::string_view(begin, size_t(next - begin));
  return token;
}
