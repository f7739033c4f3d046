//===- ParseVariables.cpp - Declarations of variables ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ParserImpl.h"

using namespace ptxsim;

static constexpr uint64_t kMaxAlignment = 1 << 16;
static constexpr size_t kMaxDimensions = 32;
static constexpr uint32_t kMaxRegisterRange = 1 << 24;

/// Types that a register or variable may have; others are instruction types
/// only.
static bool isFundamental(Type type) {
  switch (type) {
  case Type::Pred:
  case Type::B8:
  case Type::B16:
  case Type::B32:
  case Type::B64:
  case Type::B128:
  case Type::U8:
  case Type::U16:
  case Type::U32:
  case Type::U64:
  case Type::S8:
  case Type::S16:
  case Type::S32:
  case Type::S64:
  case Type::F16:
  case Type::F16x2:
  case Type::F32:
  case Type::F64:
    return true;
  default:
    return false;
  }
}

static bool lookUpSpace(std::string_view name, Space &space) {
  for (Space candidate : {Space::Reg, Space::Global, Space::Shared,
                          Space::Local, Space::Const, Space::Param})
    if (getSpaceName(candidate) == name) {
      space = candidate;
      return true;
    }
  return false;
}

bool Parser::parseAlignment(uint64_t &alignment) {
  advance();
  Position position = token.position;
  if (!parseInteger("an integer after .align", alignment))
    return false;
  if (!alignment || alignment > kMaxAlignment ||
      (alignment & (alignment - 1)) != 0)
    return fail(position, ".align " + std::to_string(int64_t(alignment)) +
                              "; powers of two up to " +
                              std::to_string(kMaxAlignment) + " are legal");
  return true;
}

/// `.global .align 8 .v2 .f32`, from the space on; the next token is a name.
/// The words may be in any order.
bool Parser::parseSpecifiers(Specifiers &specifiers) {
  Position begin = token.position;
  std::string_view spaceName = token.text;
  if (token.kind != Token::DotWord || !lookUpSpace(spaceName, specifiers.space))
    return failExpected("a state space: .reg, .global, .shared, .local, "
                        ".const, .param");
  advance();
  if (is('['))
    return fail(token.position, "numbered banks of ." + std::string(spaceName) +
                                    " are not supported");
  while (token.kind == Token::DotWord) {
    Space ignored;
    if (token.text == "align") {
      if (!parseAlignment(specifiers.alignment))
        return false;
      continue;
    }
    if (token.text == "attribute") {
      if (!parseAttribute())
        return false;
      continue;
    }
    if (token.text == "ptr" && specifiers.space == Space::Param) {
      // `.ptr .global .align 16` describes the target of the pointer.
      specifiers.isPointer = true;
      advance();
      if (token.kind == Token::DotWord && lookUpSpace(token.text, ignored))
        advance();
      uint64_t pointee;
      if (isWord("align") && !parseAlignment(pointee))
        return false;
      continue;
    }
    if (token.text == "v2" || token.text == "v4" || token.text == "v8") {
      specifiers.lanes = unsigned(token.text[1] - '0');
      if (specifiers.space == Space::Reg)
        return fail(token.position, "vector registers are not supported; "
                                    "declare scalar ones");
      advance();
      continue;
    }
    if (token.text == "texref" || token.text == "surfref" ||
        token.text == "samplerref")
      return failExpected("a type; textures are not supported");
    Type type = lookUpType(token.text);
    if (!isFundamental(type))
      return failExpected("a type: .b8 to .b128, .u8 to .u64, .s8 to .s64, "
                          ".f16, .f16x2, .f32, .f64, .pred");
    if (specifiers.type != Type::None)
      return fail(token.position,
                  "a declaration has two types, ." +
                      std::string(getTypeName(specifiers.type)) + " and ." +
                      std::string(token.text));
    if (type == Type::Pred && specifiers.space != Space::Reg)
      return fail(token.position, ".pred is a type of registers only");
    specifiers.type = type;
    advance();
  }
  if (specifiers.type == Type::None)
    return fail(begin, "the declaration has no type");
  return true;
}

bool Parser::parseDimensions(std::vector<uint64_t> &dimensions) {
  while (is('[')) {
    advance();
    uint64_t dimension = 0;
    Position position = token.position;
    if (!is(']')) {
      if (!parseInteger("an integer as an array's size", dimension))
        return false;
      if (!dimension || dimension > kMaxVariableBytes)
        return fail(position, "an array has " +
                                  std::to_string(int64_t(dimension)) +
                                  " elements; 1 to 2^40 bytes are legal");
    } else if (!dimensions.empty()) {
      return fail(position, "only an array's first dimension may be empty");
    }
    dimensions.push_back(dimension);
    if (!expect(']', "after an array's size"))
      return false;
    if (dimensions.size() > kMaxDimensions)
      return fail(position, "an array has more than " +
                                std::to_string(kMaxDimensions) + " dimensions");
  }
  return true;
}

bool Parser::failTooLarge(const Variable &variable) {
  return fail(variable.position, "array " + variable.name +
                                     " is larger than 2^40 bytes, which is "
                                     "the limit");
}

bool Parser::computeSize(const Specifiers &specifiers,
                         const std::vector<uint64_t> &dimensions,
                         Variable &variable) {
  variable.size = getTypeSize(specifiers.type) * specifiers.lanes;
  for (uint64_t dimension : dimensions) {
    if (dimension && variable.size > kMaxVariableBytes / dimension)
      return failTooLarge(variable);
    variable.size *= dimension;
  }
  return true;
}

bool Parser::parseDeclarator(const Specifiers &specifiers, bool isExtern,
                             bool isFormal, Variable &variable,
                             std::string_view &name) {
  if (token.kind != Token::Identifier)
    return failExpected("a variable's name");
  name = token.text;
  variable.name = name;
  variable.position = token.position;
  variable.space = specifiers.space;
  variable.type = specifiers.type;
  variable.isPointer = specifiers.isPointer;
  variable.isExtern = isExtern;
  variable.alignment = specifiers.alignment
                           ? specifiers.alignment
                           : getTypeSize(specifiers.type) * specifiers.lanes;
  advance();
  if (is('<'))
    return fail(token.position, "only registers can be declared in numbers, "
                                "as in '.reg .b32 %r<8>'");
  std::vector<uint64_t> dimensions;
  if (!parseDimensions(dimensions))
    return false;
  variable.isArray = !dimensions.empty() || specifiers.lanes > 1;
  if (is('=')) {
    if (isFormal || isExtern ||
        (specifiers.space != Space::Global && specifiers.space != Space::Const))
      return fail(token.position, "variable " + variable.name +
                                      " cannot have an initializer; variables "
                                      "of .global and .const that are not "
                                      ".extern can");
    return parseInitializer(specifiers, dimensions, variable);
  }
  if (!computeSize(specifiers, dimensions, variable))
    return false;
  if (!variable.size && !isFormal && !isExtern)
    return fail(variable.position,
                "array " + variable.name +
                    " has no size; only an .extern one or one with an "
                    "initializer may have none");
  return true;
}

bool Parser::parseVariables(bool isExtern) {
  Specifiers specifiers;
  if (!parseSpecifiers(specifiers))
    return false;
  // Variables of functions in .global and .const live as long as the module.
  bool isStatic = scopes.scopes.empty() || specifiers.space == Space::Global ||
                  specifiers.space == Space::Const;
  do {
    Variable variable;
    std::string_view name;
    if (!parseDeclarator(specifiers, isExtern, false, variable, name))
      return false;
    if (scopes.scopes.empty()) {
      if (!declareModuleVariable(std::move(variable), name))
        return false;
      continue;
    }
    int index;
    if (!isStatic) {
      if (!declareLocal(std::move(variable), name, index))
        return false;
      continue;
    }
    if (!checkFree(name, variable.position))
      return false;
    scopes.back().symbols.emplace(
        name, Symbol{Symbol::ModuleVariable, int(tree.variables.size())});
    tree.variables.push_back(std::move(variable));
  } while (accept(','));
  return expect(';', "after a variable's declaration");
}

/// `.reg .b32 %r<100>, a, b;`
bool Parser::parseRegisters() {
  Specifiers specifiers;
  if (!parseSpecifiers(specifiers))
    return false;
  do {
    if (token.kind != Token::Identifier)
      return failExpected("a register's name");
    Token name = token;
    advance();
    int index;
    if (!accept('<')) {
      if (is('['))
        return fail(token.position, "a register cannot be an array");
      if (!declareRegister(name.text, specifiers.type, name.position, index))
        return false;
      continue;
    }
    Position position = token.position;
    if (token.kind != Token::Integer)
      return failExpected("the number of registers");
    if (!token.value || token.value > kMaxRegisterRange)
      return fail(position, "'" + std::string(name.text) + "<" +
                                std::to_string(token.value) + ">': 1 to " +
                                std::to_string(kMaxRegisterRange) +
                                " registers are legal");
    RegisterRange range{specifiers.type, uint32_t(token.value)};
    advance();
    if (!expect('>', "after the number of registers"))
      return false;
    if (!scopes.back().ranges.try_emplace(name.text, range).second)
      return fail(name.position, "registers " + std::string(name.text) +
                                     "<...> are declared in this scope "
                                     "already");
  } while (accept(','));
  return expect(';', "after the registers' declaration");
}
