//===- ScalarizeLoops.cpp - Loop-carried scalars instead of vectors -------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Distribution.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

static bool isVector(Value value) { return isa<VectorType>(value.getType()); }

/// Builds the vectors of `like` from the elements of all vectors.
static SmallVector<Value> assemble(OpBuilder &b, Location loc, ValueRange like,
                                   ValueRange elements) {
  SmallVector<Value> vectors, flat(elements);
  size_t next = 0;
  for (Value value : like) {
    auto type = cast<VectorType>(value.getType());
    size_t count = type.getNumElements();
    vectors.push_back(
        fromElements(b, loc, type, ArrayRef<Value>(flat).slice(next, count)));
    next += count;
  }
  return vectors;
}

static SmallVector<Value> takeApart(OpBuilder &b, Location loc,
                                    ValueRange vectors) {
  SmallVector<Value> elements;
  for (Value vector : vectors)
    llvm::append_range(elements, getElements(b, loc, vector));
  return elements;
}

/// Creates a loop that carries elements in addition to its vectors. The vectors
/// keep their initial values, and canonicalization removes them.
static void scalarize(RewriterBase &rewriter, scf::ForOp loop) {
  Location loc = loop.getLoc();
  SmallVector<unsigned> numbers;
  SmallVector<Value> inits;
  for (auto [number, init] : llvm::enumerate(loop.getInitArgs()))
    if (isVector(init)) {
      numbers.push_back(number);
      inits.push_back(init);
    }
  if (numbers.empty())
    return;
  rewriter.setInsertionPoint(loop);
  SmallVector<Value> elements = takeApart(rewriter, loc, inits);
  DictionaryAttr attributes = loop->getDiscardableAttrDictionary();
  auto wide = cast<scf::ForOp>(*loop.replaceWithAdditionalYields(
      rewriter, elements, /*replaceInitOperandUsesInLoop=*/false,
      [&](OpBuilder &b, Location, ArrayRef<BlockArgument> added) {
        // The caller moves the body to the new loop.
        SmallVector<Value> arguments, yielded;
        for (unsigned number : numbers) {
          arguments.push_back(loop.getRegionIterArgs()[number]);
          yielded.push_back(loop.getYieldedValues()[number]);
        }
        SmallVector<Value> next = takeApart(b, loc, yielded);
        b.setInsertionPointToStart(loop.getBody());
        SmallVector<Value> flat(added.begin(), added.end());
        SmallVector<Value> vectors = assemble(b, loc, arguments, flat);
        for (auto [argument, vector] : llvm::zip_equal(arguments, vectors))
          argument.replaceUsesWithIf(vector, [&](OpOperand &use) {
            return !isa<scf::YieldOp>(use.getOwner()) ||
                   use.getOwner()->getParentOp() != loop;
          });
        return next;
      }));
  wide->setDiscardableAttrs(attributes);
  rewriter.setInsertionPointAfter(wide);
  SmallVector<Value> results;
  for (unsigned number : numbers)
    results.push_back(wide.getResult(number));
  SmallVector<Value> vectors = assemble(
      rewriter, loc, results, wide.getResults().take_back(elements.size()));
  auto yield = cast<scf::YieldOp>(wide.getBody()->getTerminator());
  for (auto [number, result, vector] :
       llvm::zip_equal(numbers, results, vectors)) {
    rewriter.replaceAllUsesWith(result, vector);
    yield.setOperand(number, wide.getRegionIterArgs()[number]);
  }
}

/// Creates a branch with elements as results.
static void scalarize(RewriterBase &rewriter, scf::IfOp branch) {
  if (llvm::none_of(branch.getResults(), isVector))
    return;
  Location loc = branch.getLoc();
  SmallVector<Type> types;
  for (Value result : branch.getResults()) {
    auto vector = dyn_cast<VectorType>(result.getType());
    types.append(vector ? vector.getNumElements() : 1,
                 vector ? vector.getElementType() : result.getType());
  }
  auto flatten = [&](scf::YieldOp yield) {
    rewriter.setInsertionPoint(yield);
    SmallVector<Value> values;
    for (Value value : yield.getOperands()) {
      if (isVector(value))
        llvm::append_range(values, getElements(rewriter, loc, value));
      else
        values.push_back(value);
    }
    rewriter.replaceOpWithNewOp<scf::YieldOp>(yield, values);
  };
  flatten(branch.thenYield());
  flatten(branch.elseYield());
  rewriter.setInsertionPoint(branch);
  auto flat = scf::IfOp::create(rewriter, loc, types, branch.getCondition(),
                                /*addThenBlock=*/false, /*addElseBlock=*/false);
  flat.getThenRegion().takeBody(branch.getThenRegion());
  flat.getElseRegion().takeBody(branch.getElseRegion());
  rewriter.setInsertionPointAfter(flat);
  SmallVector<Value> results;
  unsigned next = 0;
  for (Value result : branch.getResults()) {
    auto type = dyn_cast<VectorType>(result.getType());
    unsigned count = type ? type.getNumElements() : 1;
    SmallVector<Value> elements(flat.getResults().slice(next, count));
    results.push_back(type ? fromElements(rewriter, loc, type, elements)
                           : elements.front());
    next += count;
  }
  rewriter.replaceOp(branch, results);
}

void tile::scalarizeLoops(gpu::GPUFuncOp func) {
  IRRewriter rewriter(func.getContext());
  SmallVector<Operation *> ops;
  func.walk([&](Operation *op) {
    if (isa<scf::ForOp, scf::IfOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    if (auto loop = dyn_cast<scf::ForOp>(op))
      scalarize(rewriter, loop);
    else
      scalarize(rewriter, cast<scf::IfOp>(op));
  }
}
