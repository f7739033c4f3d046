//===- Trial.cpp - Changes that keep a module interesting -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Trial.h"
#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/Dialect/Diff/Reduction/Reduction.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Reducer/ReductionPatternInterface.h"

using namespace mlir;
using namespace mlir::diff;

LogicalResult Trial::apply(Operation *op, RewriterBase &rewriter,
                           Change change) {
  return success(isAccepted(op, change) && succeeded(change(op, rewriter)));
}

bool Trial::isAccepted(Operation *op, Change change) {
  // Invalid copies are expected.
  ScopedDiagnosticHandler quiet(op->getContext(),
                                [](Diagnostic &) { return success(); });
  Operation *top = op;
  while (Operation *parent = top->getParentOp())
    top = parent;
  IRMapping mapping;
  OwningOpRef<ModuleOp> copy = cast<ModuleOp>(top->clone(mapping));
  IRRewriter rewriter(op->getContext());
  if (failed(change(mapping.lookup(op), rewriter)) || failed(verify(*copy)))
    return false;
  std::string text;
  llvm::raw_string_ostream stream(text);
  copy->print(stream);
  auto [entry, isNew] = known.try_emplace(text, false);
  if (isNew)
    entry->second =
        tester.isInteresting(*copy).first == Tester::Interestingness::True;
  return entry->second;
}

namespace {
struct DiffReductionPatterns : public DialectReductionPatternInterface {
  explicit DiffReductionPatterns(Dialect *dialect)
      : DialectReductionPatternInterface(dialect) {}

  void populateReductionPatterns(RewritePatternSet &) const final {}

  void populateReductionPatternsWithTester(RewritePatternSet &patterns,
                                           Tester &tester) const final {
    auto trial = std::make_shared<Trial>(tester);
    populateFunctionReductions(patterns, trial);
    populateAttentionReductions(patterns, trial);
  }
};
} // namespace

void diff::registerReductionPatternInterface(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, DiffDialect *dialect) {
    dialect->addInterfaces<DiffReductionPatterns>();
  });
}
