//===- Pipelines.h - Named pipelines ----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_PIPELINES_PIPELINES_H
#define DIFF_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include <string>

namespace mlir::diff {

/// The levels of IR, each of which prints, parses, verifies and can be gone on
/// from: diff ops on tensors; tiles in `scf.forall`; vectors and memrefs; the
/// LLVM and NVVM dialects.
enum class Level { Semantic, Tiled, Kernel, Hardware };

/// The keyword of a level on the command line.
StringRef stringifyLevel(Level level);
std::optional<Level> symbolizeLevel(StringRef keyword);

/// The level at which a module is: the highest of which it holds an op.
Level inferLevel(Operation *module);

/// Appends the passes that bring a module from level `from` to level `to` for
/// `chip` ("host" or a GPU of the chip table).
struct CompileOptions {
  std::string chip = "host";
  /// Keep source locations in device code as line information.
  bool lineInfo = false;
  /// On a GPU, let tensor cores multiply f32, rounded to tf32.
  bool tf32 = false;
  /// On a GPU, tiles for tensor cores where they multiply the type; without,
  /// each thread computes for itself.
  bool tensorCores = true;
};

/// The values of the options `f32` and `tiles`, or an error: what was found and
/// what is legal.
std::string parseF32(StringRef value, CompileOptions &options);
std::string parseTiles(StringRef value, CompileOptions &options);

void buildCompilePipeline(OpPassManager &pm, Level from, Level to,
                          const CompileOptions &options);

/// The portable, unfused route from any level up to `tiled` to the LLVM
/// dialect: `-convert-diff-to-linalg`, upstream's bufferization and loops.
void buildLinalgPipeline(OpPassManager &pm);

/// What a `diff-compile` in a pipeline was asked for.
struct CompileRequest {
  std::string chip;
  /// The last level's keyword, empty when none was given.
  std::string stopAfter;
};

/// The first `diff-compile` of a pass manager, if it has one.
std::optional<CompileRequest> getCompileRequest(OpPassManager &pm);

/// Registers the pipelines by name.
void registerPipelines();

} // namespace mlir::diff

#endif // DIFF_PIPELINES_PIPELINES_H
