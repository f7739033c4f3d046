/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

   call TENSOR…: calls the compiled function @attention. A tensor is four
   arguments: "in" or "out", a file, the size of an element, and its sizes, such
   as 1x33x4x32. Inputs must not change, outputs start as NaN, and all bytes
   around tensors must stay as they are. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kTensors = 12, kRank = 6, kGuard = 4096, kPoison = 0xff };

typedef struct {
  void *allocated;
  void *aligned;
  int64_t offset;
  /* Sizes, then strides. */
  int64_t numbers[2 * kRank];
} Descriptor;

typedef struct {
  int isOutput;
  const char *path;
  size_t bytes;
  /* With guards, as allocated and as before the call. */
  unsigned char *memory, *before;
  Descriptor descriptor;
} Tensor;

static void fail(const char *what, const char *path) {
  fprintf(stderr, "%s: %s\n", path, what);
  exit(1);
}

static void readShape(Tensor *tensor, size_t elementSize, const char *text) {
  int rank = 0;
  int64_t *sizes = tensor->descriptor.numbers, stride = 1;
  for (const char *next = text; *next;) {
    char *end = NULL;
    if (rank == kRank)
      fail("too many dimensions", tensor->path);
    sizes[rank++] = strtoll(next, &end, 10);
    next = *end == 'x' ? end + 1 : end;
  }
  for (int i = rank; i-- > 0;) {
    sizes[rank + i] = stride;
    stride *= sizes[i];
  }
  tensor->bytes = (size_t)stride * elementSize;
}

static void load(Tensor *tensor) {
  size_t all = tensor->bytes + 2 * (size_t)kGuard;
  tensor->memory = malloc(all);
  tensor->before = malloc(all);
  if (!tensor->memory || !tensor->before)
    fail("no memory", tensor->path);
  memset(tensor->memory, kPoison, all);
  if (!tensor->isOutput) {
    FILE *file = fopen(tensor->path, "rb");
    if (!file ||
        fread(tensor->memory + kGuard, 1, tensor->bytes, file) != tensor->bytes)
      fail("cannot be read", tensor->path);
    fclose(file);
  }
  memcpy(tensor->before, tensor->memory, all);
  tensor->descriptor.allocated = tensor->memory;
  tensor->descriptor.aligned = tensor->memory + kGuard;
}

static void finish(const Tensor *tensor) {
  if (tensor->isOutput) {
    memcpy(tensor->before + kGuard, tensor->memory + kGuard, tensor->bytes);
    FILE *file = fopen(tensor->path, "wb");
    if (!file ||
        fwrite(tensor->memory + kGuard, 1, tensor->bytes, file) !=
            tensor->bytes ||
        fclose(file) != 0)
      fail("cannot be written", tensor->path);
  }
  if (memcmp(tensor->before, tensor->memory,
             tensor->bytes + 2 * (size_t)kGuard) != 0)
    fail("memory that is no result was written", tensor->path);
}

/* Further arguments of a C function are ignored. */
void _mlir_ciface_attention(void *, void *, void *, void *, void *, void *,
                            void *, void *, void *, void *, void *, void *);

int main(int argc, char **argv) {
  static Tensor tensors[kTensors];
  void *p[kTensors] = {NULL};
  int count = (argc - 1) / 4;
  if (count > kTensors || argc % 4 != 1)
    fail("wrong arguments", argv[0]);
  for (int i = 0; i < count; ++i) {
    char **words = argv + 1 + 4 * i;
    tensors[i].isOutput = strcmp(words[0], "out") == 0;
    tensors[i].path = words[1];
    readShape(&tensors[i], strtoul(words[2], NULL, 10), words[3]);
    load(&tensors[i]);
    p[i] = &tensors[i].descriptor;
  }
  _mlir_ciface_attention(p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8],
                         p[9], p[10], p[11]);
  for (int i = 0; i < count; ++i)
    finish(&tensors[i]);
  return 0;
}
