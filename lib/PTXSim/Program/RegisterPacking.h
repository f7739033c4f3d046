//===- RegisterPacking.h - Registers that are never live together -*- C++ -*-=//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_PROGRAM_REGISTERPACKING_H
#define PTXSIM_PROGRAM_REGISTERPACKING_H

#include "Program.h"

namespace ptxsim {

/// Lets registers whose values are never needed at once share a place in the
/// register file: compilers give every value a register of its own, and a file
/// of a megabyte a warp would not stay in the caches. A register that may be
/// read before it is written is live from the beginning and shares with nobody
/// before that, so that it is still found to be undefined. Kernels with calls
/// are left as they are.
void packRegisters(KernelCode &kernel);

} // namespace ptxsim

#endif // PTXSIM_PROGRAM_REGISTERPACKING_H
