//===- Grid.cpp - Blocks on the host's cores ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A host thread runs its blocks one after the other. A block that waits for
// others is put aside, and another one is begun or continued, so that blocks
// may wait for each other as far as the chip has room for them at once. Whether
// a block waits is decided after each turn of its warps: it has made no
// progress, and every warp has polled or is at a barrier.
//
//===----------------------------------------------------------------------===//

#include "Async.h"
#include "Check/Races.h"
#include "Profile/Profiler.h"
#include "Warp.h"
#include <algorithm>
#include <chrono>
#include <deque>
#include <limits>
#include <thread>

using namespace ptxsim;

/// The instructions that a warp executes before the next warp's turn, and that
/// a block executes before another block's turn.
static constexpr uint64_t kWarpBudget = 4096;
static constexpr uint64_t kBlockBudget = 1 << 20;
/// A block that has executed this many instructions without a write, an arrival
/// or an exit is in an endless loop.
static constexpr uint64_t kHopeless = uint64_t(1) << 28;
/// A block waits when all its warps wait, or when it has polled memory this
/// often without progress. When it is tried again, it gets fewer polls.
static constexpr uint64_t kPatientPolls = 1 << 13;
static constexpr uint64_t kImpatientPolls = 1 << 11;
/// The blocks of a worker are deadlocked after this many polls without
/// progress.
static constexpr uint64_t kHopelessPolls = 1 << 15;
/// A block that makes progress, but polls all the time, may wait for a block
/// that has not begun. Another block is begun after this many budgets.
static constexpr unsigned kPollingBudgets = 4;

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

Block::Block(Launch &launch) : launch(&launch) {
  const KernelCode &kernel = *launch.kernel;
  threads = unsigned(launch.config.block.count());
  unsigned numWarps = (threads + kLanes - 1) / kLanes;
  bool checksInit = launch.options.checks & CheckInit;
  registerStorage.resize(size_t(numWarps) * kernel.registerBytes + 64);
  if (checksInit)
    markStorage.resize(size_t(numWarps) * kernel.registerBytes / 64);
  size_t local = size_t(numWarps) * kLanes * kernel.localBytes;
  localStorage.resize(local);
  localInitStorage.resize(local);
  auto begin = reinterpret_cast<uintptr_t>(registerStorage.data());
  std::byte *registers = registerStorage.data() + (64 - begin % 64) % 64;
  warps.resize(numWarps);
  for (unsigned w = 0; w < numWarps; ++w) {
    Warp &warp = warps[w];
    warp.block = this;
    warp.launch = &launch;
    warp.kernel = &kernel;
    warp.index = w;
    unsigned count = std::min(threads - w * kLanes, kLanes);
    warp.exist = count == kLanes ? kAllLanes : (1u << count) - 1;
    warp.registers = registers + size_t(w) * kernel.registerBytes;
    std::memcpy(warp.registers + kernel.writableBytes, launch.constants.data(),
                launch.constants.size());
    if (checksInit)
      warp.undefined =
          markStorage.data() + size_t(w) * (kernel.registerBytes / 64);
    warp.local = localStorage.data() + size_t(w) * kLanes * kernel.localBytes;
    warp.localInit =
        localInitStorage.data() + size_t(w) * kLanes * kernel.localBytes;
    warp.callStack.resize(size_t(kernel.maxCallDepth) * kLanes);
  }
  uint64_t dynamicBegin = kSharedBase + kernel.staticShared;
  uint64_t unit = kernel.dynamicSharedAlignment;
  if (launch.config.dynamicShared)
    dynamicBegin = (dynamicBegin + unit - 1) / unit * unit;
  shared.resize(dynamicBegin + launch.config.dynamicShared - kSharedBase);
  sharedInit.resize(shared.size());
  if (launch.options.profile) {
    executions.resize(kernel.code.size());
    laneExecutions.resize(kernel.code.size());
    profiler = std::make_unique<Profiler>(launch);
  }
}

Block::~Block() = default;

uint32_t Block::nextRandom() {
  // splitmix64
  random += 0x9e3779b97f4a7c15u;
  uint64_t z = random;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return uint32_t((z ^ (z >> 31)) >> 16);
}

void Block::start(uint64_t newNumber) {
  const KernelCode &kernel = *launch->kernel;
  const Dim3 &grid = launch->config.grid;
  number = newNumber;
  id = {uint32_t(number % grid.x), uint32_t(number / grid.x % grid.y),
        uint32_t(number / grid.x / grid.y)};
  // Independent of the blocks that ran here before.
  random = launch->options.seed * 0x100000001b3u + number;
  std::fill(shared.begin(), shared.end(), uint8_t(0xff));
  std::fill(sharedInit.begin(), sharedInit.end(), uint8_t(0));
  std::fill(localStorage.begin(), localStorage.end(), uint8_t(0xff));
  std::fill(localInitStorage.begin(), localInitStorage.end(), uint8_t(0));
  for (Barrier &barrier : barriers)
    barrier = Barrier();
  undefinedLoads.clear();
  async = std::make_unique<AsyncCopies>(*this);
  if (launch->options.checks & (CheckRace | CheckSameValue)) {
    clocks = std::make_unique<ThreadClocks>(*this);
    races = std::make_unique<SharedRaces>(*this, uint32_t(shared.size()));
  }
  liveWarps = unsigned(warps.size());
  exited = 0;
  for (Warp &warp : warps) {
    warp.live = warp.exist;
    warp.groups.assign(1, Group());
    warp.groups[0].mask = warp.exist;
    warp.nextTurn = 1;
    warp.yielded = false;
    warp.polled = nullptr;
    std::fill(std::begin(warp.looks), std::end(warp.looks), Warp::Look());
    std::fill(std::begin(warp.callDepth), std::end(warp.callDepth), 0);
    if (warp.undefined) {
      std::fill_n(warp.undefined, kernel.writableBytes / 64, kAllLanes);
      std::fill_n(warp.undefined + kernel.writableBytes / 64,
                  (kernel.registerBytes - kernel.writableBytes) / 64, 0);
    }
    fillSpecials(warp);
  }
}

/// Counts the steps of a launch that has a limit, and ends it there.
static void countSteps(Launch &launch, const Warp &warp, uint64_t executed) {
  uint64_t limit = launch.options.maxSteps;
  if (launch.steps.fetch_add(executed) + executed <= limit)
    return;
  launch.stop = true;
  std::lock_guard<std::mutex> lock(launch.mutex);
  if (!launch.stepLimit.empty())
    return;
  std::string where = "block (" + std::to_string(warp.block->id.x) + "," +
                      std::to_string(warp.block->id.y) + "," +
                      std::to_string(warp.block->id.z) + "), warp " +
                      std::to_string(warp.index);
  for (const Group &group : warp.groups)
    if (group.mask && group.pc < warp.kernel->code.size()) {
      where +=
          " is at line " + std::to_string(warp.kernel->code[group.pc].line);
      break;
    }
  launch.stepLimit = "kernel " + warp.kernel->info.name +
                     " reached the limit of " + std::to_string(limit) +
                     " warp instructions; " + where;
}

Block::Slice Block::runSlice() {
  uint64_t limit = launch->options.maxSteps;
  Slice slice;
  for (Warp &warp : warps) {
    if (!warp.live)
      continue;
    uint64_t budget = kWarpBudget;
    if (limit)
      budget =
          std::min(budget, limit - std::min(limit, launch->steps.load()) + 1);
    uint64_t executed = runWarp(warp, budget);
    slice.executes |= executed != 0;
    slice.isBusy |= executed && !warp.yielded;
    if (limit && executed)
      countSteps(*launch, warp, executed);
  }
  return slice;
}

//===----------------------------------------------------------------------===//
// The grid
//===----------------------------------------------------------------------===//

namespace {
/// The workers that arrived here while the launch made no progress.
struct Meeting {
  unsigned count = 0;
  uint64_t since = 0; // the launch's progress
};

/// The data that the workers of a launch share.
struct Work {
  std::atomic<uint64_t> nextBlock{0};
  uint64_t numBlocks;

  std::mutex mutex;     // of what follows
  unsigned running = 0; // workers
  /// The workers whose blocks all wait, and those whose blocks have polled
  /// without progress for so long that they are deadlocked.
  Meeting waiting, stuck;
};

/// A host thread's blocks.
class Worker {
public:
  Worker(Launch &launch, Work &work, unsigned maxResident)
      : launch(launch), work(work), maxResident(maxResident) {}

  void run() {
    while (!launch.stop) {
      if (resident.empty() && !begin())
        break;
      uint64_t progress = launch.progress;
      auto next = chooseReady(progress);
      if (next == resident.end()) {
        // Blocks of another worker may make these ready.
        if (!meet(work.waiting, progress, waitingAt))
          continue;
        next = choosePatient();
      }
      if (next != resident.end())
        runOne(next, progress);
      else if (meet(work.stuck, progress, stuckAt))
        stopDeadlocked();
    }
    std::lock_guard<std::mutex> lock(work.mutex);
    --work.running;
  }

private:
  struct Resident {
    std::unique_ptr<Block> block;
    /// Counted since the last progress of the block or the launch.
    uint64_t idleInstructions = 0;
    uint64_t idlePolls = 0;
    unsigned pollingBudgets = 0;
    /// The progress of the launch before the block polled without success. The
    /// block waits until the progress changes.
    uint64_t waitsSince = kNever;
  };
  using Iterator = std::deque<Resident>::iterator;
  static constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

  /// Begins the next block of the grid, if there is one and there is room for
  /// it.
  bool begin() {
    if (resident.size() >= maxResident)
      return false;
    uint64_t number = work.nextBlock++;
    if (number >= work.numBlocks)
      return false;
    Resident next;
    if (free.empty()) {
      next.block = std::make_unique<Block>(launch);
    } else {
      next.block = std::move(free.back());
      free.pop_back();
    }
    next.block->start(number);
    resident.push_front(std::move(next));
    return true;
  }

  /// Returns a block that does not wait, or else a new one; the end if there is
  /// neither.
  Iterator chooseReady(uint64_t progress) {
    auto found =
        std::find_if(resident.begin(), resident.end(), [&](const Resident &r) {
          return r.waitsSince != progress;
        });
    return found == resident.end() && begin() ? resident.begin() : found;
  }

  /// Returns a block that has waited, but may still be able to continue: a loop
  /// that polls may end by itself.
  Iterator choosePatient() {
    uint64_t most = std::max(kPatientPolls, kHopelessPolls / resident.size());
    return std::find_if(
        resident.begin(), resident.end(), [&](const Resident &r) {
          return r.idlePolls < most && r.idleInstructions < kHopeless;
        });
  }

  /// Runs a block until it ends, waits or has used up its budget.
  void runOne(Iterator next, uint64_t progress) {
    uint64_t mostPolls = kPatientPolls;
    if (next->waitsSince != kNever && next->waitsSince != progress) {
      next->idleInstructions = next->idlePolls = 0;
      mostPolls = kImpatientPolls;
    }
    next->waitsSince = kNever;
    Block &block = *next->block;
    uint64_t first = block.instructions, firstPoll = block.polls;
    bool alive = true, waits = false, gotOn = false;
    while (block.liveWarps && alive && !waits && !launch.stop &&
           block.instructions - first < kBlockBudget) {
      uint64_t before = block.progress, instructions = block.instructions;
      uint64_t polls = block.polls, outside = launch.progress;
      Block::Slice slice = block.runSlice();
      alive = slice.executes;
      if (uint64_t made = block.progress - before) {
        launch.progress += made;
        next->idleInstructions = next->idlePolls = 0;
        gotOn = true;
        continue;
      }
      next->idleInstructions += block.instructions - instructions;
      next->idlePolls += block.polls - polls;
      waits = !slice.isBusy || next->idlePolls >= mostPolls ||
              next->idleInstructions >= kHopeless;
      if (waits)
        next->waitsSince = outside;
    }
    if (!block.liveWarps) {
      finish(block);
      free.push_back(std::move(next->block));
      resident.erase(next);
      return;
    }
    if (!alive && !launch.stop) {
      // Nothing outside the block can make its warps ready.
      reportDeadlock(block);
      launch.stop = true;
      return;
    }
    bool isPolling = block.polls - firstPoll >= kBlockBudget / 16;
    next->pollingBudgets += gotOn && isPolling;
    bool needsMore = next->pollingBudgets >= kPollingBudgets;
    if (needsMore)
      next->pollingBudgets = 0;
    Resident last = std::move(*next);
    resident.erase(next);
    resident.push_back(std::move(last));
    if (needsMore)
      begin();
  }

  /// Waits for the other workers. Returns false as soon as the launch makes
  /// progress, and true if all running workers have arrived here since the last
  /// progress. `counted` is the progress at which this worker was counted last.
  bool meet(Meeting &meeting, uint64_t progress, uint64_t &counted) {
    while (progress == launch.progress && !launch.stop) {
      {
        std::lock_guard<std::mutex> lock(work.mutex);
        if (meeting.since != progress) {
          meeting.since = progress;
          meeting.count = 0;
        }
        meeting.count += counted != progress;
        counted = progress;
        if (meeting.count >= work.running)
          return true;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    return false;
  }

  void stopDeadlocked() {
    for (Resident &r : resident)
      reportDeadlock(*r.block);
    launch.stop = true;
  }

  void finish(Block &block) {
    if (!block.profiler)
      return;
    std::lock_guard<std::mutex> lock(launch.mutex);
    launch.profiler->add(*block.profiler, block.executions,
                         block.laneExecutions);
    std::fill(block.executions.begin(), block.executions.end(), 0);
    std::fill(block.laneExecutions.begin(), block.laneExecutions.end(), 0);
    block.profiler = std::make_unique<Profiler>(launch);
  }

  Launch &launch;
  Work &work;
  unsigned maxResident;
  uint64_t waitingAt = kNever, stuckAt = kNever;
  std::deque<Resident> resident;
  std::vector<std::unique_ptr<Block>> free;
};
} // namespace

/// Returns the number of blocks that a chip runs at once, which threads and
/// shared memory limit.
static uint64_t getResidentBlocks(const Launch &launch) {
  const Chip &chip = *launch.chip;
  uint64_t warps = (launch.config.block.count() + kLanes - 1) / kLanes;
  uint64_t shared = launch.kernel->staticShared + launch.config.dynamicShared +
                    chip.sharedReservedPerBlock;
  uint64_t perSM =
      std::min<uint64_t>({chip.maxBlocksPerSM, chip.maxWarpsPerSM / warps,
                          shared ? chip.sharedPerSM / shared : UINT64_MAX});
  return std::max<uint64_t>(perSM, 1) * chip.multiprocessors;
}

void ptxsim::runGrid(Launch &launch) {
  Work work;
  work.numBlocks = launch.config.grid.count();
  unsigned workers = launch.options.hostThreads;
  if (!workers)
    workers = std::max(1u, std::thread::hardware_concurrency());
  workers = unsigned(std::min<uint64_t>(workers, work.numBlocks));
  uint64_t residents = getResidentBlocks(launch);
  auto perWorker =
      unsigned(std::max<uint64_t>(1, (residents + workers - 1) / workers));
  work.running = workers;
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < workers; ++i)
    threads.emplace_back([&] { Worker(launch, work, perWorker).run(); });
  Worker(launch, work, perWorker).run();
  for (std::thread &thread : threads)
    thread.join();
}
