# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels run through the driver API compute the same as NumPy."""

import ctypes

import libcuda as cu
import numpy as np


def numbers(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(count).astype(np.float32)


def test_vector_add_with_a_tail():
    with cu.Primary():
        kernel = cu.function(cu.load(), "add")
        count = 1000
        a, b = numbers(count, 1), numbers(count, 2)
        pointers = [cu.to_device(a), cu.to_device(b), cu.get(cu.u64, "cuMemAlloc_v2", 4 * count)]
        arguments = [ctypes.c_uint64(pointer) for pointer in pointers] + [ctypes.c_int32(count)]
        assert cu.launch(kernel, 4, 256, *arguments) == cu.SUCCESS
        cu.call("cuCtxSynchronize")
        assert np.array_equal(cu.to_host(pointers[2], a), a + b)


def test_saxpy_by_the_extra_form():
    with cu.Primary():
        kernel = cu.function(cu.load(), "saxpy")
        count = 333
        x, y = numbers(count, 3), numbers(count, 4)
        px, py = cu.to_device(x), cu.to_device(y)
        # float, padding to 8, two pointers, int: the layout of the parameters.
        block = np.zeros(28, np.uint8)
        block[0:4] = np.frombuffer(np.float32(2.5).tobytes(), np.uint8)
        block[8:24] = np.frombuffer(np.array([px, py], np.uint64).tobytes(), np.uint8)
        block[24:28] = np.frombuffer(np.int32(count).tobytes(), np.uint8)

        def try_bytes(size: int) -> int:
            length = ctypes.c_size_t(size)
            extra = (ctypes.c_void_p * 5)(1, block.ctypes.data, 2, ctypes.addressof(length), 0)
            return cu.status("cuLaunchKernel", kernel, 3, 1, 1, 128, 1, 1, 0, 0, None, extra)

        assert try_bytes(28) == cu.SUCCESS
        np.testing.assert_allclose(cu.to_host(py, y), np.float32(2.5) * x + y, rtol=1e-6, atol=1e-6)
        assert try_bytes(24) == cu.INVALID_VALUE
        assert try_bytes(64) == cu.LAUNCH_OUT_OF_RESOURCES


def test_shared_reduction():
    with cu.Primary():
        kernel = cu.function(cu.load(), "blockSums")
        data = np.arange(300, dtype=np.float32)
        source = cu.to_device(data)
        sums = cu.get(cu.u64, "cuMemAlloc_v2", 12)
        arguments = ctypes.c_uint64(source), ctypes.c_uint64(sums), ctypes.c_int32(300)
        assert cu.launch(kernel, 3, 128, *arguments) == cu.SUCCESS
        expected = [data[i : i + 128].sum() for i in (0, 128, 256)]
        assert cu.to_host(sums, np.empty(3, np.float32)).tolist() == expected


def test_dynamic_shared_memory():
    with cu.Primary():
        kernel = cu.function(cu.load(), "reverse")
        data = np.arange(96, dtype=np.int32)
        pointer = cu.to_device(data)
        assert cu.launch(kernel, 1, 96, ctypes.c_uint64(pointer), shared=4 * 96) == cu.SUCCESS
        assert np.array_equal(cu.to_host(pointer, data), data[::-1])


def test_globals_constants_and_tables():
    with cu.Primary():
        module = cu.load()
        kernel = cu.function(module, "useGlobals")
        out = cu.get(cu.u64, "cuMemAlloc_v2", 4 * 8)
        size = cu.u64()
        factor = cu.u64()
        cu.call("cuModuleGetGlobal_v2", factor, size, module, "factor")
        assert size.value == 4
        cu.call("cuMemcpyHtoD_v2", factor.value, np.float32([3]), 4)
        for _ in range(2):
            assert cu.launch(kernel, 1, 8, ctypes.c_uint64(out)) == cu.SUCCESS
        assert cu.to_host(out, np.empty(8, np.float32)).tolist() == [3, 6, 12, 24] * 2
        counter = cu.u64()
        cu.call("cuModuleGetGlobal_v2", counter, None, module, "counter")
        assert cu.to_host(counter.value, np.empty(1, np.int32))[0] == 16
        # Another load has separate variables.
        other = cu.load()
        second = cu.get(cu.u64, "cuModuleGetGlobal_v2", None, other, "counter")
        assert second != counter.value
        assert cu.to_host(second, np.empty(1, np.int32))[0] == 0


def test_structure_by_value():
    class Shift(ctypes.Structure):
        _fields_ = [("by", ctypes.c_float), ("first", ctypes.c_int), ("scale", ctypes.c_double)]

    with cu.Primary():
        kernel = cu.function(cu.load(), "shift")
        data = np.arange(16, dtype=np.float64)
        pointer = cu.to_device(data)
        assert cu.launch(kernel, 1, 16, ctypes.c_uint64(pointer), Shift(0.5, 4, 3.0)) == cu.SUCCESS
        expected = np.where(np.arange(16) >= 4, data * 3 + 0.5, data)
        assert np.array_equal(cu.to_host(pointer, data), expected)


def test_streams_and_events():
    with cu.Primary():
        kernel = cu.function(cu.load(), "add")
        first, second = (cu.get(cu.u64, "cuStreamCreate", 1) for _ in range(2))
        begin, end = (cu.get(cu.u64, "cuEventCreate", 0) for _ in range(2))
        a = numbers(64, 5)
        pointer = cu.get(cu.u64, "cuMemAllocAsync", 256, first)
        cu.call("cuMemcpyHtoDAsync_v2", pointer, a, 256, first)
        cu.call("cuEventRecord", begin, first)
        arguments = [ctypes.c_uint64(pointer)] * 3 + [ctypes.c_int32(64)]
        assert cu.launch(kernel, 1, 64, *arguments, stream=first) == cu.SUCCESS
        cu.call("cuEventRecord", end, first)
        cu.call("cuStreamWaitEvent", second, end, 0)
        back = np.empty_like(a)
        cu.call("cuMemcpyDtoHAsync_v2", back, pointer, 256, second)
        cu.call("cuStreamSynchronize", second)
        cu.call("cuEventQuery", end)
        assert np.array_equal(back, a + a)
        assert cu.get(ctypes.c_float, "cuEventElapsedTime", begin, end) > 0
        cu.call("cuMemFreeAsync", pointer, second)


def test_launch_with_a_configuration():
    class Attribute(ctypes.Structure):
        _fields_ = [("id", ctypes.c_int), ("pad", ctypes.c_int), ("value", ctypes.c_uint32 * 16)]

    class Config(ctypes.Structure):
        _fields_ = [
            ("grid", ctypes.c_uint32 * 3),
            ("block", ctypes.c_uint32 * 3),
            ("shared", ctypes.c_uint32),
            ("stream", ctypes.c_void_p),
            ("attributes", ctypes.POINTER(Attribute)),
            ("count", ctypes.c_uint32),
        ]

    def try_attribute(number: int, *value: int) -> int:
        attribute = Attribute(number, 0, (ctypes.c_uint32 * 16)(*value))
        config = Config((1, 1, 1), (96, 1, 1), 384, None, ctypes.pointer(attribute), 1)
        return cu.status("cuLaunchKernelEx", ctypes.byref(config), kernel, arguments, None)

    with cu.Primary():
        kernel = cu.function(cu.load(), "reverse")
        data = np.arange(96, dtype=np.int32)
        pointer = cu.to_device(data)
        arguments = cu.parameters(ctypes.c_uint64(pointer))
        assert try_attribute(4, 1, 1, 1) == cu.SUCCESS
        assert np.array_equal(cu.to_host(pointer, data), data[::-1])
        assert try_attribute(2, 1) == cu.SUCCESS  # cooperative
        assert try_attribute(4, 2, 1, 1) == cu.INVALID_CLUSTER_SIZE
        assert try_attribute(4, 0, 1, 1) == cu.INVALID_VALUE
        assert try_attribute(999) == cu.INVALID_VALUE
        assert cu.status("cuLaunchKernelEx", None, kernel, arguments, None) == cu.INVALID_VALUE


def test_library_and_kernel_handles():
    with cu.Primary():
        text = open(cu.KERNELS, "rb").read()
        library = cu.get(cu.u64, "cuLibraryLoadData", text, None, None, 0, None, None, 0)
        kernel = cu.get(cu.u64, "cuLibraryGetKernel", library, "reverse")
        data = np.arange(32, dtype=np.int32)
        pointer = cu.to_device(data)
        # A CUkernel may replace its function.
        assert cu.launch(kernel, 1, 32, ctypes.c_uint64(pointer), shared=128) == cu.SUCCESS
        made = cu.get(cu.u64, "cuKernelGetFunction", kernel)
        assert cu.launch(made, 1, 32, ctypes.c_uint64(pointer), shared=128) == cu.SUCCESS
        assert np.array_equal(cu.to_host(pointer, data), data)
        # Both share their settings.
        cu.call("cuKernelSetAttribute", 8, 60000, kernel, 0)
        assert cu.get(cu.i32, "cuFuncGetAttribute", 8, made) == 60000
        assert cu.get(cu.u32, "cuLibraryGetKernelCount", library) > 10
        name = ctypes.c_char_p()
        cu.call("cuKernelGetName", ctypes.byref(name), kernel)
        assert name.value == b"reverse"
        module = cu.get(cu.u64, "cuLibraryGetModule", library)
        assert cu.function(module, "reverse") == made
        cu.gives(cu.NOT_PERMITTED, "cuModuleUnload", module)
        cu.gives(cu.NOT_FOUND, "cuLibraryGetKernel", cu.u64(), library, "absent")
        cu.call("cuLibraryUnload", library)
        cu.gives(cu.INVALID_HANDLE, "cuLibraryUnload", library)
        assert cu.launch(made, 1, 32, ctypes.c_uint64(pointer), shared=128) == cu.INVALID_HANDLE
        assert cu.launch(kernel, 1, 32, ctypes.c_uint64(pointer), shared=128) == cu.INVALID_HANDLE


cu.run(globals())
