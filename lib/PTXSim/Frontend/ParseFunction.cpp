//===- ParseFunction.cpp - Headers of entries and functions ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ParserImpl.h"

using namespace ptxsim;

bool Parser::parseFormal(std::vector<Function::Formal> &formals) {
  if (!isWord("param") && !isWord("reg"))
    return failExpected("a parameter: .param or .reg");
  Specifiers specifiers;
  if (!parseSpecifiers(specifiers))
    return false;
  Function::Formal formal;
  formal.isRegister = specifiers.space == Space::Reg;
  if (formal.isRegister) {
    if (token.kind != Token::Identifier)
      return failExpected("a register's name");
    Token name = token;
    advance();
    if (name.text == "_") {
      formal.index = int(function.registers.size());
      function.registers.push_back({name.text, specifiers.type});
    } else if (!declareRegister(name.text, specifiers.type, name.position,
                                formal.index)) {
      return false;
    }
  } else {
    Variable variable;
    std::string_view name;
    if (!parseDeclarator(specifiers, false, true, variable, name))
      return false;
    if (!variable.size && function.isEntry)
      return fail(variable.position,
                  "parameter " + variable.name + " of a kernel has no size");
    if (name == "_") {
      formal.index = int(function.variables.size());
      function.variables.push_back(std::move(variable));
    } else if (!declareLocal(std::move(variable), name, formal.index)) {
      return false;
    }
  }
  formals.push_back(formal);
  return true;
}

bool Parser::parseFormals(std::vector<Function::Formal> &formals) {
  if (!expect('(', "before the parameters"))
    return false;
  if (accept(')'))
    return true;
  do
    if (!parseFormal(formals))
      return false;
  while (accept(','));
  return expect(')', "or ',' after a parameter");
}

bool Parser::parseTriple(const std::string &directive, uint32_t (&values)[3]) {
  for (uint32_t &value : values)
    value = 1;
  for (uint32_t &value : values) {
    if (!parseCount(directive, 1, value))
      return false;
    if (!accept(','))
      return true;
  }
  return fail(token.position, directive + " takes at most 3 numbers");
}

/// Parses the directives between the parameters and the body.
bool Parser::parseFunctionDirectives() {
  while (token.kind == Token::DotWord) {
    bool isIgnored;
    if (!parseIgnored(isIgnored))
      return false;
    if (isIgnored)
      continue;
    std::string directive = "." + std::string(token.text);
    if (directive == ".attribute") {
      if (!parseAttribute())
        return false;
      continue;
    }
    if (directive == ".noreturn") {
      function.noReturn = true;
      advance();
      continue;
    }
    Position position = token.position;
    uint32_t ignored, (*triple)[3] = nullptr, *count = nullptr;
    bool isFlag = false;
    if (directive == ".maxntid")
      triple = &function.maxThreads;
    else if (directive == ".reqntid")
      triple = &function.requiredThreads;
    else if (directive == ".reqnctapercluster")
      triple = &function.requiredCluster;
    else if (directive == ".minnctapersm")
      count = &function.minBlocksPerSM;
    else if (directive == ".maxnreg")
      count = &function.maxRegisters;
    else if (directive == ".maxnctapersm" || directive == ".maxclusterrank" ||
             directive == ".abi_preserve" ||
             directive == ".abi_preserve_control")
      count = &ignored;
    else if (directive == ".explicitcluster" ||
             directive == ".blocksareclusters")
      isFlag = true;
    else
      return failExpected("'{', or a directive of functions: .maxntid, "
                          ".reqntid, .minnctapersm, .maxnctapersm, .maxnreg, "
                          ".reqnctapercluster, .maxclusterrank, "
                          ".explicitcluster, .blocksareclusters, .noreturn, "
                          ".pragma");
    if (!function.isEntry && directive.compare(0, 4, ".abi") != 0)
      return fail(position, directive + " is legal for entries only");
    advance();
    if (isFlag)
      continue;
    if (triple ? !parseTriple(directive, *triple)
               : !parseCount(directive, count == &ignored ? 0 : 1, *count))
      return false;
  }
  return true;
}

bool Parser::parseFunction(bool isExtern) {
  function = Function();
  function.isEntry = isWord("entry");
  advance();
  scopes.scopes.clear();
  scopes.scopes.emplace_back();
  if (isWord("attribute") && !parseAttribute())
    return false;
  if (!function.isEntry && is('(') && !parseFormals(function.results))
    return false;
  if (token.kind != Token::Identifier || token.text[0] == '%')
    return failExpected("a function's name");
  std::string_view name = token.text;
  function.name = name;
  function.position = token.position;
  advance();
  if (is('(') && !parseFormals(function.parameters))
    return false;
  if (!parseFunctionDirectives())
    return false;

  function.isExtern = !is('{');
  if (function.isExtern && !is(';'))
    return failExpected("'{' or ';' after the head of " + function.name);
  if (!function.isExtern && isExtern)
    return fail(function.position,
                "function " + function.name + " is .extern and has a body");
  int index;
  if (!declareFunction(name, index))
    return false;
  if (function.isExtern) {
    advance();
    scopes.scopes.clear();
    return true;
  }
  if (!parseBody())
    return false;
  scopes.scopes.clear();
  tree.functions[index] = std::move(function);
  return true;
}
