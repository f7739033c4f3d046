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

/// The path of ptxas: `given` if it is not empty, else `bin/` under CUDA_ROOT,
/// CUDA_HOME, CUDA_PATH (one that is set and has none is an error), else on
/// PATH, else /usr/local/cuda/bin. The error says where was looked.
llvm::Expected<std::string> findPtxas(llvm::StringRef given);

/// Assembles PTX text for a chip; returns the cubin's bytes.
llvm::Expected<std::string>
assemblePTX(llvm::StringRef ptxas, llvm::StringRef ptx, llvm::StringRef chip);

} // namespace mlir::diff

#endif // DIFF_TARGET_PTXAS_H
