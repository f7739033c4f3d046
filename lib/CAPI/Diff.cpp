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
  return read<MaskAttr>(mask, [](MaskAttr attr) { return attr.getLeft(); });
}

int64_t diffMaskAttrGetRight(MlirAttribute mask) {
  return read<MaskAttr>(mask, [](MaskAttr attr) { return attr.getRight(); });
}

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

MlirAttribute diffLayoutAttrGet(MlirContext context,
                                const int64_t *permutations[4],
                                const intptr_t sizes[4]) {
  if (!permutations || !sizes)
    return reportError(context, Twine("diffLayoutAttrGet: ") +
                                    (sizes ? "permutations" : "sizes") +
                                    " is null");
  for (int i = 0; i < 4; ++i)
    if (sizes[i] < 0 || (sizes[i] && !permutations[i]))
      return reportError(context, "diffLayoutAttrGet: the permutation " +
                                      Twine(i) + " has " + Twine(sizes[i]) +
                                      " elements" +
                                      (sizes[i] < 0 ? "" : " and is null"));
  auto list = [&](int operand) {
    return ArrayRef<int64_t>(permutations[operand],
                             static_cast<size_t>(sizes[operand]));
  };
  return getChecked<LayoutAttr, DiffDialect>(context, list(0), list(1), list(2),
                                             list(3));
}

bool diffAttributeIsALayout(MlirAttribute attribute) {
  return isA<LayoutAttr>(attribute);
}

intptr_t diffLayoutAttrGetSize(MlirAttribute layout, MlirStringRef operand) {
  return read<LayoutAttr>(layout, [&](LayoutAttr attr) {
    return static_cast<intptr_t>(attr.getPermutation(toString(operand)).size());
  });
}

int64_t diffLayoutAttrGetPosition(MlirAttribute layout, MlirStringRef operand,
                                  intptr_t index) {
  return read<LayoutAttr>(layout, [&](LayoutAttr attr) {
    return getElement(attr.getPermutation(toString(operand)), index);
  });
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
  if (!schedule)
    return reportError(context, "diffScheduleAttrGet: schedule is null");
  return getChecked<ScheduleAttr, DiffDialect>(
      context, schedule->heads, schedule->queries, schedule->keys,
      schedule->threads, schedule->stages, schedule->swizzle,
      schedule->rowSumOnMma, schedule->skipRescale, schedule->tf32,
      schedule->split);
}

bool diffAttributeIsASchedule(MlirAttribute attribute) {
  return isA<ScheduleAttr>(attribute);
}

DiffSchedule diffScheduleAttrGetValue(MlirAttribute attribute) {
  return read<ScheduleAttr>(attribute, [](ScheduleAttr attr) -> DiffSchedule {
    return {attr.getHeads(),       attr.getQueries(),     attr.getKeys(),
            attr.getThreads(),     attr.getStages(),      attr.getSwizzle(),
            attr.getRowSumOnMma(), attr.getSkipRescale(), attr.getTf32(),
            attr.getSplit()};
  });
}

//===----------------------------------------------------------------------===//
// Kernel
//===----------------------------------------------------------------------===//

MlirAttribute diffKernelAttrGet(MlirContext context, MlirStringRef op,
                                int64_t threads, bool reverse) {
  return getChecked<KernelAttr, DiffDialect>(context, toString(op), threads,
                                             reverse);
}

bool diffAttributeIsAKernel(MlirAttribute attribute) {
  return isA<KernelAttr>(attribute);
}

MlirStringRef diffKernelAttrGetOp(MlirAttribute kernel) {
  return wrap(
      read<KernelAttr>(kernel, [](KernelAttr attr) { return attr.getOp(); }));
}

int64_t diffKernelAttrGetThreads(MlirAttribute kernel) {
  return read<KernelAttr>(kernel,
                          [](KernelAttr attr) { return attr.getThreads(); });
}

bool diffKernelAttrGetReverse(MlirAttribute kernel) {
  return read<KernelAttr>(kernel,
                          [](KernelAttr attr) { return attr.getReverse(); });
}

//===----------------------------------------------------------------------===//
// Offsets
//===----------------------------------------------------------------------===//

MlirAttribute diffOffsetsAttrGet(MlirContext context, MlirStringRef tensor,
                                 int64_t dimension) {
  return getChecked<OffsetsAttr, DiffDialect>(context, toString(tensor),
                                              dimension);
}

bool diffAttributeIsAOffsets(MlirAttribute attribute) {
  return isA<OffsetsAttr>(attribute);
}

MlirStringRef diffOffsetsAttrGetTensor(MlirAttribute offsets) {
  return wrap(read<OffsetsAttr>(
      offsets, [](OffsetsAttr attr) { return attr.getTensor(); }));
}

int64_t diffOffsetsAttrGetDimension(MlirAttribute offsets) {
  return read<OffsetsAttr>(
      offsets, [](OffsetsAttr attr) { return attr.getDimension(); });
}
