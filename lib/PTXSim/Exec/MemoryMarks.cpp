//===- MemoryMarks.cpp - Undefined values in memory -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MemoryMarks.h"
#include "MemoryModes.h"
#include <algorithm>

using namespace ptxsim;

uint8_t *ptxsim::findStates(const Warp &w, const uint8_t *place) {
  Block &block = *w.block;
  auto inShared = size_t(place - block.shared.data());
  if (inShared < block.shared.size())
    return block.sharedInit.data() + inShared;
  auto inLocal = size_t(place - w.local);
  if (w.local && inLocal < size_t(w.kernel->localBytes) * kLanes)
    return w.localInit + inLocal;
  return nullptr;
}

bool ptxsim::areUndefined(const Warp &w, const uint8_t *states,
                          unsigned bytes) {
  return std::any_of(states, states + bytes,
                     [&](uint8_t state) { return isUndefined(w, state); });
}

void ptxsim::noteUndefinedLoad(const Warp &w, const Inst &inst) {
  std::vector<unsigned> &lines = w.block->undefinedLoads;
  if (lines.size() < 4 &&
      std::find(lines.begin(), lines.end(), inst.line) == lines.end())
    lines.push_back(inst.line);
}

uint32_t ptxsim::getGlobalLanes(const Inst &i, const Places &places,
                                uint32_t mask) {
  if (i.space == Space::Shared || i.space == Space::Local)
    return 0;
  uint32_t lanes = mask;
  if (i.space == Space::Generic && places.most >= kSharedWindow)
    for (Lanes l(mask); l; ++l) {
      uint64_t address = places.addresses[*l];
      Space space = resolveGeneric(address);
      if (space == Space::Shared || space == Space::Local)
        lanes &= ~(1u << *l);
    }
  return lanes;
}

void ptxsim::loadMarks(const Warp &w, const Inst &inst, const Ref &to,
                       const Places &places, unsigned bytes, unsigned offset,
                       unsigned size) {
  for (Lanes l(places.mask); l; ++l) {
    const uint8_t *place = places.at(*l, bytes) + offset;
    const uint8_t *states = findStates(w, place);
    if (!states || !areUndefined(w, states, size))
      continue;
    for (unsigned h = 0; 2 * h < size && h < to.halves; ++h)
      if (areUndefined(w, states + 2 * h, std::min(2u, size - 2 * h)))
        w.marks(to)[h] |= 1u << *l;
    if (w.block->shared.data() <= place &&
        place < w.block->shared.data() + w.block->shared.size())
      noteUndefinedLoad(w, inst);
  }
}

void ptxsim::storeMarks(const Warp &w, const Ref &from, const Places &places,
                        unsigned bytes, unsigned offset, unsigned size) {
  for (Lanes l(w.anyUndefined(from) & places.mask); l; ++l) {
    uint8_t *states = findStates(w, places.at(*l, bytes) + offset);
    for (unsigned h = 0; states && 2 * h < size && h < from.halves; ++h)
      if (w.marks(from)[h] >> *l & 1)
        std::memset(states + 2 * h, kUndefined, std::min(2u, size - 2 * h));
  }
}

bool ptxsim::updateMarks(const Warp &w, const Inst &inst, const uint8_t *place,
                         unsigned size, bool keeps, bool operand) {
  uint8_t *states = findStates(w, place);
  if (!states)
    return false;
  bool before = areUndefined(w, states, size);
  if (before)
    noteUndefinedLoad(w, inst);
  std::memset(states, operand || (keeps && before) ? kUndefined : kWritten,
              size);
  return before;
}
