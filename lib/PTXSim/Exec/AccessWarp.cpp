//===- AccessWarp.cpp - A warp's access to memory -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AccessWarp.h"
#include "Async.h"
#include "MemoryModes.h"
#include <algorithm>

using namespace ptxsim;

//===----------------------------------------------------------------------===//
// Addresses
//===----------------------------------------------------------------------===//

void ptxsim::getAddresses(const Warp &w, const Inst &inst, uint32_t mask,
                          unsigned bytes, Places &places) {
  uint64_t *addresses = places.addresses;
  auto displacement = uint64_t(inst.imm);
  if (inst.a.halves == 4) {
    const uint64_t *base = w.reg<uint64_t>(inst.a);
    for (unsigned l = 0; l < kLanes; ++l)
      addresses[l] = base[l] + displacement;
  } else {
    const uint32_t *base = w.reg<uint32_t>(inst.a);
    for (unsigned l = 0; l < kLanes; ++l)
      addresses[l] = base[l] + displacement;
  }
  uint64_t first = addresses[__builtin_ctz(mask)];
  if (mask != kAllLanes)
    for (unsigned l = 0; l < kLanes; ++l)
      addresses[l] = mask >> l & 1 ? addresses[l] : first;

  // Distances from the first address. `other` collects bits of non-contiguous
  // addresses, `far` those of distances that exceed 32 bits.
  int32_t distances[kLanes];
  uint64_t other = 0, any = 0, far = 0;
  for (unsigned l = 0; l < kLanes; ++l) {
    uint64_t distance = addresses[l] - first;
    other |= distance ^ uint64_t(l) * bytes;
    any |= distance;
    far |= (distance + (uint64_t(1) << 31)) >> 32;
    distances[l] = int32_t(distance);
  }
  places.pattern = Pattern::Scattered;
  if (mask == kAllLanes && (!other || !any)) {
    places.pattern = other ? Pattern::Uniform : Pattern::Contiguous;
    places.least = first;
    places.most = first + (other ? 0 : uint64_t(kLanes - 1) * bytes);
    return;
  }
  if (!far) {
    int32_t least = 0, most = 0;
    for (int32_t distance : distances) {
      least = std::min(least, distance);
      most = std::max(most, distance);
    }
    places.least = first + uint64_t(int64_t(least));
    places.most = first + uint64_t(int64_t(most));
    return;
  }
  places.least = *std::min_element(addresses, addresses + kLanes);
  places.most = *std::max_element(addresses, addresses + kLanes);
}

static bool areAligned(const Places &places, unsigned bytes) {
  uint64_t bits = 0;
  for (uint64_t address : places.addresses)
    bits |= address;
  return !(bits & (bytes - 1));
}

//===----------------------------------------------------------------------===//
// Marks of written bytes, one for each byte
//===----------------------------------------------------------------------===//

/// Returns true if every byte of a range is 1.
static bool areOnes(const uint8_t *marks, unsigned bytes) {
  constexpr uint64_t ones = 0x0101010101010101;
  uint64_t wrong = 0, word;
  unsigned i = 0;
  for (; i + 8 <= bytes; i += 8) {
    std::memcpy(&word, marks + i, 8);
    wrong |= word ^ ones;
  }
  for (; i < bytes; ++i)
    wrong |= marks[i] ^ 1u;
  return !wrong;
}

/// The same at `delta` from the location of every lane.
template <unsigned bytes>
static bool areOnesAt(const Places &places, ptrdiff_t delta) {
  bool result = true;
  for (Lanes l(places.mask); l; ++l)
    result &= areOnes(places.lanes[*l] + delta, bytes);
  return result;
}
template <unsigned bytes>
static void setOnesAt(const Places &places, ptrdiff_t delta) {
  for (Lanes l(places.mask); l; ++l)
    std::memset(places.lanes[*l] + delta, 1, bytes);
}

/// Calls `use` with the number of bytes as a constant.
template <typename Use> static auto withConstant(unsigned bytes, Use use) {
  switch (bytes) {
  case 1:
    return use(std::integral_constant<unsigned, 1>());
  case 2:
    return use(std::integral_constant<unsigned, 2>());
  case 4:
    return use(std::integral_constant<unsigned, 4>());
  case 8:
    return use(std::integral_constant<unsigned, 8>());
  case 16:
    return use(std::integral_constant<unsigned, 16>());
  default:
    return use(std::integral_constant<unsigned, 32>());
  }
}

/// `marks` belongs to the lowest address of the block or allocation, like
/// `data`.
static bool areWritten(const Places &places, const uint8_t *marks,
                       const uint8_t *data, unsigned bytes) {
  ptrdiff_t delta = marks - data;
  if (places.pattern != Pattern::Scattered)
    return areOnes(places.lanes[0] + delta,
                   places.pattern == Pattern::Uniform ? bytes : kLanes * bytes);
  return withConstant(bytes, [&](auto size) {
    return areOnesAt<decltype(size)::value>(places, delta);
  });
}

static void markWritten(const Places &places, const uint8_t *marks,
                        const uint8_t *data, unsigned bytes) {
  ptrdiff_t delta = marks - data;
  if (places.pattern != Pattern::Scattered) {
    std::memset(places.lanes[0] + delta, 1,
                places.pattern == Pattern::Uniform ? bytes : kLanes * bytes);
    return;
  }
  withConstant(bytes, [&](auto size) {
    setOnesAt<decltype(size)::value>(places, delta);
  });
}

//===----------------------------------------------------------------------===//
// The warp at once
//===----------------------------------------------------------------------===//

/// An atomic itself reports whether it changed something.
static bool changes(AccessKind kind) {
  return isWrite(kind) && kind != AccessKind::Atomic;
}

static void locate(Places &places, uint32_t mask, uint8_t *data,
                   uint64_t base) {
  places.mask = mask;
  if (places.pattern != Pattern::Scattered) {
    places.lanes[0] = data + (places.addresses[0] - base);
    return;
  }
  for (unsigned l = 0; l < kLanes; ++l)
    places.lanes[l] = data + (places.addresses[l] - base);
}

/// `window`: the offset of the addresses from the shared window.
static bool findShared(Warp &w, const Inst &inst, uint32_t mask, unsigned bytes,
                       AccessKind kind, Places &places, StoredFn stored,
                       uint64_t window) {
  Block &block = *w.block;
  uint64_t base = window + kSharedBase;
  if (places.least < base || places.most < base ||
      places.most - base + bytes > block.shared.size())
    return false;
  locate(places, mask, block.shared.data(), base);
  const uint8_t *data = block.shared.data();
  if (isRead(kind) && w.isChecked(CheckInit) &&
      !areWritten(places, block.sharedInit.data(), data, bytes)) {
    if (inst.init != InitRule::Custom)
      return false;
    places.mayBeUndefined = true;
  }
  if (!block.async->isIdle())
    block.async->checkWarp(w, inst, places.addresses, base, mask, bytes,
                           isWrite(kind));
  if (block.races) {
    uint64_t own[kLanes];
    for (unsigned l = 0; l < kLanes; ++l)
      own[l] = places.addresses[l] - window;
    block.races->accessWarp(w, inst, window ? own : places.addresses, mask,
                            bytes, kind, inst.flow == Flow::Poll, stored);
  }
  if (isWrite(kind) && w.isChecked(CheckInit) &&
      !(kind == AccessKind::Atomic && places.mayBeUndefined))
    markWritten(places, block.sharedInit.data(), data, bytes);
  block.progress += changes(kind);
  return true;
}

static bool findGlobal(Warp &w, const Inst &inst, uint32_t mask, unsigned bytes,
                       AccessKind kind, Places &places, StoredFn stored) {
  Allocation *memory = w.launch->memory->find(places.least);
  bool writes = isWrite(kind);
  if (!memory ||
      !memory->contains(places.least, places.most - places.least + bytes) ||
      (writes && memory->readOnly))
    return false;
  const uint8_t *data = memory->data.data(), *init = memory->init.data();
  locate(places, mask, memory->data.data(), memory->base);
  if (isRead(kind) && w.isChecked(CheckInit) &&
      !areWritten(places, init, data, bytes))
    return false;
  if (writes && !w.block->async->isIdle())
    w.block->async->checkSources(w, inst, places, mask, bytes);
  if (w.launch->globalRaces && !memory->readOnly)
    w.launch->globalRaces->accessWarp(w, inst, *memory, places.addresses, mask,
                                      bytes, kind, inst.flow == Flow::Poll,
                                      stored);
  if (writes)
    markWritten(places, init, data, bytes);
  w.block->progress += changes(kind);
  return true;
}

/// Each lane has its own memory.
static bool findLocal(Warp &w, uint32_t mask, unsigned bytes, AccessKind kind,
                      Places &places, uint64_t window) {
  uint64_t size = w.kernel->localBytes;
  if (places.least < window || places.most - window > size ||
      bytes > size - (places.most - window))
    return false;
  places.pattern = Pattern::Scattered;
  places.mask = mask;
  for (unsigned l = 0; l < kLanes; ++l)
    places.lanes[l] = w.local + l * size + (places.addresses[l] - window);
  if (isWrite(kind) && w.undefined)
    markWritten(places, w.localInit, w.local, bytes);
  return true;
}

static bool findParameter(Warp &w, uint32_t mask, unsigned bytes,
                          AccessKind kind, Places &places, uint64_t window) {
  std::vector<uint8_t> &parameters = w.launch->parameters;
  if (isWrite(kind) || places.least < window ||
      places.most - window > parameters.size() ||
      bytes > parameters.size() - (places.most - window))
    return false;
  locate(places, mask, parameters.data(), window);
  return true;
}

bool ptxsim::findTogether(Warp &w, const Inst &inst, uint32_t mask,
                          unsigned bytes, AccessKind kind, Places &places,
                          StoredFn stored) {
  if (places.pattern == Pattern::Scattered
          ? !areAligned(places, bytes)
          : (places.addresses[0] & (bytes - 1)) != 0)
    return false;
  Space space = inst.space;
  uint64_t window = 0;
  if (space == Space::Generic) {
    uint64_t least = places.least, most = places.most;
    space = resolveGeneric(least);
    if (resolveGeneric(most) != space ||
        places.most - most != places.least - least)
      return false;
    window = places.least - least;
  }
  places.space = space;
  switch (space) {
  case Space::Shared:
    return findShared(w, inst, mask, bytes, kind, places, stored, window);
  case Space::Local:
    return findLocal(w, mask, bytes, kind, places, window);
  case Space::Param:
    return findParameter(w, mask, bytes, kind, places, window);
  default:
    return findGlobal(w, inst, mask, bytes, kind, places, stored);
  }
}

void ptxsim::findPlaces(Warp &w, const Inst &inst, uint32_t mask,
                        unsigned bytes, AccessKind kind, Places &places,
                        StoredFn stored) {
  if (w.block->profiler)
    countAccess(w, inst, inst.space, places.addresses, mask, bytes,
                isWrite(kind));
  if (findTogether(w, inst, mask, bytes, kind, places, stored))
    return;
  places.pattern = Pattern::Scattered;
  places.space = inst.space;
  places.mask = 0;
  places.mayBeUndefined = true;
  w.stored = stored;
  for (Lanes l(mask); l; ++l) {
    places.lanes[*l] =
        w.access(inst, *l, inst.space, places.addresses[*l], bytes, kind);
    if (places.lanes[*l])
      places.mask |= 1u << *l;
  }
  w.stored = nullptr;
}
