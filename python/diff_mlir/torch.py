# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Defines torch.ops.diff: import this module for the ops alone.

The functions of diff_mlir import it when they get a PyTorch tensor, and diff_mlir
does if PyTorch was imported before. See diff_mlir._torch for the ops.
"""

from . import _torch  # noqa: F401
