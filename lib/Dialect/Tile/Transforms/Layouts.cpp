//===- Layouts.cpp - The layouts that are written down --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/Layouts.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

llvm::DenseMap<Value, LayoutAttr> tile::readLayouts(Operation *root) {
  llvm::DenseMap<Value, LayoutAttr> layouts;
  root->walk([&](Operation *op) {
    auto written = op->getAttrOfType<ArrayAttr>(TileDialect::kLayoutsAttrName);
    if (!written)
      return;
    auto loop = dyn_cast<scf::ForOp>(op);
    for (auto [result, attribute] : llvm::zip(op->getResults(), written)) {
      auto layout = dyn_cast<LayoutAttr>(attribute);
      if (!layout || !isa<VectorType>(result.getType()))
        continue;
      layouts[result] = layout;
      if (loop)
        layouts[loop.getTiedLoopRegionIterArg(result)] = layout;
    }
  });
  return layouts;
}
