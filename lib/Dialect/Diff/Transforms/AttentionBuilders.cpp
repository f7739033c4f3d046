//===- AttentionBuilders.cpp - Parts of an attention in linalg ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

using namespace mlir;
using namespace mlir::diff;

/// A bound of j - i after all keys, because the bounds have 32 bits.
static constexpr int64_t kUnlimited = int64_t(1) << 30;

/// Creates a constant of a float type, or a vector of it.
static Value createFloat(OpBuilder &b, Location loc, Type type, double value) {
  TypedAttr attribute = b.getFloatAttr(getElementTypeOrSelf(type), value);
  if (auto shaped = dyn_cast<ShapedType>(type))
    attribute = DenseElementsAttr::get(shaped, attribute);
  return arith::ConstantOp::create(b, loc, attribute);
}

Value diff::createFactor(OpBuilder &b, Location loc, Type type, double value) {
  using Limits = std::numeric_limits<float>;
  if (getElementTypeOrSelf(type).isF32())
    value =
        std::copysign(std::clamp<double>(std::abs(value), Limits::denorm_min(),
                                         Limits::max()),
                      value);
  return createFloat(b, loc, type, value);
}

/// A larger softcap has no effect in f32, and its product with log2(e), or the
/// quotient of the scale and it, may exceed the range of f32.
static constexpr double kUnlimitedSoftcap = 1.0e20;

/// Extends an element to the compute type.
static Value extend(OpBuilder &b, Location loc, Value element, Type type) {
  if (element.getType() == type)
    return element;
  return arith::ExtFOp::create(b, loc, type, element);
}

static Value truncate(OpBuilder &b, Location loc, Value value, Type type) {
  if (value.getType() == type)
    return value;
  return arith::TruncFOp::create(b, loc, type, value);
}

SmallVector<KeyPart> diff::getKeyParts(AttentionOpInterface op, bool together) {
  int64_t maps = op.getNumMaps(), keyMaps = op.getNumKeyMaps();
  if (keyMaps == 1 || keyMaps == maps)
    return {{0, maps, std::nullopt, std::nullopt}};
  // The first maps share a key head; each of the others has its own.
  int64_t shared = maps - keyMaps + 1;
  if (together && keyMaps == 2)
    return {{0, maps, std::nullopt, shared}};
  SmallVector<KeyPart> parts = {{0, shared, 0, std::nullopt}};
  for (int64_t keyMap = 1; keyMap < keyMaps; ++keyMap)
    parts.push_back({shared + keyMap - 1, 1, keyMap, std::nullopt});
  return parts;
}

int64_t diff::getFewestTokens(AttentionOpInterface op) {
  return op.getNumKeyMaps() > 1 ? 4 : 2;
}

TileRows diff::getTileRows(AttentionOpInterface op, int64_t heads,
                           int64_t queries) {
  constexpr int64_t kRows = 16;
  int64_t maps = op.getNumMaps(), signals = op.getNumSignals();
  if (signals == 1)
    return {maps, heads, /*areSplit=*/maps > 1 && heads > 1};
  if (heads > 1 || queries >= kRows)
    return {maps, heads};
  if (op.getNumKeyMaps() > 1) {
    if (signals * queries % kRows != 0 || queries < getFewestTokens(op))
      return {maps, heads};
    return {/*maps=*/2, /*heads=*/signals, /*areSplit=*/true};
  }
  if (!op.getOperandDims(kQueryOperand).contains('q'))
    return {maps, heads};
  int64_t padded = llvm::alignTo(maps, kRows / std::gcd(queries, kRows));
  return {padded, heads};
}

void diff::declareAttentionLoops(NamedGenericBuilder &named, OpBuilder &b,
                                 AttentionOpInterface op, const KeyPart &part,
                                 bool dropUnits) {
  auto declare = [&](char dim, OpFoldResult size) {
    if (dropUnits)
      named.declareOrDrop(dim, size);
    else
      named.declare(dim, size);
  };
  int64_t maps = op.getNumMaps(), keyMaps = op.getNumKeyMaps();
  declare('b', getMixedSize(b, op, 'b'));
  declare('g', b.getIndexAttr(op.getNumValueHeads()));
  if (part.keyMap) {
    declare('r', b.getIndexAttr(op.getGroupSize()));
    named.declare('a', b.getIndexAttr(part.numMaps));
    named.declare('x', b.getIndexAttr(maps));
  } else if (part.mapsPerKey) {
    declare('r', b.getIndexAttr(op.getGroupSize()));
    named.declare('a', b.getIndexAttr(maps));
    named.declareQuotient('k', b.getIndexAttr(keyMaps), 'a', *part.mapsPerKey);
  } else {
    // Maps that are a dimension of their own cannot be merged with the heads of
    // a group.
    bool isSplit = op.findDim('a').has_value();
    int64_t apart = isSplit ? maps : keyMaps;
    declare('r', b.getIndexAttr(op.getGroupSize() * maps / apart));
    declare('a', b.getIndexAttr(apart));
  }
  // Key heads are those of `a`, or one.
  named.drop('c');
  if (op.getOperandDims(kValueOperand).contains('e'))
    for (char dim : StringRef("ew"))
      named.declare(dim, getMixedSize(b, op, dim));
  for (char dim : StringRef("nmdv"))
    named.declare(dim, getMixedSize(b, op, dim));
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

namespace {
/// The keys that a query sees: lower <= j - i <= upper and j < length. A bound
/// that hides no key is null.
struct VisibleBand {
  Value lower, upper, length;

  VisibleBand(OpBuilder &b, Location loc, AttentionOpInterface op,
              OpFoldResult queries, OpFoldResult keys) {
    if (MaskAttr mask = op.getMaskAttr()) {
      OpFoldResult diagonal = op.getDiagonal();
      if (!op.getDiagonal()) {
        AffineExpr m = b.getAffineSymbolExpr(0), n = b.getAffineSymbolExpr(1);
        diagonal = affine::makeComposedFoldedAffineApply(b, loc, m - n,
                                                         {keys, queries});
      }
      if (mask.getLeft() >= 0)
        lower = shift(b, loc, diagonal, -std::min(mask.getLeft(), kUnlimited));
      if (mask.getRight() >= 0)
        upper = shift(b, loc, diagonal, std::min(mask.getRight(), kUnlimited));
    }
    if (Value keyLength = op.getKeyLengthOrNull())
      length = shift(b, loc, keyLength, 0);
  }

  bool hidesNothing() const { return !lower && !upper && !length; }

  /// Returns whether the query at row `i` sees the key at `j` (both index). The
  /// first and the last visible key depend on the row only, so that each score
  /// takes one comparison for each bound.
  Value isVisible(OpBuilder &b, Location loc, Value i, Value j) const {
    j = arith::IndexCastOp::create(b, loc, b.getI32Type(), j);
    if (lower || upper)
      i = arith::IndexCastOp::create(b, loc, b.getI32Type(), i);
    Value last = length;
    if (length)
      last = arith::SubIOp::create(
          b, loc, length,
          arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(1)));
    if (upper) {
      Value end = arith::AddIOp::create(b, loc, i, upper);
      last = last ? arith::MinSIOp::create(b, loc, last, end).getResult() : end;
    }
    Value visible;
    if (last)
      visible =
          arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle, j, last);
    if (lower) {
      Value first = arith::AddIOp::create(b, loc, i, lower);
      Value begun =
          arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, j, first);
      visible = visible
                    ? arith::AndIOp::create(b, loc, visible, begun).getResult()
                    : begun;
    }
    return visible;
  }

private:
  /// Returns position + offset as an i32, clamped to prevent overflow.
  static Value shift(OpBuilder &b, Location loc, OpFoldResult position,
                     int64_t offset) {
    Value value = getValueOrCreateConstantIndexOp(b, loc, position);
    if (offset != 0)
      value = arith::AddIOp::create(
          b, loc, value, arith::ConstantIndexOp::create(b, loc, offset));
    Value most = arith::ConstantIndexOp::create(b, loc, kUnlimited);
    Value least = arith::ConstantIndexOp::create(b, loc, -kUnlimited);
    value = arith::MinSIOp::create(b, loc, value, most);
    value = arith::MaxSIOp::create(b, loc, value, least);
    return arith::IndexCastOp::create(b, loc, b.getI32Type(), value);
  }
};
} // namespace

Value diff::capScore(OpBuilder &b, Location loc, Value score,
                     AttentionOpInterface op) {
  if (!isCapped(op))
    return score;
  double cap = op.getSoftcapAttr().getValueAsDouble();
  Value inner = arith::MulFOp::create(
      b, loc, score,
      createFactor(b, loc, score.getType(), op.getEffectiveScale() / cap));
  return math::TanhOp::create(b, loc, inner);
}

/// One step of a contraction in the compute type.
static Value multiplyAdd(OpBuilder &b, Location loc, ValueRange elements) {
  Type compute = elements[2].getType();
  Value product =
      arith::MulFOp::create(b, loc, extend(b, loc, elements[0], compute),
                            extend(b, loc, elements[1], compute));
  return arith::AddFOp::create(b, loc, elements[2], product);
}

/// The deviation of the scores of random normals below which weights are split.
static constexpr double kSmallDeviation = 0.8;

bool diff::splitsWeights(AttentionOpInterface op) {
  if (op.getNumMaps() == 1)
    return false;
  double deviation =
      op.getEffectiveScale() * std::sqrt(double(op.getDimSize('d')));
  if (isCapped(op))
    deviation = std::min(deviation, op.getSoftcapAttr().getValueAsDouble());
  return deviation < kSmallDeviation;
}

bool diff::isCapped(AttentionOpInterface op) {
  FloatAttr softcap = op.getSoftcapAttr();
  return softcap && !(op.getComputeType().isF32() &&
                      softcap.getValueAsDouble() > kUnlimitedSoftcap);
}

double diff::getScoreFactor(AttentionOpInterface op, ExpBase base) {
  double factor = base == ExpBase::Two ? llvm::numbers::log2e : 1.0;
  return factor * (isCapped(op) ? op.getSoftcapAttr().getValueAsDouble()
                                : op.getEffectiveScale());
}

/// Scaled maxima up to this are less than 4 off.
static constexpr double kExactMax = 0x1p27;

bool diff::hasCoarseRows(AttentionOpInterface op) {
  // Scores under a softcap are within [-1, 1].
  return !isCapped(op) || getScoreFactor(op, ExpBase::Two) > kExactMax;
}

double diff::getCoarseFactor(double factor) {
  return std::exp2(std::ceil(std::log2(factor)));
}

static Value isBeyond(OpBuilder &b, Location loc, Value value, double limit) {
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT,
                               math::AbsFOp::create(b, loc, value),
                               createFactor(b, loc, value.getType(), limit));
}

Value diff::buildScaledMax(OpBuilder &b, Location loc, Value score,
                           AttentionOpInterface op) {
  Type type = score.getType();
  double exact = getScoreFactor(op, ExpBase::Two);
  Value factor = createFactor(b, loc, type, exact);
  if (hasCoarseRows(op))
    factor = arith::SelectOp::create(
        b, loc, isBeyond(b, loc, score, kExactMax / exact),
        createFactor(b, loc, type, getCoarseFactor(exact)), factor);
  return arith::MulFOp::create(b, loc, score, factor);
}

Value diff::selectByMax(OpBuilder &b, Location loc, Value max, double coarse,
                        double fine) {
  return arith::SelectOp::create(b, loc, isBeyond(b, loc, max, kExactMax),
                                 createFactor(b, loc, max.getType(), coarse),
                                 createFactor(b, loc, max.getType(), fine));
}

NamedValue diff::buildScores(NamedGenericBuilder &named, OpBuilder &b,
                             AttentionOpInterface op, StringRef rows,
                             const NamedValue &query, const NamedValue &key) {
  Location loc = op.getLoc();
  FloatType compute = op.getComputeType();
  std::string loops = (rows + "m").str();
  NamedValue products =
      named.generic(loops + "d", "d", {query, key},
                    named.fill(loops, compute, 0.0), multiplyAdd);
  VisibleBand band(b, loc, op, named.getSize('n'), named.getSize('m'));
  if (!isCapped(op) && band.hidesNothing())
    return products;
  Value hidden = createFloat(b, loc, compute, -INFINITY);
  return named.generic(
      loops, "", {}, products, [&](OpBuilder &b, Location l, ValueRange s) {
        Value score = capScore(b, l, s[0], op);
        if (band.hidesNothing())
          return score;
        Value visible = band.isVisible(b, l, named.index(b, l, loops, 'n'),
                                       named.index(b, l, loops, 'm'));
        return arith::SelectOp::create(b, l, visible, score, hidden)
            .getResult();
      });
}

NamedValue diff::scaleScores(NamedGenericBuilder &named, OpBuilder &b,
                             AttentionOpInterface op, const NamedValue &scores,
                             ExpBase base) {
  FloatType compute = op.getComputeType();
  Value factor =
      createFactor(b, op.getLoc(), compute, getScoreFactor(op, base));
  return named.generic(scores.dims, "", {}, scores,
                       [&](OpBuilder &b, Location l, ValueRange s) -> Value {
                         return arith::MulFOp::create(b, l, s[0], factor);
                       });
}

NamedValue diff::accumulateValues(NamedGenericBuilder &named,
                                  const NamedValue &scores,
                                  const NamedValue &value,
                                  const NamedValue &destination) {
  return named.generic(scores.dims + "v", "m", {scores, value}, destination,
                       multiplyAdd);
}

NamedValue diff::accumulateRowMax(NamedGenericBuilder &named,
                                  const NamedValue &scores,
                                  const NamedValue &destination) {
  return named.generic(scores.dims, "m", {scores}, destination,
                       [](OpBuilder &b, Location l, ValueRange s) -> Value {
                         // Propagates NaN, which then reaches its row.
                         return arith::MaximumFOp::create(b, l, s[0], s[1]);
                       });
}

NamedValue diff::accumulateRowSum(NamedGenericBuilder &named,
                                  const NamedValue &scores,
                                  const NamedValue &destination) {
  return named.generic(scores.dims, "m", {scores}, destination,
                       [](OpBuilder &b, Location l, ValueRange s) -> Value {
                         return arith::AddFOp::create(b, l, s[0], s[1]);
                       });
}

NamedValue diff::buildSafeMax(NamedGenericBuilder &named,
                              const NamedValue &rowMax) {
  Type type = getElementTypeOrSelf(rowMax.value.getType());
  return named.generic(
      rowMax.dims, "", {rowMax}, named.empty(rowMax.dims, type),
      [&](OpBuilder &b, Location l, ValueRange s) -> Value {
        Value infinity = createFloat(b, l, type, -INFINITY);
        Value zero = createFloat(b, l, type, 0.0);
        Value seesNothing = arith::CmpFOp::create(
            b, l, arith::CmpFPredicate::OEQ, s[0], infinity);
        return arith::SelectOp::create(b, l, seesNothing, zero, s[0]);
      });
}

Value diff::buildExp(OpBuilder &b, Location loc, Value value, Value offset,
                     ExpBase base) {
  Value difference = arith::SubFOp::create(b, loc, value, offset);
  if (base == ExpBase::Two)
    return math::Exp2Op::create(b, loc, difference);
  return math::ExpOp::create(b, loc, difference);
}

//===----------------------------------------------------------------------===//
// Epilogue
//===----------------------------------------------------------------------===//

namespace {
/// Builds the epilogue over the loops b, p (head group), s (signal head of the
/// group), n, v.
class EpilogueBuilder {
public:
  EpilogueBuilder(OpBuilder &b, AttentionCombineOpInterface op, ExpBase base,
                  bool areRowsSplit)
      : builder(b), combine(op), attention(cast<AttentionOpInterface>(*op)),
        loc(op.getLoc()), named(b, loc), base(base),
        compute(attention.getComputeType()), maps(attention.getNumMaps()),
        signals(attention.getNumSignals()), areRowsSplit(areRowsSplit),
        outputGroups(getGroups(
            attention.getOperandDims(cast<DestinationStyleOpInterface>(*op)
                                         .getDpsInitOperand(0)
                                         ->getOperandNumber()))) {
    auto sizeOf = [&](char dim) {
      return tensor::getMixedSize(
          b, loc, op.getOutput(),
          llvm::find_if(outputGroups, [&](StringRef group) {
            return group.contains(dim);
          }) - outputGroups.begin());
    };
    OpFoldResult queries = sizeOf('n');
    // With a single query, rank-reduced strided views of a buffer are
    // ambiguous, so keep all dimensions of size 1.
    bool dropUnits = !isConstantIntValue(queries, 1);
    auto declare = [&](char dim, OpFoldResult size) {
      if (dropUnits)
        named.declareOrDrop(dim, size);
      else
        named.declare(dim, size);
    };
    declare('b', sizeOf('b'));
    declare('p', b.getIndexAttr(attention.getDimSize('h') / signals));
    named.declareOrDrop('s', b.getIndexAttr(signals));
    named.declareOrDrop('a', b.getIndexAttr(maps));
    named.drop('c');
    if (Value lse = op.getLse())
      declare('r', tensor::getMixedSize(b, loc, lse, 1));
    named.declare('n', queries);
    named.declare('v', sizeOf('v'));
  }

  /// Computes 1 / sum, or 1 for a row that sees no key, whose accumulator is 0.
  NamedValue invertSum(const NamedValue &sum, StringRef loops) {
    return named.generic(loops, "", {sum}, named.empty(loops, compute),
                         [&](OpBuilder &b, Location l, ValueRange s) -> Value {
                           Value one = createFloat(b, l, compute, 1.0);
                           Value divisor = arith::SelectOp::create(
                               b, l, isZero(b, l, s[0]), one, s[0]);
                           return arith::DivFOp::create(b, l, one, divisor);
                         });
  }

  /// Computes x = combineMaps(acc_a * inverse_a, ...) into `destination`.
  NamedValue combineMaps(Value acc, Value sum, const NamedValue &destination,
                         bool isGated) {
    SmallVector<NamedValue> inputs = {getSignals(acc, "nv")};
    if (maps > 1)
      inputs.push_back(getNoise(acc, "nv"));
    unsigned numMaps = inputs.size();
    inputs.push_back(invertSum(getSignals(sum, "n"), "bpsn"));
    if (maps > 1)
      inputs.push_back(invertSum(getNoise(sum, "n"), "bpn"));
    for (unsigned operand : combine.getCombineOperands())
      inputs.push_back(
          named.view(combine->getOperand(operand),
                     getGroups(attention.getOperandDims(operand))));
    unsigned numInputs = inputs.size();
    if (isGated)
      addGate(inputs, sum);
    Type element = getElementTypeOrSelf(destination.value.getType());
    return named.generic(
        "bpsnv", "", inputs, destination,
        [&](OpBuilder &b, Location l, ValueRange s) {
          SmallVector<Value> outputs, operands;
          for (unsigned map = 0; map < numMaps; ++map)
            outputs.push_back(
                arith::MulFOp::create(b, l, s[map], s[numMaps + map]));
          for (Value operand : s.slice(2 * numMaps, numInputs - 2 * numMaps))
            operands.push_back(extend(b, l, operand, compute));
          Value combined = combine.combineMaps(b, l, outputs, operands);
          if (isGated)
            combined = applyGate(b, l, combined, s.drop_front(numInputs));
          return truncate(b, l, combined, element);
        });
  }

  /// Returns the power of two that scales values before they are squared:
  /// without it, squares overflow f32 from 2^64 on. epsilon times its square is
  /// at least 2^-125, so that squares which underflow change the mean by less
  /// than 2^-24 of epsilon.
  double getSquareScale(double epsilon) const {
    if (!compute.isF32())
      return 1.0;
    return std::min(1.0, std::exp2(std::ceil((-125 - std::log2(epsilon)) / 2)));
  }

  /// Computes scale * x / sqrt(mean(x^2) + epsilon) * weight from the sum of
  /// the squares of k x, where k is `getSquareScale`.
  NamedValue normalizeRows(const RowNorm &norm, const NamedValue &x, Value sum,
                           const NamedValue &destination) {
    double epsilon = norm.epsilon;
    if (compute.isF32())
      epsilon = std::max<double>(epsilon, std::numeric_limits<float>::min());
    double k = getSquareScale(epsilon);
    NamedValue squares = named.generic(
        "bpsnv", "v", {x}, named.fill("bpsn", compute, 0.0),
        [&](OpBuilder &b, Location l, ValueRange s) -> Value {
          Value scaled = s[0];
          if (k != 1.0)
            scaled = arith::MulFOp::create(b, l, scaled,
                                           createFloat(b, l, compute, k));
          Value square = arith::MulFOp::create(b, l, scaled, scaled);
          return arith::AddFOp::create(b, l, s[1], square);
        });
    double width = attention.getDimSize('v');
    NamedValue factor = named.generic(
        "bpsn", "", {squares}, named.empty("bpsn", compute),
        [&](OpBuilder &b, Location l, ValueRange s) -> Value {
          Value shifted = arith::AddFOp::create(
              b, l, s[0], createFloat(b, l, compute, width * epsilon * k * k));
          Value root = math::SqrtOp::create(b, l, shifted);
          return arith::DivFOp::create(
              b, l,
              createFloat(b, l, compute, norm.scale * std::sqrt(width) * k),
              root);
        });
    SmallVector<NamedValue> inputs = {
        x, factor,
        named.view(combine->getOperand(norm.weightOperand),
                   attention.getOperandDims(norm.weightOperand))};
    bool isGated = combine.getGate() != nullptr;
    if (isGated)
      addGate(inputs, sum);
    Type element = getElementTypeOrSelf(destination.value.getType());
    return named.generic(
        "bpsnv", "", inputs, destination,
        [&](OpBuilder &b, Location l, ValueRange s) {
          Value scaled = arith::MulFOp::create(b, l, s[0], s[1]);
          Value weighted =
              arith::MulFOp::create(b, l, scaled, extend(b, l, s[2], compute));
          if (isGated)
            weighted = applyGate(b, l, weighted, s.drop_front(3));
          return truncate(b, l, weighted, element);
        });
  }

  Value buildOutput(Value acc, Value sum) {
    Value output = combine.getOutput();
    NamedValue destination = named.view(output, outputGroups);
    NamedValue result;
    if (std::optional<RowNorm> norm = combine.getRowNorm()) {
      // The combined rows replace the accumulators of the signal maps, unless
      // these are part of a buffer that is still read.
      NamedValue place =
          signals == 1 ? getSignals(acc, "nv") : named.empty("bpsnv", compute);
      NamedValue combined = combineMaps(acc, sum, place, /*isGated=*/false);
      result = normalizeRows(*norm, combined, sum, destination);
    } else {
      result = combineMaps(acc, sum, destination, combine.getGate() != nullptr);
    }
    return named.unview(result, output, outputGroups);
  }

  /// The log-sum-exps of the rows of all maps and heads. Those of split rows
  /// are written one map after the other.
  Value buildLse(Value max, Value sum) {
    Value lse = combine.getLse();
    if (!areRowsSplit)
      return named.unview(buildLse(named.view(max, "brn"),
                                   named.view(sum, "brn"),
                                   named.view(lse, "brn")),
                          lse, "brn");
    // The query heads of a map: every other one, or the signals of a group.
    int64_t heads = attention.getNumHeadGroups(), stride = maps;
    if (signals > 1)
      std::tie(heads, stride) = std::pair(signals, int64_t(1));
    Value whole = insertLse(getSignals(max, "n"), getSignals(sum, "n"), lse,
                            /*offset=*/0, heads, stride);
    return insertLse(getNoise(max, "n"), getNoise(sum, "n"), whole, signals,
                     attention.getNumHeadGroups(), stride);
  }

private:
  /// Computes ln(sum of exponentials) into `destination`. Both terms are -inf
  /// for a row that sees no key.
  NamedValue buildLse(const NamedValue &max, const NamedValue &sum,
                      const NamedValue &destination) {
    double factor = getScoreFactor(attention, base);
    return named.generic(
        destination.dims, "", {max, sum}, destination,
        [&](OpBuilder &b, Location l, ValueRange s) -> Value {
          // The largest score from the scaled one.
          Value offset = s[0];
          if (base == ExpBase::Two) {
            double unit = llvm::numbers::ln2;
            Value unscale =
                hasCoarseRows(attention)
                    ? selectByMax(b, l, s[0],
                                  unit * factor / getCoarseFactor(factor), unit)
                    : createFloat(b, l, compute, unit);
            offset = arith::MulFOp::create(b, l, s[0], unscale);
          }
          return arith::AddFOp::create(b, l, offset,
                                       math::LogOp::create(b, l, s[1]));
        });
  }

  /// Inserts the log-sum-exps of every `stride`-th query head into `whole`. Its
  /// old values are not read, so that the slice of the op's destination will
  /// do.
  Value insertLse(const NamedValue &max, const NamedValue &sum, Value whole,
                  int64_t offset, int64_t heads, int64_t stride) {
    Value lse = combine.getLse();
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, lse);
    SmallVector<OpFoldResult> offsets(sizes.size(), builder.getIndexAttr(0)),
        strides(sizes.size(), builder.getIndexAttr(1));
    offsets[1] = builder.getIndexAttr(offset);
    sizes[1] = builder.getIndexAttr(heads);
    if (heads > 1)
      strides[1] = builder.getIndexAttr(stride);
    Value slice = tensor::ExtractSliceOp::create(builder, loc, lse, offsets,
                                                 sizes, strides);
    StringRef dims = heads == signals && signals > 1 ? "bsn" : "bpn";
    Value part =
        named.unview(buildLse(max, sum, named.view(slice, dims)), slice, dims);
    return tensor::InsertSliceOp::create(builder, loc, part, whole, offsets,
                                         sizes, strides);
  }

  /// The loops of each dimension: output heads are split.
  static SmallVector<StringRef> getGroups(StringRef dims) {
    SmallVector<StringRef> groups;
    for (size_t i = 0; i < dims.size(); ++i)
      groups.push_back(dims[i] == 'h' ? StringRef("ps") : dims.substr(i, 1));
    return groups;
  }

  /// The rows of the signal maps of values of all maps, over b, p, s and
  /// `tail`.
  NamedValue getSignals(Value rows, StringRef tail) {
    if (areRowsSplit)
      return getMap(rows, 0, tail);
    if (signals == 1)
      return named.everyNth(rows, ("bp" + tail).str(), 'p', 0, maps);
    SmallVector<StringRef> groups = {"b", "pa"};
    for (size_t i = 0; i < tail.size(); ++i)
      groups.push_back(tail.substr(i, 1));
    return named.slice(named.view(rows, groups), 'a', 's', 0);
  }

  /// The rows of the noise map, over b, p and `tail`.
  NamedValue getNoise(Value rows, StringRef tail) {
    if (areRowsSplit) {
      NamedValue noise = getMap(rows, 1, tail);
      if (signals == 1)
        return noise;
      std::string dims = noise.dims;
      llvm::replace(dims, 's', 'p');
      return named.everyNth(noise.value, dims, 'p', 0, /*stride=*/1);
    }
    return named.everyNth(rows, ("bp" + tail).str(), 'p', signals, maps);
  }

  /// One map of split rows, over b, the loop of the heads and `tail`.
  NamedValue getMap(Value rows, int64_t map, StringRef tail) {
    std::string dims = ((signals == 1 ? "bcp" : "bcs") + tail).str();
    return named.everyNth(rows, dims, 'c', map, /*stride=*/1);
  }

  Value isZero(OpBuilder &b, Location l, Value value) {
    return arith::CmpFOp::create(b, l, arith::CmpFPredicate::OEQ, value,
                                 createFloat(b, l, compute, 0.0));
  }

  /// Adds the inputs of `applyGate`.
  void addGate(SmallVectorImpl<NamedValue> &inputs, Value sum) {
    inputs.push_back(named.view(combine.getGate(), outputGroups));
    inputs.push_back(getSignals(sum, "n"));
  }

  /// Computes sigmoid(gate) * value, or 0 for a row that sees no key, whatever
  /// its gate is. `inputs` are those of `addGate`.
  Value applyGate(OpBuilder &b, Location l, Value value, ValueRange inputs) {
    Value factor = buildSigmoid(b, l, extend(b, l, inputs[0], compute));
    Value gated = arith::MulFOp::create(b, l, factor, value);
    return arith::SelectOp::create(b, l, isZero(b, l, inputs[1]),
                                   createFloat(b, l, compute, 0.0), gated);
  }

  OpBuilder &builder;
  AttentionCombineOpInterface combine;
  AttentionOpInterface attention;
  Location loc;
  NamedGenericBuilder named;
  ExpBase base;
  FloatType compute;
  int64_t maps, signals;
  /// The maps are a dimension of the running values, outside of the heads.
  bool areRowsSplit;
  /// The loops of the dimensions of the output, in the layout of the op.
  SmallVector<StringRef> outputGroups;
};
} // namespace

SmallVector<Value> diff::buildEpilogue(OpBuilder &b,
                                       AttentionCombineOpInterface op,
                                       Value acc, Value max, Value sum,
                                       ExpBase base) {
  constexpr int64_t kSplitRank = 4;
  bool areRowsSplit =
      cast<RankedTensorType>(max.getType()).getRank() == kSplitRank;
  EpilogueBuilder epilogue(b, op, base, areRowsSplit);
  SmallVector<Value> results;
  // Compute it before the output, which may replace an accumulator.
  Value lse = op.getLse() ? epilogue.buildLse(max, sum) : Value();
  results.push_back(epilogue.buildOutput(acc, sum));
  if (lse)
    results.push_back(lse);
  return results;
}
