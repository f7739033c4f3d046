//===- ir-only.cpp - The IR without passes and models ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A frontend that only builds or reads the ops: it links MLIRDiffDialect and
// registers the dialect. Prints the op and the loaded dialects.
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

static constexpr llvm::StringLiteral kSource = R"mlir(
  %q = tensor.empty() : tensor<1x4x2x8xf32>
  %kv = tensor.empty() : tensor<1x4x1x8xf32>
  %lambda = tensor.empty() : tensor<1x4x1xf32>
  %init = tensor.empty() : tensor<1x4x1x8xf32>
  %0 = diff.attention
         ins(%q, %kv, %kv, %lambda : tensor<1x4x2x8xf32>, tensor<1x4x1x8xf32>,
             tensor<1x4x1x8xf32>, tensor<1x4x1xf32>)
         outs(%init : tensor<1x4x1x8xf32>)
         mask<causal> -> tensor<1x4x1x8xf32>
)mlir";

int main() {
  DialectRegistry registry;
  registry.insert<diff::DiffDialect>();
  MLIRContext context(registry);
  // Also loads the dialects that it depends on.
  context.loadDialect<diff::DiffDialect>();
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(kSource, ParserConfig(&context));
  if (!module)
    return 1;
  module->print(llvm::outs());
  llvm::outs() << "dialects:";
  for (Dialect *dialect : context.getLoadedDialects())
    llvm::outs() << ' ' << dialect->getNamespace();
  llvm::outs() << '\n';
  return 0;
}
