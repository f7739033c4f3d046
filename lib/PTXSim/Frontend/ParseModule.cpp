//===- ParseModule.cpp - Top-level statements of a module -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ParserImpl.h"
#include <algorithm>

using namespace ptxsim;

static constexpr unsigned kFirstVersion = 70, kLastVersion = 90;

bool Parser::parseModule() {
  advance();
  if (!parseVersion() || !parseTarget())
    return false;
  while (token.kind != Token::End && token.kind != Token::Error)
    if (!parseModuleItem())
      return false;
  return !error && checkDefinitions();
}

bool Parser::parseVersion() {
  if (!isWord("version"))
    return failExpected("'.version' at the beginning of a PTX text");
  advance();
  // Returns true if the text looks like a floating-point number.
  std::string_view text = token.text;
  size_t dot = text.find('.');
  if (token.kind != Token::Float64 || dot == 0 || dot > 2 ||
      dot + 2 != text.size() ||
      text.find_first_not_of("0123456789.") != text.npos)
    return failExpected("a version such as 8.0");
  for (char c : text)
    if (c != '.')
      tree.version = tree.version * 10 + unsigned(c - '0');
  if (tree.version < kFirstVersion || tree.version > kLastVersion)
    return fail(token.position, "PTX ISA version " + std::string(text) +
                                    " is not supported; 7.0 to 9.0 are legal");
  advance();
  return true;
}

/// sm_NN, sm_NNa, sm_NNf.
static bool isChipName(std::string_view name) {
  if (name.substr(0, 3) != "sm_")
    return false;
  name.remove_prefix(3);
  if (!name.empty() && (name.back() == 'a' || name.back() == 'f'))
    name.remove_suffix(1);
  return !name.empty() && name.size() <= 4 &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return c >= '0' && c <= '9'; });
}

bool Parser::parseTarget() {
  if (!isWord("target"))
    return failExpected("'.target' after .version");
  do {
    advance();
    if (token.kind != Token::Identifier)
      return failExpected("a target such as sm_80");
    if (isChipName(token.text)) {
      if (tree.target.empty())
        tree.target = token.text;
    } else if (token.text != "debug" && token.text != "texmode_unified" &&
               token.text != "texmode_independent" &&
               token.text != "map_f64_to_f32") {
      return failExpected("a target such as sm_80 or sm_90a, or one of debug, "
                          "texmode_unified, texmode_independent, "
                          "map_f64_to_f32");
    }
    advance();
  } while (is(','));
  if (tree.target.empty())
    return failExpected("a chip such as sm_80 in .target");
  return true;
}

bool Parser::parseAddressSize() {
  advance();
  if (token.kind != Token::Integer || token.value != 64)
    return failExpected("64, the one address size that is supported");
  advance();
  return true;
}

bool Parser::parseLinkage() {
  bool isExtern = false;
  for (; token.kind == Token::DotWord; advance()) {
    if (token.text == "extern")
      isExtern = true;
    else if (token.text != "visible" && token.text != "weak" &&
             token.text != "common" && token.text != "internal")
      break;
  }
  return isExtern;
}

bool Parser::parseModuleItem() {
  bool isIgnored;
  if (!parseIgnored(isIgnored))
    return false;
  if (isIgnored)
    return true;
  if (isWord("target"))
    return parseTarget();
  if (isWord("address_size"))
    return parseAddressSize();
  if (isWord("alias"))
    return fail(token.position, ".alias is not supported");

  bool isExtern = parseLinkage();
  if (isWord("entry") || isWord("func"))
    return parseFunction(isExtern);
  if (isWord("global") || isWord("const") || isWord("shared"))
    return parseVariables(isExtern);
  for (const char *word : {"reg", "local", "param"})
    if (isWord(word))
      return fail(token.position, "." + std::string(word) +
                                      " is legal in functions only, found it "
                                      "at the module's top");
  for (const char *word : {"tex", "surf", "sampler"})
    if (isWord(word))
      return fail(token.position,
                  "." + std::string(word) + ": textures are not supported");
  return failExpected("a directive: .entry, .func, .global, .const, .shared");
}

bool Parser::checkDefinitions() {
  for (const Function &f : tree.functions)
    if (f.isEntry && f.isExtern)
      return fail(f.position, "entry " + f.name + " has no body");
  return true;
}

//===----------------------------------------------------------------------===//
// Names of the module
//===----------------------------------------------------------------------===//

bool Parser::declareModuleVariable(Variable variable, std::string_view name) {
  auto [found, isNew] = moduleSymbols.try_emplace(
      name, Symbol{Symbol::ModuleVariable, int(tree.variables.size())});
  if (isNew) {
    tree.variables.push_back(std::move(variable));
    return true;
  }
  if (found->second.kind != Symbol::ModuleVariable)
    return fail(variable.position,
                variable.name + " is declared as a function before");
  Variable &other = tree.variables[found->second.index];
  if (other.space != variable.space || other.type != variable.type)
    return fail(variable.position,
                variable.name + " is declared as ." +
                    std::string(getSpaceName(other.space)) + " ." +
                    std::string(getTypeName(other.type)) + " at line " +
                    std::to_string(other.position.line) +
                    ", and otherwise "
                    "here");
  if (variable.isExtern)
    return true;
  if (!other.isExtern)
    return fail(variable.position,
                "variable " + variable.name + " is defined at line " +
                    std::to_string(other.position.line) + " already");
  other = std::move(variable);
  return true;
}

static bool haveSameFormals(const Function &a,
                            const std::vector<Function::Formal> &aFormals,
                            const Function &b,
                            const std::vector<Function::Formal> &bFormals) {
  if (aFormals.size() != bFormals.size())
    return false;
  for (size_t i = 0; i < aFormals.size(); ++i) {
    if (aFormals[i].isRegister != bFormals[i].isRegister)
      return false;
    if (aFormals[i].isRegister
            ? getTypeSize(a.registers[aFormals[i].index].type) !=
                  getTypeSize(b.registers[bFormals[i].index].type)
            : a.variables[aFormals[i].index].size !=
                  b.variables[bFormals[i].index].size)
      return false;
  }
  return true;
}

/// Assigns a number to `function`, whose header was parsed, so that its body
/// may name it.
bool Parser::declareFunction(std::string_view name, int &index) {
  auto [found, isNew] = moduleSymbols.try_emplace(
      name, Symbol{Symbol::Function, int(tree.functions.size())});
  if (isNew) {
    index = int(tree.functions.size());
    tree.functions.push_back(function);
    return true;
  }
  if (found->second.kind != Symbol::Function)
    return fail(function.position,
                function.name + " is declared as a variable before");
  index = found->second.index;
  const Function &other = tree.functions[index];
  if (other.isEntry != function.isEntry ||
      !haveSameFormals(other, other.results, function, function.results) ||
      !haveSameFormals(other, other.parameters, function, function.parameters))
    return fail(function.position,
                "function " + function.name +
                    " has other parameters or results than at line " +
                    std::to_string(other.position.line));
  if (!other.isExtern)
    return fail(function.position,
                "function " + function.name + " is defined at line " +
                    std::to_string(other.position.line) + " already");
  return true;
}
