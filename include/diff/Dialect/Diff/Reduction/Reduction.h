//===- Reduction.h - Reductions of modules with diff ops --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_REDUCTION_REDUCTION_H
#define DIFF_DIALECT_DIFF_REDUCTION_REDUCTION_H

namespace mlir {
class DialectRegistry;

namespace diff {
/// Attaches a DialectReductionPatternInterface to the diff dialect. The pass
/// `reduction-tree` uses its patterns when the dialect is loaded. Each tries
/// its changes on a copy of the module and keeps those that stay interesting:
///
/// - A function keeps a single op of the diff or tile dialect, or loses some
///   results, arguments and dead ops.
/// - The results of an op, of any dialect, become arguments of its function, or
///   its operands become results.
/// - An attention loses its optional clauses, and its sizes become smaller.
void registerReductionPatternInterface(DialectRegistry &registry);
} // namespace diff
} // namespace mlir

#endif // DIFF_DIALECT_DIFF_REDUCTION_REDUCTION_H
