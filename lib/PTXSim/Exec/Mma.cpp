//===- Mma.cpp - mma.sync -------------------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A register of all lanes, in the order of the register file, is a matrix of 8
// rows of 16 bytes: lane 4g + q holds bytes 4q to 4q + 3 of row g. The A
// operand is a 2 x n grid of these, and B a row of them (transposed: a row is a
// column of B), so fragments are decoded without a table of positions.
//
//===----------------------------------------------------------------------===//

#include "Mma.h"
#include "MmaNumerics.h"

using namespace ptxsim;
using namespace ptxsim::mma;

/// A's 16 rows of K elements.
template <typename T, unsigned K>
static void decodeA(const Warp &w, const Ref *refs, typename T::Value *a) {
  for (unsigned t = 0; t < 2 * K / T::width; ++t) {
    const uint8_t *rows = w.reg<uint8_t>(refs[t]);
    typename T::Value *to = a + 8 * (t & 1) * K + T::width * (t >> 1);
    for (unsigned g = 0; g < 8; ++g)
      T::decodeRow(rows + 16 * g, to + g * K);
  }
}

/// B's K rows of 8 elements.
template <typename T, unsigned K>
static void decodeB(const Warp &w, const Ref *refs, typename T::Value *b) {
  for (unsigned t = 0; t < K / T::width; ++t) {
    const uint8_t *columns = w.reg<uint8_t>(refs[t]);
    typename T::Value *to = b + 8 * T::width * t;
    if constexpr (T::width == 8) {
      uint16_t rows[64];
      transpose8x8(reinterpret_cast<const uint16_t *>(columns), rows);
      for (unsigned k = 0; k < 8; ++k)
        T::decodeRow(rows + 8 * k, to + 8 * k);
    } else {
      typename T::Value column[T::width];
      for (unsigned g = 0; g < 8; ++g) {
        T::decodeRow(columns + 16 * g, column);
        for (unsigned k = 0; k < T::width; ++k)
          to[8 * k + g] = column[k];
      }
    }
  }
}

template <typename A, typename B, unsigned K, bool isHalf>
static void execMma(Warp &w, const Inst &inst, uint32_t mask) {
  const Ref *srcs = w.kernel->getSrcs(inst);
  alignas(32) float a[16 * K], b[K * 8], acc[16 * 8];
  decodeA<A, K>(w, srcs, a);
  srcs += 2 * K / A::width;
  decodeB<B, K>(w, srcs, b);
  srcs += K / B::width;
  loadAccumulators<isHalf>(w, srcs, 4, acc);
  multiply<16, 8, K, A, B>(w, isHalf, a, b, acc);
  storeAccumulators<isHalf>(w, w.kernel->getDsts(inst), 4, acc, mask);
}

/// inst.mode: saturate.
template <typename A, typename B, unsigned K>
static void execInteger(Warp &w, const Inst &inst, uint32_t mask) {
  const Ref *srcs = w.kernel->getSrcs(inst);
  int32_t a[16 * K], b[K * 8];
  decodeA<A, K>(w, srcs, a);
  srcs += 2 * K / A::width;
  decodeB<B, K>(w, srcs, b);
  srcs += K / B::width;
  int32_t results[4][kLanes];
  for (unsigned row = 0; row < 16; ++row) {
    int32_t sums[8] = {};
    for (unsigned k = 0; k < K; ++k)
      for (unsigned n = 0; n < 8; ++n)
        sums[n] += a[row * K + k] * b[8 * k + n];
    for (unsigned n = 0; n < 8; ++n) {
      unsigned part = row / 8 * 2 + (n & 1), lane = row % 8 * 4 + n / 2;
      int64_t sum = int64_t(w.reg<int32_t>(srcs[part])[lane]) + sums[n];
      if (inst.mode)
        sum = sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
      results[part][lane] = int32_t(uint32_t(uint64_t(sum)));
    }
  }
  for (unsigned i = 0; i < 4; ++i)
    storeRegister(w, w.kernel->getDsts(inst)[i], results[i], mask);
}

//===----------------------------------------------------------------------===//
// Undefined elements
//===----------------------------------------------------------------------===//

/// For each group of four lanes that hold one row (or column) of a fragment,
/// whether any of them is set.
static uint32_t getRows(uint32_t lanes) {
  uint32_t rows = 0;
  for (unsigned g = 0; g < 8; ++g)
    rows |= uint32_t((lanes >> 4 * g & 15) != 0) << g;
  return rows;
}

void ptxsim::initMma(Warp &w, const Inst &inst, uint32_t mask) {
  const Ref *srcs = w.kernel->getSrcs(inst), *dsts = w.kernel->getDsts(inst);
  uint32_t any = 0;
  for (unsigned i = 0; i < inst.numSrcs; ++i)
    any |= w.anyUndefined(srcs[i]);
  if (!any) {
    for (unsigned i = 0; i < inst.numDsts; ++i)
      if (dsts[i])
        w.setUndefined(dsts[i], 0, mask);
    return;
  }
  bool isTall = inst.tensor.m == 16, isHalf = inst.type == Type::F16;
  unsigned sums = inst.numDsts, operands = inst.numSrcs - sums;
  unsigned numB = operands / (isTall ? 3 : 2), numA = operands - numB;
  uint32_t rows = 0, columns = 0;
  for (unsigned i = 0; i < numA; ++i)
    rows |= getRows(w.anyUndefined(srcs[i])) << (isTall ? i % 2 * 8 : 0);
  for (unsigned i = numA; i < operands; ++i)
    columns |= getRows(w.anyUndefined(srcs[i]));
  // A destination may be the accumulator of another one.
  uint32_t marks[4][2];
  for (unsigned i = 0; i < sums; ++i) {
    const Ref &from = srcs[operands + i];
    for (unsigned h = 0; h < 2; ++h)
      marks[i][h] = isHalf ? w.marks(from)[h] : w.anyUndefined(from);
    // Registers of two halves hold two columns.
    for (unsigned l = 0; l < kLanes; ++l)
      for (unsigned h = 0; h < 2; ++h) {
        unsigned row = l / 4 + 8 * (isHalf ? i : i / 2);
        unsigned column = l % 4 * 2 + (isHalf ? h : i % 2);
        marks[i][h] |= ((rows >> row | columns >> column) & 1) << l;
      }
  }
  for (unsigned i = 0; i < sums; ++i)
    for (unsigned h = 0; dsts[i] && h < dsts[i].halves; ++h) {
      uint32_t &word = w.marks(dsts[i])[h];
      word = (word & ~mask) | (marks[i][h & 1] & mask);
    }
}

/// Returns the handler for a shape and types, or null for illegal ones.
static ExecFn pick(unsigned k, Type a, Type b, bool isHalf) {
  struct Row {
    unsigned k;
    Type a, b;
    ExecFn toFloat, toHalf;
  };
  static const Row rows[] = {
      {16, Type::F16, Type::F16, execMma<F16, F16, 16, false>,
       execMma<F16, F16, 16, true>},
      {8, Type::F16, Type::F16, execMma<F16, F16, 8, false>,
       execMma<F16, F16, 8, true>},
      {16, Type::BF16, Type::BF16, execMma<BF16, BF16, 16, false>, nullptr},
      {8, Type::BF16, Type::BF16, execMma<BF16, BF16, 8, false>, nullptr},
      {8, Type::TF32, Type::TF32, execMma<TF32, TF32, 8, false>, nullptr},
      {4, Type::TF32, Type::TF32, execMma<TF32, TF32, 4, false>, nullptr},
      {32, Type::E4M3, Type::E4M3, execMma<E4M3, E4M3, 32, false>,
       execMma<E4M3, E4M3, 32, true>},
      {32, Type::E4M3, Type::E5M2, execMma<E4M3, E5M2, 32, false>,
       execMma<E4M3, E5M2, 32, true>},
      {32, Type::E5M2, Type::E4M3, execMma<E5M2, E4M3, 32, false>,
       execMma<E5M2, E4M3, 32, true>},
      {32, Type::E5M2, Type::E5M2, execMma<E5M2, E5M2, 32, false>,
       execMma<E5M2, E5M2, 32, true>},
      {16, Type::S8, Type::S8, execInteger<S8, S8, 16>, nullptr},
      {16, Type::S8, Type::U8, execInteger<S8, U8, 16>, nullptr},
      {16, Type::U8, Type::S8, execInteger<U8, S8, 16>, nullptr},
      {16, Type::U8, Type::U8, execInteger<U8, U8, 16>, nullptr},
      {32, Type::S8, Type::S8, execInteger<S8, S8, 32>, nullptr},
      {32, Type::S8, Type::U8, execInteger<S8, U8, 32>, nullptr},
      {32, Type::U8, Type::S8, execInteger<U8, S8, 32>, nullptr},
      {32, Type::U8, Type::U8, execInteger<U8, U8, 32>, nullptr},
  };
  for (const Row &row : rows)
    if (row.k == k && row.a == a && row.b == b)
      return isHalf ? row.toHalf : row.toFloat;
  return nullptr;
}

/// Returns the name of a product for the counters, "bf16.f32".
static const char *getTypesName(Type operand, Type accumulator) {
  switch (operand) {
  case Type::F16:
    return accumulator == Type::F16 ? "f16.f16" : "f16.f32";
  case Type::BF16:
    return "bf16.f32";
  case Type::TF32:
    return "tf32.f32";
  case Type::E4M3:
    return accumulator == Type::F16 ? "e4m3.f16" : "e4m3.f32";
  case Type::E5M2:
    return accumulator == Type::F16 ? "e5m2.f16" : "e5m2.f32";
  case Type::U8:
    return "u8.s32";
  default:
    return "s8.s32";
  }
}

/// Operands and other properties that all forms share.
static bool finish(Decoder &d, unsigned k, Type a, Type b, Type c, Inst &inst) {
  inst.exec = pick(k, a, b, c == Type::F16);
  if (!inst.exec)
    return d.fail("there is no such product");
  bool isFloat8 = a == Type::E4M3 || a == Type::E5M2;
  unsigned needed = isFloat8 ? 89 : 80;
  if (d.capability() < needed)
    return d.fail("this product needs .target sm_" + std::to_string(needed) +
                  " or newer");
  unsigned width = a == Type::TF32                     ? 4
                   : a == Type::F16 || a == Type::BF16 ? 8
                                                       : 16;
  bool isHalf = c == Type::F16;
  Type cType = isHalf ? Type::B32 : c;
  inst.flow = Flow::Collective;
  inst.init = InitRule::Custom;
  inst.initRule = initMma;
  inst.type = c;
  inst.type2 = a;
  inst.tensor = {16, 8, uint16_t(k), getTypesName(a, c)};
  return d.expect(4) && d.dsts(0, cType, inst, isHalf ? 2 : 4) &&
         d.srcs(1, Type::B32, inst, 2 * k / width) &&
         d.srcs(2, Type::B32, inst, k / width) &&
         d.srcs(3, cType, inst, isHalf ? 2 : 4);
}

static unsigned getDepth(const Match &m) {
  std::string_view shape = m.get("shape");
  return shape == "m16n8k32"   ? 32
         : shape == "m16n8k16" ? 16
         : shape == "m16n8k8"  ? 8
                               : 4;
}

bool ptxsim::buildMma(Decoder &d, const Match &m, Inst &inst) {
  Type result = m.type(0), a = m.type(1), b = m.type(2), c = m.type(3);
  if (result != c)
    return d.fail("the types of the result and of the sum differ");
  return finish(d, getDepth(m), a, b, c, inst);
}

bool ptxsim::buildMmaInteger(Decoder &d, const Match &m, Inst &inst) {
  inst.mode = m.has("satfinite");
  return finish(d, getDepth(m), m.type(1), m.type(2), Type::S32, inst);
}
