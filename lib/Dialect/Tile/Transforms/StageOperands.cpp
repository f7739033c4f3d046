//===- StageOperands.cpp - Operands through shared memory -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/Contractions.h"
#include "diff/Dialect/Tile/Transforms/Passes.h"
#include "diff/Dialect/Tile/Transforms/RowAlignment.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::diff::tile {
#define GEN_PASS_DEF_TILESTAGEOPERANDSPASS
#include "diff/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::diff::tile

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

/// Converts a transposed read to a read with permuted dimensions.
static void foldTransposes(RewriterBase &rewriter, Operation *root) {
  SmallVector<vector::TransposeOp> transposes;
  root->walk([&](vector::TransposeOp op) { transposes.push_back(op); });
  for (vector::TransposeOp transpose : transposes) {
    auto read = transpose.getVector().getDefiningOp<vector::TransferReadOp>();
    if (!read || !read->hasOneUse() || read.getMask())
      continue;
    SmallVector<AffineExpr> results;
    SmallVector<bool> inBounds;
    for (int64_t dim : transpose.getPermutation()) {
      results.push_back(read.getPermutationMap().getResult(dim));
      inBounds.push_back(read.isDimInBounds(dim));
    }
    AffineMap map = AffineMap::get(read.getPermutationMap().getNumDims(), 0,
                                   results, rewriter.getContext());
    rewriter.setInsertionPoint(read);
    rewriter.replaceOpWithNewOp<vector::TransferReadOp>(
        transpose, transpose.getResultVectorType(), read.getBase(),
        read.getIndices(), AffineMapAttr::get(map), read.getPadding(),
        /*mask=*/Value(), rewriter.getBoolArrayAttr(inBounds));
    rewriter.eraseOp(read);
  }
}

/// Returns the tile that is read: the read itself, or a vector in which the two
/// innermost dimensions of the read, whole rows of the source, are one.
static Value getTile(vector::TransferReadOp read) {
  ArrayRef<int64_t> shape = read.getVectorType().getShape();
  auto cast = read->hasOneUse()
                  ? dyn_cast<vector::ShapeCastOp>(*read->user_begin())
                  : vector::ShapeCastOp();
  if (!cast || shape.size() < 3 || !read.isDimInBounds(shape.size() - 1) ||
      !read.isDimInBounds(shape.size() - 2) ||
      read.getShapedType().getShape().back() != shape.back())
    return read;
  SmallVector<int64_t> merged(shape.drop_back());
  merged.back() *= shape.back();
  return cast.getResultVectorType().getShape() == ArrayRef(merged)
             ? cast.getResult()
             : read.getResult();
}

static VectorType getTileType(vector::TransferReadOp read) {
  return cast<VectorType>(getTile(read).getType());
}

static bool isContractionOperand(OpOperand &use) {
  return isa<vector::ContractionOp>(use.getOwner()) &&
         use.getOperandNumber() < 2;
}

/// Returns true if the op repeats or selects parts of one vector.
static bool isSelection(Operation *op) {
  auto shuffle = dyn_cast_or_null<vector::ShuffleOp>(op);
  return shuffle && shuffle.getV1() == shuffle.getV2() &&
         llvm::all_of(shuffle.getMask(), [&](int64_t part) {
           return part >= 0 && part < shuffle.getV1VectorType().getDimSize(0);
         });
}

/// Returns true for a cast that splits the outermost dimension into two, such
/// as rows into those of several maps.
static bool isRowSplit(Operation *op) {
  auto cast = dyn_cast_or_null<vector::ShapeCastOp>(op);
  if (!cast)
    return false;
  ArrayRef<int64_t> whole = cast.getSourceVectorType().getShape(),
                    parts = cast.getResultVectorType().getShape();
  return whole.size() > 1 && parts.size() == whole.size() + 1 &&
         parts.drop_front(2) == whole.drop_front();
}

static bool isSelectionOrSplit(Operation *op) {
  return isSelection(op) || isRowSplit(op);
}

/// Creates a copy of a selection, or of a split of rows, directly before each
/// contraction that uses it, so that it is no earlier use of its source.
static void sinkSelections(RewriterBase &rewriter, gpu::LaunchOp launch) {
  SmallVector<Operation *> selections;
  launch.walk([&](Operation *op) {
    if (isSelectionOrSplit(op) && !op->use_empty() &&
        llvm::all_of(op->getUses(), isContractionOperand))
      selections.push_back(op);
  });
  for (Operation *op : selections) {
    for (OpOperand &use : llvm::make_early_inc_range(op->getUses())) {
      rewriter.setInsertionPoint(use.getOwner());
      Operation *copy = rewriter.clone(*op);
      rewriter.modifyOpInPlace(use.getOwner(),
                               [&] { use.set(copy->getResult(0)); });
    }
    rewriter.eraseOp(op);
  }
}

/// Returns true for a read of a whole tile of global memory, in rows of whole
/// chunks, that only contractions use, or selections and splits of rows for
/// contractions.
static bool isStaged(vector::TransferReadOp read) {
  auto type = dyn_cast<MemRefType>(read.getShapedType());
  AffineMap map = read.getPermutationMap();
  if (!type || !type.getElementType().isIntOrFloat() ||
      gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(type) || read.getMask() ||
      type.getElementType() != read.getVectorType().getElementType() ||
      type.getElementTypeBitWidth() % 8 != 0 ||
      type.getElementTypeBitWidth() > kChunkBytes * 8 ||
      !map.isProjectedPermutation() || map.getNumResults() < 2 ||
      read->use_empty() ||
      map.getDimPosition(map.getNumResults() - 1) !=
          static_cast<unsigned>(type.getRank() - 1) ||
      !isMadeOfRuns(read.getBase(), read.getIndices().back(),
                    kChunkBytes * 8 / type.getElementTypeBitWidth()))
    return false;
  // A slot's rows are whole chunks, too.
  if (read.getVectorType().getShape().back() * type.getElementTypeBitWidth() %
          (kChunkBytes * 8) !=
      0)
    return false;
  return llvm::all_of(getTile(read).getUses(), [](OpOperand &use) {
    return isContractionOperand(use) ||
           (isSelectionOrSplit(use.getOwner()) &&
            llvm::all_of(use.getOwner()->getUses(), isContractionOperand));
  });
}

/// Permutes the rows of a tile into the order of the result, so that rows of
/// adjacent lanes are adjacent in the slot.
static void orderRows(RewriterBase &rewriter, vector::TransferReadOp read) {
  if (getTile(read) != read ||
      !llvm::all_of(read->getUses(), isContractionOperand))
    return;
  SmallVector<int64_t> order = getRowOrder(*read->use_begin());
  if (llvm::is_sorted(order) || llvm::any_of(read->getUses(), [&](auto &use) {
        return getRowOrder(use) != order;
      }))
    return;
  SmallVector<AffineExpr> readResults;
  SmallVector<int64_t> shape;
  SmallVector<bool> inBounds;
  for (int64_t dim : order) {
    readResults.push_back(read.getPermutationMap().getResult(dim));
    shape.push_back(read.getVectorType().getDimSize(dim));
    inBounds.push_back(read.isDimInBounds(dim));
  }
  MLIRContext *context = rewriter.getContext();
  rewriter.setInsertionPoint(read);
  auto ordered = vector::TransferReadOp::create(
      rewriter, read.getLoc(),
      VectorType::get(shape, read.getVectorType().getElementType()),
      read.getBase(), read.getIndices(),
      AffineMapAttr::get(AffineMap::get(read.getPermutationMap().getNumDims(),
                                        0, readResults, context)),
      read.getPadding(), /*mask=*/Value(), rewriter.getBoolArrayAttr(inBounds));
  for (OpOperand &use : llvm::make_early_inc_range(read->getUses()))
    reorderOperand(rewriter, use, ordered, order);
  rewriter.eraseOp(read);
}

/// Bytes of the summands of a matrix instruction: 16 elements of 16 bits, or 8
/// of tf32.
static constexpr int64_t kSummandBytes = 32;

/// Pads a read of the whole innermost dimension, whose `size` elements a
/// contraction sums, with zeros to a whole number of instructions. Returns null
/// if it is not such a read.
static vector::TransferReadOp widen(RewriterBase &rewriter, Value operand,
                                    int64_t size) {
  auto read = operand.getDefiningOp<vector::TransferReadOp>();
  if (!read || !isStaged(read))
    return {};
  auto type = cast<MemRefType>(read.getShapedType());
  SmallVector<int64_t> shape(read.getVectorType().getShape());
  // The padded read of an earlier use.
  if (shape.back() == size)
    return read;
  if (type.getShape().back() != shape.back() ||
      !isConstantIntValue(read.getIndices().back(), 0))
    return {};
  shape.back() = size;
  SmallVector<bool> inBounds;
  for (int64_t dim = 0; dim < read.getVectorType().getRank(); ++dim)
    inBounds.push_back(read.isDimInBounds(dim));
  inBounds.back() = false;
  rewriter.setInsertionPoint(read);
  Type element = type.getElementType();
  Value zero = arith::ConstantOp::create(rewriter, read.getLoc(),
                                         rewriter.getZeroAttr(element));
  return vector::TransferReadOp::create(
      rewriter, read.getLoc(), VectorType::get(shape, element), read.getBase(),
      read.getIndices(), read.getPermutationMapAttr(), zero, /*mask=*/Value(),
      rewriter.getBoolArrayAttr(inBounds));
}

/// The same for a read, or a selection or split of the rows of a read.
static Operation *widenSelected(RewriterBase &rewriter, Operation *source,
                                int64_t size) {
  if (isRowSplit(source)) {
    auto split = cast<vector::ShapeCastOp>(source);
    vector::TransferReadOp read = widen(rewriter, split.getSource(), size);
    if (!read)
      return nullptr;
    SmallVector<int64_t> shape(split.getResultVectorType().getShape());
    shape.back() = size;
    rewriter.setInsertionPoint(split);
    return vector::ShapeCastOp::create(
        rewriter, split.getLoc(),
        VectorType::get(shape, read.getVectorType().getElementType()), read);
  }
  if (!isSelection(source))
    return widen(rewriter, source->getResult(0), size);
  auto shuffle = cast<vector::ShuffleOp>(source);
  vector::TransferReadOp read = widen(rewriter, shuffle.getV1(), size);
  if (!read)
    return nullptr;
  rewriter.setInsertionPoint(shuffle);
  return vector::ShuffleOp::create(rewriter, shuffle.getLoc(), read, read,
                                   shuffle.getMask());
}

/// Pads both operands of contractions that reduce the innermost dimension of
/// each, to whole instructions.
static void padSummands(RewriterBase &rewriter, gpu::LaunchOp launch) {
  SmallVector<vector::ContractionOp> contractions;
  launch.walk([&](vector::ContractionOp op) { contractions.push_back(op); });
  llvm::DenseMap<Operation *, Operation *> widened;
  for (vector::ContractionOp op : contractions) {
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    if (!op.getLhsType().getElementType().isIntOrFloat() ||
        op.getLhsType().getElementTypeBitWidth() > kSummandBytes * 8 ||
        maps[1].getNumResults() == 0)
      continue;
    AffineExpr sum = maps[0].getResults().back();
    int64_t size = op.getLhsType().getShape().back();
    int64_t padded = llvm::alignTo(
        size, kSummandBytes * 8 / op.getLhsType().getElementTypeBitWidth());
    if (padded == size || sum != maps[1].getResults().back() ||
        llvm::is_contained(maps[2].getResults(), sum))
      continue;
    Value operands[2];
    for (unsigned number : {0u, 1u}) {
      Operation *source = op->getOperand(number).getDefiningOp();
      if (!source)
        break;
      Operation *&known = widened[source];
      if (!known)
        known = widenSelected(rewriter, source, padded);
      if (known)
        operands[number] = known->getResult(0);
    }
    if (!operands[0] || !operands[1])
      continue;
    rewriter.modifyOpInPlace(op, [&] {
      op.getLhsMutable().assign(operands[0]);
      op.getRhsMutable().assign(operands[1]);
    });
  }
  launch.walk([&](Operation *op) {
    if (isSelectionOrSplit(op) && op->use_empty())
      rewriter.eraseOp(op);
  });
  launch.walk([&](vector::TransferReadOp read) {
    if (read->use_empty())
      rewriter.eraseOp(read);
  });
}

/// Returns the buffer of a view.
static Value getRoot(Value memory) {
  while (auto view = memory.getDefiningOp<ViewLikeOpInterface>())
    memory = view.getViewSource();
  return memory;
}

namespace {
/// Stages the reads of one launch.
class Stager {
public:
  Stager(RewriterBase &rewriter, gpu::LaunchOp launch)
      : rewriter(rewriter), launch(launch) {
    swizzle =
        launch->getAttrOfType<ScheduleAttr>(TileDialect::kScheduleAttrName)
            .getSwizzle();
  }

  void run() {
    SmallVector<vector::TransferReadOp> reads;
    launch.walk([&](vector::TransferReadOp read) {
      if (isStaged(read))
        reads.push_back(read);
    });
    for (vector::TransferReadOp read : reads)
      stage(read);
    // One wait for all copies that are first used at the same op.
    for (auto &[user, tokens] : waits) {
      rewriter.setInsertionPoint(user);
      WaitOp::create(rewriter, user->getLoc(), tokens);
    }
    for (auto &[read, slot] : slots)
      readFromSlot(read, slot);
  }

private:
  Operation *getTopLevel(Operation *op) {
    return launch.getBody().front().findAncestorOpInBlock(*op);
  }

  /// Returns the ring for tiles of this buffer. A ring whose tiles have all
  /// been read is reused after a barrier.
  RingOp getRing(vector::TransferReadOp read, int64_t slots) {
    VectorType tile = getTileType(read);
    Operation *first = getTopLevel(read), *last = first;
    for (Operation *user : getTile(read).getUsers())
      if (Operation *top = getTopLevel(user); last->isBeforeInBlock(top))
        last = top;
    for (auto &[ring, lastUser] : rings[getRoot(read.getBase())]) {
      if (RingOp(ring).getType().getShape().drop_front() != tile.getShape() ||
          RingOp(ring).getNumSlots() < slots ||
          !lastUser->isBeforeInBlock(first))
        continue;
      lastUser = last;
      if (!isa_and_nonnull<gpu::BarrierOp>(first->getPrevNode())) {
        rewriter.setInsertionPoint(first);
        gpu::BarrierOp::create(rewriter, launch.getLoc());
      }
      return ring;
    }
    SmallVector<int64_t> shape{slots};
    llvm::append_range(shape, tile.getShape());
    auto space = gpu::AddressSpaceAttr::get(
        rewriter.getContext(), gpu::GPUDialect::getWorkgroupAddressSpace());
    auto type = MemRefType::get(shape, tile.getElementType(),
                                MemRefLayoutAttrInterface(), space);
    rewriter.setInsertionPointToStart(&launch.getBody().front());
    int64_t rowBytes =
        shape.back() * tile.getElementType().getIntOrFloatBitWidth() / 8;
    SwizzleAttr permutation =
        swizzle ? getSwizzleForRows(rewriter.getContext(), rowBytes)
                : SwizzleAttr();
    int64_t padding = swizzle ? 0 : getPaddingForRows(rowBytes);
    auto ring = RingOp::create(rewriter, launch.getLoc(), type, permutation,
                               rewriter.getI64IntegerAttr(padding),
                               /*offset=*/IntegerAttr());
    rings[getRoot(read.getBase())].emplace_back(ring, last);
    return ring;
  }

  void stage(vector::TransferReadOp read) {
    Location loc = read.getLoc();
    auto loop = read->getParentOfType<scf::ForOp>();
    int64_t numSlots = 1;
    if (loop)
      if (auto stages =
              loop->getAttrOfType<IntegerAttr>(TileDialect::kStagesAttrName))
        numSlots = stages.getInt();
    RingOp ring = getRing(read, numSlots);
    rewriter.setInsertionPoint(read);
    Value index;
    // A reused ring may have more slots than necessary here.
    if (numSlots == 1) {
      index = arith::ConstantIndexOp::create(rewriter, loc, 0);
    } else {
      AffineExpr s0 = rewriter.getAffineSymbolExpr(0),
                 s1 = rewriter.getAffineSymbolExpr(1),
                 s2 = rewriter.getAffineSymbolExpr(2);
      index = affine::AffineApplyOp::create(
          rewriter, loc, AffineMap::get(0, 3, (s0 - s1).floorDiv(s2)),
          ValueRange{loop.getInductionVar(), loop.getLowerBound(),
                     loop.getStep()});
    }
    MemRefType ringType = ring.getType();
    auto slotType = MemRefType::get(
        ringType.getShape().drop_front(), ringType.getElementType(),
        MemRefLayoutAttrInterface(), ringType.getMemorySpace());
    auto slot =
        SlotOp::create(rewriter, loc, slotType, ring.getMemory(), index);
    SmallVector<bool> inBounds;
    for (int64_t dim = 0; dim < read.getVectorType().getRank(); ++dim)
      inBounds.push_back(read.isDimInBounds(dim));
    auto copy = CopyAsyncOp::create(
        rewriter, loc, TokenType::get(rewriter.getContext()), read.getBase(),
        read.getIndices(), slot.getMemory(), /*predicate=*/Value(),
        AffineMapAttr::get(read.getPermutationMap()),
        rewriter.getDenseBoolArrayAttr(inBounds));
    Operation *first = nullptr;
    for (Operation *user : getTile(read).getUsers()) {
      Operation *inBlock = read->getBlock()->findAncestorOpInBlock(*user);
      if (!first || inBlock->isBeforeInBlock(first))
        first = inBlock;
    }
    waits[first].push_back(copy.getToken());
    slots.emplace_back(read, slot.getMemory());
  }

  /// Each contraction reads the slot separately, so that no tile stays in
  /// registers longer than necessary.
  void readFromSlot(vector::TransferReadOp read, Value slot) {
    Value tile = getTile(read);
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : tile.getUses())
      uses.push_back(&use);
    llvm::SmallDenseMap<Operation *, Value> selected;
    for (OpOperand *operand : uses) {
      OpOperand &use = *operand;
      // A selection has its source twice.
      Value &known = selected[use.getOwner()];
      if (known && isa<vector::ShuffleOp>(use.getOwner())) {
        rewriter.modifyOpInPlace(use.getOwner(), [&] { use.set(known); });
        continue;
      }
      rewriter.setInsertionPoint(use.getOwner());
      Value zero = arith::ConstantIndexOp::create(rewriter, read.getLoc(), 0);
      int64_t rank = getTileType(read).getRank();
      auto staged = vector::TransferReadOp::create(
          rewriter, read.getLoc(), getTileType(read), slot,
          SmallVector<Value>(rank, zero),
          AffineMapAttr::get(rewriter.getMultiDimIdentityMap(rank)),
          read.getPadding(), /*mask=*/Value(),
          rewriter.getBoolArrayAttr(SmallVector<bool>(rank, true)));
      known = staged;
      rewriter.modifyOpInPlace(use.getOwner(), [&] { use.set(staged); });
    }
    if (tile != read)
      rewriter.eraseOp(tile.getDefiningOp());
    rewriter.eraseOp(read);
  }

  RewriterBase &rewriter;
  gpu::LaunchOp launch;
  bool swizzle;
  /// The rings of each buffer, and the last op that uses each ring.
  llvm::DenseMap<Value, SmallVector<std::pair<RingOp, Operation *>>> rings;
  llvm::MapVector<Operation *, SmallVector<Value>> waits;
  SmallVector<std::pair<vector::TransferReadOp, Value>> slots;
};

struct TileStageOperands
    : public tile::impl::TileStageOperandsPassBase<TileStageOperands> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation()->walk([&](gpu::LaunchOp launch) {
      if (!launch->hasAttr(TileDialect::kScheduleAttrName) ||
          !launch.getBody().hasOneBlock())
        return;
      foldTransposes(rewriter, launch);
      sinkSelections(rewriter, launch);
      padSummands(rewriter, launch);
      SmallVector<vector::TransferReadOp> reads;
      launch.walk([&](vector::TransferReadOp read) {
        if (isStaged(read))
          reads.push_back(read);
      });
      for (vector::TransferReadOp read : reads)
        orderRows(rewriter, read);
      Stager(rewriter, launch).run();
    });
  }
};
} // namespace
