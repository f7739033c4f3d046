//===- Copies.cpp - cp.async and waits ------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Distribution.h"
#include "SharedTile.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/SetVector.h"
#include <numeric>

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

/// The number of a cursor. On a copy, on the address of a thread's first chunk,
/// and on the address after its last row, if a loop can carry the address.
static constexpr StringLiteral kCursorAttrName = "tile.cursor";
static constexpr StringLiteral kCursorEndAttrName = "tile.cursor_end";
/// The number of the loop cursor after whose end a copy starts. On this copy
/// and on the address of a thread's first chunk.
static constexpr StringLiteral kBehindCursorAttrName = "tile.behind_cursor";

/// Lanes along a contiguous part of a row: at most 128 bytes, one line of banks
/// and of the cache.
static int64_t getChunksAcross(CopyAsyncOp op) {
  return std::gcd<int64_t>(op.getPartBytes() / kChunkBytes, 8);
}

namespace {
/// Copies a tile by chunks of 16 bytes. The lanes along a row are as many as
/// the chunks of a swizzle group, the others are along the rows. The chunks of
/// a group are then in different banks, and a thread needs one pointer plus
/// constants.
class CopyBuilder {
public:
  CopyBuilder(OpBuilder &b, CopyAsyncOp op, Value predicate,
              const Distribution &distribution, const SlotInfo &slot)
      : b(b), op(op), loc(op.getLoc()), predicate(predicate),
        distribution(distribution), slot(slot),
        source(cast<MemRefType>(op.getSource().getType())),
        tile(cast<MemRefType>(op.getDestination().getType())),
        elementBytes(tile.getElementTypeBitWidth() / 8) {}

  void build() {
    int64_t rowChunks = tile.getShape().back() * elementBytes / kChunkBytes;
    int64_t across = getChunksAcross(op);
    rowsAtOnce = distribution.getNumThreads() / across;
    int64_t rows = tile.getNumElements() / tile.getShape().back();
    I32Builder i32{b, loc};
    Value thread = distribution.getThread();
    threadRow = i32.shiftRight(thread, llvm::Log2_64(across));
    Value column = i32.bitAnd(thread, across - 1);
    threadByte = i32.mul(column, kChunkBytes);
    metadata = memref::ExtractStridedMetadataOp::create(b, loc, op.getSource());
    SharedTile places(b, loc, distribution, slot, threadRow, threadByte,
                      /*xorSafe=*/rowsAtOnce % 8 == 0);
    for (int64_t row = 0; row < rows; row += rowsAtOnce) {
      Value holds =
          rows - row < rowsAtOnce ? compare(threadRow, rows - row) : Value();
      Value address = getAddress(row);
      for (int64_t chunk = 0; chunk < rowChunks; chunk += across) {
        Value fills = andAlso(getRowGuard(row), getColumnGuard(chunk));
        int64_t byte = chunk * kChunkBytes, part = byte / op.getPartBytes();
        copyChunk(part == 0 ? address : getPartAddress(address, part),
                  places.getPointer(row, byte), byte % op.getPartBytes(), holds,
                  fills);
      }
    }
    NVVM::CpAsyncCommitGroupOp::create(b, loc);
    Operation *first = firstAddress.getDefiningOp();
    if (Attribute number = op->getAttr(kCursorAttrName)) {
      Value end = advance(getCursorEnd());
      first->setAttr(kCursorAttrName, number);
      end.getDefiningOp()->setAttr(kCursorEndAttrName, number);
    }
    if (Attribute number = op->getAttr(kBehindCursorAttrName))
      first->setAttr(kBehindCursorAttrName, number);
  }

private:
  Value compare(Value value, int64_t limit) {
    I32Builder i32{b, loc};
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, value,
                                 i32.constant(limit));
  }

  Value andAlso(Value lhs, Value rhs) {
    if (!lhs || !rhs)
      return lhs ? lhs : rhs;
    return arith::AndIOp::create(b, loc, lhs, rhs);
  }

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }

  /// The innermost dimension of rows, and its size.
  int64_t getInnerDim() { return tile.getRank() - 2; }
  int64_t getInnerRows() { return tile.getDimSize(getInnerDim()); }

  /// True if the rows of a thread have one index in the outer dimensions, so
  /// that all threads advance from row to row by the same steps.
  bool hasUniformSteps() {
    return tile.getRank() <= 2 || getInnerRows() % rowsAtOnce == 0;
  }

  /// Returns the indices of a row in the tile, without the last dimension.
  SmallVector<int64_t> getIndices(int64_t row) {
    SmallVector<int64_t> indices(tile.getRank() - 1);
    if (indices.empty())
      return indices;
    for (int64_t dim = getInnerDim(); dim > 0; --dim) {
      indices[dim] = row % tile.getDimSize(dim);
      row /= tile.getDimSize(dim);
    }
    indices.front() = row;
    return indices;
  }

  /// The start of the next iteration's tile, for a cursor.
  SmallVector<int64_t> getCursorEnd() {
    SmallVector<int64_t> indices(tile.getRank() - 1, 0);
    indices.back() = getInnerRows();
    return indices;
  }

  /// Returns the position of the thread's row after `row` along a dimension.
  Value getPosition(int64_t dim, int64_t row) {
    I32Builder i32{b, loc};
    if (hasUniformSteps()) {
      int64_t position = getIndices(row)[dim];
      if (dim != getInnerDim())
        return index(position);
      return arith::IndexCastOp::create(
          b, loc, b.getIndexType(),
          position == 0 ? threadRow
                        : i32.add(threadRow, i32.constant(position)));
    }
    int64_t inner = 1;
    for (int64_t i = dim + 1; i + 1 < tile.getRank(); ++i)
      inner *= tile.getDimSize(i);
    Value position =
        row == 0 ? threadRow : i32.add(threadRow, i32.constant(row));
    if (inner > 1)
      position = arith::DivUIOp::create(b, loc, position, i32.constant(inner));
    if (dim > 0)
      position = arith::RemUIOp::create(b, loc, position,
                                        i32.constant(tile.getDimSize(dim)));
    return arith::IndexCastOp::create(b, loc, b.getIndexType(), position);
  }

  /// Returns the source dimension of a tile dimension, and its stride.
  int64_t getSourceDim(int64_t dim) {
    return op.getPermutationMap().getDimPosition(dim);
  }
  Value getStride(int64_t dim) {
    return getValueOrCreateConstantIndexOp(
        b, loc, metadata.getConstifiedMixedStrides()[getSourceDim(dim)]);
  }

  Value getSize(int64_t sourceDim) {
    return getValueOrCreateConstantIndexOp(
        b, loc, metadata.getConstifiedMixedSizes()[sourceDim]);
  }

  /// Advances the address by the difference of the indices from the previous
  /// row.
  Value advance(ArrayRef<int64_t> indices) {
    Value step;
    for (auto [dim, from, to] : llvm::enumerate(lastIndices, indices)) {
      if (from == to)
        continue;
      Value term = arith::MulIOp::create(b, loc, getStride(dim),
                                         index((to - from) * elementBytes));
      step = step ? arith::AddIOp::create(b, loc, step, term) : term;
    }
    lastIndices.assign(indices.begin(), indices.end());
    step = arith::IndexCastOp::create(b, loc, b.getI64Type(), step);
    lastAddress = arith::AddIOp::create(b, loc, lastAddress, step);
    return lastAddress;
  }

  /// Returns the address of the thread's first chunk in its row after `row`, an
  /// i64. If all threads take the same steps, it is the previous address plus a
  /// step. Such a chain needs one register and no multiplication.
  Value getAddress(int64_t row) {
    if (lastAddress && hasUniformSteps())
      return advance(getIndices(row));
    Value offset = getValueOrCreateConstantIndexOp(
        b, loc, metadata.getConstifiedMixedOffset());
    auto addTerm = [&](Value position, Value stride) {
      Value term = arith::MulIOp::create(b, loc, position, stride);
      offset = arith::AddIOp::create(b, loc, offset, term);
    };
    SmallVector<OpFoldResult> strides = metadata.getConstifiedMixedStrides();
    for (auto [position, stride] : llvm::zip_equal(op.getIndices(), strides))
      addTerm(position, getValueOrCreateConstantIndexOp(b, loc, stride));
    for (int64_t dim = 0; dim + 1 < tile.getRank(); ++dim)
      addTerm(getPosition(dim, row), getStride(dim));
    Value bytes = arith::MulIOp::create(b, loc, offset, index(elementBytes));
    Value column =
        arith::IndexCastOp::create(b, loc, b.getIndexType(), threadByte);
    bytes = arith::AddIOp::create(b, loc, bytes, column);
    Value base =
        memref::ExtractAlignedPointerAsIndexOp::create(b, loc, op.getSource());
    Value address = arith::AddIOp::create(b, loc, base, bytes);
    lastAddress = arith::IndexCastOp::create(b, loc, b.getI64Type(), address);
    lastIndices = getIndices(row);
    if (!firstAddress)
      firstAddress = lastAddress;
    return lastAddress;
  }

  /// Returns the address in part `part` of a merged row that starts at
  /// `address`.
  Value getPartAddress(Value address, int64_t part) {
    Value step = arith::MulIOp::create(b, loc, getStride(tile.getRank() - 1),
                                       index(part * elementBytes));
    step = arith::IndexCastOp::create(b, loc, b.getI64Type(), step);
    return arith::AddIOp::create(b, loc, address, step);
  }

  /// Returns whether the thread's row exists in the source, or null if always.
  Value getRowGuard(int64_t row) {
    Value &guard = rowGuards[row];
    if (guard)
      return guard;
    guard = predicate;
    for (int64_t dim = 0; dim + 1 < tile.getRank(); ++dim) {
      if (op.getInBounds()[dim])
        continue;
      int64_t sourceDim = getSourceDim(dim);
      Value position = arith::AddIOp::create(b, loc, op.getIndices()[sourceDim],
                                             getPosition(dim, row));
      Value size = getSize(sourceDim);
      guard = andAlso(guard,
                      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt,
                                            position, size));
    }
    return guard;
  }

  /// Returns whether the thread's chunk exists in its row, or null if always.
  Value getColumnGuard(int64_t chunk) {
    int64_t last = tile.getRank() - 1;
    if (op.mergesRows() || op.getInBounds()[last])
      return {};
    Value &guard = columnGuards[chunk];
    if (guard)
      return guard;
    int64_t sourceDim = getSourceDim(last);
    int64_t elements = kChunkBytes / elementBytes;
    Value column =
        arith::IndexCastOp::create(b, loc, b.getIndexType(), threadByte);
    column = arith::DivUIOp::create(b, loc, column, index(elementBytes));
    Value position = arith::AddIOp::create(
        b, loc, op.getIndices()[sourceDim],
        arith::AddIOp::create(b, loc, column, index(chunk * elements)));
    Value size = getSize(sourceDim);
    guard = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, position,
                                  size);
    return guard;
  }

  /// `holds`: the thread has a row. `fills`: the bytes to read from the source.
  void copyChunk(Value address, Value place, int64_t byte, Value holds,
                 Value fills) {
    auto copy = [&](OpBuilder &b, Location loc) {
      Value pointer = LLVM::IntToPtrOp::create(
          b, loc, LLVM::LLVMPointerType::get(b.getContext(), 1), address);
      if (byte != 0)
        pointer = LLVM::GEPOp::create(
            b, loc, pointer.getType(), b.getI8Type(), pointer,
            ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(byte)});
      I32Builder i32{b, loc};
      Value size;
      if (fills)
        size = arith::SelectOp::create(b, loc, fills, i32.constant(kChunkBytes),
                                       i32.constant(0));
      NVVM::CpAsyncOp::create(b, loc, place, pointer, kChunkBytes,
                              NVVM::LoadCacheModifierKind::CG, size);
    };
    if (!holds)
      return copy(b, loc);
    auto branch = scf::IfOp::create(b, loc, holds, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    copy(b, loc);
  }

  OpBuilder &b;
  CopyAsyncOp op;
  Location loc;
  Value predicate;
  const Distribution &distribution;
  const SlotInfo &slot;
  MemRefType source, tile;
  int64_t elementBytes;
  /// The number of rows that the threads copy at once.
  int64_t rowsAtOnce = 0;
  memref::ExtractStridedMetadataOp metadata;
  Value threadRow, threadByte, firstAddress, lastAddress;
  SmallVector<int64_t> lastIndices;
  llvm::DenseMap<int64_t, Value> rowGuards, columnGuards;
};

struct DistributeCopy : public DistributePattern<CopyAsyncOp> {
  using DistributePattern::DistributePattern;

  LogicalResult
  matchAndRewrite(CopyAsyncOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    const SlotInfo *slot = distribution.getSlot(op.getDestination());
    if (!slot)
      return rewriter.notifyMatchFailure(op, "not to a slot");
    CopyBuilder(rewriter, op, adaptor.getPredicate(), distribution, *slot)
        .build();
    // Waits count groups, so nothing reads the token.
    I32Builder i32{rewriter, op.getLoc()};
    rewriter.replaceOp(op, i32.constant(0));
    return success();
  }
};

struct DistributeWait : public DistributePattern<WaitOp> {
  using DistributePattern::DistributePattern;

  LogicalResult
  matchAndRewrite(WaitOp op, OpAdaptor,
                  ConversionPatternRewriter &rewriter) const override {
    auto pending = op->getAttrOfType<IntegerAttr>("pending");
    if (!pending)
      return rewriter.notifyMatchFailure(op, "pending copies are not counted");
    NVVM::CpAsyncWaitGroupOp::create(rewriter, op.getLoc(),
                                     static_cast<uint32_t>(pending.getInt()));
    rewriter.replaceOpWithNewOp<gpu::BarrierOp>(op);
    return success();
  }
};
} // namespace

void tile::populateCopyPatterns(RewritePatternSet &patterns,
                                const TypeConverter &converter,
                                const Distribution &distribution) {
  patterns.add<DistributeCopy, DistributeWait>(converter, patterns.getContext(),
                                               distribution);
}

//===----------------------------------------------------------------------===//
// Cursors
//===----------------------------------------------------------------------===//

/// Returns the value in the first iteration of `value`, computed in the loop.
static Value cloneForFirstIteration(RewriterBase &rewriter, scf::ForOp loop,
                                    Value value) {
  BackwardSliceOptions options(
      [&](Operation *op) { return op->getBlock() == loop.getBody(); });
  options.omitBlockArguments = true;
  options.inclusive = true;
  SetVector<Operation *> ops;
  LogicalResult found = getBackwardSlice(value, &ops, options);
  assert(succeeded(found) && "only block arguments have no slice");
  (void)found;
  IRMapping mapping;
  mapping.map(loop.getInductionVar(), loop.getLowerBound());
  rewriter.setInsertionPoint(loop);
  for (Operation *op : ops)
    rewriter.clone(*op, mapping);
  return mapping.lookup(value);
}

/// Returns true if the tile of the next iteration starts at the end of this
/// one. The loop can then carry the address and needs no multiplication.
static bool isCursor(CopyAsyncOp op, int64_t numThreads) {
  auto loop = dyn_cast<scf::ForOp>(op->getParentOp());
  auto tile = cast<MemRefType>(op.getDestination().getType());
  if (!loop || tile.getRank() < 2)
    return false;
  int64_t inner = tile.getRank() - 2;
  int64_t rows = tile.getDimSize(inner);
  if (!isConstantIntValue(loop.getStep(), rows) ||
      rows % (numThreads / getChunksAcross(op)) != 0)
    return false;
  auto isOutside = [&](Value value) {
    return loop.isDefinedOutsideOfLoop(value);
  };
  for (auto [dim, index] : llvm::enumerate(op.getIndices())) {
    if (dim != op.getPermutationMap().getDimPosition(inner)) {
      if (!isOutside(index))
        return false;
      continue;
    }
    if (index == loop.getInductionVar())
      continue;
    auto add = index.getDefiningOp<arith::AddIOp>();
    if (!add || add.getLhs() != loop.getInductionVar() ||
        !isOutside(add.getRhs()))
      return false;
  }
  return isOutside(op.getSource());
}

/// Returns true if the copy, after the loop of a cursor, starts at its end.
static bool isBehindCursor(CopyAsyncOp op, CopyAsyncOp cursor) {
  auto loop = cast<scf::ForOp>(cursor->getParentOp());
  std::optional<int64_t> lower = getConstantIntValue(loop.getLowerBound()),
                         upper = getConstantIntValue(loop.getUpperBound()),
                         step = getConstantIntValue(loop.getStep());
  if (!lower || !upper || (*upper - *lower) % *step != 0 ||
      op.getSource() != cursor.getSource() ||
      op.getPermutationMap() != cursor.getPermutationMap() ||
      op.getDestination().getType() != cursor.getDestination().getType())
    return false;
  for (auto [index, inLoop] :
       llvm::zip_equal(op.getIndices(), cursor.getIndices())) {
    if (index == inLoop)
      continue;
    int64_t distance = 0;
    if (auto add = inLoop.getDefiningOp<arith::AddIOp>();
        add && add.getLhs() == loop.getInductionVar())
      distance = getConstantIntValue(add.getRhs()).value_or(-1);
    else if (inLoop != loop.getInductionVar())
      return false;
    if (distance < 0 || getConstantIntValue(index) != *upper + distance)
      return false;
  }
  return true;
}

void tile::findCursors(gpu::GPUFuncOp func, int64_t numThreads) {
  Builder b(func.getContext());
  int64_t count = 0;
  func.walk([&](CopyAsyncOp op) {
    if (!isCursor(op, numThreads))
      return;
    IntegerAttr number = b.getI64IntegerAttr(count++);
    op->setAttr(kCursorAttrName, number);
    for (Operation *next = op->getParentOp()->getNextNode(); next;
         next = next->getNextNode())
      if (auto copy = dyn_cast<CopyAsyncOp>(next);
          copy && isBehindCursor(copy, op))
        copy->setAttr(kBehindCursorAttrName, number);
  });
}

void tile::carryCursors(gpu::GPUFuncOp func) {
  IRRewriter rewriter(func.getContext());
  SmallVector<scf::ForOp> loops;
  llvm::DenseMap<Attribute, SmallVector<Operation *>> behind;
  func.walk([&](Operation *op) {
    if (auto loop = dyn_cast<scf::ForOp>(op))
      loops.push_back(loop);
    if (Attribute number = op->removeAttr(kBehindCursorAttrName))
      behind[number].push_back(op);
  });
  for (scf::ForOp loop : loops) {
    SmallVector<Operation *> starts, ends;
    SmallVector<Attribute> numbers;
    for (Operation &op : loop.getBody()->without_terminator()) {
      if (Attribute number = op.removeAttr(kCursorAttrName)) {
        starts.push_back(&op);
        numbers.push_back(number);
      }
      if (op.removeAttr(kCursorEndAttrName))
        ends.push_back(&op);
    }
    if (starts.empty())
      continue;
    SmallVector<Value> inits;
    for (Operation *start : starts)
      inits.push_back(
          cloneForFirstIteration(rewriter, loop, start->getResult(0)));
    rewriter.setInsertionPoint(loop);
    DictionaryAttr attributes = loop->getDiscardableAttrDictionary();
    auto carrying = loop.replaceWithAdditionalYields(
        rewriter, inits, /*replaceInitOperandUsesInLoop=*/false,
        [&](OpBuilder &, Location, ArrayRef<BlockArgument> added) {
          SmallVector<Value> next;
          for (auto [start, end, argument] :
               llvm::zip_equal(starts, ends, added)) {
            rewriter.replaceAllUsesWith(start->getResult(0), argument);
            next.push_back(end->getResult(0));
          }
          return next;
        });
    (*carrying)->setDiscardableAttrs(attributes);
    for (auto [number, end] : llvm::zip_equal(
             numbers, (*carrying)->getResults().take_back(numbers.size())))
      for (Operation *op : behind.lookup(number))
        rewriter.replaceAllUsesWith(op->getResult(0), end);
  }
}

//===----------------------------------------------------------------------===//
// Waits
//===----------------------------------------------------------------------===//

namespace {
/// Returns the number of groups that are always committed after a token, up to
/// a point of its block. A lower bound is safe: a wait then waits for more
/// groups.
class PendingCounter {
public:
  int64_t count(Value token, Operation *point) {
    Block *block = point->getBlock();
    if (auto argument = dyn_cast<BlockArgument>(token))
      return countArgument(argument, point);
    Operation *source = token.getDefiningOp();
    if (source->getBlock() != block) {
      // From outside: up to the op that contains the point, but not inside it.
      Operation *ancestor = source->getBlock()->findAncestorOpInBlock(*point);
      return ancestor ? count(token, ancestor) : 0;
    }
    int64_t between = countBetween(source, point);
    if (isa<CopyAsyncOp>(source))
      return between;
    if (auto loop = dyn_cast<scf::ForOp>(source)) {
      unsigned number = cast<OpResult>(token).getResultNumber();
      // The loop may have no iteration.
      int64_t ran = count(loop.getYieldedValues()[number],
                          loop.getBody()->getTerminator());
      int64_t skipped = count(loop.getInitArgs()[number], loop);
      return between + std::min(ran, skipped);
    }
    if (auto branch = dyn_cast<scf::IfOp>(source)) {
      unsigned number = cast<OpResult>(token).getResultNumber();
      return between + std::min(count(branch.thenYield().getOperand(number),
                                      branch.thenYield()),
                                count(branch.elseYield().getOperand(number),
                                      branch.elseYield()));
    }
    return 0;
  }

private:
  /// A loop-carried token, from the previous iteration or from before the loop.
  int64_t countArgument(BlockArgument argument, Operation *point) {
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    if (!loop || point->getBlock() != loop.getBody())
      return 0;
    int64_t inside = countBetween(nullptr, point);
    if (!visiting.insert(argument).second)
      return inside;
    OpOperand *init = loop.getTiedLoopInit(argument);
    int64_t first = count(init->get(), loop);
    int64_t later = count(loop.getTiedLoopYieldedValue(argument)->get(),
                          loop.getBody()->getTerminator());
    visiting.erase(argument);
    return inside + std::min(first, later);
  }

  /// Counts copies after `from` (or the start of the block) and before `to`.
  static int64_t countBetween(Operation *from, Operation *to) {
    int64_t copies = 0;
    auto it = from ? std::next(from->getIterator()) : to->getBlock()->begin();
    for (; it != to->getIterator(); ++it)
      copies += isa<CopyAsyncOp>(*it);
    return copies;
  }

  llvm::DenseSet<Value> visiting;
};
} // namespace

void tile::countPendingCopies(gpu::GPUFuncOp func) {
  Builder b(func.getContext());
  func.walk([&](WaitOp wait) {
    int64_t pending = std::numeric_limits<int32_t>::max();
    for (Value token : wait.getTokens())
      pending = std::min(pending, PendingCounter().count(token, wait));
    wait->setAttr("pending", b.getI64IntegerAttr(pending));
  });
}
