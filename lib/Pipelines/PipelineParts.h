//===- PipelineParts.h - Parts of the pipelines -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_PIPELINES_PIPELINEPARTS_H
#define DIFF_LIB_PIPELINES_PIPELINEPARTS_H

#include "mlir/Pass/PassManager.h"

namespace mlir::diff {
struct Chip;
struct CompileOptions;
struct HostChip;

/// Adds canonicalization and common subexpression elimination.
void addCleanup(OpPassManager &pm);

/// Adds the passes from level 0 to 1. `chip` is null for a CPU, and `host` for
/// a GPU.
void buildTilingPipeline(OpPassManager &pm, const Chip *chip,
                         const HostChip *host, const CompileOptions &options);

/// Adds the passes that set the signatures of public functions.
void buildEntryPipeline(OpPassManager &pm);

/// Adds the passes from tensors to memrefs. `allocatesInLoops` allows loops to
/// carry new buffers between iterations, which GPU blocks cannot.
void buildBufferizationPipeline(OpPassManager &pm, bool allocatesInLoops);

/// Add the passes from level 1 to 2 and from 2 to 3 on a CPU.
void buildHostKernelPipeline(OpPassManager &pm, const HostChip &chip);
void buildHostHardwarePipeline(OpPassManager &pm, const HostChip &chip);

/// Add the passes from level 1 to 2 and from 2 to 3 on a GPU.
void buildGPUKernelPipeline(OpPassManager &pm, const Chip &chip);
void buildGPUHardwarePipeline(OpPassManager &pm, const Chip &chip,
                              bool lineInfo);

} // namespace mlir::diff

#endif // DIFF_LIB_PIPELINES_PIPELINEPARTS_H
