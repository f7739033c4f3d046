//===- ConvertPacked.cpp - Conversions to and from pairs, tf32 ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Exec/Convert.h"
#include "Exec/Half.h"
#include <algorithm>
#include <limits>

using namespace ptxsim;

/// The first source is the high half.
template <bool Bfloat>
static void execPackNearest(Warp &w, const Inst &i, uint32_t mask) {
  alignas(64) uint16_t high[kLanes], low[kLanes];
  if (Bfloat) {
    floatsToBfloats(w.reg<float>(i.a), high, kLanes);
    floatsToBfloats(w.reg<float>(i.b), low, kLanes);
  } else {
    floatsToHalves(w.reg<float>(i.a), high, kLanes);
    floatsToHalves(w.reg<float>(i.b), low, kLanes);
  }
  forLanes<uint32_t>(w, i.d, mask, [&](unsigned l) {
    return uint32_t(high[l]) << 16 | low[l];
  });
}

static float relu(float value, uint32_t mode) {
  bool cut = ((mode & kConvertRelu) != 0) & (value <= 0);
  return cut ? 0.0f : value;
}

template <bool Bfloat>
static void execPack(Warp &w, const Inst &i, uint32_t mask) {
  const float *a = w.reg<float>(i.a), *b = w.reg<float>(i.b);
  RoundingMode rounding = getRounding(i);
  uint32_t mode = i.mode;
  auto narrow = [=](float value) -> uint32_t {
    value = relu(value, mode);
    return Bfloat ? narrowFloat<8, 7>(value, rounding, mode & kSatfinite)
                  : narrowFloat<5, 10>(value, rounding, mode & kSatfinite);
  };
  forLanes<uint32_t>(w, i.d, mask, [=](unsigned l) {
    return narrow(a[l]) << 16 | narrow(b[l]);
  });
}

static void initPackPair(Warp &w, const Inst &i, uint32_t mask) {
  uint32_t high = w.anyUndefined(i.a), low = w.anyUndefined(i.b);
  uint32_t *marks = w.marks(i.d);
  marks[0] = (marks[0] & ~mask) | (low & mask);
  marks[1] = (marks[1] & ~mask) | (high & mask);
}

bool ptxsim::buildPackPair(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  inst.mode = getConvertMode(match);
  // .rn alone is mode 0.
  if (isBfloat(type))
    inst.exec = inst.mode ? execPack<true> : execPackNearest<true>;
  else
    inst.exec = inst.mode ? execPack<false> : execPackNearest<false>;
  setCustomInit(inst, initPackPair);
  return buildOperands(decoder, inst, type, {Type::F32, Type::F32});
}

template <RoundingMode Rounding>
static void execToTF32(Warp &w, const Inst &i, uint32_t mask) {
  const float *a = w.reg<float>(i.a);
  uint32_t mode = i.mode;
  forLanes<float>(w, i.d, mask, [=](unsigned l) {
    return floatToTF32(relu(a[l], mode), Rounding, mode & kSatfinite);
  });
}

bool ptxsim::buildToTF32(Decoder &decoder, const Match &match, Inst &inst) {
  inst.mode = getConvertMode(match);
  switch (getRounding(inst)) {
  case RoundingMode::Zero:
    inst.exec = execToTF32<RoundingMode::Zero>;
    break;
  case RoundingMode::Away:
    inst.exec = execToTF32<RoundingMode::Away>;
    break;
  default:
    inst.exec = execToTF32<RoundingMode::Nearest>;
    break;
  }
  return buildOperands(decoder, inst, Type::B32, {Type::F32});
}

//===----------------------------------------------------------------------===//
// 8-bit formats
//===----------------------------------------------------------------------===//

template <bool E5M2> static uint32_t toFP8(float value, uint32_t mode) {
  value = relu(value, mode);
  return E5M2 ? floatToE5M2(value) : floatToE4M3(value);
}

template <bool E5M2>
static void execFloatsToFP8(Warp &w, const Inst &i, uint32_t mask) {
  const float *a = w.reg<float>(i.a), *b = w.reg<float>(i.b);
  uint32_t mode = i.mode;
  forLanes<uint16_t>(w, i.d, mask, [=](unsigned l) {
    return uint16_t(toFP8<E5M2>(a[l], mode) << 8 | toFP8<E5M2>(b[l], mode));
  });
}

template <bool E5M2>
static void execHalvesToFP8(Warp &w, const Inst &i, uint32_t mask) {
  alignas(64) float a[2 * kLanes];
  halvesToFloats(w.reg<uint16_t>(i.a), a, 2 * kLanes);
  uint32_t mode = i.mode;
  forLanes<uint16_t>(w, i.d, mask, [&](unsigned l) {
    return uint16_t(toFP8<E5M2>(a[2 * l + 1], mode) << 8 |
                    toFP8<E5M2>(a[2 * l], mode));
  });
}

bool ptxsim::buildToFP8(Decoder &decoder, const Match &match, Inst &inst) {
  bool isE5M2 = match.type(0) == Type::E5M2x2;
  inst.mode = getConvertMode(match);
  inst.type2 = match.type(1);
  if (match.type(1) == Type::F16x2) {
    inst.exec = isE5M2 ? execHalvesToFP8<true> : execHalvesToFP8<false>;
    return buildOperands(decoder, inst, match.type(0), {Type::F16x2});
  }
  inst.exec = isE5M2 ? execFloatsToFP8<true> : execFloatsToFP8<false>;
  return buildOperands(decoder, inst, match.type(0), {Type::F32, Type::F32});
}

template <bool E5M2>
static void execFromFP8(Warp &w, const Inst &i, uint32_t mask) {
  const uint16_t *a = w.reg<uint16_t>(i.a);
  uint32_t mode = i.mode;
  auto widen = [mode](uint16_t bits) -> uint32_t {
    auto byte = uint8_t(bits);
    // The numbers of both formats are also numbers of f16.
    float value = E5M2 ? e5m2ToFloat(byte) : e4m3ToFloat(byte);
    return floatToHalf(relu(value, mode));
  };
  forLanes<uint32_t>(w, i.d, mask, [=](unsigned l) {
    return widen(a[l] >> 8) << 16 | widen(a[l] & 0xff);
  });
}

bool ptxsim::buildFromFP8(Decoder &decoder, const Match &match, Inst &inst) {
  inst.mode = getConvertMode(match);
  inst.type2 = match.type(1);
  inst.exec =
      match.type(1) == Type::E5M2x2 ? execFromFP8<true> : execFromFP8<false>;
  return buildOperands(decoder, inst, Type::F16x2, {match.type(1)});
}

//===----------------------------------------------------------------------===//
// cvt.pack
//===----------------------------------------------------------------------===//

/// a and b, clamped, followed by the remaining bits of c.
template <typename T>
static void execPackIntegers(Warp &w, const Inst &i, uint32_t mask) {
  const int32_t *a = w.reg<int32_t>(i.a), *b = w.reg<int32_t>(i.b);
  const uint32_t *c = i.c ? w.reg<uint32_t>(i.c) : nullptr;
  constexpr unsigned width = 8 * sizeof(T);
  auto clamp = [](int32_t value) {
    constexpr int32_t least = std::numeric_limits<T>::min();
    constexpr int32_t most = std::numeric_limits<T>::max();
    return uint32_t(std::clamp(value, least, most)) & ((1u << width) - 1);
  };
  forLanes<uint32_t>(w, i.d, mask, [=](unsigned l) {
    uint64_t rest = c ? uint64_t(c[l]) << (2 * width) : 0;
    return uint32_t(rest) | clamp(a[l]) << width | clamp(b[l]);
  });
}

bool ptxsim::buildPackIntegers(Decoder &decoder, const Match &match,
                               Inst &inst) {
  switch (match.type()) {
  case Type::U16:
    inst.exec = execPackIntegers<uint16_t>;
    break;
  case Type::S16:
    inst.exec = execPackIntegers<int16_t>;
    break;
  case Type::U8:
    inst.exec = execPackIntegers<uint8_t>;
    break;
  default:
    inst.exec = execPackIntegers<int8_t>;
    break;
  }
  if (getTypeSize(match.type()) == 2)
    return buildOperands(decoder, inst, Type::B32, {Type::S32, Type::S32});
  return buildOperands(decoder, inst, Type::B32,
                       {Type::S32, Type::S32, Type::B32});
}
