# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The CUDA driver, in the primary contexts of the devices, which PyTorch uses, too."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from ctypes import byref, c_char_p, c_int, c_size_t, c_uint, c_uint64, c_void_p
from functools import lru_cache

LIBRARY = "libcuda.so.1"
#: CUdevice_attribute, CUfunction_attribute and CUjit_option.
SHARED_MEMORY_OPTIN, CAPABILITY_MAJOR, CAPABILITY_MINOR = 97, 75, 76
MAX_DYNAMIC_SHARED_MEMORY = 8
ERROR_LOG, ERROR_LOG_BYTES = 5, 6
#: Keys of the block of parameters of cuLaunchKernel.
PARAMETERS, PARAMETERS_BYTES, END = 1, 2, 0
#: Shared memory of a block without an opt-in.
DEFAULT_SHARED_MEMORY = 48 * 1024


@lru_cache(maxsize=None)
def _load():
    library = ctypes.CDLL(LIBRARY)
    library.cuCtxPushCurrent_v2.argtypes = [c_void_p]
    library.cuModuleLoadDataEx.argtypes = [c_void_p, c_char_p, c_uint, c_void_p, c_void_p]
    library.cuModuleGetFunction.argtypes = [c_void_p, c_void_p, c_char_p]
    library.cuFuncSetAttribute.argtypes = [c_void_p, c_int, c_int]
    library.cuLaunchKernel.argtypes = [c_void_p] + [c_uint] * 7 + [c_void_p] * 3
    return library


def call(name: str, *arguments) -> None:
    """Calls a function of the driver. Raises RuntimeError if it fails."""
    library = _load()
    status = getattr(library, name)(*arguments)
    if status:
        text = c_char_p()
        library.cuGetErrorString(status, byref(text))
        raise RuntimeError(f"{name}: {(text.value or b'unknown error').decode()} ({status})")


class Device:
    """The GPU with the number of PyTorch's device."""

    def __init__(self, ordinal: int):
        call("cuInit", 0)
        self._device = c_int()
        call("cuDeviceGet", byref(self._device), ordinal)
        self._context = c_void_p()
        call("cuDevicePrimaryCtxRetain", byref(self._context), self._device)
        self.capability = (self._get(CAPABILITY_MAJOR), self._get(CAPABILITY_MINOR))
        self.shared_memory = self._get(SHARED_MEMORY_OPTIN)

    def _get(self, attribute: int) -> int:
        value = c_int()
        call("cuDeviceGetAttribute", byref(value), attribute, self._device)
        return value.value

    @contextmanager
    def _current(self):
        call("cuCtxPushCurrent_v2", self._context)
        try:
            yield
        finally:
            call("cuCtxPopCurrent_v2", byref(c_void_p()))

    def load(self, code: bytes, kernel: str, shared_memory: int) -> c_void_p:
        """Loads PTX and returns its kernel, which gets this much dynamic shared memory."""
        module, function = c_void_p(), c_void_p()
        log = ctypes.create_string_buffer(8192)
        options = (c_int * 2)(ERROR_LOG, ERROR_LOG_BYTES)
        values = (c_void_p * 2)(ctypes.addressof(log), len(log))
        with self._current():
            try:
                call("cuModuleLoadDataEx", byref(module), code, 2, options, values)
            except RuntimeError as error:
                raise RuntimeError(" ".join(f"{error} {log.value.decode()}".split())) from None
            call("cuModuleGetFunction", byref(function), module, kernel.encode())
            if shared_memory > DEFAULT_SHARED_MEMORY:
                call("cuFuncSetAttribute", function, MAX_DYNAMIC_SHARED_MEMORY, shared_memory)
        return function

    def launch(self, function: c_void_p, grid, block, shared_memory: int, stream: int,
               parameters: list[int]) -> None:  # fmt: skip
        """Launches a kernel whose parameters are 64 bits wide."""
        values = (c_uint64 * len(parameters))(*parameters)
        size = c_size_t(ctypes.sizeof(values))
        extra = (c_void_p * 5)(PARAMETERS, ctypes.addressof(values), PARAMETERS_BYTES,
                               ctypes.addressof(size), END)  # fmt: skip
        with self._current():
            call("cuLaunchKernel", function, *grid, *block, shared_memory, stream, None, extra)


@lru_cache(maxsize=None)
def get_device(ordinal: int) -> Device:
    return Device(ordinal)
