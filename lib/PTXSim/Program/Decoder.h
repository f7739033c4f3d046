//===- Decoder.h - From the tree to decoded code ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The instruction set is data: tables of forms, one table next to the handlers
// of a topic. A form lists the legal qualifiers and has a builder that converts
// operands to references and selects the handler. To add an instruction, add a
// row and its handler.
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
  /// Returns false after reporting wrong operands.
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

// All tables, listed in Opcodes.cpp.
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

/// The qualifiers of a form that an instruction has.
class Match {
public:
  const Form *form = nullptr;
  std::vector<Type> types;

  /// Returns the word of the group (or the flag itself), or empty.
  std::string_view get(std::string_view group) const;
  bool has(std::string_view flag) const { return !get(flag).empty(); }
  Type type(size_t i = 0) const {
    return i < types.size() ? types[i] : Type::None;
  }

  std::vector<std::pair<std::string_view, std::string_view>> words;
};

/// The operands of an instruction as references, for builders.
class Decoder {
public:
  const Instruction &inst() const { return *current; }
  size_t count() const { return current->operands.size(); }
  const Operand &operand(size_t i) const { return current->operands[i]; }

  /// Reports an error at the instruction (or operand). Returns false.
  bool fail(const std::string &message);
  bool failAt(size_t operand, const std::string &message);

  /// Reports an error if the number of operands is out of range.
  bool expect(size_t least, size_t most);
  bool expect(size_t exactly) { return expect(exactly, exactly); }

  // Returns a reference to operand `i` as a value of a type. The register must
  // have the size of the type, or may be wider with `Wider`, as in ld, st and
  // cvt. An absent reference is an error that was reported, or the sink `_` for
  // `dst`.
  enum Width { Exact, Wider };
  bool dst(size_t i, Type type, Ref &ref, Width width = Exact);
  bool src(size_t i, Type type, Ref &ref, Width width = Exact);
  bool dstPred(size_t i, Ref &ref);
  bool srcPred(size_t i, Ref &ref);
  /// The same for an operand that is part of another.
  bool dst(const Operand &operand, Type type, Ref &ref, Width width = Exact);
  bool src(const Operand &operand, Type type, Ref &ref, Width width = Exact);

  /// Appends the elements of vector operand `i` (or the operand itself if it is
  /// not a vector) to the lists of the instruction. If `count` is not 0, this
  /// number of elements is required.
  bool dsts(size_t i, Type type, Inst &inst, size_t count = 0,
            Width width = Exact);
  bool srcs(size_t i, Type type, Inst &inst, size_t count = 0,
            Width width = Exact);
  bool addSrc(const Ref &ref, Inst &inst);
  bool addDst(const Ref &ref, Inst &inst);

  /// Decodes an address operand. Its base register (of 32 or 64 bits), or a
  /// constant 0, becomes `base`. The displacement, including the variable's
  /// offset if known, becomes `displacement`. `space` is that of the
  /// instruction; Param may become Local for call parameters.
  bool address(size_t i, Space &space, Ref &base, int64_t &displacement);
  bool address(const Operand &operand, Space &space, Ref &base,
               int64_t &displacement);

  /// Requires a constant integer.
  bool immediate(size_t i, int64_t &value);
  bool isImmediate(size_t i) const;
  /// Requires a predicate register.
  bool isPredicate(size_t i) const;

  /// Returns a reference to a constant of 2, 4, 8 or 16 bytes (0: a predicate).
  Ref constant(uint64_t bits, unsigned size);
  Ref special(Special special);
  /// The carry of the condition code, a predicate that instructions may write.
  Ref carry();

  /// The target of a label operand, patched when the kernel is complete.
  bool label(size_t i, Inst &inst);
  /// Returns the list of a `.branchtargets` label.
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

/// Decodes every kernel of the tree. Returns null and sets `error` if there is
/// an error.
std::unique_ptr<Program> decode(std::unique_ptr<Tree> tree, Diagnostic &error);

} // namespace ptxsim

#endif // PTXSIM_PROGRAM_DECODER_H
