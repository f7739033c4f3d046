# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""New arrays in the caller's library. NumPy and PyTorch are imported on demand."""

from __future__ import annotations

import sys

from . import _core

#: Of DLPack.
HOST_DEVICE = 1
NAMES = {"f16": "float16", "bf16": "bfloat16", "f32": "float32", "f64": "float64",
         "i8": "int8", "i16": "int16", "i32": "int32", "i64": "int64",
         "u8": "uint8", "u16": "uint16", "u32": "uint32", "u64": "uint64",
         "bool": "bool"}  # fmt: skip


class NumPyArrays:
    """NumPy arrays. Those of other libraries in host memory are read as such."""

    def __init__(self, module):
        self.module = module

    def _view(self, array):
        if isinstance(array, self.module.ndarray):
            return array
        return self.module.from_dlpack(array)

    def dtype(self, element: str):
        if element == "bf16":
            import ml_dtypes  # registers the type with NumPy

            return ml_dtypes.bfloat16
        return self.module.dtype(NAMES[element])

    def empty(self, shape, dtype, like):
        return self.module.empty(shape, dtype)

    def copy(self, array):
        return self.module.array(self._view(array), order="C", copy=True)

    def assign(self, to, source) -> None:
        self._view(to)[...] = source

    def convert(self, array, element: str, shape):
        result = self.module.empty(shape, self.dtype(element))
        result[...] = self._view(array)
        return result

    def full(self, shape, value: float, element: str, like):
        return self.module.full(shape, value, self.dtype(element))

    def finish(self, like, results: tuple) -> tuple:
        """Results in the library of `like`, if it can take NumPy arrays."""
        if isinstance(like, self.module.ndarray) or like is None:
            return results
        space = getattr(like, "__array_namespace__", None)
        return results if space is None else tuple(map(space().from_dlpack, results))


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

    def finish(self, like, results: tuple) -> tuple:
        return results


class NamespaceArrays:
    """GPU arrays of another library, such as CuPy, through its namespace: that of the
    array API, or the module of the type."""

    def __init__(self, space, name: str):
        self.space, self.name = space, name

    def _find(self, function: str):
        found = getattr(self.space, function, None)
        if found is None:
            raise TypeError(f"{self.name} has no function {function}; give contiguous arrays and out")
        return found

    def dtype(self, element: str):
        return getattr(self.space, NAMES[element], NAMES[element])

    def empty(self, shape, dtype, like):
        return self._find("empty")(shape, dtype=dtype)

    def copy(self, array):
        return self._find("asarray")(array, copy=True)

    def assign(self, to, source) -> None:
        to[...] = source

    def convert(self, array, element: str, shape):
        return self._find("broadcast_to")(self._find("asarray")(array, dtype=self.dtype(element),
                                                                copy=True), shape)  # fmt: skip

    def full(self, shape, value: float, element: str, like):
        return self._find("full")(shape, value, dtype=self.dtype(element))

    def finish(self, like, results: tuple) -> tuple:
        return results


_known: dict = {}


def get_arrays(library: str, like):
    """How to make arrays like `like`, whose library `_core.inspect` names."""
    if library == "other" and _core.inspect(like)[2] != HOST_DEVICE:
        space = getattr(like, "__array_namespace__", None)
        module = type(like).__module__.split(".")[0]
        return NamespaceArrays(space() if space else sys.modules.get(module), module)
    if library not in _known:
        if library == "torch":
            _known[library] = TorchArrays(sys.modules["torch"])
        else:
            import numpy

            _known[library] = NumPyArrays(numpy)
    return _known[library]
