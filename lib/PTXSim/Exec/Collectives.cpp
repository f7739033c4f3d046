//===- Collectives.cpp - Collective instructions of a warp ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Check/Races.h"
#include "InitRules.h"
#include "Program/Decoder.h"
#include "Warp.h"

using namespace ptxsim;

//===----------------------------------------------------------------------===//
// shfl
//===----------------------------------------------------------------------===//

namespace {
enum ShuffleMode : uint32_t { Up, Down, Butterfly, Index };
} // namespace

/// Returns the lane that `lane` reads, and whether it is in its segment (PTX
/// ISA, shfl.sync).
static unsigned getSourceLane(unsigned mode, unsigned lane, uint32_t b,
                              uint32_t c, bool &inRange) {
  int segment = int(c >> 8 & 31), clamp = int(c & 31);
  int least = int(lane) & segment;
  int most = least | (clamp & ~segment);
  int source;
  b &= 31;
  switch (mode) {
  case Up:
    source = int(lane) - int(b);
    inRange = source >= most;
    break;
  case Down:
    source = int(lane) + int(b);
    inRange = source <= most;
    break;
  case Butterfly:
    source = int(lane) ^ int(b);
    inRange = source <= most;
    break;
  default:
    source = least | (int(b) & ~segment);
    inRange = source <= most;
    break;
  }
  return inRange ? unsigned(source) : lane;
}

/// d|p = a of lane b.
static void execShuffle(Warp &w, const Inst &i, uint32_t mask) {
  const uint32_t *a = w.reg<uint32_t>(i.a);
  const uint32_t *b = w.reg<uint32_t>(i.b);
  const uint32_t *c = w.reg<uint32_t>(i.c);
  uint32_t halves[2] = {}, marks[2] = {};
  if (w.undefined)
    std::memcpy(halves, w.marks(i.a), sizeof(halves));
  uint32_t results[kLanes], inRangeLanes = 0;
  for (Lanes l(mask); l; ++l) {
    bool inRange;
    unsigned source = getSourceLane(i.mode, *l, b[*l], c[*l], inRange);
    results[*l] = a[source];
    inRangeLanes |= uint32_t(inRange) << *l;
    if (!(mask >> source & 1))
      w.report(i, *l, CheckSync, "inactive-lane",
               "reads lane " + std::to_string(source) +
                   ", which does not take part in the shuffle");
    for (unsigned h = 0; h < 2; ++h)
      marks[h] |= (halves[h] >> source & 1) << *l;
  }
  if (i.d)
    for (Lanes l(mask); l; ++l)
      w.reg<uint32_t>(i.d)[*l] = results[*l];
  // A kernel may have no lists.
  if (i.numDsts && w.kernel->refs[i.dsts])
    w.setPred(w.kernel->refs[i.dsts], inRangeLanes, mask);
  if (!w.undefined)
    return;
  for (unsigned h = 0; i.d && h < 2; ++h)
    w.marks(i.d)[h] = (w.marks(i.d)[h] & ~mask) | (marks[h] & mask);
  if (i.numDsts && w.kernel->refs[i.dsts])
    w.setUndefined(w.kernel->refs[i.dsts], 0, mask);
}

/// The shuffled value may be undefined; its marks are shuffled as well.
static void checkShuffle(Warp &w, const Inst &i, uint32_t mask) {
  demandDefined(w, i, i.b, mask, "the lane");
  demandDefined(w, i, i.c, mask, "the clamp");
  demandDefined(w, i, i.members, mask, "the member mask");
}

/// Reads `d` or `d|p` at the front. Returns the index of the next operand.
static bool buildDestinations(Decoder &d, Type type, Inst &inst, size_t &next) {
  if (!d.expect(1, 16) || !d.dst(0, type, inst.d))
    return false;
  next = 1;
  if (d.count() > 1 && d.operand(1).afterBar) {
    Ref p;
    if (!d.dstPred(1, p) || !d.addDst(p, inst))
      return false;
    next = 2;
  }
  return true;
}

static bool buildShuffle(Decoder &d, const Match &match, Inst &inst) {
  size_t n;
  std::string_view mode = match.get("mode");
  inst.mode = mode == "up"     ? Up
              : mode == "down" ? Down
              : mode == "bfly" ? Butterfly
                               : Index;
  inst.exec = execShuffle;
  inst.flow = Flow::Collective;
  inst.init = InitRule::Custom;
  inst.initRule = checkShuffle;
  return buildDestinations(d, Type::B32, inst, n) && d.expect(n + 4) &&
         d.src(n, Type::B32, inst.a) && d.src(n + 1, Type::B32, inst.b) &&
         d.src(n + 2, Type::B32, inst.c) &&
         d.src(n + 3, Type::B32, inst.members);
}

//===----------------------------------------------------------------------===//
// vote, match, activemask, elect
//===----------------------------------------------------------------------===//

namespace {
enum VoteMode : uint32_t { All, Any, Uniform, Ballot };
} // namespace

static void execVote(Warp &w, const Inst &i, uint32_t mask) {
  uint32_t votes = w.pred(i.a) & mask;
  if (i.mode == Ballot) {
    for (Lanes l(mask); i.d && l; ++l)
      w.reg<uint32_t>(i.d)[*l] = votes;
    return;
  }
  bool result = i.mode == All   ? votes == mask
                : i.mode == Any ? votes != 0
                                : votes == mask || votes == 0;
  if (i.d)
    w.setPred(i.d, result ? kAllLanes : 0, mask);
}

static bool buildVote(Decoder &d, const Match &match, Inst &inst) {
  std::string_view mode = match.get("mode");
  inst.mode = mode == "all"   ? All
              : mode == "any" ? Any
              : mode == "uni" ? Uniform
                              : Ballot;
  inst.exec = execVote;
  inst.flow = Flow::Collective;
  inst.init = InitRule::Demand;
  return d.expect(3) &&
         (inst.mode == Ballot ? d.dst(0, Type::B32, inst.d)
                              : d.dstPred(0, inst.d)) &&
         d.srcPred(1, inst.a) && d.src(2, Type::B32, inst.members);
}

template <typename T>
static void execMatch(Warp &w, const Inst &i, uint32_t mask) {
  const T *a = w.reg<T>(i.a);
  uint32_t results[kLanes];
  bool all = true;
  for (Lanes l(mask); l; ++l) {
    uint32_t same = 0;
    for (Lanes other(mask); other; ++other)
      same |= uint32_t(a[*other] == a[*l]) << *other;
    results[*l] = same;
    all &= same == mask;
  }
  bool wantsAll = i.mode != 0;
  for (Lanes l(mask); i.d && l; ++l)
    w.reg<uint32_t>(i.d)[*l] = wantsAll ? (all ? mask : 0) : results[*l];
  if (i.numDsts && w.kernel->refs[i.dsts])
    w.setPred(w.kernel->refs[i.dsts], all ? kAllLanes : 0, mask);
}

static bool buildMatch(Decoder &d, const Match &match, Inst &inst) {
  size_t n;
  inst.mode = match.get("mode") == "all";
  inst.exec =
      match.type() == Type::B64 ? execMatch<uint64_t> : execMatch<uint32_t>;
  inst.flow = Flow::Collective;
  inst.init = InitRule::Demand;
  return buildDestinations(d, Type::B32, inst, n) && d.expect(n + 2) &&
         (n == 1 || inst.mode ||
          d.fail("only match.all has a second destination")) &&
         d.src(n, match.type(), inst.a) &&
         d.src(n + 1, Type::B32, inst.members);
}

static void execActiveMask(Warp &w, const Inst &i, uint32_t mask) {
  for (Lanes l(mask); l; ++l)
    w.reg<uint32_t>(i.d)[*l] = mask;
}

static bool buildActiveMask(Decoder &d, const Match &, Inst &inst) {
  inst.exec = execActiveMask;
  inst.init = InitRule::Define;
  return d.expect(1) && d.dst(0, Type::B32, inst.d) &&
         (inst.d || d.failAt(0, "must be a register"));
}

/// The lowest lane is the leader.
static void execElect(Warp &w, const Inst &i, uint32_t mask) {
  unsigned leader = unsigned(__builtin_ctz(mask));
  for (Lanes l(mask); i.d && l; ++l)
    w.reg<uint32_t>(i.d)[*l] = leader;
  if (const Ref &p = w.kernel->refs[i.dsts])
    w.setPred(p, 1u << leader, mask);
}

static bool buildElect(Decoder &d, const Match &, Inst &inst) {
  size_t n;
  inst.exec = execElect;
  inst.flow = Flow::Collective;
  inst.init = InitRule::Demand;
  if (d.capability() < 90)
    return d.fail("needs sm_90 or newer");
  return buildDestinations(d, Type::B32, inst, n) &&
         (n == 2 || d.fail("takes destinations d|p")) && d.expect(3) &&
         d.src(2, Type::B32, inst.members);
}

//===----------------------------------------------------------------------===//
// redux, bar.warp.sync
//===----------------------------------------------------------------------===//

namespace {
enum ReduxOp : uint32_t { Add, Min, Max, And, Or, Xor };
} // namespace

template <typename T>
static void execRedux(Warp &w, const Inst &i, uint32_t mask) {
  const T *a = w.reg<T>(i.a);
  T result = a[__builtin_ctz(mask)];
  for (Lanes l(mask & (mask - 1)); l; ++l) {
    T value = a[*l];
    switch (i.mode) {
    case Add:
      result = T(uint32_t(result) + uint32_t(value));
      break;
    case Min:
      result = std::min(result, value);
      break;
    case Max:
      result = std::max(result, value);
      break;
    case And:
      result = T(uint32_t(result) & uint32_t(value));
      break;
    case Or:
      result = T(uint32_t(result) | uint32_t(value));
      break;
    default:
      result = T(uint32_t(result) ^ uint32_t(value));
      break;
    }
  }
  for (Lanes l(mask); i.d && l; ++l)
    w.reg<T>(i.d)[*l] = result;
}

/// min and max of f32: NaN loses unless `.NaN` (mode2 bit 0); `.abs` is bit 1.
static void execReduxFloat(Warp &w, const Inst &i, uint32_t mask) {
  const float *a = w.reg<float>(i.a);
  bool keepsNaN = i.mode2 & 1, isAbs = i.mode2 & 2, first = true, any = false;
  float result = 0;
  for (Lanes l(mask); l; ++l) {
    float value = isAbs ? __builtin_fabsf(a[*l]) : a[*l];
    if (value != value) {
      any = true;
      continue;
    }
    bool better =
        i.mode == Min
            ? value < result || (value == result && __builtin_signbit(value))
            : value > result || (value == result && !__builtin_signbit(value));
    if (first || better)
      result = value;
    first = false;
  }
  uint32_t bits;
  std::memcpy(&bits, &result, sizeof(bits));
  if (first || (any && keepsNaN))
    bits = 0x7fffffff;
  for (Lanes l(mask); i.d && l; ++l)
    w.reg<uint32_t>(i.d)[*l] = bits;
}

/// One undefined lane makes the result undefined.
static void initRedux(Warp &w, const Inst &i, uint32_t mask) {
  demandDefined(w, i, i.members, mask, "the member mask");
  if (i.d)
    w.setUndefined(i.d, w.anyUndefined(i.a) & mask ? kAllLanes : 0, mask);
}

static bool buildRedux(Decoder &d, const Match &match, Inst &inst) {
  std::string_view op = match.get("op");
  inst.mode = op == "add"   ? Add
              : op == "min" ? Min
              : op == "max" ? Max
              : op == "and" ? And
              : op == "or"  ? Or
                            : Xor;
  bool isFloat = match.type() == Type::F32;
  inst.mode2 = (match.has("NaN") ? 1 : 0) | (match.has("abs") ? 2 : 0);
  inst.exec = isFloat                     ? execReduxFloat
              : match.type() == Type::S32 ? execRedux<int32_t>
                                          : execRedux<uint32_t>;
  inst.flow = Flow::Collective;
  inst.init = InitRule::Custom;
  inst.initRule = initRedux;
  if (isFloat && d.capability() < 100)
    return d.fail("of f32 needs sm_100a or newer");
  return d.expect(3) && d.dst(0, match.type(), inst.d) &&
         d.src(1, match.type(), inst.a) && d.src(2, Type::B32, inst.members);
}

/// Orders the memory accesses of its lanes.
static void execWarpBarrier(Warp &w, const Inst &, uint32_t mask) {
  if (w.block->clocks)
    w.block->clocks->synchronize({{w.index, mask}}, {});
}

static bool buildWarpBarrier(Decoder &d, const Match &, Inst &inst) {
  inst.exec = execWarpBarrier;
  inst.flow = Flow::Collective;
  inst.init = InitRule::Demand;
  return d.expect(1) && d.src(0, Type::B32, inst.members);
}

static constexpr Form kForms[] = {
    {"shfl", "sync mode=up|down|bfly|idx :b32", InstClass::Collective,
     buildShuffle},
    {"vote", "sync mode=all|any|uni :pred", InstClass::Collective, buildVote},
    {"vote", "sync mode=ballot :b32", InstClass::Collective, buildVote},
    {"match", "sync mode=any|all :b32|b64", InstClass::Collective, buildMatch},
    {"activemask", ":b32", InstClass::Collective, buildActiveMask},
    {"elect", "sync", InstClass::Collective, buildElect},
    {"redux", "sync op=add|min|max :u32|s32", InstClass::Collective,
     buildRedux},
    {"redux", "sync op=and|or|xor :b32", InstClass::Collective, buildRedux},
    {"redux", "sync op=min|max abs? NaN? :f32", InstClass::Collective,
     buildRedux},
    {"bar", "warp sync", InstClass::Collective, buildWarpBarrier},
    {"barrier", "warp sync", InstClass::Collective, buildWarpBarrier},
};

FormTable ptxsim::getCollectiveForms() { return makeTable(kForms); }
