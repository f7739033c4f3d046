# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""New arrays in the caller's library. NumPy and PyTorch are imported on demand."""

from __future__ import annotations

import sys

NAMES = {"f16": "float16", "bf16": "bfloat16", "f32": "float32", "f64": "float64",
         "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64",
         "u8": "uint8", "u16": "uint16", "u32": "uint32", "u64": "uint64",
         "bool": "bool"}  # fmt: skip


class NumPyArrays:
    """NumPy arrays, also for CPU arrays of libraries other than NumPy and PyTorch."""

    def __init__(self, module):
        self.module = module

    def dtype(self, element: str):
        if element == "bf16":
            import ml_dtypes  # registers the type with NumPy

            return ml_dtypes.bfloat16
        return self.module.dtype(NAMES[element])

    def empty(self, shape, dtype, like):
        return self.module.empty(shape, dtype)

    def copy(self, array):
        return self.module.array(self.module.from_dlpack(array)
                                 if not isinstance(array, self.module.ndarray) else array,
                                 order="C", copy=True)  # fmt: skip

    def assign(self, to, source) -> None:
        target = to if isinstance(to, self.module.ndarray) else self.module.from_dlpack(to)
        target[...] = source

    def convert(self, array, element: str, shape):
        source = array if isinstance(array, self.module.ndarray) else self.module.from_dlpack(array)
        result = self.module.empty(shape, self.dtype(element))
        result[...] = source
        return result

    def full(self, shape, value: float, element: str, like):
        return self.module.full(shape, value, self.dtype(element))


class TorchArrays:
    """PyTorch tensors on the device of the arguments."""

    def __init__(self, module):
        self.module = module

    def dtype(self, element: str):
        return getattr(self.module, NAMES[element])

    def empty(self, shape, dtype, like):
        return self.module.empty(shape, dtype=dtype, device=like.device)

    def copy(self, array):
        return array.detach().clone(memory_format=self.module.contiguous_format)

    def assign(self, to, source) -> None:
        to.detach().copy_(source)

    def convert(self, array, element: str, shape):
        result = self.module.empty(shape, dtype=self.dtype(element), device=array.device)
        return result.copy_(array.detach())

    def full(self, shape, value: float, element: str, like):
        return self.module.full(shape, value, dtype=self.dtype(element), device=like.device)


_known: dict = {}


def get_arrays(library: str):
    """The arrays of a library that `_core.inspect` names."""
    if library not in _known:
        if library == "torch":
            _known[library] = TorchArrays(sys.modules["torch"])
        else:
            import numpy

            _known[library] = NumPyArrays(numpy)
    return _known[library]


def to_library(like, array):
    """A NumPy array in the library of `like`, if it has DLPack's import function."""
    space = getattr(like, "__array_namespace__", None)
    return space().from_dlpack(array) if space is not None else array
