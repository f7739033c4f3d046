//===- Lanewise.h - Handlers as loops over lanes ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A lane-wise operation is a struct with a static `apply`. The templates here
// turn it into a handler that the host compiler vectorizes. Loops read
// registers and write the destination in place: an operand either is the
// destination, with elements of the same size, or does not overlap it, and
// lanes do not depend on each other.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_LANEWISE_H
#define PTXSIM_EXEC_LANEWISE_H

#include "Exec/Warp.h"
#include "Program/Decoder.h"
#include <initializer_list>
#include <type_traits>

/// Before a loop: its iterations may be executed together.
#ifdef __clang__
#define PTXSIM_INDEPENDENT_LANES _Pragma("clang loop vectorize(assume_safety)")
#else
#define PTXSIM_INDEPENDENT_LANES _Pragma("GCC ivdep")
#endif

namespace ptxsim {

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

namespace detail {
template <unsigned Bits> struct UnsignedOf;
template <> struct UnsignedOf<16> {
  using Type = uint16_t;
};
template <> struct UnsignedOf<32> {
  using Type = uint32_t;
};
template <> struct UnsignedOf<64> {
  using Type = uint64_t;
};

template <typename U> struct LaneBits {
  U of[kLanes];
};
/// A bit for each lane. Lanes of 16 bits use one half of the mask.
template <typename U> constexpr LaneBits<U> makeLaneBits() {
  LaneBits<U> bits{};
  for (unsigned l = 0; l < kLanes; ++l)
    bits.of[l] = U(U(1) << (l % (8 * sizeof(U))));
  return bits;
}
template <typename U>
alignas(64) constexpr LaneBits<U> kLaneBits = makeLaneBits<U>();
} // namespace detail

/// The unsigned type of T's size.
template <typename T>
using UnsignedOf = typename detail::UnsignedOf<sizeof(T) * 8>::Type;

/// All ones for lanes in the mask, else zeros: one comparison of vectors.
template <typename U> inline U maskLane(uint32_t mask, unsigned lane) {
  U bit = detail::kLaneBits<U>.of[lane];
  U part = sizeof(U) == 2 && lane >= 16 ? U(mask >> 16) : U(mask);
  return (part & bit) == bit ? U(~U(0)) : U(0);
}

/// d = a in the lanes of the mask, b in the others. Any two may be equal.
template <typename U>
inline void selectLanes(U *d, const U *a, const U *b, uint32_t mask) {
  constexpr unsigned step = sizeof(U) == 2 ? 16 : kLanes;
  for (unsigned part = 0; part < kLanes; part += step) {
    PTXSIM_INDEPENDENT_LANES
    for (unsigned l = part; l < part + step; ++l) {
      U ones = maskLane<U>(mask, l);
      d[l] = U((a[l] & ones) | (b[l] & U(~ones)));
    }
  }
}

/// Writes the lanes of the mask.
template <typename T> inline void blend(T *to, const T *from, uint32_t mask) {
  using U = UnsignedOf<T>;
  auto *d = reinterpret_cast<U *>(to);
  if constexpr (std::is_same_v<T, U>) {
    selectLanes<U>(d, from, d, mask);
  } else {
    // Values of other types are converted to bits by a copy.
    alignas(64) U bits[kLanes];
    std::memcpy(bits, from, sizeof(bits));
    selectLanes<U>(d, bits, d, mask);
  }
}

/// Converts 0 or 1 in each byte to a bit for each lane.
inline uint32_t packBits(const uint8_t *bytes) {
  uint32_t bits = 0;
  for (unsigned part = 0; part < 4; ++part) {
    uint64_t word;
    std::memcpy(&word, bytes + 8 * part, 8);
    bits |= uint32_t(word * 0x0102040810204080 >> 56) << (8 * part);
  }
  return bits;
}

/// The same in the other direction, as any type: `lanes[l] = bit l`.
template <typename T> inline void unpackBits(uint32_t bits, T *to) {
  for (unsigned l = 0; l < kLanes; ++l)
    to[l] = T((bits >> l) & 1);
}

//===----------------------------------------------------------------------===//
// Handlers
//===----------------------------------------------------------------------===//

/// Calls `compute(lane)` for every lane and writes the results in the mask.
template <typename D, typename Compute>
inline void forLanes(Warp &w, const Ref &dst, uint32_t mask, Compute compute) {
  D *d = w.reg<D>(dst);
  if (mask == kAllLanes) {
    PTXSIM_INDEPENDENT_LANES
    for (unsigned l = 0; l < kLanes; ++l)
      d[l] = compute(l);
    return;
  }
  alignas(64) D result[kLanes];
  PTXSIM_INDEPENDENT_LANES
  for (unsigned l = 0; l < kLanes; ++l)
    result[l] = compute(l);
  blend<D>(d, result, mask);
}

template <typename Op, typename D, typename A>
void execUnary(Warp &w, const Inst &i, uint32_t mask) {
  const A *a = w.reg<A>(i.a);
  forLanes<D>(w, i.d, mask, [=](unsigned l) { return D(Op::apply(A(a[l]))); });
}

template <typename Op, typename D, typename A, typename B>
void execBinary(Warp &w, const Inst &i, uint32_t mask) {
  const A *a = w.reg<A>(i.a);
  const B *b = w.reg<B>(i.b);
  forLanes<D>(w, i.d, mask,
              [=](unsigned l) { return D(Op::apply(A(a[l]), B(b[l]))); });
}

template <typename Op, typename D, typename A, typename B, typename C>
void execTernary(Warp &w, const Inst &i, uint32_t mask) {
  const A *a = w.reg<A>(i.a);
  const B *b = w.reg<B>(i.b);
  const C *c = w.reg<C>(i.c);
  forLanes<D>(w, i.d, mask, [=](unsigned l) {
    return D(Op::apply(A(a[l]), B(b[l]), C(c[l])));
  });
}

/// The same for two values packed in a lane, i.e. 64 adjacent values.
template <typename T, typename Compute>
inline void forPairs(Warp &w, const Ref &dst, uint32_t mask, Compute compute) {
  T *d = w.reg<T>(dst);
  if (mask == kAllLanes) {
    PTXSIM_INDEPENDENT_LANES
    for (unsigned e = 0; e < 2 * kLanes; ++e)
      d[e] = compute(e);
    return;
  }
  alignas(64) T result[2 * kLanes];
  PTXSIM_INDEPENDENT_LANES
  for (unsigned e = 0; e < 2 * kLanes; ++e)
    result[e] = compute(e);
  using Pair = typename detail::UnsignedOf<sizeof(T) * 16>::Type;
  alignas(64) Pair pairs[kLanes];
  std::memcpy(pairs, result, sizeof(pairs));
  blend<Pair>(w.reg<Pair>(dst), pairs, mask);
}

template <typename Op, typename T>
void execPairUnary(Warp &w, const Inst &i, uint32_t mask) {
  const T *a = w.reg<T>(i.a);
  forPairs<T>(w, i.d, mask, [=](unsigned e) { return T(Op::apply(T(a[e]))); });
}
template <typename Op, typename T>
void execPairBinary(Warp &w, const Inst &i, uint32_t mask) {
  const T *a = w.reg<T>(i.a), *b = w.reg<T>(i.b);
  forPairs<T>(w, i.d, mask,
              [=](unsigned e) { return T(Op::apply(T(a[e]), T(b[e]))); });
}
template <typename Op, typename T>
void execPairTernary(Warp &w, const Inst &i, uint32_t mask) {
  const T *a = w.reg<T>(i.a), *b = w.reg<T>(i.b), *c = w.reg<T>(i.c);
  forPairs<T>(w, i.d, mask, [=](unsigned e) {
    return T(Op::apply(T(a[e]), T(b[e]), T(c[e])));
  });
}

//===----------------------------------------------------------------------===//
// Rules for undefined values
//===----------------------------------------------------------------------===//

/// Each part of d is as defined as the same parts of the sources, for packed
/// types (a part is one half of 32 bits, or two of 64 bits).
void initByPart(Warp &w, const Inst &i, uint32_t mask);

/// Every bit of d that depends on undefined bits of the sources is undefined.
/// This is exact for operations that move bits or combine them one by one.
/// `compute` is the operation on a lane's values of a, b and c.
using BitFn = uint64_t (*)(const Warp &w, const Inst &i, unsigned lane,
                           uint64_t a, uint64_t b, uint64_t c);
void initByBits(Warp &w, const Inst &i, uint32_t mask, BitFn compute);

template <BitFn Compute>
void initByBits(Warp &w, const Inst &i, uint32_t mask) {
  initByBits(w, i, mask, Compute);
}

//===----------------------------------------------------------------------===//
// Builders
//===----------------------------------------------------------------------===//

/// A destination that must not be `_`.
bool buildDst(Decoder &decoder, size_t operand, Type type, Ref &ref,
              Decoder::Width width = Decoder::Exact);

/// d and up to three sources. Also sets the type of the instruction.
bool buildOperands(Decoder &decoder, Inst &inst, Type dst,
                   std::initializer_list<Type> sources);

inline bool setCustomInit(Inst &inst, ExecFn rule) {
  inst.init = InitRule::Custom;
  inst.initRule = rule;
  return true;
}

/// Calls `use(T())` with the C++ type of an integer type.
template <typename Use> ExecFn selectInteger(Type type, Use use) {
  switch (type) {
  case Type::B16:
  case Type::U16:
    return use(uint16_t());
  case Type::S16:
    return use(int16_t());
  case Type::B32:
  case Type::U32:
    return use(uint32_t());
  case Type::S32:
    return use(int32_t());
  case Type::B64:
  case Type::U64:
    return use(uint64_t());
  case Type::S64:
    return use(int64_t());
  default:
    return nullptr;
  }
}

/// The same as an unsigned type, for operations that ignore the sign.
template <typename Use> ExecFn selectUnsigned(Type type, Use use) {
  switch (getTypeSize(type)) {
  case 2:
    return use(uint16_t());
  case 4:
    return use(uint32_t());
  case 8:
    return use(uint64_t());
  default:
    return nullptr;
  }
}

inline bool isSigned(Type type) {
  return type == Type::S8 || type == Type::S16 || type == Type::S32 ||
         type == Type::S64 || type == Type::S16x2;
}
inline bool isPacked(Type type) {
  return type == Type::F16x2 || type == Type::BF16x2 || type == Type::F32x2 ||
         type == Type::U16x2 || type == Type::S16x2;
}

} // namespace ptxsim

#endif // PTXSIM_EXEC_LANEWISE_H
