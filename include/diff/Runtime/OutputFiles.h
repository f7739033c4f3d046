//===- OutputFiles.h - Output files that are written atomically -*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ and POSIX without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_OUTPUTFILES_H
#define DIFF_RUNTIME_OUTPUTFILES_H

#include <cstddef>
#include <string>
#include <vector>

namespace mlir::diff {

/// The output files of one run. Each file is written to a temporary file in the
/// same folder; `commit` moves all of them to their destinations. Without
/// `commit`, no new file remains and existing files are unchanged. `-` is
/// standard output. `commit` writes pipes and devices directly.
class OutputFiles {
public:
  OutputFiles() = default;
  OutputFiles(const OutputFiles &) = delete;
  OutputFiles &operator=(const OutputFiles &) = delete;
  ~OutputFiles();

  /// Prepares a file that holds `header` and then `size` bytes at `data`.
  /// Returns an empty string or an error message.
  std::string add(const std::string &path, const std::string &header,
                  const char *data = nullptr, size_t size = 0);

  /// Moves the files into place. Returns an empty string or an error message.
  std::string commit();

private:
  struct File {
    std::string path;
    /// The temporary file, or empty if `contents` is written directly.
    std::string temporary;
    std::string contents;
  };
  std::vector<File> files;
};

} // namespace mlir::diff

#endif // DIFF_RUNTIME_OUTPUTFILES_H
