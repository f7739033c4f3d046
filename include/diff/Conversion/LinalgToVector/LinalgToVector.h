//===- LinalgToVector.h - linalg ops to vectors for CPUs --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_CONVERSION_LINALGTOVECTOR_LINALGTOVECTOR_H
#define DIFF_CONVERSION_LINALGTOVECTOR_LINALGTOVECTOR_H

#include "mlir/Pass/Pass.h"

namespace mlir::diff {
#define GEN_PASS_DECL_DIFFDISTRIBUTETOTASKSPASS
#define GEN_PASS_DECL_DIFFVECTORIZECONTRACTIONSPASS
#define GEN_PASS_DECL_DIFFVECTORIZEROWSPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

#endif // DIFF_CONVERSION_LINALGTOVECTOR_LINALGTOVECTOR_H
