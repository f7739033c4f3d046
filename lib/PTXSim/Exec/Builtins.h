//===- Builtins.h - Parameters of calls and built-in functions --*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions to which a call expands, and the functions that the driver
// provides to every CUDA program. Offsets are in the local memory of a thread.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_BUILTINS_H
#define PTXSIM_EXEC_BUILTINS_H

#include "Program/Program.h"

namespace ptxsim {

void setCopyRegister(Inst &inst, const Ref &to, const Ref &from);
void setCopyLocal(Inst &inst, int64_t to, int64_t from, uint64_t bytes);
void setLoadLocal(Inst &inst, const Ref &to, int64_t from, uint64_t bytes);
void setStoreLocal(Inst &inst, int64_t to, const Ref &from, uint64_t bytes);

/// vprintf, __assertfail. Returns false for other functions.
bool setBuiltinCall(const std::string &name,
                    const std::vector<int64_t> &arguments,
                    const std::vector<unsigned> &sizes, int64_t result,
                    Inst &inst);

} // namespace ptxsim

#endif // PTXSIM_EXEC_BUILTINS_H
