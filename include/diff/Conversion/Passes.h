//===- Passes.h - Conversions between levels --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_CONVERSION_PASSES_H
#define DIFF_CONVERSION_PASSES_H

#include "diff/Conversion/DiffToLinalg/DiffToLinalg.h"
#include "diff/Conversion/DiffToVector/DiffToVector.h"
#include "diff/Conversion/HostLowering/HostLowering.h"
#include "diff/Conversion/LinalgToVector/LinalgToVector.h"
#include "diff/Conversion/MathToNVVM/MathToNVVM.h"
#include "diff/Conversion/TileToNVVM/TileToNVVM.h"
#include "diff/Conversion/TiledToGPU/TiledToGPU.h"

namespace mlir::diff {
#define GEN_PASS_REGISTRATION
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

#endif // DIFF_CONVERSION_PASSES_H
