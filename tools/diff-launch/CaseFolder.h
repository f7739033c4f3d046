//===- CaseFolder.h - A folder of cases to launch ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// FOLDER/index.json lists the cases; paths in it are relative to the folder:
//
//   {"schema_version": 1,
//    "cases": [
//      {"name": "v2/gqa-bf16", "function": "attention",
//       "code": [{"chip": "sm_80", "file": "a/sm_80.ptx",
//                 "manifest": "a/sm_80.json"}],
//       "inputs": ["a/query.npy"],
//       "expected": [{"file": "a/output.npy", "max_error": 1e-3,
//                     "norm_error": 3e-3, "zero_rows": true}]}]}
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TOOLS_DIFFLAUNCH_CASEFOLDER_H
#define DIFF_TOOLS_DIFFLAUNCH_CASEFOLDER_H

#include "Comparison.h"
#include <string>
#include <vector>

namespace mlir::diff::launch {

/// PTX or a cubin for one chip.
struct CaseCode {
  std::string chip;
  std::string file;
  std::string manifest;
};

/// An array that a result is compared with.
struct CaseResult {
  std::string file;
  ErrorLimits limits;
};

struct LaunchCase {
  std::string name;
  std::string function;
  std::vector<CaseCode> code;
  /// Files, one for each argument.
  std::vector<std::string> inputs;
  std::vector<CaseResult> expected;

  /// The code that suits a device best, or null: that of its very chip before
  /// that of older ones.
  const CaseCode *chooseCode(unsigned capability) const;
};

/// Reads FOLDER/index.json. Returns an error message, empty on success.
std::string readCaseFolder(const std::string &folder,
                           std::vector<LaunchCase> &cases);

/// Reads a file whole. Returns an error message, empty on success.
std::string readFile(const std::string &path, std::string &text);

} // namespace mlir::diff::launch

#endif // DIFF_TOOLS_DIFFLAUNCH_CASEFOLDER_H
