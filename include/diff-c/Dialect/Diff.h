/*===- diff-c/Dialect/Diff.h - C interface to the diff dialect ----*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* Functions that create an attribute return a null attribute, and emit an    *|
|* error in the context, if the parameters are not legal. Functions that read *|
|* a parameter return 0, false, an empty string or null if the attribute is   *|
|* of another kind, and 0 beyond the end of a list. The parameters are        *|
|* described with the attributes (DiffAttributes.td).                         *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef DIFF_C_DIALECT_DIFF_H
#define DIFF_C_DIALECT_DIFF_H

#include "diff-c/Export.h"
#include "mlir-c/IR.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Returns the handle of the dialect `diff`. */
DIFF_C_EXPORT MlirDialectHandle mlirGetDialectHandle__diff__(void);

/*===-- #diff.mask: the keys that a query sees ----------------------------===*/

/** Keys before and after the diagonal; -1 for all. */
DIFF_C_EXPORT MlirAttribute diffMaskAttrGet(MlirContext context, int64_t left,
                                            int64_t right);
DIFF_C_EXPORT bool diffAttributeIsAMask(MlirAttribute attribute);
DIFF_C_EXPORT int64_t diffMaskAttrGetLeft(MlirAttribute mask);
DIFF_C_EXPORT int64_t diffMaskAttrGetRight(MlirAttribute mask);

/*===-- #diff.layout: the order of the operands' dimensions ---------------===*/

/** The permutations of query, key, value and output, in this order, with the
    number of elements of each; 0 for the default order. */
DIFF_C_EXPORT MlirAttribute diffLayoutAttrGet(MlirContext context,
                                              const int64_t *permutations[4],
                                              const intptr_t sizes[4]);
DIFF_C_EXPORT bool diffAttributeIsALayout(MlirAttribute attribute);
/** Returns the number of elements of the permutation of an operand: "query",
    "key", "value" or "output". 0 for the default order, and for other names. */
DIFF_C_EXPORT intptr_t diffLayoutAttrGetSize(MlirAttribute layout,
                                             MlirStringRef operand);
DIFF_C_EXPORT int64_t diffLayoutAttrGetPosition(MlirAttribute layout,
                                                MlirStringRef operand,
                                                intptr_t index);

/*===-- #diff.schedule: the tile sizes ------------------------------------===*/

/** The parameters of a schedule. */
// NOLINTNEXTLINE(modernize-use-using): this is C.
typedef struct DiffSchedule {
  int64_t heads, queries, keys, threads, stages;
  bool swizzle, rowSumOnMma, skipRescale, tf32;
  int64_t split;
} DiffSchedule;

/** Returns the default of the optional parameters, and 0 queries and keys. */
DIFF_C_EXPORT DiffSchedule diffScheduleGetDefault(void);
DIFF_C_EXPORT MlirAttribute diffScheduleAttrGet(MlirContext context,
                                                const DiffSchedule *schedule);
DIFF_C_EXPORT bool diffAttributeIsASchedule(MlirAttribute attribute);
DIFF_C_EXPORT DiffSchedule diffScheduleAttrGetValue(MlirAttribute schedule);

/*===-- #diff.kernel: the kernel that a loop becomes ----------------------===*/

DIFF_C_EXPORT MlirAttribute diffKernelAttrGet(MlirContext context,
                                              MlirStringRef op, int64_t threads,
                                              bool reverse);
DIFF_C_EXPORT bool diffAttributeIsAKernel(MlirAttribute attribute);
DIFF_C_EXPORT MlirStringRef diffKernelAttrGetOp(MlirAttribute kernel);
DIFF_C_EXPORT int64_t diffKernelAttrGetThreads(MlirAttribute kernel);
DIFF_C_EXPORT bool diffKernelAttrGetReverse(MlirAttribute kernel);

/*===-- #diff.offsets: the tensor that an argument holds offsets into -----===*/

DIFF_C_EXPORT MlirAttribute diffOffsetsAttrGet(MlirContext context,
                                               MlirStringRef tensor,
                                               int64_t dimension);
DIFF_C_EXPORT bool diffAttributeIsAOffsets(MlirAttribute attribute);
DIFF_C_EXPORT MlirStringRef diffOffsetsAttrGetTensor(MlirAttribute offsets);
DIFF_C_EXPORT int64_t diffOffsetsAttrGetDimension(MlirAttribute offsets);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* DIFF_C_DIALECT_DIFF_H */
