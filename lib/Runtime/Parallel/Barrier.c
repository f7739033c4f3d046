/*===- Barrier.c - Barriers of a team -----------------------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "Internal.h"
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static void wake(DiffBarrier *barrier) {
  atomic_fetch_add(&barrier->phase, 1);
  syscall(SYS_futex, &barrier->phase, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL,
          0);
}

bool diffWait(DiffBarrier *barrier, int count, int spins) {
  unsigned phase = atomic_load(&barrier->phase);
  if (atomic_load(&barrier->isBroken))
    return false;
  if (atomic_fetch_add(&barrier->waiting, 1) + 1 == count) {
    atomic_store(&barrier->waiting, 0);
    wake(barrier);
    return !atomic_load(&barrier->isBroken);
  }
  for (int i = 0; i < spins && atomic_load(&barrier->phase) == phase; ++i)
    relax();
  while (atomic_load(&barrier->phase) == phase)
    syscall(SYS_futex, &barrier->phase, FUTEX_WAIT_PRIVATE, phase, NULL, NULL,
            0);
  return !atomic_load(&barrier->isBroken);
}

void diffBreak(DiffBarrier *barrier) {
  atomic_store(&barrier->isBroken, true);
  wake(barrier);
}
