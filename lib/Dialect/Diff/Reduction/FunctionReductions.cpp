//===- FunctionReductions.cpp - Smaller functions -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Trial.h"
#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/Dialect/Tile/IR/Tile.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mlir::diff;

Operation *diff::getReturn(FunctionOpInterface function) {
  if (!function || !function.getFunctionBody().hasOneBlock())
    return nullptr;
  Block &block = function.getFunctionBody().front();
  if (!block.mightHaveTerminator() ||
      !llvm::equal(block.back().getOperandTypes(), function.getResultTypes()))
    return nullptr;
  return &block.back();
}

static bool eraseUnusedArguments(FunctionOpInterface function) {
  llvm::BitVector unused(function.getNumArguments());
  for (BlockArgument argument : function.getArguments())
    if (argument.use_empty())
      unused.set(argument.getArgNumber());
  return unused.any() && succeeded(function.eraseArguments(unused));
}

bool diff::eraseUnused(FunctionOpInterface function, Operation *end,
                       RewriterBase &rewriter) {
  bool changed = false;
  for (Operation *op = end->getPrevNode(), *next; op; op = next) {
    next = op->getPrevNode();
    if (!isOpTriviallyDead(op))
      continue;
    rewriter.eraseOp(op);
    changed = true;
  }
  return eraseUnusedArguments(function) || changed;
}

/// Adds an argument to a function. Returns null if the function cannot have it.
static Value addArgument(FunctionOpInterface function, Value value) {
  unsigned number = function.getNumArguments();
  if (failed(
          function.insertArgument(number, value.getType(), {}, value.getLoc())))
    return {};
  return function.getArgument(number);
}

/// Constants and empty tensors, which depend on nothing.
static bool isLeaf(Operation *op) {
  return op->getNumOperands() == 0 &&
         (op->hasTrait<OpTrait::ConstantLike>() || isa<tensor::EmptyOp>(op));
}

static void setResults(FunctionOpInterface function, ArrayRef<Value> results,
                       RewriterBase &rewriter) {
  Operation *end = getReturn(function);
  rewriter.modifyOpInPlace(end, [&] { end->setOperands(results); });
  rewriter.modifyOpInPlace(function, [&] {
    function.setType(function.cloneTypeWith(function.getArgumentTypes(),
                                            end->getOperandTypes()));
    function.removeResAttrsAttr();
  });
}

/// Returns the results that have uses, or all of an op without uses: the passes
/// would erase it.
static SmallVector<Value> getUsedResults(Operation *op) {
  SmallVector<Value> results(op->getResults());
  if (!op->use_empty())
    llvm::erase_if(results, [](Value result) { return result.use_empty(); });
  return results;
}

/// Keeps the op, which may be in a region of another op, and the constants that
/// it reads. All other operands become arguments of the function, and the
/// used results those of the function, unless it is one without results, such
/// as a kernel.
static LogicalResult isolate(Operation *op, RewriterBase &rewriter) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  Operation *end = getReturn(function);
  if (!end)
    return failure();
  llvm::MapVector<Value, Value> arguments;
  SmallPtrSet<Operation *, 8> kept = {op, end};
  SmallVector<Value> results;
  if (function.getNumResults() != 0)
    results = getUsedResults(op);
  bool changed = !llvm::equal(end->getOperands(), results);
  rewriter.moveOpBefore(op, end);
  for (Value operand : op->getOperands()) {
    Operation *definition = operand.getDefiningOp();
    if (definition && isLeaf(definition)) {
      rewriter.moveOpBefore(definition, op);
      kept.insert(definition);
    } else if (!llvm::is_contained(function.getArguments(), operand) &&
               !arguments.contains(operand)) {
      arguments[operand] = addArgument(function, operand);
      if (!arguments[operand])
        return failure();
    }
  }
  rewriter.modifyOpInPlace(op, [&] {
    for (OpOperand &operand : op->getOpOperands())
      if (Value argument = arguments.lookup(operand.get()))
        operand.set(argument);
  });
  setResults(function, results, rewriter);
  for (Operation &other :
       llvm::make_early_inc_range(llvm::reverse(*end->getBlock())))
    if (!kept.contains(&other)) {
      rewriter.eraseOp(&other);
      changed = true;
    }
  return success(eraseUnusedArguments(function) || changed);
}

/// Drops a result of a function.
static LogicalResult dropResult(FunctionOpInterface function, unsigned number,
                                RewriterBase &rewriter) {
  Operation *end = getReturn(function);
  rewriter.modifyOpInPlace(end, [&] { end->eraseOperand(number); });
  if (failed(function.eraseResult(number)))
    return failure();
  eraseUnused(function, end, rewriter);
  return success();
}

/// Erases an op whose results are results of the function, which returns the
/// operands of the op instead.
static LogicalResult returnOperands(Operation *op, RewriterBase &rewriter) {
  auto function = cast<FunctionOpInterface>(op->getParentOp());
  Operation *end = getReturn(function);
  if (op->use_empty() || isLeaf(op) ||
      !llvm::all_of(op->getUsers(),
                    [&](Operation *user) { return user == end; }))
    return failure();
  llvm::SetVector<Value> results;
  for (Value result : end->getOperands()) {
    if (result.getDefiningOp() != op) {
      results.insert(result);
      continue;
    }
    for (Value operand : op->getOperands())
      if (Operation *definition = operand.getDefiningOp();
          definition && !isLeaf(definition))
        results.insert(operand);
  }
  setResults(function, results.getArrayRef(), rewriter);
  rewriter.eraseOp(op);
  eraseUnused(function, end, rewriter);
  return success();
}

/// Makes the results of the op arguments of its function, and erases it and the
/// ops of its block that only it depends on.
static LogicalResult replaceByArguments(Operation *op, RewriterBase &rewriter) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  for (OpResult result : op->getResults()) {
    if (result.use_empty())
      continue;
    Value argument = addArgument(function, result);
    if (!argument)
      return failure();
    rewriter.replaceAllUsesWith(result, argument);
  }
  Operation *next = op->getNextNode();
  rewriter.eraseOp(op);
  eraseUnused(function, next, rewriter);
  return success();
}

namespace {
struct ReduceFunction : public OpInterfaceRewritePattern<FunctionOpInterface> {
  ReduceFunction(MLIRContext *context, std::shared_ptr<Trial> trial)
      : OpInterfaceRewritePattern(context), trial(std::move(trial)) {}

  LogicalResult matchAndRewrite(FunctionOpInterface function,
                                PatternRewriter &rewriter) const final {
    if (!getReturn(function))
      return failure();
    SmallVector<Operation *> ops;
    function->walk([&](Operation *op) {
      if (isa_and_present<DiffDialect, tile::TileDialect>(op->getDialect()))
        ops.push_back(op);
    });
    for (Operation *op : ops)
      if (succeeded(trial->apply(op, rewriter, isolate)))
        return success();
    for (unsigned number : llvm::reverse(llvm::seq(function.getNumResults())))
      if (succeeded(trial->apply(
              function, rewriter, [&](Operation *op, RewriterBase &rewriter) {
                return dropResult(cast<FunctionOpInterface>(op), number,
                                  rewriter);
              })))
        return success();
    for (Operation &op : llvm::reverse(*getReturn(function)->getBlock()))
      if (succeeded(trial->apply(&op, rewriter, returnOperands)))
        return success();
    return trial->apply(
        function, rewriter, [](Operation *op, RewriterBase &rewriter) {
          auto function = cast<FunctionOpInterface>(op);
          return success(eraseUnused(function, getReturn(function), rewriter));
        });
  }

  std::shared_ptr<Trial> trial;
};

/// Applies to ops of a function's own block: a pattern may only erase ops that
/// the pass has visited, which are those before the op. Precedes the patterns
/// that simplify the op.
struct ReplaceByArguments : public RewritePattern {
  ReplaceByArguments(MLIRContext *context, std::shared_ptr<Trial> trial)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/2, context),
        trial(std::move(trial)) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const final {
    if (!isa_and_present<FunctionOpInterface, RegionBranchOpInterface>(
            op->getParentOp()) ||
        !op->getParentOfType<FunctionOpInterface>() || op->use_empty() ||
        isLeaf(op))
      return failure();
    return trial->apply(op, rewriter, replaceByArguments);
  }

  std::shared_ptr<Trial> trial;
};
} // namespace

void diff::populateFunctionReductions(RewritePatternSet &patterns,
                                      std::shared_ptr<Trial> trial) {
  patterns.add<ReduceFunction, ReplaceByArguments>(patterns.getContext(),
                                                   trial);
}
