//===- Half.h - f16 and bf16 lanes ------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_HALF_H
#define PTXSIM_EXEC_HALF_H

#include "Exec/Lanewise.h"
#include "Exec/Numerics.h"

namespace ptxsim {

/// The two 16-bit formats, for templates.
struct HalfFormat {
  static constexpr uint16_t infinity = 0x7c00;
  static void widen(const uint16_t *from, float *to, unsigned count) {
    halvesToFloats(from, to, count);
  }
  static void narrow(const float *from, uint16_t *to, unsigned count) {
    floatsToHalves(from, to, count);
  }
};
struct BfloatFormat {
  static constexpr uint16_t infinity = 0x7f80;
  static void widen(const uint16_t *from, float *to, unsigned count) {
    bfloatsToFloats(from, to, count);
  }
  static void narrow(const float *from, uint16_t *to, unsigned count) {
    floatsToBfloats(from, to, count);
  }
};

/// Flags of half instructions, in Inst::mode.
enum HalfFlags : uint32_t { kHalfFtz = 1, kHalfSat = 2, kHalfRelu = 4 };

/// `Count` 16-bit values: 32, or 64 for packed types.
template <typename Format, unsigned Count>
inline void loadHalves(const Warp &w, const Ref &ref, float *to, bool ftz) {
  const uint16_t *from = w.reg<uint16_t>(ref);
  alignas(64) uint16_t flushed[Count];
  if (ftz) {
    for (unsigned e = 0; e < Count; ++e)
      flushed[e] =
          uint16_t(from[e] & Format::infinity ? from[e] : from[e] & 0x8000);
    from = flushed;
  }
  Format::widen(from, to, Count);
}

template <unsigned Count>
inline void storeHalves(Warp &w, const Ref &ref, const uint16_t *from,
                        uint32_t mask) {
  if (mask == kAllLanes) {
    std::memcpy(w.registers + ref.offset, from, Count * sizeof(uint16_t));
    return;
  }
  if constexpr (Count == kLanes) {
    blend(w.reg<uint16_t>(ref), from, mask);
  } else {
    alignas(64) uint32_t pairs[kLanes];
    std::memcpy(pairs, from, sizeof(pairs));
    blend(w.reg<uint32_t>(ref), pairs, mask);
  }
}

/// Rounds the results and applies the flags. May change `values`.
template <typename Format, unsigned Count>
inline void finishHalves(Warp &w, const Inst &i, uint32_t mask, float *values) {
  if (i.mode & kHalfSat)
    for (unsigned e = 0; e < Count; ++e)
      values[e] = saturate(values[e]);
  if (i.mode & kHalfRelu)
    for (unsigned e = 0; e < Count; ++e)
      values[e] = values[e] <= 0 ? 0.0f : values[e];
  alignas(64) uint16_t result[Count];
  Format::narrow(values, result, Count);
  if (i.mode & kHalfFtz)
    for (unsigned e = 0; e < Count; ++e)
      result[e] = uint16_t(result[e] & Format::infinity ? result[e]
                                                        : result[e] & 0x8000);
  storeHalves<Count>(w, i.d, result, mask);
}

inline bool isBfloat(Type type) {
  return type == Type::BF16 || type == Type::BF16x2;
}

} // namespace ptxsim

#endif // PTXSIM_EXEC_HALF_H
