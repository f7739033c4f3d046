//===- Compare.cpp - set, setp, selp, slct --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Exec/Half.h"
#include "Exec/InitRules.h"
#include "Exec/Lanewise.h"
#include "Exec/Numerics.h"

using namespace ptxsim;

//===----------------------------------------------------------------------===//
// Comparisons
//===----------------------------------------------------------------------===//

namespace {
/// For integers: the first six, on signed or unsigned values.
enum class Cmp : uint8_t {
  Eq,
  Ne,
  Lt,
  Le,
  Gt,
  Ge,
  Equ,
  Neu,
  Ltu,
  Leu,
  Gtu,
  Geu,
  Num,
  Nan
};
constexpr const char *kCmpNames[] = {"eq",  "ne",  "lt",  "le",  "gt",
                                     "ge",  "equ", "neu", "ltu", "leu",
                                     "gtu", "geu", "num", "nan"};

/// Bits of Inst::mode.
enum CompareFlags : uint32_t {
  kCompareFtz = 1,
  /// The combination with a predicate: none, and, or, xor.
  kCombineShift = 1,
  kCombineMask = 3,
};
} // namespace

template <Cmp Op, typename T> static inline bool compare(T a, T b) {
  switch (Op) {
  case Cmp::Eq:
    return a == b;
  case Cmp::Ne: // of numbers
    return a < b || a > b;
  case Cmp::Lt:
    return a < b;
  case Cmp::Le:
    return a <= b;
  case Cmp::Gt:
    return a > b;
  case Cmp::Ge:
    return a >= b;
  case Cmp::Equ:
    return !(a < b || a > b);
  case Cmp::Neu:
    return a != b;
  case Cmp::Ltu:
    return !(a >= b);
  case Cmp::Leu:
    return !(a > b);
  case Cmp::Gtu:
    return !(a <= b);
  case Cmp::Geu:
    return !(a < b);
  case Cmp::Num:
    return a == a && b == b;
  case Cmp::Nan:
    return a != a || b != b;
  }
  return false;
}

/// Compares and returns the bits of the lanes. For packed halves: those of the
/// low halves, and those of the high halves in bits 63 to 32.
using CompareFn = uint64_t (*)(const Warp &, const Inst &);

template <typename T, Cmp Op>
static uint64_t compareLanes(const Warp &w, const Inst &i) {
  const T *a = w.reg<T>(i.a), *b = w.reg<T>(i.b);
  alignas(64) uint8_t bytes[kLanes];
  if (std::is_same_v<T, float> && i.mode & kCompareFtz) {
    for (unsigned l = 0; l < kLanes; ++l)
      bytes[l] =
          compare<Op>(flushToZero(float(a[l])), flushToZero(float(b[l])));
  } else {
    for (unsigned l = 0; l < kLanes; ++l)
      bytes[l] = compare<Op>(a[l], b[l]);
  }
  return packBits(bytes);
}

template <Cmp Op, typename Format, unsigned Count>
static uint64_t compareHalves(const Warp &w, const Inst &i) {
  alignas(64) float a[Count], b[Count];
  loadHalves<Format, Count>(w, i.a, a, i.mode & kCompareFtz);
  loadHalves<Format, Count>(w, i.b, b, i.mode & kCompareFtz);
  constexpr unsigned step = Count / kLanes;
  uint64_t bits = 0;
  for (unsigned part = 0; part < step; ++part) {
    alignas(64) uint8_t bytes[kLanes];
    for (unsigned l = 0; l < kLanes; ++l)
      bytes[l] = compare<Op>(a[step * l + part], b[step * l + part]);
    bits |= uint64_t(packBits(bytes)) << (32 * part);
  }
  return bits;
}

/// p = comparison BoolOp c, and q = the opposite comparison BoolOp c (for
/// packed halves: of the high halves). c is in the list of sources.
static uint32_t combine(const Warp &w, const Inst &i, uint32_t bits) {
  unsigned how = i.mode >> kCombineShift & kCombineMask;
  if (!how)
    return bits;
  uint32_t c = w.pred(w.kernel->getSrcs(i)[0]);
  return how == 1 ? bits & c : how == 2 ? bits | c : bits ^ c;
}

template <CompareFn Compare, bool Packed>
static void execSetp(Warp &w, const Inst &i, uint32_t mask) {
  uint64_t bits = Compare(w, i);
  uint32_t first = combine(w, i, uint32_t(bits));
  uint32_t second = 0;
  bool hasSecond = i.numDsts != 0;
  if (hasSecond)
    second = combine(w, i, Packed ? uint32_t(bits >> 32) : ~uint32_t(bits));
  if (i.d)
    w.setPred(i.d, first, mask);
  if (hasSecond)
    w.setPred(w.kernel->getDsts(i)[0], second, mask);
}

/// Plain comparisons, which are the most common.
template <CompareFn Compare>
static void execSetpPlain(Warp &w, const Inst &i, uint32_t mask) {
  w.setPred(i.d, uint32_t(Compare(w, i)), mask);
}

/// Results of `set`: true is all ones for integers, 1.0 for floating point. The
/// bits for true are in mode2.
template <CompareFn Compare, typename D>
static void execSet(Warp &w, const Inst &i, uint32_t mask) {
  uint32_t bits = combine(w, i, uint32_t(Compare(w, i)));
  D yes = D(i.mode2);
  alignas(64) D result[kLanes];
  unpackBits(bits, result);
  forLanes<D>(w, i.d, mask, [&](unsigned l) { return D(result[l] * yes); });
}
template <CompareFn Compare>
static void execSetPacked(Warp &w, const Inst &i, uint32_t mask) {
  uint64_t bits = Compare(w, i);
  uint32_t low = combine(w, i, uint32_t(bits));
  uint32_t high = combine(w, i, uint32_t(bits >> 32));
  uint32_t yes = i.mode2;
  forLanes<uint32_t>(w, i.d, mask, [=](unsigned l) {
    return (low >> l & 1) * yes | ((high >> l & 1) * yes) << 16;
  });
}

//===----------------------------------------------------------------------===//
// Which handler
//===----------------------------------------------------------------------===//

namespace {
enum class Use { Setp, SetpPlain, Set16, Set32, SetPacked };
} // namespace

template <CompareFn Compare, bool Packed> static ExecFn selectUse(Use use) {
  switch (use) {
  case Use::Setp:
    return execSetp<Compare, Packed>;
  case Use::SetpPlain:
    return execSetpPlain<Compare>;
  case Use::Set16:
    return execSet<Compare, uint16_t>;
  case Use::Set32:
    return execSet<Compare, uint32_t>;
  case Use::SetPacked:
    return Packed ? execSetPacked<Compare> : nullptr;
  }
  return nullptr;
}

template <Cmp Op> static ExecFn selectFloat(Type type, Use use) {
  switch (type) {
  case Type::F32:
    return selectUse<compareLanes<float, Op>, false>(use);
  case Type::F64:
    return selectUse<compareLanes<double, Op>, false>(use);
  case Type::F16:
    return selectUse<compareHalves<Op, HalfFormat, 32>, false>(use);
  case Type::BF16:
    return selectUse<compareHalves<Op, BfloatFormat, 32>, false>(use);
  case Type::F16x2:
    return selectUse<compareHalves<Op, HalfFormat, 64>, true>(use);
  case Type::BF16x2:
    return selectUse<compareHalves<Op, BfloatFormat, 64>, true>(use);
  default:
    return nullptr;
  }
}

template <Cmp Op> static ExecFn select(Type type, Use use) {
  if constexpr (Op <= Cmp::Ge) {
    ExecFn ofIntegers = selectInteger(type, [&](auto t) -> ExecFn {
      return selectUse<compareLanes<decltype(t), Op>, false>(use);
    });
    if (ofIntegers)
      return ofIntegers;
  }
  return selectFloat<Op>(type, use);
}

static ExecFn select(Cmp op, Type type, Use use) {
  using Select = ExecFn (*)(Type, Use);
  static constexpr Select table[] = {
      select<Cmp::Eq>,  select<Cmp::Ne>,  select<Cmp::Lt>,  select<Cmp::Le>,
      select<Cmp::Gt>,  select<Cmp::Ge>,  select<Cmp::Equ>, select<Cmp::Neu>,
      select<Cmp::Ltu>, select<Cmp::Leu>, select<Cmp::Gtu>, select<Cmp::Geu>,
      select<Cmp::Num>, select<Cmp::Nan>};
  return table[unsigned(op)](type, use);
}

static bool isFloat(Type type) {
  return type == Type::F16 || type == Type::F16x2 || type == Type::BF16 ||
         type == Type::BF16x2 || type == Type::F32 || type == Type::F64;
}

/// Returns the comparison for the qualifiers of an instruction on `type`.
static bool getComparison(Decoder &decoder, const Match &match, Type type,
                          Cmp &op) {
  std::string_view word = match.get("cmp");
  // lo, ls, hi, hs: names of comparisons of unsigned integers.
  if (word == "lo" || word == "ls" || word == "hi" || word == "hs") {
    if (type != Type::U16 && type != Type::U32 && type != Type::U64)
      return decoder.fail("." + std::string(word) +
                          " compares unsigned integers only");
    op = word == "lo"   ? Cmp::Lt
         : word == "ls" ? Cmp::Le
         : word == "hi" ? Cmp::Gt
                        : Cmp::Ge;
    return true;
  }
  for (unsigned n = 0; n < 14; ++n)
    if (word == kCmpNames[n])
      op = Cmp(n);
  if (op > Cmp::Ge && !isFloat(type))
    return decoder.fail("." + std::string(word) +
                        " compares floating-point values only");
  bool bits = type == Type::B16 || type == Type::B32 || type == Type::B64;
  if (bits && op > Cmp::Ne)
    return decoder.fail("only .eq and .ne compare values without a sign");
  if (match.has("ftz") && (!isFloat(type) || type == Type::F64 ||
                           type == Type::BF16 || type == Type::BF16x2))
    return decoder.fail(".ftz is for .f32 and .f16 values only");
  return true;
}

static uint32_t getMode(const Match &match) {
  std::string_view word = match.get("boolOp");
  uint32_t how = word == "and" ? 1 : word == "or" ? 2 : word == "xor" ? 3 : 0;
  return how << kCombineShift | match.has("ftz") * kCompareFtz;
}

//===----------------------------------------------------------------------===//
// Builders
//===----------------------------------------------------------------------===//

/// Reads the sources from operand `first` on: a, b and, with a BoolOp, c.
static bool buildSources(Decoder &decoder, const Match &match, size_t first,
                         Type type, Inst &inst) {
  bool combines = match.has("boolOp");
  if (!decoder.expect(first + 2 + combines) ||
      !decoder.src(first, type, inst.a) ||
      !decoder.src(first + 1, type, inst.b))
    return false;
  Ref c;
  return !combines ||
         (decoder.srcPred(first + 2, c) && decoder.addSrc(c, inst));
}

/// A predicate that is combined with `and` or `or` may determine the result
/// alone.
static void initSetp(Warp &w, const Inst &i, uint32_t mask) {
  uint32_t lanes = w.anyUndefined(i.a) | w.anyUndefined(i.b);
  if (i.numSrcs) {
    const Ref &c = w.kernel->getSrcs(i)[0];
    uint32_t unknown = w.anyUndefined(c), how = i.mode >> kCombineShift & 3;
    if (how == 1)
      lanes &= w.pred(c);
    else if (how == 2)
      lanes &= ~w.pred(c);
    lanes |= unknown;
  }
  if (i.d)
    w.setUndefined(i.d, lanes, mask);
  if (i.numDsts)
    w.setUndefined(w.kernel->getDsts(i)[0], lanes, mask);
}

static bool buildSetp(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  Cmp op = Cmp::Eq;
  if (!getComparison(decoder, match, type, op))
    return false;
  inst.type = type;
  inst.mode = getMode(match);
  setCustomInit(inst, initSetp);
  bool two = decoder.count() > 1 && decoder.operand(1).afterBar;
  if (!decoder.expect(3, 5) || !decoder.dstPred(0, inst.d))
    return false;
  Ref second;
  if (two && (!decoder.dstPred(1, second) ||
              (second && !decoder.addDst(second, inst))))
    return false;
  bool plain = !two && !match.has("boolOp") && inst.d;
  inst.exec = select(op, type, plain ? Use::SetpPlain : Use::Setp);
  return buildSources(decoder, match, two ? 2 : 1, type, inst);
}

static bool buildSet(Decoder &decoder, const Match &match, Inst &inst) {
  Type dst = match.type(0), type = match.type(1);
  Cmp op = Cmp::Eq;
  if (!getComparison(decoder, match, type, op))
    return false;
  inst.type = dst;
  inst.type2 = type;
  inst.mode = getMode(match);
  bool packed = isPacked(type);
  if (packed != isPacked(dst) &&
      (!packed || getTypeSize(dst) != 4 || dst == Type::F32))
    return decoder.fail("." + std::string(getTypeName(dst)) +
                        " cannot be the result for values of type ." +
                        std::string(getTypeName(type)));
  switch (dst) {
  case Type::F32:
    inst.mode2 = toBits(1.0f);
    break;
  case Type::F16:
  case Type::F16x2:
    inst.mode2 = 0x3c00;
    break;
  case Type::BF16:
  case Type::BF16x2:
    inst.mode2 = 0x3f80;
    break;
  default: // all ones, in each half of a packed result
    inst.mode2 = packed ? 0xffff : ~0u;
    break;
  }
  Use use = packed                  ? Use::SetPacked
            : getTypeSize(dst) == 2 ? Use::Set16
                                    : Use::Set32;
  inst.exec = select(op, type, use);
  if (packed && !match.has("boolOp"))
    setCustomInit(inst, initByPart);
  return buildDst(decoder, 0, dst, inst.d) &&
         buildSources(decoder, match, 1, type, inst);
}

//===----------------------------------------------------------------------===//
// selp, slct
//===----------------------------------------------------------------------===//

/// d = a where the bit is set, else b.
template <typename T>
static void select(Warp &w, const Inst &i, uint32_t bits, uint32_t mask) {
  const T *a = w.reg<T>(i.a), *b = w.reg<T>(i.b);
  if (mask == kAllLanes) {
    selectLanes(w.reg<T>(i.d), a, b, bits);
    return;
  }
  alignas(64) T result[kLanes];
  selectLanes<T>(result, a, b, bits);
  blend(w.reg<T>(i.d), result, mask);
}

template <typename T>
static void execSelp(Warp &w, const Inst &i, uint32_t mask) {
  select<T>(w, i, w.pred(i.c), mask);
}

template <bool Float>
static uint32_t getConditions(const Warp &w, const Inst &i) {
  alignas(64) uint8_t bytes[kLanes];
  if (Float) {
    // A flushed subnormal number is a zero of either sign, and hence >= 0.
    const float *c = w.reg<float>(i.c);
    for (unsigned l = 0; l < kLanes; ++l)
      bytes[l] = (i.mode & kCompareFtz ? flushToZero(c[l]) : c[l]) >= 0;
  } else {
    const int32_t *c = w.reg<int32_t>(i.c);
    for (unsigned l = 0; l < kLanes; ++l)
      bytes[l] = c[l] >= 0;
  }
  return packBits(bytes);
}

template <typename T, bool Float>
static void execSlct(Warp &w, const Inst &i, uint32_t mask) {
  select<T>(w, i, getConditions<Float>(w, i), mask);
}

/// d is as defined as the selected source, and undefined if the predicate is.
static void selectMarks(Warp &w, const Inst &i, uint32_t bits, uint32_t mask) {
  uint32_t unknown = w.anyUndefined(i.c);
  uint32_t *d = w.marks(i.d);
  const uint32_t *a = w.marks(i.a), *b = w.marks(i.b);
  for (unsigned h = 0; h < i.d.halves; ++h) {
    uint32_t chosen = (a[h] & bits) | (b[h] & ~bits) | unknown;
    d[h] = (d[h] & ~mask) | (chosen & mask);
  }
}
static void initSelp(Warp &w, const Inst &i, uint32_t mask) {
  selectMarks(w, i, w.pred(i.c), mask);
}
template <bool Float>
static void initSlct(Warp &w, const Inst &i, uint32_t mask) {
  selectMarks(w, i, getConditions<Float>(w, i), mask);
}

static bool buildSelp(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  inst.exec = selectUnsigned(
      type, [](auto t) -> ExecFn { return execSelp<decltype(t)>; });
  setCustomInit(inst, initSelp);
  return buildOperands(decoder, inst, type, {type, type, Type::Pred});
}

static bool buildSlct(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type(0), condition = match.type(1);
  bool isFloat = condition == Type::F32;
  if (match.has("ftz") && !isFloat)
    return decoder.fail(".ftz is for a condition of type .f32");
  inst.mode = match.has("ftz") * kCompareFtz;
  inst.exec = selectUnsigned(type, [&](auto t) -> ExecFn {
    using T = decltype(t);
    return isFloat ? execSlct<T, true> : execSlct<T, false>;
  });
  setCustomInit(inst, isFloat ? initSlct<true> : initSlct<false>);
  return buildOperands(decoder, inst, type, {type, type, condition});
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

#define COMPARISONS                                                            \
  "cmp=eq|ne|lt|le|gt|ge|lo|ls|hi|hs|equ|neu|ltu|leu|gtu|geu|num|nan "         \
  "boolOp?=and|or|xor ftz? "

static const Form kForms[] = {
    {"setp",
     COMPARISONS ":b16|b32|b64|u16|u32|u64|s16|s32|s64|f16|f16x2|bf16|bf16x2|"
                 "f32|f64",
     InstClass::Compare, buildSetp},
    {"set",
     COMPARISONS ":u16|s16|u32|s32|f16|bf16|f32|f16x2|bf16x2 "
                 ":b16|b32|b64|u16|u32|u64|s16|s32|s64|f16|f16x2|bf16|bf16x2|"
                 "f32|f64",
     InstClass::Compare, buildSet},
    {"selp", ":b16|b32|b64|u16|u32|u64|s16|s32|s64|f32|f64", InstClass::Compare,
     buildSelp},
    {"slct", "ftz? :b16|b32|b64|u16|u32|u64|s16|s32|s64|f32|f64 :s32|f32",
     InstClass::Compare, buildSlct},
};

FormTable ptxsim::getCompareForms() { return makeTable(kForms); }
