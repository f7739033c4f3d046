//===- IntegerBits.h - Bit counting, fields, dot products -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_INTEGERBITS_H
#define PTXSIM_EXEC_INTEGERBITS_H

#include "Program/Decoder.h"

namespace ptxsim {

bool buildPopc(Decoder &decoder, const Match &match, Inst &inst);
bool buildClz(Decoder &decoder, const Match &match, Inst &inst);
bool buildBfind(Decoder &decoder, const Match &match, Inst &inst);
bool buildBrev(Decoder &decoder, const Match &match, Inst &inst);
bool buildBfe(Decoder &decoder, const Match &match, Inst &inst);
bool buildBfi(Decoder &decoder, const Match &match, Inst &inst);
bool buildSzext(Decoder &decoder, const Match &match, Inst &inst);
bool buildBmsk(Decoder &decoder, const Match &match, Inst &inst);
bool buildFns(Decoder &decoder, const Match &match, Inst &inst);
bool buildDp4a(Decoder &decoder, const Match &match, Inst &inst);
bool buildDp2a(Decoder &decoder, const Match &match, Inst &inst);
bool buildShf(Decoder &decoder, const Match &match, Inst &inst);

} // namespace ptxsim

#endif // PTXSIM_EXEC_INTEGERBITS_H
