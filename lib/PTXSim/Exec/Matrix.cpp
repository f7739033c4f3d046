//===- Matrix.cpp - ldmatrix, stmatrix, movmatrix -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A register of all lanes, in the order of the register file, is an 8x8 matrix
// of 16-bit elements of these instructions, by rows.
//
//===----------------------------------------------------------------------===//

#include "AccessWarp.h"
#include "InitRules.h"
#include "MatrixAccess.h"
#include "MemoryMarks.h"
#include "Mma.h"
#include "MmaNumerics.h"
#include "Profile/Profiler.h"

using namespace ptxsim;

/// All rows at once if none has an error.
static bool getAllRows(Warp &w, const Inst &inst, unsigned count,
                       AccessKind kind, uint8_t *rows[kLanes],
                       uint64_t offsets[kLanes], StoredFn stored) {
  uint32_t lanes = kAllLanes >> (kLanes - count);
  uint64_t base =
      inst.space == Space::Generic ? kSharedWindow + kSharedBase : kSharedBase;
  Places places;
  getAddresses(w, inst, lanes, 16, places);
  // A generic address of another space is a separate finding.
  if (places.least < base || places.most - base >= kWindowSize ||
      !findTogether(w, inst, lanes, 16, kind, places, stored))
    return false;
  for (unsigned lane = 0; lane < count; ++lane) {
    offsets[lane] = places.addresses[lane] - base;
    rows[lane] = places.at(lane, 16);
  }
  return true;
}

/// Returns the host address of each row that lanes provide; null for invalid
/// rows. inst.mode: the number of matrices.
static void getRows(Warp &w, const Inst &inst, uint32_t mask, AccessKind kind,
                    uint8_t *rows[kLanes], StoredFn stored = nullptr) {
  unsigned count = inst.mode * 8;
  uint64_t offsets[kLanes];
  bool isDone = mask == kAllLanes &&
                getAllRows(w, inst, count, kind, rows, offsets, stored);
  w.stored = stored;
  for (unsigned lane = 0; !isDone && lane < count; ++lane) {
    rows[lane] = nullptr;
    offsets[lane] = 0;
    if (!(mask >> lane & 1))
      continue;
    uint64_t address = w.address(inst, inst.a, lane);
    if (!toSharedAddress(w, inst, lane, address))
      continue;
    offsets[lane] = address - kSharedBase;
    rows[lane] = w.access(inst, lane, Space::Shared, address, 16, kind, 16);
  }
  w.stored = nullptr;
  if (w.block->profiler)
    w.block->profiler->sharedRows(inst, offsets, count);
}

//===----------------------------------------------------------------------===//
// Undefined elements
//===----------------------------------------------------------------------===//

/// Returns the marks of a register in the layout of its matrix: all ones for
/// undefined elements.
static void getMarks(const Warp &w, const Ref &ref, uint16_t tile[64]) {
  const uint32_t *words = w.marks(ref);
  for (unsigned e = 0; e < 64; ++e)
    tile[e] = words[e & 1] >> (e / 2) & 1 ? 0xffff : 0;
}

static void setMarks(const Warp &w, const Ref &ref, const uint16_t tile[64],
                     uint32_t mask) {
  uint32_t words[2] = {};
  for (unsigned e = 0; e < 64; ++e)
    words[e & 1] |= uint32_t(tile[e] != 0) << (e / 2);
  for (unsigned h = 0; h < 2; ++h)
    w.marks(ref)[h] = (w.marks(ref)[h] & ~mask) | (words[h] & mask);
}

/// Propagates the marks of the rows that ldmatrix read.
static void loadRowMarks(const Warp &w, const Inst &inst,
                         uint8_t *const rows[kLanes], bool isTransposed,
                         uint32_t mask) {
  const Ref *dsts = w.kernel->getDsts(inst);
  for (unsigned t = 0; t < inst.mode; ++t) {
    uint16_t tile[64] = {};
    bool any = false;
    for (unsigned r = 0; r < 8; ++r) {
      const uint8_t *row = rows[8 * t + r];
      const uint8_t *states = row ? findStates(w, row) : nullptr;
      if (!states || !areUndefined(w, states, 16))
        continue;
      any = true;
      for (unsigned e = 0; e < 8; ++e)
        tile[8 * r + e] = areUndefined(w, states + 2 * e, 2) ? 0xffff : 0;
    }
    if (!any || !dsts[t])
      continue;
    noteUndefinedLoad(w, inst);
    if (isTransposed)
      mma::transpose8x8(tile, tile);
    setMarks(w, dsts[t], tile, mask);
  }
}

static void storeRowMarks(const Warp &w, const Inst &inst,
                          uint8_t *const rows[kLanes], bool isTransposed) {
  const Ref *srcs = w.kernel->getSrcs(inst);
  for (unsigned t = 0; t < inst.mode; ++t) {
    if (!w.anyUndefined(srcs[t]))
      continue;
    uint16_t tile[64];
    getMarks(w, srcs[t], tile);
    if (isTransposed)
      mma::transpose8x8(tile, tile);
    for (unsigned e = 0; e < 64; ++e)
      if (const uint8_t *row = rows[8 * t + e / 8]; row && tile[e])
        std::memset(findStates(w, row) + e % 8 * 2, kUndefined, 2);
  }
}

//===----------------------------------------------------------------------===//
// Handlers
//===----------------------------------------------------------------------===//

template <bool isTransposed>
static void execLoad(Warp &w, const Inst &inst, uint32_t mask) {
  uint8_t *rows[kLanes];
  getRows(w, inst, mask, AccessKind::WarpLoad, rows);
  const Ref *dsts = w.kernel->getDsts(inst);
  for (unsigned t = 0; t < inst.mode; ++t) {
    uint16_t tile[64];
    for (unsigned r = 0; r < 8; ++r)
      if (const uint8_t *row = rows[8 * t + r])
        std::memcpy(tile + 8 * r, row, 16);
      else
        std::memset(tile + 8 * r, 0, 16);
    if (isTransposed)
      mma::transpose8x8(tile, tile);
    mma::storeRegister(w, dsts[t], tile, mask);
  }
  if (w.undefined)
    loadRowMarks(w, inst, rows, isTransposed, mask);
}

template <bool isTransposed>
static void getTile(const Warp &w, const Inst &inst, unsigned t,
                    uint16_t tile[64]) {
  std::memcpy(tile, w.reg<uint16_t>(w.kernel->getSrcs(inst)[t]), 128);
  if (isTransposed)
    mma::transpose8x8(tile, tile);
}

/// Returns the row that a lane provides.
template <bool isTransposed>
static void getStored(const Warp &w, const Inst &inst, unsigned lane,
                      uint8_t *to) {
  uint16_t tile[64];
  getTile<isTransposed>(w, inst, lane / 8, tile);
  std::memcpy(to, tile + lane % 8 * 8, 16);
}

template <bool isTransposed>
static void execStore(Warp &w, const Inst &inst, uint32_t mask) {
  uint8_t *rows[kLanes];
  getRows(w, inst, mask, AccessKind::WarpStore, rows, getStored<isTransposed>);
  for (unsigned t = 0; t < inst.mode; ++t) {
    uint16_t tile[64];
    getTile<isTransposed>(w, inst, t, tile);
    for (unsigned r = 0; r < 8; ++r)
      if (uint8_t *row = rows[8 * t + r])
        std::memcpy(row, tile + 8 * r, 16);
  }
  if (w.undefined)
    storeRowMarks(w, inst, rows, isTransposed);
}

static void execTranspose(Warp &w, const Inst &inst, uint32_t mask) {
  uint16_t tile[64];
  mma::transpose8x8(w.reg<uint16_t>(inst.a), tile);
  mma::storeRegister(w, inst.d, tile, mask);
}

static void transposeMarks(Warp &w, const Inst &inst, uint32_t mask) {
  uint16_t tile[64];
  getMarks(w, inst.a, tile);
  mma::transpose8x8(tile, tile);
  setMarks(w, inst.d, tile, mask);
}

/// Only the lanes that provide rows need a defined address. The marks of the
/// elements are propagated.
static void demandRows(Warp &w, const Inst &inst, uint32_t mask) {
  uint32_t giving = inst.mode == 4 ? kAllLanes : (1u << 8 * inst.mode) - 1;
  demandDefined(w, inst, inst.a, mask & giving, "the address of a row");
  const Ref *dsts = w.kernel->getDsts(inst);
  for (unsigned i = 0; i < inst.numDsts; ++i)
    if (dsts[i])
      w.setUndefined(dsts[i], 0, mask);
}

static bool buildRows(Decoder &d, const Match &m, Inst &inst, size_t address) {
  inst.mode = unsigned(m.get("num")[1] - '0');
  inst.flow = Flow::Collective;
  inst.init = InitRule::Custom;
  inst.initRule = demandRows;
  inst.type = Type::B16;
  inst.space = m.has("ss") ? Space::Shared : Space::Generic;
  return d.expect(2) && d.address(address, inst.space, inst.a, inst.imm);
}

static bool buildLoad(Decoder &d, const Match &m, Inst &inst) {
  inst.exec = m.has("trans") ? execLoad<true> : execLoad<false>;
  return buildRows(d, m, inst, 1) && d.dsts(0, Type::B32, inst, inst.mode);
}

static bool buildStore(Decoder &d, const Match &m, Inst &inst) {
  if (d.capability() < 90)
    return d.fail("needs .target sm_90 or newer");
  inst.exec = m.has("trans") ? execStore<true> : execStore<false>;
  return buildRows(d, m, inst, 0) && d.srcs(1, Type::B32, inst, inst.mode);
}

static bool buildTranspose(Decoder &d, const Match &, Inst &inst) {
  inst.exec = execTranspose;
  inst.flow = Flow::Collective;
  inst.init = InitRule::Custom;
  inst.initRule = transposeMarks;
  inst.type = Type::B16;
  return d.expect(2) && d.dst(0, Type::B32, inst.d) &&
         d.src(1, Type::B32, inst.a);
}

static constexpr Form kForms[] = {
    {"ldmatrix",
     "sync aligned m8n8 num=x1|x2|x4 trans? ss?=shared|shared::cta :b16",
     InstClass::LoadShared, buildLoad},
    {"stmatrix",
     "sync aligned m8n8 num=x1|x2|x4 trans? ss?=shared|shared::cta :b16",
     InstClass::LoadShared, buildStore},
    {"movmatrix", "sync aligned m8n8 trans :b16", InstClass::Move,
     buildTranspose},
    {"mma",
     "sync aligned shape=m16n8k16|m16n8k8 row col :f16|f32 :f16 :f16 :f16|f32",
     InstClass::Tensor, buildMma},
    {"mma", "sync aligned shape=m16n8k16|m16n8k8 row col :f32 :bf16 :bf16 :f32",
     InstClass::Tensor, buildMma},
    {"mma", "sync aligned shape=m16n8k8|m16n8k4 row col :f32 :tf32 :tf32 :f32",
     InstClass::Tensor, buildMma},
    {"mma",
     "sync aligned shape=m16n8k32 row col :f16|f32 :e4m3|e5m2 :e4m3|e5m2 "
     ":f16|f32",
     InstClass::Tensor, buildMma},
    {"mma",
     "sync aligned shape=m16n8k32|m16n8k16 row col satfinite? :s32 :s8|u8 "
     ":s8|u8 :s32",
     InstClass::Tensor, buildMmaInteger},
    {"mma",
     "sync aligned shape=m8n8k4|m16n8k4|m16n8k8|m16n8k16 row col rn? :f64 :f64 "
     ":f64 :f64",
     InstClass::Tensor, buildMmaDouble},
};

FormTable ptxsim::getMatrixForms() { return makeTable(kForms); }
