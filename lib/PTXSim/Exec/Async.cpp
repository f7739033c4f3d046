//===- Async.cpp - Copies in flight ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Async.h"
#include "AccessWarp.h"
#include "Check/Races.h"
#include "MatrixAccess.h"
#include "Mbarrier.h"
#include "SourceIndex.h"
#include <algorithm>

using namespace ptxsim;

namespace {
/// The copies of a thread in the order of issue. Numbers in the queue count all
/// copies that the thread has ever issued.
struct Queue {
  std::vector<PendingCopy> copies;
  size_t head = 0;              // the copies before it were waited for
  uint64_t begin = 0;           // number of copies[0]
  unsigned undone = 0;          // copies that have not taken effect
  std::vector<uint64_t> groups; // ends of the committed ones
  size_t firstGroup = 0;

  uint64_t end() const { return begin + copies.size(); }
  uint64_t retired() const { return begin + head; }
};

/// An arrival at an mbarrier that waits for copies.
struct Arrival {
  unsigned thread;
  const Inst *inst;
  uint32_t mbarrier;
  uint64_t end;
};
} // namespace

class AsyncCopies::Impl {
public:
  explicit Impl(Block &block)
      : block(block), isChecked(block.launch->options.checks & CheckAsync),
        isCounted(isChecked || policy() == AsyncPolicy::Random) {}

  Block &block;
  /// True if accesses are checked; copies are counted for that and random
  /// moments.
  const bool isChecked, isCounted;
  std::vector<Queue> queues; // by thread
  std::vector<Arrival> arrivals;
  uint64_t undone = 0;
  unsigned inFlight = 0;
  /// For each 16 bytes of shared memory: the bytes that are a destination in
  /// flight, the last thread that issued such a copy, and the bytes that belong
  /// to an mbarrier.
  struct Unit {
    uint16_t bytesInFlight = 0;
    uint16_t thread = 0;
    uint16_t mbarriers = 0;
  };
  std::vector<Unit> units; // empty until the first
  SourceIndex sources;

  void makeUnits() {
    if (units.empty())
      units.resize(block.shared.size() / 16 + 1);
  }

  Warp &warpOf(unsigned thread) { return block.warps[thread / kLanes]; }
  AsyncPolicy policy() const { return block.launch->options.async; }

  /// Calls use(address of 16 bytes) for the source.
  template <typename Use> void forSource(const PendingCopy &copy, Use use) {
    for (uint64_t at = copy.from & ~15ull; at < copy.from + copy.bytes;
         at += 16)
      use(at);
  }
  const PendingCopy *findSource(uint64_t address, unsigned bytes,
                                unsigned &thread) const;

  void perform(Queue &queue, PendingCopy &copy);
  void performUntil(unsigned thread, uint64_t end);
  bool isDone(unsigned thread, uint64_t end) const;
  void triggerArrivals(AsyncCopies &copies);
  std::string describe(unsigned thread, const PendingCopy &copy) const;
};

/// Calls use(16-byte unit, bits of its bytes) for a range.
template <typename Use>
static void forUnits(uint32_t offset, uint32_t bytes, Use use) {
  for (uint32_t at = offset & ~15u; at < offset + bytes; at += 16) {
    uint32_t first = std::max(at, offset) - at;
    uint32_t last = std::min(at + 16, offset + bytes) - at;
    use(at / 16, uint16_t(((1u << last) - 1) & ~((1u << first) - 1)));
  }
}

AsyncCopies::AsyncCopies(Block &block)
    : impl(std::make_unique<Impl>(block)),
      mbarriers(std::make_unique<Mbarriers>(block, *this)) {}
AsyncCopies::~AsyncCopies() = default;

//===----------------------------------------------------------------------===//
// Taking effect
//===----------------------------------------------------------------------===//

void AsyncCopies::Impl::perform(Queue &queue, PendingCopy &copy) {
  uint8_t *to = block.shared.data() + copy.to;
  uint8_t *init = block.sharedInit.data() + copy.to;
  if (copy.bytes) {
    std::memcpy(to, copy.source, copy.bytes);
    // Unwritten source bytes stay unwritten after the copy.
    const Allocation *memory = block.launch->options.checks & CheckInit
                                   ? block.launch->memory->find(copy.from)
                                   : nullptr;
    if (memory && memory->init && memory->contains(copy.from, copy.bytes))
      std::memcpy(init, memory->init.data() + (copy.from - memory->base),
                  copy.bytes);
    else
      std::memset(init, kWritten, copy.bytes);
  }
  std::memset(to + copy.bytes, 0, copy.zeros);
  std::memset(init + copy.bytes, kWritten, copy.zeros);
  copy.done = true;
  --queue.undone;
  --undone;
  ++block.progress;
}

void AsyncCopies::Impl::performUntil(unsigned thread, uint64_t end) {
  Queue &queue = queues[thread];
  for (size_t i = queue.head; queue.undone && queue.begin + i < end; ++i)
    if (!queue.copies[i].done)
      perform(queue, queue.copies[i]);
}

bool AsyncCopies::Impl::isDone(unsigned thread, uint64_t end) const {
  const Queue &queue = queues[thread];
  if (!queue.undone)
    return true;
  for (size_t i = queue.head; queue.begin + i < end; ++i)
    if (!queue.copies[i].done)
      return false;
  return true;
}

void AsyncCopies::Impl::triggerArrivals(AsyncCopies &copies) {
  for (size_t i = 0; i < arrivals.size();) {
    Arrival arrival = arrivals[i];
    if (!isDone(arrival.thread, arrival.end)) {
      ++i;
      continue;
    }
    arrivals.erase(arrivals.begin() + long(i));
    if (Mbarrier *object = copies.mbarriers->find(arrival.mbarrier))
      object->awaited -= object->awaited != 0; // it may be another one by now
    copies.mbarriers->arriveForCopies(warpOf(arrival.thread), *arrival.inst,
                                      arrival.thread % kLanes, arrival.mbarrier,
                                      arrival.end);
  }
}

//===----------------------------------------------------------------------===//
// Issue, wait
//===----------------------------------------------------------------------===//

void AsyncCopies::issue(Warp &warp, unsigned lane, PendingCopy copy) {
  Impl &my = *impl;
  Block &block = my.block;
  if (my.queues.empty()) {
    my.queues.resize(block.warps.size() * kLanes);
    my.makeUnits();
  }
  uint32_t all = copy.bytes + copy.zeros;

  // For other threads, the destination is being written until the wait, and the
  // source is being read.
  if (block.races)
    block.races->copied(warp, *copy.inst, lane, copy.to, all);
  if (GlobalRaces *races = block.launch->globalRaces.get(); races && copy.bytes)
    if (Allocation *memory = block.launch->memory->find(copy.from))
      races->access(warp, *copy.inst, lane, *memory, copy.from, copy.bytes,
                    AccessKind::Load, false);

  unsigned thread = warp.firstThread() + lane;
  bool isTaken = false;
  forUnits(copy.to, all, [&](uint32_t at, uint16_t bits) {
    Impl::Unit &unit = my.units[at];
    isTaken |= ((unit.bytesInFlight | unit.mbarriers) & bits) != 0;
    if (!my.isChecked)
      return;
    unit.bytesInFlight |= bits;
    unit.thread = uint16_t(thread);
  });
  if (my.isChecked && copy.bytes)
    my.forSource(copy, [&](uint64_t at) { my.sources.add(at, thread); });
  if (isTaken) // this copy is in no queue yet
    check(warp, *copy.inst, lane, copy.to, all, true);
  my.inFlight += my.isCounted;
  watched += my.isCounted;
  ++my.undone;
  Queue &queue = my.queues[thread];
  ++queue.undone;
  queue.copies.push_back(copy);
  AsyncPolicy policy = my.policy();
  if (policy == AsyncPolicy::Eager ||
      (policy == AsyncPolicy::Random && block.nextRandom() % 4 == 0)) {
    my.perform(queue, queue.copies.back());
    return;
  }
  std::memset(block.shared.data() + copy.to, 0xff, all);
  std::memset(block.sharedInit.data() + copy.to, kInFlight, all);
}

void AsyncCopies::retire(unsigned thread, uint64_t end) {
  Impl &my = *impl;
  if (my.queues.empty())
    return;
  Queue &queue = my.queues[thread];
  if (queue.retired() >= end)
    return;
  my.performUntil(thread, end);
  for (; queue.retired() < end; ++queue.head) {
    my.inFlight -= my.isCounted;
    watched -= my.isCounted;
    if (!my.isChecked)
      continue;
    const PendingCopy &copy = queue.copies[queue.head];
    forUnits(copy.to, copy.bytes + copy.zeros,
             [&](uint32_t unit, uint16_t bits) {
               my.units[unit].bytesInFlight &= uint16_t(~bits);
             });
    if (copy.bytes)
      my.forSource(copy, [&](uint64_t at) { my.sources.remove(at); });
  }
  if (queue.head == queue.copies.size() || queue.head >= 256) {
    queue.begin += queue.head;
    queue.copies.erase(queue.copies.begin(),
                       queue.copies.begin() + long(queue.head));
    queue.head = 0;
  }
  if (!my.arrivals.empty())
    my.triggerArrivals(*this);
}

void AsyncCopies::commit(unsigned thread) {
  if (impl->queues.empty())
    return; // only empty groups
  Queue &queue = impl->queues[thread];
  queue.groups.push_back(queue.end());
}

/// The thread that waits writes the covered destinations now.
static void writeAtWait(Block &block, unsigned thread, const Queue &queue,
                        uint64_t end) {
  if (!block.races)
    return;
  for (size_t i = queue.head; queue.begin + i < end; ++i) {
    const PendingCopy &copy = queue.copies[i];
    block.races->copied(block.warps[thread / kLanes], *copy.inst,
                        thread % kLanes, copy.to, copy.bytes + copy.zeros,
                        true);
  }
}

void AsyncCopies::wait(unsigned thread, uint64_t pending) {
  if (impl->queues.empty())
    return;
  Queue &queue = impl->queues[thread];
  size_t groups = queue.groups.size() - queue.firstGroup;
  if (groups <= pending)
    return;
  queue.firstGroup += groups - size_t(pending);
  uint64_t end = queue.groups[queue.firstGroup - 1];
  if (queue.firstGroup == queue.groups.size() || queue.firstGroup >= 256) {
    queue.groups.erase(queue.groups.begin(),
                       queue.groups.begin() + long(queue.firstGroup));
    queue.firstGroup = 0;
  }
  writeAtWait(impl->block, thread, queue, end);
  retire(thread, end);
}

void AsyncCopies::waitAll(unsigned thread) {
  commit(thread);
  wait(thread, 0);
}

//===----------------------------------------------------------------------===//
// mbarriers
//===----------------------------------------------------------------------===//

void AsyncCopies::arriveAfterCopies(Warp &warp, const Inst &inst, unsigned lane,
                                    uint32_t mbarrier) {
  Impl &my = *impl;
  unsigned thread = warp.firstThread() + lane;
  uint64_t end = my.queues.empty() ? 0 : my.queues[thread].end();
  if (my.queues.empty() || my.isDone(thread, end)) {
    mbarriers->arriveForCopies(warp, inst, lane, mbarrier, end);
    return;
  }
  my.arrivals.push_back({thread, &inst, mbarrier, end});
  if (Mbarrier *object = mbarriers->find(mbarrier))
    ++object->awaited;
}

void AsyncCopies::awaitedByMbarrier(uint32_t mbarrier) {
  Impl &my = *impl;
  const Mbarrier *object = mbarriers->find(mbarrier);
  // As long as other arrivals are missing, the copies may stay in flight.
  if (!object || object->transactions || object->awaited < object->pending)
    return;
  std::vector<Arrival> here;
  for (const Arrival &arrival : my.arrivals)
    if (arrival.mbarrier == mbarrier && here.size() < object->pending)
      here.push_back(arrival);
  if (my.policy() == AsyncPolicy::Random && my.block.nextRandom() % 2) {
    ++my.block.progress; // the next wait may find them
    return;
  }
  for (const Arrival &arrival : here)
    my.performUntil(arrival.thread, arrival.end);
  my.triggerArrivals(*this);
}

//===----------------------------------------------------------------------===//
// Moments
//===----------------------------------------------------------------------===//

void AsyncCopies::tick() {
  Impl &my = *impl;
  if (!my.undone)
    return;
  size_t begin = my.block.nextRandom() % my.queues.size();
  for (size_t i = 0; i < my.queues.size(); ++i) {
    Queue &queue = my.queues[(begin + i) % my.queues.size()];
    if (!queue.undone)
      continue;
    for (size_t c = queue.head; c < queue.copies.size(); ++c)
      if (!queue.copies[c].done && my.block.nextRandom() % 2)
        my.perform(queue, queue.copies[c]);
    break;
  }
  if (!my.arrivals.empty())
    my.triggerArrivals(*this);
}

//===----------------------------------------------------------------------===//
// Findings
//===----------------------------------------------------------------------===//

static std::string formatThread(const Block &block, unsigned thread) {
  Dim3 at = getThread(block, thread);
  return "(" + std::to_string(at.x) + "," + std::to_string(at.y) + "," +
         std::to_string(at.z) + ")";
}

std::string AsyncCopies::Impl::describe(unsigned thread,
                                        const PendingCopy &copy) const {
  return "the copy of " + std::to_string(copy.bytes + copy.zeros) +
         " bytes to shared address " + formatAddress(copy.to + kSharedBase) +
         " that thread " + formatThread(block, thread) + " issued at line " +
         std::to_string(copy.inst->line);
}

/// Returns a copy in flight that satisfies the predicate. On entry, `thread` is
/// the thread to search first; on return, the thread that issued the copy.
template <typename Predicate>
static const PendingCopy *findCopy(const std::vector<Queue> &queues,
                                   unsigned &thread, Predicate isIt) {
  unsigned likely = thread;
  for (unsigned n = 0; n <= queues.size(); ++n) {
    thread = n ? n - 1 : likely;
    const Queue &queue = queues[thread];
    for (size_t i = queue.head; i < queue.copies.size(); ++i)
      if (isIt(queue.copies[i]))
        return &queue.copies[i];
  }
  return nullptr;
}

void AsyncCopies::watchMbarrier(uint32_t offset, bool isLive) {
  Impl &my = *impl;
  my.makeUnits();
  uint16_t &bytes = my.units[offset / 16].mbarriers;
  auto bits = uint16_t(0xff << (offset & 8));
  bytes = uint16_t(isLive ? bytes | bits : bytes & ~bits);
  watched += isLive ? 1u : -1u;
}

void AsyncCopies::check(Warp &warp, const Inst &inst, unsigned lane,
                        uint32_t offset, unsigned bytes, bool writes) {
  Impl &my = *impl;
  if (my.units.empty())
    return;
  const Impl::Unit *hit = nullptr;
  bool isMbarrier = false;
  forUnits(offset, bytes, [&](uint32_t at, uint16_t bits) {
    const Impl::Unit &unit = my.units[at];
    if (unit.bytesInFlight & bits)
      hit = &unit;
    isMbarrier |= (unit.mbarriers & bits) != 0;
  });
  if (!hit && !isMbarrier)
    return;
  std::string what = std::string(writes ? "writes " : "reads ") +
                     std::to_string(bytes) + " bytes at shared address " +
                     formatAddress(uint64_t(offset) + kSharedBase);
  unsigned thread = hit ? hit->thread : 0;
  const PendingCopy *copy =
      !hit ? nullptr : findCopy(my.queues, thread, [&](const PendingCopy &c) {
        return c.to < offset + bytes && offset < c.to + c.bytes + c.zeros;
      });
  if (copy)
    warp.report(inst, lane, CheckAsync, "in-flight",
                what + " while " + my.describe(thread, *copy) +
                    " is in flight: no wait has covered it yet",
                copy->inst->line);
  if (isMbarrier)
    warp.report(inst, lane, CheckSync, "mbarrier",
                what + ", where a live mbarrier is: only mbarrier "
                       "instructions may touch it before mbarrier.inval");
}

void AsyncCopies::checkWarp(Warp &warp, const Inst &inst,
                            const uint64_t *addresses, uint64_t base,
                            uint32_t mask, unsigned bytes, bool writes) {
  Impl &my = *impl;
  if (my.units.empty())
    return;
  uint32_t touching = 0;
  if (bytes <= 16) {
    // The size is a power of two and the address is aligned, so all bytes are
    // in one unit.
    uint32_t all = (1u << bytes) - 1;
    for (Lanes l(mask); l; ++l) {
      uint64_t offset = addresses[*l] - base;
      const Impl::Unit &unit = my.units[offset / 16];
      uint32_t taken = unit.bytesInFlight | unit.mbarriers;
      touching |= uint32_t((taken >> (offset & 15) & all) != 0) << *l;
    }
  } else {
    touching = mask;
  }
  for (Lanes l(touching); l; ++l)
    check(warp, inst, *l, uint32_t(addresses[*l] - base), bytes, writes);
}

/// The copy in flight that reads one of these bytes.
const PendingCopy *AsyncCopies::Impl::findSource(uint64_t address,
                                                 unsigned bytes,
                                                 unsigned &thread) const {
  bool hit = false;
  for (uint64_t at = address & ~15ull; at < address + bytes && !hit; at += 16)
    hit = sources.find(at, thread);
  return !hit ? nullptr : findCopy(queues, thread, [&](const PendingCopy &c) {
    return c.from < address + bytes && address < c.from + c.bytes;
  });
}

void AsyncCopies::checkSource(Warp &warp, const Inst &inst, unsigned lane,
                              uint64_t address, unsigned bytes) {
  unsigned thread = 0;
  if (const PendingCopy *copy = impl->findSource(address, bytes, thread))
    warp.report(inst, lane, CheckAsync, "in-flight",
                "writes " + std::to_string(bytes) +
                    " bytes at global address " + formatAddress(address) +
                    ", from which " + impl->describe(thread, *copy) +
                    " reads: no wait has covered it yet",
                copy->inst->line);
}

void AsyncCopies::checkSources(Warp &warp, const Inst &inst,
                               const Places &places, uint32_t mask,
                               unsigned bytes) {
  const SourceIndex &sources = impl->sources;
  if (!sources.overlaps(places.least, places.most + bytes))
    return;
  // Neighbouring lanes often share a unit.
  uint64_t last = UINT64_MAX;
  bool isThere = false;
  for (Lanes l(mask); l; ++l) {
    uint64_t unit = places.addresses[*l] / 16;
    uint32_t thread;
    if (unit != last || bytes > 16)
      isThere = bytes > 16 || sources.find(places.addresses[*l], thread);
    last = unit;
    if (isThere)
      checkSource(warp, inst, *l, places.addresses[*l], bytes);
  }
}
