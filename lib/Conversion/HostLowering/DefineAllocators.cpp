//===- DefineAllocators.cpp - Allocation that reports its failure ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/HostLowering/HostLowering.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFDEFINEALLOCATORSPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

namespace {
/// A function that upstream's lowering of memrefs calls, and the function of
/// the C library that does its work.
struct Allocator {
  StringLiteral name;
  StringLiteral libraryName;
};

constexpr Allocator kAllocators[] = {
    {"_mlir_memref_to_llvm_alloc", "malloc"},
    {"_mlir_memref_to_llvm_aligned_alloc", "aligned_alloc"},
    {"_mlir_memref_to_llvm_free", "free"},
};

constexpr StringLiteral kFlagName = "diff.allocation_failed";
constexpr StringLiteral kTextName = "diff.allocation_failure_text";

/// Writes the functions of one module.
class AllocatorBuilder {
public:
  AllocatorBuilder(ModuleOp module, SymbolTable &symbols, StringRef streamName)
      : module(module), symbols(symbols), streamName(streamName),
        b(module.getContext()), loc(module.getLoc()),
        pointer(LLVM::LLVMPointerType::get(b.getContext())),
        i32(b.getI32Type()), size(b.getI64Type()) {}

  LogicalResult define(LLVM::LLVMFuncOp func, StringRef libraryName);

private:
  FailureOr<LLVM::LLVMFuncOp> declare(StringRef name, ArrayRef<Type> parameters,
                                      Type result, bool isVarArg = false);
  LogicalResult defineFailure();
  LLVM::GlobalOp createGlobal(Type type, bool isConstant, LLVM::Linkage linkage,
                              StringRef name, Attribute value);
  Value createConstant(Type type, int64_t value) {
    return LLVM::ConstantOp::create(b, loc, type,
                                    b.getIntegerAttr(type, value));
  }

  ModuleOp module;
  SymbolTable &symbols;
  StringRef streamName;
  OpBuilder b;
  Location loc;
  Type pointer, i32, size;
  LLVM::LLVMFuncOp reporter;
};
} // namespace

FailureOr<LLVM::LLVMFuncOp> AllocatorBuilder::declare(StringRef name,
                                                      ArrayRef<Type> parameters,
                                                      Type result,
                                                      bool isVarArg) {
  return LLVM::lookupOrCreateFn(b, module, name, parameters, result, isVarArg);
}

LLVM::GlobalOp AllocatorBuilder::createGlobal(Type type, bool isConstant,
                                              LLVM::Linkage linkage,
                                              StringRef name, Attribute value) {
  b.setInsertionPointToStart(module.getBody());
  auto global =
      LLVM::GlobalOp::create(b, loc, type, isConstant, linkage, name, value);
  symbols.insert(global);
  return global;
}

/// The first thread to fail prints the error and ends the process; others wait
/// for that.
LogicalResult AllocatorBuilder::defineFailure() {
  if (reporter)
    return success();
  Type none = LLVM::LLVMVoidType::get(b.getContext());
  auto print = declare("fprintf", {pointer, pointer}, i32, /*isVarArg=*/true);
  auto exit = declare("exit", {i32}, none);
  if (failed(print) || failed(exit))
    return failure();
  auto stream = symbols.lookup<LLVM::GlobalOp>(streamName);
  if (!stream)
    stream = createGlobal(pointer, /*isConstant=*/false,
                          LLVM::Linkage::External, streamName, Attribute());
  std::string text("error: not enough memory: %zu bytes cannot be allocated\n");
  text.push_back('\0');
  LLVM::GlobalOp format = createGlobal(
      LLVM::LLVMArrayType::get(b.getI8Type(), text.size()), /*isConstant=*/true,
      LLVM::Linkage::Internal, kTextName, b.getStringAttr(text));
  LLVM::GlobalOp flag =
      createGlobal(i32, /*isConstant=*/false, LLVM::Linkage::Internal,
                   kFlagName, b.getI32IntegerAttr(0));

  b.setInsertionPointToEnd(module.getBody());
  reporter = LLVM::LLVMFuncOp::create(b, loc, kAllocationFailureName,
                                      LLVM::LLVMFunctionType::get(none, {size}),
                                      LLVM::Linkage::Internal);
  symbols.insert(reporter);
  reporter.setNoInline(true);
  reporter.setPassthroughAttr(b.getStrArrayAttr({"cold", "noreturn"}));
  Block *entry = reporter.addEntryBlock(b);
  Block *first = b.createBlock(&reporter.getBody());
  Block *other = b.createBlock(&reporter.getBody());
  b.setInsertionPointToStart(entry);
  Value before = LLVM::AtomicRMWOp::create(
      b, loc, LLVM::AtomicBinOp::xchg, LLVM::AddressOfOp::create(b, loc, flag),
      createConstant(i32, 1), LLVM::AtomicOrdering::seq_cst);
  Value isFirst = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::eq, before,
                                       createConstant(i32, 0));
  LLVM::CondBrOp::create(b, loc, isFirst, first, other);
  b.setInsertionPointToStart(first);
  Value file = LLVM::LoadOp::create(b, loc, pointer,
                                    LLVM::AddressOfOp::create(b, loc, stream));
  Value formatAddress = LLVM::AddressOfOp::create(b, loc, format);
  LLVM::CallOp::create(b, loc, *print,
                       ValueRange{file, formatAddress, entry->getArgument(0)});
  LLVM::CallOp::create(b, loc, *exit, createConstant(i32, 1));
  LLVM::UnreachableOp::create(b, loc);
  b.setInsertionPointToStart(other);
  LLVM::BrOp::create(b, loc, other);
  return success();
}

LogicalResult AllocatorBuilder::define(LLVM::LLVMFuncOp func,
                                       StringRef libraryName) {
  LLVM::LLVMFunctionType type = func.getFunctionType();
  auto function = declare(libraryName, type.getParams(), type.getReturnType());
  if (failed(function))
    return failure();
  bool returnsMemory = isa<LLVM::LLVMPointerType>(type.getReturnType());
  if (returnsMemory && failed(defineFailure()))
    return failure();
  func.setLinkage(LLVM::Linkage::Internal);
  Block *entry = func.addEntryBlock(b);
  b.setInsertionPointToStart(entry);
  auto call = LLVM::CallOp::create(b, loc, *function, entry->getArguments());
  if (!returnsMemory) {
    LLVM::ReturnOp::create(b, loc, ValueRange());
    return success();
  }
  // A null pointer is a valid allocation of 0 bytes.
  Value bytes = entry->getArguments().back();
  Value memory = call.getResult();
  Value isNull = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::eq, memory,
                                      LLVM::ZeroOp::create(b, loc, pointer));
  Value isNeeded = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne, bytes,
                                        createConstant(bytes.getType(), 0));
  Value hasFailed = LLVM::AndOp::create(b, loc, isNull, isNeeded);
  Block *failed = b.createBlock(&func.getBody());
  Block *done = b.createBlock(&func.getBody());
  b.setInsertionPointToEnd(entry);
  LLVM::CondBrOp::create(b, loc, hasFailed, failed, done);
  b.setInsertionPointToStart(failed);
  LLVM::CallOp::create(b, loc, reporter, bytes);
  LLVM::UnreachableOp::create(b, loc);
  b.setInsertionPointToStart(done);
  LLVM::ReturnOp::create(b, loc, memory);
  return success();
}

namespace {
struct DiffDefineAllocators
    : public diff::impl::DiffDefineAllocatorsPassBase<DiffDefineAllocators> {
  using DiffDefineAllocatorsPassBase::DiffDefineAllocatorsPassBase;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    AllocatorBuilder builder(getOperation(), symbols, stream);
    for (const Allocator &allocator : kAllocators) {
      auto func = symbols.lookup<LLVM::LLVMFuncOp>(allocator.name);
      if (func && func.isExternal() &&
          failed(builder.define(func, allocator.libraryName)))
        return signalPassFailure();
    }
  }
};
} // namespace
