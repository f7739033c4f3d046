//===- RegisterPacking.h - Registers with disjoint live ranges --*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_PROGRAM_REGISTERPACKING_H
#define PTXSIM_PROGRAM_REGISTERPACKING_H

#include "Program.h"

namespace ptxsim {

/// Lets registers whose values are never needed at once share space in the
/// register file: compilers give every value its own register, and a file of a
/// megabyte for each warp would not stay in the caches. A register that may be
/// read before it is written is live from the start and shares no space before
/// that, so that it is still detected as undefined. Kernels with calls are not
/// changed.
void packRegisters(KernelCode &kernel);

} // namespace ptxsim

#endif // PTXSIM_PROGRAM_REGISTERPACKING_H
