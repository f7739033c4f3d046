//===- TiledToGPU.h - From tiles to a GPU kernel ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_CONVERSION_TILEDTOGPU_TILEDTOGPU_H
#define DIFF_CONVERSION_TILEDTOGPU_TILEDTOGPU_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Pass/Pass.h"

namespace mlir::diff {
#define GEN_PASS_DECL_DIFFPLACEWORKGROUPMEMORYPASS
#define GEN_PASS_DECL_DIFFDISTRIBUTETOBLOCKSPASS
#define GEN_PASS_DECL_DIFFDISTRIBUTETOTHREADSPASS
#define GEN_PASS_DECL_DIFFMAPTOGPUPASS
#define GEN_PASS_DECL_DIFFPACKWORKGROUPMEMORYPASS
#define GEN_PASS_DECL_DIFFFLATTENKERNELARGUMENTSPASS
#define GEN_PASS_DECL_DIFFLOWERTHREADVECTORSPASS
#define GEN_PASS_DECL_DIFFANNOTATEKERNELSPASS
#include "diff/Conversion/Passes.h.inc"

/// Bytes of the widest access of a thread, and the alignment of every buffer:
/// on all chips, a PTX instruction moves at most 16 bytes.
constexpr int64_t kMaxAccessBytes = 16;

/// Return true if the loop is mapped to GPU blocks, or to threads.
bool isMappedToBlocks(scf::ForallOp forall);
bool isMappedToThreads(scf::ForallOp forall);
} // namespace mlir::diff

#endif // DIFF_CONVERSION_TILEDTOGPU_TILEDTOGPU_H
