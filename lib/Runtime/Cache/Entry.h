//===- Entry.h - Compiled code and its description --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_RUNTIME_CACHE_ENTRY_H
#define DIFF_LIB_RUNTIME_CACHE_ENTRY_H

#include "Sha256.h"

namespace mlir::diff::cache {

using Key = Digest;

/// What is compiled once.
struct Entry {
  /// JSON (docs/manifest.schema.json).
  std::string manifest;
  /// A shared object or an object file for a CPU; PTX or a cubin for a GPU.
  std::string code;
};

/// Entries and files that are larger are errors.
constexpr size_t kMaxEntryBytes = size_t(1) << 30;

/// Returns the bytes of a file: a header with the key and a digest of
/// everything else, the manifest, and the code.
std::string writeEntry(const Key &key, const Entry &entry);

/// Reads the bytes of a file. Returns false if they are not exactly an entry of
/// this key.
bool readEntry(const std::string &bytes, const Key &key, Entry &entry);

} // namespace mlir::diff::cache

#endif // DIFF_LIB_RUNTIME_CACHE_ENTRY_H
