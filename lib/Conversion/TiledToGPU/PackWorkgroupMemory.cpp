//===- PackWorkgroupMemory.cpp - Buffers in dynamic shared memory ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/TiledToGPU/TiledToGPU.h"
#include "diff/Dialect/Tile/Transforms/RowAlignment.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFPACKWORKGROUPMEMORYPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

namespace {
struct DiffPackWorkgroupMemory
    : public diff::impl::DiffPackWorkgroupMemoryPassBase<
          DiffPackWorkgroupMemory> {
  using DiffPackWorkgroupMemoryPassBase::DiffPackWorkgroupMemoryPassBase;

  LogicalResult pack(RewriterBase &rewriter, gpu::LaunchOp launch) {
    SmallVector<memref::AllocOp> buffers;
    WalkResult result = launch.walk([&](memref::AllocOp alloc) {
      MemRefType type = alloc.getType();
      if (!gpu::GPUDialect::hasWorkgroupMemoryAddressSpace(type) ||
          !type.hasStaticShape() || !type.getLayout().isIdentity()) {
        alloc.emitOpError("in a kernel must be a buffer of static size in "
                          "workgroup memory, found ")
            << type;
        return WalkResult::interrupt();
      }
      buffers.push_back(alloc);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return failure();
    if (buffers.empty())
      return success();
    Location loc = launch.getLoc();
    rewriter.setInsertionPointToStart(&launch.getBody().front());
    auto space = gpu::AddressSpaceAttr::get(
        rewriter.getContext(), gpu::GPUDialect::getWorkgroupAddressSpace());
    auto bytesType =
        MemRefType::get({ShapedType::kDynamic}, rewriter.getI8Type(),
                        MemRefLayoutAttrInterface(), space);
    Value memory = gpu::DynamicSharedMemoryOp::create(rewriter, loc, bytesType);
    int64_t size = 0;
    for (memref::AllocOp alloc : buffers) {
      MemRefType type = alloc.getType();
      Value offset =
          arith::ConstantIndexOp::create(rewriter, alloc.getLoc(), size);
      auto view = memref::ViewOp::create(rewriter, alloc.getLoc(), type, memory,
                                         offset, ValueRange());
      size += llvm::alignTo(type.getNumElements() *
                                tile::getElementBytes(type.getElementType()),
                            kMaxAccessBytes);
      rewriter.replaceOp(alloc, view);
    }
    if (limit > 0 && size > limit)
      return launch.emitOpError("needs ")
             << size << " bytes of shared memory in a block, more than the "
             << static_cast<int64_t>(limit)
             << " that the chip has; use a smaller schedule";
    rewriter.setInsertionPoint(launch);
    Value bytes = arith::ConstantOp::create(rewriter, loc,
                                            rewriter.getI32IntegerAttr(size));
    launch.getDynamicSharedMemorySizeMutable().assign(bytes);
    return success();
  }

  void runOnOperation() override {
    if (limit < 0) {
      getOperation().emitError("diff-pack-workgroup-memory: option 'limit' "
                               "must not be negative, found ")
          << static_cast<int64_t>(limit);
      return signalPassFailure();
    }
    IRRewriter rewriter(&getContext());
    SmallVector<gpu::LaunchOp> launches;
    getOperation().walk(
        [&](gpu::LaunchOp launch) { launches.push_back(launch); });
    for (gpu::LaunchOp launch : launches)
      if (failed(pack(rewriter, launch)))
        return signalPassFailure();
  }
};
} // namespace
