//===- TileToNVVM.h - Distribution of tiles over lanes ----------*- C++ -*-===//
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
/// Distributes a kernel whose vectors have layouts over its lanes: vectors
/// become the parts of a lane, contractions mma.sync, reads of slots ldmatrix
/// and copies cp.async. A kernel without layouts is not changed.
LogicalResult distributeKernel(gpu::GPUFuncOp func);
} // namespace mlir::diff::tile

#endif // DIFF_CONVERSION_TILETONVVM_TILETONVVM_H
