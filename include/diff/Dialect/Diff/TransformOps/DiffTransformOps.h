//===- DiffTransformOps.h - Transform ops -----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Transform ops that upstream lacks, for ops with several results and for
// consumers. They depend on interfaces only and apply to every dialect.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_TRANSFORMOPS_DIFFTRANSFORMOPS_H
#define DIFF_DIALECT_DIFF_TRANSFORMOPS_DIFFTRANSFORMOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Transform/IR/TransformDialect.h"
#include "mlir/Dialect/Transform/Interfaces/TransformInterfaces.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#define GET_OP_CLASSES
#include "diff/Dialect/Diff/TransformOps/DiffTransformOps.h.inc"

namespace mlir {
class DialectRegistry;

namespace diff {
/// Registers the `transform.diff.*` ops with the transform dialect.
void registerTransformDialectExtension(DialectRegistry &registry);
} // namespace diff
} // namespace mlir

#endif // DIFF_DIALECT_DIFF_TRANSFORMOPS_DIFFTRANSFORMOPS_H
