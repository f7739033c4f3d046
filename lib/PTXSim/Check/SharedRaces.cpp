//===- SharedRaces.cpp - Races in shared memory ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each 4 bytes have a cell with the accesses that a later one could race with.
// A barrier of the whole block invalidates all cells at once. Otherwise, an
// entry is dropped when a later one is ordered after it and conflicts with all
// accesses that it would have conflicted with.
//
//===----------------------------------------------------------------------===//

#include "SharedRaces.h"
#ifdef __AVX2__
#include <immintrin.h>
#endif
#include <algorithm>

using namespace ptxsim;

using Impl = SharedRaces::Impl;

//===----------------------------------------------------------------------===//
// Cells
//===----------------------------------------------------------------------===//

/// From blocks that have ended on this host thread.
static thread_local std::vector<std::unique_ptr<SharedCells>> spareCells;

Impl::Impl(Block &block, uint32_t bytes)
    : block(block), clocks(block.clocks->get()) {
  if (!spareCells.empty()) {
    storage = std::move(spareCells.back());
    spareCells.pop_back();
  } else {
    storage = std::make_unique<SharedCells>();
  }
  size_t count = (size_t(bytes) + 3) / 4;
  if (storage->cells.size() < count || storage->time > UINT32_MAX / 2) {
    *storage = SharedCells();
    storage->cells.resize(count);
  }
  storage->lists.resize(1);
  storage->freeLists.clear();
  start = storage->time;
  clocks.begin(start);
  cells = storage->cells.data();
}

Impl::~Impl() {
  if (spareCells.size() < 4)
    spareCells.push_back(std::move(storage));
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

/// Returns the lanes of a warp of the entry that are not known to be done, for
/// at least one lane of the access that is another thread.
uint32_t Impl::findUnordered(const SharedAccess &access, const SharedEntry &old,
                             unsigned warp) const {
  const Knowledge &known = *access.known;
  bool isOwn = access.ownBit == 1u << warp;
  if (old.info & SharedEntry::common)
    return isOwn || known.knows(clocks.getCommonActor(warp), old.time)
               ? 0
               : kAllLanes;
  // A common access of the warp happens after the accesses of its lanes.
  if (isOwn && (access.entry.info & SharedEntry::common))
    return 0;
  uint32_t unknown = old.lanes;
  if (isOwn && !(access.entry.lanes & (access.entry.lanes - 1)))
    unknown &= ~access.entry.lanes;
  if (!known.clocks.empty()) {
    const uint32_t *clock = &known.clocks[warp * kLanes];
    for (Lanes l(unknown); l; ++l)
      if (clock[*l] >= old.time)
        unknown &= ~(1u << *l);
  }
  return unknown;
}

/// Returns earlier lanes that touched the same location in the same
/// instruction: all of them, or, if one stored another value (`differ`), only
/// that one.
uint32_t Impl::getHarmless(const SharedAccess &access, bool &differ) const {
  differ = false;
  if (!access.addresses)
    return 0;
  unsigned lane = unsigned(__builtin_ctz(access.entry.lanes));
  uint32_t same = 0;
  for (Lanes l(access.earlier); l; ++l) {
    if (access.addresses[*l] != access.addresses[lane])
      continue;
    if (access.stored) {
      uint8_t one[32], two[32];
      access.stored(*access.warp, *access.inst, *l, one);
      access.stored(*access.warp, *access.inst, lane, two);
      if (std::memcmp(one, two, access.bytes)) {
        differ = true;
        return 1u << *l;
      }
    }
    same |= 1u << *l;
  }
  return same;
}

/// Returns true if the access stores the value that the threads of the old
/// entry stored to the cell at `offset`. That value is still in memory: a
/// thread that stored another value since is either ordered after the old entry
/// or has been reported.
bool Impl::storesSame(const SharedAccess &access, const SharedEntry &old,
                      uint32_t offset) const {
  if (!access.stored || !(old.info & SharedEntry::writes) ||
      (old.info & (SharedEntry::opaque | SharedEntry::afterRead)))
    return false;
  uint8_t value[32];
  access.stored(*access.warp, *access.inst, access.lane, value);
  uint32_t bits = old.info & access.entry.info & SharedEntry::byteBits;
  for (unsigned b = 0; b < 4; ++b)
    if ((bits >> b & 1) &&
        block.shared[offset + b] != value[offset + b - access.place])
      return false;
  return true;
}

/// Reports a race with the old entry. Returns true if the new access replaces
/// it.
bool Impl::review(SharedAccess &access, SharedEntry &old, uint32_t offset) {
  SharedEntry &entry = access.entry;
  bool collide = (old.info & entry.info & SharedEntry::byteBits) &&
                 ((old.info | entry.info) & SharedEntry::writes) &&
                 !(old.info & entry.info & SharedEntry::strong);
  bool isCovered =
      !(old.info & ~entry.info &
        (SharedEntry::byteBits | SharedEntry::writes)) &&
      (!(entry.info & SharedEntry::strong) || (old.info & SharedEntry::strong));
  bool isSameWarp = old.warps == entry.warps &&
                    !((old.info ^ entry.info) & SharedEntry::common);
  if (!collide) {
    // A read by another thread stays, even if it is known to be done: a thread
    // that knows of this one need not know of that one.
    if (!isCovered || !isSameWarp)
      return false;
    old.lanes &= ~entry.lanes;
    return !old.lanes;
  }
  bool isOrdered = true;
  for (Lanes w(old.warps); w; ++w) {
    uint32_t unknown = findUnordered(access, old, *w);
    if (!unknown)
      continue;
    if (old.time == entry.time && access.ownBit == 1u << *w &&
        old.line() == entry.line() && (old.info & SharedEntry::writes)) {
      bool differ;
      uint32_t same = getHarmless(access, differ);
      if (differ && (unknown & same)) {
        report(access, old, *w, unsigned(__builtin_ctz(same)), true);
        continue;
      }
      unknown &= ~same;
      isOrdered &= !same;
    }
    if (!unknown)
      continue;
    if (storesSame(access, old, offset)) {
      isOrdered = false;
      reportSame(access, old, *w, unsigned(__builtin_ctz(unknown)));
      continue;
    }
    report(access, old, *w, unsigned(__builtin_ctz(unknown)), false);
  }
  // Also after a finding, because each race is reported once.
  bool replaces =
      isCovered && isOrdered && (entry.info & SharedEntry::writes) != 0;
  if (replaces && (!(old.info & SharedEntry::writes) ||
                   (old.info & SharedEntry::afterRead)))
    entry.info |= SharedEntry::afterRead;
  return replaces;
}

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

void Impl::touchSlowly(SharedAccess &access, SharedCell &cell) {
  SharedEntry &entry = access.entry;
  entry.info &= ~SharedEntry::afterRead;
  auto offset = uint32_t(&cell - cells) * 4;
  // Compares with the old entries, and keeps those that are still relevant.
  std::vector<SharedEntry> *list =
      cell.more ? &storage->lists[cell.more] : nullptr;
  unsigned kept = 0;
  for (unsigned i = 0; i < cell.count; ++i)
    if (!review(access, cell.entries[i], offset))
      cell.entries[kept++] = cell.entries[i];
  cell.count = kept;
  if (list) {
    auto end =
        std::remove_if(list->begin(), list->end(), [&](SharedEntry &old) {
          return review(access, old, offset);
        });
    list->erase(end, list->end());
    while (cell.count < 2 && !list->empty()) {
      cell.entries[cell.count++] = list->back();
      list->pop_back();
    }
  }
  cell.touched = entry.time;

  auto absorbs = [&](SharedEntry &old) {
    if (old.time != entry.time)
      return false;
    // An access of the same thread at the same time that includes this one.
    if (old.warps == entry.warps && !(entry.lanes & ~old.lanes) &&
        !((old.info ^ entry.info) & SharedEntry::common) &&
        !(entry.info & ~old.info &
          (SharedEntry::byteBits | SharedEntry::writes)) &&
        (!(old.info & SharedEntry::strong) ||
         (entry.info & SharedEntry::strong)))
      return true;
    if ((old.info ^ entry.info) & SharedEntry::flagBits)
      return false;
    // The set of threads stays a product.
    if (old.warps == entry.warps)
      old.lanes |= entry.lanes;
    else if (old.lanes == entry.lanes)
      old.warps |= entry.warps;
    else
      return false;
    return true;
  };
  for (unsigned i = 0; i < cell.count; ++i)
    if (absorbs(cell.entries[i]))
      return;
  if (list)
    for (SharedEntry &old : *list)
      if (absorbs(old))
        return;
  if (cell.count < 2) {
    cell.entries[cell.count++] = entry;
    return;
  }
  if (!list) {
    if (storage->freeLists.empty()) {
      cell.more = uint32_t(storage->lists.size());
      storage->lists.emplace_back();
    } else {
      cell.more = storage->freeLists.back();
      storage->freeLists.pop_back();
    }
    list = &storage->lists[cell.more];
  }
  list->push_back(entry);
}

/// The most common cases: the first access since the last barrier, or a
/// repetition of an access in the cell.
inline bool Impl::touchQuickly(const SharedEntry &entry, SharedCell &cell) {
  if (cell.touched <= clocks.getFloor()) {
    if (__builtin_expect(cell.more, 0)) {
      if (cell.touched > start) {
        storage->lists[cell.more].clear();
        storage->freeLists.push_back(cell.more);
      }
      cell.more = 0;
    }
    cell.touched = entry.time;
    cell.count = 1;
    cell.entries[0] = entry;
    return true;
  }
  SharedEntry &old = cell.entries[0];
  if (cell.count != 1 || cell.more || old.time != entry.time ||
      ((old.info ^ entry.info) & SharedEntry::flagBits))
    return isKnownRead(entry, cell);
  if (old.warps == entry.warps && old.lanes == entry.lanes)
    return true;
  if (entry.info & SharedEntry::writes)
    return false;
  if (old.lanes == entry.lanes)
    old.warps |= entry.warps;
  else if (old.warps == entry.warps)
    old.lanes |= entry.lanes;
  else
    return !(entry.warps & ~old.warps) && !(entry.lanes & ~old.lanes);
  return true;
}

/// A read that one of two entries contains: every later access was compared
/// with that entry.
inline bool Impl::isKnownRead(const SharedEntry &entry,
                              const SharedCell &cell) {
  if (entry.info & SharedEntry::writes)
    return false;
  bool result = false;
  for (unsigned i = 0; i < cell.count; ++i) {
    const SharedEntry &old = cell.entries[i];
    result |= old.time == entry.time &&
              !((old.info ^ entry.info) & SharedEntry::flagBits) &&
              !(entry.warps & ~old.warps) && !(entry.lanes & ~old.lanes);
  }
  return result;
}

/// Returns the lanes that access the same location as the first one.
static uint32_t getAlike(const uint32_t *places, uint32_t lanes) {
  uint32_t first = places[__builtin_ctz(lanes)], alike = 0;
#ifdef __AVX2__
  __m256i wanted = _mm256_set1_epi32(int(first));
  for (unsigned l = 0; l < kLanes; l += 8) {
    __m256i same = _mm256_cmpeq_epi32(
        wanted,
        _mm256_loadu_si256(reinterpret_cast<const __m256i *>(places + l)));
    alike |= uint32_t(_mm256_movemask_ps(_mm256_castsi256_ps(same))) << l;
  }
#else
  for (unsigned l = 0; l < kLanes; ++l)
    alike |= uint32_t(places[l] == first) << l;
#endif
  return alike & lanes;
}

/// Returns true if the addresses of the lanes increase.
static bool areRising(const uint64_t *addresses, uint32_t lanes) {
  bool rises = true;
  uint64_t last = 0;
  for (Lanes l(lanes); l; ++l) {
    rises &= addresses[*l] > last;
    last = addresses[*l];
  }
  return rises;
}

inline void Impl::touchCell(SharedAccess &access, SharedCell &cell,
                            uint32_t byteBits) {
  SharedEntry &entry = access.entry;
  entry.info = (entry.info & ~SharedEntry::byteBits) | byteBits;
  if (!touchQuickly(entry, cell))
    touchSlowly(access, cell);
}

inline void Impl::touch(SharedAccess &access, uint32_t offset, unsigned bytes) {
  SharedCell *cell = &cells[offset / 4];
  if (unsigned first = offset % 4; first || bytes < 4) {
    unsigned count = std::min(4 - first, bytes);
    touchCell(access, *cell++, ((1u << count) - 1) << first);
    bytes -= count;
  }
  for (; bytes >= 4; bytes -= 4)
    touchCell(access, *cell++, SharedEntry::byteBits);
  if (bytes)
    touchCell(access, *cell, (1u << bytes) - 1);
}

SharedAccess Impl::begin(Warp &warp, const Inst &inst, AccessKind kind,
                         bool strong) {
  strong |= block.launch->globalRaces->isCasLoad(inst);
  SharedAccess access;
  access.warp = &warp;
  access.inst = &inst;
  access.known = clocks.getUniform(warp.index);
  access.ownBit = 1u << warp.index;
  bool isCommon = kind == AccessKind::WarpLoad || kind == AccessKind::WarpStore;
  access.entry = {clocks.stamp(), access.ownBit, kAllLanes,
                  inst.line << SharedEntry::lineShift |
                      (isWrite(kind) ? SharedEntry::writes : 0) |
                      (strong ? SharedEntry::strong : 0) |
                      (kind == AccessKind::Atomic ? SharedEntry::opaque : 0) |
                      (isCommon ? SharedEntry::common : 0)};
  access.what = kind == AccessKind::Atomic ? "atomic operation"
                : isWrite(kind)            ? "store"
                                           : "load";
  storage->time = access.entry.time;
  access.isReported = false;
  access.earlier = 0;
  access.addresses = nullptr;
  access.stored = nullptr;
  access.bytes = 0;
  access.lane = access.place = 0;
  return access;
}

void Impl::accessWarp(Warp &warp, const Inst &inst, const uint64_t *addresses,
                      uint32_t mask, unsigned bytes, AccessKind kind,
                      bool strong, StoredFn stored) {
  SharedAccess access = begin(warp, inst, kind, strong);
  access.addresses = addresses;
  access.stored = stored;
  access.bytes = bytes;
  const Knowledge *common = access.known;
  bool isCommon = access.entry.info & SharedEntry::common;

  // All lanes read one location: one access.
  if (mask == kAllLanes && !isWrite(kind) && !isCommon && common) {
    uint64_t differ = 0;
    for (unsigned l = 0; l < kLanes; ++l)
      differ |= addresses[l] ^ addresses[0];
    if (!differ) {
      touch(access, uint32_t(addresses[0] - kSharedBase), bytes);
      return;
    }
  }
  if (common && bytes % 4 == 0) {
    SharedEntry entry = access.entry;
    entry.info |= SharedEntry::byteBits;
    // Lanes that read one location read together.
    bool groups = !isWrite(kind) && !isCommon && !areRising(addresses, mask);
    uint32_t left = mask, places[kLanes];
    for (unsigned l = 0; groups && l < kLanes; ++l)
      places[l] = uint32_t(addresses[l]);
    for (Lanes l(mask); l; ++l) {
      uint32_t bit = 1u << *l;
      if (groups) {
        if (!(left & bit))
          continue;
        bit = getAlike(places, left);
        left &= ~bit;
      }
      if (!isCommon)
        entry.lanes = bit;
      SharedCell *cell = &cells[(addresses[*l] - kSharedBase) / 4];
      for (SharedCell *end = cell + bytes / 4; cell != end; ++cell) {
        if (touchQuickly(entry, *cell))
          continue;
        access.entry = entry;
        access.earlier = mask & ((1u << *l) - 1);
        access.lane = *l;
        access.place = uint32_t(addresses[*l] - kSharedBase);
        touchSlowly(access, *cell);
      }
    }
    return;
  }
  for (Lanes l(mask); l; ++l) {
    uint32_t bit = 1u << *l;
    if (!common)
      access.known = clocks.get(warp.firstThread() + *l).get();
    if (!isCommon)
      access.entry.lanes = bit;
    access.lane = *l;
    access.place = uint32_t(addresses[*l] - kSharedBase);
    touch(access, access.place, bytes);
    access.earlier |= bit;
  }
}

void Impl::accessLane(Warp &warp, const Inst &inst, unsigned lane,
                      uint32_t offset, unsigned bytes, AccessKind kind,
                      bool strong, uint32_t flags) {
  SharedAccess access = begin(warp, inst, kind, strong);
  access.entry.info |= flags;
  if (lastInst != &inst || lastWarp != &warp || lastLanes >> lane) {
    lastInst = &inst;
    lastWarp = &warp;
    lastLanes = 0;
  }
  lastAddresses[lane] = offset;
  access.earlier = lastLanes;
  access.addresses = lastAddresses;
  access.stored = warp.stored;
  access.bytes = bytes;
  access.lane = lane;
  access.place = offset;
  lastLanes |= 1u << lane;
  if (!access.known)
    access.known = clocks.get(warp.firstThread() + lane).get();
  if (!(access.entry.info & SharedEntry::common))
    access.entry.lanes = 1u << lane;
  touch(access, offset, bytes);
}

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

static std::string nameThread(const Block &block, unsigned thread) {
  Dim3 id = getThread(block, thread);
  return "thread (" + std::to_string(id.x) + "," + std::to_string(id.y) + "," +
         std::to_string(id.z) + ")";
}

void Impl::report(SharedAccess &access, const SharedEntry &old, unsigned warp,
                  unsigned lane, bool isOneInstruction) {
  if (access.isReported)
    return;
  access.isReported = true;
  unsigned own = unsigned(__builtin_ctz(access.entry.lanes));
  // Of lanes that read together, one that is not the writer.
  if (warp == access.warp->index && own == lane)
    if (uint32_t others = access.entry.lanes & ~(1u << lane))
      own = unsigned(__builtin_ctz(others));
  if (isOneInstruction) {
    access.warp->report(*access.inst, own, CheckRace, "race",
                        nameThread(block, warp * kLanes + lane) +
                            " stores another value to the same place in the "
                            "same instruction");
    return;
  }
  std::string who = old.info & SharedEntry::common
                        ? "warp " + std::to_string(warp)
                        : nameThread(block, warp * kLanes + lane);
  access.warp->report(
      *access.inst, own, CheckRace, "race",
      who + (old.info & SharedEntry::writes ? " wrote" : " read") +
          " these bytes of shared memory at line " +
          std::to_string(old.line()) +
          ", and nothing orders that before this " + access.what,
      old.line(), ((old.info | access.entry.info) & SharedEntry::atWait) != 0);
}

void Impl::reportSame(SharedAccess &access, const SharedEntry &old,
                      unsigned warp, unsigned lane) {
  if (!access.warp->isChecked(CheckSameValue))
    return;
  access.warp->report(*access.inst, access.lane, CheckSameValue, "same-value",
                      nameThread(block, warp * kLanes + lane) +
                          " stored the same value here at line " +
                          std::to_string(old.line()) +
                          ", and nothing orders that before this store",
                      old.line());
}

//===----------------------------------------------------------------------===//
// The interface
//===----------------------------------------------------------------------===//

SharedRaces::SharedRaces(Block &block, uint32_t bytes)
    : impl(std::make_unique<Impl>(block, bytes)) {}

SharedRaces::~SharedRaces() = default;

void SharedRaces::access(Warp &warp, const Inst &inst, unsigned lane,
                         uint32_t offset, unsigned bytes, AccessKind kind,
                         bool strong) {
  impl->accessLane(warp, inst, lane, offset, bytes, kind, strong);
}

void SharedRaces::accessWarp(Warp &warp, const Inst &inst,
                             const uint64_t *addresses, uint32_t mask,
                             unsigned bytes, AccessKind kind, bool strong,
                             StoredFn stored) {
  impl->accessWarp(warp, inst, addresses, mask, bytes, kind, strong, stored);
}

void SharedRaces::order(Warp &warp, unsigned lane, uint32_t offset, Order order,
                        bool reads, bool writes) {
  impl->getClocks().order(warp.firstThread() + lane, offset, order, reads,
                          writes);
}

void SharedRaces::copied(Warp &warp, const Inst &inst, unsigned lane,
                         uint32_t offset, unsigned bytes, bool isAtWait) {
  impl->accessLane(warp, inst, lane, offset, bytes, AccessKind::Store, false,
                   SharedEntry::opaque | (isAtWait ? SharedEntry::atWait : 0));
}

KnowledgeRef &SharedRaces::object(uint32_t offset) {
  return impl->getClocks().getObject(offset);
}
