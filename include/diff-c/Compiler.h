/*===- diff-c/Compiler.h - C interface to the compile driver ------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* Compiles the text or bytecode of a module, as diff-opt --diff-compile      *|
|* --emit does, with the same driver. Needs no MLIR header; link DiffCompiler *|
|* or load it at run time.                                                    *|
|*                                                                            *|
|* All functions may be called from several threads at once. Nothing is       *|
|* printed: diagnostics go to a callback. A fault inside LLVM ends the        *|
|* process; to survive one, run diff-opt as a process of its own.             *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef DIFF_C_COMPILER_H
#define DIFF_C_COMPILER_H

#include "diff-c/Export.h"
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* NOLINTBEGIN(modernize-use-using): this is C. */

/** Options of a compilation. Start with diffCompileGetDefaultOptions, because
    later versions may add members. A null string is the default. */
typedef struct DiffCompileOptions {
  /** "host", another CPU such as "x86-64-v3", or a GPU such as "sm_90a". */
  const char *chip;
  /** The output: "mlir"; for a GPU also "llvm", "ptx", "cubin" and "manifest";
      for a CPU also "llvm", "object", "library" (a shared object), "header"
      and "manifest". Several kinds, separated by commas, come one after the
      other, each after a line with its name and its number of bytes. */
  const char *emit;
  /** The level of the output "mlir": "tiled", "kernel" or "hardware". */
  const char *stopAfter;
  /** Products of f32 on a GPU: "ieee" or "tf32". */
  const char *f32;
  /** Tiles on a GPU: "tensor-cores" or "threads". */
  const char *tiles;
  /** "line" keeps source locations in device code; "" does not. */
  const char *debug;
  /** The path of ptxas for "cubin"; "" to search for it as diff-opt does. */
  const char *ptxas;
  /** The name of the source in diagnostics. */
  const char *sourceName;
} DiffCompileOptions;

/** Returns the default: host, hardware level, as MLIR text. */
DIFF_C_EXPORT DiffCompileOptions diffCompileGetDefaultOptions(void);

typedef enum DiffCompileSeverity {
  DIFF_COMPILE_NOTE,
  DIFF_COMPILE_REMARK,
  DIFF_COMPILE_WARNING,
  DIFF_COMPILE_ERROR
} DiffCompileSeverity;

/** A diagnostic. The strings are valid during the call of the callback. */
typedef struct DiffCompileDiagnostic {
  DiffCompileSeverity severity;
  const char *message;
  /** The position in the source, from 1. The numbers are 0 if the diagnostic is
      about the whole source, and `file` is "" if it is not about the source. */
  const char *file;
  unsigned line, column;
} DiffCompileDiagnostic;

/** Is called for each diagnostic. Notes follow the diagnostic they belong to.
 */
typedef void (*DiffCompileCallback)(const DiffCompileDiagnostic *diagnostic,
                                    void *userData);

/** The bytes of an output. */
typedef struct DiffCompileOutput DiffCompileOutput;

/** Compiles a module, `size` bytes of text or bytecode, which need no
    terminating zero. Returns the output, or null after an error. A failure
   calls `callback` with exactly one error. `options` and `callback` may be
   null. */
DIFF_C_EXPORT DiffCompileOutput *diffCompile(const char *module, size_t size,
                                             const DiffCompileOptions *options,
                                             DiffCompileCallback callback,
                                             void *userData);

/** Returns the bytes of an output, followed by a zero that does not count. Null
    has none. */
DIFF_C_EXPORT const char *
diffCompileOutputGetData(const DiffCompileOutput *output);

/** Returns the number of bytes of an output. */
DIFF_C_EXPORT size_t diffCompileOutputGetSize(const DiffCompileOutput *output);

/** Frees an output. Null is legal. */
DIFF_C_EXPORT void diffCompileOutputDestroy(DiffCompileOutput *output);

/** Returns the version of the project, such as "0.1.0". */
DIFF_C_EXPORT const char *diffCompileGetVersion(void);

/* NOLINTEND(modernize-use-using) */

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* DIFF_C_COMPILER_H */
