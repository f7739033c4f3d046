//===- HostLowering.h - Passes that lower host code -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_CONVERSION_HOSTLOWERING_HOSTLOWERING_H
#define DIFF_CONVERSION_HOSTLOWERING_HOSTLOWERING_H

#include "mlir/Pass/Pass.h"

namespace mlir::diff {
/// The function of a module that `diff-define-allocators` lets allocations call
/// that fail, with the number of bytes. It does not return.
constexpr llvm::StringLiteral kAllocationFailureName =
    "diff.report_allocation_failure";

/// The function of a module that returns whether its process may use AMX.
constexpr llvm::StringLiteral kAMXRequestName = "diff.request_amx";

#define GEN_PASS_DECL_DIFFDEFINEAMXREQUESTPASS
#define GEN_PASS_DECL_DIFFOUTLINEAMXPASS
#define GEN_PASS_DECL_DIFFMANGLEFUNCTIONSPASS
#define GEN_PASS_DECL_DIFFEXPORTFUNCTIONSPASS
#define GEN_PASS_DECL_DIFFDEFINEALLOCATORSPASS
#define GEN_PASS_DECL_DIFFMOVEBF16ASI16PASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

#endif // DIFF_CONVERSION_HOSTLOWERING_HOSTLOWERING_H
