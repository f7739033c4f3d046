//===- Grid.cpp - Blocks on the host's cores ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A host thread runs its blocks one after the other. A block that only waits
// for others is put aside, and another one begun or gone on with, so that
// blocks may wait for each other as far as the chip has room for them at once.
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

/// Instructions of a warp before the next one's turn, and of a block before
/// somebody looks whether it gets on.
static constexpr uint64_t kWarpBudget = 4096;
static constexpr uint64_t kBlockBudget = 1 << 20;
/// A block that has executed this much without a write, an arrival or an exit
/// goes round for nothing.
static constexpr uint64_t kHopeless = uint64_t(1) << 28;
/// One that looks at what others do so often without any of these is put aside,
/// a second time earlier; when all are, and have looked so much more often in
/// sum, nobody gets on.
static constexpr uint64_t kPatientPolls = 1 << 13;
static constexpr uint64_t kImpatientPolls = 1 << 11;
static constexpr uint64_t kHopelessPolls = 1 << 15;
/// Instructions of each warp in a round of those that only look.
static constexpr uint64_t kShortSlice = 32;
/// Budgets that a block may use up which gets on, but looks at what others do
/// all the time, before another one is begun, for which it may wait.
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
  // Not from what ran here before: a block's moments are its own.
  random = launch->options.seed * 0x100000001b3u + number;
  std::fill(shared.begin(), shared.end(), uint8_t(0xff));
  std::fill(sharedInit.begin(), sharedInit.end(), uint8_t(0));
  std::fill(localStorage.begin(), localStorage.end(), uint8_t(0xff));
  std::fill(localInitStorage.begin(), localInitStorage.end(), uint8_t(0));
  for (Barrier &barrier : barriers)
    barrier = Barrier();
  async = std::make_unique<AsyncCopies>(*this);
  if (launch->options.checks & CheckRace) {
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
    std::fill(std::begin(warp.callDepth), std::end(warp.callDepth), 0);
    if (warp.undefined) {
      std::fill_n(warp.undefined, kernel.writableBytes / 64, kAllLanes);
      std::fill_n(warp.undefined + kernel.writableBytes / 64,
                  (kernel.registerBytes - kernel.writableBytes) / 64, 0);
    }
    fillSpecials(warp);
  }
}

bool Block::runSlice() {
  uint64_t executed = 0;
  for (Warp &warp : warps)
    if (warp.live)
      executed += runWarp(warp, kWarpBudget);
  return executed != 0;
}

//===----------------------------------------------------------------------===//
// The grid
//===----------------------------------------------------------------------===//

namespace {
/// What the workers of a launch share.
struct Work {
  std::atomic<uint64_t> nextBlock{0};
  uint64_t numBlocks;

  std::mutex mutex;     // of what follows
  unsigned running = 0; // workers
  /// Of them, those all of whose blocks have looked at what others do in vain
  /// since the launch's progress was this.
  unsigned stuck = 0;
  uint64_t stuckSince = 0;
  bool isDeadlocked = false;
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
      uint64_t progress;
      if (!runOne(progress) && !resolve(progress))
        break;
    }
    std::lock_guard<std::mutex> lock(work.mutex);
    --work.running;
  }

private:
  struct Resident {
    std::unique_ptr<Block> block;
    uint64_t idleInstructions = 0;
    uint64_t idlePolls = 0;
    unsigned pollingBudgets = 0;
    /// The launch's progress before the block looked in vain; it waits for
    /// another one.
    uint64_t waitsSince = kNever;
  };
  static constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();

  /// Begins the next block of the grid, if there is one and room for it.
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

  /// The block to run: one that does not wait, else a new one, else one that
  /// may not have waited for long enough yet; the end when none gets on.
  std::deque<Resident>::iterator choose(uint64_t progress) {
    auto found =
        std::find_if(resident.begin(), resident.end(), [&](const Resident &r) {
          return r.waitsSince != progress;
        });
    if (found != resident.end())
      return found;
    if (begin())
      return resident.begin();
    uint64_t most = std::max(kPatientPolls, kHopelessPolls / resident.size());
    return std::find_if(
        resident.begin(), resident.end(), [&](const Resident &r) {
          return r.idlePolls < most && r.idleInstructions < kHopeless;
        });
  }

  /// Runs a block until it ends, waits or has used up its budget. False when
  /// all wait; `progress` is the launch's then.
  bool runOne(uint64_t &progress) {
    progress = launch.progress;
    auto found = choose(progress);
    if (found == resident.end())
      return false;
    uint64_t mostPolls = kPatientPolls;
    if (found->waitsSince != kNever && found->waitsSince != progress) {
      found->idleInstructions = found->idlePolls = 0;
      mostPolls = kImpatientPolls;
    }
    found->waitsSince = kNever;
    Block &block = *found->block;
    uint64_t before = block.progress;
    uint64_t instructions = block.instructions, polls = 0;
    bool alive = true;
    while (block.liveWarps && alive && !launch.stop &&
           block.instructions - instructions < kBlockBudget &&
           (block.progress != before || polls < mostPolls)) {
      uint64_t sliceBegin = block.instructions, slicePolls = block.polls;
      alive = block.runSlice();
      // Where all warps but look at an mbarrier, there is less to hope for.
      bool onlyLooks =
          block.instructions - sliceBegin < kShortSlice * block.warps.size();
      polls += (block.polls - slicePolls) * (onlyLooks ? kShortSlice : 1);
    }
    launch.progress += block.progress - before;
    if (!block.liveWarps) {
      finish(block);
      free.push_back(std::move(found->block));
      resident.erase(found);
      return true;
    }
    if (!alive && !launch.stop) {
      // Nothing outside a block can set its warps going again.
      reportDeadlock(block);
      launch.stop = true;
      return true;
    }
    bool isPolling = polls >= kBlockBudget / 16;
    if (block.progress == before) {
      found->idleInstructions += block.instructions - instructions;
      found->idlePolls += polls;
      if (found->idlePolls >= mostPolls || found->idleInstructions >= kHopeless)
        found->waitsSince = progress;
    } else {
      found->idleInstructions = found->idlePolls = 0;
      found->pollingBudgets += isPolling;
    }
    bool needsMore = found->pollingBudgets >= kPollingBudgets;
    if (needsMore)
      found->pollingBudgets = 0;
    Resident last = std::move(*found);
    resident.erase(found);
    resident.push_back(std::move(last));
    if (needsMore)
      begin();
    return true;
  }

  /// All resident blocks wait: waits for other workers. False when nobody gets
  /// on.
  bool resolve(uint64_t progress) {
    bool isCounted = false;
    while (progress == launch.progress && !launch.stop) {
      {
        std::lock_guard<std::mutex> lock(work.mutex);
        if (work.stuckSince != progress) {
          work.stuckSince = progress;
          work.stuck = 0;
        }
        work.stuck += !isCounted;
        isCounted = true;
        // Who gets on would have changed the progress, or counts as running.
        work.isDeadlocked |= work.stuck >= work.running;
        if (work.isDeadlocked)
          break;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    if (progress != launch.progress || !work.isDeadlocked)
      return true;
    for (Resident &r : resident)
      reportDeadlock(*r.block);
    launch.stop = true;
    return false;
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
  std::deque<Resident> resident;
  std::vector<std::unique_ptr<Block>> free;
};
} // namespace

/// Blocks that a chip runs at once, by threads and shared memory.
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
