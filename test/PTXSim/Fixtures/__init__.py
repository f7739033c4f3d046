# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels compiled by nvcc and Triton, run on the simulator against NumPy."""
