//===- FunctionSymbols.cpp - Names of compiled functions ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/HostLowering/HostLowering.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/OpenMP/OpenMPDialect.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFMANGLEFUNCTIONSPASS
#define GEN_PASS_DEF_DIFFEXPORTFUNCTIONSPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

/// Identifiers in C contain no dot.
static constexpr StringLiteral kPrefix = "diff.";
/// The prefix of the C wrappers that upstream's lowering of functions creates.
static constexpr StringLiteral kWrapperPrefix = "_mlir_ciface_";

static LogicalResult rename(SymbolTable &symbols, Operation *op,
                            const Twine &name) {
  StringAttr attribute = StringAttr::get(op->getContext(), name);
  if (symbols.lookup(attribute))
    return op->emitError("needs the symbol '")
           << attribute.getValue()
           << "', which another function or global has; rename that one";
  return symbols.rename(op, attribute);
}

/// Returns the first op that was not lowered, or else the first cast.
static Operation *findUnlowered(ModuleOp module) {
  Operation *cast = nullptr, *unlowered = nullptr;
  module.walk([&](Operation *op) {
    if (isa<ModuleOp>(op) ||
        isa<LLVM::LLVMDialect, omp::OpenMPDialect>(op->getDialect()))
      return WalkResult::advance();
    if (isa<UnrealizedConversionCastOp>(op)) {
      cast = cast ? cast : op;
      return WalkResult::advance();
    }
    unlowered = op;
    return WalkResult::interrupt();
  });
  return unlowered ? unlowered : cast;
}

static LogicalResult verifyLowered(ModuleOp module) {
  Operation *op = findUnlowered(module);
  if (!op)
    return success();
  InFlightDiagnostic error = op->emitOpError("cannot be compiled for a CPU");
  SmallVector<Type> types(op->getOperandTypes());
  llvm::append_range(types, op->getResultTypes());
  if (!types.empty()) {
    error << "; its types are ";
    llvm::interleaveComma(types, error);
  }
  return failure();
}

namespace {
struct DiffMangleFunctions
    : public diff::impl::DiffMangleFunctionsPassBase<DiffMangleFunctions> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    Builder b(&getContext());
    for (auto func :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (func.isExternal())
        continue;
      if (func.isPublic())
        func->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(),
                      b.getUnitAttr());
      func->setAttr(
          "llvm.linkage",
          LLVM::LinkageAttr::get(&getContext(), LLVM::Linkage::Internal));
      if (failed(rename(symbols, func, kPrefix + func.getName())))
        return signalPassFailure();
    }
  }
};

struct DiffExportFunctions
    : public diff::impl::DiffExportFunctionsPassBase<DiffExportFunctions> {
  void runOnOperation() override {
    if (failed(verifyLowered(getOperation())))
      return signalPassFailure();
    SymbolTable symbols(getOperation());
    SmallString<32> prefix(kWrapperPrefix);
    prefix += kPrefix;
    for (auto func : llvm::make_early_inc_range(
             getOperation().getOps<LLVM::LLVMFuncOp>())) {
      StringRef name = func.getName();
      if (name.consume_front(prefix) &&
          failed(rename(symbols, func, kWrapperPrefix + name)))
        return signalPassFailure();
    }
  }
};
} // namespace
