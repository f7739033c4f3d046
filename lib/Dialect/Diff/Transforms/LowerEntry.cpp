//===- LowerEntry.cpp - How a compiled function is called -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringExtras.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFLOWERENTRYPASS
#define GEN_PASS_DEF_DIFFNAMEARGUMENTSPASS
#define GEN_PASS_DEF_DIFFSTRIPNAMESPASS
#include "diff/Dialect/Diff/Transforms/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

/// A memref of the tensor's shape, contiguous along the innermost dimension;
/// its pointer is that of the first element.
static MemRefType getEntryType(RankedTensorType type) {
  SmallVector<int64_t> strides(type.getRank(), ShapedType::kDynamic);
  if (!strides.empty())
    strides.back() = 1;
  auto layout =
      StridedLayoutAttr::get(type.getContext(), /*offset=*/0, strides);
  return MemRefType::get(type.getShape(), type.getElementType(), layout);
}

static void lowerArguments(OpBuilder &b, func::FuncOp func) {
  Block &entry = func.getBody().front();
  b.setInsertionPointToStart(&entry);
  for (BlockArgument argument : entry.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      continue;
    argument.setType(getEntryType(type));
    auto tensor = bufferization::ToTensorOp::create(
        b, argument.getLoc(), type, argument, /*restrict=*/true);
    argument.replaceAllUsesExcept(tensor, tensor);
  }
}

static void lowerResults(OpBuilder &b, func::FuncOp func) {
  Block &entry = func.getBody().front();
  auto returnOp = cast<func::ReturnOp>(entry.getTerminator());
  SmallVector<Value> kept;
  b.setInsertionPoint(returnOp);
  for (Value result : returnOp.getOperands()) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type) {
      kept.push_back(result);
      continue;
    }
    Value destination =
        entry.addArgument(getEntryType(type), returnOp.getLoc());
    auto materialize = bufferization::MaterializeInDestinationOp::create(
        b, returnOp.getLoc(), /*result=*/Type(), result, destination);
    materialize.setRestrict(true);
    materialize.setWritable(true);
  }
  returnOp.getOperandsMutable().assign(kept);
}

//===----------------------------------------------------------------------===//
// diff-name-arguments
//===----------------------------------------------------------------------===//

namespace {
/// Names of one attention's tensors and of their sizes.
class ArgumentNamer {
public:
  ArgumentNamer(func::FuncOp func, AttentionOpInterface op, unsigned number)
      : b(func.getContext()), func(func), op(op),
        suffix(number == 0 ? "" : "_" + std::to_string(number)) {}

  void run() {
    auto destination = cast<DestinationStyleOpInterface>(op.getOperation());
    for (OpOperand &operand : op->getOpOperands()) {
      // A destination's name is the result's.
      if (destination.isDpsInit(&operand))
        continue;
      unsigned i = operand.getOperandNumber();
      BlockArgument argument = getArgument(operand.get());
      if (argument &&
          !func.getArgAttr(argument.getArgNumber(), kNameAttrName)) {
        func.setArgAttr(argument.getArgNumber(), kNameAttrName, getName(i));
        func.setArgAttr(argument.getArgNumber(), kSizesAttrName, getSizes(i));
      }
    }
    markOffsets(op.getCuSeqlensQ(), kQueryOperand, 'n');
    markOffsets(op.getCuSeqlensK(), kKeyOperand, 'm');
    auto returnOp =
        dyn_cast<func::ReturnOp>(func.getBody().back().getTerminator());
    if (!returnOp)
      return;
    for (OpResult result : op->getResults())
      // One that is returned twice has its name once.
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

private:
  StringAttr getName(unsigned operand) {
    return b.getStringAttr(op.getOperandName(operand) + suffix);
  }

  BlockArgument getArgument(Value value) {
    auto argument = dyn_cast_or_null<BlockArgument>(value);
    return argument && argument.getOwner() == &func.getBody().front()
               ? argument
               : BlockArgument();
  }

  /// Says into which dimension of which argument `offsets` point.
  void markOffsets(Value offsets, AttentionOperand operand, char dim) {
    BlockArgument argument = getArgument(offsets);
    BlockArgument whole = getArgument(op->getOperand(operand));
    if (!argument || !whole ||
        func.getArgAttr(argument.getArgNumber(), kOffsetsAttrName))
      return;
    auto name =
        func.getArgAttrOfType<StringAttr>(whole.getArgNumber(), kNameAttrName);
    int64_t position = op.getOperandDims(operand).find(dim);
    if (name)
      func.setArgAttr(
          argument.getArgNumber(), kOffsetsAttrName,
          OffsetsAttr::get(func.getContext(), name.getValue(), position));
  }

  ArrayAttr getSizes(unsigned operand) {
    SmallVector<Attribute> sizes;
    for (char dim : op.getOperandDims(operand)) {
      // Batch and token counts are B, N and M, and S = B + 1 the number of
      // sequence offsets; the others are static.
      std::string size;
      if (StringRef("bnms").contains(dim))
        size = std::string(1, llvm::toUpper(dim)) + suffix;
      sizes.push_back(b.getStringAttr(size));
    }
    return b.getArrayAttr(sizes);
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
      // A function that is no entry keeps its results.
      for (unsigned i = 0; i < func.getNumResults(); ++i)
        func.removeResultAttr(i, b.getStringAttr(name));
    }
  }
};
} // namespace

void diff::nameArguments(func::FuncOp function) {
  unsigned number = 0;
  function.walk([&](AttentionCombineOpInterface op) {
    ArgumentNamer(function, cast<AttentionOpInterface>(*op), number++).run();
  });
}

//===----------------------------------------------------------------------===//
// diff-lower-entry
//===----------------------------------------------------------------------===//

namespace {
struct DiffLowerEntry
    : public diff::impl::DiffLowerEntryPassBase<DiffLowerEntry> {
  void runOnOperation() override {
    SymbolTableCollection tables;
    SymbolUserMap users(tables, getOperation());
    OpBuilder b(&getContext());
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (!func.isPublic() || func.isExternal() || !users.useEmpty(func))
        continue;
      if (!func.getBody().hasOneBlock()) {
        func.emitOpError("must have a single block to be called from outside");
        return signalPassFailure();
      }
      FunctionType old = func.getFunctionType();
      if (llvm::any_of(
              llvm::concat<const Type>(old.getInputs(), old.getResults()),
              llvm::IsaPred<UnrankedTensorType>)) {
        func.emitOpError("has an unranked tensor in its signature; a function "
                         "called from outside has ranked ones");
        return signalPassFailure();
      }
      unsigned numArguments = old.getNumInputs();
      SmallVector<DictionaryAttr> resultAttributes;
      for (auto [number, type] : llvm::enumerate(old.getResults()))
        if (isa<RankedTensorType>(type))
          resultAttributes.push_back(func.getResultAttrDict(number));
      lowerArguments(b, func);
      lowerResults(b, func);
      Block &entry = func.getBody().front();
      func.setFunctionType(b.getFunctionType(
          entry.getArgumentTypes(), entry.getTerminator()->getOperandTypes()));
      func.removeResAttrsAttr();
      SmallVector<DictionaryAttr> attributes;
      func.getAllArgAttrs(attributes);
      attributes.resize(numArguments, b.getDictionaryAttr({}));
      llvm::append_range(attributes, resultAttributes);
      func.setAllArgAttrs(attributes);
      for (unsigned i = numArguments; i < entry.getNumArguments(); ++i)
        func.setArgAttr(i, kResultAttrName, b.getUnitAttr());
    }
  }
};
} // namespace
