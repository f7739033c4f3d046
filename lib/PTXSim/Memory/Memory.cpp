//===- Memory.cpp - Memory of a device ------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Memory/Memory.h"
#include <sys/mman.h>
#include <utility>

using namespace ptxsim;

//===----------------------------------------------------------------------===//
// Reservation
//===----------------------------------------------------------------------===//

static uint8_t *reserve(uint64_t bytes) {
  if (!bytes)
    return nullptr;
  void *begin = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return begin == MAP_FAILED ? nullptr : static_cast<uint8_t *>(begin);
}

Reservation::Reservation(uint64_t bytes) : begin(reserve(bytes)), bytes(bytes) {
  if (!begin)
    this->bytes = 0;
}

Reservation::Reservation(Reservation &&other) noexcept
    : begin(std::exchange(other.begin, nullptr)),
      bytes(std::exchange(other.bytes, 0)) {}

Reservation &Reservation::operator=(Reservation &&other) noexcept {
  std::swap(begin, other.begin);
  std::swap(bytes, other.bytes);
  return *this;
}

Reservation::~Reservation() {
  if (begin)
    munmap(begin, bytes);
}

void Reservation::clear() {
  // Private anonymous pages are zero again.
  if (begin)
    madvise(begin, bytes, MADV_DONTNEED);
}

//===----------------------------------------------------------------------===//
// DeviceMemory
//===----------------------------------------------------------------------===//

static constexpr uint64_t kAlignment = 256;
/// The unmapped gap between allocations, and their alignment.
static constexpr uint64_t kGap = 1 << 20;

Allocation *DeviceMemory::allocate(uint64_t bytes, bool readOnly,
                                   Diagnostic &error) {
  if (bytes > uint64_t(1) << 44) {
    error = {0, 0,
             std::to_string(bytes) + " bytes are more than any device has"};
    return nullptr;
  }
  auto allocation = std::make_unique<Allocation>();
  uint64_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  rounded = rounded ? rounded : kAlignment;
  allocation->base = next;
  allocation->size = bytes;
  allocation->readOnly = readOnly;
  allocation->data = Reservation(rounded);
  allocation->init = Reservation(rounded);
  allocation->touched = Reservation(rounded);
  allocation->touchedPages =
      Reservation((rounded >> Allocation::kPageBits) + 1);
  allocation->races = Reservation(rounded * Allocation::kRaceBytes);
  allocation->stored = Reservation(rounded);
  if (!allocation->data || !allocation->init || !allocation->touched ||
      !allocation->touchedPages || !allocation->races || !allocation->stored) {
    error = {0, 0,
             "no address space for an allocation of " + std::to_string(bytes) +
                 " bytes"};
    return nullptr;
  }
  next += (rounded + 2 * kGap - 1) / kGap * kGap;
  allocatedBytes += bytes;
  Allocation *result = allocation.get();
  allocations.emplace(result->base, std::move(allocation));
  return result;
}

bool DeviceMemory::free(uint64_t base) {
  auto found = allocations.find(base);
  if (found == allocations.end())
    return false;
  allocatedBytes -= found->second->size;
  allocations.erase(found);
  return true;
}

Allocation *DeviceMemory::find(uint64_t address) const {
  auto next = allocations.upper_bound(address);
  if (next == allocations.begin())
    return nullptr;
  Allocation &candidate = *std::prev(next)->second;
  return address - candidate.base <= candidate.size ? &candidate : nullptr;
}

Allocation *DeviceMemory::findNearest(uint64_t address) const {
  auto next = allocations.upper_bound(address);
  if (next == allocations.begin())
    return next == allocations.end() ? nullptr : next->second.get();
  return std::prev(next)->second.get();
}
