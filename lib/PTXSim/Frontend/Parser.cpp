//===- Parser.cpp - Tokens, errors and ignored directives -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Parser.h"
#include "ParserImpl.h"

using namespace ptxsim;

std::unique_ptr<Tree> ptxsim::parseTree(std::string_view text,
                                        Diagnostic &error) {
  error = Diagnostic();
  // Images for a driver end with a zero byte.
  while (!text.empty() && text.back() == '\0')
    text.remove_suffix(1);
  auto tree = std::make_unique<Tree>();
  tree->text = text;
  Parser parser(*tree, error);
  if (!parser.parseModule())
    return nullptr;
  return tree;
}

//===----------------------------------------------------------------------===//
// Tokens and errors
//===----------------------------------------------------------------------===//

bool Parser::fail(const Position &position, const std::string &message) {
  if (!error)
    error = {position.line, position.column, message};
  return false;
}

static std::string quote(std::string_view text, const char *before = "",
                         const char *after = "") {
  constexpr size_t kMost = 60;
  std::string result = std::string("'") + before;
  result += text.substr(0, kMost);
  result += text.size() > kMost ? "..." : after;
  return result + "'";
}

std::string Parser::quoteToken() const {
  switch (token.kind) {
  case Token::End:
  case Token::Error:
    return "the end of the text";
  case Token::DotWord:
    return quote(token.text, ".");
  case Token::String:
    return quote(token.text, "\"", "\"");
  default:
    return quote(token.text);
  }
}

bool Parser::failExpected(const std::string &what) {
  return fail(token.position, "expected " + what + ", found " + quoteToken());
}

void Parser::advance() {
  token = lexer.lex();
  // The parser meets an end token at the error; its message would be useless.
  if (token.kind == Token::Error)
    fail(token.position,
         (token.text.empty() ? "" : quote(token.text) + ": ") + token.message);
}

bool Parser::expect(char punctuator, const char *where) {
  if (accept(uint16_t(punctuator)))
    return true;
  return failExpected(std::string("'") + punctuator + "' " + where);
}

bool Parser::skipNested(char open, char close) {
  Position begin = token.position;
  if (!expect(open, "here"))
    return false;
  for (unsigned level = 1; level;) {
    if (token.kind == Token::End || token.kind == Token::Error)
      return fail(begin, std::string("'") + open + "' has no '" + close +
                             "' that goes with it");
    if (is(uint16_t(open)))
      ++level;
    else if (is(uint16_t(close)))
      --level;
    advance();
  }
  return true;
}

bool Parser::skipStatement() {
  while (!is(';')) {
    if (token.kind == Token::End || token.kind == Token::Error || is('}'))
      return failExpected("';'");
    advance();
  }
  advance();
  return true;
}

//===----------------------------------------------------------------------===//
// Directives without an effect on simulation
//===----------------------------------------------------------------------===//

/// `.loc FILE LINE COLUMN {, function_name LABEL {+ N}, inlined_at FILE LINE
/// COLUMN}`: it has no end mark, so it must be parsed.
bool Parser::parseLoc() {
  auto parseNumbers = [&] {
    for (int i = 0; i < 3; ++i) {
      if (token.kind != Token::Integer)
        return failExpected("a file, a line and a column after .loc");
      advance();
    }
    return true;
  };
  advance();
  if (!parseNumbers())
    return false;
  while (accept(',')) {
    if (token.kind == Token::Identifier && token.text == "function_name") {
      advance();
      if (token.kind != Token::Identifier)
        return failExpected("a label after function_name");
      advance();
      if (accept('+')) {
        if (token.kind != Token::Integer)
          return failExpected("an integer after '+'");
        advance();
      }
    } else if (token.kind == Token::Identifier && token.text == "inlined_at") {
      advance();
      if (!parseNumbers())
        return false;
    } else {
      return failExpected("'function_name' or 'inlined_at' in .loc");
    }
  }
  return true;
}

/// `.file INDEX "NAME" {, TIME, SIZE}`
bool Parser::parseFile() {
  advance();
  if (token.kind != Token::Integer)
    return failExpected("the file's number after .file");
  advance();
  if (token.kind != Token::String)
    return failExpected("the file's name in double quotes");
  advance();
  for (int i = 0; i < 2 && accept(','); ++i) {
    if (token.kind != Token::Integer)
      return failExpected("the file's time or size");
    advance();
  }
  return true;
}

bool Parser::parseIgnored(bool &isIgnored) {
  isIgnored = true;
  if (is('@') && lexer.isTouching('@')) { // @@DWARF data
    lexer.skipLine();
    advance();
    return true;
  }
  if (isWord("loc"))
    return parseLoc();
  if (isWord("file"))
    return parseFile();
  if (isWord("pragma")) {
    do {
      advance();
      if (token.kind != Token::String)
        return failExpected("a string in double quotes after .pragma");
      advance();
    } while (is(','));
    return expect(';', "after .pragma");
  }
  if (isWord("section")) {
    advance();
    if (token.kind != Token::DotWord)
      return failExpected("the section's name, such as '.debug_info'");
    advance();
    return skipNested('{', '}');
  }
  isIgnored = false;
  return true;
}

/// `.attribute(.managed)`, `.attribute(.unified(N, M))`
bool Parser::parseAttribute() {
  advance();
  if (!is('('))
    return failExpected("'(' after .attribute");
  return skipNested('(', ')');
}

bool Parser::parseCount(const std::string &directive, uint32_t least,
                        uint32_t &value) {
  Position position = token.position;
  uint64_t number = 0;
  if (!parseInteger("an integer", number))
    return false;
  if (number < least || number > INT32_MAX)
    return fail(position, directive + " is " + std::to_string(int64_t(number)) +
                              "; " + std::to_string(least) +
                              " to 2147483647 are "
                              "legal");
  value = uint32_t(number);
  return true;
}
