//===- Opcodes.h - Lookup of the form of an instruction ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_PROGRAM_OPCODES_H
#define PTXSIM_PROGRAM_OPCODES_H

#include "Decoder.h"

namespace ptxsim {

/// Finds the form that has all qualifiers of the instruction and requires no
/// others. On failure, `error` names the wrong qualifier.
bool matchForm(const Instruction &inst, Match &match, std::string &error);

} // namespace ptxsim

#endif // PTXSIM_PROGRAM_OPCODES_H
