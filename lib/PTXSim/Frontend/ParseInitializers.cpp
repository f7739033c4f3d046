//===- ParseInitializers.cpp - Initializers of variables ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ParserImpl.h"
#include <cstring>

using namespace ptxsim;

/// For all initializers of a module together.
static constexpr uint64_t kMaxInitializedBytes = uint64_t(1) << 28;

bool Parser::parseInitializer(const Specifiers &specifiers,
                              std::vector<uint64_t> &dimensions,
                              Variable &variable) {
  Position position = token.position;
  advance();
  // The parts of a vector are an additional dimension.
  std::vector<uint64_t> levels = dimensions;
  if (specifiers.lanes > 1)
    levels.push_back(specifiers.lanes);
  // The initializer determines the size of an empty first dimension.
  uint64_t rowBytes = getTypeSize(specifiers.type);
  for (size_t i = levels.size(); i-- > 1;) {
    if (levels[i] > kMaxVariableBytes / rowBytes)
      return failTooLarge(variable);
    rowBytes *= levels[i];
  }
  if (!levels.empty() && levels[0] > kMaxVariableBytes / rowBytes)
    return failTooLarge(variable);
  if (levels.empty()) {
    if (!parseInitializerElement(specifiers.type, 0, variable))
      return false;
  } else {
    uint64_t count;
    if (!parseInitializerList(specifiers.type, levels, 0, 0, count, variable))
      return false;
    if (!levels[0]) {
      if (!count)
        return fail(position, "array " + variable.name +
                                  " has neither a size nor a value in its "
                                  "initializer");
      dimensions[0] = count;
    }
  }
  return computeSize(specifiers, dimensions, variable) && checkMasks(variable);
}

/// Parses the list in braces of one row of level `level`, at the offset
/// `begin`. `count` is the number of its values or rows.
bool Parser::parseInitializerList(Type type,
                                  const std::vector<uint64_t> &levels,
                                  size_t level, uint64_t begin, uint64_t &count,
                                  Variable &variable) {
  bool isLast = level + 1 == levels.size();
  uint64_t step = getTypeSize(type);
  for (size_t i = level + 1; i < levels.size(); ++i)
    step *= levels[i];
  count = 0;
  if (!expect('{', "at the beginning of an array's or a row's initializer"))
    return false;
  if (accept('}'))
    return true;
  do {
    if (levels[level] && count == levels[level])
      return fail(token.position, "the initializer of " + variable.name +
                                      " has more values than the " +
                                      std::to_string(count) + " that fit in");
    uint64_t ignored;
    uint64_t offset = begin + count * step;
    if (isLast ? !parseInitializerElement(type, offset, variable)
               : !parseInitializerList(type, levels, level + 1, offset, ignored,
                                       variable))
      return false;
    ++count;
  } while (accept(','));
  return expect('}', "or ',' after a value of an initializer");
}

/// `sym`, `sym+8`, `generic(sym)`, `generic(sym)+8`, or a value that is not a
/// name.
bool Parser::parseInitializerElement(Type type, uint64_t offset,
                                     Variable &variable) {
  Position position = token.position;
  if (token.kind == Token::Identifier && token.text != "WARP_SZ")
    return parseSymbolElement(type, offset, variable);
  if (token.kind == Token::Integer && lexer.isFollowedBy('('))
    return parseMaskElement(offset, variable);
  Constant value;
  if (!startsConstant())
    return failExpected("a value in the initializer of " + variable.name);
  if (!parseConstant(value))
    return false;

  unsigned size = getTypeSize(type);
  uint64_t bits[2] = {value.bits, 0};
  bool isDouble = value.kind == Constant::Float64;
  if (size == 16 && value.kind == Constant::Signed && int64_t(bits[0]) < 0)
    bits[1] = UINT64_MAX;
  if (value.isInteger() && (type == Type::F32 || type == Type::F64))
    return fail(position, "a value of type ." + std::string(getTypeName(type)) +
                              " must be a floating-point number, as in 1.0 "
                              "or 0f3F800000");
  if (!value.isInteger()) {
    if (size != 4 && size != 8)
      return fail(position, "a floating-point number cannot be a value of "
                            "type ." +
                                std::string(getTypeName(type)) +
                                "; write its bits as an integer");
    double number = 0;
    if (isDouble) {
      std::memcpy(&number, &bits[0], sizeof(number));
    } else if (value.kind == Constant::Float32) {
      float narrow;
      auto narrowBits = uint32_t(bits[0]);
      std::memcpy(&narrow, &narrowBits, sizeof(narrow));
      number = narrow;
    }
    if (size == 8) {
      std::memcpy(&bits[0], &number, sizeof(number));
    } else if (value.kind != Constant::Float32) {
      auto narrow = float(number);
      uint32_t narrowBits;
      std::memcpy(&narrowBits, &narrow, sizeof(narrow));
      bits[0] = narrowBits;
    }
  }
  if (!bits[0] && !bits[1])
    return true; // missing values are zero
  uint64_t end = offset + size;
  if (end > variable.initializer.size()) {
    initializedBytes += end - variable.initializer.size();
    if (end > kMaxInitializedBytes || initializedBytes > kMaxInitializedBytes)
      return fail(position, "the module's initializers have more than 2^28 "
                            "bytes, which is the limit");
    variable.initializer.resize(end);
  }
  std::memcpy(variable.initializer.data() + offset, bits, size);
  return true;
}

/// `sym`, `sym+8`, `generic(sym)`, without a position.
bool Parser::parseSymbol(Variable::Relocation &relocation) {
  relocation.generic =
      token.kind == Token::Identifier && token.text == "generic";
  if (relocation.generic) {
    advance();
    if (!expect('(', "after generic"))
      return false;
  }
  if (token.kind != Token::Identifier)
    return failExpected("a variable's name");
  auto found = moduleSymbols.find(token.text);
  if (found == moduleSymbols.end())
    return fail(token.position, "undeclared variable " +
                                    std::string(token.text) +
                                    " in an initializer");
  if (found->second.kind == Symbol::Function)
    return fail(token.position, "the address of function " +
                                    std::string(token.text) +
                                    " in an initializer is not supported");
  relocation.variable = found->second.index;
  Space space = tree.variables[relocation.variable].space;
  if (space != Space::Global && space != Space::Const)
    return fail(token.position,
                "the address of " + std::string(token.text) + " of space ." +
                    std::string(getSpaceName(space)) +
                    " in an initializer; .global and .const are legal");
  advance();
  uint64_t addend = 0;
  if (!parseDisplacement(addend))
    return false;
  if (relocation.generic && !expect(')', "after generic's variable"))
    return false;
  if (!parseDisplacement(addend))
    return false;
  relocation.addend = int64_t(addend);
  return true;
}

bool Parser::parseSymbolElement(Type type, uint64_t offset,
                                Variable &variable) {
  Position position = token.position;
  Variable::Relocation relocation{offset, getTypeSize(type), -1, 0, false};
  if (!parseSymbol(relocation))
    return false;
  if ((relocation.size != 4 && relocation.size != 8) || type == Type::F32 ||
      type == Type::F64)
    return fail(position, "an address cannot be a value of type ." +
                              std::string(getTypeName(type)) +
                              "; integers of 32 and 64 bits can hold one");
  variable.relocations.push_back(relocation);
  return true;
}

/// `0xFF(sym), 0xFF00(sym), ...`: an address byte by byte, as compilers write
/// it in arrays of bytes. The bytes are combined into one relocation.
bool Parser::parseMaskElement(uint64_t offset, Variable &variable) {
  Position position = token.position;
  uint64_t mask = token.value;
  advance();
  advance(); // the parenthesis
  Variable::Relocation relocation{offset, 1, -1, 0, false};
  if (!parseSymbol(relocation) || !expect(')', "after a masked address"))
    return false;
  if (variable.type != Type::B8 && variable.type != Type::U8 &&
      variable.type != Type::S8)
    return fail(position, "a mask before an address is supported in arrays "
                          "of bytes only");
  if (mask == 0xff) {
    variable.relocations.push_back(relocation);
    return true;
  }
  if (!variable.relocations.empty()) {
    Variable::Relocation &last = variable.relocations.back();
    if (last.size < 8 && mask == uint64_t(0xff) << (8 * last.size) &&
        last.offset + last.size == offset &&
        last.variable == relocation.variable &&
        last.addend == relocation.addend &&
        last.generic == relocation.generic) {
      ++last.size;
      return true;
    }
  }
  return fail(position, "masks before an address are supported for the bytes "
                        "0xFF, 0xFF00, ... one after another only");
}

bool Parser::checkMasks(const Variable &variable) {
  for (const Variable::Relocation &relocation : variable.relocations)
    if (relocation.size != 8 && relocation.size != 4)
      return fail(variable.position,
                  "the initializer of " + variable.name + " has " +
                      std::to_string(relocation.size) +
                      " bytes of an address; 4 or 8 are legal");
  return true;
}
