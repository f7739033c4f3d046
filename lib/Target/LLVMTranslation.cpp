//===- LLVMTranslation.cpp - MLIR to LLVM IR ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Target/LLVMTranslation.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Target/LLVMIR/TypeToLLVM.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/IR/DerivedTypes.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

using namespace mlir;
using namespace mlir::diff;

/// Returns true if the op may be in the body of a module.
static bool isDeclaration(Operation &op) {
  return isa<SymbolOpInterface, LLVM::GlobalCtorsOp, LLVM::GlobalDtorsOp,
             LLVM::ModuleFlagsOp, LLVM::LinkerOptionsOp>(op) ||
         op.hasTrait<OpTrait::IsTerminator>();
}

/// Returns true if the op becomes a call of an intrinsic, which needs a
/// function. Other ops on constants become constants.
static bool isIntrinsic(Operation *op) {
  return !isa_and_nonnull<LLVM::LLVMDialect>(op->getDialect()) ||
         op->getName().getStringRef().starts_with("llvm.intr.");
}

static LogicalResult verifyDeclarations(Operation *module) {
  for (Operation &op : module->getRegion(0).getOps()) {
    if (!isDeclaration(op))
      return op.emitOpError("cannot be translated outside of a function");
    if (isa<FunctionOpInterface>(op))
      continue;
    // The initializer of a global.
    WalkResult walked = op.walk([&](Operation *nested) {
      if (nested == &op || !isIntrinsic(nested))
        return WalkResult::advance();
      nested->emitOpError("cannot be translated outside of a function");
      return WalkResult::interrupt();
    });
    if (walked.wasInterrupted())
      return failure();
  }
  return success();
}

static llvm::Intrinsic::ID getIntrinsic(NVVM::MmaOp op) {
  return NVVM::MmaOp::getIntrinsicID(
      op.getShape().getM(), op.getShape().getN(), op.getShape().getK(),
      op.getB1Op(), op.getIntOverflowBehavior(), op.getLayoutA(),
      op.getLayoutB(), *op.getMultiplicandAPtxType(),
      *op.getMultiplicandBPtxType(), op.accumPtxType(), op.resultPtxType());
}

static llvm::Intrinsic::ID getIntrinsic(NVVM::MmaSpOp op) {
  return NVVM::MmaSpOp::getIntrinsicID(
      op.getShape().getM(), op.getShape().getN(), op.getShape().getK(),
      op.getIntOverflowBehavior(), op.getOrderedMetadata(), op.getKind(),
      *op.getMultiplicandAPtxType(), *op.getMultiplicandBPtxType(),
      op.accumPtxType(), op.resultPtxType());
}

/// Upstream's verifier compares the shape with the type of one multiplicand
/// only.
template <typename MmaOp> static LogicalResult verifyMma(MmaOp op) {
  if (!op.getMultiplicandAPtxType() || !op.getMultiplicandBPtxType())
    return op.emitOpError("requires the types of both multiplicands");
  if (getIntrinsic(op) == llvm::Intrinsic::not_intrinsic)
    return op.emitOpError(
        "has no instruction for its shape, layouts and types");
  return success();
}

/// Upstream's translation derives the overloaded types of an intrinsic from the
/// operands and the result, but does not report missing operands.
static LogicalResult verifyCall(LLVM::CallIntrinsicOp op,
                                LLVM::TypeToLLVMIRTranslator &types,
                                llvm::LLVMContext &context) {
  llvm::Intrinsic::ID id = llvm::Intrinsic::lookupIntrinsicID(op.getIntrin());
  if (!id || !llvm::Intrinsic::isOverloaded(id))
    return success();
  auto translate = [&](Type type) { return types.translateType(type); };
  llvm::Type *result = op->getNumResults()
                           ? translate(op->getResult(0).getType())
                           : llvm::Type::getVoidTy(context);
  auto *type = llvm::FunctionType::get(
      result, llvm::map_to_vector(op.getArgs().getTypes(), translate),
      /*isVarArg=*/false);
  SmallVector<llvm::Intrinsic::IITDescriptor> table;
  llvm::Intrinsic::getIntrinsicInfoTableEntries(id, table);
  ArrayRef<llvm::Intrinsic::IITDescriptor> rest = table;
  SmallVector<llvm::Type *> overloads;
  if (llvm::Intrinsic::matchIntrinsicSignature(type, rest, overloads) ==
          llvm::Intrinsic::MatchIntrinsicTypes_Match &&
      llvm::Intrinsic::matchIntrinsicVarArg(/*isVarArg=*/false, rest))
    return op.emitOpError("has too few operands for '")
           << op.getIntrin() << "'";
  return success();
}

/// Rejects ops without an intrinsic of LLVM, for which upstream's translation
/// accesses invalid memory.
static LogicalResult verifyIntrinsics(Operation *module,
                                      llvm::LLVMContext &context) {
  LLVM::TypeToLLVMIRTranslator types(context);
  WalkResult walked = module->walk([&](Operation *op) {
    return WalkResult(TypeSwitch<Operation *, LogicalResult>(op)
                          .Case<NVVM::MmaOp, NVVM::MmaSpOp>(
                              [](auto mma) { return verifyMma(mma); })
                          .Case([&](LLVM::CallIntrinsicOp call) {
                            return verifyCall(call, types, context);
                          })
                          .Default(success()));
  });
  return failure(walked.wasInterrupted());
}

/// Rejects arrays, structs and functions of types that LLVM IR does not have,
/// which their verifiers accept and upstream's translation dereferences as
/// null.
static LogicalResult verifyTypes(Operation *module) {
  Type wrong;
  AttrTypeWalker walker;
  walker.addWalk([&](Type type) {
    if (!isa<LLVM::LLVMArrayType, LLVM::LLVMStructType, LLVM::LLVMFunctionType>(
            type) ||
        LLVM::isCompatibleType(type))
      return WalkResult::advance();
    wrong = type;
    return WalkResult::interrupt();
  });
  WalkResult walked = module->walk([&](Operation *op) {
    walker.walk(op->getAttrDictionary());
    for (Type type : op->getResultTypes())
      walker.walk(type);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Type type : block.getArgumentTypes())
          walker.walk(type);
    if (!wrong)
      return WalkResult::advance();
    op->emitOpError("has the type ")
        << wrong << ", which LLVM IR does not have";
    return WalkResult::interrupt();
  });
  return failure(walked.wasInterrupted());
}

std::unique_ptr<llvm::Module>
diff::translateToLLVMIR(Operation *module, llvm::LLVMContext &context) {
  if (failed(verifyDeclarations(module)) || failed(verifyTypes(module)) ||
      failed(verifyIntrinsics(module, context)))
    return nullptr;
  std::unique_ptr<llvm::Module> translated =
      translateModuleToLLVMIR(module, context);
  if (!translated)
    module->emitError("cannot be translated to LLVM IR");
  return translated;
}
