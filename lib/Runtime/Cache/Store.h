//===- Store.h - Entries on disk --------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ and POSIX without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_RUNTIME_CACHE_STORE_H
#define DIFF_LIB_RUNTIME_CACHE_STORE_H

#include "Entry.h"
#include "Files.h"
#include "Locks.h"
#include <atomic>

namespace mlir::diff::cache {

/// The files of the cache: `KEY.entry` for each entry, `KEY.RANDOM.new` while
/// one is written, and `lock`, whose bytes are locked. Several threads and
/// processes may use a folder at the same time. An entry that cannot be read
/// does not exist, and one that cannot be written is not kept.
class Store {
public:
  /// The entries of the writable folder take up to `limit` bytes. Removes the
  /// files that killed processes left behind.
  Store(Folders folders, uint64_t limit);

  const Folders &getFolders() const { return folders; }
  uint64_t getLimit() const { return limit; }

  /// Reads an entry and marks it as used. Removes a damaged one.
  bool find(const Key &key, Entry &entry);

  /// Returns true if `find` may succeed.
  bool mayContain(const Key &key) const;

  /// Writes an entry, and removes the least recently used ones if all are
  /// larger than the limit. Returns false if it was not kept.
  bool add(const Key &key, const Entry &entry);

  /// Removes files that killed processes left behind, and the least recently
  /// used entries beyond the limit.
  void collect() { collect(limit); }

  /// Removes all entries of the writable folder.
  void clear() { collect(0); }

  /// Try to get the right to compile a key, and a place for a compilation.
  /// There is one place for each core.
  FileLock::Result lockKey(const Key &key, FileLock &lock) const;
  FileLock::Result lockPlace(FileLock &lock) const;

  /// The number of damaged entries that `find` has rejected.
  uint64_t getRejected() const { return rejected; }

private:
  void collect(uint64_t most);
  void removeAbandoned();
  std::string getPath(const std::string &folder, const Key &key) const;
  bool write(const Key &key, const std::string &bytes) const;

  Folders folders;
  uint64_t limit;
  std::atomic<uint64_t> rejected{0};
};

/// Returns the number of CPUs that the process may use.
unsigned countCores();

} // namespace mlir::diff::cache

#endif // DIFF_LIB_RUNTIME_CACHE_STORE_H
