//===- Mbarrier.cpp - Barriers in shared memory ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Mbarrier.h"
#include "Async.h"
#include "MatrixAccess.h"

using namespace ptxsim;

/// The memory format is opaque to programs: the pending count, the expected
/// count and the phase, and a tag that memory filled with one byte does not
/// have.
static uint64_t getDigest(const Mbarrier &object) {
  return uint64_t(object.pending) | uint64_t(object.expected) << 20 |
         (object.phase & 0xfffff) << 40 | uint64_t(0xb) << 60;
}

/// A state: bits 0 to 19 are the pending arrivals before the arrival, the phase
/// is above them, and the top bit is set.
static uint64_t getState(const Mbarrier &object) {
  return uint64_t(1) << 63 | object.phase << 20 | object.pending;
}

static void misuse(const Warp &w, const Inst &inst, unsigned lane,
                   std::string message) {
  w.report(inst, lane, CheckSync, "mbarrier", std::move(message));
}

static std::string nameOf(uint32_t offset) {
  return "the mbarrier at shared address " +
         formatAddress(uint64_t(offset) + kSharedBase);
}

//===----------------------------------------------------------------------===//
// Objects
//===----------------------------------------------------------------------===//

void Mbarriers::write(uint32_t offset, const Mbarrier &object) {
  uint64_t digest = getDigest(object);
  std::memcpy(block.shared.data() + offset, &digest, 8);
  std::memset(block.sharedInit.data() + offset, kWritten, 8);
}

void Mbarriers::remove(uint32_t offset) {
  table.erase(offset);
  live[offset / 8] = false;
  if (isChecked)
    copies.watchMbarrier(offset, false);
}

void Mbarriers::init(Warp &w, const Inst &inst, unsigned lane, uint64_t address,
                     uint64_t count) {
  uint64_t offset = address - kSharedBase;
  if (offset % 8 == 0 && offset < block.shared.size() &&
      isLive(uint32_t(offset))) {
    misuse(w, inst, lane,
           nameOf(uint32_t(offset)) +
               " is initialized while it is live: mbarrier.inval comes first");
    remove(uint32_t(offset));
  }
  if (count < 1 || count > maxCount) {
    misuse(w, inst, lane,
           "an mbarrier is initialized with " + std::to_string(count) +
               " arrivals; 1 to " + std::to_string(maxCount) + " are legal");
    count = count < 1 ? 1 : maxCount;
  }
  if (!w.access(inst, lane, Space::Shared, address, 8, AccessKind::Store, 8))
    return;
  if (live.empty())
    live.resize(block.shared.size() / 8 + 1);
  Mbarrier &object = table[uint32_t(offset)];
  object.expected = object.pending = uint32_t(count);
  live[offset / 8] = true;
  if (isChecked)
    copies.watchMbarrier(uint32_t(offset), true);
  write(uint32_t(offset), object);
}

void Mbarriers::invalidate(Warp &w, const Inst &inst, unsigned lane,
                           uint64_t address) {
  if (!use(w, inst, lane, address, AccessKind::Store))
    return;
  auto offset = uint32_t(address - kSharedBase);
  remove(offset);
  // The memory is unwritten until something is stored.
  std::memset(block.sharedInit.data() + offset, kUndefined, 8);
}

Mbarrier *Mbarriers::find(uint32_t offset) {
  auto found = table.find(offset);
  return found == table.end() ? nullptr : &found->second;
}

Mbarrier *Mbarriers::use(Warp &w, const Inst &inst, unsigned lane,
                         uint64_t address, AccessKind kind) {
  uint64_t offset = address - kSharedBase;
  if (address < kSharedBase || offset % 8 || offset >= block.shared.size() ||
      block.shared.size() - offset < 8) {
    // Reports the error of the address.
    w.access(inst, lane, Space::Shared, address, 8, AccessKind::Load, 8);
    return nullptr;
  }
  Mbarrier *object = find(uint32_t(offset));
  if (!object) {
    misuse(w, inst, lane,
           "shared address " + formatAddress(address) +
               " holds no mbarrier: it was never initialized here, or "
               "mbarrier.inval ended it");
    return nullptr;
  }
  // A wait that loops is one access.
  if (block.races && (kind != AccessKind::Load || !w.pollsAgain))
    block.races->access(w, inst, lane, uint32_t(offset), 8, kind,
                        kind != AccessKind::Store);
  uint64_t digest;
  std::memcpy(&digest, block.shared.data() + offset, 8);
  if (digest != getDigest(*object)) {
    misuse(w, inst, lane,
           nameOf(uint32_t(offset)) +
               " was overwritten since the last mbarrier instruction");
    write(uint32_t(offset), *object);
  }
  return object;
}

std::string Mbarriers::describe(uint64_t address, unsigned thread) {
  const Mbarrier *object = find(uint32_t(address - kSharedBase));
  if (!object)
    return "no live mbarrier";
  std::string text = "phase " + std::to_string(object->phase) + ", " +
                     std::to_string(object->pending) + " of " +
                     std::to_string(object->expected) + " arrivals are pending";
  if (object->transactions)
    text += ", tx-count " + std::to_string(object->transactions);
  uint64_t seen = thread < object->seen.size() ? object->seen[thread] : 0;
  if (seen + 1 < object->phase)
    text += "; the thread last saw phase " +
            (seen ? std::to_string(seen - 1) : std::string("none")) +
            " complete, and can only wait for this one or the one before it";
  return text;
}

//===----------------------------------------------------------------------===//
// Arrivals
//===----------------------------------------------------------------------===//

void Mbarriers::completeIfDue(Mbarrier &object) {
  if (object.pending || object.transactions)
    return;
  ++object.phase;
  object.pending = object.expected;
  object.completed = object.arriving;
}

void Mbarriers::count(Warp &w, const Inst &inst, unsigned lane, uint32_t offset,
                      Mbarrier &object, uint64_t arrivals) {
  if (arrivals > object.pending) {
    misuse(w, inst, lane,
           nameOf(offset) + " gets " + std::to_string(arrivals) +
               " arrivals in phase " + std::to_string(object.phase) +
               ", of whose " + std::to_string(object.expected) + " only " +
               std::to_string(object.pending) + " are pending");
    arrivals = object.pending;
  }
  object.pending -= uint32_t(arrivals);
  completeIfDue(object);
  write(offset, object);
  ++block.progress;
}

uint64_t Mbarriers::arrive(Warp &w, const Inst &inst, unsigned lane,
                           uint64_t address, uint64_t arrivals, bool releases,
                           bool mayComplete) {
  Mbarrier *object = use(w, inst, lane, address);
  if (!object)
    return 0;
  auto offset = uint32_t(address - kSharedBase);
  uint64_t state = getState(*object);
  if (arrivals < 1 || arrivals > maxCount) {
    misuse(w, inst, lane,
           std::to_string(arrivals) + " arrivals at once; 1 to " +
               std::to_string(maxCount) + " are legal");
    return state;
  }
  if (!mayComplete && arrivals >= object->pending && !object->transactions)
    misuse(w, inst, lane,
           "an arrival with .noComplete completes phase " +
               std::to_string(object->phase) + " of " + nameOf(offset));
  if (releases && block.clocks)
    block.clocks->release(w.firstThread() + lane, object->arriving);
  count(w, inst, lane, offset, *object, arrivals);
  return state;
}

void Mbarriers::drop(Warp &w, const Inst &inst, unsigned lane, uint64_t address,
                     uint64_t arrivals) {
  Mbarrier *object = find(uint32_t(address - kSharedBase));
  if (!object) // the arrival that follows says so
    return;
  if (arrivals > object->expected) {
    misuse(w, inst, lane,
           "drops " + std::to_string(arrivals) + " arrivals of " +
               nameOf(uint32_t(address - kSharedBase)) + ", which expects " +
               std::to_string(object->expected));
    arrivals = object->expected;
  }
  object->expected -= uint32_t(arrivals);
  write(uint32_t(address - kSharedBase), *object);
}

void Mbarriers::addPending(Warp &w, const Inst &inst, unsigned lane,
                           uint32_t offset) {
  Mbarrier *object = find(offset);
  if (!object)
    return;
  if (object->pending == maxCount)
    misuse(w, inst, lane,
           nameOf(offset) + " has more than " + std::to_string(maxCount) +
               " pending arrivals");
  else
    ++object->pending;
  write(offset, *object);
}

void Mbarriers::arriveForCopies(Warp &w, const Inst &inst, unsigned lane,
                                uint32_t offset, uint64_t end) {
  Mbarrier *object = find(offset);
  if (!object) {
    misuse(w, inst, lane,
           nameOf(offset) + " ended before the copies did that arrive at it");
    return;
  }
  object->covers.push_back({w.firstThread() + lane, end, object->phase});
  count(w, inst, lane, offset, *object, 1);
}

//===----------------------------------------------------------------------===//
// Transactions
//===----------------------------------------------------------------------===//

static bool addTransactions(const Warp &w, const Inst &inst, unsigned lane,
                            uint32_t offset, Mbarrier &object, int64_t bytes) {
  int64_t limit = Mbarriers::maxCount;
  int64_t sum = object.transactions + bytes;
  if (sum < -limit || sum > limit) {
    misuse(w, inst, lane,
           "the tx-count of " + nameOf(offset) + " becomes " +
               std::to_string(sum) + "; -" + std::to_string(limit) + " to " +
               std::to_string(limit) + " is legal");
    return false;
  }
  object.transactions = int32_t(sum);
  return true;
}

void Mbarriers::expect(Warp &w, const Inst &inst, unsigned lane,
                       uint64_t address, uint64_t bytes) {
  Mbarrier *object = use(w, inst, lane, address);
  auto offset = uint32_t(address - kSharedBase);
  if (object && addTransactions(w, inst, lane, offset, *object, int64_t(bytes)))
    ++block.progress;
}

void Mbarriers::complete(Warp &w, const Inst &inst, unsigned lane,
                         uint64_t address, uint64_t bytes) {
  Mbarrier *object = use(w, inst, lane, address);
  auto offset = uint32_t(address - kSharedBase);
  if (object &&
      addTransactions(w, inst, lane, offset, *object, -int64_t(bytes)))
    count(w, inst, lane, offset, *object, 0);
}

//===----------------------------------------------------------------------===//
// Waits
//===----------------------------------------------------------------------===//

bool Mbarriers::test(Warp &w, const Inst &inst, unsigned lane, uint64_t address,
                     uint64_t state, bool isParity, bool acquires) {
  Mbarrier *object = use(w, inst, lane, address, AccessKind::Load);
  if (!object)
    return true; // a finding was made; do not hang on top of it
  unsigned thread = w.firstThread() + lane;
  auto isComplete = [&] {
    return isParity ? (object->phase & 1) != (state & 1)
                    : (state << 1 >> 21) < object->phase;
  };
  if (isParity ? state > 1 : !(state >> 63)) {
    misuse(w, inst, lane,
           isParity ? "the parity of a phase is 0 or 1, found " +
                          std::to_string(state)
                    : "the state " + formatAddress(state) +
                          " is not one that an arrival returned");
    return true;
  }
  if (!isParity) {
    uint64_t phase = state << 1 >> 21;
    if (phase > object->phase || phase + 1 < object->phase) {
      misuse(w, inst, lane,
             "waits for phase " + std::to_string(phase) + " of " +
                 nameOf(uint32_t(address - kSharedBase)) +
                 ", which is in phase " + std::to_string(object->phase) +
                 ": only that one and the one before it can be waited for");
      return true;
    }
  }
  if (!isComplete())
    copies.awaitedByMbarrier(uint32_t(address - kSharedBase));
  if (!isComplete())
    return false;

  if (object->seen.empty())
    object->seen.resize(block.warps.size() * kLanes);
  object->seen[thread] = object->phase;
  if (acquires && block.clocks && object->completed)
    block.clocks->acquire(thread, object->completed);
  size_t kept = 0;
  for (size_t i = 0; i < object->covers.size(); ++i) {
    Mbarrier::Cover cover = object->covers[i];
    if (cover.phase < object->phase)
      copies.retire(cover.thread, cover.end);
    else
      object->covers[kept++] = cover;
  }
  object->covers.resize(kept);
  return true;
}
