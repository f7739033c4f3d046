//===- Integer.cpp - Integer arithmetic -----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Exec/IntegerBits.h"
#include "Exec/Lanewise.h"
#include <limits>

using namespace ptxsim;

namespace {
/// The type of a product that neither overflows nor is promoted to signed.
template <typename T>
using Wide = std::conditional_t<
    sizeof(T) == 2, std::conditional_t<std::is_signed_v<T>, int32_t, uint32_t>,
    std::conditional_t<
        sizeof(T) == 4,
        std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>,
        std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>>>;

int32_t clampS32(int64_t value) {
  constexpr int64_t least = INT32_MIN, most = INT32_MAX;
  return int32_t(value < least ? least : value > most ? most : value);
}

struct Add {
  template <typename T> static T apply(T a, T b) { return T(a + b); }
};
struct Sub {
  template <typename T> static T apply(T a, T b) { return T(a - b); }
};
struct AddSat {
  template <typename T> static T apply(T a, T b) {
    return clampS32(int64_t(a) + b);
  }
};
struct SubSat {
  template <typename T> static T apply(T a, T b) {
    return clampS32(int64_t(a) - b);
  }
};
struct MulLo {
  template <typename T> static T apply(T a, T b) {
    using W = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
    return T(W(a) * W(b));
  }
};
struct MulHi {
  template <typename T> static T apply(T a, T b) {
    return T(Wide<T>(a) * Wide<T>(b) >> (8 * sizeof(T)));
  }
};
struct MulWide {
  template <typename T> static Wide<T> apply(T a, T b) {
    return Wide<T>(a) * Wide<T>(b);
  }
};
struct MadWide {
  template <typename T, typename C> static C apply(T a, T b, C c) {
    using U = UnsignedOf<C>;
    return C(U(Wide<T>(a) * Wide<T>(b)) + U(c));
  }
};
template <typename Mul> struct MadOf {
  template <typename T> static T apply(T a, T b, T c) {
    using U = UnsignedOf<T>;
    return T(U(Mul::apply(a, b)) + U(c));
  }
};
struct MadHiSat {
  template <typename T> static T apply(T a, T b, T c) {
    return clampS32(int64_t(MulHi::apply(a, b)) + c);
  }
};
/// 24 bits of each factor; the low or the high 32 bits of the 48-bit product.
struct Mul24Lo {
  template <typename T> static T apply(T a, T b) {
    return T(extend(a) * extend(b));
  }
  template <typename T> static Wide<T> extend(T a) {
    return T(uint32_t(a) << 8) >> 8;
  }
};
struct Mul24Hi {
  template <typename T> static T apply(T a, T b) {
    return T(Mul24Lo::extend(a) * Mul24Lo::extend(b) >> 16);
  }
};
struct Mad24HiSat {
  template <typename T> static T apply(T a, T b, T c) {
    return clampS32(int64_t(Mul24Hi::apply(a, b)) + c);
  }
};
struct Sad {
  template <typename T> static T apply(T a, T b, T c) {
    using U = UnsignedOf<T>;
    U difference = a < b ? U(U(b) - U(a)) : U(U(a) - U(b));
    return T(U(c) + difference);
  }
};
/// A division by zero gives all ones, as on GPUs; the remainder is the
/// dividend.
struct Div {
  template <typename T> static T apply(T a, T b) {
    if (b == 0)
      return T(~T(0));
    if (std::is_signed_v<T> && b == T(-1))
      return T(UnsignedOf<T>(0) - UnsignedOf<T>(a));
    return T(a / b);
  }
};
struct Rem {
  template <typename T> static T apply(T a, T b) {
    if (b == 0)
      return a;
    if (std::is_signed_v<T> && b == T(-1))
      return 0;
    return T(a % b);
  }
};
struct Neg {
  template <typename T> static T apply(T a) {
    return T(UnsignedOf<T>(0) - UnsignedOf<T>(a));
  }
};
struct Abs {
  template <typename T> static T apply(T a) {
    return a < 0 ? Neg::apply(a) : a;
  }
};
struct Min {
  template <typename T> static T apply(T a, T b) { return a < b ? a : b; }
};
struct Max {
  template <typename T> static T apply(T a, T b) { return a < b ? b : a; }
};
template <typename Op> struct Relu {
  template <typename T> static T apply(T a, T b) {
    T value = Op::apply(a, b);
    return value < 0 ? T(0) : value;
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Builders
//===----------------------------------------------------------------------===//

template <typename Op> static ExecFn selectPair(Type type) {
  return type == Type::S16x2 ? execPairBinary<Op, int16_t>
                             : execPairBinary<Op, uint16_t>;
}

/// Operations that are the same for signed and unsigned values.
template <typename Op>
static bool buildModular(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  if (isPacked(type)) {
    inst.exec = selectPair<Op>(type);
    setCustomInit(inst, initByPart);
  } else {
    inst.exec = selectUnsigned(type, [](auto t) -> ExecFn {
      using T = decltype(t);
      return execBinary<Op, T, T, T>;
    });
  }
  return buildOperands(decoder, inst, type, {type, type});
}

static bool buildSub(Decoder &decoder, const Match &match, Inst &inst) {
  if (!buildModular<Sub>(decoder, match, inst))
    return false;
  // r - r is 0 for any r.
  if (inst.a.offset == inst.b.offset)
    inst.init = InitRule::Define;
  return true;
}

template <typename Op>
static bool buildBinary(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  if (isPacked(type)) {
    inst.exec = selectPair<Op>(type);
    setCustomInit(inst, initByPart);
  } else {
    inst.exec = selectInteger(type, [](auto t) -> ExecFn {
      using T = decltype(t);
      return execBinary<Op, T, T, T>;
    });
  }
  return buildOperands(decoder, inst, type, {type, type});
}

template <typename Op>
static bool buildTernary(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  inst.exec = selectInteger(type, [](auto t) -> ExecFn {
    using T = decltype(t);
    return execTernary<Op, T, T, T, T>;
  });
  return buildOperands(decoder, inst, type, {type, type, type});
}

template <typename Op>
static bool buildUnary(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  if (type == Type::S16x2) {
    inst.exec = execPairUnary<Op, int16_t>;
    setCustomInit(inst, initByPart);
  } else {
    inst.exec = selectInteger(type, [](auto t) -> ExecFn {
      using T = decltype(t);
      return execUnary<Op, T, T>;
    });
  }
  return buildOperands(decoder, inst, type, {type});
}

/// 24-bit and saturating operations: 32 bits only.
template <typename Op>
static bool buildBinary32(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  inst.exec = type == Type::S32 ? execBinary<Op, int32_t, int32_t, int32_t>
                                : execBinary<Op, uint32_t, uint32_t, uint32_t>;
  return buildOperands(decoder, inst, type, {type, type});
}
template <typename Op>
static bool buildTernary32(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  inst.exec = type == Type::S32
                  ? execTernary<Op, int32_t, int32_t, int32_t, int32_t>
                  : execTernary<Op, uint32_t, uint32_t, uint32_t, uint32_t>;
  return buildOperands(decoder, inst, type, {type, type, type});
}
template <typename Op>
static bool buildSatS32(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  inst.exec = execBinary<Op, int32_t, int32_t, int32_t>;
  return buildOperands(decoder, inst, type, {type, type});
}
template <typename Op>
static bool buildMadSat(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  inst.exec = execTernary<Op, int32_t, int32_t, int32_t, int32_t>;
  return buildOperands(decoder, inst, type, {type, type, type});
}

static Type getWideType(Type type) {
  switch (type) {
  case Type::U16:
    return Type::U32;
  case Type::S16:
    return Type::S32;
  case Type::U32:
    return Type::U64;
  default:
    return Type::S64;
  }
}

static bool buildMulWide(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  inst.exec =
      type == Type::U16   ? execBinary<MulWide, uint32_t, uint16_t, uint16_t>
      : type == Type::S16 ? execBinary<MulWide, int32_t, int16_t, int16_t>
      : type == Type::U32 ? execBinary<MulWide, uint64_t, uint32_t, uint32_t>
                          : execBinary<MulWide, int64_t, int32_t, int32_t>;
  return buildOperands(decoder, inst, getWideType(type), {type, type});
}

static bool buildMadWide(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type(), wide = getWideType(type);
  inst.exec = type == Type::U16
                  ? execTernary<MadWide, uint32_t, uint16_t, uint16_t, uint32_t>
              : type == Type::S16
                  ? execTernary<MadWide, int32_t, int16_t, int16_t, int32_t>
              : type == Type::U32
                  ? execTernary<MadWide, uint64_t, uint32_t, uint32_t, uint64_t>
                  : execTernary<MadWide, int64_t, int32_t, int32_t, int64_t>;
  return buildOperands(decoder, inst, wide, {type, type, wide});
}

//===----------------------------------------------------------------------===//
// Extended precision
//===----------------------------------------------------------------------===//

namespace {
enum class Sum { Add, Sub, MadLo, MadHi };
} // namespace

/// The carry is the last source if it is read, and the destination in the list
/// if it is written. The carry of a subtraction is its borrow.
template <Sum Kind, typename T>
static void execCarry(Warp &w, const Inst &i, uint32_t mask) {
  const T *a = w.reg<T>(i.a), *b = w.reg<T>(i.b);
  const T *c = i.c ? w.reg<T>(i.c) : nullptr;
  uint32_t in = i.numSrcs ? w.pred(w.kernel->getSrcs(i)[0]) : 0;
  using U = UnsignedOf<T>;
  alignas(64) T result[kLanes];
  alignas(64) uint8_t carries[kLanes];
  for (unsigned l = 0; l < kLanes; ++l) {
    U x = Kind == Sum::MadLo   ? U(MulLo::apply(a[l], b[l]))
          : Kind == Sum::MadHi ? U(MulHi::apply(a[l], b[l]))
                               : U(a[l]);
    U y = Kind == Sum::MadLo || Kind == Sum::MadHi ? U(c[l]) : U(b[l]);
    U carry = (in >> l) & 1;
    if (Kind == Sum::Sub) {
      U difference = x - y;
      result[l] = T(difference - carry);
      carries[l] = (x < y) | (difference < carry);
    } else {
      U sum = x + y;
      result[l] = T(sum + carry);
      carries[l] = (sum < x) | (U(sum + carry) < sum);
    }
  }
  blend<T>(w.reg<T>(i.d), result, mask);
  if (i.numDsts)
    w.setPred(w.kernel->getDsts(i)[0], packBits(carries), mask);
}

template <Sum Kind, bool ReadsCarry>
static bool buildCarry(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  inst.exec = selectInteger(
      type, [](auto t) -> ExecFn { return execCarry<Kind, decltype(t)>; });
  bool isMad = Kind == Sum::MadLo || Kind == Sum::MadHi;
  if (isMad ? !buildOperands(decoder, inst, type, {type, type, type})
            : !buildOperands(decoder, inst, type, {type, type}))
    return false;
  if (ReadsCarry && !decoder.addSrc(decoder.carry(), inst))
    return false;
  return !match.has("cc") || decoder.addDst(decoder.carry(), inst);
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static constexpr InstClass kInt = InstClass::Integer;
static constexpr char kAnyInt[] = ":u16|s16|u32|s32|u64|s64";
static constexpr char kBits[] = ":b32|b64";
static constexpr char kCC[] = "cc :u32|s32|u64|s64";
static constexpr char kCarryIn[] = "cc? :u32|s32|u64|s64";

static const Form kForms[] = {
    {"add", ":u16|s16|u32|s32|u64|s64|u16x2|s16x2", kInt, buildModular<Add>},
    {"add", "sat :s32", kInt, buildSatS32<AddSat>},
    {"add", kCC, kInt, buildCarry<Sum::Add, false>},
    {"addc", kCarryIn, kInt, buildCarry<Sum::Add, true>},
    {"sub", kAnyInt, kInt, buildSub},
    {"sub", "sat :s32", kInt, buildSatS32<SubSat>},
    {"sub", kCC, kInt, buildCarry<Sum::Sub, false>},
    {"subc", kCarryIn, kInt, buildCarry<Sum::Sub, true>},
    {"mul", "lo :u16|s16|u32|s32|u64|s64", kInt, buildModular<MulLo>},
    {"mul", "hi :u16|s16|u32|s32|u64|s64", kInt, buildBinary<MulHi>},
    {"mul", "wide :u16|s16|u32|s32", kInt, buildMulWide},
    {"mad", "lo :u16|s16|u32|s32|u64|s64", kInt, buildTernary<MadOf<MulLo>>},
    {"mad", "hi :u16|s16|u32|s32|u64|s64", kInt, buildTernary<MadOf<MulHi>>},
    {"mad", "wide :u16|s16|u32|s32", kInt, buildMadWide},
    {"mad", "hi sat :s32", kInt, buildMadSat<MadHiSat>},
    {"mad", "lo cc :u32|s32|u64|s64", kInt, buildCarry<Sum::MadLo, false>},
    {"mad", "hi cc :u32|s32|u64|s64", kInt, buildCarry<Sum::MadHi, false>},
    {"madc", "lo cc? :u32|s32|u64|s64", kInt, buildCarry<Sum::MadLo, true>},
    {"madc", "hi cc? :u32|s32|u64|s64", kInt, buildCarry<Sum::MadHi, true>},
    {"mul24", "lo :u32|s32", kInt, buildBinary32<Mul24Lo>},
    {"mul24", "hi :u32|s32", kInt, buildBinary32<Mul24Hi>},
    {"mad24", "lo :u32|s32", kInt, buildTernary32<MadOf<Mul24Lo>>},
    {"mad24", "hi :u32|s32", kInt, buildTernary32<MadOf<Mul24Hi>>},
    {"mad24", "hi sat :s32", kInt, buildMadSat<Mad24HiSat>},
    {"sad", kAnyInt, kInt, buildTernary<Sad>},
    {"div", kAnyInt, kInt, buildBinary<Div>},
    {"rem", kAnyInt, kInt, buildBinary<Rem>},
    {"abs", ":s16|s32|s64", kInt, buildUnary<Abs>},
    {"neg", ":s16|s32|s64", kInt, buildUnary<Neg>},
    {"min", ":u16|s16|u32|s32|u64|s64|u16x2|s16x2", kInt, buildBinary<Min>},
    {"max", ":u16|s16|u32|s32|u64|s64|u16x2|s16x2", kInt, buildBinary<Max>},
    {"min", "relu :s32|s16x2", kInt, buildBinary<Relu<Min>>},
    {"max", "relu :s32|s16x2", kInt, buildBinary<Relu<Max>>},
    {"popc", kBits, kInt, buildPopc},
    {"clz", kBits, kInt, buildClz},
    {"bfind", "shiftamt? :u32|s32|u64|s64", kInt, buildBfind},
    {"brev", kBits, kInt, buildBrev},
    {"bfe", ":u32|s32|u64|s64", kInt, buildBfe},
    {"bfi", kBits, kInt, buildBfi},
    {"szext", "mode=clamp|wrap :u32|s32", kInt, buildSzext},
    {"bmsk", "mode=clamp|wrap :b32", kInt, buildBmsk},
    {"fns", ":b32", kInt, buildFns},
    {"dp4a", ":u32|s32 :u32|s32", kInt, buildDp4a},
    {"dp2a", "half=lo|hi :u32|s32 :u32|s32", kInt, buildDp2a},
    {"shf", "direction=l|r mode=clamp|wrap :b32", kInt, buildShf},
};

FormTable ptxsim::getIntegerForms() { return makeTable(kForms); }
