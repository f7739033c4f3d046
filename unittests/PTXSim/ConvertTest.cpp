//===- ConvertTest.cpp - cvt of PTX ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formats.h"
#include "RunPTX.h"
#include <cfenv>

using namespace ptxsim::test;

namespace {
struct ConvertType {
  std::string name;
  unsigned bits;
  char kind; // u, s, f

  std::string reg() const {
    return "b" + std::to_string(bits < 16 ? 16 : bits);
  }
  bool isFloat() const { return kind == 'f'; }
  Values values() const {
    if (!isFloat())
      return integers(bits, 40);
    Values result = name == "f16"    ? floats16(40)
                    : name == "bf16" ? bfloats16(40)
                    : bits == 32     ? floats32(60)
                                     : floats64(60);
    // Around the limits and the halves of integers.
    for (double value : {0.5,
                         1.5,
                         2.5,
                         127.5,
                         128.0,
                         255.5,
                         256.0,
                         32767.5,
                         32768.0,
                         65535.5,
                         65536.0,
                         2147483647.5,
                         2147483648.0,
                         4294967295.5,
                         4294967296.0,
                         9223372036854775808.0,
                         18446744073709551616.0,
                         1e30,
                         0.999,
                         3.7,
                         65519.99,
                         65520.0,
                         1e-7,
                         3.4028235677973366e38,
                         1e-40,
                         1e300})
      for (double sign : {1.0, -1.0})
        result.push_back(encode(sign * value, Rounding::Nearest));
    return result;
  }
  /// The value of every source is a long double, because 64 bits of significand
  /// hold 64-bit integers and f64.
  long double decode(uint64_t raw) const {
    switch (kind) {
    case 'u':
      return (long double)raw;
    case 's':
      return (long double)(int64_t(raw << (64 - bits)) >> (64 - bits));
    default:
      return bits == 64       ? (long double)asDouble(raw)
             : bits == 32     ? (long double)asFloat(raw)
             : name == "bf16" ? getBfloatFormat().decode(uint32_t(raw))
                              : getHalfFormat().decode(uint32_t(raw));
    }
  }
  uint64_t encode(long double value, Rounding rounding) const {
    if (bits == 16)
      return (name == "bf16" ? getBfloatFormat() : getHalfFormat())
          .encode(value, rounding);
    static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD,
                                FE_UPWARD};
    int before = fegetround();
    volatile long double from = value;
    fesetround(modes[int(rounding)]);
    volatile double wide = 0;
    volatile float narrow = 0;
    if (bits == 64)
      wide = double(from);
    else
      narrow = float(from);
    fesetround(before);
    if (bits == 64)
      return bitsOf(double(wide));
    return value == value ? bitsOf(float(narrow)) : 0x7fffffff;
  }
};

const ConvertType kU8{"u8", 8, 'u'}, kS8{"s8", 8, 's'}, kU16{"u16", 16, 'u'},
    kS16{"s16", 16, 's'}, kU32{"u32", 32, 'u'}, kS32{"s32", 32, 's'},
    kU64{"u64", 64, 'u'}, kS64{"s64", 64, 's'}, kF16{"f16", 16, 'f'},
    kBF16{"bf16", 16, 'f'}, kF32{"f32", 32, 'f'}, kF64{"f64", 64, 'f'};
const ConvertType kIntegers[] = {kU8, kS8, kU16, kS16, kU32, kS32, kU64, kS64};
const ConvertType kFloats[] = {kF16, kBF16, kF32, kF64};

struct Mode {
  const char *name;
  Rounding rounding;
};
const Mode kModes[] = {{"n", Rounding::Nearest},
                       {"z", Rounding::Zero},
                       {"m", Rounding::Down},
                       {"p", Rounding::Up}};

long double toIntegral(long double value, Rounding rounding) {
  return rounding == Rounding::Zero   ? std::trunc(value)
         : rounding == Rounding::Down ? std::floor(value)
         : rounding == Rounding::Up   ? std::ceil(value)
                                      : std::nearbyint(value);
}

/// The integer nearest to a whole number.
uint64_t clamp(const ConvertType &to, long double value) {
  long double least = to.kind == 's' ? -std::ldexp(1.0L, int(to.bits) - 1) : 0;
  long double most = std::ldexp(1.0L, int(to.bits) - (to.kind == 's')) - 1.0L;
  value = std::min(std::max(value, least), most);
  return value < 0 ? uint64_t(int64_t(value)) : uint64_t(value);
}

bool sameNaN64(uint64_t found, uint64_t expected) {
  return asDouble(found) != asDouble(found) &&
         asDouble(expected) != asDouble(expected);
}

std::string name(const std::string &modifiers, const ConvertType &to,
                 const ConvertType &from) {
  return "cvt" + modifiers + "." + to.name + "." + from.name;
}
} // namespace

TEST(Convert, IntegersToIntegers) {
  for (const ConvertType &to : kIntegers)
    for (const ConvertType &from : kIntegers) {
      // The value fills the whole register, with its sign.
      auto extend = [&](uint64_t value) {
        uint64_t shifted = value << (64 - to.bits);
        return to.kind == 's' ? uint64_t(int64_t(shifted) >> (64 - to.bits))
                              : shifted >> (64 - to.bits);
      };
      auto signExtended = [&](uint64_t raw) {
        uint64_t shifted = raw << (64 - from.bits);
        return from.kind == 's' ? uint64_t(int64_t(shifted) >> (64 - from.bits))
                                : shifted >> (64 - from.bits);
      };
      // Source registers wider than the type, with other upper bits.
      for (const std::string &source : {from.reg(), std::string("b64")})
        for (const std::string &target : {to.reg(), std::string("b64")}) {
          Values values = from.values();
          for (size_t n = 0; n < values.size(); n += 3)
            values[n] |=
                getRandom()() << 32 | 0xa5u << 8 << (from.bits > 8 ? 24 : 0);
          check(makeOp(name("", to, from), target, {source}), {values},
                [&](const Values &v) { return extend(signExtended(v[0])); });
        }
      check(makeOp(name(".sat", to, from), to.reg(), {from.reg()}),
            {from.values()}, [&](const Values &v) {
              uint64_t raw = v[0] & (~uint64_t(0) >> (64 - from.bits));
              return extend(clamp(to, from.decode(raw)));
            });
    }
}

TEST(Convert, IntegersToFloats) {
  for (const ConvertType &to : kFloats)
    for (const ConvertType &from : kIntegers)
      for (const Mode &mode : kModes)
        check(makeOp(name(std::string(".r") + mode.name, to, from), to.reg(),
                     {from.reg()}),
              {from.values()}, [&](const Values &v) {
                uint64_t raw = v[0] & (~uint64_t(0) >> (64 - from.bits));
                return to.encode(from.decode(raw), mode.rounding);
              });
}

TEST(Convert, FloatsToIntegers) {
  for (const ConvertType &to : kIntegers)
    for (const ConvertType &from : kFloats)
      for (const Mode &mode : kModes)
        for (bool sat : {false, true})
          check(makeOp(name(std::string(".r") + mode.name + "i" +
                                (sat ? ".sat" : ""),
                            to, from),
                       to.reg(), {from.reg()}),
                {from.values()}, [&](const Values &v) {
                  long double value = from.decode(v[0]);
                  uint64_t result;
                  if (value != value)
                    result = from.bits == 64 || to.bits == 64
                                 ? uint64_t(1) << (to.bits - 1)
                                 : 0;
                  else
                    result = clamp(to, toIntegral(value, mode.rounding));
                  // 8 bits fill a register of 16.
                  return to.name == "s8" ? uint64_t(int8_t(result)) : result;
                });
}

TEST(Convert, FloatsToFloats) {
  for (const ConvertType &to : kFloats)
    for (const ConvertType &from : kFloats) {
      bool narrows = from.bits > to.bits;
      for (const Mode &mode : kModes) {
        if (!narrows && mode.rounding != Rounding::Nearest)
          continue;
        bool mixed = from.bits == 16 && to.bits == 16 && from.name != to.name;
        std::string modifier =
            narrows || mixed ? std::string(".r") + mode.name : "";
        check(
            makeOp(name(modifier, to, from), to.reg(), {from.reg()}),
            {from.values()},
            [&](const Values &v) {
              return to.encode(from.decode(v[0]), mode.rounding);
            },
            to.bits == 64 ? Same(sameNaN64) : Same());
        check(makeOp(name(modifier + ".sat", to, from), to.reg(), {from.reg()}),
              {from.values()}, [&](const Values &v) {
                long double value = from.decode(v[0]);
                value = value > 0 ? std::min(value, 1.0L) : 0.0L;
                return to.encode(value, mode.rounding);
              });
      }
      if (to.name != from.name)
        continue;
      for (const Mode &mode : kModes)
        check(
            makeOp(name(std::string(".r") + mode.name + "i", to, from),
                   to.reg(), {from.reg()}),
            {from.values()},
            [&](const Values &v) {
              return to.encode(toIntegral(from.decode(v[0]), mode.rounding),
                               Rounding::Nearest);
            },
            to.bits == 64 ? Same(sameNaN64) : Same());
    }
}

TEST(Convert, FlushesSubnormalNumbers) {
  Values small = {0, 1, 0x7fffff, 0x800000, 0x80000001, 0x80800000, 0x3f800000};
  check(makeOp("cvt.ftz.f32.f32", "b32", {"b32"}), {small},
        [](const Values &v) {
          return v[0] & 0x7f800000 ? v[0] : v[0] & 0x80000000;
        });
  check(makeOp("cvt.rpi.ftz.s32.f32", "b32", {"b32"}), {small},
        [](const Values &v) {
          return v[0] & 0x7f800000 ? int32_t(std::ceil(asFloat(v[0]))) : 0;
        });
  check(makeOp("cvt.rn.ftz.f32.f64", "b32", {"b64"}),
        {{bitsOf(1e-40), bitsOf(-1e-40), bitsOf(1e-37)}}, [](const Values &v) {
          double value = asDouble(v[0]);
          return std::fabs(value) < 1e-39 ? (value < 0 ? 0x80000000 : 0)
                                          : bitsOf(float(value));
        });
}

TEST(Convert, ReluAndSatfinite) {
  for (const ConvertType &to : {kF16, kBF16}) {
    const Format &format =
        to.name == "f16" ? getHalfFormat() : getBfloatFormat();
    check(makeOp("cvt.rn.relu." + to.name + ".f32", "b16", {"b32"}),
          {kF32.values()}, [&](const Values &v) {
            float value = asFloat(v[0]);
            return value <= 0 ? 0 : format.encode(value, Rounding::Nearest);
          });
    check(makeOp("cvt.rz.satfinite." + to.name + ".f32", "b16", {"b32"}),
          {kF32.values()}, [&](const Values &v) {
            return format.encode(asFloat(v[0]), Rounding::Zero, true);
          });
  }
}

TEST(Convert, PairsOfHalves) {
  for (const ConvertType &to : {kF16, kBF16}) {
    const Format &format =
        to.name == "f16" ? getHalfFormat() : getBfloatFormat();
    for (Mode mode : {kModes[0], kModes[1]})
      for (bool relu : {false, true})
        for (bool satfinite : {false, true}) {
          std::string text =
              std::string("cvt.r") + mode.name + (relu ? ".relu" : "") +
              (satfinite ? ".satfinite" : "") + "." + to.name + "x2.f32";
          check(makeOp(text, "b32", {"b32", "b32"}),
                cross({kF32.values(), kF32.values()}, 6000),
                [&](const Values &v) {
                  auto half = [&](uint64_t bits) -> uint64_t {
                    float value = asFloat(bits);
                    if (relu && value <= 0)
                      return 0;
                    return format.encode(value, mode.rounding, satfinite);
                  };
                  return half(v[0]) << 16 | half(v[1]);
                });
        }
  }
}

TEST(Convert, TF32) {
  static const Format format(8, 10, true);
  for (auto [modifier, rounding] :
       {std::pair("rna", Rounding::Away), std::pair("rn", Rounding::Nearest),
        std::pair("rz", Rounding::Zero)})
    check(makeOp(std::string("cvt.") + modifier + ".tf32.f32", "b32", {"b32"}),
          {kF32.values()}, [&, rounding = rounding](const Values &v) {
            float value = asFloat(v[0]);
            return value == value
                       ? uint64_t(format.encode(value, rounding)) << 13
                       : 0x7fffffff;
          });
}

TEST(Convert, EightBits) {
  for (bool wide : {false, true}) {
    const Format &format = wide ? getE5M2Format() : getE4M3Format();
    std::string type = wide ? "e5m2x2" : "e4m3x2";
    Values floats = kF32.values(), all;
    for (double value :
         {0.015625, 0.01, 0.0009765625, 0.0029296875, 0.001953125, 447.9, 448.0,
          463.9, 464.0, 480.0, 57344.0, 61440.0, 0.0000076, 0.0000229, 17.0,
          19.0, 1.0625, 1.1875})
      for (double sign : {1.0, -1.0})
        floats.push_back(bitsOf(float(sign * value)));
    for (bool relu : {false, true}) {
      auto encode = [&](double value) -> uint64_t {
        if (value != value)
          return 0x7f;
        if (relu && value <= 0)
          return 0;
        return format.encode(value, Rounding::Nearest, true);
      };
      std::string modifiers =
          std::string("cvt.rn.satfinite.") + (relu ? "relu." : "");
      check(makeOp(modifiers + type + ".f32", "b16", {"b32", "b32"}),
            cross({floats, floats}), [&](const Values &v) {
              return encode(asFloat(v[0])) << 8 | encode(asFloat(v[1]));
            });
      Values pairs;
      for (unsigned n = 0; n < 0x10000; n += 7)
        pairs.push_back(n | uint64_t(getRandom()() & 0xffff) << 16);
      check(makeOp(modifiers + type + ".f16x2", "b16", {"b32"}), {pairs},
            [&](const Values &v) {
              return encode(getHalfFormat().decode(v[0] >> 16)) << 8 |
                     encode(getHalfFormat().decode(v[0] & 0xffff));
            });
      // Back, for every byte.
      all.clear();
      for (unsigned n = 0; n < 256; ++n)
        all.push_back(n << 8 | (255 - n));
      check(makeOp(std::string("cvt.rn.") + (relu ? "relu." : "") + "f16x2." +
                       type,
                   "b32", {"b16"}),
            {all}, [&](const Values &v) {
              auto decode = [&](uint32_t byte) -> uint64_t {
                double value = format.decode(byte);
                if (relu && value <= 0)
                  return 0;
                return getHalfFormat().encode(value, Rounding::Nearest);
              };
              return decode(v[0] >> 8) << 16 | decode(v[0] & 0xff);
            });
    }
  }
}

TEST(Convert, PackOfIntegers) {
  for (const ConvertType &to : {kU16, kS16}) {
    check(makeOp("cvt.pack.sat." + to.name + ".s32", "b32", {"b32", "b32"}),
          cross({integers(32), integers(32)}), [&](const Values &v) {
            return (clamp(to, kS32.decode(v[0])) & 0xffff) << 16 |
                   (clamp(to, kS32.decode(v[1])) & 0xffff);
          });
  }
  for (const ConvertType &to : {kU8, kS8})
    check(makeOp("cvt.pack.sat." + to.name + ".s32.b32", "b32",
                 {"b32", "b32", "b32"}),
          cross({integers(32), integers(32), integers(32)}, 3000),
          [&](const Values &v) {
            return v[2] << 16 | (clamp(to, kS32.decode(v[0])) & 0xff) << 8 |
                   (clamp(to, kS32.decode(v[1])) & 0xff);
          });
}

TEST(Convert, Errors) {
  EXPECT_NE(getParseError("cvt.s32.f32 %r0, %f0;"), "");
  EXPECT_NE(getParseError("cvt.f32.s32 %f0, %r0;"), "");
  EXPECT_NE(getParseError("cvt.rn.s32.u32 %r0, %r1;"), "");
  EXPECT_NE(getParseError("cvt.rn.f64.f32 %rd0, %f0;"), "");
  EXPECT_NE(getParseError("cvt.u32.u64 %rd0, %r0;"), "");
  EXPECT_NE(getParseError("cvt.rn.bf16x2.f32 %r0, %f0;"), "");
}
