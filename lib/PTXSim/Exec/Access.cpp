//===- Access.cpp - One lane's access to memory ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Async.h"
#include "MatrixAccess.h"
#include "MemoryMarks.h"
#include "MemoryModes.h"
#include "Profile/Profiler.h"
#include <iterator>

using namespace ptxsim;

//===----------------------------------------------------------------------===//
// Qualifiers
//===----------------------------------------------------------------------===//

MemoryMode ptxsim::getMemoryMode(const Match &match, MemoryMode fallback) {
  MemoryMode mode = fallback;
  std::string_view order = match.get("sem");
  if (!order.empty()) {
    mode.strong = order != "weak";
    mode.order = order == "acquire"   ? Order::Acquire
                 : order == "release" ? Order::Release
                 : order == "acq_rel" ? Order::AcqRel
                 : order == "sc"      ? Order::SeqCst
                                      : Order::Relaxed;
  }
  std::string_view scope = match.get("scope");
  if (!scope.empty())
    mode.scope = scope == "cta"       ? Scope::Block
                 : scope == "cluster" ? Scope::Cluster
                 : scope == "gpu"     ? Scope::Gpu
                                      : Scope::System;
  return mode;
}

Space ptxsim::getSpace(const Match &match) {
  std::string_view space = match.get("space");
  if (space == "global")
    return Space::Global;
  if (space == "shared" || space == "shared::cta")
    return Space::Shared;
  if (space == "local")
    return Space::Local;
  if (space == "const")
    return Space::Const;
  if (space == "param" || space == "param::entry" || space == "param::func")
    return Space::Param;
  return Space::Generic;
}

void ptxsim::setMemoryMode(Inst &inst, MemoryMode mode) {
  inst.mode2 = mode.pack();
  if (mode.strong)
    inst.flow = Flow::Poll;
}

Space ptxsim::resolveGeneric(uint64_t &address) {
  struct Window {
    uint64_t base;
    Space space;
  };
  constexpr Window windows[] = {{kSharedWindow, Space::Shared},
                                {kLocalWindow, Space::Local},
                                {kParamWindow, Space::Param}};
  for (const Window &window : windows)
    if (address - window.base < kWindowSize) {
      address -= window.base;
      return window.space;
    }
  return Space::Global;
}

//===----------------------------------------------------------------------===//
// Findings
//===----------------------------------------------------------------------===//

static std::string describe(AccessKind kind, unsigned bytes, Space space,
                            uint64_t address) {
  const char *what = isWrite(kind) || kind == AccessKind::AsyncDestination
                         ? "writes "
                         : "reads ";
  if (kind == AccessKind::Atomic)
    what = "updates ";
  return what + std::to_string(bytes) + " bytes at " +
         std::string(getSpaceName(space)) + " address " +
         formatAddress(address);
}

static uint8_t *failMisaligned(const Warp &w, const Inst &inst, unsigned lane,
                               const std::string &what, unsigned alignment) {
  w.report(inst, lane, CheckMemory, "misaligned",
           what + ", which is not a multiple of " + std::to_string(alignment));
  return nullptr;
}

static uint8_t *failBounds(const Warp &w, const Inst &inst, unsigned lane,
                           const std::string &what, uint64_t begin,
                           uint64_t size, const char *owner) {
  w.report(inst, lane, CheckMemory, "out-of-bounds",
           what + "; the " + owner + " has " + std::to_string(size) +
               " bytes from " + formatAddress(begin) + " on");
  return nullptr;
}

static uint8_t *failGlobal(const Warp &w, const Inst &inst, unsigned lane,
                           const std::string &what, uint64_t address) {
  std::string message = what + ", outside every allocation";
  if (const Allocation *near = w.launch->memory->findNearest(address)) {
    bool isBefore = address < near->base;
    uint64_t distance = isBefore ? near->base - address : address - near->base;
    message += "; the nearest has " + std::to_string(near->size) +
               " bytes at " + formatAddress(near->base) + ", " +
               std::to_string(distance) +
               (isBefore ? " bytes after it" : " bytes before it");
  }
  w.report(inst, lane, CheckMemory, "out-of-bounds", message);
  return nullptr;
}

static void reportUnwritten(const Warp &w, const Inst &inst, unsigned lane,
                            const std::string &what) {
  w.report(inst, lane, CheckInit, "uninitialized-memory",
           what + ", which nothing has written");
}

//===----------------------------------------------------------------------===//
// The access
//===----------------------------------------------------------------------===//

/// Sets or checks the states of the bytes. For instructions that propagate
/// undefined values through shared and local memory, the rule of the
/// instruction handles the marks: see MemoryMarks.h.
static void applyInit(const Warp &w, const Inst &inst, unsigned lane,
                      uint8_t *init, unsigned bytes, AccessKind kind,
                      Space space, uint64_t address) {
  bool travels = space == Space::Local ||
                 (space == Space::Shared && inst.init == InitRule::Custom);
  if (isRead(kind) && !travels && w.isChecked(CheckInit) &&
      areUndefined(w, init, bytes))
    reportUnwritten(w, inst, lane, describe(kind, bytes, space, address));
  if (isWrite(kind) && !(travels && kind == AccessKind::Atomic))
    std::memset(init, kWritten, bytes);
}

static uint8_t *accessShared(Warp &w, const Inst &inst, unsigned lane,
                             uint64_t address, unsigned bytes,
                             AccessKind kind) {
  Block &block = *w.block;
  uint64_t offset = address - kSharedBase;
  if (address < kSharedBase || offset > block.shared.size() ||
      bytes > block.shared.size() - offset)
    return failBounds(w, inst, lane,
                      describe(kind, bytes, Space::Shared, address),
                      kSharedBase, block.shared.size(), "block's memory");
  auto place = uint32_t(offset);
  if (isRead(kind) || isWrite(kind)) {
    if (!block.async->isIdle())
      block.async->check(w, inst, lane, place, bytes, isWrite(kind));
    applyInit(w, inst, lane, &block.sharedInit[place], bytes, kind,
              Space::Shared, address);
    if (block.races)
      block.races->access(w, inst, lane, place, bytes, kind,
                          inst.flow == Flow::Poll);
    if (isWrite(kind) && kind != AccessKind::Atomic)
      ++block.progress;
  }
  return &block.shared[place];
}

static uint8_t *accessGlobal(Warp &w, const Inst &inst, unsigned lane,
                             Space space, uint64_t address, unsigned bytes,
                             AccessKind kind) {
  Allocation *memory = w.launch->memory->find(address);
  if (!memory || !memory->contains(address, bytes))
    return failGlobal(w, inst, lane, describe(kind, bytes, space, address),
                      address);
  if (memory->readOnly && isWrite(kind)) {
    w.report(inst, lane, CheckMemory, "out-of-bounds",
             describe(kind, bytes, space, address) + ", which is constant");
    return nullptr;
  }
  uint64_t offset = address - memory->base;
  if (isRead(kind) || isWrite(kind)) {
    if (isWrite(kind) && !w.block->async->isIdle())
      w.block->async->checkSource(w, inst, lane, address, bytes);
    applyInit(w, inst, lane, memory->init.data() + offset, bytes, kind, space,
              address);
    if (w.launch->globalRaces && !memory->readOnly)
      w.launch->globalRaces->access(w, inst, lane, *memory, address, bytes,
                                    kind, inst.flow == Flow::Poll);
    if (isWrite(kind) && kind != AccessKind::Atomic)
      ++w.block->progress;
  }
  return memory->data.data() + offset;
}

static uint8_t *accessLocal(Warp &w, const Inst &inst, unsigned lane,
                            uint64_t address, unsigned bytes, AccessKind kind) {
  uint64_t size = w.kernel->localBytes;
  if (address > size || bytes > size - address)
    return failBounds(w, inst, lane,
                      describe(kind, bytes, Space::Local, address), 0, size,
                      "thread's local memory");
  uint64_t offset = lane * size + address;
  applyInit(w, inst, lane, w.localInit + offset, bytes, kind, Space::Local,
            address);
  return w.local + offset;
}

uint8_t *Warp::access(const Inst &inst, unsigned lane, Space space,
                      uint64_t address, unsigned bytes, AccessKind kind,
                      unsigned alignment) {
  if (space == Space::Generic)
    space = resolveGeneric(address);
  if (!alignment)
    alignment = bytes;
  if (address % alignment)
    return failMisaligned(*this, inst, lane,
                          describe(kind, bytes, space, address), alignment);
  switch (space) {
  case Space::Shared:
    return accessShared(*this, inst, lane, address, bytes, kind);
  case Space::Local:
    return accessLocal(*this, inst, lane, address, bytes, kind);
  case Space::Param: {
    std::vector<uint8_t> &parameters = launch->parameters;
    if (address > parameters.size() || bytes > parameters.size() - address)
      return failBounds(*this, inst, lane,
                        describe(kind, bytes, space, address), 0,
                        parameters.size(), "kernel's parameter block");
    if (isWrite(kind)) {
      report(inst, lane, CheckMemory, "out-of-bounds",
             describe(kind, bytes, space, address) +
                 ", and a kernel's parameters are constant");
      return nullptr;
    }
    return &parameters[address];
  }
  default:
    return accessGlobal(*this, inst, lane, space, address, bytes, kind);
  }
}

//===----------------------------------------------------------------------===//
// Profiles and clocks
//===----------------------------------------------------------------------===//

void ptxsim::countAccess(Warp &w, const Inst &inst, Space space,
                         const uint64_t *addresses, uint32_t mask,
                         unsigned bytes, bool writes) {
  Profiler *profiler = w.block->profiler.get();
  if (!profiler)
    return;
  if (space != Space::Generic) {
    if (space == Space::Shared)
      profiler->shared(inst, addresses, mask, bytes);
    else if (space == Space::Global)
      profiler->global(inst, addresses, mask, bytes, writes);
    return;
  }
  uint64_t resolved[kLanes] = {};
  uint32_t shared = 0, global = 0;
  for (Lanes l(mask); l; ++l) {
    resolved[*l] = addresses[*l];
    Space own = resolveGeneric(resolved[*l]);
    shared |= uint32_t(own == Space::Shared) << *l;
    global |= uint32_t(own == Space::Global) << *l;
  }
  if (shared)
    profiler->shared(inst, resolved, shared, bytes);
  if (global)
    profiler->global(inst, resolved, global, bytes, writes);
}

void ptxsim::orderAccess(Warp &w, const Inst &inst, unsigned lane, Space space,
                         uint64_t address, bool reads, bool writes) {
  if (!w.block->races)
    return;
  MemoryMode mode = MemoryMode::unpack(inst.mode2);
  if (space == Space::Generic)
    space = resolveGeneric(address);
  if (space == Space::Shared)
    w.block->races->order(w, lane, uint32_t(address - kSharedBase), mode.order,
                          reads, writes);
  else if (space == Space::Global && w.launch->globalRaces)
    w.launch->globalRaces->order(w, lane, address, mode.order, mode.scope,
                                 reads, writes);
}

//===----------------------------------------------------------------------===//
// Waiting
//===----------------------------------------------------------------------===//

static uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
  return hash ^ hash >> 29;
}

void ptxsim::yieldIfSame(Warp &w, const Inst &inst, const uint64_t *addresses,
                         uint32_t mask, const Ref *values, unsigned count) {
  uint64_t seen = mix(inst.number + 1, mask);
  for (Lanes l(mask); l; ++l) {
    seen = mix(seen, addresses[*l]);
    for (unsigned e = 0; e < count; ++e) {
      if (!values[e])
        continue;
      const std::byte *from =
          w.registers + values[e].offset + size_t(*l) * values[e].size;
      uint64_t words[2] = {};
      std::memcpy(words, from, values[e].size);
      seen = mix(seen, words[0] ^ words[1] * 3);
    }
  }
  // A loop may poll several places.
  Warp::Look &look = w.looks[inst.number % std::size(w.looks)];
  uint64_t progress = w.block->progress;
  if (look.seen == seen && look.progress == progress)
    w.yielded = true;
  look = {seen, progress};
}
