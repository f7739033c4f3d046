//===- LoadStore.cpp - Loads, stores, fences ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AccessWarp.h"
#include "InitRules.h"
#include "MemoryMarks.h"
#include "MemoryModes.h"
#include <algorithm>

using namespace ptxsim;

using Wide = unsigned __int128;

//===----------------------------------------------------------------------===//
// Undefined values
//===----------------------------------------------------------------------===//

/// The address must be defined; the marks of the values are propagated.
static void checkLoad(Warp &w, const Inst &i, uint32_t mask) {
  demandDefined(w, i, i.a, mask, "the first operand");
  const Ref *dsts = w.kernel->getDsts(i);
  for (unsigned e = 0; e < i.numDsts; ++e)
    if (dsts[e])
      w.setUndefined(dsts[e], 0, mask);
}

/// Returns true if an element that is stored is undefined in a lane of the
/// mask.
static bool isAnyUndefined(const Warp &w, const Inst &i, uint32_t mask) {
  uint32_t lanes = 0;
  const Ref *srcs = w.kernel->getSrcs(i);
  for (unsigned e = 0; e < i.numSrcs; ++e)
    lanes |= w.anyUndefined(srcs[e]);
  return lanes & mask;
}

/// A value stored to global memory must also be defined.
static void checkStore(Warp &w, const Inst &i, uint32_t mask) {
  demandDefined(w, i, i.a, mask, "the first operand");
  if (i.space == Space::Shared || i.space == Space::Local ||
      !isAnyUndefined(w, i, mask))
    return;
  const Ref *srcs = w.kernel->getSrcs(i);
  Places places;
  getAddresses(w, i, mask, getTypeSize(i.type) * i.numSrcs, places);
  uint32_t lanes = getGlobalLanes(i, places, mask);
  for (unsigned e = 0; lanes && e < i.numSrcs; ++e)
    demandDefined(w, i, srcs[e], lanes, "an operand");
}

//===----------------------------------------------------------------------===//
// Loads
//===----------------------------------------------------------------------===//

/// Loads element of `n` of all lanes from adjacent locations.
template <typename To, typename From, unsigned n>
static void loadContiguous(const Warp &w, const Ref &d, const uint8_t *begin) {
  To *to = w.reg<To>(d);
  for (unsigned l = 0; l < kLanes; ++l) {
    From value;
    std::memcpy(&value, begin + l * n * sizeof(From), sizeof(value));
    to[l] = To(value);
  }
}

/// A register that is wider than the value gets the extended value.
template <typename To, typename From>
static void loadAs(const Warp &w, const Ref &d, const Places &places,
                   unsigned offset, unsigned n) {
  To *to = w.reg<To>(d);
  if (places.pattern == Pattern::Contiguous) {
    const uint8_t *begin = places.lanes[0] + offset;
    switch (n) {
    case 1:
      return loadContiguous<To, From, 1>(w, d, begin);
    case 2:
      return loadContiguous<To, From, 2>(w, d, begin);
    case 4:
      return loadContiguous<To, From, 4>(w, d, begin);
    default:
      return loadContiguous<To, From, 8>(w, d, begin);
    }
  }
  From value;
  if (places.pattern == Pattern::Uniform) {
    std::memcpy(&value, places.lanes[0] + offset, sizeof(value));
    std::fill_n(to, kLanes, To(value));
    return;
  }
  if (places.mask == kAllLanes) {
    for (unsigned l = 0; l < kLanes; ++l) {
      std::memcpy(&value, places.lanes[l] + offset, sizeof(value));
      to[l] = To(value);
    }
    return;
  }
  for (Lanes l(places.mask); l; ++l) {
    std::memcpy(&value, places.lanes[*l] + offset, sizeof(value));
    to[*l] = To(value);
  }
}

template <typename From>
static void loadElement(const Warp &w, const Ref &d, const Places &places,
                        unsigned offset, unsigned n) {
  switch (d.size) {
  case 2:
    return loadAs<uint16_t, From>(w, d, places, offset, n);
  case 4:
    return loadAs<uint32_t, From>(w, d, places, offset, n);
  case 8:
    return loadAs<uint64_t, From>(w, d, places, offset, n);
  default:
    return loadAs<Wide, From>(w, d, places, offset, n);
  }
}

template <typename T>
static void execLoad(Warp &w, const Inst &i, uint32_t mask) {
  Places places;
  unsigned bytes = unsigned(sizeof(T)) * i.numDsts;
  getAddresses(w, i, mask, bytes, places);
  findPlaces(w, i, mask, bytes, AccessKind::Load, places);
  const Ref *dsts = w.kernel->getDsts(i);
  for (unsigned e = 0; e < i.numDsts; ++e)
    if (dsts[e] && places.mask)
      loadElement<T>(w, dsts[e], places, e * unsigned(sizeof(T)), i.numDsts);
  if (w.undefined && (places.mayBeUndefined || places.space == Space::Local))
    for (unsigned e = 0; e < i.numDsts; ++e)
      if (dsts[e])
        loadMarks(w, i, dsts[e], places, bytes, e * unsigned(sizeof(T)),
                  unsigned(sizeof(T)));
  if (i.flow == Flow::Poll) {
    for (Lanes l(places.mask); l; ++l)
      orderAccess(w, i, *l, i.space, places.addresses[*l], true, false);
    yieldIfSame(w, i, places.addresses, places.mask, dsts, i.numDsts);
  }
}

//===----------------------------------------------------------------------===//
// Stores
//===----------------------------------------------------------------------===//

template <typename From, typename T, unsigned n>
static void storeContiguous(const Warp &w, const Ref &s, uint8_t *begin) {
  const From *from = w.reg<From>(s);
  for (unsigned l = 0; l < kLanes; ++l) {
    auto value = T(from[l]);
    std::memcpy(begin + l * n * sizeof(T), &value, sizeof(T));
  }
}

/// Stores element of `n` from a register that may be wider.
template <typename T, unsigned n>
static void storeContiguous(const Warp &w, const Ref &s, uint8_t *begin) {
  switch (s.size) {
  case 2:
    return storeContiguous<uint16_t, T, n>(w, s, begin);
  case 4:
    return storeContiguous<uint32_t, T, n>(w, s, begin);
  case 8:
    return storeContiguous<uint64_t, T, n>(w, s, begin);
  default:
    return storeContiguous<Wide, T, n>(w, s, begin);
  }
}

template <typename T>
static void storeElement(const Warp &w, const Ref &s, const Places &places,
                         unsigned offset, unsigned n) {
  if (places.pattern == Pattern::Contiguous) {
    uint8_t *begin = places.lanes[0] + offset;
    switch (n) {
    case 1:
      return storeContiguous<T, 1>(w, s, begin);
    case 2:
      return storeContiguous<T, 2>(w, s, begin);
    case 4:
      return storeContiguous<T, 4>(w, s, begin);
    default:
      return storeContiguous<T, 8>(w, s, begin);
    }
  }
  const std::byte *from = w.registers + s.offset;
  unsigned step = s.size;
  if (places.pattern == Pattern::Uniform) {
    // The store of the last lane takes effect.
    std::memcpy(places.lanes[0] + offset, from + (kLanes - 1) * step,
                sizeof(T));
    return;
  }
  if (places.mask == kAllLanes) {
    for (unsigned l = 0; l < kLanes; ++l)
      std::memcpy(places.lanes[l] + offset, from + l * step, sizeof(T));
    return;
  }
  for (Lanes l(places.mask); l; ++l)
    std::memcpy(places.lanes[*l] + offset, from + *l * step, sizeof(T));
}

template <typename T>
static void getStored(const Warp &w, const Inst &i, unsigned lane,
                      uint8_t *to) {
  const Ref *srcs = w.kernel->getSrcs(i);
  for (unsigned e = 0; e < i.numSrcs; ++e)
    std::memcpy(to + e * sizeof(T),
                w.registers + srcs[e].offset + size_t(lane) * srcs[e].size,
                sizeof(T));
}

template <typename T>
static void execStore(Warp &w, const Inst &i, uint32_t mask) {
  Places places;
  const Ref *srcs = w.kernel->getSrcs(i);
  unsigned bytes = unsigned(sizeof(T)) * i.numSrcs;
  getAddresses(w, i, mask, bytes, places);
  findPlaces(w, i, mask, bytes, AccessKind::Store, places, getStored<T>);
  if (i.flow == Flow::Poll)
    for (Lanes l(places.mask); l; ++l)
      orderAccess(w, i, *l, i.space, places.addresses[*l], false, true);
  for (unsigned e = 0; e < i.numSrcs; ++e)
    if (places.mask)
      storeElement<T>(w, srcs[e], places, e * unsigned(sizeof(T)), i.numSrcs);
  if (w.undefined && isAnyUndefined(w, i, mask))
    for (unsigned e = 0; e < i.numSrcs; ++e)
      storeMarks(w, srcs[e], places, bytes, e * unsigned(sizeof(T)),
                 unsigned(sizeof(T)));
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

static ExecFn getLoad(Type type) {
  bool isSigned = type == Type::S8 || type == Type::S16 || type == Type::S32;
  switch (getTypeSize(type)) {
  case 1:
    return isSigned ? execLoad<int8_t> : execLoad<uint8_t>;
  case 2:
    return isSigned ? execLoad<int16_t> : execLoad<uint16_t>;
  case 4:
    return isSigned ? execLoad<int32_t> : execLoad<uint32_t>;
  case 8:
    return execLoad<uint64_t>;
  default:
    return execLoad<Wide>;
  }
}

static ExecFn getStore(Type type) {
  switch (getTypeSize(type)) {
  case 1:
    return execStore<uint8_t>;
  case 2:
    return execStore<uint16_t>;
  case 4:
    return execStore<uint32_t>;
  case 8:
    return execStore<uint64_t>;
  default:
    return execStore<Wide>;
  }
}

static InstClass getClass(Space space) {
  return space == Space::Shared ? InstClass::LoadShared
         : space == Space::Global || space == Space::Generic
             ? InstClass::LoadGlobal
             : InstClass::LoadOther;
}

static size_t getVectorLength(const Match &match) {
  std::string_view vec = match.get("vec");
  return vec.empty() ? 1 : size_t(vec[1] - '0');
}

/// A cache policy after the operands has no effect.
static bool skipPolicy(Decoder &d, const Match &match, size_t least) {
  Ref policy;
  if (!match.has("hint"))
    return d.expect(least);
  return d.expect(least + 1) && d.src(least, Type::B64, policy);
}

static bool checkVector(Decoder &d, Type type, size_t length) {
  size_t bytes = getTypeSize(type) * length;
  return bytes <= 16 || (bytes == 32 && d.capability() >= 100) ||
         d.fail("an access of " + std::to_string(bytes) +
                " bytes; at most 16 are legal, 32 on sm_100 and newer");
}

static bool buildLoad(Decoder &d, const Match &match, Inst &inst) {
  inst.space = getSpace(match);
  inst.type = match.type();
  inst.exec = getLoad(inst.type);
  inst.init = InitRule::Custom;
  inst.initRule = checkLoad;
  setMemoryMode(inst, getMemoryMode(match, {}));
  size_t length = getVectorLength(match);
  if (!skipPolicy(d, match, 2) || !checkVector(d, inst.type, length) ||
      !d.dsts(0, inst.type, inst, length, Decoder::Wider) ||
      !d.address(1, inst.space, inst.a, inst.imm))
    return false;
  inst.cls = getClass(inst.space);
  return true;
}

static bool buildStore(Decoder &d, const Match &match, Inst &inst) {
  inst.space = getSpace(match);
  inst.type = match.type();
  inst.exec = getStore(inst.type);
  inst.init = InitRule::Custom;
  inst.initRule = checkStore;
  setMemoryMode(inst, getMemoryMode(match, {}));
  size_t length = getVectorLength(match);
  if (!skipPolicy(d, match, 2) || !checkVector(d, inst.type, length) ||
      !d.srcs(1, inst.type, inst, length, Decoder::Wider) ||
      !d.address(0, inst.space, inst.a, inst.imm))
    return false;
  inst.cls = getClass(inst.space);
  return true;
}

//===----------------------------------------------------------------------===//
// Fences
//===----------------------------------------------------------------------===//

static void execFence(Warp &w, const Inst &i, uint32_t mask) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (!w.block->clocks)
    return;
  MemoryMode mode = MemoryMode::unpack(i.mode2);
  for (Lanes l(mask); l; ++l)
    w.block->clocks->fence(w.firstThread() + *l, mode.order, mode.scope);
}

static bool buildFence(Decoder &d, const Match &match, Inst &inst) {
  inst.exec = execFence;
  inst.init = InitRule::Define;
  inst.mode2 =
      getMemoryMode(match, {Order::AcqRel, Scope::System, true}).pack();
  return d.expect(0);
}

/// membar.{cta, gl, sys} is fence.sc at that scope.
static bool buildMembar(Decoder &d, const Match &match, Inst &inst) {
  std::string_view level = match.get("level");
  inst.exec = execFence;
  inst.init = InitRule::Define;
  inst.mode2 = MemoryMode{Order::SeqCst,
                          level == "cta"  ? Scope::Block
                          : level == "gl" ? Scope::Gpu
                                          : Scope::System,
                          true}
                   .pack();
  return d.expect(0);
}

static void doNothing(Warp &, const Inst &, uint32_t) {}

/// Orders proxies; there is only one here.
static bool buildProxyFence(Decoder &d, const Match &, Inst &inst) {
  inst.exec = doNothing;
  inst.init = InitRule::Define;
  return d.expect(0);
}

//===----------------------------------------------------------------------===//
// Hints
//===----------------------------------------------------------------------===//

static bool buildPrefetch(Decoder &d, const Match &match, Inst &inst) {
  inst.space = getSpace(match);
  inst.exec = doNothing;
  inst.init = InitRule::Demand;
  return d.expect(1, 2) && d.address(0, inst.space, inst.a, inst.imm);
}

/// discard.L2 [a], 128: the contents may be discarded, but need not be, so they
/// are kept.
static bool buildDiscard(Decoder &d, const Match &match, Inst &inst) {
  int64_t size = 0;
  inst.space = getSpace(match);
  inst.exec = doNothing;
  inst.init = InitRule::Demand;
  return d.expect(2) && d.address(0, inst.space, inst.a, inst.imm) &&
         d.immediate(1, size) &&
         (size == 128 || d.failAt(1, "the size must be 128"));
}

static void execPolicy(Warp &w, const Inst &i, uint32_t mask) {
  for (Lanes l(mask); i.d && l; ++l)
    w.reg<uint64_t>(i.d)[*l] = 0;
}

/// A cache policy is opaque and has no effect.
static bool buildPolicy(Decoder &d, const Match &, Inst &inst) {
  inst.exec = execPolicy;
  inst.init = InitRule::Define;
  return d.expect(1, 4) && d.dst(0, Type::B64, inst.d);
}

//===----------------------------------------------------------------------===//
// Forms
//===----------------------------------------------------------------------===//

#define EVICTION                                                               \
  "l1?=L1::evict_normal|L1::evict_unchanged|L1::evict_first|L1::evict_last|"   \
  "L1::no_allocate "                                                           \
  "l2?=L2::evict_normal|L2::evict_first|L2::evict_last hint?=L2::cache_hint "  \
  "prefetch?=L2::64B|L2::128B|L2::256B "
#define SCOPES "scope?=cta|cluster|gpu|sys "
#define TYPES ":b8|u8|s8|b16|u16|s16|b32|u32|s32|f32|b64|u64|s64|f64|b128"

static constexpr Form kForms[] = {
    {"ld",
     "sem?=weak|relaxed|acquire|volatile " SCOPES
     "space?=global|shared|shared::cta|local|const|param|param::entry|"
     "param::func nc? cop?=ca|cg|cs|lu|cv " EVICTION "vec?=v2|v4|v8 " TYPES,
     InstClass::LoadGlobal, buildLoad},
    {"ldu", "space?=global vec?=v2|v4 " TYPES, InstClass::LoadGlobal,
     buildLoad},
    {"st",
     "sem?=weak|relaxed|release|volatile " SCOPES
     "space?=global|shared|shared::cta|local|param|param::func "
     "cop?=wb|cg|cs|wt " EVICTION "vec?=v2|v4|v8 " TYPES,
     InstClass::LoadGlobal, buildStore},
    {"fence", "sem?=sc|acq_rel|acquire|release scope=cta|cluster|gpu|sys",
     InstClass::Fence, buildFence},
    {"fence", "proxy kind=alias|async", InstClass::Fence, buildProxyFence},
    {"fence", "proxy async space=global|shared::cta|shared::cluster",
     InstClass::Fence, buildProxyFence},
    {"fence", "mbarrier_init release cluster", InstClass::Fence,
     buildProxyFence},
    {"membar", "level=cta|gl|sys", InstClass::Fence, buildMembar},
    {"prefetch",
     "space?=global|local level=L1|L2|L2::evict_last|L2::evict_normal",
     InstClass::Other, buildPrefetch},
    {"discard", "space?=global level=L2", InstClass::Other, buildDiscard},
    {"prefetchu", "level=L1", InstClass::Other, buildPrefetch},
    {"applypriority", "space?=global level=L2::evict_normal", InstClass::Other,
     buildPrefetch},
    {"createpolicy",
     "kind=fractional|range space?=global "
     "primary=L2::evict_last|L2::evict_normal|L2::evict_first|"
     "L2::evict_unchanged secondary?=L2::evict_first|L2::evict_unchanged :b64",
     InstClass::Other, buildPolicy},
};

FormTable ptxsim::getMemoryForms() { return makeTable(kForms); }
