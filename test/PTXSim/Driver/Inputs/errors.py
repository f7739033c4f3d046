# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Each error occurs where the real driver returns it. Needs only ctypes."""

import ctypes

import libcuda as cu


def memory(size: int = 256) -> int:
    pointer = cu.get(cu.u64, "cuMemAlloc_v2", size)
    cu.call("cuMemsetD8_v2", pointer, 0, size)
    return pointer


def test_not_initialized():
    # Runs first, before cuInit is called.
    for name, arguments in {
        "cuDeviceGetCount": (cu.i32(),),
        "cuDeviceGet": (cu.i32(), 0),
        "cuMemAlloc_v2": (cu.u64(), 4),
        "cuCtxGetCurrent": (cu.u64(),),
        "cuDevicePrimaryCtxRetain": (cu.u64(), 0),
        "cuModuleLoadData": (cu.u64(), b""),
        "cuLaunchKernel": (1, 1, 1, 1, 1, 1, 1, 0, 0, None, None),
    }.items():
        cu.gives(cu.NOT_INITIALIZED, name, *arguments)
    cu.gives(cu.INVALID_VALUE, "cuInit", 1)
    cu.call("cuDriverGetVersion", cu.i32())
    cu.call("cuInit", 0)
    cu.call("cuInit", 0)


def test_invalid_device():
    for device in (1, -1):
        cu.gives(cu.INVALID_DEVICE, "cuDeviceGet", cu.i32(), device)
        cu.gives(cu.INVALID_DEVICE, "cuDeviceTotalMem_v2", cu.u64(), device)
        cu.gives(cu.INVALID_DEVICE, "cuDeviceGetAttribute", cu.i32(), 1, device)
        cu.gives(cu.INVALID_DEVICE, "cuCtxCreate_v4", cu.u64(), None, 0, device)
        cu.gives(cu.INVALID_DEVICE, "cuDevicePrimaryCtxRetain", cu.u64(), device)


def test_invalid_context():
    cu.call("cuCtxSetCurrent", None)
    cu.gives(cu.INVALID_CONTEXT, "cuMemAlloc_v2", cu.u64(), 4)
    cu.gives(cu.INVALID_CONTEXT, "cuCtxSynchronize")
    cu.gives(cu.INVALID_CONTEXT, "cuStreamCreate", cu.u64(), 0)
    cu.gives(cu.INVALID_CONTEXT, "cuModuleLoad", cu.u64(), "/nowhere")
    cu.gives(cu.INVALID_CONTEXT, "cuCtxPopCurrent_v2", cu.u64())
    cu.gives(cu.INVALID_CONTEXT, "cuCtxSetCurrent", 12345)
    cu.gives(cu.INVALID_CONTEXT, "cuCtxDestroy_v2", 0)
    cu.gives(cu.INVALID_CONTEXT, "cuDevicePrimaryCtxRelease_v2", 0)


def test_null_outputs():
    with cu.Primary():
        module = cu.load()
        for name, arguments in {
            "cuDeviceGet": (None, 0),
            "cuDeviceGetCount": (None,),
            "cuDeviceGetName": (None, 10, 0),
            "cuDeviceGetAttribute": (None, 1, 0),
            "cuDeviceGetUuid_v2": (None, 0),
            "cuDeviceTotalMem_v2": (None, 0),
            "cuDriverGetVersion": (None,),
            "cuCtxCreate_v2": (None, 0, 0),
            "cuCtxGetCurrent": (None,),
            "cuCtxGetLimit": (None, 0),
            "cuDevicePrimaryCtxRetain": (None, 0),
            "cuDevicePrimaryCtxGetState": (0, None, None),
            "cuModuleLoadData": (None, b""),
            "cuModuleLoad": (cu.u64(), None),
            "cuModuleGetFunction": (None, module, "add"),
            "cuModuleGetGlobal_v2": (None, None, module, "counter"),
            "cuMemAlloc_v2": (None, 4),
            "cuMemAllocAsync": (None, 4, 0),
            "cuMemAllocPitch_v2": (None, None, 4, 4, 4),
            "cuMemHostAlloc": (None, 4, 0),
            "cuMemGetInfo_v2": (None, None),
            "cuPointerGetAttribute": (None, 2, memory()),
            "cuStreamCreate": (None, 0),
            "cuStreamGetPriority": (0, None),
            "cuEventCreate": (None, 0),
            "cuGetErrorName": (1, None),
            "cuGetProcAddress_v2": ("cuInit", None, 13000, 0, None),
            "cuFuncGetAttribute": (None, 0, cu.function(module, "add")),
            "cuOccupancyMaxActiveBlocksPerMultiprocessor": (None, cu.function(module, "add"), 32, 0),
        }.items():
            cu.gives(cu.INVALID_VALUE, name, *arguments)


def test_invalid_handles():
    with cu.Primary():
        module = cu.load()
        kernel = cu.function(module, "nothing")
        stream = cu.get(cu.u64, "cuStreamCreate", 0)
        event = cu.get(cu.u64, "cuEventCreate", 0)
        # A handle of another kind is invalid.
        for wrong in (0, 77, module, stream):
            cu.gives(cu.INVALID_HANDLE, "cuEventSynchronize", wrong)
            cu.gives(cu.INVALID_HANDLE, "cuEventRecord", wrong, 0)
            cu.gives(cu.INVALID_HANDLE, "cuFuncGetAttribute", cu.i32(), 0, wrong)
            assert cu.launch(wrong, 1, 1) == cu.INVALID_HANDLE
        for wrong in (77, module, event):
            cu.gives(cu.INVALID_HANDLE, "cuStreamSynchronize", wrong)
            cu.gives(cu.INVALID_HANDLE, "cuMemcpyDtoDAsync_v2", 1, 1, 4, wrong)
            assert cu.launch(kernel, 1, 1, stream=wrong) == cu.INVALID_HANDLE
        for wrong in (0, 77, kernel, event):
            cu.gives(cu.INVALID_HANDLE, "cuModuleUnload", wrong)
            cu.gives(cu.INVALID_HANDLE, "cuModuleGetFunction", cu.u64(), wrong, "add")
        # So is one of a destroyed object.
        assert cu.launch(kernel, 1, 1, stream=stream) == cu.SUCCESS
        cu.call("cuStreamDestroy_v2", stream)
        cu.gives(cu.INVALID_HANDLE, "cuStreamDestroy_v2", stream)
        assert cu.launch(kernel, 1, 1, stream=stream) == cu.INVALID_HANDLE
        cu.call("cuEventDestroy_v2", event)
        cu.gives(cu.INVALID_HANDLE, "cuEventQuery", event)
        cu.call("cuModuleUnload", module)
        cu.gives(cu.INVALID_HANDLE, "cuModuleUnload", module)
        assert cu.launch(kernel, 1, 1) == cu.INVALID_HANDLE


def test_not_found():
    with cu.Primary():
        module = cu.load()
        cu.gives(cu.NOT_FOUND, "cuModuleGetFunction", cu.u64(), module, "absent")
        cu.gives(cu.NOT_FOUND, "cuModuleGetGlobal_v2", cu.u64(), None, module, "absent")
        cu.gives(cu.NOT_FOUND, "cuMemGetAddressRange_v2", cu.u64(), cu.u64(), 0x1234)
        cu.gives(cu.FILE_NOT_FOUND, "cuModuleLoad", cu.u64(), "/nowhere/kernels.ptx")


def load_with_logs(text: bytes, size: int = 1000):
    """Returns status, error log, its reported length, and info log."""
    error, info = ctypes.create_string_buffer(b"?" * size), ctypes.create_string_buffer(b"?" * size)
    options = (ctypes.c_uint32 * 4)(5, 6, 3, 4)
    values = (ctypes.c_void_p * 4)(ctypes.addressof(error), size, ctypes.addressof(info), size)
    code = cu.status("cuModuleLoadDataEx", cu.u64(), text, 4, options, values)
    assert len(info.value) == (values[3] or 0)
    return code, error.value.decode(), values[1] or 0, info.value.decode()


def test_invalid_ptx_and_its_log():
    with cu.Primary():
        good = open(cu.KERNELS, "rb").read()
        code, log, length, info = load_with_logs(good)
        assert (code, log, length) == (cu.SUCCESS, "", 0) and info

        lines = good.split(b"\n")
        place = next(i for i, line in enumerate(lines) if b"ret;" in line)
        lines[place] = b"frobnicate.u32 %r1, %r2;"
        code, log, length, info = load_with_logs(b"\n".join(lines))
        assert code == cu.INVALID_PTX and not info
        assert "frobnicate" in log and f":{place + 1}:" in log, log
        assert length == len(log)
        # A buffer that is too small gets the start of the text.
        short = load_with_logs(b"\n".join(lines), 10)
        assert short[:3] == (cu.INVALID_PTX, log[:9], 9)

        for text in (b"", b"hello", b".version 8.0\n"):
            assert load_with_logs(text)[0] == cu.INVALID_PTX, text
        newer = good.replace(b".version 9.0", b".version 9.9")
        assert load_with_logs(newer)[0] == cu.UNSUPPORTED_PTX_VERSION
        assert load_with_logs(b"\x7fELF\x02\x01")[0] == cu.NO_BINARY_FOR_GPU
        for target in (b"sm_100", b"sm_80a"):
            code, log, *_ = load_with_logs(good.replace(b".target sm_80", b".target " + target))
            assert code == cu.INVALID_PTX and target.decode() in log
        cu.gives(cu.INVALID_VALUE, "cuModuleLoadData", cu.u64(), None)
        options, values = (ctypes.c_uint32 * 1)(999), (ctypes.c_void_p * 1)(0)
        cu.gives(cu.INVALID_VALUE, "cuModuleLoadDataEx", cu.u64(), good, 1, options, values)


def test_memory_errors():
    with cu.Primary():
        pointer = memory()
        buffer = ctypes.create_string_buffer(512)
        host = ctypes.addressof(buffer)
        cu.gives(cu.INVALID_VALUE, "cuMemAlloc_v2", cu.u64(), 0)
        cu.gives(cu.OUT_OF_MEMORY, "cuMemAlloc_v2", cu.u64(), 1 << 40)
        cu.gives(cu.OUT_OF_MEMORY, "cuMemAlloc_v2", cu.u64(), (1 << 64) - 1)
        cu.gives(cu.OUT_OF_MEMORY, "cuMemAllocPitch_v2", cu.u64(), cu.u64(), 1 << 62, 1 << 62, 4)
        # More than the remaining memory.
        free, total = cu.u64(), cu.u64()
        cu.call("cuMemGetInfo_v2", free, total)
        most = cu.get(cu.u64, "cuMemAlloc_v2", free.value)
        cu.gives(cu.OUT_OF_MEMORY, "cuMemAlloc_v2", cu.u64(), 1)
        cu.call("cuMemFree_v2", most)
        cu.call("cuMemFree_v2", cu.get(cu.u64, "cuMemAlloc_v2", 1))
        # Host pointers are not device pointers.
        cu.gives(cu.INVALID_VALUE, "cuMemcpyHtoD_v2", host, buffer, 4)
        cu.gives(cu.INVALID_VALUE, "cuMemcpyDtoH_v2", buffer, host, 4)
        cu.gives(cu.INVALID_VALUE, "cuMemsetD8_v2", host, 0, 4)
        cu.gives(cu.INVALID_VALUE, "cuMemFree_v2", host)
        # Device pointers are not host pointers.
        cu.gives(cu.INVALID_VALUE, "cuMemcpyHtoD_v2", pointer, pointer, 4)
        cu.gives(cu.INVALID_VALUE, "cuMemcpyDtoH_v2", pointer, pointer, 4)
        cu.gives(cu.INVALID_VALUE, "cuMemcpyDtoH_v2", None, pointer, 4)
        # Ranges, alignment, and addresses outside of allocations.
        cu.gives(cu.INVALID_VALUE, "cuMemcpyHtoD_v2", pointer, buffer, 257)
        cu.gives(cu.INVALID_VALUE, "cuMemcpyDtoD_v2", pointer + 128, pointer, 129)
        cu.gives(cu.INVALID_VALUE, "cuMemsetD32_v2", pointer, 0, 65)
        cu.gives(cu.INVALID_VALUE, "cuMemsetD32_v2", pointer + 2, 0, 1)
        cu.gives(cu.INVALID_VALUE, "cuMemsetD32_v2", pointer, 0, (1 << 64) - 1)
        cu.gives(cu.INVALID_VALUE, "cuMemFree_v2", pointer + 4)
        cu.call("cuMemFree_v2", pointer)
        cu.gives(cu.INVALID_VALUE, "cuMemFree_v2", pointer)
        cu.gives(cu.INVALID_VALUE, "cuMemcpy", host, pointer, 4)
        cu.call("cuMemFree_v2", 0)


def test_host_memory_errors():
    with cu.Primary():
        buffer = ctypes.create_string_buffer(512)
        host = ctypes.addressof(buffer)
        cu.gives(cu.INVALID_VALUE, "cuMemHostAlloc", cu.u64(), 0, 0)
        cu.gives(cu.INVALID_VALUE, "cuMemHostAlloc", cu.u64(), 4, 8)
        cu.gives(cu.INVALID_VALUE, "cuMemFreeHost", host)
        cu.call("cuMemHostRegister_v2", host, 512, 0)
        cu.gives(cu.HOST_MEMORY_ALREADY_REGISTERED, "cuMemHostRegister_v2", host + 100, 8, 0)
        cu.gives(cu.INVALID_VALUE, "cuMemFreeHost", host)
        cu.call("cuMemHostUnregister", host)
        cu.gives(cu.HOST_MEMORY_NOT_REGISTERED, "cuMemHostUnregister", host)
        mine = cu.get(cu.u64, "cuMemAllocHost_v2", 100)
        cu.gives(cu.NOT_SUPPORTED, "cuMemHostGetDevicePointer_v2", cu.u64(), mine, 0)
        cu.call("cuMemFreeHost", mine)
        cu.gives(cu.INVALID_VALUE, "cuMemFreeHost", mine)
        cu.gives(cu.NOT_SUPPORTED, "cuMemAllocManaged", cu.u64(), 4, 1)


def test_launch_errors():
    with cu.Primary():
        module = cu.load()
        kernel = cu.function(module, "nothing")
        for grid, block in (
            (0, 1),
            (1, 0),
            ((1, 0, 1), 1),
            (1, (1, 1, 0)),
            ((1, 65536, 1), 1),
            ((1, 1, 65536), 1),
            (1, 1025),
            (1, (32, 33, 1)),
            (1, (1, 1, 65)),
            ((1 << 31, 1, 1), 1),
        ):
            assert cu.launch(kernel, grid, block) == cu.INVALID_VALUE, (grid, block)
        assert cu.launch(kernel, 1, 1024) == cu.SUCCESS
        # More threads than the kernel was compiled for.
        bounded = cu.function(module, "atMost64")
        pointer = ctypes.c_uint64(memory())
        assert cu.get(cu.i32, "cuFuncGetAttribute", 0, bounded) == 64
        assert cu.launch(bounded, 1, 65, pointer) == cu.LAUNCH_OUT_OF_RESOURCES
        assert cu.launch(bounded, 1, 64, pointer) == cu.SUCCESS
        # Dynamic shared memory: 48 KiB, or more after an opt-in.
        assert cu.launch(kernel, 1, 1, shared=48 * 1024) == cu.SUCCESS
        assert cu.launch(kernel, 1, 1, shared=48 * 1024 + 1) == cu.INVALID_VALUE
        most = cu.get(cu.i32, "cuDeviceGetAttribute", 97, 0)
        cu.gives(cu.INVALID_VALUE, "cuFuncSetAttribute", kernel, 8, most + 1)
        cu.gives(cu.INVALID_VALUE, "cuFuncSetAttribute", kernel, 8, -1)
        cu.call("cuFuncSetAttribute", kernel, 8, most)
        assert cu.launch(kernel, 1, 1, shared=most) == cu.SUCCESS
        assert cu.launch(kernel, 1, 1, shared=most + 1) == cu.INVALID_VALUE
        # Static shared memory counts.
        static = cu.function(module, "blockSums")
        assert cu.get(cu.i32, "cuFuncGetAttribute", 1, static) == 512
        assert cu.get(cu.i32, "cuFuncGetAttribute", 8, static) == 48 * 1024 - 512
        # Parameters.
        copy = cu.function(module, "copy")
        cu.gives(cu.INVALID_VALUE, "cuLaunchKernel", copy, 1, 1, 1, 1, 1, 1, 0, 0, None, None)
        both = cu.parameters(pointer, pointer)
        extra = (ctypes.c_void_p * 1)(0)
        cu.gives(cu.INVALID_VALUE, "cuLaunchKernel", copy, 1, 1, 1, 1, 1, 1, 0, 0, both, extra)
        odd = (ctypes.c_void_p * 3)(9, 9, 0)
        cu.gives(cu.INVALID_VALUE, "cuLaunchKernel", copy, 1, 1, 1, 1, 1, 1, 0, 0, None, odd)
        # A cooperative launch needs all of its blocks on the chip at once.
        blocks = cu.get(cu.i32, "cuDeviceGetAttribute", 16, 0) * cu.get(cu.i32, "cuDeviceGetAttribute", 106, 0)
        cu.call("cuLaunchCooperativeKernel", kernel, blocks, 1, 1, 1, 1, 1, 0, 0, None)
        cu.gives(cu.COOPERATIVE_LAUNCH_TOO_LARGE, "cuLaunchCooperativeKernel", kernel, blocks + 1, 1, 1, 1, 1, 1, 0, 0, None)
        cu.call("cuCtxSynchronize")


def check_fault(expected: int, name: str, block: int, *values):
    """The launch succeeds; the next wait returns the error, which is permanent."""
    context = cu.get(cu.u64, "cuCtxCreate_v2", 0, 0)
    module = cu.load()
    pointer = memory()
    event = cu.get(cu.u64, "cuEventCreate", 0)
    kernel = cu.function(module, name)
    arguments = [ctypes.c_uint64(pointer)][: 1 if values else 0] + [*values[1:]]
    assert cu.launch(kernel, 1, block, *arguments) == cu.SUCCESS
    # Later work is still accepted.
    cu.call("cuEventRecord", event, 0)
    cu.call("cuMemsetD8Async", pointer, 1, 1, 0)
    cu.gives(expected, "cuCtxSynchronize")
    cu.gives(expected, "cuCtxSynchronize")
    cu.gives(expected, "cuMemAlloc_v2", cu.u64(), 4)
    cu.gives(expected, "cuMemFree_v2", pointer)
    cu.gives(expected, "cuMemcpyDtoH_v2", ctypes.create_string_buffer(4), pointer, 4)
    cu.gives(expected, "cuEventSynchronize", event)
    cu.gives(expected, "cuStreamQuery", 0)
    cu.gives(expected, "cuModuleLoadData", cu.u64(), b"")
    assert cu.launch(kernel, 1, block, *arguments) == expected
    assert cu.get(cu.u64, "cuCtxGetCurrent") == context
    # It does not affect another context.
    cu.call("cuCtxDestroy_v2", context)
    with cu.Primary():
        cu.call("cuMemFree_v2", memory())
        cu.call("cuCtxSynchronize")


def test_illegal_address():
    check_fault(cu.ILLEGAL_ADDRESS, "writeBeyond", 1, "pointer", ctypes.c_int32(64))


def test_misaligned_address():
    check_fault(cu.MISALIGNED_ADDRESS, "writeMisaligned", 1, "pointer")


def test_launch_that_never_ends():
    check_fault(cu.LAUNCH_TIMEOUT, "waitForEver", 64)


def test_trap():
    check_fault(cu.LAUNCH_FAILED, "stop", 1)


def test_null_pointer_in_a_kernel():
    with cu.Primary():
        kernel = cu.function(cu.load(), "copy")
        pointer = ctypes.c_uint64(memory())
        assert cu.launch(kernel, 1, 1, ctypes.c_uint64(0), pointer) == cu.SUCCESS
        # A reset makes the primary context usable again.
        cu.gives(cu.ILLEGAL_ADDRESS, "cuCtxSynchronize")
        cu.call("cuDevicePrimaryCtxReset_v2", 0)
        cu.gives(cu.CONTEXT_IS_DESTROYED, "cuCtxSynchronize")
        cu.call("cuDevicePrimaryCtxRetain", cu.u64(), 0)
        cu.call("cuCtxSynchronize")
        cu.call("cuDevicePrimaryCtxRelease_v2", 0)


def test_host_pointer_in_a_kernel():
    with cu.Primary():
        kernel = cu.function(cu.load(), "copy")
        host = ctypes.create_string_buffer(512)
        source, target = ctypes.c_uint64(memory()), ctypes.c_uint64(ctypes.addressof(host))
        assert cu.launch(kernel, 1, 32, source, target) == cu.SUCCESS
        cu.gives(cu.ILLEGAL_ADDRESS, "cuStreamSynchronize", 0)


def test_unsupported_and_unknown():
    with cu.Primary():
        cu.gives(cu.UNSUPPORTED_LIMIT, "cuCtxGetLimit", cu.u64(), 99)
        cu.gives(cu.INVALID_VALUE, "cuDeviceGetAttribute", cu.i32(), 0, 0)
        cu.gives(cu.INVALID_VALUE, "cuDeviceGetAttribute", cu.i32(), 10000, 0)
        cu.gives(cu.INVALID_VALUE, "cuFuncGetAttribute", cu.i32(), 99, cu.function(cu.load(), "add"))
        cu.gives(cu.INVALID_VALUE, "cuStreamCreate", cu.u64(), 2)
        cu.gives(cu.INVALID_VALUE, "cuEventCreate", cu.u64(), 8)
        cu.gives(cu.INVALID_VALUE, "cuCtxCreate_v2", cu.u64(), 3, 0)
        cu.gives(cu.NOT_SUPPORTED, "cuStreamBeginCapture_v2", 0, 0)
        table = ctypes.c_void_p(1)
        cu.gives(cu.NOT_FOUND, "cuGetExportTable", table, ctypes.create_string_buffer(16))
        text = ctypes.c_char_p(b"?")
        assert cu.status("cuGetErrorName", 12345, ctypes.byref(text)) == cu.INVALID_VALUE
        assert text.value is None
        for code in (cu.SUCCESS, cu.ILLEGAL_ADDRESS, 999):
            cu.call("cuGetErrorString", code, ctypes.byref(text))
            assert text.value


cu.run(globals())
