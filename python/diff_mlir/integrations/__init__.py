# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Differential attention in the models of other libraries."""

# It imports the other library when it is used.
from . import transformers

__all__ = ["transformers"]
