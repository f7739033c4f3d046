//===- TileToNVVM.h - Tiles to what a lane does -----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_CONVERSION_TILETONVVM_TILETONVVM_H
#define DIFF_CONVERSION_TILETONVVM_TILETONVVM_H

#include "diff/Dialect/Tile/IR/Tile.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/Pass.h"

namespace mlir::diff {
#define GEN_PASS_DECL_CONVERTTILETONVVMPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

namespace mlir::diff::tile {
/// Distributes a kernel whose vectors have layouts to its lanes: vectors become
/// what a lane holds, contractions mma.sync, reads of slots ldmatrix, copies
/// cp.async. Nothing to do for a kernel without layouts.
LogicalResult distributeKernel(gpu::GPUFuncOp func);
} // namespace mlir::diff::tile

#endif // DIFF_CONVERSION_TILETONVVM_TILETONVVM_H
