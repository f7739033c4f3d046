/*===- Kmpc.c - The OpenMP interface of compiled code -------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* The functions that MLIR's OpenMP lowering calls for parallel regions with  *|
|* static loops. Their signatures are those of LLVM's OpenMP runtime.         *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#include "Internal.h"
#include "diff-c/Parallel.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The largest number of captured values. MLIR passes one struct. */
enum { kMaxValues = 4 };

/* How long members wait at a barrier before they sleep. The threads of an
   OpenMP runtime spin anyway. Those of the pool have just been woken, and may
   need the core of the thread that waits. */
enum { kOpenMPSpins = 1000, kPoolSpins = 0 };

typedef void (*Microtask)(int32_t *globalId, int32_t *id, ...);

typedef struct {
  Microtask body;
  int valueCount;
  void *values[kMaxValues];
  /* The members of a team survive a failed allocation, like their caller. */
  bool canFail;
  atomic_size_t failedBytes;
  DiffBarrier barrier;
  int spins;
} Region;

/* The innermost team that the calling thread is in. */
typedef struct {
  int id;
  int count;
  int depth;
  Region *region;
  /* Where a failed allocation returns to, or null. */
  struct Recovery *recovery;
} Team;

struct Recovery {
  jmp_buf place;
  volatile size_t failedBytes;
};

static _Thread_local Team team = {0, 1, 0, NULL, NULL};

static atomic_int threadLimit;

/*===----------------------------------------------------------------------===*\
|* Teams
\*===----------------------------------------------------------------------===*/

static void callBody(const Region *region, int32_t id) {
  int32_t globalId = id;
  void *const *v = region->values;
  switch (region->valueCount) {
  case 0:
    region->body(&globalId, &id);
    return;
  case 1:
    region->body(&globalId, &id, v[0]);
    return;
  case 2:
    region->body(&globalId, &id, v[0], v[1]);
    return;
  case 3:
    region->body(&globalId, &id, v[0], v[1], v[2]);
    return;
  default:
    region->body(&globalId, &id, v[0], v[1], v[2], v[3]);
  }
}

static _Noreturn void fail(size_t bytes) {
  team.recovery->failedBytes = bytes;
  longjmp(team.recovery->place, 1);
}

/* Runs a function until it returns or an allocation fails. Returns the bytes of
   the latter, or 0. */
static size_t recover(void (*function)(void *), void *data) {
  struct Recovery recovery;
  Team outer = team;
  team.recovery = &recovery;
  recovery.failedBytes = 0;
  if (_setjmp(recovery.place) == 0)
    function(data);
  team = outer;
  return recovery.failedBytes;
}

static void callMember(void *data) { callBody(data, team.id); }

/* A failure must not pass over the functions of a runtime that calls a member.
 */
static void runMember(Region *region, int id, int count,
                      bool isCalledByRuntime) {
  Team outer = team;
  team.id = id;
  team.count = count;
  ++team.depth;
  team.region = region;
  if (region->canFail && isCalledByRuntime) {
    size_t bytes = recover(callMember, region);
    if (bytes) {
      atomic_store(&region->failedBytes, bytes);
      diffBreak(&region->barrier);
    }
  } else {
    callBody(region, id);
  }
  team = outer;
}

static void runOnOpenMP(void *data) {
  const DiffOpenMP *omp = diffFindOpenMP();
  runMember(data, omp->getThreadNum(), omp->getNumThreads(), true);
}

static void runOnPool(void *data, int id, int count) {
  runMember(data, id, count, true);
}

static int limit(int threads) {
  int most = atomic_load_explicit(&threadLimit, memory_order_relaxed);
  return most > 0 && most < threads ? most : threads;
}

static void runTeam(Region *region) {
  /* Regions inside of a region have one thread. */
  int count = team.depth ? 1 : diffParallelGetThreads();
  if (count > 1) {
    const DiffOpenMP *omp = diffFindOpenMP();
    if (omp && !diffIsOpenMPStale()) {
      region->spins = kOpenMPSpins;
      omp->parallel(runOnOpenMP, region, (unsigned)count, 0);
      return;
    }
    DiffWork work = {runOnPool, region};
    region->spins = kPoolSpins;
    if (diffRunOnPool(&work, count))
      return;
  }
  runMember(region, 0, 1, false);
}

/*===----------------------------------------------------------------------===*\
|* Public functions
\*===----------------------------------------------------------------------===*/

void diffParallelSetThreads(int threads) {
  atomic_store_explicit(&threadLimit, threads, memory_order_relaxed);
}

int diffParallelGetThreads(void) {
  const DiffOpenMP *omp = diffFindOpenMP();
  return limit(omp ? omp->getMaxThreads() : diffGetDefaultThreads());
}

size_t diffParallelCall(void (*function)(void *data), void *data) {
  return function ? recover(function, data) : 0;
}

void diffParallelFailAllocation(size_t bytes) {
  if (team.recovery)
    fail(bytes ? bytes : 1);
  static atomic_flag isReported = ATOMIC_FLAG_INIT;
  if (!atomic_flag_test_and_set(&isReported)) {
    fprintf(stderr, "error: not enough memory: %zu bytes cannot be allocated\n",
            bytes);
    exit(1);
  }
  /* Another thread ends the process. */
  for (;;)
    pause();
}

const char *diffParallelGetProvider(void) {
  return diffFindOpenMP() && !diffIsOpenMPStale() ? "openmp" : "pool";
}

/*===----------------------------------------------------------------------===*\
|* The interface of compiled code
\*===----------------------------------------------------------------------===*/

void __kmpc_fork_call(void *location, int32_t count, Microtask body, ...) {
  Region region = {.body = body, .valueCount = count};
  va_list list;
  (void)location;
  if (count < 0 || count > kMaxValues) {
    fprintf(stderr,
            "error: a parallel region captures %d values; up to %d are legal\n",
            (int)count, kMaxValues);
    abort();
  }
  va_start(list, body);
  for (int i = 0; i < count; ++i)
    region.values[i] = va_arg(list, void *);
  va_end(list);
  region.canFail = team.recovery != NULL;
  runTeam(&region);
  if (region.failedBytes)
    fail(region.failedBytes);
}

int32_t __kmpc_global_thread_num(void *location) {
  (void)location;
  return team.id;
}

void __kmpc_barrier(void *location, int32_t id) {
  (void)location;
  (void)id;
  /* Members that wait for one that failed fail as well. */
  if (team.count > 1 &&
      !diffWait(&team.region->barrier, team.count, team.region->spins))
    fail(team.region->failedBytes);
}

void __kmpc_for_static_fini(void *location, int32_t id) {
  (void)location;
  (void)id;
}

/* The iterations of one thread: `first` is the number of its first one, and
   `count` how many it has. Threads get equal numbers, or one more. */
typedef struct {
  uint64_t first;
  uint64_t count;
} Share;

static Share getShare(uint64_t iterations) {
  uint64_t id = (uint64_t)team.id, threads = (uint64_t)team.count;
  uint64_t share = iterations / threads, rest = iterations % threads;
  Share result = {id * share + (id < rest ? id : rest), share + (id < rest)};
  return result;
}

/* Schedules of LLVM's runtime. Modifiers are in the high bits. */
enum { kStaticChunked = 33, kScheduleMask = 0xffff };

/* Narrows the bounds of a loop, both inclusive, to the iterations of the
   calling thread. A chunked schedule deals chunks to the threads in turn, and
   the caller advances the bounds by the stride. */
#define DEFINE_STATIC_INIT(suffix, T, U)                                       \
  void __kmpc_for_static_init_##suffix(                                        \
      void *location, int32_t globalId, int32_t schedule, int32_t *isLast,     \
      T *lower, T *upper, T *stride, T step, T chunk) {                        \
    (void)location;                                                            \
    (void)globalId;                                                            \
    bool isEmpty = step > 0 ? *lower > *upper : *lower < *upper;               \
    U span = step > 0 ? (U) * upper - (U) * lower : (U) * lower - (U) * upper; \
    U width = step > 0 ? (U)step : (U)0 - (U)step;                             \
    uint64_t iterations = isEmpty ? 0 : (uint64_t)(span / width) + 1;          \
    if ((schedule & kScheduleMask) == kStaticChunked) {                        \
      U size = chunk > 0 ? (U)chunk : 1;                                       \
      U id = (U)team.id;                                                       \
      *stride = (T)(size * (U)team.count * (U)step);                           \
      if (isLast)                                                              \
        *isLast = iterations &&                                                \
                  (iterations - 1) / size % (uint64_t)team.count == id;        \
      if (iterations <= (uint64_t)id * size) {                                 \
        *lower = (T)((U) * upper + (U)step);                                   \
        return;                                                                \
      }                                                                        \
      *lower = (T)((U) * lower + id * size * (U)step);                         \
      *upper = (T)((U) * lower + (size - 1) * (U)step);                        \
      return;                                                                  \
    }                                                                          \
    Share share = getShare(iterations);                                        \
    *stride = (T)((U)iterations * (U)step);                                    \
    if (isLast)                                                                \
      *isLast = share.count && share.first + share.count == iterations;        \
    if (!share.count) {                                                        \
      *lower = (T)((U) * upper + (U)step);                                     \
      return;                                                                  \
    }                                                                          \
    *lower = (T)((U) * lower + (U)share.first * (U)step);                      \
    *upper = (T)((U) * lower + (U)(share.count - 1) * (U)step);                \
  }

DEFINE_STATIC_INIT(4, int32_t, uint32_t)
DEFINE_STATIC_INIT(4u, uint32_t, uint32_t)
DEFINE_STATIC_INIT(8, int64_t, uint64_t)
DEFINE_STATIC_INIT(8u, uint64_t, uint64_t)
