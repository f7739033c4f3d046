//===- InitRules.h - Propagation of undefined registers ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_INITRULES_H
#define PTXSIM_EXEC_INITRULES_H

#include "Warp.h"

namespace ptxsim {

/// Propagates the marks of undefined halves through the instruction, or reports
/// them; see InitRule. Called before the instruction is executed, with marks
/// on.
void applyInitRule(Warp &warp, const Inst &inst, uint32_t mask);

/// Handles an undefined guard. If the instruction only writes registers, they
/// become undefined: returns those lanes, for `undefineResults` after the
/// instruction. Otherwise, reports a finding.
uint32_t checkGuard(Warp &warp, const Inst &inst, uint32_t mask);
void undefineResults(Warp &warp, const Inst &inst, uint32_t lanes);

/// Reports a finding if the operand is undefined in a lane of the mask. The
/// operand then counts as defined. `what` is its role.
void demandDefined(Warp &warp, const Inst &inst, const Ref &ref, uint32_t mask,
                   const char *what);

} // namespace ptxsim

#endif // PTXSIM_EXEC_INITRULES_H
