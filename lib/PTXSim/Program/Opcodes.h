//===- Opcodes.h - Finding an instruction's form ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_PROGRAM_OPCODES_H
#define PTXSIM_PROGRAM_OPCODES_H

#include "Decoder.h"

namespace ptxsim {

/// Finds the form that has all the instruction's qualifiers and lacks none that
/// it must have. On failure `error` says which qualifier is wrong.
bool matchForm(const Instruction &inst, Match &match, std::string &error);

} // namespace ptxsim

#endif // PTXSIM_PROGRAM_OPCODES_H
