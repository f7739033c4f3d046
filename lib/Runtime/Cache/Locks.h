//===- Locks.h - Locks between processes ------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ and POSIX without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_RUNTIME_CACHE_LOCKS_H
#define DIFF_LIB_RUNTIME_CACHE_LOCKS_H

#include "Files.h"
#include <cstdint>

namespace mlir::diff::cache {

/// A lock on one byte of a file, which other processes, other threads and other
/// locks of the same thread respect. It ends with the object or the process.
/// A child of a fork does not hold it; a program that is executed with the
/// descriptor holds it, too.
class FileLock {
public:
  enum class Result { Locked, Busy, Unsupported };

  FileLock() = default;
  FileLock(FileLock &&other) noexcept = default;
  FileLock &operator=(FileLock &&other) noexcept;
  ~FileLock() { unlock(); }

  /// Tries to lock a byte of a file, which is created if it is missing.
  Result tryLock(const std::string &path, uint64_t position);
  /// Tries to lock the first byte of an open file, and keeps it open unless it
  /// is busy.
  Result tryLock(Descriptor opened);
  void unlock();

  int getDescriptor() const { return file.get(); }

private:
  Descriptor file;
};

} // namespace mlir::diff::cache

#endif // DIFF_LIB_RUNTIME_CACHE_LOCKS_H
