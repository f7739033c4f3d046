# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random graphs of upstream ops around diff ops.

A program is a list of nodes; each names an op of the table `ops.OPS`, which
infers result types, prints IR and evaluates in NumPy.
"""
