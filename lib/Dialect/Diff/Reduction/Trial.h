//===- Trial.h - Changes that keep a module interesting ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_DIALECT_DIFF_REDUCTION_TRIAL_H
#define DIFF_LIB_DIALECT_DIFF_REDUCTION_TRIAL_H

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Reducer/Tester.h"
#include "llvm/ADT/StringMap.h"
#include <memory>

namespace mlir {
class RewritePatternSet;
class RewriterBase;

namespace diff {

/// Changes the IR at an op. Fails, possibly after some changes, if it does not
/// apply. Must make progress, so that repeated changes end.
using Change = function_ref<LogicalResult(Operation *, RewriterBase &)>;

/// Tries changes on copies of the module.
///
/// The pass `reduction-tree` applies all patterns to all ops first and cannot
/// go on if the result is not interesting. A pattern that only makes accepted
/// changes avoids this.
class Trial {
public:
  explicit Trial(Tester &tester) : tester(tester) {}

  /// Makes the change if a copy of the module with it is valid and interesting.
  LogicalResult apply(Operation *op, RewriterBase &rewriter, Change change);

private:
  bool isAccepted(Operation *op, Change change);

  Tester &tester;
  /// Texts of modules, and whether they are interesting.
  llvm::StringMap<bool> known;
};

/// Returns the terminator of a function of one block, whose operands are the
/// results of the function, or null.
Operation *getReturn(FunctionOpInterface function);

/// Erases ops without uses and side effects before `end` in its block, and then
/// arguments of the function without uses. Returns true if there were any.
bool eraseUnused(FunctionOpInterface function, Operation *end,
                 RewriterBase &rewriter);

void populateFunctionReductions(RewritePatternSet &patterns,
                                std::shared_ptr<Trial> trial);
void populateAttentionReductions(RewritePatternSet &patterns,
                                 std::shared_ptr<Trial> trial);

} // namespace diff
} // namespace mlir

#endif // DIFF_LIB_DIALECT_DIFF_REDUCTION_TRIAL_H
