/*===- Misuse.c - A table of wrong calls --------------------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* misuse TABLE [ARGUMENT]: runs a table, and prints its rows and how many of *|
|* them gave other results than expected.                                     *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#define _GNU_SOURCE
#include "Misuse.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char kScale[] =
    "func.func @scale(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>)\n"
    "    -> tensor<?x8xf32> {\n"
    "  %c = arith.constant 2.0 : f32\n"
    "  %0 = linalg.map ins(%x, %y : tensor<?x8xf32>, tensor<?x8xf32>)\n"
    "      outs(%x : tensor<?x8xf32>) (%a: f32, %b: f32, %o: f32) {\n"
    "        %p = arith.mulf %a, %c : f32\n"
    "        %s = arith.addf %p, %b : f32\n"
    "        linalg.yield %s : f32\n"
    "      }\n"
    "  return %0 : tensor<?x8xf32>\n"
    "}\n";

/* What a child does and writes to the standard streams. */
static FILE *results, *streams;
static pid_t child;
static int rows, unexpected;

void require(bool condition, const char *what) {
  if (condition)
    return;
  printf("%s failed\n", what);
  exit(2);
}

bool beginRow(void) {
  results = tmpfile();
  streams = tmpfile();
  require(results && streams, "tmpfile");
  fflush(stdout);
  child = fork();
  require(child >= 0, "fork");
  if (child)
    return false;
  dup2(fileno(streams), STDOUT_FILENO);
  dup2(fileno(streams), STDERR_FILENO);
  alarm(100);
  return true;
}

void endRow(long status, const char *message) {
  fflush(stdout);
  fprintf(results, "%ld %s", status, message);
  fflush(results);
  _exit(0);
}

/* Returns true if the text has the form of a pattern, in which `...` stands for
   any text. */
static bool isMatch(const char *text, const char *pattern) {
  if (!strncmp(pattern, "...", 3)) {
    for (;; ++text) {
      if (isMatch(text, pattern + 3))
        return true;
      if (!*text)
        return false;
    }
  }
  if (*text != *pattern)
    return false;
  return !*text || isMatch(text + 1, pattern + 1);
}

static void readAll(FILE *file, char *text, size_t size) {
  rewind(file);
  text[fread(text, 1, size - 1, file)] = 0;
  fclose(file);
}

void checkRow(const char *call, long status, const char *message) {
  char result[4096], output[4096];
  int end = 0;
  require(waitpid(child, &end, 0) == child, "waitpid");
  readAll(results, result, sizeof(result));
  readAll(streams, output, sizeof(output));
  char *found = result;
  long foundStatus = strtol(result, &found, 10);
  found += *found == ' ';
  bool isRight = *result && WIFEXITED(end) && WEXITSTATUS(end) == 0 &&
                 foundStatus == status && isMatch(found, message) &&
                 !strchr(found, '\n') && !*output;
  ++rows;
  printf("%s %s: %s\n", isRight ? "ok" : "FAIL", call, found);
  if (isRight)
    return;
  ++unexpected;
  if (WIFSIGNALED(end))
    printf("  killed by signal %d\n", WTERMSIG(end));
  else
    printf("  exit status %d, status %ld\n", WEXITSTATUS(end), foundStatus);
  printf("  wanted %ld '%s'; on the standard streams: '%s'\n", status, message,
         output);
}

static const char *getMessage(void) { return "first\nsecond"; }

/* What a row must find: each one is unexpected. */
static void misuseNothing(void) {
  MISUSE(0, "...", (raise(SIGSEGV), 0));
  MISUSE(0, "...", (exit(0), 0));
  MISUSE(1, "...second", 0);
  MISUSE(0, "third", 0);
  MISUSE(0, "...second", 0);
  MISUSE(0, "...", fprintf(stderr, "third") - 5);
}

int main(int argc, char **argv) {
  const char *table = argc > 1 ? argv[1] : "";
  const char *argument = argc > 2 ? argv[2] : "";
  if (!strcmp(table, "compiler"))
    misuseCompiler();
  else if (!strcmp(table, "dialects"))
    misuseDialects();
  else if (!strcmp(table, "launch"))
    misuseLaunch(argument);
  else if (!strcmp(table, "cache"))
    misuseCache(argument);
  else if (!strcmp(table, "nothing"))
    misuseNothing();
  printf("%d misuses, %d unexpected\n", rows, unexpected);
  return unexpected || !rows;
}
