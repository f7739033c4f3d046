//===- Diff.cpp - C interface to the diff dialect -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff-c/Dialect/Diff.h"
#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/CAPI/IR.h"
#include "mlir/CAPI/Registration.h"
#include "mlir/CAPI/Support.h"

using namespace mlir;
using namespace mlir::diff;

MLIR_DEFINE_CAPI_DIALECT_REGISTRATION(Diff, diff, DiffDialect)

/// Creates an attribute, or emits an error and returns null.
template <typename AttrTy, typename... Args>
static MlirAttribute getChecked(MlirContext context, Args &&...args) {
  MLIRContext *ctx = unwrap(context);
  ctx->loadDialect<DiffDialect>();
  Attribute attribute = AttrTy::getChecked(
      [&] { return emitError(UnknownLoc::get(ctx)); }, ctx,
      std::forward<Args>(args)...);
  return wrap(attribute);
}

template <typename AttrTy> static AttrTy get(MlirAttribute attribute) {
  return cast<AttrTy>(unwrap(attribute));
}

//===----------------------------------------------------------------------===//
// Mask
//===----------------------------------------------------------------------===//

MlirAttribute diffMaskAttrGet(MlirContext context, int64_t left,
                              int64_t right) {
  return getChecked<MaskAttr>(context, left, right);
}

bool diffAttributeIsAMask(MlirAttribute attribute) {
  return isa_and_nonnull<MaskAttr>(unwrap(attribute));
}

int64_t diffMaskAttrGetLeft(MlirAttribute mask) {
  return get<MaskAttr>(mask).getLeft();
}

int64_t diffMaskAttrGetRight(MlirAttribute mask) {
  return get<MaskAttr>(mask).getRight();
}

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

MlirAttribute diffLayoutAttrGet(MlirContext context,
                                const int64_t *permutations[4],
                                const intptr_t sizes[4]) {
  auto list = [&](int operand) {
    return ArrayRef<int64_t>(permutations[operand],
                             static_cast<size_t>(sizes[operand]));
  };
  return getChecked<LayoutAttr>(context, list(0), list(1), list(2), list(3));
}

bool diffAttributeIsALayout(MlirAttribute attribute) {
  return isa_and_nonnull<LayoutAttr>(unwrap(attribute));
}

intptr_t diffLayoutAttrGetSize(MlirAttribute layout, MlirStringRef operand) {
  return get<LayoutAttr>(layout).getPermutation(unwrap(operand)).size();
}

int64_t diffLayoutAttrGetPosition(MlirAttribute layout, MlirStringRef operand,
                                  intptr_t index) {
  return get<LayoutAttr>(layout).getPermutation(unwrap(operand))[index];
}

//===----------------------------------------------------------------------===//
// Schedule
//===----------------------------------------------------------------------===//

DiffSchedule diffScheduleGetDefault() {
  DiffSchedule schedule = {};
  schedule.heads = 1;
  schedule.swizzle = true;
  return schedule;
}

MlirAttribute diffScheduleAttrGet(MlirContext context,
                                  const DiffSchedule *schedule) {
  return getChecked<ScheduleAttr>(
      context, schedule->heads, schedule->queries, schedule->keys,
      schedule->threads, schedule->stages, schedule->swizzle,
      schedule->rowSumOnMma, schedule->skipRescale, schedule->tf32);
}

bool diffAttributeIsASchedule(MlirAttribute attribute) {
  return isa_and_nonnull<ScheduleAttr>(unwrap(attribute));
}

DiffSchedule diffScheduleAttrGetValue(MlirAttribute attribute) {
  auto schedule = get<ScheduleAttr>(attribute);
  return {schedule.getHeads(),       schedule.getQueries(),
          schedule.getKeys(),        schedule.getThreads(),
          schedule.getStages(),      schedule.getSwizzle(),
          schedule.getRowSumOnMma(), schedule.getSkipRescale(),
          schedule.getTf32()};
}

//===----------------------------------------------------------------------===//
// Kernel
//===----------------------------------------------------------------------===//

MlirAttribute diffKernelAttrGet(MlirContext context, MlirStringRef op,
                                int64_t threads, bool reverse) {
  return getChecked<KernelAttr>(context, unwrap(op), threads, reverse);
}

bool diffAttributeIsAKernel(MlirAttribute attribute) {
  return isa_and_nonnull<KernelAttr>(unwrap(attribute));
}

MlirStringRef diffKernelAttrGetOp(MlirAttribute kernel) {
  return wrap(get<KernelAttr>(kernel).getOp());
}

int64_t diffKernelAttrGetThreads(MlirAttribute kernel) {
  return get<KernelAttr>(kernel).getThreads();
}

bool diffKernelAttrGetReverse(MlirAttribute kernel) {
  return get<KernelAttr>(kernel).getReverse();
}

//===----------------------------------------------------------------------===//
// Offsets
//===----------------------------------------------------------------------===//

MlirAttribute diffOffsetsAttrGet(MlirContext context, MlirStringRef tensor,
                                 int64_t dimension) {
  return getChecked<OffsetsAttr>(context, unwrap(tensor), dimension);
}

bool diffAttributeIsAOffsets(MlirAttribute attribute) {
  return isa_and_nonnull<OffsetsAttr>(unwrap(attribute));
}

MlirStringRef diffOffsetsAttrGetTensor(MlirAttribute offsets) {
  return wrap(get<OffsetsAttr>(offsets).getTensor());
}

int64_t diffOffsetsAttrGetDimension(MlirAttribute offsets) {
  return get<OffsetsAttr>(offsets).getDimension();
}
