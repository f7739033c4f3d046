//===- ParserImpl.h - Implementation of the parser --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A recursive descent parser over tokens. Every parse function returns false
// after it has reported an error; the first error is kept.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_FRONTEND_PARSERIMPL_H
#define PTXSIM_FRONTEND_PARSERIMPL_H

#include "Lexer.h"
#include "Scopes.h"
#include "ptxsim/Diagnostic.h"

namespace ptxsim {

/// A folded constant expression. Floating-point ones are doubles, but for a
/// lone `0f...`, which keeps its bits.
struct Constant {
  enum Kind : uint8_t { Signed, Unsigned, Float32, Float64 };
  Kind kind = Signed;
  uint64_t bits = 0;

  bool isInteger() const { return kind == Signed || kind == Unsigned; }
};

/// The limit of the size of one variable.
constexpr uint64_t kMaxVariableBytes = uint64_t(1) << 40;

class Parser {
public:
  Parser(Tree &tree, Diagnostic &error)
      : tree(tree), error(error), lexer(tree.text) {}

  bool parseModule();

private:
  //===--------------------------------------------------------------------===//
  // Tokens
  //===--------------------------------------------------------------------===//

  bool fail(const Position &position, const std::string &message);
  /// Reports `expected WHAT, found TOKEN`.
  bool failExpected(const std::string &what);
  void advance();
  bool is(uint16_t punctuator) const {
    return token.kind == Token::Punctuator && token.punctuator == punctuator;
  }
  bool isWord(std::string_view dotWord) const {
    return token.kind == Token::DotWord && token.text == dotWord;
  }
  bool accept(uint16_t punctuator) {
    if (!is(punctuator))
      return false;
    advance();
    return true;
  }
  bool expect(char punctuator, const char *where);
  /// Returns the text of the token in quotes, truncated if it is long.
  std::string quoteToken() const;
  /// Skips to the `close` that matches the current token `open`.
  bool skipNested(char open, char close);
  /// Skips up to and including the next semicolon.
  bool skipStatement();

  //===--------------------------------------------------------------------===//
  // Modules (ParseModule.cpp)
  //===--------------------------------------------------------------------===//

  bool parseVersion();
  bool parseTarget();
  bool parseAddressSize();
  bool parseModuleItem();
  /// Reads `.extern`, `.visible` and so on. Returns true for the first of them.
  bool parseLinkage();
  /// Skips directives for debuggers, `.pragma` and so on. `isIgnored` is false
  /// if the token is none of them.
  bool parseIgnored(bool &isIgnored);
  bool parseLoc();
  bool parseFile();
  /// Reads a directive with a 32-bit integer that is at least `least`.
  bool parseCount(const std::string &directive, uint32_t least,
                  uint32_t &value);
  bool parseAttribute();
  /// Checks that declared entries and functions have what they need.
  bool checkDefinitions();

  //===--------------------------------------------------------------------===//
  // Variables (ParseVariables.cpp)
  //===--------------------------------------------------------------------===//

  /// The part of a declaration before the names.
  struct Specifiers {
    Space space = Space::Global;
    Type type = Type::None;
    unsigned lanes = 1;
    uint64_t alignment = 0;
    bool isPointer = false;
  };

  bool parseSpecifiers(Specifiers &specifiers);
  bool parseAlignment(uint64_t &alignment);
  /// Brackets after a name. The first ones may be empty, which is 0 then.
  bool parseDimensions(std::vector<uint64_t> &dimensions);
  /// One name with its brackets and initializer.
  bool parseDeclarator(const Specifiers &specifiers, bool isExtern,
                       bool isFormal, Variable &variable,
                       std::string_view &name);
  bool failTooLarge(const Variable &variable);
  /// Returns false and reports an error if the size exceeds the limit.
  bool computeSize(const Specifiers &specifiers,
                   const std::vector<uint64_t> &dimensions, Variable &variable);
  /// A declaration without registers, from the space on.
  bool parseVariables(bool isExtern);
  bool declareModuleVariable(Variable variable, std::string_view name);
  bool parseRegisters();

  bool parseInitializer(const Specifiers &specifiers,
                        std::vector<uint64_t> &dimensions, Variable &variable);
  bool parseInitializerList(Type type, const std::vector<uint64_t> &levels,
                            size_t level, uint64_t begin, uint64_t &count,
                            Variable &variable);
  bool parseInitializerElement(Type type, uint64_t offset, Variable &variable);
  bool parseSymbolElement(Type type, uint64_t offset, Variable &variable);
  bool parseMaskElement(uint64_t offset, Variable &variable);
  bool parseSymbol(Variable::Relocation &relocation);
  bool checkMasks(const Variable &variable);

  //===--------------------------------------------------------------------===//
  // Functions (ParseFunction.cpp, ParseBody.cpp)
  //===--------------------------------------------------------------------===//

  bool parseFunction(bool isExtern);
  bool parseFormals(std::vector<Function::Formal> &formals);
  bool parseFormal(std::vector<Function::Formal> &formals);
  bool parseFunctionDirectives();
  bool parseTriple(const std::string &directive, uint32_t (&values)[3]);
  bool declareFunction(std::string_view name, int &index);

  bool parseBody();
  bool parseStatement();
  bool parseDeclaration();
  bool parseGuard(Instruction &inst);
  bool parseInstruction(Instruction inst, const Token &opcode);
  bool parseLabel(const Token &name);
  bool parseBranchTargets(int label);
  bool closeScope();

  bool declareRegister(std::string_view name, Type type,
                       const Position &position, int &index);
  bool declareLocal(Variable variable, std::string_view name, int &index);
  /// Checks that the name is not used in the innermost scope.
  bool checkFree(std::string_view name, const Position &position);

  //===--------------------------------------------------------------------===//
  // Operands (ParseOperands.cpp)
  //===--------------------------------------------------------------------===//

  bool parseOperands(Instruction &inst);
  bool parseCall(Instruction &inst);
  bool parseCallList(std::vector<Operand> &list);
  bool parseOperand(Operand &operand);
  /// A name that is not a label.
  bool parseName(Operand &operand);
  bool parseVector(Operand &operand);
  bool parseAddress(Operand &operand);
  /// `+8`, `-8`, `+-8`, any number of them, added to `value`.
  bool parseDisplacement(uint64_t &value);
  bool failUndeclared(std::string_view name, const Position &position);

  //===--------------------------------------------------------------------===//
  // Constant expressions (ConstantExpressions.cpp)
  //===--------------------------------------------------------------------===//

  bool startsConstant() const;
  bool parseConstant(Constant &value);
  /// The same if an integer is required.
  bool parseInteger(const char *what, uint64_t &value);
  bool parseBinary(Constant &value, unsigned precedence);
  bool parseUnary(Constant &value);
  bool parsePrimary(Constant &value);
  bool applyUnary(uint16_t op, const Position &position, Constant &value);
  bool applyBinary(uint16_t op, const Position &position, Constant &value,
                   Constant right);

  Tree &tree;
  Diagnostic &error;
  Lexer lexer;
  Token token;
  unsigned depth = 0; // of expressions

  ModuleSymbols moduleSymbols;
  /// Bytes of initializers, which have a common limit.
  uint64_t initializedBytes = 0;

  // Of the function that is being parsed.
  Function function;
  ScopeStack scopes;
};

} // namespace ptxsim

#endif // PTXSIM_FRONTEND_PARSERIMPL_H
