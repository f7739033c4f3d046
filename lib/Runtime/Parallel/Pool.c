/*===- Pool.c - A pool of threads ---------------------------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* One team at a time runs on the pool. Idle threads sleep and do not spin,   *|
|* because other pools of the process may need the cores.                     *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "Internal.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

enum { kMaxThreads = 1024 };

static struct {
  pthread_mutex_t lock;
  pthread_cond_t started;
  pthread_cond_t finished;
  /* Threads of the pool; the caller of a team is not one of them. */
  int threads;
  bool isBusy;
  /* Counts the teams. */
  uint64_t number;
  DiffWork work;
  int count;
  /* Members of the team, without the caller, that have not finished. */
  int running;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .started = PTHREAD_COND_INITIALIZER,
          .finished = PTHREAD_COND_INITIALIZER};

static void *runThread(void *data) {
  int id = (int)(intptr_t)data;
  uint64_t last = 0;
  pthread_mutex_lock(&pool.lock);
  for (;;) {
    while (pool.number == last)
      pthread_cond_wait(&pool.started, &pool.lock);
    last = pool.number;
    if (id >= pool.count || !pool.isBusy)
      continue;
    DiffWork work = pool.work;
    int count = pool.count;
    pthread_mutex_unlock(&pool.lock);
    work.run(work.data, id, count);
    pthread_mutex_lock(&pool.lock);
    if (--pool.running == 0)
      pthread_cond_signal(&pool.finished);
  }
  return NULL;
}

/* Starts threads until the pool has `count`, or until the system refuses. */
static void growPool(int count) {
  sigset_t all, before;
  sigfillset(&all);
  /* The threads of the program handle its signals. */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (pool.threads < count) {
    pthread_t thread;
    intptr_t id = pool.threads + 1;
    if (pthread_create(&thread, NULL, runThread, (void *)id) != 0)
      break;
    pthread_detach(thread);
    ++pool.threads;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

bool diffRunOnPool(const DiffWork *work, int count) {
  pthread_mutex_lock(&pool.lock);
  if (!pool.isBusy)
    growPool(count - 1);
  if (pool.isBusy || pool.threads == 0) {
    pthread_mutex_unlock(&pool.lock);
    return false;
  }
  if (count > pool.threads + 1)
    count = pool.threads + 1;
  pool.isBusy = true;
  pool.work = *work;
  pool.count = count;
  pool.running = count - 1;
  ++pool.number;
  pthread_cond_broadcast(&pool.started);
  pthread_mutex_unlock(&pool.lock);

  work->run(work->data, 0, count);

  pthread_mutex_lock(&pool.lock);
  while (pool.running > 0)
    pthread_cond_wait(&pool.finished, &pool.lock);
  pool.isBusy = false;
  pthread_mutex_unlock(&pool.lock);
  return true;
}

/*===----------------------------------------------------------------------===*\
|* Number of threads
\*===----------------------------------------------------------------------===*/

/* Returns the first number of a list such as "4,2", or 0. */
static int readCount(const char *variable) {
  const char *text = getenv(variable);
  if (!text)
    return 0;
  char *end = NULL;
  long value = strtol(text, &end, 10);
  if (end == text || (*end != '\0' && *end != ',' && *end != ' ') || value < 1)
    return 0;
  return value < kMaxThreads ? (int)value : kMaxThreads;
}

static int countCPUs(void) {
  cpu_set_t set;
  int count = 0;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    count = CPU_COUNT(&set);
  else
    count = (int)sysconf(_SC_NPROCESSORS_ONLN);
  return count < 1 ? 1 : count < kMaxThreads ? count : kMaxThreads;
}

int diffGetDefaultThreads(void) {
  static atomic_int cached;
  int count = atomic_load_explicit(&cached, memory_order_relaxed);
  if (count == 0) {
    count = readCount("DIFF_NUM_THREADS");
    if (count == 0)
      count = readCount("OMP_NUM_THREADS");
    if (count == 0)
      count = countCPUs();
    atomic_store_explicit(&cached, count, memory_order_relaxed);
  }
  return count;
}

/*===----------------------------------------------------------------------===*\
|* Forks
\*===----------------------------------------------------------------------===*/

/* The child has only the thread that forked, so that it starts with no pool.
   The lock may be held by a thread that does not exist in the child. */
static void resetPool(void) {
  pthread_mutex_init(&pool.lock, NULL);
  pthread_cond_init(&pool.started, NULL);
  pthread_cond_init(&pool.finished, NULL);
  pool.threads = 0;
  pool.isBusy = false;
  pool.running = 0;
}

static __attribute__((constructor)) void watchForks(void) {
  pthread_atfork(NULL, NULL, resetPool);
}
