//===- Diff.cpp - C interface to the diff dialect -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff-c/Dialect/Diff.h"
#include "Attributes.h"
#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/CAPI/Registration.h"

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::capi;

MLIR_DEFINE_CAPI_DIALECT_REGISTRATION(Diff, diff, DiffDialect)

//===----------------------------------------------------------------------===//
// Mask
//===----------------------------------------------------------------------===//

MlirAttribute diffMaskAttrGet(MlirContext context, int64_t left,
                              int64_t right) {
  return getChecked<MaskAttr, DiffDialect>(context, left, right);
}

bool diffAttributeIsAMask(MlirAttribute attribute) {
  return isA<MaskAttr>(attribute);
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
  return getChecked<LayoutAttr, DiffDialect>(context, list(0), list(1), list(2), list(3));
}

bool diffAttributeIsALayout(MlirAttribute attribute) {
  return isA<LayoutAttr>(attribute);
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
  return getChecked<ScheduleAttr, DiffDialect>(
      context, schedule->heads, schedule->queries, schedule->keys,
      schedule->threads, schedule->stages, schedule->swizzle,
      schedule->rowSumOnMma, schedule->skipRescale, schedule->tf32);
}

bool diffAttributeIsASchedule(MlirAttribute attribute) {
  return isA<ScheduleAttr>(attribute);
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
  return getChecked<KernelAttr, DiffDialect>(context, unwrap(op), threads, reverse);
}

bool diffAttributeIsAKernel(MlirAttribute attribute) {
  return isA<KernelAttr>(attribute);
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
  return getChecked<OffsetsAttr, DiffDialect>(context, unwrap(tensor), dimension);
}

bool diffAttributeIsAOffsets(MlirAttribute attribute) {
  return isA<OffsetsAttr>(attribute);
}

MlirStringRef diffOffsetsAttrGetTensor(MlirAttribute offsets) {
  return wrap(get<OffsetsAttr>(offsets).getTensor());
}

int64_t diffOffsetsAttrGetDimension(MlirAttribute offsets) {
  return get<OffsetsAttr>(offsets).getDimension();
}
