//===- Lanewise.cpp - Rules and builders of lane-wise instructions --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Exec/Lanewise.h"

using namespace ptxsim;

void ptxsim::initByPart(Warp &w, const Inst &i, uint32_t mask) {
  uint32_t parts[4] = {};
  unsigned perPart = i.d.halves / 2;
  for (const Ref *ref : {&i.a, &i.b, &i.c})
    if (*ref)
      for (unsigned h = 0; h < i.d.halves; ++h)
        parts[h / perPart] |= w.marks(*ref)[h];
  uint32_t *marks = w.marks(i.d);
  for (unsigned h = 0; h < i.d.halves; ++h)
    marks[h] = (marks[h] & ~mask) | (parts[h / perPart] & mask);
}

/// The value of a lane, and a mask of its undefined bits.
static uint64_t readBits(const Warp &w, const Ref &ref, unsigned lane,
                         uint64_t &undefined) {
  undefined = 0;
  if (!ref)
    return 0;
  if (ref.size == 0) { // a predicate
    undefined = (w.marks(ref)[0] >> lane) & 1;
    return (w.pred(ref) >> lane) & 1;
  }
  for (unsigned h = 0; h < ref.halves; ++h)
    if ((w.marks(ref)[h] >> lane) & 1)
      undefined |= uint64_t(0xffff) << (16 * h);
  uint64_t value = 0;
  std::memcpy(&value, w.registers + ref.offset + size_t(lane) * ref.size,
              ref.size);
  return value;
}

void ptxsim::initByBits(Warp &w, const Inst &i, uint32_t mask, BitFn compute) {
  uint32_t suspects = 0;
  for (const Ref *ref : {&i.a, &i.b, &i.c})
    if (*ref)
      suspects |= w.anyUndefined(*ref);
  uint32_t halves[4] = {};
  for (Lanes lane(suspects & mask); lane; ++lane) {
    uint64_t u[3], v[3];
    const Ref *refs[3] = {&i.a, &i.b, &i.c};
    for (unsigned s = 0; s < 3; ++s)
      v[s] = readBits(w, *refs[s], *lane, u[s]);
    uint64_t base = compute(w, i, *lane, v[0], v[1], v[2]), changes = 0;
    // Tries all values of the undefined bits of complete sources.
    for (unsigned way = 1; way < 8; ++way) {
      bool isNew = true;
      for (unsigned s = 0; s < 3; ++s)
        isNew &= !(way >> s & 1) || u[s] != 0;
      if (isNew)
        changes |= base ^ compute(w, i, *lane, v[0] ^ (way & 1 ? u[0] : 0),
                                  v[1] ^ (way & 2 ? u[1] : 0),
                                  v[2] ^ (way & 4 ? u[2] : 0));
    }
    for (unsigned h = 0; h < i.d.halves; ++h)
      if (changes >> (16 * h) & 0xffff)
        halves[h] |= 1u << *lane;
  }
  uint32_t *marks = w.marks(i.d);
  for (unsigned h = 0; h < i.d.halves; ++h)
    marks[h] = (marks[h] & ~mask) | (halves[h] & mask);
}

bool ptxsim::buildDst(Decoder &decoder, size_t operand, Type type, Ref &ref,
                      Decoder::Width width) {
  if (!decoder.dst(operand, type, ref, width))
    return false;
  return ref || decoder.failAt(operand, "the destination cannot be '_' here");
}

bool ptxsim::buildOperands(Decoder &decoder, Inst &inst, Type dst,
                           std::initializer_list<Type> sources) {
  inst.type = dst;
  if (!decoder.expect(1 + sources.size()) || !buildDst(decoder, 0, dst, inst.d))
    return false;
  Ref *refs[3] = {&inst.a, &inst.b, &inst.c};
  size_t n = 0;
  for (Type type : sources) {
    if (!decoder.src(n + 1, type, *refs[n]))
      return false;
    ++n;
  }
  return true;
}
