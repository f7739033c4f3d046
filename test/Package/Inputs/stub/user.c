/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Calls the library only if it has an argument. */
#include <stdio.h>

extern int table[4];
int first(void);
int second(void);

int main(int argc, char **argv) {
  (void)argv;
  printf("started %d\n", argc > 1 ? first() + second() + table[0] : 0);
  return 0;
}
