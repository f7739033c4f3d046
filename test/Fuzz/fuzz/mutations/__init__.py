# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Damaged files: texts and bytecode of each level of IR, PTX, manifests, arrays.

A damaged file may still be good. What it must not do is make a tool crash, hang,
end with another status than 0, 1 or 2, print more or less than one error line, or
leave half a file.
"""

from .generator import Mutations

__all__ = ["Mutations"]
