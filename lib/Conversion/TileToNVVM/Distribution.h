//===- Distribution.h - The part of a tile that a lane holds ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_CONVERSION_TILETONVVM_DISTRIBUTION_H
#define DIFF_LIB_CONVERSION_TILETONVVM_DISTRIBUTION_H

#include "diff/Dialect/Tile/IR/Tile.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/DialectConversion.h"

namespace mlir::diff::tile {

/// The position of a ring's slot in the dynamic shared memory of the block.
struct SlotInfo {
  RingOp ring;
  /// Bytes from the first slot of the ring, an i32; null for none.
  Value byteOffset;
};

/// The layouts of the values of a kernel, and the values that all lanes compute
/// once.
class Distribution {
public:
  explicit Distribution(gpu::GPUFuncOp func) : func(func) {}

  /// Reads layouts and slots from the kernel, and creates lane and warp.
  LogicalResult initialize();

  LayoutAttr getLayout(Value value) const { return layouts.lookup(value); }
  bool isDistributed(Value value) const { return layouts.count(value); }
  /// Returns null if the value is not a slot.
  const SlotInfo *getSlot(Value value) const {
    auto found = slots.find(value);
    return found == slots.end() ? nullptr : &found->second;
  }
  int64_t getNumThreads() const { return numThreads; }

  /// All are i32.
  Value getThread() const { return thread; }
  Value getLane() const { return lane; }
  Value getWarp() const { return warp; }
  /// The dynamic shared memory, an LLVM pointer to address space 3.
  Value getSharedBase() const { return sharedBase; }

private:
  gpu::GPUFuncOp func;
  llvm::DenseMap<Value, LayoutAttr> layouts;
  llvm::DenseMap<Value, SlotInfo> slots;
  int64_t numThreads = 0;
  Value thread, lane, warp, sharedBase;
};

/// A position along one dimension of a tile: a part that depends on the lane
/// and warp, and a constant for each register.
class DimPosition {
public:
  DimPosition(const Distribution &distribution, LayoutAttr layout, int64_t dim,
              int64_t size);

  /// The part of the lane and warp, an i32; null for 0.
  Value buildDynamic(OpBuilder &builder, Location loc) const;
  /// The part of a repetition and element.
  int64_t getConstant(int64_t repetition, int64_t element) const {
    return repetition * lanes * elems + element;
  }
  /// True if the dynamic part and the constants use different bits among the
  /// lowest three, so that their sum equals their exclusive or.
  bool isXorSafe() const;

private:
  const Distribution *distribution;
  int64_t warps, warpStride, lanes, laneStride, elems, repetitions;
};

/// Creates i32 arithmetic.
struct I32Builder {
  OpBuilder &b;
  Location loc;

  Value constant(int64_t value) const;
  Value add(Value lhs, Value rhs) const;
  Value mul(Value lhs, int64_t rhs) const;
  Value bitAnd(Value lhs, int64_t rhs) const;
  Value bitXor(Value lhs, Value rhs) const;
  Value shiftRight(Value lhs, int64_t rhs) const;
};

/// Iterates over all positions of a static shape, last dimension fastest.
void forEachIndex(ArrayRef<int64_t> shape,
                  function_ref<void(ArrayRef<int64_t>)> body);

/// Convert between a vector of any rank and its elements, last one fastest.
SmallVector<Value> getElements(OpBuilder &builder, Location loc, Value vector);
Value fromElements(OpBuilder &builder, Location loc, VectorType type,
                   ArrayRef<Value> elements);

/// A pattern that uses the distribution.
template <typename OpTy>
class DistributePattern : public OpConversionPattern<OpTy> {
public:
  DistributePattern(const TypeConverter &converter, MLIRContext *context,
                    const Distribution &distribution)
      : OpConversionPattern<OpTy>(converter, context),
        distribution(distribution) {}

protected:
  VectorType getLaneType(Value value) const {
    return dyn_cast_or_null<VectorType>(
        this->getTypeConverter()->convertType(value));
  }

  const Distribution &distribution;
};

/// Compares positions with bounds, on scalars.
void populateComparisonPatterns(RewritePatternSet &patterns);

// Each file of patterns defines one of these functions.
void populateElementwisePatterns(RewritePatternSet &patterns,
                                 const TypeConverter &converter,
                                 const Distribution &distribution);
void populateReductionPatterns(RewritePatternSet &patterns,
                               const TypeConverter &converter,
                               const Distribution &distribution);
void populateAccessPatterns(RewritePatternSet &patterns,
                            const TypeConverter &converter,
                            const Distribution &distribution);
void populateCopyPatterns(RewritePatternSet &patterns,
                          const TypeConverter &converter,
                          const Distribution &distribution);
void populateMmaSyncPatterns(RewritePatternSet &patterns,
                             const TypeConverter &converter,
                             const Distribution &distribution);

/// Sets, on every wait, the number of groups of copies that may stay in flight
/// (attribute `pending`): the groups that are committed after those it waits
/// for, on all paths to the wait.
void countPendingCopies(gpu::GPUFuncOp func);

/// Marks the copies that continue at their end in the previous iteration, and
/// makes loops carry their addresses after the copies are distributed.
void findCursors(gpu::GPUFuncOp func, int64_t numThreads);
void carryCursors(gpu::GPUFuncOp func);

/// Makes loops and branches pass the elements of vectors. Each element is a
/// register on every chip; a vector of two f32 would be a pair on some chips.
void scalarizeLoops(gpu::GPUFuncOp func);

} // namespace mlir::diff::tile

#endif // DIFF_LIB_CONVERSION_TILETONVVM_DISTRIBUTION_H
