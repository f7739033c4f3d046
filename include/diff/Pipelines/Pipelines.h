//===- Pipelines.h - Named pipelines ----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_PIPELINES_PIPELINES_H
#define DIFF_PIPELINES_PIPELINES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include <string>

namespace mlir::diff {

/// The levels of IR: diff ops on tensors; tiles in `scf.forall`; vectors and
/// memrefs; the LLVM and NVVM dialects. Modules at each level can be printed,
/// parsed, verified and compiled further.
enum class Level { Semantic, Tiled, Kernel, Hardware };

/// Convert between a level and its keyword on the command line.
StringRef stringifyLevel(Level level);
std::optional<Level> symbolizeLevel(StringRef keyword);

/// Returns the level of a module, the highest level of its ops.
Level inferLevel(Operation *module);

/// Options of the compile pipeline. `chip` is "host" or a name in the table of
/// CPUs or GPUs.
struct CompileOptions {
  std::string chip = "host";
  /// Keep source locations in device code as line information.
  bool lineInfo = false;
  /// On a GPU, round f32 to tf32 and multiply it on tensor cores.
  bool tf32 = false;
  /// On a GPU, use tensor cores for the supported element types. If false, each
  /// thread computes its own elements.
  bool tensorCores = true;
};

/// Checks that the passes from level `from` on process the whole module: an
/// attention in a nested module or at a higher level would be ignored. Also
/// checks the dimensions that ops such as tensor.dim read. Emits an error at
/// the op or module.
LogicalResult verifyCompilable(ModuleOp module, Level from);

/// Parse the values of the options `f32` and `tiles`. Return an error message
/// that names the value found and the legal ones, or an empty string.
std::string parseF32(StringRef value, CompileOptions &options);
std::string parseTiles(StringRef value, CompileOptions &options);

void buildCompilePipeline(OpPassManager &pm, Level from, Level to,
                          const CompileOptions &options);

/// Appends the portable, unfused pipeline from any level up to `tiled` to the
/// LLVM dialect: `-convert-diff-to-linalg`, upstream's bufferization and loops.
void buildLinalgPipeline(OpPassManager &pm);

/// The options of the pass `diff-compile`, as on the command line. The pass
/// reports values that are not legal.
struct CompileStrings {
  std::string chip = "host";
  std::string stopAfter;
  std::string f32 = "ieee";
  std::string tiles = "tensor-cores";
  std::string debug;
};

/// Creates the pass `diff-compile`, which compiles a module from its level.
std::unique_ptr<Pass> createDiffCompilePass(const CompileStrings &options);

/// The request of a `diff-compile` in a pipeline.
struct CompileRequest {
  std::string chip;
  /// The keyword of the last level, or empty if none was given.
  std::string stopAfter;
};

/// Returns the request of the first `diff-compile` of a pass manager, if any.
std::optional<CompileRequest> getCompileRequest(OpPassManager &pm);

/// Registers the named pipelines.
void registerPipelines();

} // namespace mlir::diff

#endif // DIFF_PIPELINES_PIPELINES_H
