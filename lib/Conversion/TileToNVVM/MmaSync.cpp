//===- MmaSync.cpp - Contractions on mma.sync -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Distribution.h"
#include "diff/Dialect/Tile/Transforms/Contractions.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

namespace {
/// The registers of an operand by repetitions: one for each pair of 16-bit
/// elements, or for each tf32 element.
class Fragments {
public:
  /// `sum` is the reduced dimension.
  Fragments(OpBuilder &b, Location loc, Value value, int64_t sum) : sum(sum) {
    auto type = cast<VectorType>(value.getType());
    ArrayRef<int64_t> shape = type.getShape();
    repetitions.assign(shape.begin(), shape.begin() + shape.size() / 2);
    Type element = type.getElementType();
    if (element.isInteger(32)) {
      registers = getElements(b, loc, value);
      perRepetition = shape[shape.size() / 2 + sum];
      return;
    }
    SmallVector<int64_t> pairShape(repetitions);
    pairShape.push_back(2);
    Value pairs = vector::ShapeCastOp::create(
        b, loc, VectorType::get(pairShape, element), value);
    forEachIndex(repetitions, [&](ArrayRef<int64_t> index) {
      Value pair = vector::ExtractOp::create(b, loc, pairs, index);
      // In NVVM, bf16 registers are integers and f16 registers vectors.
      if (element.isBF16())
        pair = LLVM::BitcastOp::create(b, loc, b.getI32Type(), pair);
      registers.push_back(pair);
    });
  }

  /// Returns the number of registers along the reduced dimension.
  int64_t getNumSteps() const { return repetitions[sum] * perRepetition; }

  /// Returns register `k` along the reduced dimension at position `index`.
  Value get(SmallVector<int64_t> index, int64_t k) const {
    index[sum] = k / perRepetition;
    int64_t place = 0;
    for (auto [size, i] : llvm::zip_equal(repetitions, index))
      place = place * size + i;
    return registers[place * perRepetition + k % perRepetition];
  }

private:
  int64_t sum, perRepetition = 1;
  SmallVector<int64_t> repetitions;
  SmallVector<Value> registers;
};

/// m16n8k16, or m16n8k8 on tf32. The 16 rows of a result are two units of eight
/// rows of one batch entry, at any position in the tile.
class MmaBuilder {
public:
  /// `lhs` has the parts of the left-hand side that are multiplied by the same
  /// right-hand side.
  MmaBuilder(OpBuilder &b, vector::ContractionOp op, const Contraction &shape,
             ValueRange lhs, Value rhs, Value acc)
      : b(b), op(op), shape(shape), loc(op.getLoc()),
        type(cast<VectorType>(acc.getType())),
        rhs(b, loc, rhs, shape.getRhsSum()), acc(getElements(b, loc, acc)) {
    for (Value part : lhs)
      parts.emplace_back(b, loc, part, shape.getLhsSum());
  }

  FailureOr<Value> build() {
    int64_t rank = type.getRank() / 2;
    int64_t columns = type.getDimSize(rank - 1);
    auto pairs = pairRows();
    if (failed(pairs))
      return failure();
    for (int64_t k = 0; k < parts.front().getNumSteps(); k += 2)
      for (int64_t n = 0; n < columns; ++n)
        for (const Fragments &lhs : parts)
          for (auto &[first, second] : *pairs)
            multiply(lhs, first, second, n, k);
    return fromElements(b, loc, type, acc);
  }

private:
  using Rows = SmallVector<int64_t>;

  /// Returns the repetitions of rows, in pairs of the same batch entry.
  FailureOr<SmallVector<std::pair<Rows, Rows>>> pairRows() {
    SmallVector<std::pair<Rows, Rows>> pairs;
    llvm::SmallVector<Rows> open;
    ArrayRef<bool> isBatch = shape.isBatch();
    forEachIndex(type.getShape().take_front(isBatch.size()),
                 [&](ArrayRef<int64_t> rows) {
                   auto *partner = llvm::find_if(open, [&](const Rows &other) {
                     for (size_t i = 0; i < rows.size(); ++i)
                       if (isBatch[i] && rows[i] != other[i])
                         return false;
                     return true;
                   });
                   if (partner == open.end()) {
                     open.emplace_back(rows);
                     return;
                   }
                   pairs.emplace_back(*partner, Rows(rows));
                   open.erase(partner);
                 });
    if (!open.empty())
      return failure();
    return pairs;
  }

  Value getA(const Fragments &lhs, const Rows &rows, int64_t k) {
    Rows index(rows.size() + 1);
    for (auto [dim, inLhs] : llvm::enumerate(shape.resultRowsInLhs()))
      index[inLhs] = rows[dim];
    return lhs.get(index, k);
  }

  Value getB(const Rows &rows, int64_t n, int64_t k) {
    Rows index(op.getRhsType().getRank());
    for (auto [dim, inRhs] : llvm::enumerate(shape.resultRowsInRhs()))
      if (inRhs >= 0)
        index[inRhs] = rows[dim];
    index[shape.getRhsColumn()] = n;
    return rhs.get(index, k);
  }

  /// The position of the first of a unit's two contiguous elements.
  int64_t getPlace(const Rows &rows, int64_t n) {
    int64_t place = 0;
    for (auto [dim, row] : llvm::enumerate(rows))
      place = place * type.getDimSize(dim) + row;
    return (place * type.getDimSize(rows.size()) + n) * 2;
  }

  static NVVM::MMATypes getType(Type element) {
    if (element.isTF32())
      return NVVM::MMATypes::tf32;
    return element.isBF16() ? NVVM::MMATypes::bf16 : NVVM::MMATypes::f16;
  }

  void multiply(const Fragments &lhs, const Rows &first, const Rows &second,
                int64_t n, int64_t k) {
    MLIRContext *context = b.getContext();
    NVVM::MMATypes element = getType(op.getLhsType().getElementType());
    auto mma = op->getAttrOfType<MmaAttr>(TileDialect::kMmaAttrName);
    int64_t places[] = {getPlace(first, n), getPlace(first, n) + 1,
                        getPlace(second, n), getPlace(second, n) + 1};
    SmallVector<Value> a{getA(lhs, first, k), getA(lhs, second, k),
                         getA(lhs, first, k + 1), getA(lhs, second, k + 1)};
    SmallVector<Value> c, bRegisters{getB(first, n, k), getB(first, n, k + 1)};
    for (int64_t place : places)
      c.push_back(acc[place]);
    Type f32 = b.getF32Type();
    Type result =
        LLVM::LLVMStructType::getLiteral(context, {f32, f32, f32, f32});
    Value d = NVVM::MmaOp::create(
        b, loc, result, a, bRegisters, c,
        ArrayRef<int64_t>{mma.getM(), mma.getN(), mma.getK()},
        /*b1Op=*/std::nullopt, /*intOverflow=*/std::nullopt,
        std::array<NVVM::MMATypes, 2>{element, element},
        std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row,
                                       NVVM::MMALayout::col});
    for (auto [i, place] : llvm::enumerate(places))
      acc[place] =
          LLVM::ExtractValueOp::create(b, loc, d, static_cast<int64_t>(i));
  }

  OpBuilder &b;
  vector::ContractionOp op;
  const Contraction &shape;
  Location loc;
  VectorType type;
  SmallVector<Fragments> parts;
  Fragments rhs;
  SmallVector<Value> acc;
};

/// Returns whether the values are the same, or results of equal ops.
bool isSame(Value a, Value b) {
  Operation *first = a.getDefiningOp(), *second = b.getDefiningOp();
  return a == b || (first && second && isMemoryEffectFree(first) &&
                    OperationEquivalence::isEquivalentTo(
                        first, second, OperationEquivalence::exactValueMatch,
                        /*markEquivalent=*/nullptr,
                        OperationEquivalence::IgnoreLocations));
}

/// Returns the contraction that adds another part times the same right-hand
/// side to the result of this one, or null. Both become one loop of
/// instructions, so that a fragment of the right-hand side is read once and
/// lives for two of them.
vector::ContractionOp getNextPart(vector::ContractionOp op) {
  if (!op->hasOneUse())
    return {};
  auto next = dyn_cast<vector::ContractionOp>(*op->user_begin());
  if (!next || next.getAcc() != op.getResult() ||
      !isSame(next.getRhs(), op.getRhs()) ||
      next.getLhsType() != op.getLhsType() ||
      next.getIndexingMaps() != op.getIndexingMaps() ||
      next->getBlock() != op->getBlock())
    return {};
  Operation *part = next.getLhs().getDefiningOp();
  if (part && part->getBlock() == op->getBlock() && !part->isBeforeInBlock(op))
    return {};
  return next;
}

struct DistributeContraction : public DistributePattern<vector::ContractionOp> {
  using DistributePattern::DistributePattern;

  LogicalResult
  matchAndRewrite(vector::ContractionOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    FailureOr<Contraction> shape = Contraction::get(op);
    if (failed(shape) || !op->hasAttr(TileDialect::kMmaAttrName))
      return rewriter.notifyMatchFailure(op, "no matrix instruction");
    // Part of the one before.
    if (auto before = op.getAcc().getDefiningOp<vector::ContractionOp>();
        before && getNextPart(before) == op) {
      rewriter.replaceOp(op, adaptor.getAcc());
      return success();
    }
    SmallVector<Value> parts{adaptor.getLhs()};
    if (vector::ContractionOp next = getNextPart(op)) {
      Value part = rewriter.getRemappedValue(next.getLhs());
      if (!part)
        return rewriter.notifyMatchFailure(op,
                                           "the next part is not there yet");
      parts.push_back(part);
    }
    MmaBuilder builder(rewriter, op, *shape, parts, adaptor.getRhs(),
                       adaptor.getAcc());
    FailureOr<Value> result = builder.build();
    if (failed(result))
      return rewriter.notifyMatchFailure(op, "an odd number of row units");
    rewriter.replaceOp(op, *result);
    return success();
  }
};
} // namespace

void tile::populateMmaSyncPatterns(RewritePatternSet &patterns,
                                   const TypeConverter &converter,
                                   const Distribution &distribution) {
  patterns.add<DistributeContraction>(converter, patterns.getContext(),
                                      distribution);
}
