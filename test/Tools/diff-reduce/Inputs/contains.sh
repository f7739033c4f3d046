#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# contains.sh PATTERN MODULE: a module is interesting if it contains the pattern.
echo "the output of a test is dropped"
grep -q "$1" "$2" && exit 1
echo "error: so are its errors" >&2
