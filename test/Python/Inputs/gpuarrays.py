# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A small array library for a GPU: memory of the CUDA driver, with DLPack."""

from __future__ import annotations

import ctypes

import ml_dtypes
import numpy as np
from cuda.bindings import driver

float16, float32, bfloat16 = np.float16, np.float32, ml_dtypes.bfloat16
CUDA = 2


def check(result):
    status, *values = result
    assert status == driver.CUresult.CUDA_SUCCESS, status
    return values[0] if values else None


check(driver.cuInit(0))
check(driver.cuCtxSetCurrent(check(driver.cuDevicePrimaryCtxRetain(check(driver.cuDeviceGet(0))))))


class _Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("device_type", ctypes.c_int32),
                ("device_id", ctypes.c_int32), ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8),
                ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
                ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("strides", ctypes.POINTER(ctypes.c_int64)),
                ("byte_offset", ctypes.c_uint64)]  # fmt: skip


class _Managed(ctypes.Structure):
    _fields_ = [("tensor", _Tensor), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]


_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]


class Array:
    """An array in device memory. Slices are views."""

    def __init__(self, owner, address: int, shape, strides, dtype):
        self.owner, self.address, self.shape, self.strides = owner, address, tuple(shape), tuple(strides)
        self.dtype = np.dtype(dtype)

    def __dlpack_device__(self):
        return (CUDA, 0)

    def __dlpack__(self, **options):
        rank = len(self.shape)
        numbers = ctypes.c_int64 * max(1, rank)
        shape, strides = numbers(*self.shape), numbers(*self.strides)
        code = 4 if self.dtype == bfloat16 else {"f": 2, "i": 0}[self.dtype.kind]
        managed = _Managed(_Tensor(self.address, CUDA, 0, rank, code, 8 * self.dtype.itemsize, 1,
                                   shape, strides, 0), None, None)  # fmt: skip
        # The structure lives as long as the array.
        self.exported = (managed, shape, strides)
        return _new_capsule(ctypes.addressof(managed), b"dltensor", None)

    def transpose(self, *axes):
        return Array(self, self.address, [self.shape[a] for a in axes],
                     [self.strides[a] for a in axes], self.dtype)  # fmt: skip

    def get(self) -> np.ndarray:
        """The elements in host memory."""
        extent = sum((n - 1) * s for n, s in zip(self.shape, self.strides)) + 1
        if 0 in self.shape:
            return np.empty(self.shape, self.dtype)
        flat = np.empty(extent, self.dtype)
        check(driver.cuMemcpyDtoH(flat.ctypes.data, self.address, flat.nbytes))
        steps = [s * self.dtype.itemsize for s in self.strides]
        return np.lib.stride_tricks.as_strided(flat, self.shape, steps).copy()

    def __setitem__(self, key, source) -> None:
        assert key is Ellipsis
        array = np.ascontiguousarray(source.get())
        assert array.shape == self.shape and self.strides == _contiguous(self.shape)
        check(driver.cuMemcpyHtoD(self.address, array.ctypes.data, array.nbytes))


def _contiguous(shape):
    strides, step = [], 1
    for size in reversed(shape):
        strides.insert(0, step)
        step *= max(1, size)
    return tuple(strides)


def empty(shape, dtype) -> Array:
    dtype = np.dtype(dtype)
    address = int(check(driver.cuMemAlloc(max(256, int(np.prod(shape)) * dtype.itemsize))))
    return Array(address, address, shape, _contiguous(shape), dtype)


def asarray(source, dtype=None, copy=False) -> Array:
    values = source.get() if isinstance(source, Array) else np.asarray(source)
    values = np.ascontiguousarray(values.astype(dtype) if dtype else values).reshape(values.shape)
    result = empty(values.shape, values.dtype)
    if values.size:
        check(driver.cuMemcpyHtoD(result.address, values.ctypes.data, values.nbytes))
    return result


def full(shape, value, dtype) -> Array:
    return asarray(np.full(shape, value, dtype))


def broadcast_to(array: Array, shape) -> Array:
    return asarray(np.broadcast_to(array.get(), shape))
