//===- LowerEntry.cpp - Signatures of compiled functions ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringExtras.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFLOWERENTRYPASS
#include "diff/Dialect/Diff/Transforms/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

/// Returns a memref of the tensor's shape with a contiguous innermost
/// dimension, whose pointer is that of the first element.
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

/// Returns the results of the function, the last computed first.
static SmallVector<OpOperand *> getResultsInReverse(func::ReturnOp returnOp) {
  SmallVector<OpOperand *> results =
      llvm::to_vector(llvm::make_pointer_range(returnOp->getOpOperands()));
  llvm::stable_sort(results, [](OpOperand *a, OpOperand *b) {
    Operation *opA = a->get().getDefiningOp(), *opB = b->get().getDefiningOp();
    return opA && (!opB || opB->isBeforeInBlock(opA));
  });
  return results;
}

/// Each result is first copied into the tensor of its destination. If another
/// result reads this destination, bufferization allocates a buffer to resolve
/// the conflict. After all results are computed, they are written to memory.
/// Copies of a destination to itself are removed.
///
/// A view of another result is computed after it and copied before it, so that
/// the other one can be computed in its destination.
static void lowerResults(OpBuilder &b, func::FuncOp func) {
  Block &entry = func.getBody().front();
  auto returnOp = cast<func::ReturnOp>(entry.getTerminator());
  Location loc = returnOp.getLoc();
  SmallVector<Value> kept;
  SmallVector<Value> destinations;
  for (Value result : returnOp.getOperands()) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type)
      kept.push_back(result);
    destinations.push_back(type ? entry.addArgument(getEntryType(type), loc)
                                : Value());
  }
  SmallVector<std::pair<Value, Value>> written;
  for (OpOperand *result : getResultsInReverse(returnOp)) {
    Value destination = destinations[result->getOperandNumber()];
    if (!destination)
      continue;
    auto type = cast<RankedTensorType>(result->get().getType());
    b.setInsertionPointToStart(&entry);
    Value tensor = bufferization::ToTensorOp::create(
        b, loc, type, destination, /*restrict=*/true, /*writable=*/true);
    b.setInsertionPoint(returnOp);
    auto copy = linalg::CopyOp::create(b, loc, result->get(), tensor);
    written.emplace_back(copy.getResult(0), destination);
  }
  for (auto [tensor, destination] : written) {
    auto materialize = bufferization::MaterializeInDestinationOp::create(
        b, loc, /*result=*/Type(), tensor, destination);
    materialize.setRestrict(true);
    materialize.setWritable(true);
  }
  returnOp.getOperandsMutable().assign(kept);
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
      if (!func.getBody().hasOneBlock() ||
          !isa<func::ReturnOp>(func.getBody().front().getTerminator())) {
        func.emitOpError("must have a single block that ends with a return to "
                         "be called from outside");
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
