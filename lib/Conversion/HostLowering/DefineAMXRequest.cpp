//===- DefineAMXRequest.cpp - Ask the operating system for AMX ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/HostLowering/HostLowering.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFDEFINEAMXREQUESTPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

/// Linux's interface on x86-64.
static constexpr int64_t kArchPrctl = 158;            // SYS_arch_prctl
static constexpr int64_t kRequestPermission = 0x1023; // ARCH_REQ_XCOMP_PERM
static constexpr int64_t kTileData = 18;              // XFEATURE_XTILE_DATA

/// The answer of the operating system.
enum State : int32_t { Unknown = 0, Granted = 1, Refused = 2 };

namespace {
struct DiffDefineAMXRequest
    : public diff::impl::DiffDefineAMXRequestPassBase<DiffDefineAMXRequest> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    auto function = symbols.lookup<LLVM::LLVMFuncOp>(kAMXRequestName);
    if (function && function.isExternal())
      define(function, symbols);
  }

  void define(LLVM::LLVMFuncOp function, SymbolTable &symbols) {
    ImplicitLocOpBuilder b(function.getLoc(), &getContext());
    Type i32 = b.getI32Type(), i64 = b.getI64Type();
    auto pointer = LLVM::LLVMPointerType::get(&getContext());
    auto constant = [&](Type type, int64_t value) -> Value {
      return LLVM::ConstantOp::create(b, type, b.getIntegerAttr(type, value));
    };
    b.setInsertionPointToStart(getOperation().getBody());
    auto state = LLVM::GlobalOp::create(
        b, i32, /*isConstant=*/false, LLVM::Linkage::Internal, "diff.amx_state",
        b.getI32IntegerAttr(Unknown));
    symbols.insert(state);

    function.setLinkage(LLVM::Linkage::Internal);
    Block *entry = function.addEntryBlock(b);
    Block *ask = b.createBlock(&function.getBody());
    Block *answer = b.createBlock(&function.getBody());
    Value known = answer->addArgument(i32, b.getLoc());

    b.setInsertionPointToStart(entry);
    Value address = LLVM::AddressOfOp::create(b, pointer, state.getSymName());
    // Threads that ask at the same time get the same answer.
    Value before = LLVM::LoadOp::create(
        b, i32, address, /*alignment=*/4, /*isVolatile=*/false,
        /*isNonTemporal=*/false, /*isInvariant=*/false,
        /*isInvariantGroup=*/false, LLVM::AtomicOrdering::monotonic);
    Value isUnknown = LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::eq, before,
                                           constant(i32, Unknown));
    LLVM::CondBrOp::create(b, isUnknown, ask, ValueRange(), answer, before);

    b.setInsertionPointToStart(ask);
    Value error =
        LLVM::InlineAsmOp::create(
            b, i64,
            ValueRange{constant(i64, kArchPrctl),
                       constant(i64, kRequestPermission),
                       constant(i64, kTileData)},
            "syscall",
            "={rax},{rax},{rdi},{rsi},~{rcx},~{r11},~{memory},~{dirflag},"
            "~{fpsr},~{flags}",
            /*has_side_effects=*/true, /*is_align_stack=*/false,
            LLVM::tailcallkind::TailCallKind::None, LLVM::AsmDialectAttr(),
            ArrayAttr())
            .getResult(0);
    Value isGranted = LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::eq, error,
                                           constant(i64, 0));
    Value after = LLVM::SelectOp::create(b, isGranted, constant(i32, Granted),
                                         constant(i32, Refused));
    LLVM::StoreOp::create(b, after, address, /*alignment=*/4,
                          /*isVolatile=*/false, /*isNonTemporal=*/false,
                          /*isInvariantGroup=*/false,
                          LLVM::AtomicOrdering::monotonic);
    LLVM::BrOp::create(b, after, answer);

    b.setInsertionPointToStart(answer);
    LLVM::ReturnOp::create(b,
                           LLVM::ICmpOp::create(b, LLVM::ICmpPredicate::eq,
                                                known, constant(i32, Granted))
                               .getResult());
  }
};
} // namespace
