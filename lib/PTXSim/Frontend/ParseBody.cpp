//===- ParseBody.cpp - Statements and scopes ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ParserImpl.h"

using namespace ptxsim;

static constexpr size_t kMaxScopes = 200;

//===----------------------------------------------------------------------===//
// Scopes
//===----------------------------------------------------------------------===//

bool Parser::checkFree(std::string_view name, const Position &position) {
  if (!scopes.declares(name))
    return true;
  return fail(position,
              std::string(name) + " is declared in this scope already");
}

bool Parser::declareRegister(std::string_view name, Type type,
                             const Position &position, int &index) {
  if (!checkFree(name, position))
    return false;
  index = int(function.registers.size());
  function.registers.push_back({name, type});
  scopes.back().symbols.emplace(name, Symbol{Symbol::Register, index});
  return true;
}

bool Parser::declareLocal(Variable variable, std::string_view name,
                          int &index) {
  if (!checkFree(name, variable.position))
    return false;
  index = int(function.variables.size());
  function.variables.push_back(std::move(variable));
  scopes.back().symbols.emplace(name, Symbol{Symbol::Local, index});
  return true;
}

/// Labels may be used before they are declared, so uses are resolved at the end
/// of their scope. Labels that it does not declare belong to its parent.
bool Parser::closeScope() {
  Scope scope = std::move(scopes.scopes.back());
  scopes.scopes.pop_back();
  for (LabelUse &use : scope.uses) {
    auto found = scope.labels.find(use.name);
    if (found == scope.labels.end()) {
      if (scopes.scopes.empty())
        return fail(use.position, "undeclared label " + std::string(use.name));
      scopes.back().uses.push_back(use);
      continue;
    }
    switch (use.kind) {
    case LabelUse::Operand:
      function.body[use.first].operands[use.second].label = found->second;
      break;
    case LabelUse::Target:
      function.branchTargets[use.first][use.second] = found->second;
      break;
    case LabelUse::Unused:
      break;
    }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Statements
//===----------------------------------------------------------------------===//

bool Parser::parseBody() {
  Position begin = token.position;
  advance();
  // The formal parameters are in the outermost scope, too.
  while (!scopes.scopes.empty()) {
    if (token.kind == Token::End || token.kind == Token::Error)
      return fail(begin,
                  "the body of " + function.name + " has no '}' at its end");
    if (is('{')) {
      if (scopes.scopes.size() >= kMaxScopes)
        return fail(token.position, "scopes are nested more than " +
                                        std::to_string(kMaxScopes) + " deep");
      scopes.scopes.emplace_back();
      advance();
    } else if (is('}')) {
      if (!closeScope())
        return false;
      advance();
    } else if (!parseStatement()) {
      return false;
    }
  }
  function.branchTargets.resize(function.labels.size());
  return true;
}

bool Parser::parseStatement() {
  bool isIgnored;
  if (!parseIgnored(isIgnored))
    return false;
  if (isIgnored)
    return true;
  if (token.kind == Token::DotWord)
    return parseDeclaration();

  Instruction inst;
  if (is('@') && !parseGuard(inst))
    return false;
  if (token.kind != Token::Identifier)
    return failExpected(inst.guard < 0 ? "an instruction, a label or a "
                                         "declaration"
                                       : "an instruction after its guard");
  Token name = token;
  advance();
  if (inst.guard < 0 && is(':'))
    return parseLabel(name);
  return parseInstruction(std::move(inst), name);
}

bool Parser::parseDeclaration() {
  if (isWord("branchtargets") || isWord("callprototype") ||
      isWord("calltargets"))
    return fail(token.position,
                "." + std::string(token.text) + " must have a label before it");
  if (isWord("reg"))
    return parseRegisters();
  bool isExtern = parseLinkage();
  for (const char *space : {"local", "shared", "param", "global", "const"})
    if (isWord(space))
      return parseVariables(isExtern);
  return failExpected("a declaration (.reg, .local, .shared, .param, .global, "
                      ".const), an instruction or a label");
}

bool Parser::parseGuard(Instruction &inst) {
  advance();
  inst.guardNegated = accept('!');
  if (token.kind != Token::Identifier)
    return failExpected("a predicate register after '@'");
  const Symbol *symbol = scopes.find(token.text, function.registers);
  if (!symbol)
    return failUndeclared(token.text, token.position);
  if (symbol->kind != Symbol::Register ||
      function.registers[symbol->index].type != Type::Pred)
    return fail(token.position, "the guard " + std::string(token.text) +
                                    " is not a predicate register");
  inst.guard = symbol->index;
  advance();
  return true;
}

bool Parser::parseLabel(const Token &name) {
  if (!checkFree(name.text, name.position))
    return false;
  advance();
  auto label = int(function.labels.size());
  scopes.back().labels.emplace(name.text, label);
  function.labels.push_back(unsigned(function.body.size()));
  function.labelNames.emplace_back(name.text);
  if (isWord("branchtargets"))
    return parseBranchTargets(label);
  // Calls through registers are not supported, so their possible targets do not
  // matter.
  if (isWord("callprototype") || isWord("calltargets"))
    return skipStatement();
  return true;
}

/// `L: .branchtargets L1, L2;`
bool Parser::parseBranchTargets(int label) {
  function.branchTargets.resize(size_t(label) + 1);
  size_t count = 0;
  do {
    advance();
    if (token.kind != Token::Identifier)
      return failExpected("a label in .branchtargets");
    scopes.back().uses.push_back(
        {LabelUse::Target, token.text, token.position, size_t(label), count++});
    advance();
  } while (is(','));
  function.branchTargets[size_t(label)].resize(count);
  return expect(';', "after .branchtargets");
}

bool Parser::parseInstruction(Instruction inst, const Token &opcode) {
  inst.position = opcode.position;
  inst.opcode = opcode.text;
  if (opcode.text[0] == '%' || opcode.text == "_")
    return fail(opcode.position, "expected an instruction, found '" +
                                     std::string(opcode.text) + "'");
  while (token.kind == Token::DotWord) {
    if (inst.qualifiers.empty())
      inst.qualifiers.reserve(6);
    inst.qualifiers.push_back(token.text);
    advance();
  }
  if (!(inst.opcode == "call" ? parseCall(inst) : parseOperands(inst)))
    return false;
  if (!is(';'))
    return failExpected("',' or ';' after " +
                        (inst.operands.empty()
                             ? std::string(inst.opcode)
                             : "an operand of " + std::string(inst.opcode)));
  advance();
  function.body.push_back(std::move(inst));
  return true;
}
