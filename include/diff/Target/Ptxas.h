//===- Ptxas.h - NVIDIA's assembler -----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TARGET_PTXAS_H
#define DIFF_TARGET_PTXAS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace mlir::diff {

/// Returns the path of ptxas: `given` if it is not empty, else `bin/` in
/// CUDA_ROOT, CUDA_HOME or CUDA_PATH (an error if one is set without ptxas),
/// else on PATH, else in /usr/local/cuda/bin. The error lists the searched
/// places.
llvm::Expected<std::string> findPtxas(llvm::StringRef given);

/// Assembles PTX text for a chip. Returns the bytes of the cubin.
llvm::Expected<std::string>
assemblePTX(llvm::StringRef ptxas, llvm::StringRef ptx, llvm::StringRef chip);

} // namespace mlir::diff

#endif // DIFF_TARGET_PTXAS_H
