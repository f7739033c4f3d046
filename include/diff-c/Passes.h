/*===- diff-c/Passes.h - Passes of the project --------------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* For each pass, a function that creates it with its default options, and    *|
|* one that registers it. The names are generated from the definitions, as    *|
|* mlirCreateDiffTransformsDiffTilePass. To set options, add the pass by text *|
|* (mlirOpPassManagerAddPipeline).                                            *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef DIFF_C_PASSES_H
#define DIFF_C_PASSES_H

#include "diff/Conversion/Passes.capi.h.inc"
#include "diff/Dialect/Diff/Transforms/Passes.capi.h.inc"
#include "diff/Dialect/Tile/Transforms/Passes.capi.h.inc"

#endif /* DIFF_C_PASSES_H */
