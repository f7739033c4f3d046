//===- AttentionReductions.cpp - Simpler attentions -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Trial.h"
#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::diff;

//===----------------------------------------------------------------------===//
// Clauses
//===----------------------------------------------------------------------===//

static LogicalResult dropAttribute(Operation *op, StringRef name,
                                   RewriterBase &rewriter) {
  if (!op->hasAttr(name))
    return failure();
  rewriter.modifyOpInPlace(op, [&] { op->removeAttr(name); });
  return success();
}

/// Drops an optional operand and erases the values that only it used.
static LogicalResult dropOperand(MutableOperandRange operand,
                                 RewriterBase &rewriter) {
  Operation *op = operand.getOwner();
  if (operand.empty())
    return failure();
  rewriter.modifyOpInPlace(op, [&] { operand.clear(); });
  eraseUnused(cast<FunctionOpInterface>(op->getParentOp()), op, rewriter);
  return success();
}

static LogicalResult dropGate(Operation *op, RewriterBase &rewriter) {
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case<AttentionOp, AttentionV1Op, SoftmaxAttentionOp>(
          [&](auto op) { return dropOperand(op.getGateMutable(), rewriter); })
      .Default(failure());
}

static LogicalResult dropDiagonal(Operation *op, RewriterBase &rewriter) {
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case<AttentionOp, AttentionV1Op, SoftmaxAttentionOp, OnlineAttentionOp>(
          [&](auto op) {
            return dropOperand(op.getDiagonalMutable(), rewriter);
          })
      .Default(failure());
}

static LogicalResult dropKeyLength(Operation *op, RewriterBase &rewriter) {
  auto online = dyn_cast<OnlineAttentionOp>(op);
  return online ? dropOperand(online.getKeyLengthMutable(), rewriter)
                : failure();
}

/// Drops the log-sum-exp, whose result must have no uses.
static LogicalResult dropLse(Operation *op, RewriterBase &rewriter) {
  if (op->getNumResults() != 2 || !op->getResult(1).use_empty())
    return failure();
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case<AttentionOp, AttentionV1Op, SoftmaxAttentionOp>(
          [&](auto attention) {
            rewriter.modifyOpInPlace(
                op, [&] { attention.getLseMutable().clear(); });
            Operation *smaller = Operation::create(
                op->getLoc(), op->getName(),
                TypeRange(op->getResultTypes()).take_front(), op->getOperands(),
                op->getDiscardableAttrDictionary(), op->getPropertiesStorage(),
                /*successors=*/{},
                /*numRegions=*/0);
            rewriter.setInsertionPoint(op);
            rewriter.insert(smaller);
            rewriter.replaceAllUsesWith(op->getResult(0),
                                        smaller->getResult(0));
            rewriter.eraseOp(op);
            eraseUnused(cast<FunctionOpInterface>(smaller->getParentOp()),
                        smaller, rewriter);
            return success();
          })
      .Default(failure());
}

/// Makes one of two limited sides of the mask unlimited.
static LogicalResult widenMask(Operation *op, bool isLeft,
                               RewriterBase &rewriter) {
  MaskAttr mask = cast<AttentionOpInterface>(op).getMaskAttr();
  if (!mask || mask.getLeft() < 0 || mask.getRight() < 0)
    return failure();
  auto wider = MaskAttr::get(op->getContext(), isLeft ? -1 : mask.getLeft(),
                             isLeft ? mask.getRight() : -1);
  rewriter.modifyOpInPlace(op, [&] { op->setAttr("mask", wider); });
  return success();
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

namespace {
/// The sizes that determine all others: batch, query tokens, key tokens, head
/// groups, value heads, head dimension, value head dimension, sequence offsets.
constexpr StringLiteral kFreeLetters = "bnmpgdvs";

/// The sizes of an attention by letter.
class Sizes {
public:
  explicit Sizes(AttentionOpInterface op) : op(op) {
    for (char letter : kFreeLetters)
      if (has(letter))
        sizes[letter] =
            letter == 'p' ? op.getNumHeadGroups() : op.getDimSize(letter);
  }

  /// Returns true if the op has the size and it can be chosen freely.
  bool has(char letter) {
    if (letter == 'v')
      return op.getValueWidth() == 0;
    return letter == 'p' || letter == 'g' || op.findDim(letter).has_value();
  }

  /// Makes a size smaller, or static. Returns false if it is no larger.
  bool reduce(char letter, int64_t size) {
    if (!has(letter) ||
        (!ShapedType::isDynamic(sizes[letter]) && sizes[letter] <= size))
      return false;
    sizes[letter] = size;
    return true;
  }

  /// Returns the size from which on smaller ones are not tried.
  int64_t getBound(char letter) {
    constexpr int64_t kDynamicBound = 8;
    int64_t size = sizes.lookup(letter);
    return ShapedType::isDynamic(size) ? kDynamicBound : size;
  }

  /// Returns the size of any dimension.
  int64_t get(char letter) {
    switch (letter) {
    case 'q':
      return op.getNumMaps() * sizes['p'];
    case 'h':
      return op.getNumSignals() * sizes['p'];
    case 'k':
      return op.getNumKeyMaps() * sizes['g'];
    case 'a':
      return op.getNumMaps();
    case 'c':
      return op.getNumKeyMaps();
    case 'e':
      return op.getValueWidth();
    case 'w':
      return sizes['d'];
    case 'v':
      return has('v') ? sizes['v'] : op.getValueWidth() * sizes['d'];
    default:
      return sizes[letter];
    }
  }

private:
  AttentionOpInterface op;
  llvm::DenseMap<char, int64_t> sizes;
};
} // namespace

/// Changes the type of an operand, which must be an argument of the function or
/// an empty tensor without other uses.
static LogicalResult setOperandType(OpOperand &operand, RankedTensorType type,
                                    RewriterBase &rewriter) {
  Operation *op = operand.getOwner();
  Value value = operand.get();
  if (value.getType() == type)
    return success();
  if (!llvm::all_of(value.getUsers(),
                    [&](Operation *user) { return user == op; }))
    return failure();
  if (auto empty = value.getDefiningOp<tensor::EmptyOp>()) {
    if (!type.hasStaticShape())
      return failure();
    rewriter.setInsertionPoint(op);
    Value smaller = tensor::EmptyOp::create(
        rewriter, empty.getLoc(), type.getShape(), type.getElementType());
    rewriter.modifyOpInPlace(op, [&] { operand.set(smaller); });
    return success();
  }
  if (!llvm::is_contained(op->getBlock()->getArguments(), value))
    return failure();
  value.setType(type);
  return success();
}

/// Gives the op, and the function around it, the types of the sizes. The
/// function may only return the results.
static LogicalResult setTypes(Operation *op, Sizes sizes,
                              RewriterBase &rewriter) {
  auto attention = cast<AttentionOpInterface>(op);
  auto function = dyn_cast<FunctionOpInterface>(op->getParentOp());
  Operation *end = getReturn(function);
  if (!end || !llvm::all_of(op->getUsers(),
                            [&](Operation *user) { return user == end; }))
    return failure();
  for (OpOperand &operand : op->getOpOperands()) {
    StringRef dims = attention.getOperandDims(operand.getOperandNumber());
    auto type = dyn_cast<RankedTensorType>(operand.get().getType());
    if (dims.empty())
      continue;
    SmallVector<int64_t> shape = llvm::map_to_vector(
        dims, [&](char letter) { return sizes.get(letter); });
    if (!type || failed(setOperandType(operand, type.clone(shape), rewriter)))
      return failure();
  }
  rewriter.modifyOpInPlace(op, [&] {
    auto destinations = cast<DestinationStyleOpInterface>(op);
    for (OpResult result : op->getResults())
      result.setType(destinations.getTiedOpOperand(result)->get().getType());
  });
  rewriter.modifyOpInPlace(function, [&] {
    function.setType(function.cloneTypeWith(
        function.getFunctionBody().getArgumentTypes(), end->getOperandTypes()));
  });
  eraseUnused(function, op, rewriter);
  return success();
}

static LogicalResult dropLayout(Operation *op, RewriterBase &rewriter) {
  auto attention = cast<AttentionOpInterface>(op);
  if (!attention.getLayoutAttr())
    return failure();
  Sizes sizes(attention);
  rewriter.modifyOpInPlace(op, [&] { attention.setLayoutAttr({}); });
  return setTypes(op, sizes, rewriter);
}

/// Makes all signal heads share no noise head with others.
static LogicalResult dropSignals(Operation *op, RewriterBase &rewriter) {
  auto attention = cast<AttentionOpInterface>(op);
  if (attention.getNumSignals() == 1)
    return failure();
  Sizes sizes(attention);
  rewriter.modifyOpInPlace(
      op, [&] { op->setAttr("signals", rewriter.getI64IntegerAttr(1)); });
  return setTypes(op, sizes, rewriter);
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {
struct ReduceAttention
    : public OpInterfaceRewritePattern<AttentionOpInterface> {
  ReduceAttention(MLIRContext *context, std::shared_ptr<Trial> trial)
      : OpInterfaceRewritePattern(context), trial(std::move(trial)) {}

  LogicalResult matchAndRewrite(AttentionOpInterface op,
                                PatternRewriter &rewriter) const final {
    if (!getReturn(dyn_cast<FunctionOpInterface>(op->getParentOp())))
      return failure();
    return success(succeeded(dropClause(op, rewriter)) ||
                   succeeded(reduceSizes(op, rewriter)));
  }

private:
  LogicalResult dropClause(Operation *op, PatternRewriter &rewriter) const {
    for (Change change :
         std::initializer_list<Change>{dropGate, dropLse, dropDiagonal,
                                       dropKeyLength, dropLayout, dropSignals})
      if (succeeded(trial->apply(op, rewriter, change)))
        return success();
    for (StringRef name : {"mask", "scale", "softcap", "schedule"})
      if (succeeded(trial->apply(op, rewriter,
                                 [&](Operation *op, RewriterBase &rewriter) {
                                   return dropAttribute(op, name, rewriter);
                                 })))
        return success();
    for (bool isLeft : {true, false})
      if (succeeded(trial->apply(op, rewriter,
                                 [&](Operation *op, RewriterBase &rewriter) {
                                   return widenMask(op, isLeft, rewriter);
                                 })))
        return success();
    return failure();
  }

  /// Tries small sizes for all letters together, and then for each one.
  LogicalResult reduceSizes(AttentionOpInterface op,
                            PatternRewriter &rewriter) const {
    for (int64_t size : {1, 2})
      if (succeeded(reduceLetters(op, kFreeLetters, size, rewriter)))
        return success();
    Sizes sizes(op);
    for (size_t i = 0; i < kFreeLetters.size(); ++i)
      for (int64_t size = 1; size < sizes.getBound(kFreeLetters[i]); size *= 2)
        if (succeeded(
                reduceLetters(op, kFreeLetters.substr(i, 1), size, rewriter)))
          return success();
    return failure();
  }

  LogicalResult reduceLetters(AttentionOpInterface op, StringRef letters,
                              int64_t size, PatternRewriter &rewriter) const {
    return trial->apply(
        op, rewriter, [&](Operation *op, RewriterBase &rewriter) {
          Sizes sizes{cast<AttentionOpInterface>(op)};
          bool changed = false;
          for (char letter : letters)
            changed |= sizes.reduce(letter, size);
          return changed ? setTypes(op, sizes, rewriter) : failure();
        });
  }

  std::shared_ptr<Trial> trial;
};
} // namespace

void diff::populateAttentionReductions(RewritePatternSet &patterns,
                                       std::shared_ptr<Trial> trial) {
  patterns.add<ReduceAttention>(patterns.getContext(), std::move(trial));
}
