//===- OutlineAMX.cpp - Functions with AMX instructions -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/HostLowering/HostLowering.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFOUTLINEAMXPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

namespace {
struct DiffOutlineAMX
    : public diff::impl::DiffOutlineAMXPassBase<DiffOutlineAMX> {
  void runOnOperation() override {
    SmallVector<scf::IfOp> branches;
    getOperation().walk([&](scf::IfOp op) {
      auto call = op.getCondition().getDefiningOp<func::CallOp>();
      if (call && call.getCallee() == kAMXRequestName)
        branches.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (auto [number, op] : llvm::enumerate(branches)) {
      func::FuncOp function;
      std::string name = ("diff.amx_" + Twine(number)).str();
      if (failed(outlineIfOp(rewriter, op, &function, name, nullptr, ""))) {
        op.emitError("cannot move the branch for AMX to a function");
        return signalPassFailure();
      }
      function.setPrivate();
      function->setAttr(
          "llvm.linkage",
          LLVM::LinkageAttr::get(&getContext(), LLVM::Linkage::Internal));
      // Other schedulers rename tiles after LLVM has configured those in use.
      function->setAttr(
          "passthrough",
          rewriter.getArrayAttr(
              {rewriter.getStringAttr("noinline"),
               rewriter.getStrArrayAttr({"tune-cpu", "sapphirerapids"})}));
    }
  }
};
} // namespace
