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

/// Registers the interface models (tiling, decomposition, bufferization) and
/// the transform dialect extension.
void registerAllExtensions(DialectRegistry &registry);

/// Registers the passes and named pipelines.
void registerAllPasses();
} // namespace diff
} // namespace mlir

#endif // DIFF_INITALL_H
