//===- OutputFiles.h - Files that appear whole or not at all ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ and POSIX: nothing of MLIR or LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_OUTPUTFILES_H
#define DIFF_RUNTIME_OUTPUTFILES_H

#include <cstddef>
#include <string>
#include <vector>

namespace mlir::diff {

/// Output files of one run. Each is written to a temporary file beside its
/// place; `commit` moves all of them there. Without it nothing is left behind,
/// and a file that was there stays as it was. `-` is standard output; what is
/// not a regular file (a pipe, a device) is written by `commit`.
class OutputFiles {
public:
  OutputFiles() = default;
  OutputFiles(const OutputFiles &) = delete;
  OutputFiles &operator=(const OutputFiles &) = delete;
  ~OutputFiles();

  /// Prepares a file that holds `header` and then `size` bytes at `data`.
  /// Returns an error message, empty on success.
  std::string add(const std::string &path, const std::string &header,
                  const char *data = nullptr, size_t size = 0);

  /// Puts the files in place. Returns an error message, empty on success.
  std::string commit();

private:
  struct File {
    std::string path;
    /// The temporary file; empty where `contents` is written in place.
    std::string temporary;
    std::string contents;
  };
  std::vector<File> files;
};

} // namespace mlir::diff

#endif // DIFF_RUNTIME_OUTPUTFILES_H
