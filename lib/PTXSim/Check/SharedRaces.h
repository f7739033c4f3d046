//===- SharedRaces.h - Accesses of threads to shared memory -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_CHECK_SHAREDRACES_H
#define PTXSIM_CHECK_SHAREDRACES_H

#include "ThreadClocks.h"

namespace ptxsim {

/// Threads that touched a cell of 4 bytes at one time: every lane of `lanes` in
/// every warp of `warps`.
struct SharedEntry {
  uint32_t time;
  uint32_t warps;
  uint32_t lanes;
  /// Bytes of the cell (bits 0 to 3), flags, the line.
  uint32_t info;

  static constexpr uint32_t writes = 1 << 4;
  static constexpr uint32_t strong = 1 << 5;
  /// By the whole warp; `lanes` has all lanes.
  static constexpr uint32_t common = 1 << 6;
  /// A write other than a plain store: an atomic operation or a copy.
  static constexpr uint32_t opaque = 1 << 7;
  /// A write that replaced a read of the same thread, or a read ordered before
  /// it. An access that would race with the read also races with the write.
  static constexpr uint32_t afterRead = 1 << 8;
  /// A copy that a wait completes.
  static constexpr uint32_t atWait = 1 << 9;
  static constexpr uint32_t byteBits = 15;
  static constexpr uint32_t flagBits = 1023;
  static constexpr unsigned lineShift = 10;

  uint32_t line() const { return info >> lineShift; }
};

/// The accesses to 4 bytes since the last barrier of the block.
struct SharedCell {
  uint32_t touched; // time of the last access
  uint32_t count : 2;
  uint32_t more : 30; // number of a longer list; 0: none
  SharedEntry entries[2];
};

/// The cells of a block's memory, which host threads reuse for the next block:
/// entries older than the start of the block are void.
struct SharedCells {
  std::vector<SharedCell> cells;
  std::vector<std::vector<SharedEntry>> lists{1};
  std::vector<uint32_t> freeLists;
  uint32_t time = 0;
};

/// An access of some lanes of one warp.
struct SharedAccess {
  Warp *warp;
  const Inst *inst;
  const Knowledge *known; // by all these lanes
  SharedEntry entry;
  uint32_t ownBit; // of the warp
  bool isReported; // one finding suffices
  const char *what;
  /// The previous lanes in the same instruction, the locations that they
  /// touched, and the values that they stored (or null).
  uint32_t earlier;
  const uint64_t *addresses;
  StoredFn stored;
  unsigned bytes;
  unsigned lane;  // of them, the one whose bytes these are
  uint32_t place; // offset of its bytes
};

class SharedRaces::Impl {
public:
  Impl(Block &block, uint32_t bytes);
  ~Impl();

  void accessWarp(Warp &warp, const Inst &inst, const uint64_t *addresses,
                  uint32_t mask, unsigned bytes, AccessKind kind, bool strong,
                  StoredFn stored);
  void accessLane(Warp &warp, const Inst &inst, unsigned lane, uint32_t offset,
                  unsigned bytes, AccessKind kind, bool strong,
                  uint32_t flags = 0);
  ThreadClocks::Impl &getClocks() { return clocks; }

private:
  SharedAccess begin(Warp &warp, const Inst &inst, AccessKind kind,
                     bool strong);
  /// The lanes of the entry touch these bytes.
  void touch(SharedAccess &access, uint32_t offset, unsigned bytes);
  void touchCell(SharedAccess &access, SharedCell &cell, uint32_t byteBits);
  bool touchQuickly(const SharedEntry &entry, SharedCell &cell);
  static bool isKnownRead(const SharedEntry &entry, const SharedCell &cell);
  void touchSlowly(SharedAccess &access, SharedCell &cell);
  bool review(SharedAccess &access, SharedEntry &old, uint32_t offset);
  uint32_t findUnordered(const SharedAccess &access, const SharedEntry &old,
                         unsigned warp) const;
  uint32_t getHarmless(const SharedAccess &access, bool &differ) const;
  bool storesSame(const SharedAccess &access, const SharedEntry &old,
                  uint32_t offset) const;
  void report(SharedAccess &access, const SharedEntry &old, unsigned warp,
              unsigned lane, bool isOneInstruction);
  void reportSame(SharedAccess &access, const SharedEntry &old, unsigned warp,
                  unsigned lane);

  Block &block;
  ThreadClocks::Impl &clocks;
  std::unique_ptr<SharedCells> storage;
  SharedCell *cells;
  uint32_t start;
  /// The accesses of one instruction, lane by lane.
  const Inst *lastInst = nullptr;
  const Warp *lastWarp = nullptr;
  uint32_t lastLanes = 0;
  uint64_t lastAddresses[kLanes];
};

} // namespace ptxsim

#endif // PTXSIM_CHECK_SHAREDRACES_H
