//===- DiffOps.cpp - Operations of the diff dialect -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include <cmath>

using namespace mlir;
using namespace mlir::diff;

//===----------------------------------------------------------------------===//
// Clauses
//===----------------------------------------------------------------------===//

/// Prints and parses an attribute without its name, such as `<causal>`.
template <typename AttrTy>
static ParseResult parseStripped(OpAsmParser &parser, AttrTy &attribute) {
  return parser.parseCustomAttributeWithFallback(attribute, Type());
}

template <typename AttrTy>
static void printStripped(OpAsmPrinter &printer, Operation *,
                          AttrTy attribute) {
  printer.printStrippedAttrOrType(attribute);
}

/// Parses `-> types`. An op on tensors has results, so that what comes in place
/// of them is a clause that does not exist.
static ParseResult parseResults(OpAsmParser &parser,
                                SmallVectorImpl<Type> &results, Type output) {
  if (succeeded(parser.parseOptionalArrow()))
    return parser.parseTypeList(results);
  if (!isa<TensorType>(output))
    return success();
  return parser.emitError(parser.getCurrentLocation(),
                          "expected a clause or '->' and the result types");
}

static void printResults(OpAsmPrinter &printer, Operation *op,
                         TypeRange results, Type output) {
  if (!results.empty())
    printer << " -> " << results;
}

/// Prints and parses a 64-bit number without its type.
static ParseResult parseNumber(OpAsmParser &parser, FloatAttr &attribute) {
  return parser.parseAttribute(attribute, parser.getBuilder().getF64Type());
}

static ParseResult parseNumber(OpAsmParser &parser, IntegerAttr &attribute) {
  return parser.parseAttribute(attribute,
                               parser.getBuilder().getIntegerType(64));
}

static void printNumber(OpAsmPrinter &printer, Operation *,
                        Attribute attribute) {
  printer.printAttributeWithoutType(attribute);
}

#define GET_OP_CLASSES
#include "diff/Dialect/Diff/IR/DiffOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Dimensions and names of operands
//===----------------------------------------------------------------------===//

namespace {
/// The name and dimensions of an ODS operand, in ODS order, and its dimensions
/// with the pair as a dimension of its own, if it may have them.
struct OperandInfo {
  StringRef name;
  StringRef dims;
  StringRef pairDims = {};
};

/// Returns the entry of an operand, given the number of operands of each ODS
/// operand.
template <typename OpTy>
OperandInfo lookUp(OpTy op, ArrayRef<OperandInfo> table, unsigned operand) {
  unsigned end = 0;
  for (auto [info, size] :
       llvm::zip_equal(table, op.getProperties().operandSegmentSizes)) {
    end += size;
    if (operand < end)
      return info;
  }
  llvm_unreachable("operand number out of range");
}

/// Returns the dimensions of an operand with the pair as a dimension of its
/// own, or an empty string. Sequences of variable length have no batch.
template <typename OpTy>
StringRef getPairDims(OpTy op, ArrayRef<OperandInfo> table, unsigned operand) {
  StringRef dims = lookUp(op, table, operand).pairDims;
  if (cast<AttentionOpInterface>(op.getOperation()).hasSequences())
    dims.consume_front("b");
  return dims;
}

/// Returns the value whose rank is that of the operand: for a destination its
/// result, because tiling into partial results gives the op a destination of
/// another rank.
static Value getRanked(DestinationStyleOpInterface op, unsigned operand) {
  unsigned first = op->getNumOperands() - op.getNumDpsInits();
  return operand >= first && op->getNumResults() == op.getNumDpsInits()
             ? Value(op->getResult(operand - first))
             : op->getOperand(operand);
}

/// Returns the dimensions of an operand in the layout of the op. The rank tells
/// whether the pair is a dimension of its own.
template <typename OpTy>
StringRef getDims(OpTy op, ArrayRef<OperandInfo> table, unsigned operand) {
  OperandInfo info = lookUp(op, table, operand);
  StringRef dims = info.dims;
  if (cast<AttentionOpInterface>(op.getOperation()).hasSequences())
    dims.consume_front("b");
  StringRef pairDims = getPairDims(op, table, operand);
  auto type = dyn_cast<ShapedType>(
      getRanked(cast<DestinationStyleOpInterface>(op.getOperation()), operand)
          .getType());
  if (!pairDims.empty() && type && type.hasRank() &&
      type.getRank() == static_cast<int64_t>(pairDims.size()))
    dims = pairDims;
  LayoutAttr layout = op.getLayoutAttr();
  // The gate has the layout of the output.
  StringRef laidOutAs = info.name == "gate" ? StringRef("output") : info.name;
  ArrayRef<int64_t> permutation =
      layout ? layout.getPermutation(laidOutAs) : ArrayRef<int64_t>();
  if (permutation.size() != dims.size())
    return dims;
  std::string permuted;
  for (int64_t position : permutation)
    permuted += dims[position];
  // The context owns the letters.
  return StringAttr::get(op.getContext(), permuted).getValue();
}

constexpr OperandInfo kAttention[] = {
    {"query", "bnqd", "bnpad"}, {"key", "bmkd"},
    {"value", "bmgv"},          {"cu_seqlens_q", "s"},
    {"cu_seqlens_k", "s"},      {"lambda", "bnh"},
    {"gate", "bnhv"},           {"diagonal", ""},
    {"output", "bnhv"},         {"lse", "bqn"}};
constexpr OperandInfo kAttentionV1[] = {{"query", "bnqd", "bnpad"},
                                        {"key", "bmkd", "bmgcd"},
                                        {"value", "bmgv", "bmgew"},
                                        {"cu_seqlens_q", "s"},
                                        {"cu_seqlens_k", "s"},
                                        {"lambda", "h"},
                                        {"weight", "v"},
                                        {"gate", "bnhv"},
                                        {"diagonal", ""},
                                        {"output", "bnhv"},
                                        {"lse", "bqn"}};
constexpr OperandInfo kSoftmaxAttention[] = {
    {"query", "bnqd"},     {"key", "bmkd"},       {"value", "bmgv"},
    {"cu_seqlens_q", "s"}, {"cu_seqlens_k", "s"}, {"gate", "bnhv"},
    {"diagonal", ""},      {"output", "bnhv"},    {"lse", "bqn"}};
constexpr OperandInfo kOnlineAttention[] = {
    {"query", "bnqd", "bnpad"}, {"key", "bmkd", "bmgcd"},
    {"value", "bmgv", "bmgew"}, {"diagonal", ""},
    {"key_length", ""},         {"acc", "bqnv", "bapnv"},
    {"max", "bqn", "bapn"},     {"sum", "bqn", "bapn"}};
} // namespace

#define DIFF_OPERAND_TABLE(OpTy, table, numDestinations)                       \
  StringRef OpTy::getOperandDims(unsigned operandNumber) {                     \
    return getDims(*this, table, operandNumber);                               \
  }                                                                            \
  StringRef OpTy::getOperandPairDims(unsigned operandNumber) {                 \
    return getPairDims(*this, table, operandNumber);                           \
  }                                                                            \
  StringRef OpTy::getOperandName(unsigned operandNumber) {                     \
    return lookUp(*this, table, operandNumber).name;                           \
  }                                                                            \
  MutableOperandRange OpTy::getDpsInitsMutable() {                             \
    unsigned size = numDestinations;                                           \
    return MutableOperandRange(getOperation(), getNumOperands() - size, size); \
  }                                                                            \
  LogicalResult OpTy::reifyResultShapes(OpBuilder &builder,                    \
                                        ReifiedRankedShapedTypeDims &shapes) { \
    return reifyDestinationShapes(*this, builder, shapes);                     \
  }                                                                            \
  void OpTy::getEffects(                                                       \
      SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {               \
    getDestinationStyleEffects(*this, effects);                                \
  }                                                                            \
  Speculation::Speculatability OpTy::getSpeculatability() {                    \
    return hasPureTensorSemantics() ? Speculation::Speculatable                \
                                    : Speculation::NotSpeculatable;            \
  }

/// Each result has the shape of its destination.
static LogicalResult
reifyDestinationShapes(DestinationStyleOpInterface op, OpBuilder &builder,
                       ReifiedRankedShapedTypeDims &shapes) {
  if (!op.hasPureTensorSemantics())
    return failure();
  for (Value init : op.getDpsInits())
    shapes.push_back(tensor::getMixedSizes(builder, op.getLoc(), init));
  return success();
}

/// On memrefs, an op reads its operands, and reads and writes its destinations.
/// On tensors it has no effects.
static void getDestinationStyleEffects(
    DestinationStyleOpInterface op,
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    effects.emplace_back(MemoryEffects::Read::get(), &operand, /*stage=*/0,
                         /*effectOnFullRegion=*/true,
                         SideEffects::DefaultResource::get());
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand, /*stage=*/0,
                           /*effectOnFullRegion=*/true,
                           SideEffects::DefaultResource::get());
  }
}

DIFF_OPERAND_TABLE(AttentionOp, kAttention, getLse() ? 2 : 1)
DIFF_OPERAND_TABLE(AttentionV1Op, kAttentionV1, getLse() ? 2 : 1)
DIFF_OPERAND_TABLE(SoftmaxAttentionOp, kSoftmaxAttention, getLse() ? 2 : 1)
DIFF_OPERAND_TABLE(OnlineAttentionOp, kOnlineAttention, 3)

//===----------------------------------------------------------------------===//
// Head groups
//===----------------------------------------------------------------------===//

int64_t AttentionOp::getNumSignals() {
  return static_cast<int64_t>(getSignals());
}

int64_t AttentionOp::getNumMaps() { return getNumSignals() + 1; }

int64_t AttentionV1Op::getNumSignals() {
  return static_cast<int64_t>(getSignals());
}

int64_t AttentionV1Op::getNumMaps() { return getNumSignals() + 1; }

int64_t SoftmaxAttentionOp::getNumSignals() { return 1; }

int64_t SoftmaxAttentionOp::getNumMaps() { return 1; }

int64_t OnlineAttentionOp::getNumKeyMaps() {
  auto attention = cast<AttentionOpInterface>(getOperation());
  int64_t keyMaps = attention.getDimSize('k') / attention.getDimSize('g');
  // The verifier requires whole numbers of key heads.
  return std::max<int64_t>(1, std::min(keyMaps, getNumMaps()));
}

//===----------------------------------------------------------------------===//
// Epilogues
//===----------------------------------------------------------------------===//

Value diff::buildSigmoid(OpBuilder &builder, Location loc, Value logit) {
  Value one = arith::ConstantOp::create(
      builder, loc, builder.getFloatAttr(logit.getType(), 1.0));
  Value negated = arith::NegFOp::create(builder, loc, logit);
  Value exp = math::ExpOp::create(builder, loc, negated);
  Value denominator = arith::AddFOp::create(builder, loc, one, exp);
  return arith::DivFOp::create(builder, loc, one, denominator);
}

SmallVector<unsigned> AttentionOp::getCombineOperands() {
  return {getLambdaMutable().getOperandNumber()};
}

Value AttentionOp::combineMaps(OpBuilder &builder, Location loc,
                               ValueRange maps, ValueRange operands) {
  Value factor = buildSigmoid(builder, loc, operands.front());
  auto contract = arith::FastMathFlags::contract;
  Value weighted =
      arith::MulFOp::create(builder, loc, factor, maps[1], contract);
  return arith::SubFOp::create(builder, loc, maps[0], weighted, contract);
}

SmallVector<unsigned> AttentionV1Op::getCombineOperands() {
  return {getLambdaMutable().getOperandNumber()};
}

Value AttentionV1Op::combineMaps(OpBuilder &builder, Location loc,
                                 ValueRange maps, ValueRange operands) {
  auto contract = arith::FastMathFlags::contract;
  Value weighted =
      arith::MulFOp::create(builder, loc, operands.front(), maps[1], contract);
  return arith::SubFOp::create(builder, loc, maps[0], weighted, contract);
}

std::optional<RowNorm> AttentionV1Op::getRowNorm() {
  return RowNorm{getWeightMutable().getOperandNumber(),
                 getEpsilon().convertToDouble(),
                 1.0 - getLambdaInit().convertToDouble()};
}

SmallVector<unsigned> SoftmaxAttentionOp::getCombineOperands() { return {}; }

Value SoftmaxAttentionOp::combineMaps(OpBuilder &, Location, ValueRange maps,
                                      ValueRange) {
  return maps.front();
}

//===----------------------------------------------------------------------===//
// Verifiers of single ops
//===----------------------------------------------------------------------===//

LogicalResult AttentionV1Op::verify() {
  double lambdaInit = getLambdaInit().convertToDouble();
  if (!std::isfinite(lambdaInit) || lambdaInit >= 1.0)
    return emitOpError() << "'lambda_init' must be finite and below 1, found "
                         << getLambdaInitAttr();
  double epsilon = getEpsilon().convertToDouble();
  if (!std::isfinite(epsilon) || epsilon <= 0.0)
    return emitOpError() << "'epsilon' must be finite and positive, found "
                         << getEpsilonAttr();
  return success();
}
