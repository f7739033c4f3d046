//===- MoveBf16AsI16.cpp - bf16 is moved as i16 ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/HostLowering/HostLowering.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TypeUtilities.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFMOVEBF16ASI16PASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

/// Returns the i16 scalar or vector type with the bits of a bf16 type.
static Type getIntegerType(Type type) {
  Type i16 = IntegerType::get(type.getContext(), 16);
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.clone(i16);
  return i16;
}

static bool isBf16(Type type) { return getElementTypeOrSelf(type).isBF16(); }

/// Returns true if a function is defined elsewhere, which fixes its signature.
static bool isDeclaration(Operation *op) {
  auto func = dyn_cast_or_null<LLVM::LLVMFuncOp>(op);
  return func && func.isExternal();
}

/// Returns true if an op only moves its operands, or is a constant, a symbol or
/// a region op, so that their type may change.
static bool isMove(Operation *op, SymbolTable &symbols) {
  if (auto call = dyn_cast<LLVM::CallOp>(op)) {
    std::optional<StringRef> callee = call.getCallee();
    return !callee || !isDeclaration(symbols.lookup(*callee));
  }
  if (!isa<LLVM::LLVMDialect>(op->getDialect()))
    return op->getNumRegions() != 0 || op->hasTrait<OpTrait::IsTerminator>();
  if (op->hasTrait<OpTrait::ConstantLike>() ||
      op->hasTrait<OpTrait::IsTerminator>())
    return true;
  return isa<LLVM::AllocaOp, LLVM::BitcastOp, LLVM::ExtractElementOp,
             LLVM::ExtractValueOp, LLVM::FreezeOp, LLVM::GEPOp, LLVM::GlobalOp,
             LLVM::InsertElementOp, LLVM::InsertValueOp, LLVM::LLVMFuncOp,
             LLVM::LoadOp, LLVM::MaskedLoadOp, LLVM::MaskedStoreOp,
             LLVM::SelectOp, LLVM::ShuffleVectorOp, LLVM::StoreOp,
             LLVM::masked_compressstore, LLVM::masked_expandload,
             LLVM::masked_gather, LLVM::masked_scatter,
             LLVM::vector_deinterleave2, LLVM::vector_extract,
             LLVM::vector_insert, LLVM::vector_interleave2>(op);
}

/// Converts bf16 to i16 in types and attributes; constants keep their bits.
static void addReplacements(AttrTypeReplacer &replacer, MLIRContext *context) {
  Type i16 = IntegerType::get(context, 16);
  using Replacement = std::optional<std::pair<Attribute, WalkResult>>;
  replacer.addReplacement([=](BFloat16Type) -> Type { return i16; });
  // A converted constant has no parts to convert.
  replacer.addReplacement([=](FloatAttr number) -> Replacement {
    if (!number.getType().isBF16())
      return std::nullopt;
    return std::pair(IntegerAttr::get(i16, number.getValue().bitcastToAPInt()),
                     WalkResult::skip());
  });
  replacer.addReplacement([=](DenseFPElementsAttr elements) -> Replacement {
    if (!elements.getElementType().isBF16())
      return std::nullopt;
    return std::pair(DenseElementsAttr(elements).bitcast(i16),
                     WalkResult::skip());
  });
}

/// Inserts a pair of casts for each operand and result of an op that computes:
/// the op keeps bf16, and the values outside can become i16.
static void castAround(OpBuilder &b, Operation *op,
                       llvm::SmallPtrSetImpl<Operation *> &kept) {
  Location loc = op->getLoc();
  kept.insert(op);
  b.setInsertionPoint(op);
  for (OpOperand &operand : op->getOpOperands()) {
    Type type = operand.get().getType();
    if (!isBf16(type))
      continue;
    Value bits =
        LLVM::BitcastOp::create(b, loc, getIntegerType(type), operand.get());
    auto cast = LLVM::BitcastOp::create(b, loc, type, bits);
    kept.insert(cast);
    operand.set(cast);
  }
  b.setInsertionPointAfter(op);
  for (Value result : op->getResults()) {
    Type type = result.getType();
    if (!isBf16(type))
      continue;
    auto bits = LLVM::BitcastOp::create(b, loc, getIntegerType(type), result);
    Value cast = LLVM::BitcastOp::create(b, loc, type, bits);
    result.replaceAllUsesExcept(cast, bits);
  }
}

namespace {
struct DiffMoveBf16AsI16
    : public diff::impl::DiffMoveBf16AsI16PassBase<DiffMoveBf16AsI16> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    SmallVector<Operation *> computing;
    llvm::SmallPtrSet<Operation *, 16> kept;
    for (Operation &symbol : *module.getBody())
      if (isDeclaration(&symbol))
        kept.insert(&symbol);
      else
        symbol.walk([&](Operation *op) {
          if ((llvm::any_of(op->getOperandTypes(), isBf16) ||
               llvm::any_of(op->getResultTypes(), isBf16)) &&
              !isMove(op, symbols))
            computing.push_back(op);
        });
    OpBuilder b(&getContext());
    for (Operation *op : computing)
      castAround(b, op, kept);

    AttrTypeReplacer replacer;
    addReplacements(replacer, &getContext());
    for (Operation &symbol : *module.getBody())
      symbol.walk([&](Operation *op) {
        if (!kept.contains(op))
          replacer.replaceElementsIn(op, /*replaceAttrs=*/true,
                                     /*replaceLocs=*/false,
                                     /*replaceTypes=*/true);
      });
    module.walk([](LLVM::BitcastOp cast) {
      if (cast.getArg().getType() != cast.getType())
        return;
      cast.replaceAllUsesWith(cast.getArg());
      cast.erase();
    });
  }
};
} // namespace
