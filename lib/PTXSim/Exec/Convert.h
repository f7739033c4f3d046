//===- Convert.h - Builders of packed conversions ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_CONVERT_H
#define PTXSIM_EXEC_CONVERT_H

#include "Exec/Numerics.h"
#include "Program/Decoder.h"

namespace ptxsim {

/// The modifiers of a conversion; bits of Inst::mode.
enum ConvertFlags : uint32_t {
  kRoundingMask = 7, // a RoundingMode
  kIntegral = 8,     // .rni and its siblings: to a whole number
  kConvertFtz = 16,
  kConvertSat = 32,
  kConvertRelu = 64,
  kSatfinite = 128,
};
/// Returns the flags of the qualifiers of the instruction.
uint32_t getConvertMode(const Match &match);
inline RoundingMode getRounding(const Inst &inst) {
  return RoundingMode(inst.mode & kRoundingMask);
}

bool buildPackPair(Decoder &decoder, const Match &match, Inst &inst);
bool buildToTF32(Decoder &decoder, const Match &match, Inst &inst);
bool buildToFP8(Decoder &decoder, const Match &match, Inst &inst);
bool buildFromFP8(Decoder &decoder, const Match &match, Inst &inst);
bool buildPackIntegers(Decoder &decoder, const Match &match, Inst &inst);

} // namespace ptxsim

#endif // PTXSIM_EXEC_CONVERT_H
