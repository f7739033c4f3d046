//===- Products.h - Matrix products and their tiles on CPUs -----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_CONVERSION_LINALGTOVECTOR_PRODUCTS_H
#define DIFF_LIB_CONVERSION_LINALGTOVECTOR_PRODUCTS_H

#include "diff/Dialect/Diff/Transforms/RowPlan.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::diff {

/// A matrix product by its loops. The columns are contiguous in the result, and
/// become vector lanes.
struct HostProduct {
  /// The operand with rows, and the operand with columns.
  OpOperand *rowOperand, *columnOperand;
  std::optional<unsigned> row;
  unsigned column;
  /// Other parallel loops: batches, and further rows and columns.
  SmallVector<unsigned> outer;
  /// The last one is divided into blocks.
  SmallVector<unsigned> summands;
};

/// Returns true if the op has a loop of size 0, so that its results are its
/// destinations. Upstream's tiling does not support such loops.
bool hasNoIterations(linalg::LinalgOp op);

/// Returns the product that the op computes with f32, f16 or bf16 operands and
/// results. A product of a vector and a matrix that is contiguous along the
/// summands is a reduction of rows, and not included.
FailureOr<HostProduct> getHostProduct(linalg::LinalgOp op);

/// Returns true if the operand is contiguous along the loop.
bool isContiguousAlong(linalg::LinalgOp op, OpOperand *operand, unsigned loop);

/// The sizes of a task and its blocks.
struct ProductTile {
  int64_t rows, columns;
  /// Summands of a block of the operands in caches.
  int64_t summands;
  /// The panel: lanes that hold columns, and rows whose sums are in registers.
  RowPlan panel;
};

struct HostCaches {
  int64_t l1Bytes, l2Bytes;
};

/// The number of tasks into which a product should be divided, if it is large
/// enough. It does not depend on the number of threads, so that results do not,
/// either.
inline constexpr int64_t kLeastTasks = 8;

/// Selects the tile from the static sizes of the loops and the CPU.
ProductTile selectProductTile(linalg::LinalgOp op, const HostProduct &product,
                              const VectorUnit &unit, const HostCaches &caches,
                              int64_t leastTasks);

/// Checks the options that describe a CPU.
LogicalResult verifyUnit(Operation *op, StringRef pass, int64_t vectorBytes,
                         int64_t registers, const HostCaches &caches);

} // namespace mlir::diff

#endif // DIFF_LIB_CONVERSION_LINALGTOVECTOR_PRODUCTS_H
