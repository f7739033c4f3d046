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

/// Every element of a row of A or a column of B enters a row or a column of the
/// result: one that is undefined makes that undefined.
void initMma(Warp &w, const Inst &inst, uint32_t mask);

/// For wmma: the address and stride of a fragment must be defined, and what is
/// stored to global memory; the marks of elements in shared memory travel.
void checkFragmentAccess(Warp &w, const Inst &inst, uint32_t mask);
/// The same as initMma for fragments in the simulator's own layout.
void initWmma(Warp &w, const Inst &inst, uint32_t mask);
/// Undefined elements of an A or B fragment, a byte for each byte of it, become
/// those of its registers.
void setOperandMarks(const Warp &w, const Inst &inst, const uint8_t *undefined,
                     unsigned bytes, uint32_t mask);
/// Likewise those of an accumulator, a byte for each of 256 elements at most.
void setSumMarks(const Warp &w, const Inst &inst, const uint8_t *undefined,
                 bool isHalf, uint32_t mask);
/// The other way round; false if none is undefined.
bool getSumMarks(const Warp &w, const Ref *refs, unsigned count, bool isHalf,
                 uint8_t *undefined);

// And of wmma's forms with f64, which stand in the table of Wmma.cpp.
bool buildWmmaDouble(Decoder &d, const Match &m, Inst &inst);
bool buildWmmaAccessDouble(Decoder &d, const Match &m, Inst &inst);

} // namespace ptxsim

#endif // PTXSIM_EXEC_MMA_H
