//===- Sink.cpp - Pure ops in front of their first use ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::diff::tile {
#define GEN_PASS_DEF_TILESINKPASS
#include "diff/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::diff::tile

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

/// The first op of the block that uses a result of `op`, itself or inside.
static Operation *getFirstUser(Operation *op) {
  Operation *first = nullptr;
  for (Operation *user : op->getUsers()) {
    Operation *inBlock = op->getBlock()->findAncestorOpInBlock(*user);
    if (!inBlock)
      return nullptr;
    if (!first || inBlock->isBeforeInBlock(first))
      first = inBlock;
  }
  return first;
}

namespace {
struct TileSink : public tile::impl::TileSinkPassBase<TileSink> {
  void runOnOperation() override {
    getOperation()->walk([](Block *block) {
      for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*block))) {
        if (op.hasTrait<OpTrait::IsTerminator>() || op.getNumRegions() != 0 ||
            !isPure(&op))
          continue;
        Operation *user = getFirstUser(&op);
        // A loop's body would run it each time.
        if (user && user->getNumRegions() == 0)
          op.moveBefore(user);
      }
    });
  }
};
} // namespace
