//===- AST.h - PTX text as a tree -------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The output of the parser. Names are resolved: a register, variable or label
// is an index, so later phases need not handle redeclared names in nested
// scopes. Opcodes are not resolved: the decoder matches them against the opcode
// table.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_FRONTEND_AST_H
#define PTXSIM_FRONTEND_AST_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ptxsim {

/// Fundamental types. The packed types are instruction types only.
enum class Type : uint8_t {
  None,
  Pred,
  B8,
  B16,
  B32,
  B64,
  B128,
  U8,
  U16,
  U32,
  U64,
  S8,
  S16,
  S32,
  S64,
  F16,
  F16x2,
  BF16,
  BF16x2,
  F32,
  F32x2,
  F64,
  TF32,
  U16x2,
  S16x2,
  E4M3,
  E5M2,
  E4M3x2,
  E5M2x2,
};

/// Convert between a type and its spelling without the dot.
std::string_view getTypeName(Type type);
Type lookUpType(std::string_view name);
/// Returns the bytes in a register or in memory; 0 for predicates.
unsigned getTypeSize(Type type);

/// State spaces. `Generic` is an address without one.
enum class Space : uint8_t {
  Generic,
  Reg,
  Global,
  Shared,
  Local,
  Const,
  Param
};
std::string_view getSpaceName(Space space);

struct Position {
  unsigned line = 0, column = 0;
};

/// A register of a function. Its size in bytes determines its storage; its use
/// is determined by the instructions.
struct Register {
  std::string_view name; // unique in its scope only
  Type type;
};

/// A variable in memory, of a module or of a function.
struct Variable {
  std::string name;
  Space space = Space::Global;
  Type type = Type::B8;
  /// Total bytes (elements x size); 0 for `.extern .shared x[]`.
  uint64_t size = 0;
  uint64_t alignment = 1;
  bool isExtern = false;
  /// A declared array, `x[24]` or `x[]`.
  bool isArray = false;
  /// `.ptr` on a kernel parameter.
  bool isPointer = false;
  Position position;

  /// The initializer: bytes (empty: zeros, for .global and .const), and
  /// positions at which the address of a variable or function is added to the
  /// stored value. Bytes after the initializer, up to `size`, are zeros.
  std::vector<uint8_t> initializer;
  struct Relocation {
    uint64_t offset; // in the variable
    unsigned size;   // bytes there
    int variable;    // of the module
    int64_t addend;
    /// `generic(x)`: the generic address instead of that of the space.
    bool generic;
  };
  std::vector<Relocation> relocations;
};

/// The location of a variable: in its module, or in its function.
struct VariableRef {
  bool isLocal = false; // of the function: `.local`, `.shared`, `.param` in it
  int index = -1;
};

/// Special registers.
enum class Special : uint8_t {
  TidX,
  TidY,
  TidZ,
  NtidX,
  NtidY,
  NtidZ,
  CtaidX,
  CtaidY,
  CtaidZ,
  NctaidX,
  NctaidY,
  NctaidZ,
  LaneId,
  WarpId,
  NWarpId,
  SmId,
  NSmId,
  GridId,
  LanemaskEq,
  LanemaskLe,
  LanemaskLt,
  LanemaskGe,
  LanemaskGt,
  Clock,
  ClockHi,
  Clock64,
  GlobalTimer,
  GlobalTimerLo,
  GlobalTimerHi,
  DynamicSmemSize,
  TotalSmemSize,
  AggrSmemSize,
  ReservedSmemOffsetBegin,
  ReservedSmemOffsetEnd,
  ReservedSmemOffsetCap,
  ReservedSmemOffset0,
  ReservedSmemOffset1,
  EnvReg0,
  EnvReg1,
  EnvReg2,
  ClusterIdX,
  ClusterIdY,
  ClusterIdZ,
  NClusterIdX,
  NClusterIdY,
  NClusterIdZ,
  ClusterCtaIdX,
  ClusterCtaIdY,
  ClusterCtaIdZ,
  ClusterNCtaIdX,
  ClusterNCtaIdY,
  ClusterNCtaIdZ,
  ClusterCtaRank,
  ClusterNCtaRank,
  IsExplicitCluster,
};
/// Returns the bytes of a special register: 4, 8 for the 64-bit ones; 0 for
/// predicates (%is_explicit_cluster).
unsigned getSpecialSize(Special special);
/// Convert between a register and its spelling, `%tid.x`.
std::string_view getSpecialName(Special special);
bool lookUpSpecial(std::string_view name, Special &special);

struct Operand {
  enum Kind : uint8_t {
    /// `%r1`; `!%p1` when `negated`.
    Reg,
    /// An integer: bits of a 64-bit two's complement number. The parser folds
    /// constant expressions.
    Int,
    /// `0f3F800000`, `0d...`, `1.5`: the value in `value` as the bits of f32
    /// (hex `0f`), else of f64.
    Float32,
    Float64,
    SpecialReg,
    /// `{a, b, ...}`; the parts are in `elements`.
    Vector,
    /// `[%rd1+16]`, `[x]`, `[x+8]`, `[100]`. The base is in `elements` if it is
    /// a register or special; otherwise it is `variable` or absolute. `value`
    /// is the displacement. An address with several parts, `[%rd1, {%r1, %r2}]`
    /// of a tensor, has all of them in `elements`: first the base (a register,
    /// the address of a variable or an integer, with its displacement in its
    /// own `value`), then the others.
    Address,
    /// The name of a variable used as a value, `x+8`: displacement in `value`.
    VariableAddress,
    /// The name of a function, or a label.
    Function,
    Label,
    /// `_`
    Sink,
  };
  Kind kind = Sink;
  bool negated = false;
  /// Another operand after `|`: `%r1|%p1` is two operands, the second with this
  /// mark.
  bool afterBar = false;
  Position position;
  int reg = -1; // index into the function's registers
  uint64_t value = 0;
  Special special = Special::TidX;
  VariableRef variable;
  int function = -1; // of the module
  int label = -1;    // of the function
  std::vector<Operand> elements;
};

struct Instruction {
  Position position;
  /// The stem of the opcode, `mma`, and all qualifiers in the order of the text
  /// without dots, `sync`, `aligned`, ... Parts of one qualifier with `::` stay
  /// one: `mbarrier::complete_tx::bytes`, `shared::cta`.
  std::string_view opcode;
  std::vector<std::string_view> qualifiers;
  /// `@%p`, `@!%p`.
  int guard = -1;
  bool guardNegated = false;
  std::vector<Operand> operands;
  /// `call`: results, then the callee (Kind Function, or Reg for an indirect
  /// call), then arguments; `operands` holds only the callee.
  std::vector<Operand> callResults;
  std::vector<Operand> callArguments;
};

/// A `.func` or `.entry`.
struct Function {
  std::string name;
  bool isEntry = false;
  bool isExtern = false; // declared, no body
  Position position;
  /// Formal parameters: results, then arguments, as indices of `variables`
  /// (space Param) or, for `.reg` formals, registers.
  struct Formal {
    bool isRegister = false;
    int index = -1;
  };
  std::vector<Formal> results;
  std::vector<Formal> parameters;
  std::vector<Register> registers;
  std::vector<Variable> variables;
  /// Instruction index of each label, including labels of nested scopes.
  std::vector<unsigned> labels;
  std::vector<std::string> labelNames;
  std::vector<Instruction> body;
  /// `.branchtargets` lists, by the label that names them, for brx.idx: the
  /// numbers of the labels; an empty list for an ordinary label.
  std::vector<std::vector<int>> branchTargets;

  // Directives of an entry.
  uint32_t requiredThreads[3] = {0, 0, 0};
  uint32_t maxThreads[3] = {0, 0, 0};
  uint32_t minBlocksPerSM = 0;
  uint32_t maxRegisters = 0;
  uint32_t requiredCluster[3] = {0, 0, 0};
  bool noReturn = false;
};

/// A complete text. Views point into `text`.
struct Tree {
  std::string text;
  unsigned version = 0; // 10 x major + minor
  std::string target;   // the first word of .target
  unsigned addressSize = 64;
  std::vector<Variable> variables;
  std::vector<Function> functions;
};

} // namespace ptxsim

#endif // PTXSIM_FRONTEND_AST_H
