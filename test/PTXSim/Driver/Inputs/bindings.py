# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An ordinary CUDA Python program that does not depend on the simulator."""

import ctypes
import os
import sys

import numpy as np
from cuda.bindings import driver

PTX = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kernels.ptx")


def check(answer):
    """Returns the result of a call after its status, which must be success."""
    status, *values = answer
    if status != driver.CUresult.CUDA_SUCCESS:
        _, name = driver.cuGetErrorName(status)
        raise RuntimeError(f"{status}: {name}")
    return values[0] if len(values) == 1 else tuple(values)


def status(answer) -> str:
    return answer[0].name


class Gpu:
    """A device, its primary context, a stream and the module."""

    def __enter__(self):
        check(driver.cuInit(0))
        self.device = check(driver.cuDeviceGet(0))
        self.context = check(driver.cuDevicePrimaryCtxRetain(self.device))
        check(driver.cuCtxSetCurrent(self.context))
        self.stream = check(driver.cuStreamCreate(driver.CUstream_flags.CU_STREAM_NON_BLOCKING))
        with open(PTX, "rb") as file:
            self.module = check(driver.cuModuleLoadData(np.char.array(file.read() + b"\0")))
        self.pointers = []
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            for pointer in self.pointers:
                check(driver.cuMemFree(pointer))
            check(driver.cuModuleUnload(self.module))
            check(driver.cuStreamDestroy(self.stream))
        check(driver.cuDevicePrimaryCtxRelease(self.device))

    def kernel(self, name: str):
        return check(driver.cuModuleGetFunction(self.module, name.encode()))

    def empty(self, size: int):
        self.pointers.append(check(driver.cuMemAlloc(size)))
        return self.pointers[-1]

    def array(self, data: np.ndarray):
        pointer = self.empty(data.nbytes)
        check(driver.cuMemcpyHtoDAsync(pointer, data.ctypes.data, data.nbytes, self.stream))
        return pointer

    def read(self, pointer, like: np.ndarray) -> np.ndarray:
        data = np.empty_like(like)
        check(driver.cuMemcpyDtoHAsync(data.ctypes.data, pointer, data.nbytes, self.stream))
        check(driver.cuStreamSynchronize(self.stream))
        return data

    def launch(self, kernel, grid: int, block: int, values, types, shared: int = 0):
        return driver.cuLaunchKernel(kernel, grid, 1, 1, block, 1, 1, shared, self.stream, (values, types), 0)


POINTER, INT, FLOAT = None, ctypes.c_int, ctypes.c_float


def vector_add():
    with Gpu() as gpu:
        count = 5000
        generator = np.random.default_rng(0)
        a, b = (generator.random(count, np.float32) for _ in range(2))
        out = gpu.empty(4 * count)
        values = gpu.array(a), gpu.array(b), out, count
        check(gpu.launch(gpu.kernel("add"), 20, 256, values, (POINTER, POINTER, POINTER, INT)))
        assert np.array_equal(gpu.read(out, a), a + b)


def saxpy_with_a_tail():
    with Gpu() as gpu:
        count = 1025
        x = np.arange(count, dtype=np.float32)
        y = np.ones(count, np.float32)
        out = gpu.array(y)
        values = 0.5, gpu.array(x), out, count
        check(gpu.launch(gpu.kernel("saxpy"), 9, 128, values, (FLOAT, POINTER, POINTER, INT)))
        assert np.array_equal(gpu.read(out, y), np.float32(0.5) * x + y)


def reduction():
    with Gpu() as gpu:
        data = np.arange(128 * 6 - 5, dtype=np.float32)
        out = gpu.empty(24)
        values = gpu.array(data), out, data.size
        check(gpu.launch(gpu.kernel("blockSums"), 6, 128, values, (POINTER, POINTER, INT)))
        sums = gpu.read(out, np.empty(6, np.float32))
        padded = np.pad(data, (0, 5)).reshape(6, 128)
        assert np.array_equal(sums, padded.sum(axis=1))


def module_variables():
    with Gpu() as gpu:
        counter, size = check(driver.cuModuleGetGlobal(gpu.module, b"counter"))
        assert size == 4
        check(driver.cuMemcpyHtoD(counter, np.int32([100]).ctypes.data, 4))
        out = gpu.empty(4 * 3 * 64)
        check(gpu.launch(gpu.kernel("useGlobals"), 3, 64, (out,), (POINTER,)))
        assert gpu.read(counter, np.empty(1, np.int32))[0] == 100 + 3 * 64
        expected = np.tile(np.float32([2, 4, 8, 16]), 3 * 16)
        assert np.array_equal(gpu.read(out, expected), expected)


def streams_and_events():
    with Gpu() as gpu:
        begin, end = (check(driver.cuEventCreate(driver.CUevent_flags.CU_EVENT_DEFAULT)) for _ in range(2))
        other = check(driver.cuStreamCreateWithPriority(0, check(driver.cuCtxGetStreamPriorityRange())[1]))
        data = np.arange(32, dtype=np.int32)
        pointer = gpu.array(data)
        check(driver.cuEventRecord(begin, gpu.stream))
        check(gpu.launch(gpu.kernel("reverse"), 1, 32, (pointer,), (POINTER,), shared=128))
        check(driver.cuEventRecord(end, gpu.stream))
        check(driver.cuStreamWaitEvent(other, end, 0))
        back = np.empty_like(data)
        check(driver.cuMemcpyDtoHAsync(back.ctypes.data, pointer, back.nbytes, other))
        check(driver.cuStreamSynchronize(other))
        check(driver.cuEventSynchronize(end))
        assert np.array_equal(back, data[::-1])
        assert check(driver.cuEventElapsedTime(begin, end)) > 0
        for event in (begin, end):
            check(driver.cuEventDestroy(event))
        check(driver.cuStreamDestroy(other))


def attributes():
    with Gpu() as gpu:
        attribute = driver.CUdevice_attribute
        major = check(driver.cuDeviceGetAttribute(attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, gpu.device))
        assert major == 8
        assert b"A100" in check(driver.cuDeviceGetName(128, gpu.device))
        opted = attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN
        most = check(driver.cuDeviceGetAttribute(opted, gpu.device))
        assert most == 163 * 1024
        kernel = gpu.kernel("reverse")
        dynamic = driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
        check(driver.cuFuncSetAttribute(kernel, dynamic, most))
        assert check(driver.cuFuncGetAttribute(dynamic, kernel)) == most
        assert check(driver.cuOccupancyMaxActiveBlocksPerMultiprocessor(kernel, 32, most)) == 1
        free, total = check(driver.cuMemGetInfo())
        assert 0 < free < total


def compiler_log():
    with Gpu():
        size = 2000
        log = bytearray(size)
        option = driver.CUjit_option
        options = [option.CU_JIT_ERROR_LOG_BUFFER, option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES]
        text = b".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry f() {\n  nonsense;\n  ret;\n}\n\0"
        answer = driver.cuModuleLoadDataEx(np.char.array(text), 2, options, [log, size])
        assert status(answer) == "CUDA_ERROR_INVALID_PTX"
        assert b":5:" in log and b"nonsense" in log, bytes(log)


def a_kernel_that_goes_wrong():
    check(driver.cuInit(0))
    context = check(driver.cuCtxCreate(None, 0, check(driver.cuDeviceGet(0))))
    with open(PTX, "rb") as file:
        module = check(driver.cuModuleLoadData(np.char.array(file.read() + b"\0")))
    kernel = check(driver.cuModuleGetFunction(module, b"writeBeyond"))
    pointer = check(driver.cuMemAlloc(64))
    check(driver.cuLaunchKernel(kernel, 1, 1, 1, 16, 1, 1, 0, 0, ((pointer, 16), (POINTER, INT)), 0))
    assert status(driver.cuCtxSynchronize()) == "CUDA_ERROR_ILLEGAL_ADDRESS"
    assert status(driver.cuMemFree(pointer)) == "CUDA_ERROR_ILLEGAL_ADDRESS"
    check(driver.cuCtxDestroy(context))


for test in (
    vector_add,
    saxpy_with_a_tail,
    reduction,
    module_variables,
    streams_and_events,
    attributes,
    compiler_log,
    a_kernel_that_goes_wrong,
):
    test()
    print("PASS", test.__name__)
    sys.stdout.flush()
