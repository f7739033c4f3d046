/*===- ParallelCheck.c - Checks of the parallel runtime -----------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* parallel-check MODE: one process for each check, because the libraries     *|
|* that are loaded and the environment determine where threads come from.     *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "diff-c/Parallel.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What compiled code imports. */
typedef void (*Microtask)(int32_t *globalId, int32_t *id, ...);
void __kmpc_fork_call(void *, int32_t count, Microtask body, ...);
int32_t __kmpc_global_thread_num(void *);
void __kmpc_barrier(void *, int32_t);
void __kmpc_for_static_fini(void *, int32_t);
#define DECLARE_INIT(suffix, T)                                                \
  void __kmpc_for_static_init_##suffix(void *, int32_t, int32_t, int32_t *,    \
                                       T *, T *, T *, T, T);
DECLARE_INIT(4, int32_t)
DECLARE_INIT(4u, uint32_t)
DECLARE_INIT(8, int64_t)
DECLARE_INIT(8u, uint64_t)

enum { kStatic = 34, kStaticChunked = 33 };
enum { kMost = 1000, kMostThreads = 1024 };

#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      printf("line %d: %s\n", __LINE__, #condition);                           \
      fflush(stdout);                                                          \
      _exit(1);                                                                \
    }                                                                          \
  } while (0)

/*===----------------------------------------------------------------------===*\
|* A loop as MLIR lowers it
\*===----------------------------------------------------------------------===*/

typedef struct {
  uint64_t count;
  int schedule;
  uint64_t chunk;
  bool nested;
  atomic_int visits[kMost];
  atomic_int lasts;
  atomic_int threads;
  atomic_bool wrongId;
  atomic_int beforeBarrier;
  atomic_bool passedEarly;
} Loop;

static void runNested(int32_t *globalId, int32_t *id, ...) {
  atomic_int *sum;
  va_list list;
  va_start(list, id);
  sum = va_arg(list, atomic_int *);
  va_end(list);
  CHECK(*id == 0);
  atomic_fetch_add(sum, 1);
}

static void runLoop(int32_t *globalId, int32_t *id, ...) {
  Loop *loop;
  va_list list;
  va_start(list, id);
  loop = va_arg(list, Loop *);
  va_end(list);
  int32_t number = __kmpc_global_thread_num(NULL);
  if (number != *id || number != *globalId)
    atomic_store(&loop->wrongId, true);
  atomic_fetch_add(&loop->threads, 1);
  if (loop->count) {
    int32_t last = 0;
    uint64_t lower = 0, upper = loop->count - 1, stride = 1;
    __kmpc_for_static_init_8u(NULL, number, loop->schedule, &last, &lower,
                              &upper, &stride, 1, loop->chunk);
    atomic_fetch_add(&loop->lasts, last);
    for (uint64_t begin = lower; begin < loop->count; begin += stride) {
      for (uint64_t i = begin; i <= upper && i < loop->count; ++i)
        atomic_fetch_add(&loop->visits[i], 1);
      upper += stride;
      if (loop->schedule == kStatic)
        break;
    }
    __kmpc_for_static_fini(NULL, number);
  }
  if (loop->nested) {
    atomic_int sum = 0;
    __kmpc_fork_call(NULL, 1, runNested, &sum);
    CHECK(sum == 1);
    CHECK(__kmpc_global_thread_num(NULL) == number);
  }
  /* No thread passes before all have arrived. */
  atomic_fetch_add(&loop->beforeBarrier, 1);
  __kmpc_barrier(NULL, number);
  if (atomic_load(&loop->beforeBarrier) % atomic_load(&loop->threads) != 0)
    atomic_store(&loop->passedEarly, true);
  __kmpc_barrier(NULL, number);
}

/* Returns the number of threads that ran the loop. */
static int checkLoop(uint64_t count, int schedule, uint64_t chunk,
                     bool nested) {
  Loop *loop = calloc(1, sizeof(*loop));
  loop->count = count;
  loop->schedule = schedule;
  loop->chunk = chunk;
  loop->nested = nested;
  __kmpc_fork_call(NULL, 1, runLoop, loop);
  for (int i = 0; i < kMost; ++i)
    CHECK(loop->visits[i] == ((uint64_t)i < count ? 1 : 0));
  CHECK(loop->lasts == (count ? 1 : 0));
  CHECK(!loop->wrongId);
  CHECK(!loop->passedEarly);
  int threads = loop->threads;
  free(loop);
  return threads;
}

static void checkLoops(int threads) {
  for (int repeat = 0; repeat < 200; ++repeat)
    for (uint64_t count = 0; count < 10; ++count)
      CHECK(checkLoop(count, kStatic, 0, false) == threads);
  for (uint64_t chunk = 1; chunk < 12; ++chunk)
    for (uint64_t count = 1; count < 40; ++count)
      CHECK(checkLoop(count, kStaticChunked, chunk, false) == threads);
  CHECK(checkLoop(kMost, kStatic, 0, true) == threads);
}

/*===----------------------------------------------------------------------===*\
|* Checks
\*===----------------------------------------------------------------------===*/

/* Loops of other types, with steps, outside of a region: one thread has all. */
static void checkBounds(void) {
  int32_t last = 0;
  int32_t low4 = -7, high4 = 8, stride4 = 0;
  __kmpc_for_static_init_4(NULL, 0, kStatic, &last, &low4, &high4, &stride4, 3,
                           0);
  CHECK(last == 1 && low4 == -7 && high4 == 8 && stride4 == 18);
  low4 = 5, high4 = -5;
  __kmpc_for_static_init_4(NULL, 0, kStatic, &last, &low4, &high4, &stride4, -5,
                           0);
  CHECK(last == 1 && low4 == 5 && high4 == -5);
  low4 = 3, high4 = 2;
  __kmpc_for_static_init_4(NULL, 0, kStatic, &last, &low4, &high4, &stride4, 1,
                           0);
  CHECK(last == 0 && low4 > high4);
  uint32_t low4u = 0, high4u = UINT32_MAX, stride4u = 0;
  __kmpc_for_static_init_4u(NULL, 0, kStatic, NULL, &low4u, &high4u, &stride4u,
                            1, 0);
  CHECK(low4u == 0 && high4u == UINT32_MAX);
  int64_t low8 = INT64_MIN, high8 = INT64_MIN + 9, stride8 = 0;
  __kmpc_for_static_init_8(NULL, 0, kStatic, &last, &low8, &high8, &stride8, 4,
                           0);
  CHECK(last == 1 && low8 == INT64_MIN && high8 == INT64_MIN + 8);
}

static void *runInThread(void *data) {
  checkLoops(*(int *)data);
  return NULL;
}

static void *runAnyTeam(void *data) {
  for (int i = 0; i < 500; ++i) {
    int threads = checkLoop(100, kStatic, 0, i % 50 == 0);
    CHECK(threads >= 1 && threads <= kMostThreads);
  }
  return data;
}

/* A pool serves one thread at a time: another one runs its loop alone. */
static void checkCallers(void) {
  pthread_t threads[4];
  for (int i = 0; i < 4; ++i)
    CHECK(!pthread_create(&threads[i], NULL, runAnyTeam, NULL));
  for (int i = 0; i < 4; ++i)
    CHECK(!pthread_join(threads[i], NULL));
}

/* The children of a process with threads have threads. */
static void checkFork(int threads) {
  checkLoops(threads);
  for (int i = 0; i < 20; ++i) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      alarm(20);
      CHECK(!strcmp(diffParallelGetProvider(), "pool"));
      CHECK(checkLoop(100, kStatic, 0, false) == threads);
      pid_t grandchild = fork();
      if (grandchild == 0) {
        alarm(20);
        CHECK(checkLoop(100, kStatic, 0, false) == threads);
        _exit(0);
      }
      int status = 0;
      CHECK(waitpid(grandchild, &status, 0) == grandchild && status == 0);
      _exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
  }
  CHECK(checkLoop(100, kStatic, 0, false) == threads);
}

typedef struct {
  int member;
  int place;
} Failure;

/* Fails in one member of a team, in a region inside of it, or outside. */
static void failInMember(int32_t *globalId, int32_t *id, ...) {
  va_list list;
  va_start(list, id);
  Failure *failure = va_arg(list, Failure *);
  va_end(list);
  if (*id == failure->member && failure->place == 1)
    diffParallelFailAllocation(77);
  if (failure->place == 2) {
    Failure inner = {0, *id == failure->member ? 1 : 3};
    __kmpc_fork_call(NULL, 1, failInMember, &inner);
  }
  __kmpc_barrier(NULL, *globalId);
  __kmpc_barrier(NULL, *globalId);
}

static void callAndFail(void *data) {
  Failure *failure = data;
  if (failure->place == 0)
    diffParallelFailAllocation(77);
  __kmpc_fork_call(NULL, 1, failInMember, failure);
  CHECK(failure->place == 3);
}

static void callTwice(void *data) {
  Failure none = {0, 3};
  CHECK(diffParallelCall(callAndFail, data) == 77);
  CHECK(diffParallelCall(callAndFail, &none) == 0);
}

/* An allocation that fails ends the call, and nothing else. */
static void checkFailures(int threads) {
  for (int repeat = 0; repeat < 10; ++repeat)
    for (int member = 0; member < threads; ++member)
      for (int place = 0; place < 3; ++place) {
        Failure failure = {member, place};
        CHECK(diffParallelCall(callAndFail, &failure) == 77);
        CHECK(__kmpc_global_thread_num(NULL) == 0);
        CHECK(diffParallelCall(callTwice, &failure) == 0);
        CHECK(checkLoop(20, kStatic, 0, true) == threads);
      }
}

static void (*setThreads)(int);

static void loadLibgomp(void) {
  void *library = dlopen("libgomp.so.1", RTLD_NOW | RTLD_LOCAL);
  CHECK(library);
  void *symbol = dlsym(library, "omp_set_num_threads");
  memcpy(&setThreads, &symbol, sizeof(symbol));
}

static void checkLimit(int threads) {
  diffParallelSetThreads(1);
  CHECK(diffParallelGetThreads() == 1);
  CHECK(checkLoop(10, kStatic, 0, false) == 1);
  diffParallelSetThreads(2);
  CHECK(checkLoop(10, kStatic, 0, false) == (threads < 2 ? threads : 2));
  diffParallelSetThreads(1000000);
  CHECK(checkLoop(10, kStatic, 0, false) == threads);
  diffParallelSetThreads(-3);
  CHECK(diffParallelGetThreads() == threads);
  diffParallelSetThreads(0);
}

int main(int argc, char **argv) {
  const char *mode = argc == 3 ? argv[1] : "";
  int threads = argc == 3 ? atoi(argv[2]) : 0;
  if (!strcmp(mode, "pool")) {
    CHECK(!strcmp(diffParallelGetProvider(), "pool"));
    CHECK(diffParallelGetThreads() == threads);
    CHECK(strstr(diffParallelGetLibrary(), "/libdiffrt.so"));
    checkBounds();
    checkLoops(threads);
    checkLimit(threads);
    checkFailures(threads);
  } else if (!strcmp(mode, "fail")) {
    Failure failure = {1, 1};
    callAndFail(&failure);
  } else if (!strcmp(mode, "count")) {
    printf("%d\n", diffParallelGetThreads());
  } else if (!strcmp(mode, "callers")) {
    checkCallers();
  } else if (!strcmp(mode, "fork")) {
    checkFork(threads);
  } else if (!strcmp(mode, "libgomp")) {
    loadLibgomp();
    int initial = diffParallelGetThreads();
    setThreads(threads);
    CHECK(!strcmp(diffParallelGetProvider(), "openmp"));
    CHECK(diffParallelGetThreads() == threads);
    checkLoops(threads);
    checkLimit(threads);
    checkFailures(threads);
    setThreads(1);
    checkLoops(1);
    checkFailures(1);
    /* The number belongs to the calling thread. */
    setThreads(threads);
    pthread_t thread;
    CHECK(!pthread_create(&thread, NULL, runInThread, &initial));
    CHECK(!pthread_join(thread, NULL));
    checkCallers();
  } else if (!strcmp(mode, "libgomp-late")) {
    checkLoops(threads);
    CHECK(!strcmp(diffParallelGetProvider(), "pool"));
    loadLibgomp();
    CHECK(!strcmp(diffParallelGetProvider(), "openmp"));
    setThreads(threads + 1);
    checkLoops(threads + 1);
  } else if (!strcmp(mode, "libgomp-fork")) {
    loadLibgomp();
    setThreads(threads);
    checkFork(threads);
  } else {
    fprintf(stderr, "usage: parallel-check MODE THREADS\n");
    return 2;
  }
  printf("ok\n");
  return 0;
}
