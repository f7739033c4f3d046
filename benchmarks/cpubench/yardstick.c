/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Loops that measure the peaks of a core: FMA, AMX, reading. machine.py compiles
   this file with the compiler of the system, so that the peaks do not depend on the
   compiler that they judge. */

#include <stddef.h>
#include <stdint.h>

#if defined(__AVX512F__)
#define BYTES 64
#define COLUMNS 4 /* vectors of a row of the control tile */
#elif defined(__AVX__)
#define BYTES 32
#define COLUMNS 2
#else
#define BYTES 16
#define COLUMNS 2
#endif

enum { LANES = BYTES / 4, CHAINS = 12, ROWS = 4, DEPTH = 64 };

typedef float Floats __attribute__((vector_size(BYTES)));
typedef int64_t Words __attribute__((vector_size(BYTES)));

int vectorBytes(void) { return BYTES; }

/* Multiply-adds in registers only. CHAINS covers the latency on all ports. The
   values tend to 1. Returns the FLOP. */
double runFMA(int64_t turns, float *result) {
  Floats sums[CHAINS], factor = {0}, summand = {0};
  factor += 0.5f;
  summand += 0.5f;
  for (int i = 0; i < CHAINS; ++i)
    sums[i] = summand + (float)i;
  for (int64_t turn = 0; turn < turns; ++turn)
    for (int i = 0; i < CHAINS; ++i)
      sums[i] = sums[i] * factor + summand;
  for (int i = 1; i < CHAINS; ++i)
    sums[0] += sums[i];
  *result = sums[0][0];
  return 2.0 * LANES * CHAINS * (double)turns;
}

/* The control: a register tile of a matrix product on operands in L1. Load and
   arithmetic ports are both busy, so that it suffers from a neighbor on the core as
   a real kernel does. `panel` has ROWS * DEPTH + COLUMNS * LANES * DEPTH floats. */
double runTile(int64_t turns, const float *panel, float *result) {
  Floats sums[ROWS][COLUMNS] = {0};
  const float *wide = panel + ROWS * DEPTH;
  for (int64_t turn = 0; turn < turns; ++turn) {
    for (int k = 0; k < DEPTH; ++k) {
      const Floats *row = (const Floats *)(wide + k * COLUMNS * LANES);
      for (int i = 0; i < ROWS; ++i)
        for (int j = 0; j < COLUMNS; ++j)
          sums[i][j] += row[j] * panel[k * ROWS + i];
    }
    /* The compiler must not keep what it read: the address may have changed. */
    __asm__ volatile("" : "+r"(panel), "+r"(wide));
  }
  Floats total = {0};
  for (int i = 0; i < ROWS; ++i)
    for (int j = 0; j < COLUMNS; ++j)
      total += sums[i][j];
  *result = total[0];
  return 2.0 * LANES * COLUMNS * ROWS * DEPTH * (double)turns;
}

int64_t countPanelFloats(void) {
  return (int64_t)ROWS * DEPTH + (int64_t)COLUMNS * LANES * DEPTH;
}

/* Reads whole vectors, all of them. Returns a sum of the words. */
int64_t readAll(const void *data, int64_t bytes) {
  Words sums[8] = {0};
  const char *at = data, *end = at + bytes / sizeof(sums) * sizeof(sums);
  for (; at != end; at += sizeof(sums))
    for (int i = 0; i < 8; ++i) {
      Words word;
      __builtin_memcpy(&word, at + i * BYTES, BYTES);
      sums[i] += word;
    }
  int64_t sum = 0;
  for (int i = 0; i < 8; ++i)
    for (int j = 0; j < BYTES / 8; ++j)
      sum += sums[i][j];
  return sum;
}

#ifdef __AMX_BF16__
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };

/* Asks the kernel for the tile registers. Returns 0 if it grants them. */
int requestAMX(void) {
  return (int)syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA);
}

/* Products of bf16 tiles in registers only, four sums. Returns the FLOP. */
double runAMX(int64_t turns) {
  struct {
    uint8_t palette, startRow, reserved[14];
    uint16_t rowBytes[16];
    uint8_t rows[16];
  } shape = {0};
  shape.palette = 1;
  for (int i = 0; i < 8; ++i) {
    shape.rowBytes[i] = 64;
    shape.rows[i] = 16;
  }
  _tile_loadconfig(&shape);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  _tile_zero(6);
  _tile_zero(7);
  for (int64_t turn = 0; turn < turns; ++turn) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
  return 4.0 * 2 * 16 * 16 * 32 * (double)turns;
}
#endif
