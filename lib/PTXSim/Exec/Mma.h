//===- Mma.h - mma.sync -----------------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_MMA_H
#define PTXSIM_EXEC_MMA_H

#include "Program/Decoder.h"

namespace ptxsim {

// Builders of mma.sync's forms, which stand in the table of Matrix.cpp.
bool buildMma(Decoder &d, const Match &m, Inst &inst);
bool buildMmaInteger(Decoder &d, const Match &m, Inst &inst);
bool buildMmaDouble(Decoder &d, const Match &m, Inst &inst);

// And of wmma's forms with f64, which stand in the table of Wmma.cpp.
bool buildWmmaDouble(Decoder &d, const Match &m, Inst &inst);
bool buildWmmaAccessDouble(Decoder &d, const Match &m, Inst &inst);

} // namespace ptxsim

#endif // PTXSIM_EXEC_MMA_H
