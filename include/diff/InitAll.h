//===- InitAll.h - Registration of the whole project ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registers the whole project in another compiler. Each function can be called
// together with upstream's registerAll… functions.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_INITALL_H
#define DIFF_INITALL_H

namespace mlir {
class DialectRegistry;

namespace diff {
/// Registers the project's dialects.
void registerAllDialects(DialectRegistry &registry);

/// Registers the interface models (tiling, decomposition, bufferization,
/// reduction) and the transform dialect extension.
void registerAllExtensions(DialectRegistry &registry);

/// Registers the passes and named pipelines.
void registerAllPasses();

/// Registers all that the tools can parse and compile: upstream's dialects,
/// extensions and translations to LLVM IR, and those of the project.
void registerCompilerDialects(DialectRegistry &registry);
} // namespace diff
} // namespace mlir

#endif // DIFF_INITALL_H
