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

/// The kind of an access.
enum class AccessKind : uint8_t {
  Load,
  Store,
  /// Reads, and may write, atomically.
  Atomic,
  /// The issue of an asynchronous copy: its source and destination are checked
  /// for bounds, alignment and other copies in flight; races and marks belong
  /// to the moment when it takes effect.
  AsyncSource,
  AsyncDestination,
  /// A load or store of the whole warp, at addresses that its lanes provide
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

/// Reserved host memory that is committed page by page.
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
  /// Sets every byte to 0 again.
  void clear();

private:
  uint8_t *begin = nullptr;
  uint64_t bytes = 0;
};

/// An allocation of global (or constant) memory.
struct Allocation {
  uint64_t base = 0; // device address
  uint64_t size = 0;
  bool readOnly = false; // constants
  Reservation data;
  /// A byte for each byte: its ByteState, never in flight.
  Reservation init;
  /// A byte for each byte: 1 if the current launch touched it (profile).
  Reservation touched;
  /// A byte for each page of these, so that not all of them must be scanned.
  Reservation touchedPages;
  static constexpr unsigned kPageBits = 12;
  /// The cells of the race checker: this many bytes for each byte of memory.
  Reservation races;
  static constexpr unsigned kRaceBytes = 8;
  /// What plain stores left, for the race checker: written with the cells.
  Reservation stored;

  bool contains(uint64_t address, uint64_t bytes) const {
    return address >= base && address - base <= size &&
           bytes <= size - (address - base);
  }
};

/// All allocations of a device. They only change between launches, so that
/// blocks may look them up in parallel.
class DeviceMemory {
public:
  Allocation *allocate(uint64_t bytes, bool readOnly, Diagnostic &error);
  bool free(uint64_t base);
  /// Returns the allocation that holds the address, or null.
  Allocation *find(uint64_t address) const;
  /// Returns the allocation nearest to an address, for messages, or null.
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
