/*===- Compiler.c - Wrong calls of diff-c/Compiler.h --------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#include "diff-c/Compiler.h"
#include "Misuse.h"
#include <stdio.h>
#include <string.h>

/* All errors of a call; a failure has exactly one. */
static char errors[2048];

static const char *getMessage(void) { return errors; }

static void keep(const DiffCompileDiagnostic *diagnostic, void *userData) {
  (void)userData;
  if (diagnostic->severity != DIFF_COMPILE_ERROR)
    return;
  size_t used = strlen(errors);
  snprintf(errors + used, sizeof(errors) - used, "%s%s:%u: %s",
           used ? " AND " : "", diagnostic->file, diagnostic->line,
           diagnostic->message);
}

/* Returns 1 if there is an output. */
static int compileBytes(const char *module, size_t size,
                        const DiffCompileOptions *options) {
  DiffCompileOutput *output = diffCompile(module, size, options, keep, NULL);
  int isOutput = output != NULL;
  diffCompileOutputDestroy(output);
  return isOutput;
}

static int compile(const char *module) {
  return compileBytes(module, strlen(module), NULL);
}

/* Compiles the good module with some options. */
static int compileWith(DiffCompileOptions options) {
  return compileBytes(kScale, strlen(kScale), &options);
}

/* The other members are null, and therefore the defaults. */
#define WITH(...) compileWith((DiffCompileOptions){__VA_ARGS__})

static void misuseModules(void) {
  static const char bytecode[] = "ML\xefR\x0dtruncated";
  MISUSE(0, ":0: diffCompile: module is null", compileBytes(NULL, 5, NULL));
  MISUSE(0, "<module>:1: expected non-function type", compile("func.func @f("));
  MISUSE(0, "<module>:1: custom op 'no' is unknown (tried 'builtin.no' ...",
         compile("no module"));
  MISUSE(0, "<module>:0: malformed ...", compileBytes(bytecode, 14, NULL));
  MISUSE(0, "<module>:1: expected ...", compileBytes("func\0.func", 10, NULL));
  MISUSE(0,
         "<module>:1: Dialect `nowhere' not found for custom op 'nowhere.op' ",
         compile("nowhere.op"));
  MISUSE(0,
         "<module>:1: 'func.return' op has 0 operands, but enclosing function "
         "(@f) "
         "returns 1",
         compile("func.func @f() -> f32 { return }"));
  MISUSE(0, "<module>:1: dialect 'diff' provides no type parsing hook",
         compile("func.func @f(%x: tensor<4x!diff.none>) { return }"));
  /* Without a callback, the error is not printed. */
  MISUSE(1, "", diffCompile("no module", 9, NULL, NULL, NULL) == NULL);
}

static void misuseOptions(void) {
  MISUSE(0, ":0: unknown chip 'sm_70'; known are host, x86-64-v3...",
         WITH(.chip = "sm_70"));
  MISUSE(0, ":0: unknown chip ''; known are host, x86-64-v3...",
         WITH(.chip = ""));
  MISUSE(0, ":0: unknown chip 'host sm_80'; known are ...",
         WITH(.chip = "host sm_80"));
  MISUSE(0,
         ":0: emit must be one of mlir, llvm, object, library, header, "
         "manifest for a CPU, or mlir, llvm, ptx, cubin, manifest for a GPU, "
         "found 'elf'",
         WITH(.emit = "elf"));
  MISUSE(0, ":0: emit must be one of ..., found ''", WITH(.emit = ""));
  MISUSE(0, ":0: emit must be one of ..., found 'mlir,'",
         WITH(.emit = "mlir,"));
  MISUSE(0, ":0: emit must be one of ..., found 'ptx,object'",
         WITH(.emit = "ptx,object"));
  MISUSE(0, ":0: --emit=ptx is not for chip host; it has mlir, llvm, ...",
         WITH(.emit = "ptx"));
  MISUSE(0, ":0: --emit=object is not for chip sm_80; it has mlir, llvm, ...",
         WITH(.chip = "sm_80", .emit = "object"));
  MISUSE(
      0,
      "<module>:0: diff-compile: stop-after must be tiled, kernel or hardware, "
      "found 'end'",
      WITH(.stopAfter = "end"));
  MISUSE(0, ":0: stop-after=tiled is for --emit=mlir, found --emit=object",
         WITH(.stopAfter = "tiled", .emit = "object"));
  MISUSE(0, "<module>:0: diff-compile: f32 must be ieee or tf32, found 'f64'",
         WITH(.chip = "sm_80", .f32 = "f64"));
  MISUSE(0,
         "<module>:0: diff-compile: f32=tf32 and tiles=threads are for a GPU, "
         "found chip=host",
         WITH(.f32 = "tf32"));
  MISUSE(
      0,
      "<module>:0: diff-compile: tiles must be threads or tensor-cores, found "
      "'warps'",
      WITH(.chip = "sm_80", .tiles = "warps"));
  MISUSE(0, "<module>:0: diff-compile: debug must be line, found 'lines'",
         WITH(.chip = "sm_80", .debug = "lines"));
  MISUSE(0, ":0: --ptxas: '/nowhere' is not an executable file",
         WITH(.chip = "sm_80", .emit = "cubin", .ptxas = "/nowhere"));
  MISUSE(0, ":0: --ptxas: '/' is not an executable file",
         WITH(.chip = "sm_80", .emit = "cubin", .ptxas = "/"));
}

void misuseCompiler(void) {
  misuseModules();
  misuseOptions();
  MISUSE(0, "", diffCompileOutputGetSize(NULL));
  MISUSE(0, "", *diffCompileOutputGetData(NULL));
  MISUSE(0, "", (diffCompileOutputDestroy(NULL), 0));
}
