//===- KernelBuilder.h - Assembly of a kernel -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_PROGRAM_KERNELBUILDER_H
#define PTXSIM_PROGRAM_KERNELBUILDER_H

#include "Decoder.h"
#include <map>
#include <unordered_map>

namespace ptxsim {

/// Decodes one entry with all functions that it calls. The registers and local
/// memory of every function are separate, because recursive PTX functions are
/// not supported.
class KernelBuilder {
public:
  KernelBuilder(const Tree &tree, Program &program, Diagnostic &error);

  bool build(const Function &entry, KernelCode &result);

  /// The functions that `build` decoded, by number.
  const std::vector<int> &getFunctions() const { return order; }

private:
  friend class Decoder;

  /// The storage of a function.
  struct Frame {
    const Function *function = nullptr;
    std::vector<int32_t> registers; // offsets in the register file
    std::vector<int64_t> variables; // in local memory or parameters; -1 else
    std::vector<uint32_t> instructions; // of each instruction of the body
    uint32_t begin = 0;
    unsigned depth = 0;
  };

  bool fail(const Position &position, const std::string &message);
  bool collect(int function, unsigned depth, std::vector<int> &path);
  bool layOut(int function);
  bool decodeFunction(int function);
  bool decodeInstruction(const Instruction &inst);
  bool decodeCall(const Instruction &inst);
  bool passValue(const Instruction &inst, const Operand &actual,
                 const Function::Formal &formal, Frame &callee, bool isResult);
  bool patch();
  void fillInfo(const Function &entry);

  Inst &append(const Instruction &inst, const std::string &name);
  int32_t allocateRegister(unsigned bytes);
  uint64_t getSharedOffset(const Variable &variable, int key);

  const Tree &tree;
  Program &program;
  Diagnostic &error;
  KernelCode *code = nullptr;
  std::map<int, Frame> frames; // by function
  std::vector<int> order;
  Frame *frame = nullptr; // of the function being decoded
  std::unordered_map<std::string, uint32_t> opcodeNumbers;

  std::map<std::pair<uint64_t, std::pair<uint64_t, unsigned>>, Ref> constants;
  std::map<Special, Ref> specials;
  int32_t carryOffset = -1;
  int32_t fileEnd = 0;

  /// Offsets of shared variables: of the module by number, of functions by
  /// (function, number).
  std::map<std::pair<int, int>, uint64_t> sharedOffsets;
  uint32_t sharedEnd = kSharedBase;
  uint32_t dynamicAlignment = 16;
  /// Constants that hold the start of the dynamic memory plus an offset.
  std::vector<std::pair<size_t, int64_t>> dynamicConstants;
  struct Fixup {
    uint32_t inst;
    int function;
    int label;
  };
  std::vector<Fixup> branchFixups;
  std::vector<Fixup> tableFixups;
  std::vector<std::pair<uint32_t, int>> callFixups;
  int currentFunction = -1;
  Decoder decoder;
};

} // namespace ptxsim

#endif // PTXSIM_PROGRAM_KERNELBUILDER_H
