//===- Memory.h - Memory of a device ----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_MEMORY_MEMORY_H
#define PTXSIM_MEMORY_MEMORY_H

#include "ptxsim/Diagnostic.h"
#include <cstdint>
#include <map>
#include <memory>

namespace ptxsim {

/// What an access does.
enum class AccessKind : uint8_t {
  Load,
  Store,
  /// Reads, and may write, indivisibly.
  Atomic,
  /// The issue of an asynchronous copy: its source and destination are checked
  /// for bounds, alignment and other copies in flight; races and marks belong
  /// to the moment when it takes effect.
  AsyncSource,
  AsyncDestination,
  /// A load or store by the warp as a whole, at addresses that its lanes give
  /// (ldmatrix, stmatrix, wmma).
  WarpLoad,
  WarpStore,
};
constexpr bool isWrite(AccessKind kind) {
  return kind == AccessKind::Store || kind == AccessKind::Atomic ||
         kind == AccessKind::WarpStore;
}
constexpr bool isRead(AccessKind kind) {
  return kind == AccessKind::Load || kind == AccessKind::Atomic ||
         kind == AccessKind::WarpLoad;
}

/// Host memory that is reserved and becomes real page by page.
class Reservation {
public:
  Reservation() = default;
  explicit Reservation(uint64_t bytes);
  Reservation(Reservation &&other) noexcept;
  Reservation &operator=(Reservation &&other) noexcept;
  ~Reservation();

  uint8_t *data() const { return begin; }
  uint64_t size() const { return bytes; }
  explicit operator bool() const { return begin != nullptr; }
  /// Makes every byte 0 again.
  void clear();

private:
  uint8_t *begin = nullptr;
  uint64_t bytes = 0;
};

/// A piece of global (or constant) memory.
struct Allocation {
  uint64_t base = 0; // device address
  uint64_t size = 0;
  bool readOnly = false; // constants
  Reservation data;
  /// A byte for each byte: its ByteState, never in flight.
  Reservation init;
  /// A byte for each byte: 1 when the launch in progress touched it (profile).
  Reservation touched;
  /// A byte for each page of these, so that nobody looks at all of them.
  Reservation touchedPages;
  static constexpr unsigned kPageBits = 12;
  /// The race checker's cells: so many bytes for each byte of the memory.
  Reservation races;
  static constexpr unsigned kRaceBytes = 8;
  /// What plain stores left, for the race checker: written with the cells.
  Reservation stored;

  bool contains(uint64_t address, uint64_t bytes) const {
    return address >= base && address - base <= size &&
           bytes <= size - (address - base);
  }
};

/// All allocations of a device. Changes between launches only, so that blocks
/// may look things up in parallel.
class DeviceMemory {
public:
  Allocation *allocate(uint64_t bytes, bool readOnly, Diagnostic &error);
  bool free(uint64_t base);
  /// The allocation that holds the address, or null.
  Allocation *find(uint64_t address) const;
  /// The allocation nearest to an address outside all, for messages, or null.
  Allocation *findNearest(uint64_t address) const;
  uint64_t getAllocatedBytes() const { return allocatedBytes; }
  const std::map<uint64_t, std::unique_ptr<Allocation>> &all() const {
    return allocations;
  }

private:
  std::map<uint64_t, std::unique_ptr<Allocation>> allocations; // by base
  uint64_t next = 0x0000'0010'0000'0000;
  uint64_t allocatedBytes = 0;
};

} // namespace ptxsim

#endif // PTXSIM_MEMORY_MEMORY_H
