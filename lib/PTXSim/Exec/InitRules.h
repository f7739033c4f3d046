//===- InitRules.h - Where undefined registers may go -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_INITRULES_H
#define PTXSIM_EXEC_INITRULES_H

#include "Warp.h"

namespace ptxsim {

/// Carries the marks of undefined halves through the instruction, or reports
/// them; see InitRule. Before the instruction is executed, with marks on.
void applyInitRule(Warp &warp, const Inst &inst, uint32_t mask);

/// An undefined guard is a finding, unless the instruction does nothing but
/// write registers: those become undefined. Returns the lanes where they do,
/// for `undefineResults` after the instruction.
uint32_t checkGuard(Warp &warp, const Inst &inst, uint32_t mask);
void undefineResults(Warp &warp, const Inst &inst, uint32_t lanes);

/// A finding if the operand is undefined in a lane of the mask; it counts as
/// defined from then on. `what` is its role.
void demandDefined(Warp &warp, const Inst &inst, const Ref &ref, uint32_t mask,
                   const char *what);

} // namespace ptxsim

#endif // PTXSIM_EXEC_INITRULES_H
