//===- PipelineParts.h - What the routes are made of ------------*- C++ -*-===//
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

/// Canonical form without duplicates.
void addCleanup(OpPassManager &pm);

/// Level 0 to level 1; `chip` is null for a CPU.
void buildTilingPipeline(OpPassManager &pm, const Chip *chip,
                         const CompileOptions &options);

/// The public functions' signatures, and results computed in their place.
void buildEntryPipeline(OpPassManager &pm);

/// Tensors to memrefs. `allocatesInLoops` lets a loop carry a new buffer from
/// one iteration to the next, which a GPU's blocks cannot.
void buildBufferizationPipeline(OpPassManager &pm, bool allocatesInLoops);

/// Level 1 to 2 and 2 to 3 on the CPU.
void buildHostKernelPipeline(OpPassManager &pm);
void buildHostHardwarePipeline(OpPassManager &pm);

/// Level 1 to 2 and 2 to 3 on a GPU.
void buildGPUKernelPipeline(OpPassManager &pm, const Chip &chip);
void buildGPUHardwarePipeline(OpPassManager &pm, const Chip &chip,
                              bool lineInfo);

} // namespace mlir::diff

#endif // DIFF_LIB_PIPELINES_PIPELINEPARTS_H
