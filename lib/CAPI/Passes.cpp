//===- Passes.cpp - C interface to the passes -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff-c/Passes.h"
#include "diff/Conversion/Passes.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Dialect/Tile/Transforms/Passes.h"
#include "mlir/CAPI/Pass.h"
#include "mlir/Pass/Pass.h"

// The generated code names the functions of the passes without a namespace.
using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

extern "C" {
#include "diff/Conversion/Passes.capi.cpp.inc"
#include "diff/Dialect/Diff/Transforms/Passes.capi.cpp.inc"
#include "diff/Dialect/Tile/Transforms/Passes.capi.cpp.inc"
}
