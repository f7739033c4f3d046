/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A library of two versions, with a function that nobody imports. */
int table[4] = {1, 2, 3, 4};
int first(void) { return 1; }
int second(void) { return 2; }
int unused(void) { return 3; }
