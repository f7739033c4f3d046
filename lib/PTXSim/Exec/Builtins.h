//===- Builtins.h - What calls are made of ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions that a call expands to, and the functions that every CUDA
// program finds in the driver. Offsets are in a thread's local memory.
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

/// vprintf, __assertfail. False when there is no such function.
bool setBuiltinCall(const std::string &name,
                    const std::vector<int64_t> &arguments,
                    const std::vector<unsigned> &sizes, int64_t result,
                    Inst &inst);

} // namespace ptxsim

#endif // PTXSIM_EXEC_BUILTINS_H
