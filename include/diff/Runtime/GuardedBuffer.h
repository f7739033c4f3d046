//===- GuardedBuffer.h - A buffer that notices stray writes -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++: nothing of MLIR or LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_GUARDEDBUFFER_H
#define DIFF_RUNTIME_GUARDEDBUFFER_H

#include "diff/Runtime/Npy.h"
#include <cstdlib>
#include <memory>

namespace mlir::diff {

/// Elements in memory between two zones that hold NaN: what reads past the
/// buffer computes NaN, and what writes past it is found out. The elements are
/// aligned to 64 bytes and NaN at first.
class GuardedBuffer {
public:
  static constexpr int64_t kAlignment = 64;
  static constexpr int64_t kGuardSize = 16384;

  /// `size` is in bytes, a multiple of the element's. Without memory enough
  /// the buffer is invalid.
  GuardedBuffer(NpyType type, int64_t size);

  bool isValid() const { return memory != nullptr; }
  char *getData() { return memory.get() + kGuardSize; }
  const char *getData() const { return memory.get() + kGuardSize; }
  int64_t getSize() const { return size; }

  /// The elements with the zones in front of them and behind them, to be
  /// copied to another memory and back.
  char *getWhole() { return memory.get(); }
  int64_t getWholeSize() const { return size + 2 * kGuardSize; }

  /// Makes every element NaN (another pattern where there is no NaN).
  void poison();

  /// True when the zone in front of the elements is as it was.
  bool isFrontIntact() const;
  /// True when the zone behind the elements is as it was.
  bool isBackIntact() const;

  /// How many elements hold what `poison` wrote, and the first of them.
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
