//===- TileToNVVM.cpp - Distribution of tiles over lanes ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/TileToNVVM/TileToNVVM.h"
#include "Distribution.h"
#include "diff/Dialect/Tile/Transforms/Layouts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"

namespace mlir::diff {
#define GEN_PASS_DEF_CONVERTTILETONVVMPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

/// Converts values by their layouts, and tokens to an unused number.
static void addConversions(TypeConverter &converter,
                           const Distribution &distribution) {
  converter.addConversion([](Type type) { return type; });
  converter.addConversion(
      [](TokenType type) { return IntegerType::get(type.getContext(), 32); });
  converter.addConversion([&](Value value) -> std::optional<Type> {
    LayoutAttr layout = distribution.getLayout(value);
    if (!layout)
      return std::nullopt;
    VectorType type = layout.getLaneType(cast<VectorType>(value.getType()));
    // tf32 elements are in 32-bit registers.
    return type.getElementType().isTF32()
               ? type.clone(IntegerType::get(type.getContext(), 32))
               : type;
  });
  auto materialize = [](OpBuilder &b, Type type, ValueRange values,
                        Location loc) -> Value {
    return UnrealizedConversionCastOp::create(b, loc, type, values)
        .getResult(0);
  };
  converter.addSourceMaterialization(materialize);
  converter.addTargetMaterialization(materialize);
}

/// Loop-invariant code motion that does not hoist constant offsets of pointers.
/// An address is a register plus a constant, so the offset needs no instruction
/// inside the loop, but a register outside of it.
static void hoistInvariants(scf::ForOp loop) {
  auto loopLike = cast<LoopLikeOpInterface>(loop.getOperation());
  moveLoopInvariantCode(
      loopLike.getLoopRegions(),
      [&](Value value, Region *) {
        return loopLike.isDefinedOutsideOfLoop(value);
      },
      [](Operation *op, Region *) {
        auto pointer = dyn_cast<LLVM::GEPOp>(op);
        return isMemoryEffectFree(op) && isSpeculatable(op) &&
               !(pointer && pointer.getDynamicIndices().empty());
      },
      [&](Operation *op, Region *) { loopLike.moveOutOfLoop(op); });
}

/// Counts the iterations of a loop without uses of its induction variable in 32
/// bits. This saves one register for the counter and one for its bound.
static void countInI32(RewriterBase &rewriter, scf::ForOp loop) {
  if (!loop.getInductionVar().use_empty())
    return;
  Location loc = loop.getLoc();
  rewriter.setInsertionPoint(loop);
  Type i32 = rewriter.getI32Type();
  Value distance = arith::SubIOp::create(rewriter, loc, loop.getUpperBound(),
                                         loop.getLowerBound());
  Value count =
      arith::CeilDivSIOp::create(rewriter, loc, distance, loop.getStep());
  count = arith::IndexCastOp::create(rewriter, loc, i32, count);
  auto constant = [&](int64_t value) {
    return arith::ConstantOp::create(rewriter, loc,
                                     rewriter.getI32IntegerAttr(value));
  };
  auto counting = scf::ForOp::create(rewriter, loc, constant(0), count,
                                     constant(1), loop.getInitArgs());
  counting->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
  Block *body = counting.getBody();
  if (!body->empty())
    rewriter.eraseOp(body->getTerminator());
  SmallVector<Value> arguments{
      arith::ConstantIndexOp::create(rewriter, loc, 0)};
  llvm::append_range(arguments, counting.getRegionIterArgs());
  rewriter.mergeBlocks(loop.getBody(), body, arguments);
  rewriter.replaceOp(loop, counting.getResults());
}

LogicalResult tile::distributeKernel(gpu::GPUFuncOp func) {
  bool isTiled = false;
  func.walk([&](Operation *op) {
    isTiled |= op->hasAttr(TileDialect::kLayoutsAttrName) || isa<RingOp>(op);
  });
  if (!isTiled)
    return success();
  if (failed(verifyLayouts(func)))
    return failure();
  MLIRContext *context = func.getContext();
  countPendingCopies(func);
  Distribution distribution(func);
  if (failed(distribution.initialize()))
    return failure();
  findCursors(func, distribution.getNumThreads());
  TypeConverter converter;
  addConversions(converter, distribution);
  RewritePatternSet patterns(context);
  populateElementwisePatterns(patterns, converter, distribution);
  populateReductionPatterns(patterns, converter, distribution);
  populateAccessPatterns(patterns, converter, distribution);
  populateCopyPatterns(patterns, converter, distribution);
  populateMmaSyncPatterns(patterns, converter, distribution);
  scf::populateSCFStructuralTypeConversions(converter, patterns);

  ConversionTarget target(*context);
  auto isDone = [&](Value value) {
    return !distribution.isDistributed(value) &&
           !isa<TokenType>(value.getType());
  };
  target.markUnknownOpDynamicallyLegal([&](Operation *op) {
    return llvm::all_of(op->getResults(), isDone) &&
           llvm::all_of(op->getOperands(), isDone);
  });
  target.addIllegalOp<CopyAsyncOp, WaitOp, WarpAnyOp, ToLayoutOp>();
  if (failed(applyPartialConversion(func, target, std::move(patterns))))
    return failure();
  // Loops are other loops from here on.
  func.walk([](Operation *op) {
    op->removeAttr(TileDialect::kLayoutsAttrName);
    op->removeAttr(TileDialect::kMmaAttrName);
  });
  carryCursors(func);
  scalarizeLoops(func);
  RewritePatternSet comparisons(context);
  populateComparisonPatterns(comparisons);
  if (failed(applyPatternsGreedily(func, std::move(comparisons))))
    return failure();
  SmallVector<scf::ForOp> steady;
  func.walk([&](scf::ForOp loop) {
    if (loop->removeAttr(TileDialect::kSteadyAttrName))
      steady.push_back(loop);
  });
  IRRewriter rewriter(context);
  for (scf::ForOp loop : steady) {
    hoistInvariants(loop);
    countInI32(rewriter, loop);
  }
  SmallVector<Operation *> views;
  func.walk([&](Operation *op) {
    if (isa<SlotOp, RingOp>(op))
      views.push_back(op);
  });
  for (Operation *view : llvm::reverse(views)) {
    if (!view->use_empty())
      return view->emitOpError("has a user that cannot be lowered to threads");
    view->erase();
  }
  return success();
}

namespace {
struct ConvertTileToNVVM
    : public diff::impl::ConvertTileToNVVMPassBase<ConvertTileToNVVM> {
  void runOnOperation() override {
    WalkResult result = getOperation().walk([](gpu::GPUFuncOp func) {
      return failed(distributeKernel(func)) ? WalkResult::interrupt()
                                            : WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
