//===- NameArguments.cpp - Names of tensors and sizes ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/StringExtras.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFNAMEARGUMENTSPASS
#define GEN_PASS_DEF_DIFFSTRIPNAMESPASS
#include "diff/Dialect/Diff/Transforms/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

namespace {
/// Finds dynamic sizes of tensors that must be equal, because one loop of a
/// linalg op iterates over them, or because they have the same value.
class SizeClasses {
public:
  explicit SizeClasses(func::FuncOp func) {
    func.walk([&](Operation *op) {
      if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
        visitLoops(linalgOp);
      else if (auto dim = dyn_cast<tensor::DimOp>(op))
        visitDim(dim);
      else if (auto empty = dyn_cast<tensor::EmptyOp>(op))
        visitSizes(empty, empty.getMixedSizes());
      else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
        visitSizes(expand, expand.getMixedOutputShape());
      else if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
               slice &&
               slice.getType().getRank() == slice.getSourceType().getRank())
        visitSizes(slice, slice.getMixedSizes());
      else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
        visitCollapse(collapse);
      else if (isa<tensor::CastOp>(op) ||
               OpTrait::hasElementwiseMappableTraits(op))
        visitSameShape(op);
    });
  }

  void join(Value a, int64_t dimA, Value b, int64_t dimB) {
    if (isDynamic(a, dimA) && isDynamic(b, dimB))
      classes.unionSets(getKey(a, dimA), getKey(b, dimB));
  }
  bool areEqual(Value a, int64_t dimA, Value b, int64_t dimB) const {
    return classes.isEquivalent(getKey(a, dimA), getKey(b, dimB));
  }

private:
  /// A dimension of a tensor, or a number.
  using Key = std::pair<void *, int64_t>;
  static Key getKey(Value value, int64_t dim = -1) {
    return {value.getAsOpaquePointer(), dim};
  }
  static bool isDynamic(Value value, int64_t dim) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    // The constant index of a tensor.dim may be out of range.
    return type && dim >= 0 && dim < type.getRank() && type.isDynamicDim(dim);
  }

  void visitLoops(linalg::LinalgOp op) {
    SmallVector<std::pair<Value, int64_t>> first(op.getNumLoops());
    auto visit = [&](Value value, AffineMap map) {
      for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
        auto loop = dyn_cast<AffineDimExpr>(expr);
        if (!loop || !isDynamic(value, dim))
          continue;
        auto &[other, otherDim] = first[loop.getPosition()];
        if (other)
          join(value, dim, other, otherDim);
        else
          first[loop.getPosition()] = {value, dim};
      }
    };
    for (OpOperand &operand : op->getOpOperands())
      visit(operand.get(), op.getMatchingIndexingMap(&operand));
    for (OpResult result : op->getResults())
      visit(result, op.getIndexingMapMatchingResult(result));
  }

  void visitDim(tensor::DimOp op) {
    std::optional<int64_t> dim = op.getConstantIndex();
    if (dim && isDynamic(op.getSource(), *dim))
      classes.unionSets(getKey(op.getSource(), *dim), getKey(op.getResult()));
  }

  void visitSizes(Operation *op, ArrayRef<OpFoldResult> sizes) {
    for (auto [dim, size] : llvm::enumerate(sizes))
      if (auto number = dyn_cast<Value>(size))
        classes.unionSets(getKey(op->getResult(0), dim), getKey(number));
  }

  /// The only dimension that is not of size 1 keeps its size.
  void visitCollapse(tensor::CollapseShapeOp op) {
    for (auto [dim, group] : llvm::enumerate(op.getReassociationIndices())) {
      SmallVector<int64_t> sizes;
      for (int64_t part : group)
        if (op.getSrcType().getDimSize(part) != 1)
          sizes.push_back(part);
      if (sizes.size() == 1)
        join(op.getSrc(), sizes.front(), op.getResult(), dim);
    }
  }

  void visitSameShape(Operation *op) {
    Value result = op->getResult(0);
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type)
      return;
    for (Value operand : op->getOperands())
      if (auto from = dyn_cast<RankedTensorType>(operand.getType());
          from && from.getRank() == type.getRank())
        for (int64_t dim = 0; dim < type.getRank(); ++dim)
          join(operand, dim, result, dim);
  }

  llvm::EquivalenceClasses<Key> classes;
};

/// Names the tensors of one attention and their sizes.
class ArgumentNamer {
public:
  ArgumentNamer(func::FuncOp func, AttentionOpInterface op, unsigned number)
      : b(func.getContext()), func(func), op(op),
        suffix(number == 0 ? "" : "_" + std::to_string(number)) {}

  void run() {
    auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
    for (OpOperand &operand : op->getOpOperands()) {
      // The name of a destination is that of the result.
      if (destination.isDpsInit(&operand))
        continue;
      unsigned i = operand.getOperandNumber();
      Origin origin = getOrigin(operand.get());
      if (origin.argument &&
          !func.getArgAttr(origin.argument.getArgNumber(), kNameAttrName)) {
        SmallVector<Attribute> names, sizes(getSizes(i).getValue());
        for (int64_t dim : origin.dims)
          names.push_back(dim < 0 ? b.getStringAttr("") : sizes[dim]);
        unsigned number = origin.argument.getArgNumber();
        func.setArgAttr(number, kNameAttrName, getName(i));
        func.setArgAttr(number, kSizesAttrName, b.getArrayAttr(names));
      }
    }
    markOffsets(op.getCuSeqlensQ(), kQueryOperand, 'n');
    markOffsets(op.getCuSeqlensK(), kKeyOperand, 'm');
    auto returnOp =
        dyn_cast<func::ReturnOp>(func.getBody().back().getTerminator());
    if (!returnOp)
      return;
    for (OpResult result : op->getResults())
      // A result that is returned twice has its name once.
      for (auto [number, value] : llvm::enumerate(returnOp.getOperands())) {
        if (value != result)
          continue;
        if (func.getResultAttr(number, kNameAttrName))
          break;
        unsigned i = destination.getTiedOpOperand(result)->getOperandNumber();
        func.setResultAttr(number, kNameAttrName, getName(i));
        func.setResultAttr(number, kSizesAttrName, getSizes(i));
        break;
      }
  }

  /// Returns the names of an operand's sizes, empty for static sizes.
  ArrayAttr getSizes(unsigned operand) {
    SmallVector<Attribute> sizes;
    for (char dim : op.getOperandDims(operand)) {
      // Batch and token counts are B, N and M, and S = B + 1 is the number of
      // sequence offsets. The other sizes are static.
      std::string size;
      if (StringRef("bnms").contains(dim))
        size = std::string(1, llvm::toUpper(dim)) + suffix;
      sizes.push_back(b.getStringAttr(size));
    }
    return b.getArrayAttr(sizes);
  }

private:
  StringAttr getName(unsigned operand) {
    return b.getStringAttr(op.getOperandName(operand) + suffix);
  }

  /// An argument, and for each of its dimensions that of the operand, or -1 for
  /// a static one that the operand splits or merges.
  struct Origin {
    BlockArgument argument;
    SmallVector<int64_t> dims;
  };

  /// Returns the argument from which a value is reshaped, or null.
  Origin getOrigin(Value value) {
    if (auto argument = dyn_cast_or_null<BlockArgument>(value)) {
      if (argument.getOwner() != &func.getBody().front())
        return {};
      auto type = dyn_cast<ShapedType>(argument.getType());
      auto dims = llvm::seq<int64_t>(0, type ? type.getRank() : 0);
      return {argument, llvm::to_vector(dims)};
    }
    Operation *op = value ? value.getDefiningOp() : nullptr;
    if (auto expand = dyn_cast_or_null<tensor::ExpandShapeOp>(op)) {
      Origin origin = getOrigin(expand.getSrc());
      auto groups = expand.getReassociationIndices();
      for (int64_t &dim : origin.dims) {
        if (dim < 0)
          continue;
        if (groups[dim].size() > 1 && expand.getSrcType().isDynamicDim(dim))
          return {};
        dim = groups[dim].size() > 1 ? -1 : groups[dim].front();
      }
      return origin;
    }
    if (auto collapse = dyn_cast_or_null<tensor::CollapseShapeOp>(op)) {
      Origin origin = getOrigin(collapse.getSrc());
      auto groups = collapse.getReassociationIndices();
      for (int64_t &dim : origin.dims) {
        if (dim < 0)
          continue;
        const auto *group = llvm::find_if(groups, [&](const auto &group) {
          return llvm::is_contained(group, dim);
        });
        if (group->size() > 1 && collapse.getSrcType().isDynamicDim(dim))
          return {};
        dim = group->size() > 1 ? -1 : group - groups.begin();
      }
      return origin;
    }
    return {};
  }

  /// Records the dimension and argument into which `offsets` point.
  void markOffsets(Value offsets, AttentionOperand operand, char dim) {
    BlockArgument argument = getOrigin(offsets).argument;
    Origin origin = getOrigin(op->getOperand(operand));
    BlockArgument whole = origin.argument;
    if (!argument || !whole ||
        func.getArgAttr(argument.getArgNumber(), kOffsetsAttrName))
      return;
    auto name =
        func.getArgAttrOfType<StringAttr>(whole.getArgNumber(), kNameAttrName);
    int64_t position =
        llvm::find(origin.dims,
                   static_cast<int64_t>(op.getOperandDims(operand).find(dim))) -
        origin.dims.begin();
    if (name && position < static_cast<int64_t>(origin.dims.size()))
      func.setArgAttr(
          argument.getArgNumber(), kOffsetsAttrName,
          OffsetsAttr::get(func.getContext(), name.getValue(), position));
  }

  Builder b;
  func::FuncOp func;
  AttentionOpInterface op;
  std::string suffix;
};

struct DiffNameArguments
    : public diff::impl::DiffNameArgumentsPassBase<DiffNameArguments> {
  void runOnOperation() override { nameArguments(getOperation()); }
};

struct DiffStripNames
    : public diff::impl::DiffStripNamesPassBase<DiffStripNames> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    Builder b(&getContext());
    for (StringRef name :
         {kNameAttrName, kSizesAttrName, kOffsetsAttrName, kResultAttrName}) {
      for (unsigned i = 0; i < func.getNumArguments(); ++i)
        func.removeArgAttr(i, name);
      // A function that is not an entry keeps its results.
      for (unsigned i = 0; i < func.getNumResults(); ++i)
        func.removeResultAttr(i, b.getStringAttr(name));
    }
  }
};
} // namespace

namespace {
/// Names of sizes, with the first position of each.
class SizeNamer {
public:
  explicit SizeNamer(func::FuncOp func)
      : b(func.getContext()), func(func), classes(func) {
    func.walk([&](AttentionOpInterface op) { joinLetters(op); });
    unsigned number = 0;
    func.walk([&](AttentionCombineOpInterface op) {
      auto attention = cast<AttentionOpInterface>(op.getOperation());
      ArgumentNamer namer(func, attention, number++);
      for (OpOperand &operand : op->getOpOperands())
        collect(operand.get(), namer.getSizes(operand.getOperandNumber()));
    });
    for (BlockArgument argument : func.getArguments())
      collect(argument, func.getArgAttrOfType<ArrayAttr>(
                            argument.getArgNumber(), kSizesAttrName));
    if (!func.getBody().hasOneBlock())
      return;
    for (OpOperand &result :
         func.getBody().front().getTerminator()->getOpOperands())
      collect(result.get(), func.getResultAttrOfType<ArrayAttr>(
                                result.getOperandNumber(), kSizesAttrName));
  }

  void run() {
    for (BlockArgument argument : func.getArguments()) {
      unsigned number = argument.getArgNumber();
      if (func.getArgAttr(number, kSizesAttrName))
        continue;
      ArrayAttr sizes =
          nameSizes(argument, "argument" + std::to_string(number));
      if (sizes)
        func.setArgAttr(number, kSizesAttrName, sizes);
    }
    if (!func.getBody().hasOneBlock())
      return;
    for (OpOperand &result :
         func.getBody().front().getTerminator()->getOpOperands()) {
      unsigned number = result.getOperandNumber();
      if (func.getResultAttr(number, kSizesAttrName))
        continue;
      if (ArrayAttr sizes = nameSizes(result.get(), ""))
        func.setResultAttr(number, kSizesAttrName, sizes);
    }
  }

private:
  struct Named {
    Value value;
    int64_t dim;
    StringAttr name;
  };

  /// Sizes of one letter are equal.
  void joinLetters(AttentionOpInterface op) {
    auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
    llvm::StringMap<std::pair<Value, int64_t>> first;
    auto visit = [&](Value value, StringRef letters) {
      for (auto [dim, letter] : llvm::enumerate(letters)) {
        auto [place, isNew] =
            first.insert({StringRef(&letter, 1), {value, int64_t(dim)}});
        if (!isNew)
          classes.join(value, dim, place->second.first, place->second.second);
      }
    };
    for (OpOperand &operand : op->getOpOperands())
      visit(operand.get(), op.getOperandDims(operand.getOperandNumber()));
    for (OpResult result : op->getResults())
      visit(result,
            op.getOperandDims(
                destination.getTiedOpOperand(result)->getOperandNumber()));
  }

  void collect(Value value, ArrayAttr sizes) {
    if (!sizes)
      return;
    for (auto [dim, name] : llvm::enumerate(sizes.getAsRange<StringAttr>()))
      if (!name.getValue().empty())
        named.push_back({value, static_cast<int64_t>(dim), name});
  }

  /// Returns the names of a tensor's sizes, or null if none has a name. A size
  /// without an equal named size is named after the tensor, if it has a name.
  ArrayAttr nameSizes(Value value, const std::string &tensor) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || type.hasStaticShape())
      return {};
    bool found = false;
    SmallVector<Attribute> sizes;
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      StringAttr name = b.getStringAttr("");
      const Named *same = llvm::find_if(named, [&](const Named &other) {
        return type.isDynamicDim(dim) &&
               classes.areEqual(value, dim, other.value, other.dim);
      });
      if (same != named.end())
        name = same->name;
      else if (type.isDynamicDim(dim) && !tensor.empty())
        named.push_back(
            {value, dim, b.getStringAttr(tensor + "_" + std::to_string(dim))});
      found |= !name.getValue().empty();
      sizes.push_back(name);
    }
    return found ? b.getArrayAttr(sizes) : ArrayAttr();
  }

  Builder b;
  func::FuncOp func;
  SizeClasses classes;
  SmallVector<Named> named;
};
} // namespace

void diff::nameArguments(func::FuncOp function) {
  unsigned number = 0;
  function.walk([&](AttentionCombineOpInterface op) {
    ArgumentNamer(function, cast<AttentionOpInterface>(*op), number++).run();
  });
  if (!function.isExternal())
    SizeNamer(function).run();
}
