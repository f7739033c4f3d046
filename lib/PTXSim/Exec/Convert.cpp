//===- Convert.cpp - cvt --------------------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// In general, conversions go through 64-bit integers or f64, which represent
// every source exactly. The most common conversions have separate handlers.
//
//===----------------------------------------------------------------------===//

#include "Exec/Convert.h"
#include "Exec/Half.h"
#include <limits>

using namespace ptxsim;

static bool isFloat(Type type) {
  return type == Type::F16 || type == Type::BF16 || type == Type::F32 ||
         type == Type::F64;
}

//===----------------------------------------------------------------------===//
// Loading and storing
//===----------------------------------------------------------------------===//

/// Calls `use(U())` with the type of a lane in the register file.
template <typename Use> static void forLaneType(unsigned size, Use use) {
  switch (size) {
  case 2:
    return use(uint16_t());
  case 4:
    return use(uint32_t());
  default:
    return use(uint64_t());
  }
}

template <typename T>
static void loadAs(const Warp &w, const Ref &ref, int64_t *to) {
  forLaneType(ref.size, [&](auto u) {
    const auto *from = w.reg<decltype(u)>(ref);
    for (unsigned l = 0; l < kLanes; ++l)
      to[l] = int64_t(T(from[l]));
  });
}

/// Returns the low bits of the lanes as integers of the type.
static void loadIntegers(const Warp &w, const Ref &ref, Type type,
                         int64_t *to) {
  switch (type) {
  case Type::S8:
    return loadAs<int8_t>(w, ref, to);
  case Type::U8:
    return loadAs<uint8_t>(w, ref, to);
  case Type::S16:
    return loadAs<int16_t>(w, ref, to);
  case Type::S32:
    return loadAs<int32_t>(w, ref, to);
  case Type::U16:
  case Type::F16:
  case Type::BF16:
    return loadAs<uint16_t>(w, ref, to);
  case Type::U32:
  case Type::F32:
    return loadAs<uint32_t>(w, ref, to);
  default:
    return loadAs<int64_t>(w, ref, to);
  }
}

/// Returns the value of the bits of a floating-point type.
static double getValue(Type type, int64_t bits) {
  switch (type) {
  case Type::F16:
    return double(halfToFloat(uint16_t(bits)));
  case Type::BF16:
    return double(bfloatToFloat(uint16_t(bits)));
  case Type::F32:
    return double(toFloat(uint32_t(bits)));
  default:
    return toDouble(uint64_t(bits));
  }
}

/// The result fills the register, sign-extended for signed types.
static void storeIntegers(Warp &w, const Ref &ref, Type type,
                          const int64_t *from, uint32_t mask) {
  unsigned unused = 64 - 8 * getTypeSize(type);
  forLaneType(ref.size, [&](auto u) {
    using U = decltype(u);
    alignas(64) U result[kLanes];
    if (isSigned(type))
      for (unsigned l = 0; l < kLanes; ++l)
        result[l] = U(int64_t(uint64_t(from[l]) << unused) >> unused);
    else
      for (unsigned l = 0; l < kLanes; ++l)
        result[l] = U(uint64_t(from[l]) << unused >> unused);
    blend(w.reg<U>(ref), result, mask);
  });
}

//===----------------------------------------------------------------------===//
// Single values
//===----------------------------------------------------------------------===//

static double roundToIntegral(double value, RoundingMode mode) {
  switch (mode) {
  case RoundingMode::Zero:
    return std::trunc(value);
  case RoundingMode::Down:
    return std::floor(value);
  case RoundingMode::Up:
    return std::ceil(value);
  default:
    return std::nearbyint(value);
  }
}

/// Returns the nearest integer of the type to a whole number. NaN becomes 0,
/// or, with 64-bit types, only the top bit.
static int64_t toInteger(double value, Type type, bool fromF64) {
  unsigned bits = 8 * getTypeSize(type);
  if (value != value)
    return fromF64 || bits == 64 ? int64_t(uint64_t(1) << (bits - 1)) : 0;
  if (isSigned(type)) {
    double limit = std::ldexp(1.0, int(bits) - 1);
    int64_t most = int64_t((uint64_t(1) << (bits - 1)) - 1);
    return value >= limit ? most : value < -limit ? -most - 1 : int64_t(value);
  }
  if (value <= 0)
    return 0;
  if (value >= std::ldexp(1.0, int(bits)))
    return int64_t(~uint64_t(0) >> (64 - bits));
  return int64_t(uint64_t(value));
}

/// Clamps an integer of one type to the range of another.
static int64_t clampInteger(int64_t value, Type from, Type to) {
  unsigned bits = 8 * getTypeSize(to);
  bool negative = isSigned(from) && value < 0;
  if (isSigned(to)) {
    auto most = int64_t((uint64_t(1) << (bits - 1)) - 1);
    if (negative)
      return value < -most - 1 ? -most - 1 : value;
    return uint64_t(value) > uint64_t(most) ? most : value;
  }
  uint64_t most = ~uint64_t(0) >> (64 - bits);
  return negative ? 0 : uint64_t(value) > most ? int64_t(most) : value;
}

/// Converts an integer to f64: rounded in the mode, or (`sticky`) such that a
/// second rounding to a narrower format is correct.
static double fromInteger(int64_t value, Type type, RoundingMode mode,
                          bool sticky) {
  bool negative = isSigned(type) && value < 0;
  uint64_t magnitude = negative ? 0 - uint64_t(value) : uint64_t(value);
  int shift = magnitude >> 53 ? 11 - __builtin_clzll(magnitude) : 0;
  uint64_t quotient = magnitude >> shift;
  uint64_t rest = magnitude - (quotient << shift);
  if (sticky) {
    quotient |= rest != 0;
  } else if (rest) {
    uint64_t half = uint64_t(1) << (shift - 1);
    quotient += mode == RoundingMode::Nearest
                    ? rest > half || (rest == half && (quotient & 1))
                : mode == RoundingMode::Down ? negative
                : mode == RoundingMode::Up   ? !negative
                                             : false;
  }
  double result = std::ldexp(double(quotient), shift);
  return negative ? -result : result;
}

/// Returns the bits of an f64 in a floating-point type.
static uint64_t toFloatBits(double value, Type type, uint32_t mode) {
  auto rounding = RoundingMode(mode & kRoundingMask);
  if (mode & kConvertSat)
    value = saturate(value);
  if (mode & kConvertRelu)
    value = value <= 0 ? 0.0 : value;
  switch (type) {
  case Type::F16:
    return narrowFloat<5, 10>(doubleToFloatOdd(value), rounding,
                              mode & kSatfinite);
  case Type::BF16:
    return narrowFloat<8, 7>(doubleToFloatOdd(value), rounding,
                             mode & kSatfinite);
  case Type::F32: {
    float result = doubleToFloat(value, rounding);
    return toBits(mode & kConvertFtz ? flushToZero(result) : result);
  }
  default:
    return toBits(value);
  }
}

//===----------------------------------------------------------------------===//
// The general conversion
//===----------------------------------------------------------------------===//

static void execGeneral(Warp &w, const Inst &i, uint32_t mask) {
  alignas(64) int64_t values[kLanes];
  loadIntegers(w, i.a, i.type2, values);
  Type to = i.type, from = i.type2;
  RoundingMode rounding = getRounding(i);
  for (Lanes lane(mask); lane; ++lane) {
    int64_t &value = values[*lane];
    if (!isFloat(from)) {
      if (isFloat(to))
        value = int64_t(toFloatBits(
            fromInteger(value, from, rounding, to != Type::F64), to, i.mode));
      else if (i.mode & kConvertSat)
        value = clampInteger(value, from, to);
      continue;
    }
    double number = getValue(from, value);
    if (i.mode & kConvertFtz && from == Type::F32)
      number = double(flushToZero(float(number)));
    if (i.mode & kIntegral)
      number = roundToIntegral(number, rounding);
    value = isFloat(to) ? int64_t(toFloatBits(number, to, i.mode))
                        : toInteger(number, to, from == Type::F64);
  }
  // Clamped 64-bit values keep their bits; other bits are sign or zero.
  storeIntegers(w, i.d, to, values, mask);
}

//===----------------------------------------------------------------------===//
// Fast conversions
//===----------------------------------------------------------------------===//

namespace {
struct Extend {
  template <typename T> static T apply(T a) { return a; }
};
struct ToFloat {
  template <typename T> static float apply(T a) { return float(a); }
};
struct ToF64 {
  template <typename T> static double apply(T a) { return double(a); }
};
struct FromF64 {
  static float apply(double a) { return canonical(float(a)); }
};
/// f32 to 32-bit integers.
template <RoundingMode Mode> struct ToS32 {
  static int32_t apply(float a) {
    float whole = round(a);
    // The conversion of the host does not clamp.
    bool fits = (whole < 0x1p31f) & (whole >= -0x1p31f);
    int32_t value = int32_t(fits ? whole : 0.0f);
    value = whole >= 0x1p31f ? INT32_MAX : value;
    return whole < -0x1p31f ? INT32_MIN : value;
  }
  static float round(float a) {
    return Mode == RoundingMode::Zero   ? std::trunc(a)
           : Mode == RoundingMode::Down ? std::floor(a)
           : Mode == RoundingMode::Up   ? std::ceil(a)
                                        : std::nearbyint(a);
  }
};
template <RoundingMode Mode> struct ToU32 {
  static uint32_t apply(float a) {
    float whole = ToS32<Mode>::round(a);
    // Signed conversions of numbers below 2^31, because hosts lack others.
    bool isLarge = whole >= 0x1p31f;
    float low = isLarge ? whole - 0x1p31f : whole;
    bool fits = (low > 0) & (low < 0x1p31f);
    uint32_t value = uint32_t(int32_t(fits ? low : 0.0f));
    value |= isLarge ? 0x80000000 : 0;
    return whole >= 0x1p32f ? UINT32_MAX : value;
  }
};
} // namespace

template <typename Format>
static void execWiden(Warp &w, const Inst &i, uint32_t mask) {
  alignas(64) float result[kLanes];
  Format::widen(w.reg<uint16_t>(i.a), result, kLanes);
  forLanes<float>(w, i.d, mask,
                  [&](unsigned l) { return canonical(result[l]); });
}
template <typename Format>
static void execNarrow(Warp &w, const Inst &i, uint32_t mask) {
  alignas(64) uint16_t result[kLanes];
  Format::narrow(w.reg<float>(i.a), result, kLanes);
  storeHalves<kLanes>(w, i.d, result, mask);
}

/// Returns a handler for an integer of another type without clamping.
static ExecFn selectExtend(Type to, Type from) {
  return selectInteger(from, [&](auto f) -> ExecFn {
    using F = decltype(f);
    // Only the sign of the source matters.
    return selectUnsigned(
        to, [](auto t) -> ExecFn { return execUnary<Extend, decltype(t), F>; });
  });
}

static ExecFn selectFromF32(Type to, RoundingMode mode) {
  static constexpr ExecFn table[2][4] = {
      {execUnary<ToU32<RoundingMode::Nearest>, uint32_t, float>,
       execUnary<ToU32<RoundingMode::Zero>, uint32_t, float>,
       execUnary<ToU32<RoundingMode::Down>, uint32_t, float>,
       execUnary<ToU32<RoundingMode::Up>, uint32_t, float>},
      {execUnary<ToS32<RoundingMode::Nearest>, int32_t, float>,
       execUnary<ToS32<RoundingMode::Zero>, int32_t, float>,
       execUnary<ToS32<RoundingMode::Down>, int32_t, float>,
       execUnary<ToS32<RoundingMode::Up>, int32_t, float>}};
  return table[to == Type::S32][unsigned(mode)];
}

/// Converts integers of 32 or 64 bits to the nearest number.
template <typename Op, typename D> static ExecFn selectFromInteger(Type from) {
  return selectInteger(
      from, [](auto t) -> ExecFn { return execUnary<Op, D, decltype(t)>; });
}

/// Returns null if there is only the general handler.
static ExecFn selectFast(Type to, Type from, uint32_t mode) {
  if (!isFloat(to) && !isFloat(from))
    return mode & kConvertSat || getTypeSize(to) == 1 || getTypeSize(from) == 1
               ? nullptr
               : selectExtend(to, from);
  if ((to == Type::S32 || to == Type::U32) && from == Type::F32 &&
      !(mode & ~(kRoundingMask | kIntegral | kConvertSat)))
    return selectFromF32(to, RoundingMode(mode & kRoundingMask));
  if (mode)
    return nullptr;
  // To nearest, without further changes.
  if (!isFloat(from))
    return getTypeSize(from) == 1 ? nullptr
           : to == Type::F32      ? selectFromInteger<ToFloat, float>(from)
           : to == Type::F64      ? selectFromInteger<ToF64, double>(from)
                                  : nullptr;
  if (to == Type::F32)
    return from == Type::F16    ? execWiden<HalfFormat>
           : from == Type::BF16 ? execWiden<BfloatFormat>
           : from == Type::F64  ? execUnary<FromF64, float, double>
                                : nullptr;
  if (from != Type::F32)
    return nullptr;
  return to == Type::F16    ? execNarrow<HalfFormat>
         : to == Type::BF16 ? execNarrow<BfloatFormat>
         : to == Type::F64  ? execUnary<ToF64, double, float>
                            : nullptr;
}

//===----------------------------------------------------------------------===//
// Undefined values
//===----------------------------------------------------------------------===//

/// An integer moves. Added bits come from its sign or are zero.
static void initInteger(Warp &w, const Inst &i, uint32_t mask) {
  const uint32_t *a = w.marks(i.a);
  uint32_t *d = w.marks(i.d);
  uint32_t source[8] = {};
  for (unsigned h = 0; h < i.a.halves; ++h)
    source[h] = a[h];
  // The sign of the moved value, in the type that is extended.
  unsigned moved = std::min(i.a.halves, uint8_t((getTypeSize(i.type) + 1) / 2));
  bool extends = getTypeSize(i.type) > getTypeSize(i.type2) ? isSigned(i.type2)
                                                            : isSigned(i.type);
  uint32_t sign = extends ? source[moved - 1] : 0;
  for (unsigned h = 0; h < i.d.halves; ++h)
    d[h] = (d[h] & ~mask) | ((h < moved ? source[h] : sign) & mask);
}

//===----------------------------------------------------------------------===//
// Builders
//===----------------------------------------------------------------------===//

uint32_t ptxsim::getConvertMode(const Match &match) {
  std::string_view word = match.get("rnd");
  uint32_t mode = 0;
  if (word == "rna") {
    mode = uint32_t(RoundingMode::Away);
  } else if (!word.empty()) {
    mode = uint32_t(word[1] == 'z'   ? RoundingMode::Zero
                    : word[1] == 'm' ? RoundingMode::Down
                    : word[1] == 'p' ? RoundingMode::Up
                                     : RoundingMode::Nearest);
    mode |= word.size() == 3 ? kIntegral : 0u;
  }
  return mode | match.has("ftz") * kConvertFtz |
         match.has("sat") * kConvertSat | match.has("relu") * kConvertRelu |
         match.has("satfinite") * kSatfinite;
}

/// Requires a rounding modifier that PTX allows for the types.
static bool checkRounding(Decoder &decoder, const Match &match, Type to,
                          Type from) {
  std::string_view word = match.get("rnd");
  bool integral = word.size() == 3;
  std::string types =
      "." + std::string(getTypeName(to)) + "." + std::string(getTypeName(from));
  if (isFloat(from) && !isFloat(to)) {
    if (integral)
      return true;
    return decoder.fail("a conversion " + types +
                        " needs .rni, .rzi, .rmi or .rpi");
  }
  if (!isFloat(to))
    return word.empty() ||
           decoder.fail("a conversion " + types + " does not round, found ." +
                        std::string(word));
  if (integral)
    return (isFloat(from) && getTypeSize(from) == getTypeSize(to)) ||
           decoder.fail("." + std::string(word) +
                        " is for conversions to integers and between values "
                        "of one type, found " +
                        types);
  bool narrows = !isFloat(from) || getTypeSize(from) > getTypeSize(to);
  if (narrows && word.empty())
    return decoder.fail("a conversion " + types +
                        " needs .rn, .rz, .rm or .rp");
  bool widens = isFloat(from) && getTypeSize(from) < getTypeSize(to);
  if ((widens || (to == from)) && !word.empty())
    return decoder.fail("a conversion " + types + " does not round, found ." +
                        std::string(word));
  return true;
}

static bool buildConvert(Decoder &decoder, const Match &match, Inst &inst) {
  Type to = match.type(0), from = match.type(1);
  if (!checkRounding(decoder, match, to, from))
    return false;
  if (match.has("ftz") && to != Type::F32 && from != Type::F32)
    return decoder.fail(".ftz needs a value of type .f32");
  if ((match.has("relu") || match.has("satfinite")) && to != Type::F16 &&
      to != Type::BF16)
    return decoder.fail(".relu and .satfinite need a result of 16 bits");
  inst.type = to;
  inst.type2 = from;
  inst.mode = getConvertMode(match);
  if (!decoder.expect(2) || !buildDst(decoder, 0, to, inst.d, Decoder::Wider) ||
      !decoder.src(1, from, inst.a, Decoder::Wider))
    return false;
  // A wider register is written completely.
  inst.d.halves = inst.d.size / 2;
  if (!isFloat(to) && !isFloat(from))
    setCustomInit(inst, initInteger);
  ExecFn fast = nullptr;
  if (inst.d.size == getTypeSize(to) && inst.a.size == getTypeSize(from))
    fast = selectFast(to, from, inst.mode);
  inst.exec = fast ? fast : execGeneral;
  return true;
}

#define SCALARS ":u8|s8|u16|s16|u32|s32|u64|s64|f16|bf16|f32|f64"

static const Form kForms[] = {
    {"cvt",
     "rnd?=rn|rz|rm|rp|rni|rzi|rmi|rpi ftz? sat? relu? satfinite? " SCALARS
     " " SCALARS,
     InstClass::Convert, buildConvert},
    {"cvt", "rnd=rn|rz relu? satfinite? :f16x2|bf16x2 :f32", InstClass::Convert,
     buildPackPair},
    {"cvt", "rnd=rn|rz|rna relu? satfinite? :tf32 :f32", InstClass::Convert,
     buildToTF32},
    {"cvt", "rnd=rn satfinite relu? :e4m3x2|e5m2x2 :f32|f16x2",
     InstClass::Convert, buildToFP8},
    {"cvt", "rnd=rn relu? :f16x2 :e4m3x2|e5m2x2", InstClass::Convert,
     buildFromFP8},
    {"cvt", "pack sat :u16|s16 :s32", InstClass::Convert, buildPackIntegers},
    {"cvt", "pack sat :u8|s8 :s32 :b32", InstClass::Convert, buildPackIntegers},
};

FormTable ptxsim::getConvertForms() { return makeTable(kForms); }
