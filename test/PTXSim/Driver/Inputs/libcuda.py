# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The driver API through ctypes, and a runner for functions named test_*."""

from __future__ import annotations

import ctypes
import os
import sys
import traceback

lib = ctypes.CDLL("libcuda.so.1")

SUCCESS = 0
INVALID_VALUE = 1
OUT_OF_MEMORY = 2
NOT_INITIALIZED = 3
INVALID_DEVICE = 101
INVALID_CONTEXT = 201
NO_BINARY_FOR_GPU = 209
UNSUPPORTED_LIMIT = 215
INVALID_PTX = 218
UNSUPPORTED_PTX_VERSION = 222
FILE_NOT_FOUND = 301
INVALID_HANDLE = 400
NOT_FOUND = 500
ILLEGAL_ADDRESS = 700
LAUNCH_OUT_OF_RESOURCES = 701
LAUNCH_TIMEOUT = 702
CONTEXT_IS_DESTROYED = 709
HOST_MEMORY_ALREADY_REGISTERED = 712
HOST_MEMORY_NOT_REGISTERED = 713
MISALIGNED_ADDRESS = 716
LAUNCH_FAILED = 719
COOPERATIVE_LAUNCH_TOO_LARGE = 720
NOT_PERMITTED = 800
NOT_SUPPORTED = 801
INVALID_CLUSTER_SIZE = 912

HERE = os.path.dirname(os.path.abspath(__file__))
KERNELS = os.path.join(HERE, "kernels.ptx")


def u32() -> ctypes.c_uint32:
    return ctypes.c_uint32(0)


def u64() -> ctypes.c_uint64:
    return ctypes.c_uint64(0)


def i32() -> ctypes.c_int32:
    return ctypes.c_int32(0)


def _pass(value):
    """Passes an int as 64 bits, and a ctypes object or array by its address."""
    if value is None:
        return ctypes.c_void_p(0)
    if isinstance(value, int):
        return ctypes.c_int64(value) if value < 0 else ctypes.c_uint64(value)
    if isinstance(value, str):
        return ctypes.c_char_p(value.encode())
    if isinstance(value, bytes):
        return ctypes.c_char_p(value)
    if hasattr(value, "ctypes"):  # a NumPy array
        return ctypes.c_void_p(value.ctypes.data)
    if isinstance(value, (ctypes.c_uint32, ctypes.c_uint64, ctypes.c_int32, ctypes.c_float, ctypes.c_void_p)):
        return ctypes.byref(value)
    return value


def status(name: str, *arguments) -> int:
    """Returns the status of the function."""
    return getattr(lib, name)(*map(_pass, arguments))


def name_of(code: int) -> str:
    text = ctypes.c_char_p()
    return text.value.decode() if lib.cuGetErrorName(code, ctypes.byref(text)) == SUCCESS else str(code)


def call(name: str, *arguments) -> None:
    """Checks that the function succeeds."""
    code = status(name, *arguments)
    assert code == SUCCESS, f"{name} gives {name_of(code)}"


def gives(expected: int, name: str, *arguments) -> None:
    """Checks the status of the function."""
    code = status(name, *arguments)
    assert code == expected, f"{name} gives {name_of(code)}, not {name_of(expected)}"


def get(kind, name: str, *arguments):
    """Returns the value that the function writes through its first argument."""
    value = kind()
    call(name, value, *arguments)
    return value.value


class Primary:
    """Creates the primary context and makes it current."""

    def __enter__(self) -> int:
        call("cuInit", 0)
        self.handle = get(u64, "cuDevicePrimaryCtxRetain", 0)
        call("cuCtxSetCurrent", self.handle)
        return self.handle

    def __exit__(self, *_) -> None:
        call("cuDevicePrimaryCtxRelease_v2", 0)
        call("cuCtxSetCurrent", None)


def load(path: str = KERNELS) -> int:
    return get(u64, "cuModuleLoad", path)


def function(module: int, name: str) -> int:
    return get(u64, "cuModuleGetFunction", module, name)


def parameters(*values) -> ctypes.Array:
    """An array of pointers to ctypes objects, which it keeps alive."""
    array = (ctypes.c_void_p * max(1, len(values)))(*(ctypes.addressof(value) for value in values))
    array.kept = values
    return array


def launch(kernel: int, grid, block, *values, shared: int = 0, stream: int = 0) -> int:
    """Returns the status of cuLaunchKernel; a single number is x."""
    grid = grid if isinstance(grid, tuple) else (grid, 1, 1)
    block = block if isinstance(block, tuple) else (block, 1, 1)
    return status("cuLaunchKernel", kernel, *grid, *block, shared, stream, parameters(*values), None)


def to_device(array) -> int:
    pointer = get(u64, "cuMemAlloc_v2", array.nbytes)
    call("cuMemcpyHtoD_v2", pointer, array, array.nbytes)
    return pointer


def to_host(pointer: int, like):
    import numpy

    array = numpy.empty_like(like)
    call("cuMemcpyDtoH_v2", array, pointer, array.nbytes)
    return array


def run(module: dict) -> None:
    """Runs the test_* functions, all or those named on the command line."""
    names = sys.argv[1:] or [name for name in module if name.startswith("test_")]
    failed = 0
    for name in names:
        try:
            module[name]()
        except Exception:
            failed += 1
            print(f"FAIL {name}")
            traceback.print_exc(file=sys.stdout)
        else:
            print(f"PASS {name}")
    print(f"{len(names) - failed} of {len(names)} passed")
    sys.exit(1 if failed or not names else 0)
