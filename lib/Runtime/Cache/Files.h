//===- Files.h - Files of the cache -----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ and POSIX without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_RUNTIME_CACHE_FILES_H
#define DIFF_LIB_RUNTIME_CACHE_FILES_H

#include <cstddef>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace mlir::diff::cache {

/// A file descriptor, closed with the object.
class Descriptor {
public:
  Descriptor() = default;
  explicit Descriptor(int number) : number(number) {}
  Descriptor(const Descriptor &) = delete;
  Descriptor(Descriptor &&other) noexcept : number(other.release()) {}
  Descriptor &operator=(Descriptor &&other) noexcept {
    reset(other.release());
    return *this;
  }
  ~Descriptor() { reset(); }

  explicit operator bool() const { return number >= 0; }
  int get() const { return number; }
  int release() {
    int result = number;
    number = -1;
    return result;
  }
  void reset(int other = -1);

private:
  int number = -1;
};

/// Writes all bytes. Returns false and sets errno on failure. A limit of file
/// sizes (RLIMIT_FSIZE) is the error EFBIG, without a signal.
bool writeAll(int descriptor, const char *data, size_t size);

/// Reads a file of at most `limit` bytes to its end. Returns false on failure.
bool readAll(int descriptor, size_t limit, std::string &bytes);

/// Opens a regular file for reading whose contents nobody but this user and
/// root can have written. Returns nothing otherwise.
Descriptor openTrusted(const std::string &path, struct stat &status);

/// The folders of a cache, in the order in which they are searched.
struct Folders {
  std::vector<std::string> readable;
  /// The folder of new entries and of locks, or empty.
  std::string writable;
  /// Why the first choice is not `writable`, one sentence, or empty.
  std::string problem;
};

/// Selects and creates the folders: `given`, else DIFF_CACHE_DIR, else
/// diff-mlir in XDG_CACHE_HOME, else ~/.cache/diff-mlir. If this user does not
/// own it or cannot write to it, new entries go to a folder of this user below
/// TMPDIR.
Folders selectFolders(const std::string &given);

/// Returns the value of an environment variable, empty if it is not set.
std::string getVariable(const char *name);

} // namespace mlir::diff::cache

#endif // DIFF_LIB_RUNTIME_CACHE_FILES_H
