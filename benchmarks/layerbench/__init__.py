# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Counts of attention layers on the PTX simulator; see ../attention.py."""
