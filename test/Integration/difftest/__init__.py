# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Execution tests of differential attention against a float64 reference.

`cases` and `litformat` do not use NumPy, because lit's Python loads them.
`python -m difftest --help` describes the command line.
"""
