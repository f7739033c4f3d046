//===- Logic.cpp - Bitwise logic, shifts, permutes ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Exec/Lanewise.h"

using namespace ptxsim;

namespace {
struct And {
  template <typename T> static T apply(T a, T b) { return a & b; }
};
struct Or {
  template <typename T> static T apply(T a, T b) { return a | b; }
};
struct Xor {
  template <typename T> static T apply(T a, T b) { return a ^ b; }
};
struct Not {
  template <typename T> static T apply(T a) { return T(~a); }
};
struct Cnot {
  template <typename T> static T apply(T a) { return a == 0; }
};
struct Shl {
  template <typename T> static T apply(T a, uint32_t b) {
    constexpr unsigned width = 8 * sizeof(T);
    return b < width ? T(a << (b & (width - 1))) : T(0);
  }
};
struct Shr {
  template <typename T> static T apply(T a, uint32_t b) {
    constexpr unsigned last = 8 * sizeof(T) - 1;
    if (std::is_signed_v<T>)
      return T(a >> (b < last ? b : last));
    return b <= last ? T(a >> (b & last)) : T(0);
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// Logic
//===----------------------------------------------------------------------===//

template <typename Op>
static uint64_t bitsOfBinary(const Warp &, const Inst &, unsigned, uint64_t a,
                             uint64_t b, uint64_t) {
  return Op::apply(a, b);
}
static uint64_t bitsOfNot(const Warp &, const Inst &, unsigned, uint64_t a,
                          uint64_t, uint64_t) {
  return ~a;
}

template <typename Op>
static void execPredBinary(Warp &w, const Inst &i, uint32_t mask) {
  w.setPred(i.d, Op::apply(w.pred(i.a), w.pred(i.b)), mask);
}
static void execPredNot(Warp &w, const Inst &i, uint32_t mask) {
  w.setPred(i.d, ~w.pred(i.a), mask);
}

template <typename Op>
static bool buildLogic(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  inst.exec = type == Type::Pred ? execPredBinary<Op>
                                 : selectUnsigned(type, [](auto t) -> ExecFn {
                                     using T = decltype(t);
                                     return execBinary<Op, T, T, T>;
                                   });
  setCustomInit(inst, initByBits<bitsOfBinary<Op>>);
  if (!buildOperands(decoder, inst, type, {type, type}))
    return false;
  // r ^ r is 0 for any r.
  if (std::is_same_v<Op, Xor> && inst.a.offset == inst.b.offset)
    inst.init = InitRule::Define;
  return true;
}

static bool buildNot(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  inst.exec = type == Type::Pred ? execPredNot
                                 : selectUnsigned(type, [](auto t) -> ExecFn {
                                     using T = decltype(t);
                                     return execUnary<Not, T, T>;
                                   });
  setCustomInit(inst, initByBits<bitsOfNot>);
  return buildOperands(decoder, inst, type, {type});
}

static bool buildCnot(Decoder &decoder, const Match &match, Inst &inst) {
  inst.exec = selectUnsigned(match.type(), [](auto t) -> ExecFn {
    using T = decltype(t);
    return execUnary<Cnot, T, T>;
  });
  return buildOperands(decoder, inst, match.type(), {match.type()});
}

//===----------------------------------------------------------------------===//
// Shifts
//===----------------------------------------------------------------------===//

template <typename Op, typename T>
static uint64_t bitsOfShift(const Warp &, const Inst &, unsigned, uint64_t a,
                            uint64_t b, uint64_t) {
  return UnsignedOf<T>(Op::apply(T(a), uint32_t(b)));
}

template <typename Op>
static bool buildShift(Decoder &decoder, const Match &match, Inst &inst) {
  Type type = match.type();
  inst.exec = selectInteger(type, [&](auto t) -> ExecFn {
    using T = decltype(t);
    setCustomInit(inst, initByBits<bitsOfShift<Op, T>>);
    return execBinary<Op, T, T, uint32_t>;
  });
  return buildOperands(decoder, inst, type, {type, Type::U32});
}

//===----------------------------------------------------------------------===//
// lop3
//===----------------------------------------------------------------------===//

/// Any function of three bits: bit 0 of `table` is its result for a = b = c =
/// 0, bit 1 for c = 1, up to bit 7 for a = b = c = 1.
static inline uint32_t lookUp(uint32_t table, uint32_t a, uint32_t b,
                              uint32_t c) {
  auto choose = [c](uint32_t ones, uint32_t zeros) {
    return (c & ones) | (~c & zeros);
  };
  auto all = [table](unsigned bit) { return 0u - ((table >> bit) & 1); };
  uint32_t b0a0 = choose(all(1), all(0)), b1a0 = choose(all(3), all(2));
  uint32_t b0a1 = choose(all(5), all(4)), b1a1 = choose(all(7), all(6));
  uint32_t a0 = (b & b1a0) | (~b & b0a0), a1 = (b & b1a1) | (~b & b0a1);
  return (a & a1) | (~a & a0);
}

static uint64_t bitsOfLop3(const Warp &, const Inst &i, unsigned, uint64_t a,
                           uint64_t b, uint64_t c) {
  return lookUp(i.mode, uint32_t(a), uint32_t(b), uint32_t(c));
}

static void execLop3(Warp &w, const Inst &i, uint32_t mask) {
  const uint32_t *a = w.reg<uint32_t>(i.a), *b = w.reg<uint32_t>(i.b),
                 *c = w.reg<uint32_t>(i.c);
  uint32_t table = i.mode;
  forLanes<uint32_t>(w, i.d, mask, [=](unsigned l) {
    return lookUp(table, a[l], b[l], c[l]);
  });
}

/// Also p = (d != 0) BoolOp q; d may be absent.
static void execLop3Pred(Warp &w, const Inst &i, uint32_t mask) {
  const uint32_t *a = w.reg<uint32_t>(i.a), *b = w.reg<uint32_t>(i.b),
                 *c = w.reg<uint32_t>(i.c);
  uint32_t result[kLanes];
  uint8_t bytes[kLanes];
  for (unsigned l = 0; l < kLanes; ++l) {
    result[l] = lookUp(i.mode, a[l], b[l], c[l]);
    bytes[l] = result[l] != 0;
  }
  uint32_t bits = packBits(bytes), q = w.pred(w.kernel->getSrcs(i)[0]);
  w.setPred(w.kernel->getDsts(i)[0], i.mode2 ? bits | q : bits & q, mask);
  if (i.d)
    blend(w.reg<uint32_t>(i.d), result, mask);
}

static bool buildTable(Decoder &decoder, size_t operand, Inst &inst) {
  int64_t table;
  if (!decoder.immediate(operand, table))
    return false;
  if (table < 0 || table > 255)
    return decoder.failAt(operand, "the table must be in 0 to 255, found " +
                                       std::to_string(table));
  inst.mode = uint32_t(table);
  return true;
}

static bool buildLop3(Decoder &decoder, const Match &, Inst &inst) {
  inst.exec = execLop3;
  inst.type = Type::B32;
  setCustomInit(inst, initByBits<bitsOfLop3>);
  return decoder.expect(5) && buildDst(decoder, 0, Type::B32, inst.d) &&
         decoder.src(1, Type::B32, inst.a) &&
         decoder.src(2, Type::B32, inst.b) &&
         decoder.src(3, Type::B32, inst.c) && buildTable(decoder, 4, inst);
}

static bool buildLop3Pred(Decoder &decoder, const Match &match, Inst &inst) {
  inst.exec = execLop3Pred;
  inst.type = Type::B32;
  inst.mode2 = match.get("boolOp") == "or";
  inst.init = InitRule::Propagate;
  Ref p, q;
  return decoder.expect(7) && decoder.dst(0, Type::B32, inst.d) &&
         decoder.dstPred(1, p) && decoder.addDst(p, inst) &&
         decoder.src(2, Type::B32, inst.a) &&
         decoder.src(3, Type::B32, inst.b) &&
         decoder.src(4, Type::B32, inst.c) && buildTable(decoder, 5, inst) &&
         decoder.srcPred(6, q) && decoder.addSrc(q, inst) &&
         (p || decoder.failAt(1, "the predicate cannot be '_'"));
}

//===----------------------------------------------------------------------===//
// prmt
//===----------------------------------------------------------------------===//

/// Other modes than the default: the bytes of b:a for selectors 0 to 3.
static constexpr uint16_t kPermutes[6][4] = {
    {0x3210, 0x4321, 0x5432, 0x6543}, // f4e
    {0x5670, 0x6701, 0x7012, 0x0123}, // b4e
    {0x0000, 0x1111, 0x2222, 0x3333}, // rc8
    {0x3210, 0x3211, 0x3222, 0x3333}, // ecl
    {0x0000, 0x1110, 0x2210, 0x3210}, // ecr
    {0x1010, 0x3232, 0x1010, 0x3232}, // rc16
};
static constexpr const char *kPermuteNames[6] = {"f4e", "b4e", "rc8",
                                                 "ecl", "ecr", "rc16"};

/// `mode`: 0, or 1 + a number in the tables above.
static inline uint32_t permute(uint32_t mode, uint32_t a, uint32_t b,
                               uint32_t c) {
  uint64_t both = uint64_t(b) << 32 | a;
  uint32_t selector = mode ? kPermutes[mode - 1][c & 3] : c;
  uint32_t result = 0;
  for (unsigned byte = 0; byte < 4; ++byte) {
    unsigned choice = selector >> (4 * byte) & 0xf;
    uint32_t value = uint32_t(both >> (8 * (choice & 7))) & 0xff;
    // The top bit of a selector replicates the sign of the byte.
    uint32_t sign = (value >> 7) * 0xff;
    result |= (choice & 8 ? sign : value) << (8 * byte);
  }
  return result;
}

static uint64_t bitsOfPrmt(const Warp &, const Inst &i, unsigned, uint64_t a,
                           uint64_t b, uint64_t c) {
  return permute(i.mode, uint32_t(a), uint32_t(b), uint32_t(c));
}

static void execPrmt(Warp &w, const Inst &i, uint32_t mask) {
  const uint32_t *a = w.reg<uint32_t>(i.a), *b = w.reg<uint32_t>(i.b),
                 *c = w.reg<uint32_t>(i.c);
  uint32_t mode = i.mode;
  forLanes<uint32_t>(w, i.d, mask, [=](unsigned l) {
    return permute(mode, a[l], b[l], c[l]);
  });
}

/// The selector is a constant (in mode2) without sign bits: four bytes at
/// positions that are the same in every lane.
static void execPrmtConstant(Warp &w, const Inst &i, uint32_t mask) {
  const uint32_t *sources[2] = {w.reg<uint32_t>(i.a), w.reg<uint32_t>(i.b)};
  const uint32_t *from[4];
  unsigned shift[4];
  for (unsigned byte = 0; byte < 4; ++byte) {
    unsigned choice = i.mode2 >> (4 * byte) & 7;
    from[byte] = sources[choice >> 2];
    shift[byte] = 8 * (choice & 3);
  }
  const uint32_t *f0 = from[0], *f1 = from[1], *f2 = from[2], *f3 = from[3];
  unsigned s0 = shift[0], s1 = shift[1], s2 = shift[2], s3 = shift[3];
  forLanes<uint32_t>(w, i.d, mask, [=](unsigned l) {
    return (f0[l] >> s0 & 0xff) | (f1[l] >> s1 & 0xff) << 8 |
           (f2[l] >> s2 & 0xff) << 16 | f3[l] >> s3 << 24;
  });
}

static bool buildPrmt(Decoder &decoder, const Match &match, Inst &inst) {
  std::string_view mode = match.get("mode");
  for (unsigned m = 0; m < 6; ++m)
    if (mode == kPermuteNames[m])
      inst.mode = m + 1;
  setCustomInit(inst, initByBits<bitsOfPrmt>);
  if (!buildOperands(decoder, inst, Type::B32,
                     {Type::B32, Type::B32, Type::B32}))
    return false;
  inst.exec = execPrmt;
  if (!decoder.isImmediate(3))
    return true;
  uint32_t selector = uint32_t(decoder.operand(3).value);
  if (inst.mode)
    selector = kPermutes[inst.mode - 1][selector & 3];
  if (selector & 0x8888)
    return true;
  inst.mode2 = selector;
  inst.exec = execPrmtConstant;
  return true;
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static constexpr InstClass kLogic = InstClass::Logic;

static const Form kForms[] = {
    {"and", ":b16|b32|b64|pred", kLogic, buildLogic<And>},
    {"or", ":b16|b32|b64|pred", kLogic, buildLogic<Or>},
    {"xor", ":b16|b32|b64|pred", kLogic, buildLogic<Xor>},
    {"not", ":b16|b32|b64|pred", kLogic, buildNot},
    {"cnot", ":b16|b32|b64", kLogic, buildCnot},
    {"shl", ":b16|b32|b64", kLogic, buildShift<Shl>},
    {"shr", ":b16|b32|b64|u16|u32|u64|s16|s32|s64", kLogic, buildShift<Shr>},
    {"lop3", ":b32", kLogic, buildLop3},
    {"lop3", "boolOp=and|or :b32", kLogic, buildLop3Pred},
    {"prmt", "mode?=f4e|b4e|rc8|ecl|ecr|rc16 :b32", kLogic, buildPrmt},
};

FormTable ptxsim::getLogicForms() { return makeTable(kForms); }
