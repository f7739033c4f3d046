//===- PropagateLayouts.cpp - Layouts of all vectors ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/Contractions.h"
#include "diff/Dialect/Tile/Transforms/Layouts.h"
#include "diff/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include <numeric>

namespace mlir::diff::tile {
#define GEN_PASS_DEF_TILEPROPAGATELAYOUTSPASS
#include "diff/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::diff::tile

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

static bool isVector(Value value) { return isa<VectorType>(value.getType()); }

static SmallVector<int64_t> firstDims(int64_t count) {
  return llvm::to_vector(llvm::seq<int64_t>(0, count));
}

namespace {
/// The distribution of one dimension: digits of its index, outermost first, are
/// the warp, the repetition, the lane and the element.
struct DimLayout {
  int64_t warps = 1, lanes = 1, elems = 1, warpStride = 1, laneStride = 1;

  static DimLayout get(LayoutAttr layout, int64_t dim) {
    return {layout.getWarps()[dim], layout.getLanes()[dim],
            layout.getElems()[dim], layout.getWarpStrides()[dim],
            layout.getLaneStrides()[dim]};
  }

  /// Splits a dimension into `outer` x `inner` between two repetitions or
  /// between two warps. Lanes and elements belong to the inner one.
  std::optional<std::pair<DimLayout, DimLayout>> split(int64_t outer,
                                                       int64_t inner) const {
    int64_t outerWarps = std::gcd(warps, outer),
            innerWarps = warps / outerWarps;
    if ((innerWarps > 1 && outerWarps != outer) ||
        inner % (innerWarps * lanes * elems) != 0)
      return std::nullopt;
    return std::pair(
        DimLayout{outerWarps, 1, 1, warpStride * innerWarps, 1},
        DimLayout{innerWarps, lanes, elems, warpStride, laneStride});
  }

  /// Merges this dimension of `size` with the next inner one, or returns none
  /// if the digits are not in order.
  std::optional<DimLayout> merge(int64_t size, const DimLayout &inner) const {
    bool hasOnlyWarps =
        size == warps && warpStride == inner.warps * inner.warpStride;
    if (lanes * elems != 1 || (inner.warps > 1 && !hasOnlyWarps))
      return std::nullopt;
    DimLayout merged = inner;
    merged.warps *= warps;
    if (inner.warps == 1)
      merged.warpStride = warpStride;
    return merged;
  }
};
} // namespace

static LayoutAttr getLayout(MLIRContext *context, ArrayRef<DimLayout> dims) {
  auto select = [&](int64_t DimLayout::*member) {
    return llvm::map_to_vector(
        dims, [&](const DimLayout &dim) { return dim.*member; });
  };
  return LayoutAttr::get(context, select(&DimLayout::warps),
                         select(&DimLayout::lanes), select(&DimLayout::elems),
                         select(&DimLayout::warpStride),
                         select(&DimLayout::laneStride))
      .getCanonical();
}

/// Returns the first dimension that a cast splits into two, or none if it does
/// something else.
static std::optional<int64_t> findSplit(ArrayRef<int64_t> whole,
                                        ArrayRef<int64_t> parts) {
  if (parts.size() != whole.size() + 1)
    return std::nullopt;
  for (size_t dim = 0; dim < whole.size(); ++dim)
    if (whole[dim] != parts[dim]) {
      if (parts[dim] == 1 || parts[dim + 1] == 1 ||
          parts.drop_front(dim + 2) != whole.drop_front(dim + 1))
        return std::nullopt;
      return dim;
    }
  return std::nullopt;
}

/// Returns the layout of a shape cast that splits the last dimension into
/// (repetitions, lanes, elems), splits a dimension into two or merges two (see
/// `DimLayout`), or only adds or drops unit dimensions. Returns null for
/// others.
static LayoutAttr castLayout(LayoutAttr layout, VectorType from,
                             VectorType to) {
  int64_t rank = from.getRank();
  SmallVector<DimLayout> dims, result;
  for (int64_t dim = 0; dim < rank; ++dim)
    dims.push_back(DimLayout::get(layout, dim));
  MLIRContext *context = layout.getContext();
  if (rank > 0 && to.getRank() == rank + 2 &&
      to.getShape().take_front(rank - 1) == from.getShape().drop_back() &&
      to.getDimSize(rank) == dims.back().lanes &&
      to.getDimSize(rank + 1) == dims.back().elems && dims.back().warps == 1) {
    result.assign(dims.begin(), std::prev(dims.end()));
    DimLayout lanes, elems;
    lanes.lanes = dims.back().lanes;
    lanes.laneStride = dims.back().laneStride;
    elems.elems = dims.back().elems;
    result.append({DimLayout(), lanes, elems});
    return getLayout(context, result);
  }
  if (std::optional<int64_t> dim = findSplit(from.getShape(), to.getShape()))
    if (auto parts =
            dims[*dim].split(to.getDimSize(*dim), to.getDimSize(*dim + 1))) {
      dims[*dim] = parts->second;
      dims.insert(dims.begin() + *dim, parts->first);
      return getLayout(context, dims);
    }
  if (std::optional<int64_t> dim = findSplit(to.getShape(), from.getShape()))
    if (auto merged = dims[*dim].merge(from.getDimSize(*dim), dims[*dim + 1])) {
      dims[*dim + 1] = *merged;
      dims.erase(dims.begin() + *dim);
      return getLayout(context, dims);
    }
  int64_t dim = 0;
  for (int64_t size : to.getShape()) {
    while (dim < rank && from.getDimSize(dim) == 1 && size != 1)
      ++dim;
    if (dim < rank && from.getDimSize(dim) == size)
      result.push_back(dims[dim++]);
    else if (size == 1)
      result.emplace_back();
    else
      return {};
  }
  while (dim < rank && from.getDimSize(dim) == 1)
    ++dim;
  return dim == rank ? getLayout(context, result) : LayoutAttr();
}

/// Returns the layout with the warps of the `count` leading dimensions moved to
/// the next row dimension, or to the columns if it has no space. If there is no
/// space, or if lanes are distributed over the leading dimensions, their warps
/// and lanes get copies.
static LayoutAttr gatherLeadingDims(LayoutAttr layout, VectorType type,
                                    int64_t count) {
  SmallVector<int64_t> warps(layout.getWarps());
  int64_t moved = 1, rank = type.getRank();
  LayoutAttr copies = layout.dropDims(firstDims(count)).prependDims(count);
  if (llvm::any_of(layout.getLanes().take_front(count),
                   [](int64_t lanes) { return lanes != 1; }))
    return copies;
  for (int64_t dim = 0; dim < count; ++dim)
    moved *= std::exchange(warps[dim], 1);
  if (moved == 1)
    return layout;
  auto spread = [&](int64_t dim) {
    int64_t repetitions = *layout.getRepetitions(dim, type.getDimSize(dim));
    int64_t factor = std::gcd(repetitions, moved);
    warps[dim] *= factor;
    moved /= factor;
  };
  for (int64_t dim = rank - 2; dim >= count; --dim)
    spread(dim);
  if (rank > count)
    spread(rank - 1);
  if (moved != 1)
    return copies;
  auto spreadLayout = LayoutAttr::get(layout.getContext(), warps,
                                      layout.getLanes(), layout.getElems());
  return LayoutAttr::get(layout.getContext(), warps, layout.getLanes(),
                         layout.getElems(), spreadLayout.getWarpStrides(),
                         layout.getLaneStrides())
      .getCanonical();
}

namespace {
/// Computes the layouts of a kernel's vectors, to a fixed point. The first
/// layout that reaches a value stays.
class Propagation {
public:
  explicit Propagation(Operation *root) : root(root) {}

  void run() {
    propagate();
    // Values that no contraction determines get the layout of their store.
    root->walk([&](ToLayoutOp op) { set(op.getSource(), op.getLayout()); });
    propagate();
    root->walk([&](vector::TransferWriteOp op) {
      set(op.getValueToStore(), getDefaultLayout(op.getVectorType()));
    });
    propagate();
  }

  LayoutAttr lookup(Value value) const { return layouts.lookup(value); }

  /// Reads the layout attributes and checks that every vector has a layout, and
  /// that each op has operands and results in the layouts that it requires.
  LogicalResult verifyWritten() {
    WalkResult result = root->walk([&](Operation *op) {
      return failed(verifyCount(op)) ? WalkResult::interrupt()
                                     : WalkResult::advance();
    });
    if (result.wasInterrupted())
      return failure();
    layouts = readLayouts(root);
    result = root->walk([&](Operation *op) {
      return failed(verify(op)) ? WalkResult::interrupt()
                                : WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

private:
  /// A layout for each result.
  static LogicalResult verifyCount(Operation *op) {
    auto written = op->getAttrOfType<ArrayAttr>(TileDialect::kLayoutsAttrName);
    if (!written || written.size() == op->getNumResults())
      return success();
    return op->emitOpError("has '")
           << TileDialect::kLayoutsAttrName << "' of " << written.size()
           << " layouts for " << op->getNumResults() << " results";
  }

  LogicalResult verify(Operation *op) const {
    for (OpResult result : op->getResults()) {
      if (!isVector(result))
        continue;
      LayoutAttr layout = lookup(result), inferred = inferResult(result);
      if (!layout)
        return op->emitOpError("has a vector result without a layout; run "
                               "tile-propagate-layouts first");
      if (!layout.getLaneType(cast<VectorType>(result.getType())))
        return op->emitOpError("has a result of ")
               << result.getType() << " that cannot be laid out as " << layout;
      if (inferred && inferred != layout)
        return op->emitOpError("has a result in the layout ")
               << layout << ", but its operands and attributes require "
               << inferred;
    }
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isVector(operand.get()))
        continue;
      LayoutAttr layout = lookup(operand.get()), demand = getDemand(operand);
      if (layout && demand && layout != demand)
        return op->emitOpError("requires operand #")
               << operand.getOperandNumber() << " in the layout " << demand
               << ", found " << layout;
      if (!layout)
        return op->emitOpError("has operand #")
               << operand.getOperandNumber() << ", a vector without a layout";
    }
    return success();
  }

  /// Lanes along the innermost dimensions, and copies for the others.
  static LayoutAttr getDefaultLayout(VectorType type) {
    int64_t rank = type.getRank(), left = kLanes;
    SmallVector<int64_t> ones(rank, 1), lanes(rank, 1);
    for (int64_t dim = rank - 1; dim >= 0; --dim) {
      lanes[dim] = std::gcd(type.getDimSize(dim), left);
      left /= lanes[dim];
    }
    return LayoutAttr::get(type.getContext(), ones, lanes, ones);
  }

  void propagate() {
    do {
      changed = false;
      root->walk([&](Operation *op) {
        for (OpResult result : op->getResults())
          if (isVector(result))
            set(result, inferResult(result));
        for (OpOperand &operand : op->getOpOperands())
          if (isVector(operand.get()))
            set(operand.get(), getDemand(operand));
        shareLoop(op);
      });
    } while (changed);
  }

public:
  /// Returns the layout that an op requires for an operand, or null for any.
  LayoutAttr getDemand(OpOperand &use) const {
    Operation *op = use.getOwner();
    unsigned number = use.getOperandNumber();
    auto type = cast<VectorType>(use.get().getType());
    if (auto contract = dyn_cast<vector::ContractionOp>(op)) {
      auto mma = op->getAttrOfType<MmaAttr>(TileDialect::kMmaAttrName);
      FailureOr<Contraction> contraction = Contraction::get(contract);
      if (!mma || failed(contraction))
        return {};
      return number == 0   ? contraction->getLhsLayout(mma)
             : number == 1 ? contraction->getRhsLayout(mma)
                           : mma.getResult();
    }
    if (auto reduction = dyn_cast<vector::MultiDimReductionOp>(op))
      return number == 1 ? lookup(reduction.getDest()) : LayoutAttr();
    if (auto broadcast = dyn_cast<vector::BroadcastOp>(op)) {
      LayoutAttr layout = lookup(broadcast.getVector());
      int64_t added =
          broadcast.getResultVectorType().getRank() - type.getRank();
      return layout ? layout.dropDims(firstDims(added)) : layout;
    }
    if (auto transpose = dyn_cast<vector::TransposeOp>(op)) {
      LayoutAttr layout = lookup(transpose.getResult());
      return layout ? layout.permute(
                          invertPermutationVector(transpose.getPermutation()))
                    : layout;
    }
    if (auto cast = dyn_cast<vector::ShapeCastOp>(op)) {
      LayoutAttr layout = lookup(cast.getResult());
      return layout && lookup(use.get()) == LayoutAttr()
                 ? castLayout(layout, cast.getResultVectorType(), type)
                 : LayoutAttr();
    }
    // Both sides are distributed alike: tile-convert-layouts exchanges parts.
    // Parts of a slot are selected when they are read.
    if (auto shuffle = dyn_cast<vector::ShuffleOp>(op)) {
      LayoutAttr layout = lookup(shuffle.getResult());
      if (!layout || type == shuffle.getResultVectorType())
        return layout;
      return layout.dropDims({0}).prependDims(1);
    }
    if (auto extract = dyn_cast<vector::ExtractOp>(op)) {
      if (lookup(use.get()) || !isVector(extract.getResult()))
        return getExtracted(extract);
      // An undetermined source: each thread holds the elements that it needs.
      LayoutAttr layout = lookup(extract.getResult());
      return layout ? layout.prependDims(extract.getNumIndices()) : layout;
    }
    // In an scf.while, the yielded values are not the results.
    if (isa<scf::YieldOp>(op) && isa<scf::ForOp, scf::IfOp>(op->getParentOp()))
      return lookup(op->getParentOp()->getResult(number));
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      if (BlockArgument argument = loop.getTiedLoopRegionIterArg(&use))
        return lookup(argument);
      return {};
    }
    if (OpTrait::hasElementwiseMappableTraits(op))
      return getElementwise(op);
    return {};
  }

private:
  void set(Value value, LayoutAttr layout) {
    if (!layout || lookup(value) ||
        !layout.getLaneType(cast<VectorType>(value.getType())))
      return;
    layouts[value] = layout;
    changed = true;
  }

  /// Returns the layout of one of the op's vectors.
  LayoutAttr getElementwise(Operation *op) const {
    for (Value result : op->getResults())
      if (LayoutAttr layout = lookup(result))
        return layout;
    for (Value operand : op->getOperands())
      if (LayoutAttr layout = lookup(operand))
        return layout;
    return {};
  }

  /// Returns the source layout of an extraction that is local to each thread.
  LayoutAttr getExtracted(vector::ExtractOp extract) const {
    LayoutAttr layout = lookup(extract.getSource());
    if (!layout || extract.hasDynamicPosition())
      return {};
    return gatherLeadingDims(layout, extract.getSourceVectorType(),
                             extract.getNumIndices());
  }

  LayoutAttr inferResult(OpResult result) const {
    Operation *op = result.getOwner();
    return llvm::TypeSwitch<Operation *, LayoutAttr>(op)
        .Case([&](vector::ContractionOp) -> LayoutAttr {
          auto mma = op->getAttrOfType<MmaAttr>(TileDialect::kMmaAttrName);
          return mma ? mma.getResult() : LayoutAttr();
        })
        .Case([&](ToLayoutOp convert) { return convert.getLayout(); })
        .Case([&](vector::MultiDimReductionOp reduction) {
          LayoutAttr layout = lookup(reduction.getSource());
          return layout ? layout.dropDims(reduction.getReductionDims())
                        : layout;
        })
        .Case([&](vector::TransposeOp transpose) {
          LayoutAttr layout = lookup(transpose.getVector());
          return layout ? layout.permute(transpose.getPermutation()) : layout;
        })
        .Case([&](vector::ShapeCastOp cast) -> LayoutAttr {
          LayoutAttr layout = lookup(cast.getSource());
          return layout ? castLayout(layout, cast.getSourceVectorType(),
                                     cast.getResultVectorType())
                        : layout;
        })
        .Case([&](vector::BroadcastOp broadcast) -> LayoutAttr {
          auto type = dyn_cast<VectorType>(broadcast.getSourceType());
          LayoutAttr layout = lookup(broadcast.getSource());
          // Copies along unit dimensions only: the rest is undetermined.
          if (!type || !layout ||
              type.getNumElements() !=
                  broadcast.getResultVectorType().getNumElements())
            return {};
          return layout.prependDims(broadcast.getResultVectorType().getRank() -
                                    type.getRank());
        })
        .Case([&](vector::ShuffleOp shuffle) {
          return shuffle.getV1VectorType() == shuffle.getResultVectorType()
                     ? lookup(shuffle.getV1())
                     : LayoutAttr();
        })
        .Case([&](vector::ExtractOp extract) -> LayoutAttr {
          LayoutAttr layout = getExtracted(extract);
          return layout ? layout.dropDims(firstDims(extract.getNumIndices()))
                        : layout;
        })
        .Case([&](scf::ForOp loop) {
          return lookup(loop.getRegionIterArgs()[result.getResultNumber()]);
        })
        .Case([&](scf::IfOp branch) {
          LayoutAttr layout =
              lookup(branch.thenYield().getOperand(result.getResultNumber()));
          return layout || branch.getElseRegion().empty()
                     ? layout
                     : lookup(branch.elseYield().getOperand(
                           result.getResultNumber()));
        })
        .Default([&](Operation *) {
          return OpTrait::hasElementwiseMappableTraits(op) ? getElementwise(op)
                                                           : LayoutAttr();
        });
  }

  /// A loop-carried value has one layout.
  void shareLoop(Operation *op) {
    auto loop = dyn_cast<scf::ForOp>(op);
    if (!loop)
      return;
    for (auto [init, argument, yielded, result] :
         llvm::zip_equal(loop.getInitArgs(), loop.getRegionIterArgs(),
                         loop.getYieldedValues(), loop.getResults())) {
      if (!isVector(argument))
        continue;
      LayoutAttr layout = lookup(argument);
      for (Value value : {yielded, Value(result), Value(init)})
        if (!layout)
          layout = lookup(value);
      set(argument, layout);
      set(result, layout);
    }
  }

  Operation *root;
  llvm::DenseMap<Value, LayoutAttr> layouts;
  bool changed = false;
};

struct TilePropagateLayouts
    : public tile::impl::TilePropagateLayoutsPassBase<TilePropagateLayouts> {
  /// Returns true for ops that are cheaper to repeat than to convert:
  /// constants, positions, and values computed from them only.
  static bool isCheap(Operation *op, llvm::DenseMap<Operation *, bool> &known) {
    auto found = known.find(op);
    if (found != known.end())
      return found->second;
    auto isCheapOperand = [&](Value operand) {
      Operation *source = operand.getDefiningOp();
      return !isVector(operand) || (source && isCheap(source, known));
    };
    bool cheap = isa<vector::StepOp>(op) ||
                 op->hasTrait<OpTrait::ConstantLike>() ||
                 ((isa<vector::BroadcastOp, vector::TransposeOp>(op) ||
                   OpTrait::hasElementwiseMappableTraits(op)) &&
                  llvm::all_of(op->getOperands(), isCheapOperand));
    return known[op] = cheap;
  }

  /// Creates a copy of a cheap op for every use inside the launch.
  static void repeatCheapOps(RewriterBase &rewriter, gpu::LaunchOp launch) {
    llvm::DenseMap<Operation *, bool> known;
    SmallVector<OpOperand *> uses;
    auto collect = [&](Operation *op) {
      for (OpOperand &operand : op->getOpOperands()) {
        Operation *source = operand.get().getDefiningOp();
        if (source && isVector(operand.get()) && isCheap(source, known))
          uses.push_back(&operand);
      }
    };
    launch.walk([&](Operation *op) {
      if (!isCheap(op, known))
        collect(op);
    });
    while (!uses.empty()) {
      OpOperand *use = uses.pop_back_val();
      rewriter.setInsertionPoint(use->getOwner());
      Operation *copy = rewriter.clone(*use->get().getDefiningOp());
      rewriter.modifyOpInPlace(use->getOwner(),
                               [&] { use->set(copy->getResult(0)); });
      known[copy] = true;
      collect(copy);
    }
    SmallVector<Operation *> unused;
    launch.walk([&](Operation *op) { unused.push_back(op); });
    for (Operation *op : llvm::reverse(unused))
      if (isOpTriviallyDead(op))
        rewriter.eraseOp(op);
  }

  /// Returns the read of shared memory that a vector is computed from by unary
  /// elementwise ops, such as a truncation to tf32, or null. Appends the ops
  /// from the vector back to the read.
  static Operation *findSharedRead(Value value,
                                   SmallVectorImpl<Operation *> &ops) {
    Operation *op = value.getDefiningOp();
    while (op && op->getNumOperands() == 1 &&
           OpTrait::hasElementwiseMappableTraits(op)) {
      ops.push_back(op);
      op = op->getOperand(0).getDefiningOp();
    }
    auto read = dyn_cast_or_null<vector::TransferReadOp>(op);
    if (!read || !gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(
                     dyn_cast<MemRefType>(read.getShapedType())))
      return nullptr;
    ops.push_back(read);
    return read;
  }

  /// Creates a separate read for every contraction that requires another layout
  /// of the same tile in shared memory, such as keys that are also the values.
  /// Reading it twice costs less than a conversion through shared memory.
  static void repeatReads(RewriterBase &rewriter, gpu::LaunchOp launch) {
    Propagation contractions(launch);
    using Uses = llvm::SmallMapVector<LayoutAttr, SmallVector<OpOperand *>, 2>;
    llvm::MapVector<Operation *, Uses> reads;
    launch.walk([&](vector::ContractionOp op) {
      for (OpOperand &use : op->getOpOperands()) {
        SmallVector<Operation *> ops;
        LayoutAttr demand = contractions.getDemand(use);
        if (Operation *read = findSharedRead(use.get(), ops); read && demand)
          reads[read][demand].push_back(&use);
      }
    });
    for (auto &[read, uses] : reads) {
      if (uses.size() < 2)
        continue;
      // Insert it before the use, to keep the live range short.
      for (auto &[layout, operands] : uses)
        for (OpOperand *use : operands) {
          SmallVector<Operation *> ops;
          findSharedRead(use->get(), ops);
          rewriter.setInsertionPoint(use->getOwner());
          IRMapping copies;
          for (Operation *op : llvm::reverse(ops))
            rewriter.clone(*op, copies);
          rewriter.modifyOpInPlace(use->getOwner(), [&] {
            use->set(copies.lookup(ops.front()->getResult(0)));
          });
          for (Operation *op : ops)
            if (isOpTriviallyDead(op))
              rewriter.eraseOp(op);
        }
    }
  }

  /// Inserts conversions for operands that have the wrong layout.
  static void convertOperands(RewriterBase &rewriter, gpu::LaunchOp launch,
                              Propagation &propagation) {
    SmallVector<std::pair<OpOperand *, LayoutAttr>> conversions;
    launch.walk([&](Operation *op) {
      for (OpOperand &operand : op->getOpOperands()) {
        if (!isVector(operand.get()))
          continue;
        LayoutAttr demand = propagation.getDemand(operand);
        LayoutAttr layout = propagation.lookup(operand.get());
        if (demand && layout && demand != layout)
          conversions.emplace_back(&operand, demand);
      }
    });
    // In program order, so that the first conversion of a value is reused.
    llvm::MapVector<std::tuple<Value, LayoutAttr, Block *>, Value> done;
    for (auto [operand, layout] : conversions) {
      Operation *user = operand->getOwner();
      Value &converted = done[{operand->get(), layout, user->getBlock()}];
      if (!converted) {
        rewriter.setInsertionPoint(user);
        auto op = ToLayoutOp::create(rewriter, user->getLoc(), operand->get(),
                                     layout);
        op->setAttr(TileDialect::kLayoutsAttrName,
                    rewriter.getArrayAttr({layout}));
        converted = op;
      }
      rewriter.modifyOpInPlace(
          user, [&, operand = operand] { operand->set(converted); });
    }
  }

  /// Sets the layout attributes.
  static LogicalResult annotate(gpu::LaunchOp launch,
                                Propagation &propagation) {
    Builder b(launch.getContext());
    WalkResult result = launch.walk([&](Operation *op) {
      if (llvm::none_of(op->getResults(), isVector))
        return WalkResult::advance();
      SmallVector<Attribute> layouts;
      for (Value value : op->getResults()) {
        LayoutAttr layout =
            isVector(value) ? propagation.lookup(value) : LayoutAttr();
        if (isVector(value) && !layout) {
          op->emitOpError("gets no layout: no contraction or "
                          "tile.to_layout determines its distribution over "
                          "threads");
          return WalkResult::interrupt();
        }
        layouts.push_back(layout ? Attribute(layout) : b.getUnitAttr());
      }
      op->setAttr(TileDialect::kLayoutsAttrName, b.getArrayAttr(layouts));
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    WalkResult result = getOperation()->walk([&](gpu::LaunchOp launch) {
      if (!launch->hasAttr(TileDialect::kScheduleAttrName))
        return WalkResult::advance();
      repeatCheapOps(rewriter, launch);
      repeatReads(rewriter, launch);
      Propagation propagation(launch);
      propagation.run();
      if (failed(annotate(launch, propagation)))
        return WalkResult::interrupt();
      convertOperands(rewriter, launch, propagation);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace

LogicalResult tile::verifyLayouts(Operation *kernel) {
  return Propagation(kernel).verifyWritten();
}
