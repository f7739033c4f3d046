//===- Profiler.cpp - Counting the cost of a launch -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Profiler.h"
#include "Bounds.h"
#include <algorithm>

using namespace ptxsim;

namespace {
/// The cost of the accesses of an instruction.
struct Costs {
  uint64_t accesses = 0;
  uint64_t bytes = 0;
  uint64_t wavefronts = 0;
  uint64_t idealWavefronts = 0;
  uint64_t sectors = 0;
};
} // namespace

class Profiler::Impl {
public:
  explicit Impl(const Launch &launch)
      : launch(launch), shared(launch.kernel->code.size()),
        loads(shared.size()), stores(shared.size()) {}
  const Launch &launch;
  std::vector<Costs> shared, loads, stores;
  std::vector<uint64_t> executions, laneExecutions;
  const Allocation *last = nullptr;
};

Profiler::Profiler(const Launch &launch)
    : impl(std::make_unique<Impl>(launch)) {}
Profiler::~Profiler() = default;

//===----------------------------------------------------------------------===//
// Shared memory: 32 banks of 4 bytes
//===----------------------------------------------------------------------===//

/// Returns the passes for the words of one part of a warp: the most distinct
/// words in one bank.
static unsigned countWavefronts(const uint64_t *words, unsigned count) {
  uint64_t sorted[kLanes * 4];
  std::copy_n(words, count, sorted);
  std::sort(sorted, sorted + count);
  unsigned distinct = unsigned(std::unique(sorted, sorted + count) - sorted);
  unsigned inBank[32] = {}, most = 0;
  for (unsigned i = 0; i < distinct; ++i)
    most = std::max(most, ++inBank[sorted[i] % 32]);
  return most;
}

void Profiler::shared(const Inst &inst, const uint64_t *addresses,
                      uint32_t mask, unsigned bytes) {
  // Accesses of 4 bytes take one pass, 8 bytes two half warps, 16 four
  // quarters.
  unsigned parts = std::max(1u, bytes / 4);
  unsigned lanesPerPart = kLanes / parts;
  unsigned wordsPerLane = std::max(1u, bytes / 4);
  Costs &costs = impl->shared[inst.number];
  ++costs.accesses;
  for (unsigned part = 0; part < parts; ++part) {
    uint64_t words[kLanes * 4];
    unsigned count = 0;
    for (unsigned l = part * lanesPerPart; l < (part + 1) * lanesPerPart; ++l)
      for (unsigned w = 0; (mask >> l & 1) && w < wordsPerLane; ++w)
        words[count++] = addresses[l] / 4 + w;
    costs.wavefronts += countWavefronts(words, count);
  }
  unsigned asked = unsigned(__builtin_popcount(mask)) * bytes;
  costs.bytes += asked;
  costs.idealWavefronts += (asked + 127) / 128;
}

void Profiler::sharedRows(const Inst &inst, const uint64_t *rows,
                          unsigned count) {
  Costs &costs = impl->shared[inst.number];
  ++costs.accesses;
  for (unsigned matrix = 0; matrix < count / 8; ++matrix) {
    uint64_t words[32];
    for (unsigned i = 0; i < 32; ++i)
      words[i] = rows[matrix * 8 + i / 4] / 4 + i % 4;
    costs.wavefronts += countWavefronts(words, 32);
  }
  costs.bytes += count * 16;
  costs.idealWavefronts += count / 8;
}

//===----------------------------------------------------------------------===//
// Global memory: sectors of 32 bytes
//===----------------------------------------------------------------------===//

void Profiler::global(const Inst &inst, const uint64_t *addresses,
                      uint32_t mask, unsigned bytes, bool writes) {
  Costs &costs = (writes ? impl->stores : impl->loads)[inst.number];
  ++costs.accesses;
  uint64_t sectors[kLanes * 2];
  unsigned count = 0;
  for (Lanes l(mask); l; ++l) {
    uint64_t address = addresses[*l];
    sectors[count++] = address / 32;
    sectors[count++] = (address + bytes - 1) / 32;
    const Allocation *memory = impl->last;
    if (!memory || !memory->contains(address, bytes))
      memory = impl->last = impl->launch.memory->find(address);
    if (memory && memory->contains(address, bytes)) {
      uint64_t offset = address - memory->base;
      uint8_t *pages = memory->touchedPages.data();
      std::memset(memory->touched.data() + offset, 1, bytes);
      pages[offset >> Allocation::kPageBits] = 1;
      pages[(offset + bytes - 1) >> Allocation::kPageBits] = 1;
    }
  }
  std::sort(sectors, sectors + count);
  costs.sectors += uint64_t(std::unique(sectors, sectors + count) - sectors);
  costs.bytes += uint64_t(__builtin_popcount(mask)) * bytes;
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

static void addCosts(std::vector<Costs> &to, const std::vector<Costs> &from) {
  for (size_t i = 0; i < to.size(); ++i) {
    to[i].accesses += from[i].accesses;
    to[i].bytes += from[i].bytes;
    to[i].wavefronts += from[i].wavefronts;
    to[i].idealWavefronts += from[i].idealWavefronts;
    to[i].sectors += from[i].sectors;
  }
}

void Profiler::add(const Profiler &other,
                   const std::vector<uint64_t> &executions,
                   const std::vector<uint64_t> &laneExecutions) {
  addCosts(impl->shared, other.impl->shared);
  addCosts(impl->loads, other.impl->loads);
  addCosts(impl->stores, other.impl->stores);
  impl->executions.resize(executions.size());
  impl->laneExecutions.resize(executions.size());
  for (size_t i = 0; i < executions.size(); ++i) {
    impl->executions[i] += executions[i];
    impl->laneExecutions[i] += laneExecutions[i];
  }
  barriers += other.barriers;
}

static bool isPacked(Type type) {
  return type == Type::F16x2 || type == Type::BF16x2;
}

void Profiler::finish(LaunchResult &result) const {
  const Launch &launch = impl->launch;
  Counters &sum = result.counters;
  sum.barriers = barriers;
  for (const Inst &inst : launch.kernel->code) {
    uint64_t warps = 0, lanes = 0;
    if (inst.number < impl->executions.size()) {
      warps = impl->executions[inst.number];
      lanes = impl->laneExecutions[inst.number];
    }
    if (!warps)
      continue;
    sum.warpInstructions += warps;
    sum.threadInstructions += lanes;
    sum.byOpcode[launch.program->opcodeNames[inst.opcodeName]] += warps;
    sum.byClass[getInstClassName(inst.cls)] += warps;
    sum.laneOperations[getInstClassName(inst.cls)] += lanes;
    if (inst.cls == InstClass::Sfu)
      sum.sfuOperations += lanes * (isPacked(inst.type) ? 2 : 1);
    if (inst.tensor.types) {
      sum.tensorCount[inst.tensor.types] += warps;
      sum.tensorFlops[inst.tensor.types] +=
          warps * 2 * inst.tensor.m * inst.tensor.n * inst.tensor.k;
    }
    const Costs &shared = impl->shared[inst.number];
    const Costs &load = impl->loads[inst.number];
    const Costs &store = impl->stores[inst.number];
    sum.sharedAccesses += shared.accesses;
    sum.sharedBytes += shared.bytes;
    sum.sharedWavefronts += shared.wavefronts;
    sum.sharedIdealWavefronts += shared.idealWavefronts;
    sum.globalAccesses += load.accesses + store.accesses;
    sum.globalSectors += load.sectors + store.sectors;
    sum.globalLoadBytes += load.bytes;
    sum.globalStoreBytes += store.bytes;
    Counters::LineCounters &line = sum.byLine[inst.line];
    line.executions += warps;
    line.wavefronts += shared.wavefronts;
    line.idealWavefronts += shared.idealWavefronts;
    line.sectors += load.sectors + store.sectors;
    line.globalBytes += load.bytes + store.bytes;
  }
  sum.globalBytes = sum.globalLoadBytes + sum.globalStoreBytes;
  for (const auto &[base, memory] : launch.memory->all()) {
    const uint8_t *begin = memory->touched.data();
    const uint8_t *pages = memory->touchedPages.data();
    constexpr uint64_t size = uint64_t(1) << Allocation::kPageBits;
    for (uint64_t offset = 0; offset < memory->size; offset += size)
      if (*pages++)
        sum.globalUniqueBytes += uint64_t(std::count(
            begin + offset, begin + std::min(offset + size, memory->size),
            uint8_t(1)));
  }
  result.bound = computeBound(*launch.chip, launch, sum);
}

const char *ptxsim::getInstClassName(InstClass cls) {
  switch (cls) {
  case InstClass::Integer:
    return "integer";
  case InstClass::Float32:
    return "float32";
  case InstClass::Float16:
    return "float16";
  case InstClass::Float64:
    return "float64";
  case InstClass::Convert:
    return "convert";
  case InstClass::Sfu:
    return "sfu";
  case InstClass::Move:
    return "move";
  case InstClass::Logic:
    return "logic";
  case InstClass::Compare:
    return "compare";
  case InstClass::Control:
    return "control";
  case InstClass::Collective:
    return "collective";
  case InstClass::Barrier:
    return "barrier";
  case InstClass::LoadGlobal:
    return "global";
  case InstClass::LoadShared:
    return "shared";
  case InstClass::LoadOther:
    return "memory";
  case InstClass::Async:
    return "async";
  case InstClass::Tensor:
    return "tensor";
  case InstClass::Fence:
    return "fence";
  case InstClass::Other:
    return "other";
  }
  return "other";
}
