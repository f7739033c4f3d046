//===- ParseOperands.cpp - Operands and calls -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ParserImpl.h"
#include <algorithm>

using namespace ptxsim;

bool Parser::failUndeclared(std::string_view name, const Position &position) {
  std::string text(name);
  std::string_view prefix;
  if (const RegisterRange *range = scopes.findRange(name, prefix))
    return fail(position,
                "undeclared register " + text + ": " + std::string(prefix) +
                    "<" + std::to_string(range->count) + "> declares " +
                    std::string(prefix) + "0 to " + std::string(prefix) +
                    std::to_string(range->count - 1));
  if (name[0] == '%')
    return fail(position, "undeclared register " + text);
  return fail(position, "undeclared name " + text);
}

/// Names of special registers that exist, but are not supported here.
static bool isUnsupportedSpecial(std::string_view name) {
  constexpr std::string_view prefixes[] = {"%pm", "%envreg",
                                           "%current_graph_exec"};
  return std::any_of(std::begin(prefixes), std::end(prefixes),
                     [&](std::string_view prefix) {
                       return name.substr(0, prefix.size()) == prefix;
                     });
}

/// Returns true if the token is an identifier.
bool Parser::parseName(Operand &operand) {
  Token name = token;
  operand.position = name.position;
  advance();
  if (name.text == "_") {
    operand.kind = Operand::Sink;
    return true;
  }
  if (const Symbol *symbol = scopes.find(name.text, function.registers)) {
    if (symbol->kind == Symbol::Register) {
      operand.kind = Operand::Reg;
      operand.reg = symbol->index;
      if (token.kind == Token::DotWord)
        return fail(token.position,
                    "parts of registers, as in " + std::string(name.text) +
                        "." + std::string(token.text) + ", are not supported");
      return true;
    }
    operand.kind = Operand::VariableAddress;
    operand.variable = {symbol->kind == Symbol::Local, symbol->index};
    return parseDisplacement(operand.value);
  }
  if (name.text[0] == '%') {
    std::string_view text = name.text;
    // The component directly follows the name in the text.
    if (token.kind == Token::DotWord &&
        token.text.data() == text.data() + text.size() + 1) {
      text = {text.data(), text.size() + 1 + token.text.size()};
      advance();
    }
    if (lookUpSpecial(text, operand.special)) {
      operand.kind = Operand::SpecialReg;
      return true;
    }
    Special ignored;
    if (isUnsupportedSpecial(text))
      return fail(name.position, "special register " + std::string(text) +
                                     " is not supported");
    if (lookUpSpecial(std::string(name.text) + ".x", ignored))
      return fail(name.position, "special register " + std::string(text) +
                                     " is not supported; " +
                                     std::string(name.text) +
                                     ".x, .y and .z are");
    return failUndeclared(name.text, name.position);
  }
  auto found = moduleSymbols.find(name.text);
  if (found == moduleSymbols.end())
    return failUndeclared(name.text, name.position);
  if (found->second.kind == Symbol::Function) {
    operand.kind = Operand::Function;
    operand.function = found->second.index;
    return true;
  }
  operand.kind = Operand::VariableAddress;
  operand.variable = {false, found->second.index};
  return parseDisplacement(operand.value);
}

bool Parser::parseDisplacement(uint64_t &value) {
  if (is('['))
    return fail(token.position, "an index in brackets is not supported; write "
                                "the displacement in bytes, as in x+8");
  while (is('+') || is('-')) {
    bool isNegative = is('-');
    Position position = token.position;
    advance();
    if (!startsConstant())
      return failExpected("a constant as the displacement of an address");
    Constant constant;
    // The rest is not a part of it, so the sum is left-associative.
    constexpr unsigned kProduct = 10;
    if (!parseBinary(constant, kProduct))
      return false;
    if (!constant.isInteger())
      return fail(position, "a displacement must be an integer");
    value = isNegative ? value - constant.bits : value + constant.bits;
  }
  return true;
}

bool Parser::parseVector(Operand &operand) {
  operand.kind = Operand::Vector;
  operand.position = token.position;
  advance();
  operand.elements.reserve(4);
  do {
    if (is('{') || is('['))
      return failExpected("a register or a constant between braces");
    operand.elements.emplace_back();
    if (!parseOperand(operand.elements.back()))
      return false;
  } while (accept(','));
  return expect('}', "or ',' in a vector");
}

bool Parser::parseAddress(Operand &operand) {
  operand.kind = Operand::Address;
  operand.position = token.position;
  advance();
  if (token.kind == Token::Identifier && token.text != "WARP_SZ") {
    Operand base;
    if (!parseName(base))
      return false;
    if (base.kind == Operand::Reg || base.kind == Operand::SpecialReg) {
      operand.elements.push_back(std::move(base));
      if (!parseDisplacement(operand.value))
        return false;
    } else if (base.kind == Operand::VariableAddress) {
      operand.variable = base.variable;
      operand.value = base.value;
    } else {
      return fail(base.position, "the base of an address must be a register, "
                                 "a variable or an integer");
    }
  } else if (!parseInteger("a register, a variable or an integer as an "
                           "address",
                           operand.value)) {
    return false;
  }
  if (is(',')) {
    // The coordinates of a tensor: the base becomes a part like the others.
    Operand base;
    base.position = operand.position;
    if (!operand.elements.empty()) {
      base = std::move(operand.elements.front());
      operand.elements.clear();
    } else if (operand.variable.index >= 0) {
      base.kind = Operand::VariableAddress;
      base.variable = operand.variable;
    } else {
      base.kind = Operand::Int;
    }
    base.value = operand.value;
    operand.value = 0;
    operand.variable = VariableRef();
    operand.elements.push_back(std::move(base));
    while (accept(',')) {
      if (is('['))
        return failExpected("a register or a vector in the address");
      operand.elements.emplace_back();
      if (!parseOperand(operand.elements.back()))
        return false;
    }
  }
  return expect(']', "at the end of an address");
}

bool Parser::parseOperand(Operand &operand) {
  operand.position = token.position;
  if (token.kind == Token::Identifier && token.text != "WARP_SZ")
    return parseName(operand);
  if (is('{'))
    return parseVector(operand);
  if (is('['))
    return parseAddress(operand);
  if (is('!') && lexer.isFollowedByName()) {
    advance();
    if (token.kind != Token::Identifier)
      return failExpected("a predicate after '!'");
    operand.negated = true;
    return parseName(operand);
  }
  if (!startsConstant())
    return failExpected("an operand");
  Constant value;
  if (!parseConstant(value))
    return false;
  operand.kind = value.kind == Constant::Float32   ? Operand::Float32
                 : value.kind == Constant::Float64 ? Operand::Float64
                                                   : Operand::Int;
  operand.value = value.bits;
  return true;
}

bool Parser::parseOperands(Instruction &inst) {
  if (is(';'))
    return true;
  bool isBranch = inst.opcode == "bra" || inst.opcode == "brx";
  inst.operands.reserve(4);
  bool afterBar = false;
  while (true) {
    inst.operands.emplace_back();
    Operand &operand = inst.operands.back();
    if (isBranch && token.kind == Token::Identifier &&
        !scopes.find(token.text, function.registers)) {
      operand.kind = Operand::Label;
      operand.position = token.position;
      scopes.back().uses.push_back({LabelUse::Operand, token.text,
                                    token.position, function.body.size(),
                                    inst.operands.size() - 1});
      advance();
    } else if (!parseOperand(operand)) {
      return false;
    }
    operand.afterBar = afterBar;
    afterBar = is('|');
    if (!accept('|') && !accept(','))
      return true;
  }
}

bool Parser::parseCallList(std::vector<Operand> &list) {
  if (!expect('(', "before the values of a call"))
    return false;
  if (accept(')'))
    return true;
  do {
    list.emplace_back();
    if (!parseOperand(list.back()))
      return false;
  } while (accept(','));
  return expect(')', "or ',' after a value of a call");
}

/// `call (r), f, (a, b), prototype;` with all but `f` optional.
bool Parser::parseCall(Instruction &inst) {
  if (is('(') && (!parseCallList(inst.callResults) ||
                  !expect(',', "after the results of a call")))
    return false;
  if (token.kind != Token::Identifier)
    return failExpected("a function's name or a register to call");
  Operand callee;
  if (!parseName(callee))
    return false;
  if (callee.kind != Operand::Function && callee.kind != Operand::Reg)
    return fail(callee.position, "the callee is not a function");
  inst.operands.push_back(std::move(callee));
  if (!accept(','))
    return true;
  if (is('(')) {
    if (!parseCallList(inst.callArguments))
      return false;
    if (!accept(','))
      return true;
  }
  if (token.kind != Token::Identifier)
    return failExpected("the label of a .callprototype or .calltargets");
  scopes.back().uses.push_back({LabelUse::Unused, token.text, token.position});
  advance();
  return true;
}
