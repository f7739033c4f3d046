//===- GuardedBuffer.cpp - A buffer that detects stray accesses -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/GuardedBuffer.h"
#include <cstring>

using namespace mlir::diff;

static_assert(GuardedBuffer::kGuardSize % GuardedBuffer::kAlignment == 0,
              "the elements must be aligned");

/// Eight bytes that are repeated from the start of the buffer: quiet NaNs with
/// a payload that no computation produces by itself.
static uint64_t getPattern(NpyType type) {
  switch (type) {
  case NpyType::F16:
    return 0x7e5a7e5a7e5a7e5aULL;
  case NpyType::BF16:
    return 0x7fda7fda7fda7fdaULL;
  case NpyType::F32:
    return 0x7fda5a5a7fda5a5aULL;
  case NpyType::F64:
    return 0x7ffa5a5a5a5a5a5aULL;
  default:
    return 0xa5a5a5a5a5a5a5a5ULL;
  }
}

GuardedBuffer::GuardedBuffer(NpyType type, int64_t size)
    : type(type), size(size) {
  int64_t total = 0;
  if (size < 0 ||
      __builtin_add_overflow(size, 2 * kGuardSize + kAlignment, &total))
    return;
  total -= total % kAlignment;
  memory.reset(static_cast<char *>(
      std::aligned_alloc(kAlignment, static_cast<size_t>(total))));
  if (memory)
    fill(0, 2 * kGuardSize + size);
}

void GuardedBuffer::poison() { fill(kGuardSize, size); }

bool GuardedBuffer::isFrontIntact() const { return isFilled(0, kGuardSize); }

bool GuardedBuffer::isBackIntact() const {
  return isFilled(kGuardSize + size, kGuardSize);
}

int64_t GuardedBuffer::countPoisoned(int64_t &first) const {
  int64_t count = 0, bytes = getNpyElementSize(type);
  for (int64_t i = 0; i < size / bytes; ++i)
    if (isFilled(kGuardSize + i * bytes, bytes)) {
      first = count ? first : i;
      ++count;
    }
  return count;
}

void GuardedBuffer::fill(int64_t offset, int64_t bytes) {
  uint64_t pattern = getPattern(type);
  const char *source = reinterpret_cast<const char *>(&pattern);
  char *target = memory.get();
  int64_t i = offset;
  for (; i < offset + bytes && i % 8; ++i)
    target[i] = source[i % 8];
  for (; i + 8 <= offset + bytes; i += 8)
    std::memcpy(target + i, source, 8);
  for (; i < offset + bytes; ++i)
    target[i] = source[i % 8];
}

bool GuardedBuffer::isFilled(int64_t offset, int64_t bytes) const {
  uint64_t pattern = getPattern(type);
  const char *source = reinterpret_cast<const char *>(&pattern);
  for (int64_t i = offset; i < offset + bytes; ++i)
    if (memory.get()[i] != source[i % 8])
      return false;
  return true;
}
