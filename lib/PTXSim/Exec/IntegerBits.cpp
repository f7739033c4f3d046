//===- IntegerBits.cpp - Bit counting, fields, dot products ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Exec/IntegerBits.h"
#include "Exec/Lanewise.h"

using namespace ptxsim;

//===----------------------------------------------------------------------===//
// Counting
//===----------------------------------------------------------------------===//

namespace {
struct Popc {
  template <typename T> static uint32_t apply(T a) {
    return uint32_t(__builtin_popcountll(a));
  }
};
struct Clz {
  template <typename T> static uint32_t apply(T a) {
    constexpr unsigned width = 8 * sizeof(T);
    return a ? uint32_t(__builtin_clzll(a)) - (64 - width) : width;
  }
};
/// Returns the most significant non-sign bit, or all ones if there is none.
template <bool ShiftAmount> struct Bfind {
  template <typename T> static uint32_t apply(T a) {
    using U = UnsignedOf<T>;
    U bits = std::is_signed_v<T> && a < 0 ? U(~U(a)) : U(a);
    if (!bits)
      return ~0u;
    uint32_t leading = Clz::apply(bits);
    return ShiftAmount ? leading : uint32_t(8 * sizeof(T)) - 1 - leading;
  }
};
struct Brev {
  template <typename T> static T apply(T a) {
    uint64_t v = a;
    v = (v >> 1 & 0x5555555555555555) | (v & 0x5555555555555555) << 1;
    v = (v >> 2 & 0x3333333333333333) | (v & 0x3333333333333333) << 2;
    v = (v >> 4 & 0x0f0f0f0f0f0f0f0f) | (v & 0x0f0f0f0f0f0f0f0f) << 4;
    return T(__builtin_bswap64(v) >> (64 - 8 * sizeof(T)));
  }
};
} // namespace

template <typename Op>
static bool buildCount(Decoder &decoder, const Match &match, Inst &inst) {
  inst.exec = selectInteger(match.type(), [](auto t) -> ExecFn {
    return execUnary<Op, uint32_t, decltype(t)>;
  });
  return buildOperands(decoder, inst, Type::U32, {match.type()});
}

bool ptxsim::buildPopc(Decoder &decoder, const Match &match, Inst &inst) {
  return buildCount<Popc>(decoder, match, inst);
}
bool ptxsim::buildClz(Decoder &decoder, const Match &match, Inst &inst) {
  return buildCount<Clz>(decoder, match, inst);
}
bool ptxsim::buildBfind(Decoder &decoder, const Match &match, Inst &inst) {
  return match.has("shiftamt") ? buildCount<Bfind<true>>(decoder, match, inst)
                               : buildCount<Bfind<false>>(decoder, match, inst);
}

bool ptxsim::buildBrev(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  inst.exec = type == Type::B32 ? execUnary<Brev, uint32_t, uint32_t>
                                : execUnary<Brev, uint64_t, uint64_t>;
  return buildOperands(decoder, inst, type, {type});
}

//===----------------------------------------------------------------------===//
// Fields
//===----------------------------------------------------------------------===//

template <typename T> static T lowOnes(unsigned count) {
  return count >= 8 * sizeof(T) ? T(~T(0)) : T((T(1) << count) - 1);
}

namespace {
struct Bfe {
  template <typename T> static T apply(T a, uint32_t b, uint32_t c) {
    using U = UnsignedOf<T>;
    constexpr unsigned width = 8 * sizeof(T);
    unsigned position = b & 0xff, length = c & 0xff;
    U field = position < width ? U(a) >> position : U(0);
    U ones = lowOnes<U>(length);
    field &= ones;
    unsigned signBit = position + length - 1;
    signBit = signBit >= width ? width - 1 : signBit;
    if (std::is_signed_v<T> && length && (U(a) >> signBit) & 1) {
      // Bits of the field after the end of the value are sign bits, too.
      U known = position < width ? lowOnes<U>(width - position) : U(0);
      field |= ~(ones & known);
    }
    return T(field);
  }
};
template <typename T> T insertField(T a, T b, uint32_t c, uint32_t d) {
  unsigned position = c & 0xff, length = d & 0xff;
  if (position >= 8 * sizeof(T))
    return b;
  T ones = T(lowOnes<T>(length) << position);
  return T((b & ~ones) | (T(a << position) & ones));
}
template <bool Wrap> struct Szext {
  template <typename T> static T apply(T a, uint32_t b) {
    unsigned count = Wrap ? b & 31 : b > 32 ? 32 : b;
    uint32_t bits = uint32_t(a) & lowOnes<uint32_t>(count);
    if (std::is_signed_v<T> && count && (bits >> (count - 1)) & 1)
      bits |= ~lowOnes<uint32_t>(count);
    return T(bits);
  }
};
template <bool Wrap> struct Bmsk {
  static uint32_t apply(uint32_t a, uint32_t b) {
    unsigned position = Wrap ? a & 31 : a > 32 ? 32 : a;
    unsigned count = Wrap ? b & 31 : b > 32 ? 32 : b;
    return uint32_t(uint64_t(lowOnes<uint32_t>(count)) << position);
  }
};
} // namespace

template <typename T>
static uint64_t bitsOfBfe(const Warp &, const Inst &, unsigned, uint64_t a,
                          uint64_t b, uint64_t c) {
  return UnsignedOf<T>(Bfe::apply(T(a), uint32_t(b), uint32_t(c)));
}

bool ptxsim::buildBfe(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  inst.exec = selectInteger(type, [&](auto t) -> ExecFn {
    using T = decltype(t);
    setCustomInit(inst, initByBits<bitsOfBfe<T>>);
    return execTernary<Bfe, T, T, uint32_t, uint32_t>;
  });
  return buildOperands(decoder, inst, type, {type, Type::U32, Type::U32});
}

/// The length of the field is the only source in the list.
template <typename T>
static void execBfi(Warp &w, const Inst &i, uint32_t mask) {
  const T *a = w.reg<T>(i.a), *b = w.reg<T>(i.b);
  const uint32_t *c = w.reg<uint32_t>(i.c);
  const uint32_t *d = w.reg<uint32_t>(w.kernel->getSrcs(i)[0]);
  forLanes<T>(w, i.d, mask,
              [=](unsigned l) { return insertField(a[l], b[l], c[l], d[l]); });
}

template <typename T>
static uint64_t bitsOfBfi(const Warp &w, const Inst &i, unsigned lane,
                          uint64_t a, uint64_t b, uint64_t c) {
  uint32_t length = w.reg<uint32_t>(w.kernel->getSrcs(i)[0])[lane];
  return insertField(T(a), T(b), uint32_t(c), length);
}

template <typename T>
static void initBfi(Warp &w, const Inst &i, uint32_t mask) {
  initByBits(w, i, mask, bitsOfBfi<T>);
  uint32_t *marks = w.marks(i.d);
  for (unsigned h = 0; h < i.d.halves; ++h)
    marks[h] |= w.anyUndefined(w.kernel->getSrcs(i)[0]) & mask;
}

bool ptxsim::buildBfi(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  bool is32 = type == Type::B32;
  inst.exec = is32 ? execBfi<uint32_t> : execBfi<uint64_t>;
  setCustomInit(inst, is32 ? initBfi<uint32_t> : initBfi<uint64_t>);
  inst.type = type;
  Ref length;
  return decoder.expect(5) && buildDst(decoder, 0, type, inst.d) &&
         decoder.src(1, type, inst.a) && decoder.src(2, type, inst.b) &&
         decoder.src(3, Type::U32, inst.c) &&
         decoder.src(4, Type::U32, length) && decoder.addSrc(length, inst);
}

bool ptxsim::buildSzext(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  bool wrap = match.get("mode") == "wrap";
  inst.exec = selectInteger(type, [&](auto t) -> ExecFn {
    using T = decltype(t);
    return wrap ? execBinary<Szext<true>, T, T, uint32_t>
                : execBinary<Szext<false>, T, T, uint32_t>;
  });
  return buildOperands(decoder, inst, type, {type, Type::U32});
}

bool ptxsim::buildBmsk(Decoder &decoder, const Match &match, Inst &inst) {
  inst.exec = match.get("mode") == "wrap"
                  ? execBinary<Bmsk<true>, uint32_t, uint32_t, uint32_t>
                  : execBinary<Bmsk<false>, uint32_t, uint32_t, uint32_t>;
  return buildOperands(decoder, inst, Type::B32, {Type::U32, Type::U32});
}

namespace {
/// Returns the position of the offset-th set bit from `base`, up or down.
struct Fns {
  static uint32_t apply(uint32_t mask, uint32_t base, int32_t offset) {
    if (base > 31)
      return ~0u;
    if (offset == 0)
      return (mask >> base) & 1 ? base : ~0u;
    int step = offset > 0 ? 1 : -1;
    int64_t left = offset > 0 ? int64_t(offset) : -int64_t(offset);
    for (int position = int(base); position >= 0 && position < 32;
         position += step)
      if ((mask >> position) & 1 && --left == 0)
        return uint32_t(position);
    return ~0u;
  }
};
} // namespace

bool ptxsim::buildFns(Decoder &decoder, const Match &, Inst &inst) {
  inst.exec = execTernary<Fns, uint32_t, uint32_t, uint32_t, int32_t>;
  return buildOperands(decoder, inst, Type::B32,
                       {Type::B32, Type::B32, Type::S32});
}

//===----------------------------------------------------------------------===//
// Dot products
//===----------------------------------------------------------------------===//

namespace {
template <bool SignedA, bool SignedB> struct Dp4a {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
    for (unsigned byte = 0; byte < 32; byte += 8) {
      uint32_t x = SignedA ? uint32_t(int8_t(a >> byte)) : a >> byte & 0xff;
      uint32_t y = SignedB ? uint32_t(int8_t(b >> byte)) : b >> byte & 0xff;
      c += x * y;
    }
    return c;
  }
};
/// Two 16-bit values of a with the low or the high two bytes of b.
template <bool SignedA, bool SignedB, bool High> struct Dp2a {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
    b >>= High ? 16 : 0;
    for (unsigned n = 0; n < 2; ++n) {
      uint32_t half = a >> (16 * n), byte = b >> (8 * n);
      uint32_t x = SignedA ? uint32_t(int16_t(half)) : half & 0xffff;
      uint32_t y = SignedB ? uint32_t(int8_t(byte)) : byte & 0xff;
      c += x * y;
    }
    return c;
  }
};
} // namespace

template <typename Op>
static constexpr ExecFn kTernary32 =
    execTernary<Op, uint32_t, uint32_t, uint32_t, uint32_t>;

static bool buildDot(Decoder &decoder, Inst &inst) {
  return buildOperands(decoder, inst, Type::B32,
                       {Type::B32, Type::B32, Type::B32});
}

bool ptxsim::buildDp4a(Decoder &decoder, const Match &match, Inst &inst) {
  static constexpr ExecFn table[2][2] = {
      {kTernary32<Dp4a<false, false>>, kTernary32<Dp4a<false, true>>},
      {kTernary32<Dp4a<true, false>>, kTernary32<Dp4a<true, true>>}};
  inst.exec = table[isSigned(match.type(0))][isSigned(match.type(1))];
  return buildDot(decoder, inst);
}

template <bool High> static ExecFn selectDp2a(const Match &match) {
  static constexpr ExecFn table[2][2] = {{kTernary32<Dp2a<false, false, High>>,
                                          kTernary32<Dp2a<false, true, High>>},
                                         {kTernary32<Dp2a<true, false, High>>,
                                          kTernary32<Dp2a<true, true, High>>}};
  return table[isSigned(match.type(0))][isSigned(match.type(1))];
}

bool ptxsim::buildDp2a(Decoder &decoder, const Match &match, Inst &inst) {
  inst.exec = match.get("half") == "hi" ? selectDp2a<true>(match)
                                        : selectDp2a<false>(match);
  return buildDot(decoder, inst);
}

//===----------------------------------------------------------------------===//
// Funnel shifts
//===----------------------------------------------------------------------===//

namespace {
/// b:a: the high 32 bits after a shift to the left, or the low 32 bits after
/// one to the right.
template <bool Left, bool Wrap> struct Shf {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
    uint64_t both = uint64_t(b) << 32 | a;
    unsigned amount = Wrap ? c & 31 : c > 32 ? 32 : c;
    return Left ? uint32_t(both << amount >> 32) : uint32_t(both >> amount);
  }
};
} // namespace

template <typename Op>
static uint64_t bitsOfShf(const Warp &, const Inst &, unsigned, uint64_t a,
                          uint64_t b, uint64_t c) {
  return Op::apply(uint32_t(a), uint32_t(b), uint32_t(c));
}

template <typename Op> static bool setShf(Inst &inst) {
  inst.exec = kTernary32<Op>;
  return setCustomInit(inst, initByBits<bitsOfShf<Op>>);
}

bool ptxsim::buildShf(Decoder &decoder, const Match &match, Inst &inst) {
  bool wrap = match.get("mode") == "wrap";
  if (match.get("direction") == "l")
    wrap ? setShf<Shf<true, true>>(inst) : setShf<Shf<true, false>>(inst);
  else
    wrap ? setShf<Shf<false, true>>(inst) : setShf<Shf<false, false>>(inst);
  return buildOperands(decoder, inst, Type::B32,
                       {Type::B32, Type::B32, Type::U32});
}
