//===- Module.h - A decoded PTX module --------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_MODULE_H
#define PTXSIM_MODULE_H

#include "ptxsim/Diagnostic.h"
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ptxsim {

struct Program; // internal: decoded code

/// A parameter of a kernel.
struct KernelParameter {
  std::string name;
  /// `u32`, `f64`, ...; `b8` for an array of bytes passed by value.
  std::string type;
  /// Size in bytes, and offset in the parameter block.
  uint32_t size;
  uint32_t offset;
  uint32_t alignment;
  /// An aggregate: `.param .align 8 .b8 name[24]`.
  bool isArray;
  /// It has `.ptr`, or is a 64-bit integer that may hold a pointer.
  bool isPointer;
};

/// An entry of a module.
struct KernelInfo {
  std::string name;
  std::vector<KernelParameter> parameters;
  uint32_t parameterBytes = 0;
  /// `.reqntid`, `.maxntid`; zeros when absent.
  uint32_t requiredThreads[3] = {0, 0, 0};
  uint32_t maxThreads[3] = {0, 0, 0};
  uint32_t minBlocksPerSM = 0;
  uint32_t maxRegisters = 0;
  uint32_t staticShared = 0;
  uint32_t localBytes = 0;
  unsigned line = 0;
};

/// PTX text, completely checked and decoded. It does not change after parsing
/// and may be shared by devices and threads.
class Module {
public:
  /// Parses a text. Returns null and sets `error` if it has errors. Everything
  /// is checked here: an unknown opcode, qualifier or name is a parse error
  /// even in code that never runs.
  static std::shared_ptr<const Module> parse(std::string_view text,
                                             Diagnostic &error);
  ~Module();

  const std::vector<KernelInfo> &getKernels() const;
  const KernelInfo *findKernel(std::string_view name) const;

  /// `.version` as 10 x major + minor, and the first word of `.target`.
  unsigned getVersion() const;
  const std::string &getTarget() const;

  /// Returns a line of the text (from 1), for messages.
  std::string_view getLine(unsigned line) const;

  const Program &getProgram() const { return *program; }

private:
  Module();
  std::unique_ptr<Program> program;
};

/// A supported opcode with its qualifiers, one line of `ptx-sim --opcodes`.
struct OpcodeDescription {
  std::string opcode;
  std::string qualifiers;
};
std::vector<OpcodeDescription> listOpcodes();

} // namespace ptxsim

#endif // PTXSIM_MODULE_H
