//===- GuardedBuffer.h - A buffer that detects stray accesses ---*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_GUARDEDBUFFER_H
#define DIFF_RUNTIME_GUARDEDBUFFER_H

#include "diff/Runtime/Npy.h"
#include <cstdlib>
#include <memory>

namespace mlir::diff {

/// A buffer between two guard zones that hold NaN. Reads outside of the buffer
/// compute NaN, and writes outside of it are detected. The elements are aligned
/// to 64 bytes and are initially NaN.
class GuardedBuffer {
public:
  static constexpr int64_t kAlignment = 64;
  static constexpr int64_t kGuardSize = 16384;

  /// `size` is in bytes, a multiple of the element size. If the allocation
  /// fails, the buffer is invalid.
  GuardedBuffer(NpyType type, int64_t size);

  bool isValid() const { return memory != nullptr; }
  char *getData() { return memory.get() + kGuardSize; }
  const char *getData() const { return memory.get() + kGuardSize; }
  int64_t getSize() const { return size; }

  /// The elements with both guard zones, to be copied to another memory and
  /// back.
  char *getWhole() { return memory.get(); }
  int64_t getWholeSize() const { return size + 2 * kGuardSize; }

  /// Sets every element to NaN, or another pattern for types without NaN.
  void poison();

  /// Returns true if the zone before the elements has not changed.
  bool isFrontIntact() const;
  /// Returns true if the zone after the elements has not changed.
  bool isBackIntact() const;

  /// Return the number of elements that hold the poison, and the first one.
  int64_t countPoisoned(int64_t &first) const;

private:
  void fill(int64_t offset, int64_t bytes);
  bool isFilled(int64_t offset, int64_t bytes) const;

  struct Free {
    void operator()(char *pointer) const { std::free(pointer); }
  };
  NpyType type;
  int64_t size;
  std::unique_ptr<char, Free> memory;
};

} // namespace mlir::diff

#endif // DIFF_RUNTIME_GUARDEDBUFFER_H
