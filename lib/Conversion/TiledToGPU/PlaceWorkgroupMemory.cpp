//===- PlaceWorkgroupMemory.cpp - Tensors of a block ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/TiledToGPU/TiledToGPU.h"
#include "diff/Dialect/Tile/IR/Tile.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFPLACEWORKGROUPMEMORYPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

static Attribute getWorkgroupSpace(MLIRContext *context) {
  return gpu::AddressSpaceAttr::get(
      context, gpu::GPUDialect::getWorkgroupAddressSpace());
}

/// Gives each user its own buffer. Otherwise bufferization copies uninitialized
/// tensors that several users share.
static void placeEmptyTensor(RewriterBase &rewriter, tensor::EmptyOp empty) {
  Attribute space = getWorkgroupSpace(rewriter.getContext());
  for (OpOperand &use : llvm::make_early_inc_range(empty->getUses())) {
    rewriter.setInsertionPoint(use.getOwner());
    auto buffer = bufferization::AllocTensorOp::create(
        rewriter, empty.getLoc(), empty.getType(), empty.getDynamicSizes(),
        /*copy=*/Value(), /*size_hint=*/Value(), space);
    rewriter.modifyOpInPlace(use.getOwner(), [&] { use.set(buffer); });
  }
  rewriter.eraseOp(empty);
}

/// Creates a separate uninitialized tensor for each user in the loop of one
/// outside of it, with which CSE may have merged those in the loop. All blocks
/// would share the buffer of the outer one.
static void cloneOuterEmptyTensors(RewriterBase &rewriter,
                                   scf::ForallOp forall) {
  SmallVector<OpOperand *> uses;
  forall.getBody()->walk([&](Operation *op) {
    for (OpOperand &operand : op->getOpOperands()) {
      auto empty = operand.get().getDefiningOp<tensor::EmptyOp>();
      if (empty && !forall->isProperAncestor(empty))
        uses.push_back(&operand);
    }
  });
  for (OpOperand *use : uses) {
    rewriter.setInsertionPoint(use->getOwner());
    Operation *clone = rewriter.clone(*use->get().getDefiningOp());
    rewriter.modifyOpInPlace(use->getOwner(),
                             [&] { use->set(clone->getResult(0)); });
  }
}

/// The code between kernels contains launches only: no loops and no branches.
static LogicalResult verifyHostOps(func::FuncOp func) {
  for (Operation &op : func.getBody().getOps()) {
    if (isa<scf::ForOp, scf::IfOp, scf::IndexSwitchOp, scf::WhileOp>(op))
      return op.emitOpError("cannot be compiled to a kernel; GPUs support diff "
                            "ops, linalg ops and copies");
  }
  return success();
}

namespace {
struct DiffPlaceWorkgroupMemory
    : public diff::impl::DiffPlaceWorkgroupMemoryPassBase<
          DiffPlaceWorkgroupMemory> {
  void runOnOperation() override {
    if (!getOperation().isExternal() && failed(verifyHostOps(getOperation())))
      return signalPassFailure();
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](scf::ForallOp forall) {
      // On tensor cores, computed values stay in vectors.
      if (!isMappedToBlocks(forall) ||
          forall->hasAttr(tile::TileDialect::kScheduleAttrName))
        return;
      cloneOuterEmptyTensors(rewriter, forall);
      SmallVector<tensor::PadOp> pads;
      forall.walk([&](tensor::PadOp pad) { pads.push_back(pad); });
      for (tensor::PadOp pad : pads) {
        rewriter.setInsertionPoint(pad);
        (void)linalg::rewriteInDestinationPassingStyle(rewriter, pad);
      }
      SmallVector<tensor::EmptyOp> empties;
      forall.walk([&](tensor::EmptyOp empty) { empties.push_back(empty); });
      for (tensor::EmptyOp empty : empties)
        placeEmptyTensor(rewriter, empty);
      forall.walk([&](bufferization::AllocTensorOp alloc) {
        if (!alloc.getMemorySpace())
          alloc.setMemorySpaceAttr(getWorkgroupSpace(&getContext()));
      });
    });
  }
};
} // namespace
