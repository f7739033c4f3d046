//===- Decoder.h - From the tree to decoded code ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The instruction set is data: tables of forms, one table beside the handlers
// of a topic. A form says which qualifiers go together and has a builder that
// turns operands into references and picks the handler. To add an instruction
// is to add a row and its handler.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_PROGRAM_DECODER_H
#define PTXSIM_PROGRAM_DECODER_H

#include "Program.h"
#include "ptxsim/Diagnostic.h"
#include <string>

namespace ptxsim {

class Decoder;
class KernelBuilder;
class Match;

/// One form of an opcode. `qualifiers` is a list of words:
///   sync            must be there
///   ftz?            may be there
///   rnd=rn|rz       one of them must be there, the group's name is rnd
///   rnd?=rn|rz      one of them may be there
///   :f32|f64        a type: the first, second, ... type of the instruction
///   :_f32|f64       the same type as the one before it, not written (unused)
/// Qualifiers are a set: the order in the text is free, but for types, which
/// are matched to the positions in order.
struct Form {
  const char *opcode;
  const char *qualifiers;
  InstClass cls;
  /// False when the operands are wrong; it has reported what is.
  bool (*build)(Decoder &, const Match &, Inst &);
};

/// A table of forms, in the file of its handlers.
struct FormTable {
  const Form *forms;
  size_t count;
};
template <size_t N> constexpr FormTable makeTable(const Form (&forms)[N]) {
  return {forms, N};
}

// All tables; Opcodes.cpp lists them.
FormTable getIntegerForms();
FormTable getLogicForms();
FormTable getFloatForms();
FormTable getHalfForms();
FormTable getCompareForms();
FormTable getConvertForms();
FormTable getMoveForms();
FormTable getMathForms();
FormTable getMemoryForms();
FormTable getAtomicForms();
FormTable getControlForms();
FormTable getCollectiveForms();
FormTable getBarrierForms();
FormTable getMatrixForms();
FormTable getWmmaForms();
FormTable getAsyncForms();
FormTable getMbarrierForms();

/// Which qualifiers of a form an instruction has.
class Match {
public:
  const Form *form = nullptr;
  std::vector<Type> types;

  /// The word that is there of the group (or the flag itself); empty if none.
  std::string_view get(std::string_view group) const;
  bool has(std::string_view flag) const { return !get(flag).empty(); }
  Type type(size_t i = 0) const {
    return i < types.size() ? types[i] : Type::None;
  }

  std::vector<std::pair<std::string_view, std::string_view>> words;
};

/// What a builder works with: the instruction's operands, as references.
class Decoder {
public:
  const Instruction &inst() const { return *current; }
  size_t count() const { return current->operands.size(); }
  const Operand &operand(size_t i) const { return current->operands[i]; }

  /// Reports an error at the instruction (or operand); always false.
  bool fail(const std::string &message);
  bool failAt(size_t operand, const std::string &message);

  /// The number of operands is in the range, or an error is reported.
  bool expect(size_t least, size_t most);
  bool expect(size_t exactly) { return expect(exactly, exactly); }

  // References to operand `i` as a value of a type. The register's size must be
  // the type's; `Wider` lets it be wider, as in ld, st and cvt. An absent
  // reference means that an error was reported, or the sink `_` for `dst`.
  enum Width { Exact, Wider };
  bool dst(size_t i, Type type, Ref &ref, Width width = Exact);
  bool src(size_t i, Type type, Ref &ref, Width width = Exact);
  bool dstPred(size_t i, Ref &ref);
  bool srcPred(size_t i, Ref &ref);
  /// The same for an operand that is part of another.
  bool dst(const Operand &operand, Type type, Ref &ref, Width width = Exact);
  bool src(const Operand &operand, Type type, Ref &ref, Width width = Exact);

  /// Appends the elements of vector operand `i` (or the operand itself when it
  /// is no vector) to the instruction's lists. `count` elements are demanded
  /// when it is not 0.
  bool dsts(size_t i, Type type, Inst &inst, size_t count = 0,
            Width width = Exact);
  bool srcs(size_t i, Type type, Inst &inst, size_t count = 0,
            Width width = Exact);
  bool addSrc(const Ref &ref, Inst &inst);
  bool addDst(const Ref &ref, Inst &inst);

  /// An address operand: its base register (of 32 or 64 bits) goes to `base`,
  /// a constant 0 where it has none; the displacement, with the variable's
  /// offset where that is known, to `displacement`. `space` is the
  /// instruction's; Param may turn into Local for call parameters.
  bool address(size_t i, Space &space, Ref &base, int64_t &displacement);
  bool address(const Operand &operand, Space &space, Ref &base,
               int64_t &displacement);

  /// The operand is an integer known now.
  bool immediate(size_t i, int64_t &value);
  bool isImmediate(size_t i) const;
  /// The operand is a predicate register.
  bool isPredicate(size_t i) const;

  /// A reference to a constant of 2, 4, 8 or 16 bytes (size 0: a predicate).
  Ref constant(uint64_t bits, unsigned size);
  Ref special(Special special);
  /// The condition code's carry, a predicate that instructions may write.
  Ref carry();

  /// A label operand's target; patched when the kernel is complete.
  bool label(size_t i, Inst &inst);
  /// The list of a `.branchtargets` label.
  bool branchTable(size_t i, Inst &inst);

  /// Chip capability from `.target`, 10 x major + minor.
  unsigned capability() const;

  KernelCode &kernel() { return *code; }

private:
  friend class KernelBuilder;
  explicit Decoder(KernelBuilder &builder) : builder(builder) {}

  KernelBuilder &builder;
  const Instruction *current = nullptr;
  KernelCode *code = nullptr;
};

/// Decodes every kernel of the tree. Null with `error` filled in when something
/// is wrong.
std::unique_ptr<Program> decode(std::unique_ptr<Tree> tree, Diagnostic &error);

} // namespace ptxsim

#endif // PTXSIM_PROGRAM_DECODER_H
