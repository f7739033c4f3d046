//===- Accesses.cpp - Reads and writes of tiles ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Distribution.h"
#include "SharedTile.h"
#include "diff/Dialect/Tile/Transforms/RowAlignment.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include <map>
#include <numeric>

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

/// The positions of each dimension of a tile.
static SmallVector<DimPosition> getPositions(const Distribution &distribution,
                                             LayoutAttr layout,
                                             VectorType type) {
  SmallVector<DimPosition> positions;
  for (auto [dim, size] : llvm::enumerate(type.getShape()))
    positions.emplace_back(distribution, layout, dim, size);
  return positions;
}

//===----------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------===//

/// The strides of a slot's leading dimensions, in rows.
static SmallVector<int64_t> getRowStrides(VectorType type) {
  SmallVector<int64_t> strides(type.getRank() - 1, 1);
  for (int64_t dim = type.getRank() - 3; dim >= 0; --dim)
    strides[dim] = strides[dim + 1] * type.getDimSize(dim + 1);
  return strides;
}

/// Returns true if the dynamic part and the constants of the flattened row use
/// different bits among the lowest three.
static bool isRowXorSafe(ArrayRef<DimPosition> positions,
                         ArrayRef<int64_t> strides) {
  for (auto [dim, stride] : llvm::enumerate(strides))
    if (stride % 8 != 0 &&
        (!llvm::isPowerOf2_64(stride) || !positions[dim].isXorSafe()))
      return false;
  return true;
}

namespace {
/// The accesses of one lane to a slot, by vectors along the innermost
/// dimension.
class SlotAccess {
public:
  /// `firstRow`, a multiple of 8, is added to all rows; null for 0.
  SlotAccess(OpBuilder &b, Location loc, const Distribution &distribution,
             const SlotInfo &slot, LayoutAttr layout, VectorType type,
             Value firstRow = {})
      : b(b), loc(loc), firstRow(firstRow),
        positions(getPositions(distribution, layout, type)),
        strides(getRowStrides(type)),
        elementBytes(getElementBits(type.getElementType()) / 8),
        tile(b, loc, distribution, slot, buildRow(), buildByte(),
             isRowXorSafe(positions, strides) && positions.back().isXorSafe()) {
  }

  /// Calls `body` with the pointer to each run of contiguous elements and the
  /// position of its first element in the lane's vector.
  void forEachRun(VectorType laneType,
                  function_ref<void(Value, ArrayRef<int64_t>)> body) {
    int64_t rank = positions.size();
    SmallVector<int64_t> shape(laneType.getShape());
    shape.back() = 1;
    forEachIndex(shape, [&](ArrayRef<int64_t> index) {
      int64_t row = 0;
      for (auto [dim, stride] : llvm::enumerate(strides))
        row +=
            stride * positions[dim].getConstant(index[dim], index[rank + dim]);
      int64_t column = positions.back().getConstant(index[rank - 1], 0);
      body(tile.getPointer(row, column * elementBytes), index);
    });
  }

private:
  Value buildRow() {
    I32Builder i32{b, loc};
    Value row = firstRow;
    for (auto [dim, stride] : llvm::enumerate(strides))
      row = i32.add(row, i32.mul(positions[dim].buildDynamic(b, loc), stride));
    return row;
  }
  Value buildByte() {
    return I32Builder{b, loc}.mul(positions.back().buildDynamic(b, loc),
                                  elementBytes);
  }

  OpBuilder &b;
  Location loc;
  Value firstRow;
  SmallVector<DimPosition> positions;
  SmallVector<int64_t> strides;
  int64_t elementBytes;
  SharedTile tile;
};

/// ldmatrix: matrices of 8 x 8 elements of 16 bits, or 8 x 4 of 32 bits, with
/// rows along the innermost dimension of the slot.
class MatrixReader {
public:
  /// `firstRow`, a multiple of 8, is added to all rows; null for 0.
  MatrixReader(OpBuilder &b, Location loc, const Distribution &distribution,
               const SlotInfo &slot, LayoutAttr layout, VectorType type,
               Value firstRow = {})
      : b(b), loc(loc), distribution(distribution), slot(slot), layout(layout),
        type(type), firstRow(firstRow), strides(getRowStrides(type)),
        bits(getElementBits(type.getElementType())), registerElems(32 / bits) {}

  /// Returns true if the layout is a fragment that ldmatrix loads.
  bool matches() {
    int64_t rank = type.getRank();
    if ((bits != 16 && bits != 32) || rank < 2 ||
        layout.getNumLanes() != kLanes)
      return false;
    int64_t last = rank - 1;
    auto lanes = layout.getLanes(), laneStrides = layout.getLaneStrides(),
         elems = layout.getElems();
    if (lanes[last] == 4 && elems[last] == registerElems &&
        laneStrides[last] == 1) {
      // Rows: eight lanes with stride four; the innermost dimension is fastest.
      int64_t stride = 4;
      for (int64_t dim = last - 1; dim >= 0; --dim) {
        if (elems[dim] != 1 || (lanes[dim] > 1 && laneStrides[dim] != stride))
          return false;
        stride *= lanes[dim];
      }
      return true;
    }
    if (bits != 16 || lanes[last] != 8 || elems[last] != 1 ||
        laneStrides[last] != 4)
      return false;
    // Transposed: rows are four lanes of two elements of the next dimension.
    if (lanes[last - 1] != 4 || elems[last - 1] != 2 ||
        laneStrides[last - 1] != 1)
      return false;
    for (int64_t dim = 0; dim + 1 < last; ++dim)
      if (lanes[dim] != 1 || elems[dim] != 1)
        return false;
    transposed = true;
    return true;
  }

  Value read(VectorType laneType) {
    collectUnits();
    // Use two row units by two column units if possible, so that the addresses
    // of the lanes have one pattern.
    int64_t rowsPer = rowUnits.size() % 2 == 0 && sameDistance() ? 2 : 1;
    int64_t columnUnits =
        *layout.getRepetitions(type.getRank() - 1, type.getShape().back());
    int64_t columnsPer = 4 / rowsPer;
    while (columnUnits % columnsPer != 0)
      columnsPer /= 2;
    makeTile(rowsPer, columnsPer);
    SmallVector<Value> registers(rowUnits.size() * columnUnits);
    for (int64_t column = 0; column < columnUnits; column += columnsPer)
      for (size_t row = 0; row < rowUnits.size(); row += rowsPer) {
        SmallVector<Value> loaded = load(row, column, rowsPer * columnsPer);
        for (auto [i, value] : llvm::enumerate(loaded))
          registers[(row + i % rowsPer) * columnUnits + column + i / rowsPer] =
              value;
      }
    // Registers are in the order of repetitions: rows, then columns.
    SmallVector<int64_t> repetitions(
        laneType.getShape().take_front(type.getRank())),
        shape(repetitions);
    shape.push_back(registerElems);
    auto run = VectorType::get({registerElems}, type.getElementType());
    Value value = ub::PoisonOp::create(
        b, loc, VectorType::get(shape, type.getElementType()));
    const Value *next = registers.begin();
    forEachIndex(repetitions, [&](ArrayRef<int64_t> index) {
      Value elements = LLVM::BitcastOp::create(b, loc, run, *next++);
      value = vector::InsertOp::create(b, loc, elements, value, index);
    });
    return vector::ShapeCastOp::create(b, loc, laneType, value);
  }

private:
  /// The first row of each unit of rows, without the warp's part.
  void collectUnits() {
    SmallVector<int64_t> repetitions;
    for (auto [dim, size] : llvm::enumerate(type.getShape().drop_back()))
      repetitions.push_back(*layout.getRepetitions(dim, size));
    forEachIndex(repetitions, [&](ArrayRef<int64_t> index) {
      int64_t row = 0;
      for (auto [dim, stride] : llvm::enumerate(strides))
        row += index[dim] * layout.getLanes()[dim] * layout.getElems()[dim] *
               stride;
      rowUnits.push_back(row);
    });
  }

  bool sameDistance() {
    for (size_t i = 2; i < rowUnits.size(); i += 2)
      if (rowUnits[i + 1] - rowUnits[i] != rowUnits[1] - rowUnits[0])
        return false;
    return true;
  }

  /// Returns the row that a lane addresses: lane l holds the address of row l
  /// mod 8 of matrix l / 8. Matrix i is row unit i mod rowsPer of column unit i
  /// / rowsPer.
  void makeTile(int64_t rowsPer, int64_t columnsPer) {
    I32Builder i32{b, loc};
    Value lane = distribution.getLane();
    Value inMatrix = i32.bitAnd(lane, 7), row = firstRow;
    bool safe = true;
    // The row of a unit, distributed over the dimensions as the lanes are.
    int64_t stride = 1;
    for (int64_t dim = type.getRank() - 2; dim >= 0; --dim) {
      int64_t count = layout.getLanes()[dim] * layout.getElems()[dim];
      Value part = i32.bitAnd(i32.shiftRight(inMatrix, llvm::Log2_64(stride)),
                              count - 1);
      if (count > 1)
        row = i32.add(row, i32.mul(part, strides[dim]));
      stride *= count;
      DimPosition position(distribution, layout, dim, type.getDimSize(dim));
      safe &= strides[dim] % 8 == 0 ||
              (llvm::isPowerOf2_64(strides[dim]) && position.isXorSafe());
      if (layout.getWarps()[dim] > 1)
        row = i32.add(row, i32.mul(getWarpRows(dim), strides[dim]));
    }
    if (rowsPer == 2) {
      int64_t distance = rowUnits[1] - rowUnits[0];
      Value second = i32.bitAnd(i32.shiftRight(lane, 3), 1);
      row = i32.add(row, i32.mul(second, distance));
      safe &= distance % 8 == 0;
    }
    Value byte;
    if (columnsPer > 1) {
      Value unit = i32.bitAnd(i32.shiftRight(lane, rowsPer == 2 ? 4 : 3),
                              columnsPer - 1);
      byte = i32.mul(unit, kChunkBytes);
    }
    tile.emplace(b, loc, distribution, slot, row, byte, safe);
  }

  /// The rows before those of a warp.
  Value getWarpRows(int64_t dim) {
    I32Builder i32{b, loc};
    int64_t rows = type.getDimSize(dim) / layout.getWarps()[dim];
    Value warp = distribution.getWarp();
    int64_t warpStride = layout.getWarpStrides()[dim];
    if (warpStride > 1)
      warp = arith::DivUIOp::create(b, loc, warp, i32.constant(warpStride));
    warp = arith::RemUIOp::create(b, loc, warp,
                                  i32.constant(layout.getWarps()[dim]));
    return i32.mul(warp, rows);
  }

  SmallVector<Value> load(size_t row, int64_t column, int64_t count) {
    Value pointer = tile->getPointer(rowUnits[row], column * kChunkBytes);
    Type i32 = b.getI32Type();
    Type result = i32;
    if (count > 1)
      result = LLVM::LLVMStructType::getLiteral(b.getContext(),
                                                SmallVector<Type>(count, i32));
    Value loaded = NVVM::LdMatrixOp::create(
        b, loc, result, pointer, count,
        transposed ? NVVM::MMALayout::col : NVVM::MMALayout::row,
        NVVM::LdStMatrixShapeAttr::get(b.getContext(), 8, 8),
        NVVM::LdStMatrixEltType::B16);
    if (count == 1)
      return {loaded};
    SmallVector<Value> values;
    for (int64_t i = 0; i < count; ++i)
      values.push_back(LLVM::ExtractValueOp::create(b, loc, loaded, i));
    return values;
  }

  OpBuilder &b;
  Location loc;
  const Distribution &distribution;
  const SlotInfo &slot;
  LayoutAttr layout;
  VectorType type;
  Value firstRow;
  SmallVector<int64_t> strides;
  int64_t bits, registerElems;
  SmallVector<int64_t> rowUnits;
  std::optional<SharedTile> tile;
  bool transposed = false;
};
} // namespace

//===----------------------------------------------------------------------===//
// Global memory
//===----------------------------------------------------------------------===//

namespace {
/// The accesses of one lane to a buffer in global memory.
class GlobalAccess {
public:
  template <typename OpTy>
  GlobalAccess(OpBuilder &b, const Distribution &distribution, OpTy op,
               LayoutAttr layout)
      : b(b), loc(op.getLoc()), memory(op.getBase()), indices(op.getIndices()),
        map(op.getPermutationMap()) {
    VectorType type = op.getVectorType();
    for (auto [dim, size] : llvm::enumerate(type.getShape())) {
      DimPosition position(distribution, layout, dim, size);
      Value dynamic = position.buildDynamic(b, loc);
      Value base = indices[map.getDimPosition(dim)];
      if (dynamic)
        base = arith::AddIOp::create(
            b, loc, base,
            arith::IndexCastOp::create(b, loc, b.getIndexType(), dynamic));
      bases.push_back(base);
      inBounds.push_back(op.isDimInBounds(dim));
      positions.push_back(position);
    }
  }

  /// Returns the indices of the element in a register.
  SmallVector<Value> getIndices(ArrayRef<int64_t> register_) {
    SmallVector<Value> result(indices);
    int64_t rank = positions.size();
    for (int64_t dim = 0; dim < rank; ++dim)
      result[map.getDimPosition(dim)] =
          getIndex(dim, positions[dim].getConstant(register_[dim],
                                                   register_[rank + dim]));
    return result;
  }

  /// Returns whether the element is in bounds, or null if it always is.
  Value isInside(ArrayRef<int64_t> register_) {
    Value inside;
    int64_t rank = positions.size();
    for (int64_t dim = 0; dim < rank; ++dim) {
      if (inBounds[dim])
        continue;
      int64_t offset =
          positions[dim].getConstant(register_[dim], register_[rank + dim]);
      Value &holds = checks[{dim, offset}];
      if (!holds) {
        if (!metadata)
          metadata = memref::ExtractStridedMetadataOp::create(b, loc, memory);
        Value size = getValueOrCreateConstantIndexOp(
            b, loc,
            metadata.getConstifiedMixedSizes()[map.getDimPosition(dim)]);
        holds = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                      getIndex(dim, offset), size);
      }
      inside = inside ? arith::AndIOp::create(b, loc, inside, holds).getResult()
                      : holds;
    }
    return inside;
  }

private:
  Value getIndex(int64_t dim, int64_t offset) {
    Value &index = cached[{dim, offset}];
    if (!index)
      index = arith::AddIOp::create(
          b, loc, bases[dim], arith::ConstantIndexOp::create(b, loc, offset));
    return index;
  }

  OpBuilder &b;
  Location loc;
  Value memory;
  memref::ExtractStridedMetadataOp metadata;
  SmallVector<Value> indices;
  AffineMap map;
  SmallVector<DimPosition> positions;
  SmallVector<Value> bases;
  SmallVector<bool> inBounds;
  llvm::DenseMap<std::pair<int64_t, int64_t>, Value> cached, checks;
};
} // namespace

/// Selects one of the lanes and warps that hold copies of the same elements.
/// Returns null if there are no copies.
static Value isFirstCopy(OpBuilder &b, Location loc,
                         const Distribution &distribution, LayoutAttr layout) {
  I32Builder i32{b, loc};
  Value first;
  auto require = [&](Value digits) {
    Value holds = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                        digits, i32.constant(0));
    first =
        first ? arith::AndIOp::create(b, loc, first, holds).getResult() : holds;
  };
  // The digits of the lane or warp number that no dimension uses are zero.
  auto requireZeros = [&](Value id, int64_t total, ArrayRef<int64_t> counts,
                          ArrayRef<int64_t> strides) {
    SmallVector<std::pair<int64_t, int64_t>> used;
    for (auto [count, stride] : llvm::zip_equal(counts, strides))
      if (count > 1)
        used.emplace_back(stride, count);
    llvm::sort(used);
    if (llvm::isPowerOf2_64(total) && llvm::all_of(used, [](auto digit) {
          return llvm::isPowerOf2_64(digit.first * digit.second);
        })) {
      int64_t copies = total - 1;
      for (auto [stride, count] : used)
        copies &= ~((count - 1) * stride);
      if (copies != 0)
        require(i32.bitAnd(id, copies));
      return;
    }
    int64_t end = 1;
    used.emplace_back(total, 1);
    for (auto [stride, count] : used) {
      Value digit = id;
      if (end > 1)
        digit = arith::DivUIOp::create(b, loc, digit, i32.constant(end));
      if (stride < total)
        digit =
            arith::RemUIOp::create(b, loc, digit, i32.constant(stride / end));
      if (stride > end)
        require(digit);
      end = stride * count;
    }
  };
  requireZeros(distribution.getLane(), kLanes, layout.getLanes(),
               layout.getLaneStrides());
  requireZeros(distribution.getWarp(), distribution.getNumThreads() / kLanes,
               layout.getWarps(), layout.getWarpStrides());
  return first;
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

static int64_t getRunBytes(VectorType run) {
  return std::max<int64_t>(1, run.getNumElements() *
                                  getElementBits(run.getElementType()) / 8);
}

/// Returns true if the runs of `elems` elements of a lane are in bounds.
template <typename OpTy> static bool isInRuns(OpTy op, int64_t elems) {
  AffineMap map = op.getPermutationMap();
  // Elements of less than a byte are packed in vectors, but not in memory.
  return getElementBits(op.getVectorType().getElementType()) >= 8 &&
         map.getDimPosition(map.getNumResults() - 1) + 1 == map.getNumDims() &&
         isMadeOfRuns(op.getBase(), op.getIndices().back(), elems);
}

/// Reads a tile that starts at row `firstRow` of a slot; null for 0.
static Value readSlot(OpBuilder &b, Location loc,
                      const Distribution &distribution, const SlotInfo &slot,
                      LayoutAttr layout, VectorType tile, VectorType type,
                      Value firstRow = {}) {
  MatrixReader matrices(b, loc, distribution, slot, layout, tile, firstRow);
  if (matrices.matches())
    return matrices.read(type);
  auto run = VectorType::get({type.getShape().back()}, type.getElementType());
  SmallVector<Value> elements;
  SlotAccess(b, loc, distribution, slot, layout, tile, firstRow)
      .forEachRun(type, [&](Value pointer, ArrayRef<int64_t>) {
        Value loaded =
            LLVM::LoadOp::create(b, loc, run, pointer, getRunBytes(run));
        llvm::append_range(elements, getElements(b, loc, loaded));
      });
  return fromElements(b, loc, type, elements);
}

namespace {
/// Reads the parts of a slot that a shuffle selects: a warp computes the
/// address of the parts that it needs.
struct DistributeSelection : public DistributePattern<vector::ShuffleOp> {
  using DistributePattern::DistributePattern;

  LogicalResult
  matchAndRewrite(vector::ShuffleOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto read = op.getV1().getDefiningOp<vector::TransferReadOp>();
    const SlotInfo *slot =
        read ? distribution.getSlot(read.getBase()) : nullptr;
    LayoutAttr layout = distribution.getLayout(op.getResult());
    VectorType type = getLaneType(op.getResult());
    ArrayRef<int64_t> mask = op.getMask();
    if (!slot || !layout || !type || op.getV1() != op.getV2() ||
        layout.getLanes()[0] != 1 || layout.getElems()[0] != 1 ||
        op.getV1VectorType().getRank() < 3)
      return rewriter.notifyMatchFailure(op, "no parts of a slot");
    Location loc = op.getLoc();
    I32Builder i32{rewriter, loc};
    auto part = VectorType::get(op.getV1VectorType().getShape().drop_front(),
                                type.getElementType());
    int64_t rows = llvm::product_of(part.getShape().drop_back());
    if (rows % 8 != 0)
      return rewriter.notifyMatchFailure(op, "parts of odd rows");
    LayoutAttr partLayout = layout.dropDims({0});
    VectorType partType = partLayout.getLaneType(part);
    int64_t repetitions = *layout.getRepetitions(0, mask.size());
    Value warp;
    if (layout.getWarps()[0] > 1) {
      warp = arith::DivUIOp::create(rewriter, loc, distribution.getWarp(),
                                    i32.constant(layout.getWarpStrides()[0]));
      warp = arith::RemUIOp::create(rewriter, loc, warp,
                                    i32.constant(layout.getWarps()[0]));
    }
    // The first row of each repetition; repetitions of the same parts share
    // one.
    std::map<SmallVector<int64_t>, Value> known;
    SmallVector<Value> elements;
    for (int64_t repetition = 0; repetition < repetitions; ++repetition) {
      SmallVector<int64_t> parts;
      for (size_t i = repetition; i < mask.size(); i += repetitions)
        parts.push_back(mask[i]);
      Value &value = known[parts];
      if (!value) {
        Value first = i32.constant(parts.front() * rows);
        for (size_t i = 1; i < parts.size(); ++i) {
          if (parts[i] == parts[i - 1])
            continue;
          Value isBehind = arith::CmpIOp::create(
              rewriter, loc, arith::CmpIPredicate::uge, warp, i32.constant(i));
          first = arith::SelectOp::create(rewriter, loc, isBehind,
                                          i32.constant(parts[i] * rows), first);
        }
        value = readSlot(rewriter, loc, distribution, *slot, partLayout, part,
                         partType, first);
      }
      llvm::append_range(elements, getElements(rewriter, loc, value));
    }
    rewriter.replaceOp(op, fromElements(rewriter, loc, type, elements));
    return success();
  }
};

struct DistributeRead : public DistributePattern<vector::TransferReadOp> {
  using DistributePattern::DistributePattern;

  LogicalResult
  matchAndRewrite(vector::TransferReadOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LayoutAttr layout = distribution.getLayout(op.getResult());
    VectorType type = getLaneType(op.getResult());
    if (!layout || !type || op.getMask())
      return rewriter.notifyMatchFailure(op, "has no layout, or a mask");
    if (!op.getPermutationMap().isProjectedPermutation() ||
        !isa<MemRefType>(op.getShapedType()))
      return rewriter.notifyMatchFailure(op, "no part of a buffer");
    const SlotInfo *slot = distribution.getSlot(op.getBase());
    if (!slot) {
      rewriter.replaceOp(op, readGlobal(rewriter, op, layout, type));
      return success();
    }
    if (!op.getPermutationMap().isIdentity() || op.hasOutOfBoundsDim())
      return rewriter.notifyMatchFailure(op, "no whole slot in its order");
    // Shuffles read the parts that they select.
    if (llvm::all_of(op->getUsers(), llvm::IsaPred<vector::ShuffleOp>)) {
      rewriter.replaceOpWithNewOp<ub::PoisonOp>(op, type);
      return success();
    }
    rewriter.replaceOp(op, readSlot(rewriter, op.getLoc(), distribution, *slot,
                                    layout, op.getVectorType(), type));
    return success();
  }

private:
  Value readGlobal(OpBuilder &b, vector::TransferReadOp op, LayoutAttr layout,
                   VectorType type) const {
    Location loc = op.getLoc();
    GlobalAccess access(b, distribution, op, layout);
    // Load contiguous elements in whole chunks at once.
    int64_t runElems =
        type.getRank()
            ? std::gcd(type.getShape().back(),
                       kChunkBytes * 8 / getElementBits(type.getElementType()))
            : 1;
    if (runElems > 1 && !isInRuns(op, runElems))
      runElems = 1;
    auto run = VectorType::get({runElems}, type.getElementType());
    SmallVector<int64_t> shape(type.getShape());
    if (runElems > 1)
      shape.back() /= runElems;
    SmallVector<Value> elements;
    forEachIndex(shape, [&](ArrayRef<int64_t> runIndex) {
      SmallVector<int64_t> index(runIndex);
      if (runElems > 1)
        index.back() *= runElems;
      SmallVector<Value> indices = access.getIndices(index);
      auto load = [&](OpBuilder &b) -> Value {
        return vector::LoadOp::create(b, loc, run, op.getBase(), indices,
                                      /*nontemporal=*/false,
                                      llvm::MaybeAlign(getRunBytes(run)));
      };
      Value inside = access.isInside(index);
      Value loaded;
      if (!inside) {
        loaded = load(b);
      } else {
        auto branch = scf::IfOp::create(
            b, loc, inside,
            [&](OpBuilder &b, Location loc) {
              scf::YieldOp::create(b, loc, load(b));
            },
            [&](OpBuilder &b, Location loc) {
              Value padding =
                  vector::BroadcastOp::create(b, loc, run, op.getPadding());
              scf::YieldOp::create(b, loc, padding);
            });
        loaded = branch.getResult(0);
      }
      llvm::append_range(elements, getElements(b, loc, loaded));
    });
    return fromElements(b, loc, type, elements);
  }
};

struct DistributeWrite : public DistributePattern<vector::TransferWriteOp> {
  using DistributePattern::DistributePattern;

  LogicalResult
  matchAndRewrite(vector::TransferWriteOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LayoutAttr layout = distribution.getLayout(op.getValueToStore());
    if (!layout || op.getMask() || op.getResult() ||
        op.getVectorType().getRank() == 0 ||
        !op.getPermutationMap().isProjectedPermutation())
      return rewriter.notifyMatchFailure(op, "has no layout, or a mask");
    Location loc = op.getLoc();
    Value value = adaptor.getValueToStore();
    auto type = cast<VectorType>(value.getType());
    auto run = VectorType::get({type.getShape().back()}, type.getElementType());
    SmallVector<Value> elements = getElements(rewriter, loc, value);
    size_t next = 0;
    auto takeRun = [&]() -> Value {
      ArrayRef<Value> taken =
          ArrayRef<Value>(elements).slice(next, run.getNumElements());
      next += run.getNumElements();
      return fromElements(rewriter, loc, run, taken);
    };
    if (const SlotInfo *slot = distribution.getSlot(op.getBase())) {
      if (!op.getPermutationMap().isIdentity() || op.hasOutOfBoundsDim())
        return rewriter.notifyMatchFailure(op, "no whole slot in its order");
      SlotAccess(rewriter, loc, distribution, *slot, layout, op.getVectorType())
          .forEachRun(type, [&](Value pointer, ArrayRef<int64_t>) {
            LLVM::StoreOp::create(rewriter, loc, takeRun(), pointer,
                                  getRunBytes(run));
          });
      rewriter.eraseOp(op);
      return success();
    }
    // Store contiguous elements in whole chunks at once, and other elements one
    // by one.
    int64_t runElems = run.getNumElements();
    if (runElems > 1 && !isInRuns(op, runElems)) {
      runElems = 1;
      run = VectorType::get({1}, type.getElementType());
    }
    GlobalAccess access(rewriter, distribution, op, layout);
    Value first = isFirstCopy(rewriter, loc, distribution, layout);
    SmallVector<int64_t> shape(type.getShape());
    if (!shape.empty())
      shape.back() /= runElems;
    forEachIndex(shape, [&](ArrayRef<int64_t> runIndex) {
      SmallVector<int64_t> index(runIndex);
      if (!index.empty())
        index.back() *= runElems;
      SmallVector<Value> indices = access.getIndices(index);
      Value taken = takeRun();
      Value inside = access.isInside(index);
      if (first)
        inside = inside ? arith::AndIOp::create(rewriter, loc, inside, first)
                              .getResult()
                        : first;
      auto store = [&](OpBuilder &b, Location loc) {
        vector::StoreOp::create(b, loc, taken, op.getBase(), indices,
                                /*nontemporal=*/false,
                                llvm::MaybeAlign(getRunBytes(run)));
      };
      if (!inside)
        return store(rewriter, loc);
      scf::IfOp::create(rewriter, loc, inside, [&](OpBuilder &b, Location loc) {
        store(b, loc);
        scf::YieldOp::create(b, loc);
      });
    });
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

namespace {
struct DistributeWritePart : public DistributePattern<WritePartOp> {
  using DistributePattern::DistributePattern;

  LogicalResult
  matchAndRewrite(WritePartOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LayoutAttr layout = distribution.getLayout(op.getSource());
    const SlotInfo *slot = distribution.getSlot(op.getDestination());
    if (!layout || !slot || layout.getElems()[0] != 1)
      return rewriter.notifyMatchFailure(op, "no slot, or parts are adjacent");
    Location loc = op.getLoc();
    auto whole = cast<VectorType>(op.getSource().getType());
    int64_t lanes = layout.getLanes()[0];
    int64_t parts = *layout.getRepetitions(0, whole.getDimSize(0));
    int64_t index = op.getIndex() / lanes;
    // The elements of the part, of a warp that holds it.
    auto held = cast<VectorType>(adaptor.getSource().getType());
    SmallVector<Value> elements,
        all = getElements(rewriter, loc, adaptor.getSource());
    size_t next = 0;
    forEachIndex(held.getShape(), [&](ArrayRef<int64_t> position) {
      if (position.front() == index % parts)
        elements.push_back(all[next]);
      ++next;
    });
    auto write = [&](OpBuilder &b, Location loc) {
      LayoutAttr partLayout = layout.dropDims({0});
      auto part = VectorType::get(whole.getShape().drop_front(),
                                  whole.getElementType());
      VectorType type = partLayout.getLaneType(part);
      auto run =
          VectorType::get({type.getShape().back()}, type.getElementType());
      ArrayRef<Value> left = elements;
      SlotAccess(b, loc, distribution, *slot, partLayout, part)
          .forEachRun(type, [&](Value pointer, ArrayRef<int64_t>) {
            Value taken = fromElements(b, loc, run,
                                       left.take_front(run.getNumElements()));
            left = left.drop_front(run.getNumElements());
            LLVM::StoreOp::create(b, loc, taken, pointer, getRunBytes(run));
          });
    };
    rewriter.setInsertionPoint(op);
    I32Builder i32{rewriter, loc};
    Value holds;
    auto require = [&](Value id, int64_t count, int64_t stride,
                       int64_t expected) {
      if (count == 1)
        return;
      if (stride > 1)
        id = arith::DivUIOp::create(rewriter, loc, id, i32.constant(stride));
      id = arith::RemUIOp::create(rewriter, loc, id, i32.constant(count));
      Value equal = arith::CmpIOp::create(
          rewriter, loc, arith::CmpIPredicate::eq, id, i32.constant(expected));
      holds =
          holds ? arith::AndIOp::create(rewriter, loc, holds, equal).getResult()
                : equal;
    };
    require(distribution.getWarp(), layout.getWarps()[0],
            layout.getWarpStrides()[0], index / parts);
    require(distribution.getLane(), lanes, layout.getLaneStrides()[0],
            op.getIndex() % lanes);
    if (holds)
      scf::IfOp::create(rewriter, loc, holds, [&](OpBuilder &b, Location loc) {
        write(b, loc);
        scf::YieldOp::create(b, loc);
      });
    else
      write(rewriter, loc);
    rewriter.eraseOp(op);
    return success();
  }
};
} // namespace

void tile::populateAccessPatterns(RewritePatternSet &patterns,
                                  const TypeConverter &converter,
                                  const Distribution &distribution) {
  patterns.add<DistributeRead, DistributeSelection, DistributeWrite,
               DistributeWritePart>(converter, patterns.getContext(),
                                    distribution);
}
