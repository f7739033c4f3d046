//===- CaseFolder.h - A folder with compiled cases --------------*- C++ -*-===//
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

/// An array to which a result is compared.
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

  /// Returns the best code for a device, or null. Code for exactly its chip has
  /// priority over code for older chips.
  const CaseCode *chooseCode(unsigned capability) const;
};

/// Reads FOLDER/index.json. Returns an empty string or an error message.
std::string readCaseFolder(const std::string &folder,
                           std::vector<LaunchCase> &cases);

/// Reads a complete file. Returns an empty string or an error message.
std::string readFile(const std::string &path, std::string &text);

} // namespace mlir::diff::launch

#endif // DIFF_TOOLS_DIFFLAUNCH_CASEFOLDER_H
