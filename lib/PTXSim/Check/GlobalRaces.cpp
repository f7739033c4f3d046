//===- GlobalRaces.cpp - Races between blocks -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The checker compares accesses of different blocks only, except for lanes that
// store to one location in one instruction. Each 4 bytes of global memory have
// a cell with two writes and two reads: the last one, and an earlier one that
// the last one does not replace, because other accesses are ordered after only
// one of them or conflict with only one of them. If three of a kind would be
// needed, one is dropped, and a race may be missed. Blocks run on several host
// threads; a lock for each page makes the check and the update of a cell
// atomic.
//
//===----------------------------------------------------------------------===//

#include "CasLoops.h"
#include "Exec/MemoryModes.h"
#include "ThreadClocks.h"
#include <algorithm>
#include <thread>

using namespace ptxsim;

namespace {

/// An access in 64 bits; 0: none.
struct Record {
  uint64_t bits = 0;

  // From bit 0: bytes of the cell (4), strong, flag, line number (11), fresh,
  // stamp (12), thread (10), block (24), where 0 is none.
  static constexpr uint64_t byteBits = 15;
  static constexpr uint64_t strong = 1 << 4;
  /// For a write: by the whole warp. For the older read: other blocks have also
  /// read and are not recorded.
  static constexpr uint64_t flag = 1 << 5;
  /// A strong read that saw the last write.
  static constexpr uint64_t fresh = 1 << 17;
  /// Of a write: a plain store that replaces no read, and whose value is in
  /// Allocation::stored.
  static constexpr uint64_t known = 1 << 17;
  static constexpr unsigned siteShift = 6, stampShift = 18, threadShift = 30,
                            blockShift = 40;
  static constexpr unsigned maxSite = 0x7ff;

  explicit operator bool() const { return bits != 0; }
  bool isStrong() const { return bits & strong; }
  bool hasFlag() const { return bits & flag; }
  bool isFresh() const { return bits & fresh; }
  bool isKnown() const { return bits & known; }
  unsigned site() const { return bits >> siteShift & maxSite; }
  uint32_t stamp() const { return bits >> stampShift & 0xfff; }
  unsigned thread() const { return bits >> threadShift & 0x3ff; }
  uint32_t block() const { return uint32_t(bits >> blockShift); }
  bool collides(Record other) const {
    return (bits & other.bits & byteBits) && !(bits & other.bits & strong);
  }
  /// Races with all accesses that the other one races with.
  bool covers(Record other) const {
    return !(other.bits & ~bits & byteBits) &&
           (!isStrong() || other.isStrong());
  }
  bool isOfBlock(Record other) const {
    return !((bits ^ other.bits) >> blockShift);
  }
  /// Done by one warp, with no release between the two.
  bool isOfMoment(Record other) const {
    uint64_t differ = bits ^ other.bits;
    return !(differ >> (threadShift + 5)) && !(differ >> stampShift & 0xfff);
  }
  /// Returns true if both race with the same accesses.
  bool isAlike(Record other) const {
    return !((bits ^ other.bits) & (byteBits | strong));
  }
  /// The same for writes.
  bool isSuchWrite(Record other) const {
    return !((bits ^ other.bits) & (byteBits | strong | known));
  }
};

/// The last accesses and older ones.
struct Cell {
  Record writes[2], reads[2];
};
static_assert(sizeof(Cell) == 4 * Allocation::kRaceBytes);

/// Numbers of blocks in records and knowledge. Two blocks with the same number
/// are not distinguished.
uint32_t getNumber(const Block &block) {
  return uint32_t(block.number % ((1u << Foreign::bits) - 1)) + 1;
}

class SpinLock {
public:
  void lock() {
    for (unsigned round = 0; held.exchange(true, std::memory_order_acquire);)
      if (++round % 64 == 0)
        std::this_thread::yield();
  }
  void unlock() { held.store(false, std::memory_order_release); }

private:
  alignas(64) std::atomic<bool> held{false};
};

/// An access of the lanes of a warp, and its first race.
struct Access {
  Warp *warp;
  const Inst *inst;
  AccessKind kind;
  bool isUniform;         // all lanes have the same knowledge
  const Foreign *foreign; // the lane's knowledge of other blocks
  uint32_t floor;         // stamp up to which the block knows all its own
  Record record;          // of the lane
  unsigned lane;
  /// The bytes of the cell that a plain store writes, and those of the store
  /// before it.
  uint8_t value[32];
  const uint8_t *newBytes = nullptr, *oldBytes = nullptr;

  bool isRace = false;
  /// Another block stored the same value.
  Record same;
  bool againstWrite;
  unsigned reportedLane;
  Record other;
  /// The other record is of this block, but other blocks have also read.
  bool isUnnamed;

  void race(Record with, bool isWrite, bool unnamed = false) {
    if (isRace)
      return;
    isRace = true;
    againstWrite = isWrite;
    reportedLane = lane;
    other = with;
    isUnnamed = unnamed;
  }
};

} // namespace

class GlobalRaces::Impl {
public:
  explicit Impl(Launch &launch);

  Access begin(Warp &warp, const Inst &inst, AccessKind kind, bool strong);
  void setLane(Access &access, unsigned lane);
  void touchCell(Access &access, Cell &cell, Record record);
  void touch(Access &access, Allocation &memory, uint64_t address,
             unsigned bytes, StoredFn stored);
  void report(const Access &access);
  void reportSame(const Access &access);
  static void compareLanes(Warp &warp, const Inst &inst,
                           const uint64_t *addresses, uint32_t mask,
                           unsigned bytes, StoredFn stored);
  void order(Warp &warp, unsigned lane, uint64_t address, Order order,
             Scope scope, bool reads, bool writes);
  bool isCasLoad(const Inst &inst) const {
    return inst.number < casLoads.size() && casLoads[inst.number];
  }
  SpinLock &getLock(uint64_t address) {
    return locks[address / pageSize % numLocks];
  }
  static constexpr unsigned pageSize = 4096;

private:
  unsigned getSite(const Inst &inst);
  static Record merge(Record old, Record record);
  static void compareWrites(Access &access, const Cell &cell, Record record);
  static void compareReads(Access &access, const Cell &cell, Record record);
  static void read(Access &access, Cell &cell, Record record);
  static void write(Access &access, Cell &cell, Record record);
  static bool isKnown(const Access &access, Record old, bool byWarp) {
    return access.foreign && Foreign::knows(access.foreign, old.block(),
                                            old.thread(), byWarp, old.stamp());
  }
  static bool comesAfter(const Access &access, Record record, Record old,
                         bool byWarp);
  static bool storesSame(const Access &access, Record record, Record old);
  std::string nameThread(const Access &access, Record record) const;
  static bool hasSeen(const Access &access, const Cell &cell, Record record,
                      Record write);

  Launch &launch;
  std::vector<bool> casLoads;
  static constexpr unsigned numLocks = 256;
  SpinLock locks[numLocks];

  /// Numbers of the instructions that accessed global memory; 0: none yet, or
  /// too many.
  std::unique_ptr<std::atomic<uint16_t>[]> siteOf;
  std::mutex siteMutex;
  std::vector<uint32_t> lines{0}; // by site

  struct Shard {
    std::mutex mutex;
    std::unordered_map<uint64_t, ForeignRef> objects;
  };
  static constexpr unsigned numShards = 64;
  Shard shards[numShards];
  std::atomic<bool> hasObjects{false};
};

using Impl = GlobalRaces::Impl;

Impl::Impl(Launch &launch)
    : launch(launch), casLoads(findCasLoads(*launch.kernel, *launch.program)),
      siteOf(new std::atomic<uint16_t>[launch.kernel->code.size()]()) {
  if (std::find(casLoads.begin(), casLoads.end(), true) == casLoads.end())
    casLoads.clear();
  // A launch happens after the complete previous launch.
  for (const auto &[base, allocation] : launch.memory->all())
    allocation->races.clear();
}

unsigned Impl::getSite(const Inst &inst) {
  if (inst.number >= launch.kernel->code.size())
    return 0;
  std::atomic<uint16_t> &site = siteOf[inst.number];
  if (unsigned known = site.load(std::memory_order_relaxed))
    return known;
  std::lock_guard<std::mutex> lock(siteMutex);
  if (!site && lines.size() <= Record::maxSite) {
    lines.push_back(inst.line);
    site = uint16_t(lines.size() - 1);
  }
  return site;
}

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

Access Impl::begin(Warp &warp, const Inst &inst, AccessKind kind, bool strong) {
  Block &block = *warp.block;
  ThreadClocks::Impl &clocks = block.clocks->get();
  uint64_t stamp = Snapshot::getStamp(clocks.stamp(), clocks.getStart());
  // A strong access with the scope of a block does not protect here.
  if (strong && MemoryMode::unpack(inst.mode2).strong &&
      MemoryMode::unpack(inst.mode2).scope == Scope::Block)
    strong = false;
  strong |= isCasLoad(inst);
  Access access;
  access.warp = &warp;
  access.inst = &inst;
  access.kind = kind;
  const Knowledge *common = clocks.getUniform(warp.index);
  access.isUniform = common;
  access.foreign = common ? common->foreign.get() : nullptr;
  access.floor = Snapshot::getStamp(clocks.getFloor(), clocks.getStart());
  access.lane = 0;
  access.record.bits = (strong ? Record::strong : 0) |
                       (kind == AccessKind::WarpStore ? Record::flag : 0) |
                       (strong && !isWrite(kind) ? Record::fresh : 0) |
                       uint64_t(getSite(inst)) << Record::siteShift |
                       stamp << Record::stampShift |
                       uint64_t(warp.firstThread()) << Record::threadShift |
                       uint64_t(getNumber(block)) << Record::blockShift;
  return access;
}

inline void Impl::setLane(Access &access, unsigned lane) {
  uint64_t laneBits = uint64_t(kLanes - 1) << Record::threadShift;
  access.lane = lane;
  access.record.bits =
      (access.record.bits & ~laneBits) | uint64_t(lane) << Record::threadShift;
  if (!access.isUniform)
    access.foreign = access.warp->block->clocks->get()
                         .get(access.warp->firstThread() + lane)
                         ->foreign.get();
}

/// Accesses of the lanes of one warp at one time are recorded together.
Record Impl::merge(Record old, Record record) {
  if (old.isStrong() == record.isStrong())
    record.bits |= old.bits & Record::byteBits;
  else if (!((old.bits ^ record.bits) & Record::byteBits))
    record.bits &= ~Record::strong;
  return record;
}

/// Returns true if the access is known to happen after the old one.
bool Impl::comesAfter(const Access &access, Record record, Record old,
                      bool byWarp) {
  if (!old.isOfBlock(record))
    return isKnown(access, old, byWarp);
  return old.thread() == record.thread() || old.isOfMoment(record) ||
         (old.stamp() <= access.floor && old.stamp() < Snapshot::maxStamp);
}

/// A strong write happens before the actions of a thread that has seen it
/// (causality order), whatever else the thread knows.
bool Impl::hasSeen(const Access &access, const Cell &cell, Record record,
                   Record write) {
  return write.isStrong() &&
         std::any_of(std::begin(cell.reads), std::end(cell.reads),
                     [&](Record read) {
                       return read.isFresh() && read.isOfBlock(record) &&
                              comesAfter(access, record, read, false);
                     });
}

/// Returns true if the access stores the same value as the old one.
bool Impl::storesSame(const Access &access, Record record, Record old) {
  if (!access.newBytes || !old.isKnown())
    return false;
  for (unsigned b = 0; b < 4; ++b)
    if ((record.bits & old.bits & Record::byteBits) >> b & 1 &&
        access.newBytes[b] != access.oldBytes[b])
      return false;
  return true;
}

void Impl::compareWrites(Access &access, const Cell &cell, Record record) {
  for (const Record &old : cell.writes) {
    bool isLast = &old == cell.writes;
    if (old && !old.isOfBlock(record) && old.collides(record) &&
        !isKnown(access, old, old.hasFlag()) &&
        !(isLast && hasSeen(access, cell, record, old))) {
      if (!storesSame(access, record, old))
        access.race(old, true);
      else
        access.same = old;
    }
  }
}

void Impl::compareReads(Access &access, const Cell &cell, Record record) {
  for (Record old : cell.reads)
    if (old && !old.isOfBlock(record) && old.collides(record) &&
        !isKnown(access, old, false))
      access.race(old, false);
  // Unrecorded readers race with a thread that does not know of any block.
  Record first = cell.reads[1];
  if (first.hasFlag() && first.collides(record) && !access.foreign)
    access.race(first, false, true);
}

void Impl::read(Access &access, Cell &cell, Record record) {
  compareWrites(access, cell, record);
  Record &last = cell.reads[0], &first = cell.reads[1];
  if (last.isOfBlock(record) && last.isOfMoment(record)) {
    last = merge(last, record);
    return;
  }
  auto standsFor = [&](Record old) {
    return !old ||
           (record.covers(old) && comesAfter(access, record, old, false));
  };
  if (!standsFor(last)) {
    if (standsFor(first))
      first = last;
    else if (!last.isOfBlock(first))
      first.bits |= Record::flag;
  }
  last = record;
}

void Impl::write(Access &access, Cell &cell, Record record) {
  compareWrites(access, cell, record);
  compareReads(access, cell, record);
  // Races with other blocks have been reported and do not count any more.
  auto standsFor = [&](Record old, bool byWarp) {
    return !old || (record.covers(old) &&
                    (comesAfter(access, record, old, byWarp) ||
                     (!old.isOfBlock(record) && old.collides(record) &&
                      !storesSame(access, record, old))));
  };
  for (Record &old : cell.reads)
    if (old && standsFor(old, false)) {
      old.bits = 0;
      record.bits &= ~Record::known;
    }
  for (Record &old : cell.reads)
    old.bits &= ~Record::fresh;
  Record &last = cell.writes[0], &first = cell.writes[1];
  // An atomic operation has seen the last write.
  if (access.kind == AccessKind::Atomic && last.isStrong() &&
      record.covers(last)) {
    last = record;
    return;
  }
  if (last.isOfBlock(record) && last.isOfMoment(record)) {
    record.bits &= last.bits | ~Record::known;
    last = merge(last, record);
    return;
  }
  if (standsFor(last, last.hasFlag())) {
    if (last)
      record.bits &= last.bits | ~Record::known;
  } else {
    // If only one of two can be kept, the one that races with more accesses.
    if (standsFor(first, first.hasFlag()) || !last.isStrong() ||
        first.isStrong())
      first = last;
  }
  last = record;
}

inline void Impl::touchCell(Access &access, Cell &cell, Record record) {
  // Usually, only readers or only this block accessed the cell.
  bool isOwn =
      (!cell.writes[0] || cell.writes[0].isOfBlock(record)) && !cell.writes[1];
  if (isWrite(access.kind)) {
    if (isOwn && !cell.reads[0] && !cell.reads[1] &&
        (!cell.writes[0] || (cell.writes[0].isOfMoment(record) &&
                             cell.writes[0].isSuchWrite(record))))
      cell.writes[0] = record;
    else
      write(access, cell, record);
    return;
  }
  Record last = cell.reads[0];
  if (isOwn && (!last || (last.isOfBlock(record) && last.isOfMoment(record) &&
                          last.isAlike(record))))
    cell.reads[0] = record;
  else
    read(access, cell, record);
}

/// Lanes that store different values to one location in one instruction: the
/// final value is undefined.
void Impl::compareLanes(Warp &warp, const Inst &inst, const uint64_t *addresses,
                        uint32_t mask, unsigned bytes, StoredFn stored) {
  // Usually, addresses increase.
  uint64_t next = 0;
  bool rises = true;
  for (Lanes l(mask); l; ++l) {
    rises &= addresses[*l] >= next;
    next = addresses[*l] + bytes;
  }
  if (rises)
    return;
  unsigned lanes[kLanes], count = 0;
  for (Lanes l(mask); l; ++l)
    lanes[count++] = *l;
  std::sort(lanes, lanes + count, [&](unsigned a, unsigned b) {
    return addresses[a] != addresses[b] ? addresses[a] < addresses[b] : a < b;
  });
  for (unsigned i = 1; i < count; ++i) {
    unsigned one = lanes[i - 1], two = lanes[i];
    if (addresses[one] != addresses[two])
      continue;
    uint8_t values[2][32];
    stored(warp, inst, one, values[0]);
    stored(warp, inst, two, values[1]);
    if (!std::memcmp(values[0], values[1], bytes))
      continue;
    Dim3 id = getThread(*warp.block, warp.firstThread() + one);
    warp.report(inst, two, CheckRace, "race",
                "thread (" + std::to_string(id.x) + "," + std::to_string(id.y) +
                    "," + std::to_string(id.z) +
                    ") stores another value to the same place in the same "
                    "instruction");
    return;
  }
}

inline void Impl::touch(Access &access, Allocation &memory, uint64_t address,
                        unsigned bytes, StoredFn stored) {
  uint64_t offset = address - memory.base;
  Cell *cell = reinterpret_cast<Cell *>(memory.races.data()) + offset / 4;
  Record record = access.record;
  if (stored) {
    uint8_t *left = memory.stored.data() + offset;
    stored(*access.warp, *access.inst, access.lane, access.value);
    access.record.bits |= Record::known;
    access.newBytes = access.value - offset % 4;
    access.oldBytes = left - offset % 4;
    unsigned rest = bytes;
    for (unsigned first = offset % 4; rest; ++cell, first = 0) {
      unsigned count = std::min(4 - first, rest);
      rest -= count;
      record.bits = access.record.bits | ((1u << count) - 1) << first;
      touchCell(access, *cell, record);
      access.newBytes += 4;
      access.oldBytes += 4;
    }
    std::memcpy(left, access.value, bytes);
    return;
  }
  for (unsigned first = offset % 4; bytes; ++cell, first = 0) {
    unsigned count = std::min(4 - first, bytes);
    bytes -= count;
    record.bits = access.record.bits | ((1u << count) - 1) << first;
    touchCell(access, *cell, record);
  }
}

std::string Impl::nameThread(const Access &access, Record record) const {
  const Dim3 &grid = launch.config.grid;
  uint64_t number = record.block() - 1;
  Dim3 thread = getThread(*access.warp->block, record.thread());
  auto format = [](uint64_t x, uint64_t y, uint64_t z) {
    return "(" + std::to_string(x) + "," + std::to_string(y) + "," +
           std::to_string(z) + ")";
  };
  return "block " +
         format(number % grid.x, number / grid.x % grid.y,
                number / grid.x / grid.y) +
         ", thread " + format(thread.x, thread.y, thread.z);
}

void Impl::reportSame(const Access &access) {
  if (!access.warp->isChecked(CheckSameValue))
    return;
  unsigned line = 0;
  {
    std::lock_guard<std::mutex> lock(siteMutex);
    line = lines[access.same.site()];
  }
  access.warp->report(*access.inst, access.lane, CheckSameValue, "same-value",
                      nameThread(access, access.same) +
                          " stored the same value here" +
                          (line ? " at line " + std::to_string(line) : "") +
                          ", and nothing orders that before this store",
                      line);
}

void Impl::report(const Access &access) {
  Record other = access.other;
  std::string who =
      access.isUnnamed ? "another block" : nameThread(access, other);
  unsigned line = 0;
  std::string message =
      who + (access.againstWrite ? " wrote" : " read") + " these bytes";
  if (other.site() && !access.isUnnamed) {
    std::lock_guard<std::mutex> lock(siteMutex);
    line = lines[other.site()];
    message += " at line " + std::to_string(line);
  }
  message += std::string(", and nothing orders that before this ") +
             (access.kind == AccessKind::Atomic ? "atomic operation"
              : isWrite(access.kind)            ? "store"
                                                : "load");
  access.warp->report(*access.inst, access.reportedLane, CheckRace, "race",
                      std::move(message), line);
}

//===----------------------------------------------------------------------===//
// Order
//===----------------------------------------------------------------------===//

void Impl::order(Warp &warp, unsigned lane, uint64_t address, Order order,
                 Scope scope, bool reads, bool writes) {
  Block &block = *warp.block;
  ThreadClocks::Impl &clocks = block.clocks->get();
  unsigned thread = warp.firstThread() + lane;
  bool isGlobal = scope != Scope::Block;
  // Before the release inside the block, which advances the time.
  Snapshot own;
  if (isGlobal && writes && releases(order))
    own = clocks.makeSnapshot(thread);
  clocks.order(thread, address, order, reads, writes);
  if (!isGlobal)
    return;
  Shard &shard = shards[address / 4 % numShards];
  if (writes) {
    std::vector<Snapshot> snapshots;
    if (own.base)
      snapshots.push_back(own);
    else if (const FenceState *fences = clocks.getFences(thread)) {
      if (fences->released[1].base)
        snapshots.push_back(fences->released[1]);
      if (fences->inherited[1]) {
        Snapshot inherited = clocks.makeSnapshot(thread);
        inherited.base = fences->inherited[1];
        inherited.isInherited = true;
        snapshots.push_back(inherited);
      }
    }
    if (snapshots.empty())
      return;
    hasObjects = true;
    std::lock_guard<std::mutex> lock(shard.mutex);
    ForeignRef &object = shard.objects[address];
    for (Snapshot &snapshot : snapshots) {
      if (snapshot.base->foreign) {
        object = Foreign::join(object, snapshot.base->foreign);
        // The object holds it: do not keep complete histories alive.
        Knowledge stripped = *snapshot.base;
        stripped.foreign = nullptr;
        snapshot.base = std::make_shared<const Knowledge>(std::move(stripped));
      }
      object = Foreign::insert(object, getNumber(block), snapshot);
    }
  }
  if (reads && hasObjects) {
    ForeignRef object;
    {
      std::lock_guard<std::mutex> lock(shard.mutex);
      auto found = shard.objects.find(address);
      if (found == shard.objects.end())
        return;
      object = found->second;
    }
    if (acquires(order))
      clocks.acquireForeign(thread, object);
    else
      clocks.awaitFence(thread, object);
  }
}

//===----------------------------------------------------------------------===//
// The interface
//===----------------------------------------------------------------------===//

GlobalRaces::GlobalRaces(Launch &launch)
    : impl(std::make_unique<Impl>(launch)) {}

GlobalRaces::~GlobalRaces() = default;

void GlobalRaces::access(Warp &warp, const Inst &inst, unsigned lane,
                         Allocation &memory, uint64_t address, unsigned bytes,
                         AccessKind kind, bool strong) {
  Access access = impl->begin(warp, inst, kind, strong);
  impl->setLane(access, lane);
  {
    std::lock_guard<SpinLock> lock(impl->getLock(address));
    impl->touch(access, memory, address, bytes,
                kind == AccessKind::Store ? warp.stored : nullptr);
  }
  if (access.isRace)
    impl->report(access);
  if (access.same)
    impl->reportSame(access);
}

void GlobalRaces::accessWarp(Warp &warp, const Inst &inst, Allocation &memory,
                             const uint64_t *addresses, uint32_t mask,
                             unsigned bytes, AccessKind kind, bool strong,
                             StoredFn stored) {
  if (stored)
    Impl::compareLanes(warp, inst, addresses, mask, bytes, stored);
  Access access = impl->begin(warp, inst, kind, strong);
  SpinLock *held = nullptr;
  for (Lanes l(mask); l; ++l) {
    SpinLock *needed = &impl->getLock(addresses[*l]);
    if (needed != held) {
      if (held)
        held->unlock();
      needed->lock();
      held = needed;
    }
    impl->setLane(access, *l);
    impl->touch(access, memory, addresses[*l], bytes, stored);
  }
  held->unlock();
  if (access.isRace)
    impl->report(access);
  if (access.same)
    impl->reportSame(access);
}

void GlobalRaces::order(Warp &warp, unsigned lane, uint64_t address,
                        Order order, Scope scope, bool reads, bool writes) {
  impl->order(warp, lane, address, order, scope, reads, writes);
}

bool GlobalRaces::isCasLoad(const Inst &inst) const {
  return impl->isCasLoad(inst);
}
