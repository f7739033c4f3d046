//===- ShapeEvaluation.cpp - Sizes of tensors before execution ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Visits the ops of the function's entry block in order. Folds index arithmetic
// on known operands. The sizes of a tensor are those of its type, of its
// destination, or those that its op reifies.
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/ShapeEvaluation.h"
#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/SmallString.h"

using namespace mlir;
using namespace mlir::diff;

namespace {
using Shape = SmallVector<int64_t>;

/// A size, and the value that determined it.
struct SizeOf {
  int64_t size;
  std::string owner;
};

class ShapeEvaluator {
public:
  explicit ShapeEvaluator(func::FuncOp function) : function(function) {}

  FailureOr<SmallVector<Shape>> run(ArrayRef<ArgumentSizes> arguments) {
    Block &entry = function.getBody().front();
    for (auto [argument, known] :
         llvm::zip_equal(entry.getArguments(), arguments)) {
      if (isa<RankedTensorType>(argument.getType()))
        shapes[argument] = known.shape;
      if (known.integer && argument.getType().isIntOrIndex())
        integers[argument] =
            IntegerAttr::get(argument.getType(), *known.integer);
    }
    for (Operation &op : llvm::make_early_inc_range(entry.without_terminator()))
      if (failed(visit(&op)))
        return failure();
    if (failed(checkNamedSizes(entry)))
      return failure();
    return getResultShapes(entry.getTerminator());
  }

private:
  //===--------------------------------------------------------------------===//
  // Values
  //===--------------------------------------------------------------------===//

  std::optional<int64_t> getInteger(Value value) const {
    IntegerAttr attr = integers.lookup(value);
    return attr ? std::optional(attr.getValue().getSExtValue()) : std::nullopt;
  }

  std::optional<int64_t> getInteger(OpFoldResult value) const {
    if (auto attr = dyn_cast<Attribute>(value))
      return cast<IntegerAttr>(attr).getValue().getSExtValue();
    return getInteger(cast<Value>(value));
  }

  /// The sizes of a tensor, kDynamic if unknown.
  Shape getShape(Value value) const {
    auto found = shapes.find(value);
    if (found != shapes.end())
      return found->second;
    return Shape(cast<RankedTensorType>(value.getType()).getShape());
  }

  LogicalResult visit(Operation *op) {
    evaluateIntegers(op);
    for (OpResult result : op->getResults())
      if (isa<RankedTensorType>(result.getType()))
        shapes[result] = evaluateShape(op, result);
    if (failed(checkAttention(op)) || failed(checkLinalg(op)) ||
        failed(checkElementwise(op)) || failed(checkSlice(op)) ||
        failed(checkCast(op)))
      return failure();
    // Tiles inside of loops: their operands are slices of tensors.
    WalkResult walk = op->walk([&](AttentionOpInterface tile) {
      return WalkResult(tile == op ? success() : checkTile(tile));
    });
    return failure(walk.wasInterrupted());
  }

  void evaluateIntegers(Operation *op) {
    if (op->getNumRegions() || op->getNumResults() == 0 ||
        !llvm::all_of(op->getResultTypes(),
                      [](Type type) { return type.isIntOrIndex(); }))
      return;
    if (auto dim = dyn_cast<tensor::DimOp>(op)) {
      evaluateDim(dim);
      return;
    }
    SmallVector<Attribute> operands;
    for (Value operand : op->getOperands())
      operands.push_back(integers.lookup(operand));
    SmallVector<OpFoldResult> folded;
    if (failed(op->fold(operands, folded)) ||
        folded.size() != op->getNumResults())
      return;
    for (auto [result, value] : llvm::zip(op->getResults(), folded)) {
      IntegerAttr attr;
      if (auto known = dyn_cast_if_present<Value>(value))
        attr = integers.lookup(known);
      else if (auto constant = dyn_cast_if_present<Attribute>(value))
        attr = dyn_cast<IntegerAttr>(constant);
      if (attr)
        integers[result] = attr;
    }
  }

  void evaluateDim(tensor::DimOp dim) {
    std::optional<int64_t> index = getInteger(dim.getIndex());
    if (!index || !isa<RankedTensorType>(dim.getSource().getType()))
      return;
    Shape shape = getShape(dim.getSource());
    if (*index < 0 || *index >= static_cast<int64_t>(shape.size()) ||
        ShapedType::isDynamic(shape[*index]))
      return;
    integers[dim.getResult()] = IntegerAttr::get(dim.getType(), shape[*index]);
  }

  //===--------------------------------------------------------------------===//
  // Shapes
  //===--------------------------------------------------------------------===//

  Shape evaluateShape(Operation *op, OpResult result) {
    auto type = cast<RankedTensorType>(result.getType());
    Shape shape(type.getShape());
    if (type.hasStaticShape())
      return shape;
    if (Value same = getValueOfSameShape(op, result))
      return refine(shape, getShape(same));
    return refine(shape, reifyShape(op, result));
  }

  /// Returns an operand that has the shape of the result, or null.
  static Value getValueOfSameShape(Operation *op, OpResult result) {
    if (auto destination = dyn_cast<DestinationStyleOpInterface>(op))
      return destination.getTiedOpOperand(result)->get();
    if (auto loop = dyn_cast<LoopLikeOpInterface>(op)) {
      OpOperand *init = loop.getTiedLoopInit(result);
      return init ? init->get() : Value();
    }
    if (auto cast = dyn_cast<tensor::CastOp>(op))
      return isa<RankedTensorType>(cast.getSource().getType())
                 ? cast.getSource()
                 : Value();
    if (op->hasTrait<OpTrait::Elementwise>())
      for (Value operand : op->getOperands())
        if (isa<RankedTensorType>(operand.getType()))
          return operand;
    return {};
  }

  /// Builds the arithmetic of the op's shape after the op, and evaluates it.
  Shape reifyShape(Operation *op, OpResult result) {
    auto reifiable = dyn_cast<ReifyRankedShapedTypeOpInterface>(op);
    if (!reifiable)
      return {};
    OpBuilder b(op->getContext());
    b.setInsertionPointAfter(op);
    Operation *next = op->getNextNode();
    ReifiedRankedShapedTypeDims dims;
    if (failed(reifiable.reifyResultShapes(b, dims)) ||
        dims.size() != op->getNumResults())
      return {};
    for (Operation *built = op->getNextNode(); built != next;
         built = built->getNextNode())
      evaluateIntegers(built);
    Shape shape;
    for (OpFoldResult dim : dims[result.getResultNumber()])
      shape.push_back(getInteger(dim).value_or(ShapedType::kDynamic));
    return shape;
  }

  /// Returns the sizes of `shape`, and those of `other` if it has none.
  static Shape refine(Shape shape, const Shape &other) {
    if (shape.size() != other.size())
      return shape;
    for (auto [size, known] : llvm::zip(shape, other))
      if (ShapedType::isDynamic(size))
        size = known;
    return shape;
  }

  FailureOr<SmallVector<Shape>> getResultShapes(Operation *terminator) {
    SmallVector<Shape> results;
    for (OpOperand &operand : terminator->getOpOperands()) {
      if (!isa<RankedTensorType>(operand.get().getType())) {
        results.emplace_back();
        continue;
      }
      Shape shape = getShape(operand.get());
      for (auto [dim, size] : llvm::enumerate(shape))
        if (ShapedType::isDynamic(size) || size < 0)
          return terminator->emitError("the size of dimension ")
                 << dim << " of result " << operand.getOperandNumber()
                 << " of @" << function.getName()
                 << " does not follow from the sizes of the arguments";
      results.push_back(std::move(shape));
    }
    return results;
  }

  //===--------------------------------------------------------------------===//
  // Sizes that must agree
  //===--------------------------------------------------------------------===//

  /// Checks that a size of `owner` equals the size recorded earlier for the
  /// same key.
  template <typename Key>
  LogicalResult unify(Operation *op, DenseMap<Key, SizeOf> &sizes, Key key,
                      int64_t size, const std::string &owner,
                      StringRef description) {
    if (ShapedType::isDynamic(size))
      return success();
    auto [known, isNew] = sizes.try_emplace(key, SizeOf{size, owner});
    if (isNew || known->second.size == size)
      return success();
    return op->emitError("sizes do not agree: ")
           << owner << " has " << size << " " << description << ", "
           << known->second.owner << " has " << known->second.size;
  }

  /// Returns the name of the operand, with the number of its argument.
  std::string describe(const Twine &name, Value value) {
    std::string text = name.str();
    auto argument = dyn_cast<BlockArgument>(value);
    if (argument && argument.getOwner() == &function.getBody().front())
      text += " (argument " + std::to_string(argument.getArgNumber()) +
              " of @" + function.getName().str() + ")";
    return text;
  }

  static StringRef describeDim(char dim) {
    switch (dim) {
    case 'b':
      return "batch entries";
    case 'n':
      return "query tokens";
    case 'm':
      return "key tokens";
    case 's':
      return "sequence offsets";
    default:
      return "heads or elements of a head";
    }
  }

  LogicalResult checkAttention(Operation *op) {
    auto attention = dyn_cast<AttentionOpInterface>(op);
    if (!attention)
      return success();
    DenseMap<char, SizeOf> sizes;
    for (OpOperand &operand : op->getOpOperands()) {
      unsigned number = operand.getOperandNumber();
      if (!isa<RankedTensorType>(operand.get().getType()))
        continue;
      std::string owner =
          describe("'" + attention.getOperandName(number) + "'", operand.get());
      for (auto [dim, size] :
           llvm::zip(attention.getOperandDims(number), getShape(operand.get())))
        if (failed(unify(op, sizes, dim, size, owner, describeDim(dim))))
          return failure();
    }
    return success();
  }

  LogicalResult checkLinalg(Operation *op) {
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    if (!linalgOp)
      return success();
    DenseMap<unsigned, SizeOf> sizes;
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<RankedTensorType>(operand.get().getType()))
        continue;
      std::string owner = describe(
          "operand " + Twine(operand.getOperandNumber()), operand.get());
      AffineMap map = linalgOp.getMatchingIndexingMap(&operand);
      for (auto [expr, size] :
           llvm::zip(map.getResults(), getShape(operand.get())))
        if (auto dim = dyn_cast<AffineDimExpr>(expr))
          if (failed(unify(op, sizes, dim.getPosition(), size, owner,
                           "iterations of loop " +
                               std::to_string(dim.getPosition()))))
            return failure();
    }
    return success();
  }

  LogicalResult checkElementwise(Operation *op) {
    if (!op->hasTrait<OpTrait::Elementwise>())
      return success();
    DenseMap<unsigned, SizeOf> sizes;
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<RankedTensorType>(operand.get().getType()))
        continue;
      std::string owner = describe(
          "operand " + Twine(operand.getOperandNumber()), operand.get());
      for (auto [dim, size] : llvm::enumerate(getShape(operand.get())))
        if (failed(unify(op, sizes, static_cast<unsigned>(dim), size, owner,
                         "elements in dimension " + std::to_string(dim))))
          return failure();
    }
    return success();
  }

  /// Checks that a slice is within the bounds of its tensor.
  LogicalResult checkSlice(Operation *op) {
    Value whole;
    if (auto extract = dyn_cast<tensor::ExtractSliceOp>(op))
      whole = extract.getSource();
    else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      whole = insert.getDest();
    else
      return success();
    auto slice = cast<OffsetSizeAndStrideOpInterface>(op);
    for (auto [dim, offset, size, stride, bound] :
         llvm::enumerate(slice.getMixedOffsets(), slice.getMixedSizes(),
                         slice.getMixedStrides(), getShape(whole))) {
      std::optional<int64_t> first = getInteger(offset),
                             count = getInteger(size),
                             step = getInteger(stride);
      if (!first || !count || !step || ShapedType::isDynamic(bound))
        continue;
      int64_t last = *count > 0 ? *first + (*count - 1) * *step : *first - 1;
      if (*first < 0 || *count < 0 || last >= bound)
        return op->emitError("the slice exceeds ")
               << describe("its tensor", whole) << ": dimension " << dim
               << " has the size " << bound << ", and the slice starts at "
               << *first << " and has the size " << *count;
    }
    return success();
  }

  LogicalResult checkCast(Operation *op) {
    auto cast = dyn_cast<tensor::CastOp>(op);
    auto type = cast ? dyn_cast<RankedTensorType>(cast.getType()) : nullptr;
    if (!type || !isa<RankedTensorType>(cast.getSource().getType()))
      return success();
    Shape source = getShape(cast.getSource());
    if (succeeded(verifyCompatibleShape(source, type.getShape())))
      return success();
    return op->emitError("the tensor that is cast to ")
           << type << " has the shape [" << llvm::ArrayRef(source) << "]";
  }

  /// An added leading dimension of size 1: a sequence in packed tensors became
  /// a batch entry.
  static bool addsBatch(tensor::ExpandShapeOp expand) {
    RankedTensorType type = expand.getResultType();
    return type.getRank() == expand.getSrcType().getRank() + 1 &&
           type.getDimSize(0) == 1 &&
           expand.getReassociationIndices().front().size() == 2;
  }

  /// Arguments whose sizes have one name have one size.
  LogicalResult checkNamedSizes(Block &entry) {
    DenseMap<Attribute, SizeOf> sizes;
    for (BlockArgument argument : entry.getArguments()) {
      unsigned number = argument.getArgNumber();
      auto names = function.getArgAttrOfType<ArrayAttr>(number, kSizesAttrName);
      if (!names || !isa<RankedTensorType>(argument.getType()))
        continue;
      for (auto [name, size] : llvm::zip(names, getShape(argument))) {
        auto text = dyn_cast<StringAttr>(name);
        if (text && !text.empty() &&
            failed(unify(function, sizes, name, size,
                         describe("an array", argument),
                         ("as size '" + text.getValue() + "'").str())))
          return failure();
      }
    }
    return success();
  }

  /// Returns the tensor of a tile inside of a loop. Does not look through
  /// slices, casts and pads before the loop, which are intended by the user.
  static Value getWhole(Value tile, Block *entry) {
    while (Operation *op = tile.getDefiningOp()) {
      if (op->getBlock() == entry)
        return tile;
      Value source;
      if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
        source = slice.getSourceType().getRank() == slice.getType().getRank()
                     ? slice.getSource()
                     : Value();
      else if (auto pad = dyn_cast<tensor::PadOp>(op))
        source = pad.getSource();
      else if (auto cast = dyn_cast<tensor::CastOp>(op))
        source = cast.getSource();
      else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
        source = addsBatch(expand) ? expand.getSrc() : Value();
      if (!source || !isa<RankedTensorType>(source.getType()))
        return {};
      tile = source;
    }
    return cast<BlockArgument>(tile).getOwner() == entry ? tile : Value();
  }

  /// Checks the batch and token counts of the tensors of a tile.
  LogicalResult checkTile(AttentionOpInterface tile) {
    Block *entry = &function.getBody().front();
    DenseMap<char, SizeOf> sizes;
    for (OpOperand &operand : tile->getOpOperands()) {
      unsigned number = operand.getOperandNumber();
      if (!isa<RankedTensorType>(operand.get().getType()))
        continue;
      Value whole = getWhole(operand.get(), entry);
      if (!whole)
        continue;
      std::string owner =
          describe("'" + tile.getOperandName(number) + "'", whole);
      StringRef dims = tile.getOperandDims(number);
      // Packed tensors have no batch.
      if (dims.size() == getShape(whole).size() + 1)
        dims.consume_front("b");
      for (auto [dim, size] : llvm::zip(dims, getShape(whole)))
        if (StringRef("bnm").contains(dim) &&
            failed(unify(tile.getOperation(), sizes, dim, size, owner,
                         describeDim(dim))))
          return failure();
    }
    return success();
  }

  func::FuncOp function;
  DenseMap<Value, Shape> shapes;
  DenseMap<Value, IntegerAttr> integers;
};
} // namespace

FailureOr<SmallVector<SmallVector<int64_t>>>
diff::evaluateResultShapes(func::FuncOp function,
                           ArrayRef<ArgumentSizes> arguments) {
  // Work on a copy, because folding and reification change the IR.
  OwningOpRef<func::FuncOp> copy = function.clone();
  if (!copy->getBody().hasOneBlock())
    return function.emitError("@")
           << function.getName() << " must have a single block";
  return ShapeEvaluator(*copy).run(arguments);
}
