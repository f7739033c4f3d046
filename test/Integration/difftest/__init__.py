# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Execution tests of differential attention against a float64 reference.

`cases` and `litformat` need no NumPy: lit's own Python loads them.
Run `python -m difftest --help` for the command line.
"""
