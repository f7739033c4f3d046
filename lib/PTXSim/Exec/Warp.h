//===- Warp.h - A warp, its block and its launch ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_EXEC_WARP_H
#define PTXSIM_EXEC_WARP_H

#include "Memory/Memory.h"
#include "Program/Program.h"
#include "ptxsim/Device.h"
#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace ptxsim {

struct Block;
struct Launch;
class SharedRaces;
class GlobalRaces;
class ThreadClocks;
class AsyncCopies;
class Profiler;

/// Writes the bytes that a lane stores, at most 32, to `to`.
using StoredFn = void (*)(const Warp &, const Inst &, unsigned lane,
                          uint8_t *to);

/// States of a byte of memory, for the init checker.
enum ByteState : uint8_t {
  kUndefined, // never written, or an undefined value was stored
  kWritten,
  kInFlight, // the destination of a copy that has not taken effect
};

/// Lanes of a warp that are at one instruction.
struct Group {
  enum State : uint8_t {
    Ready,
    /// At a collective (or .aligned) instruction; waits for lanes of `wanted`.
    AtCollective,
    /// At a barrier of the block.
    AtBarrier,
  };
  uint32_t pc = 0;
  uint32_t mask = 0;
  State state = Ready;
  uint32_t wanted = 0;
  uint8_t barrier = 0;
  /// Groups with the lowest turn run first, and of these the one with the
  /// lowest pc, so that lanes reconverge at the end of divergent paths. A group
  /// that loops for long while others are ready gets a later turn.
  uint32_t turn = 0;
  uint32_t backwards = 0;
};

/// 32 threads: their registers and positions.
struct Warp {
  Block *block = nullptr;
  Launch *launch = nullptr;
  const KernelCode *kernel = nullptr;
  unsigned index = 0; // in its block
  uint32_t live = 0;  // lanes that exist and have not exited
  uint32_t exist = 0; // lanes that the block has

  /// The register file; see Ref.
  std::byte *registers = nullptr;
  /// Marks of undefined halves: bit `lane` of word `offset / 64 + h` is set if
  /// half `h` (16 bits) of the lane's value was never written. Null if the init
  /// checker is off.
  uint32_t *undefined = nullptr;
  /// Local memory of the lanes, localBytes each.
  uint8_t *local = nullptr;
  uint8_t *localInit = nullptr;

  std::vector<Group> groups;
  std::vector<uint32_t> callStack; // [depth][lane]: return addresses
  uint8_t callDepth[kLanes] = {};
  uint32_t nextTurn = 1;

  /// Set by a poll that failed: another warp gets its turn.
  bool yielded = false;
  /// The results of the last polls of memory; see yieldIfSame.
  struct Look {
    uint64_t seen = 0; // hash of the instruction, addresses and values
    uint64_t progress = 0;
  };
  Look looks[4];
  /// The object of the last failed poll, for the message of a deadlock.
  const Inst *polled = nullptr;
  uint64_t polledAddress = 0;
  /// The current poll repeats the last one.
  bool pollsAgain = false;
  /// Returns the value that a lane stores when a store runs lane by lane, for
  /// the race checker; or null.
  StoredFn stored = nullptr;

  template <typename T> T *reg(const Ref &ref) const {
    return reinterpret_cast<T *>(registers + ref.offset);
  }
  /// A predicate operand's lanes.
  uint32_t pred(const Ref &ref) const {
    uint32_t bits = *reg<uint32_t>(ref);
    return ref.negated ? ~bits : bits;
  }
  void setPred(const Ref &ref, uint32_t bits, uint32_t mask) const {
    uint32_t &old = *reg<uint32_t>(ref);
    old = (old & ~mask) | (bits & mask);
  }
  uint32_t *marks(const Ref &ref) const {
    return undefined + (unsigned(ref.offset) / 64);
  }
  /// Returns the lanes in which any half of the operand is undefined.
  uint32_t anyUndefined(const Ref &ref) const {
    uint32_t lanes = 0;
    const uint32_t *words = marks(ref);
    for (unsigned h = 0; h < ref.halves; ++h)
      lanes |= words[h];
    return lanes;
  }
  void setUndefined(const Ref &ref, uint32_t lanes, uint32_t mask) const {
    uint32_t *words = marks(ref);
    for (unsigned h = 0; h < ref.halves; ++h)
      words[h] = (words[h] & ~mask) | (lanes & mask);
  }

  /// Returns the address of a lane's operand plus the displacement.
  uint64_t address(const Inst &inst, const Ref &base, unsigned lane) const {
    uint64_t value = base.halves == 4 ? reg<uint64_t>(base)[lane]
                                      : reg<uint32_t>(base)[lane];
    return value + uint64_t(inst.imm);
  }

  unsigned firstThread() const { return index * kLanes; }

  /// Reports a finding of a checker at this instruction. `otherLine`: the line
  /// of the other access; `isAtWait`: see Finding.
  void report(const Inst &inst, unsigned lane, Check check, const char *kind,
              std::string message, unsigned otherLine = 0,
              bool isAtWait = false) const;
  bool isChecked(Check check) const;

  /// Returns the host address of one lane's access, after all enabled checks:
  /// in bounds, aligned to `alignment` (0: its size), written before it is
  /// read, ordered after accesses of other threads, not in flight. Marks
  /// written bytes. Returns null if the access must not happen (after a
  /// finding).
  uint8_t *access(const Inst &inst, unsigned lane, Space space,
                  uint64_t address, unsigned bytes, AccessKind kind,
                  unsigned alignment = 0);
};

/// Lanes of a mask, from the lowest: for (Lanes l(mask); l; ++l) use(*l).
class Lanes {
public:
  explicit Lanes(uint32_t mask) : mask(mask) {}
  explicit operator bool() const { return mask != 0; }
  unsigned operator*() const { return unsigned(__builtin_ctz(mask)); }
  Lanes &operator++() {
    mask &= mask - 1;
    return *this;
  }

private:
  uint32_t mask;
};

/// Bits of a barrier instruction's mode.
constexpr uint32_t kBarrierAligned = 1;
constexpr uint32_t kBarrierArrives = 2; // does not wait
constexpr uint32_t kBarrierReduces = 4;

/// A barrier of a block, 0 to 15.
struct Barrier {
  unsigned arrived = 0;  // threads
  unsigned expected = 0; // threads; 0: nobody is here
  bool reduces = false;
  bool isCounted = false; // `expected` was given; otherwise it is all threads
  uint32_t line = 0;      // of the first that came
  /// Waiting groups: warp and mask, and the inputs of their reduction.
  struct Waiter {
    unsigned warp;
    uint32_t mask;
    const Inst *inst;
    uint32_t inputs;
  };
  std::vector<Waiter> waiters;
  /// Threads that arrived without waiting: warp and mask.
  std::vector<std::pair<unsigned, uint32_t>> arrivals;
};

/// A block (CTA) in execution. One host thread at a time executes it.
struct Block {
  explicit Block(Launch &launch);
  ~Block();

  Launch *launch;
  Dim3 id;
  uint64_t number = 0; // linear
  unsigned threads = 0;
  unsigned exited = 0; // of the threads
  std::vector<Warp> warps;

  /// The shared window from kSharedBase on: `shared[0]` is at kSharedBase.
  std::vector<uint8_t> shared;
  std::vector<uint8_t> sharedInit; // ByteState of each byte
  /// The first lines that loaded undefined values from shared memory.
  std::vector<unsigned> undefinedLoads;
  std::unique_ptr<ThreadClocks> clocks; // null: races are not checked
  std::unique_ptr<SharedRaces> races;   // likewise
  std::unique_ptr<AsyncCopies> async;   // always there
  std::unique_ptr<Profiler> profiler;   // null: no profile
  std::vector<uint64_t> executions;     // by instruction; empty: no profile
  std::vector<uint64_t> laneExecutions; // likewise
  Barrier barriers[16];

  /// Counts events that other threads may wait for: writes to memory, arrivals
  /// at barriers, exits of threads.
  uint64_t progress = 0;
  uint64_t instructions = 0;
  uint64_t polls = 0;  // instructions of Flow::Poll
  uint64_t random = 0; // state of the generator of random moments
  unsigned liveWarps = 0;

  uint32_t nextRandom();
  /// Starts the block with this number.
  void start(uint64_t number);
  /// Runs each warp for a while.
  struct Slice {
    bool executes = false; // some warp executed something
    bool isBusy = false;   // some warp did, and did not end with a poll
  };
  Slice runSlice();

  // Storage of the warps.
  std::vector<std::byte> registerStorage;
  std::vector<uint32_t> markStorage;
  std::vector<uint8_t> localStorage, localInitStorage;
};

/// One launch: the data that its blocks share.
struct Launch {
  const Chip *chip = nullptr;
  DeviceMemory *memory = nullptr;
  const Module *module = nullptr;
  const Program *program = nullptr;
  const KernelCode *kernel = nullptr;
  const LoadedModule *loaded = nullptr;
  LaunchConfig config;
  SimOptions options;
  std::vector<uint8_t> parameters;
  std::unique_ptr<GlobalRaces> globalRaces; // null: not checked
  /// The values of constants and special registers in every warp: the end of
  /// the register file, from KernelCode::writableBytes on.
  std::vector<std::byte> constants;
  /// Address of the grid barrier of a cooperative launch; 0 in others.
  uint64_t gridWorkspace = 0;
  std::atomic<uint64_t> progress{0};
  std::atomic<uint64_t> steps{0}; // counted where there is a limit
  std::atomic<bool> stop{false};

  std::mutex mutex; // of what follows
  std::vector<Finding> findings;
  /// The linear block of each finding, and the instructions that it had
  /// executed.
  std::vector<std::pair<uint64_t, uint64_t>> findingMoments;
  std::string stepLimit;              // why the limit ended the launch
  std::unique_ptr<Profiler> profiler; // the sum
};

/// Runs the warp until it waits, ends, or has executed `budget` instructions.
/// Returns the number executed.
uint64_t runWarp(Warp &warp, uint64_t budget);

/// Lanes arrive at a barrier instruction. Returns true if they continue at
/// once; else their group waits until the barrier makes it ready.
bool arriveAtBarrier(Warp &warp, const Inst &inst, uint32_t mask);

/// Threads have exited: completes barriers that wait for no other threads.
void releaseBarriers(Block &block);

/// Reports, as findings, which event each thread of the block waits for.
void reportDeadlock(Block &block);

/// Runs all blocks of the launch on the host threads.
void runGrid(Launch &launch);

/// Writes the values of the constants (Launch::constants).
void fillConstants(Launch &launch);
/// Writes the special registers of a warp, whose block and index are set.
void fillSpecials(Warp &warp);

/// Returns the findings of the launch, one for each cause, in the order of the
/// text.
std::vector<Finding> takeFindings(Launch &launch);

/// Returns "0-3, 7": the lanes of a mask.
std::string formatLanes(uint32_t mask);

/// Returns the position of a thread.
Dim3 getThread(const Block &block, unsigned linearThread);

} // namespace ptxsim

#endif // PTXSIM_EXEC_WARP_H
