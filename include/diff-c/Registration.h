/*===- diff-c/Registration.h - Registration of the project --------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* Registers the project's dialects, passes and pipelines in a compiler that  *|
|* uses MLIR's C API. Link DiffCompiler, and a library with MLIR's C API:     *|
|* DiffMLIRCAPI has the parts for IR, passes, and the arith, cf, func,        *|
|* linalg, scf and tensor dialects. A null registry stays unchanged.          *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef DIFF_C_REGISTRATION_H
#define DIFF_C_REGISTRATION_H

#include "diff-c/Export.h"
#include "mlir-c/IR.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Adds the dialects `diff` and `tile` and the models of upstream's interfaces
    (tiling, decomposition, bufferization) to a registry. */
DIFF_C_EXPORT void diffRegisterAllDialects(MlirDialectRegistry registry);

/** Adds everything that `diff-compile` needs: the dialects above, all dialects
   of upstream with their extensions, and the translations to LLVM IR. */
DIFF_C_EXPORT void diffRegisterCompilerDialects(MlirDialectRegistry registry);

/** Registers the passes and named pipelines, so that
    mlirParsePassPipeline and mlirOpPassManagerAddPipeline know their names. */
DIFF_C_EXPORT void diffRegisterAllPasses(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* DIFF_C_REGISTRATION_H */
