/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * compile FILE [chip=C] [emit=E] [stop-after=L] [f32=F] [tiles=T] [debug=D]
 *         [ptxas=P] [threads=N] [repeat=N]
 * Compiles a file with the C interface and writes the output to standard
 * output. Prints each diagnostic on standard error. With threads=N, N threads
 * compile the file at the same time, and their outputs must be equal. */
#include "diff-c/Compiler.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *kSeverities[] = {"note", "remark", "warning", "error"};

struct Request {
  const char *bytes;
  size_t size;
  DiffCompileOptions options;
  DiffCompileOutput *output;
  int errors;
};

static void count(const DiffCompileDiagnostic *diagnostic, void *userData) {
  struct Request *request = userData;
  request->errors += diagnostic->severity == DIFF_COMPILE_ERROR;
  fprintf(stderr, "%s:%u:%u: %s: %s\n", diagnostic->file, diagnostic->line,
          diagnostic->column, kSeverities[diagnostic->severity],
          diagnostic->message);
}

static void *compile(void *argument) {
  struct Request *request = argument;
  request->output = diffCompile(request->bytes, request->size,
                                &request->options, count, request);
  return NULL;
}

static char *readFile(const char *path, size_t *size) {
  FILE *file = fopen(path, "rb");
  if (!file)
    return NULL;
  fseek(file, 0, SEEK_END);
  *size = (size_t)ftell(file);
  rewind(file);
  char *bytes = malloc(*size + 1);
  if (fread(bytes, 1, *size, file) != *size)
    return NULL;
  fclose(file);
  return bytes;
}

/* Returns the value of an argument name=value, or null. */
static const char *match(const char *argument, const char *name) {
  size_t length = strlen(name);
  return !strncmp(argument, name, length) && argument[length] == '='
             ? argument + length + 1
             : NULL;
}

int main(int argc, char **argv) {
  struct Request first = {0};
  first.options = diffCompileGetDefaultOptions();
  first.options.sourceName = argv[1];
  int threads = 1;
  struct {
    const char *name;
    const char **value;
  } options[] = {
      {"chip", &first.options.chip},
      {"emit", &first.options.emit},
      {"stop-after", &first.options.stopAfter},
      {"f32", &first.options.f32},
      {"tiles", &first.options.tiles},
      {"debug", &first.options.debug},
      {"ptxas", &first.options.ptxas},
  };
  for (int i = 2; i < argc; ++i) {
    for (size_t j = 0; j < sizeof(options) / sizeof(*options); ++j)
      if (match(argv[i], options[j].name))
        *options[j].value = match(argv[i], options[j].name);
    if (match(argv[i], "threads"))
      threads = atoi(match(argv[i], "threads"));
  }
  char *bytes = readFile(argv[1], &first.size);
  if (!bytes)
    return 3;
  first.bytes = bytes;
  struct Request *requests = calloc((size_t)threads, sizeof(*requests));
  pthread_t *ids = calloc((size_t)threads, sizeof(*ids));
  for (int i = 0; i < threads; ++i) {
    requests[i] = first;
    pthread_create(&ids[i], NULL, compile, &requests[i]);
  }
  int status = 0;
  for (int i = 0; i < threads; ++i) {
    pthread_join(ids[i], NULL);
    DiffCompileOutput *output = requests[i].output;
    /* Either an output, or exactly one error. */
    if ((output != NULL) != (requests[i].errors == 0) || requests[i].errors > 1)
      return 4;
    if (!output) {
      status = 1;
      continue;
    }
    const char *data = diffCompileOutputGetData(output);
    size_t size = diffCompileOutputGetSize(output);
    if (data[size] != 0)
      return 5;
    if (i == 0)
      fwrite(data, 1, size, stdout);
    else if (size != diffCompileOutputGetSize(requests[0].output) ||
             memcmp(data, diffCompileOutputGetData(requests[0].output), size))
      return 6;
  }
  for (int i = 0; i < threads; ++i)
    diffCompileOutputDestroy(requests[i].output);
  diffCompileOutputDestroy(NULL);
  free(requests);
  free(ids);
  free(bytes);
  return status;
}
