//===- Mma.h - mma.sync -----------------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_MMA_H
#define PTXSIM_EXEC_MMA_H

#include "Program/Decoder.h"

namespace ptxsim {

// Builders of the forms of mma.sync, which are in the table of Matrix.cpp.
bool buildMma(Decoder &d, const Match &m, Inst &inst);
bool buildMmaInteger(Decoder &d, const Match &m, Inst &inst);
bool buildMmaDouble(Decoder &d, const Match &m, Inst &inst);

/// An undefined element of A or B makes its row or column of the result
/// undefined.
void initMma(Warp &w, const Inst &inst, uint32_t mask);

/// For wmma: the address and the stride of a fragment must be defined, and so
/// must the elements stored to global memory. The marks of elements in shared
/// memory are propagated.
void checkFragmentAccess(Warp &w, const Inst &inst, uint32_t mask);
/// The same as initMma for fragments in the simulator's own layout.
void initWmma(Warp &w, const Inst &inst, uint32_t mask);
/// Marks the registers of an A or B fragment whose elements are undefined;
/// `undefined` has one byte for each byte of the fragment.
void setOperandMarks(const Warp &w, const Inst &inst, const uint8_t *undefined,
                     unsigned bytes, uint32_t mask);
/// The same for an accumulator, with one byte for each of at most 256 elements.
void setSumMarks(const Warp &w, const Inst &inst, const uint8_t *undefined,
                 bool isHalf, uint32_t mask);
/// The reverse: reads the marks of the registers. Returns false if no element
/// is undefined.
bool getSumMarks(const Warp &w, const Ref *refs, unsigned count, bool isHalf,
                 uint8_t *undefined);

// Builders of the forms of wmma with f64, which are in the table of Wmma.cpp.
bool buildWmmaDouble(Decoder &d, const Match &m, Inst &inst);
bool buildWmmaAccessDouble(Decoder &d, const Match &m, Inst &inst);

} // namespace ptxsim

#endif // PTXSIM_EXEC_MMA_H
