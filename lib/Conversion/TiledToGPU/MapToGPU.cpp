//===- MapToGPU.cpp - Mapped loops to kernel launches ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/TiledToGPU/TiledToGPU.h"
#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Dialect/Tile/IR/Tile.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/StringExtras.h"
#include <limits>

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFMAPTOGPUPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

/// The module for all kernels, because PTX is one text.
static constexpr StringLiteral kKernelModuleName = "diff_kernels";

/// Returns the number of iterations of each dimension of the loop.
static SmallVector<OpFoldResult> getTripCounts(OpBuilder &b,
                                               scf::ForallOp forall) {
  AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1),
             s2 = b.getAffineSymbolExpr(2);
  SmallVector<OpFoldResult> counts;
  for (auto [lower, upper, step] :
       llvm::zip_equal(forall.getMixedLowerBound(), forall.getMixedUpperBound(),
                       forall.getMixedStep()))
    counts.push_back(affine::makeComposedFoldedAffineApply(
        b, forall.getLoc(), (s0 - s1).ceilDiv(s2), {upper, lower, step}));
  return counts;
}

/// Returns the induction values of an iteration, given by its number in each
/// dimension.
static SmallVector<Value> getInductionValues(OpBuilder &b, scf::ForallOp forall,
                                             ValueRange numbers) {
  AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1),
             s2 = b.getAffineSymbolExpr(2);
  SmallVector<Value> values;
  for (auto [number, lower, step] : llvm::zip_equal(
           numbers, forall.getMixedLowerBound(), forall.getMixedStep()))
    values.push_back(getValueOrCreateConstantIndexOp(
        b, forall.getLoc(),
        affine::makeComposedFoldedAffineApply(
            b, forall.getLoc(), s0 * s1 + s2,
            {OpFoldResult(number), step, lower})));
  return values;
}

/// Replaces a loop over threads by a loop with their number as its step, and a
/// barrier.
static void mapToThreads(RewriterBase &rewriter, scf::ForallOp forall,
                         Value thread, int64_t numThreads) {
  Location loc = forall.getLoc();
  rewriter.setInsertionPoint(forall);
  SmallVector<OpFoldResult> counts = getTripCounts(rewriter, forall);
  OpFoldResult total = rewriter.getIndexAttr(1);
  AffineExpr s0 = rewriter.getAffineSymbolExpr(0),
             s1 = rewriter.getAffineSymbolExpr(1);
  for (OpFoldResult count : counts)
    total = affine::makeComposedFoldedAffineApply(rewriter, loc, s0 * s1,
                                                  {total, count});
  Value step = arith::ConstantIndexOp::create(rewriter, loc, numThreads);
  auto loop = scf::ForOp::create(
      rewriter, loc, thread,
      getValueOrCreateConstantIndexOp(rewriter, loc, total), step);
  rewriter.setInsertionPointToStart(loop.getBody());
  auto numbers = affine::AffineDelinearizeIndexOp::create(
      rewriter, loc, loop.getInductionVar(), counts, /*hasOuterBound=*/true);
  SmallVector<Value> values =
      getInductionValues(rewriter, forall, numbers.getResults());
  rewriter.eraseOp(forall.getTerminator());
  rewriter.inlineBlockBefore(forall.getBody(), loop.getBody()->getTerminator(),
                             values);
  rewriter.setInsertionPointAfter(loop);
  gpu::BarrierOp::create(rewriter, loc);
  rewriter.eraseOp(forall);
}

/// An op that every thread executes must not write memory.
static LogicalResult verifyUniform(gpu::LaunchOp launch) {
  WalkResult result =
      launch.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) {
        if (auto forall = dyn_cast<scf::ForallOp>(op);
            forall && isMappedToThreads(forall))
          return WalkResult::skip();
        if (isa<gpu::BarrierOp, memref::AllocOp>(op) ||
            op->hasTrait<OpTrait::HasRecursiveMemoryEffects>() ||
            isMemoryEffectFree(op) || hasSingleEffect<MemoryEffects::Read>(op))
          return WalkResult::advance();
        op->emitOpError("writes memory and would be executed by every thread "
                        "of the block; only ops that are distributed to "
                        "threads may write memory");
        return WalkResult::interrupt();
      });
  return failure(result.wasInterrupted());
}

/// Rejects floating-point types without PTX instructions. Elements of up to one
/// byte are read and written as bytes.
static LogicalResult verifyElementTypes(gpu::LaunchOp launch) {
  auto isLegal = [](Type type, bool onlyMoves) {
    Type element = getElementTypeOrSelf(type);
    if (auto complex = dyn_cast<ComplexType>(element))
      element = complex.getElementType();
    auto number = dyn_cast<FloatType>(element);
    return !number ||
           isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(number) ||
           (onlyMoves && number.getWidth() <= 8);
  };
  WalkResult result = launch.getBody().walk([&](Operation *op) {
    bool onlyMoves =
        isa<memref::MemRefDialect, vector::VectorDialect>(op->getDialect());
    SmallVector<Type> types(op->getOperandTypes());
    llvm::append_range(types, op->getResultTypes());
    for (Type type : types)
      if (!isLegal(type, onlyMoves)) {
        op->emitOpError("has a value of ")
            << type
            << ", a type that GPU kernels do not support; f16, bf16, f32, f64 "
               "and integers are legal";
        return WalkResult::interrupt();
      }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// Replaces all characters of a name by _, except for letters, digits, _ and $,
/// which are legal in PTX identifiers.
static std::string makeIdentifier(StringRef name) {
  std::string text = name.str();
  for (char &c : text)
    if (!llvm::isAlnum(c) && c != '_' && c != '$')
      c = '_';
  return !text.empty() && llvm::isDigit(text.front()) ? "_" + text : text;
}

/// Returns a name for the kernel: the names of the function and the op, and a
/// number for repeated names.
static std::string getKernelName(func::FuncOp func, KernelAttr kernel,
                                 llvm::StringMap<unsigned> &names) {
  std::string name =
      makeIdentifier((func.getName() + "_" + kernel.getOp()).str());
  unsigned number = names[name]++;
  return number == 0 ? name : name + "_" + std::to_string(number);
}

/// count - 1 - number.
static Value countDown(OpBuilder &b, Location loc, Value number,
                       OpFoldResult count) {
  AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
  return getValueOrCreateConstantIndexOp(
      b, loc,
      affine::makeComposedFoldedAffineApply(b, loc, s1 - s0 - 1,
                                            {OpFoldResult(number), count}));
}

namespace {
/// The grid of a launch, and the ids of a block in it.
class Grid {
public:
  /// The counts in x, y and z.
  explicit Grid(SmallVector<OpFoldResult, 3> counts)
      : counts(std::move(counts)) {}

  /// Returns the sizes that the grid is launched with. A grid has at most 65535
  /// blocks in y and z. If there may be more, all blocks are in x, in the same
  /// order. Fails if there are too many blocks.
  FailureOr<SmallVector<Value>> getSizes(OpBuilder &b, scf::ForallOp forall) {
    Location loc = forall.getLoc();
    SmallVector<OpFoldResult> sizes(counts.begin(), counts.end());
    isFolded = mayExceed(counts[1], kMaxBlocksInYZ) ||
               mayExceed(counts[2], kMaxBlocksInYZ);
    if (isFolded) {
      AffineExpr s0 = b.getAffineSymbolExpr(0), s1 = b.getAffineSymbolExpr(1);
      for (unsigned dim : {1, 2}) {
        sizes[0] = affine::makeComposedFoldedAffineApply(
            b, loc, s0 * s1, {sizes[0], sizes[dim]});
        sizes[dim] = b.getIndexAttr(1);
      }
    }
    if (std::optional<int64_t> blocks = getConstantIntValue(sizes[0]);
        blocks && *blocks > kMaxBlocksInX)
      return forall.emitOpError("is a grid of ")
             << *blocks << " blocks; at most " << kMaxBlocksInX << " are legal";
    return llvm::map_to_vector(sizes, [&](OpFoldResult size) {
      return getValueOrCreateConstantIndexOp(b, loc, size);
    });
  }

  /// Returns the ids of a block in x, y and z of the grid before folding.
  SmallVector<Value, 3> getNumbers(OpBuilder &b, Location loc,
                                   gpu::KernelDim3 ids) {
    if (!isFolded)
      return {ids.x, ids.y, ids.z};
    // Block ids have 32 bits. 32-bit divisions are faster than 64-bit ones.
    Type i32 = b.getI32Type();
    auto cast = [&](Value value, Type type) {
      return arith::IndexCastUIOp::create(b, loc, type, value);
    };
    SmallVector<Value, 3> numbers;
    Value rest = cast(ids.x, i32);
    // The outermost dimension needs no remainder.
    unsigned last = isConstantIntValue(counts[2], 1) ? 1 : 2;
    for (unsigned dim = 0; dim < last; ++dim) {
      Value count =
          cast(getValueOrCreateConstantIndexOp(b, loc, counts[dim]), i32);
      Value quotient = arith::DivUIOp::create(b, loc, rest, count);
      Value number = arith::SubIOp::create(
          b, loc, rest, arith::MulIOp::create(b, loc, quotient, count));
      numbers.push_back(cast(number, b.getIndexType()));
      rest = quotient;
    }
    numbers.push_back(cast(rest, b.getIndexType()));
    if (last == 1)
      numbers.push_back(ids.z);
    return numbers;
  }

private:
  static constexpr int64_t kMaxBlocksInX = std::numeric_limits<int32_t>::max();
  static constexpr int64_t kMaxBlocksInYZ = 65535;

  static bool mayExceed(OpFoldResult count, int64_t limit) {
    return getConstantIntValue(count).value_or(limit + 1) > limit;
  }

  SmallVector<OpFoldResult, 3> counts;
  bool isFolded = false;
};
} // namespace

/// Verifies that the loops in a block are over threads, write buffers and are
/// not nested: a barrier follows each loop.
static LogicalResult verifyThreadLoops(scf::ForallOp blocks) {
  WalkResult result = blocks.getBody()->walk([&](scf::ForallOp loop) {
    auto outer = loop->getParentOfType<scf::ForallOp>();
    if (isMappedToBlocks(loop) ||
        (isMappedToThreads(loop) && loop.getNumResults() == 0 &&
         outer == blocks))
      return WalkResult::advance();
    loop.emitOpError("in a loop that is mapped to blocks must be mapped to "
                     "threads, write buffers and be in no other loop over "
                     "threads");
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

static LogicalResult mapToBlocks(RewriterBase &rewriter, scf::ForallOp forall,
                                 llvm::StringMap<unsigned> &names) {
  Location loc = forall.getLoc();
  auto kernel = forall->getAttrOfType<KernelAttr>(kKernelAttrName);
  if (!kernel)
    return forall.emitOpError("is mapped to blocks but has no '")
           << kKernelAttrName << "' attribute, which gives its threads";
  if (forall.getNumResults() != 0)
    return forall.emitOpError(
        "must be bufferized before it is mapped to a GPU");
  if (forall->getParentOfType<scf::ForallOp>() ||
      forall->getParentOfType<gpu::LaunchOp>())
    return forall.emitOpError("is mapped to blocks inside of a kernel");
  if (failed(verifyThreadLoops(forall)))
    return failure();

  rewriter.setInsertionPoint(forall);
  Value one = arith::ConstantIndexOp::create(rewriter, loc, 1);
  Value threads =
      arith::ConstantIndexOp::create(rewriter, loc, kernel.getThreads());
  SmallVector<OpFoldResult, 3> counts(3, rewriter.getIndexAttr(1));
  SmallVector<unsigned> dimensions;
  for (auto [count, attr] : llvm::zip_equal(
           getTripCounts(rewriter, forall),
           forall.getMapping()->getAsRange<DeviceMappingAttrInterface>())) {
    unsigned dimension = attr.getRelativeIndex();
    if (attr.isLinearMapping() || dimension > 2 ||
        llvm::is_contained(dimensions, dimension))
      return forall.emitOpError("must be mapped to the block dimensions x, y "
                                "and z, each once, found ")
             << *forall.getMapping();
    dimensions.push_back(dimension);
    counts[dimension] = count;
  }
  Grid grid(counts);
  FailureOr<SmallVector<Value>> sizes = grid.getSizes(rewriter, forall);
  if (failed(sizes))
    return failure();
  std::string name =
      getKernelName(forall->getParentOfType<func::FuncOp>(), kernel, names);
  auto symbol = FlatSymbolRefAttr::get(rewriter.getContext(), name);
  auto moduleSymbol =
      FlatSymbolRefAttr::get(rewriter.getContext(), kKernelModuleName);
  auto launch = gpu::LaunchOp::create(
      rewriter, loc, (*sizes)[0], (*sizes)[1], (*sizes)[2], threads, one, one,
      /*dynamicSharedMemorySize=*/Value(), /*asyncTokenType=*/Type(),
      /*asyncDependencies=*/ValueRange(), /*workgroupAttributions=*/TypeRange(),
      /*privateAttributions=*/TypeRange(), /*clusterSizeX=*/Value(),
      /*clusterSizeY=*/Value(), /*clusterSizeZ=*/Value(), moduleSymbol, symbol);
  rewriter.setInsertionPointToStart(&launch.getBody().front());
  SmallVector<Value, 3> inGrid =
      grid.getNumbers(rewriter, loc, launch.getBlockIds());
  SmallVector<Value> numbers;
  for (unsigned dimension : dimensions)
    numbers.push_back(dimension == 0 && kernel.getReverse()
                          ? countDown(rewriter, loc, inGrid[0], counts[0])
                          : inGrid[dimension]);
  SmallVector<Value> values = getInductionValues(rewriter, forall, numbers);
  auto terminator = gpu::TerminatorOp::create(rewriter, loc);
  // Ops that the warps of the block compute together are distributed later.
  Attribute schedule = forall->getAttr(tile::TileDialect::kScheduleAttrName);
  rewriter.eraseOp(forall.getTerminator());
  rewriter.inlineBlockBefore(forall.getBody(), terminator, values);
  rewriter.eraseOp(forall);

  if (failed(verifyElementTypes(launch)))
    return failure();
  if (schedule) {
    launch->setAttr(tile::TileDialect::kScheduleAttrName, schedule);
    return success();
  }
  if (failed(verifyUniform(launch)))
    return failure();
  SmallVector<scf::ForallOp> threadLoops;
  launch.walk([&](scf::ForallOp loop) { threadLoops.push_back(loop); });
  for (scf::ForallOp loop : threadLoops)
    mapToThreads(rewriter, loop, launch.getThreadIds().x, kernel.getThreads());
  return success();
}

/// The ops that stay on the host: sizes, views, launches, and buffers between
/// them.
static LogicalResult verifyHostSide(func::FuncOp func) {
  for (Operation &op : func.getBody().getOps()) {
    if (isa<memref::GetGlobalOp>(op))
      return op.emitOpError("reads a constant tensor in host memory; pass "
                            "it to the function as an argument");
    if (!isa<gpu::LaunchOp, func::ReturnOp, memref::AllocOp>(op) &&
        !isMemoryEffectFree(&op))
      return op.emitOpError("cannot be compiled to a kernel; GPUs support diff "
                            "ops, linalg ops and copies");
  }
  return success();
}

namespace {
struct DiffMapToGPU : public diff::impl::DiffMapToGPUPassBase<DiffMapToGPU> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<scf::ForallOp> loops;
    getOperation().walk([&](scf::ForallOp forall) {
      if (isMappedToBlocks(forall))
        loops.push_back(forall);
    });
    llvm::StringMap<unsigned> names;
    for (scf::ForallOp loop : loops)
      if (failed(mapToBlocks(rewriter, loop, names)))
        return signalPassFailure();
    if (!getOperation().isExternal() && failed(verifyHostSide(getOperation())))
      signalPassFailure();
  }
};
} // namespace
