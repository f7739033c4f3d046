# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests of the device, contexts, memory, and functions by name."""

import ctypes
import re
import struct
import sys
import threading

import libcuda as cu


def exported() -> list[str]:
    """The names that the dynamic symbol table of the library defines."""
    with open("/proc/self/maps") as maps:
        path = next(line.split()[-1] for line in maps if "/libcuda.so" in line)
    data = open(path, "rb").read()
    assert data[:5] == b"\x7fELF\x02"
    (sections,) = struct.unpack_from("<Q", data, 0x28)
    size, count = struct.unpack_from("<HH", data, 0x3A)
    names = []
    for i in range(count):
        _, kind, _, _, offset, length, link = struct.unpack_from("<IIQQQQI", data, sections + i * size)
        if kind != 11:  # SHT_DYNSYM
            continue
        (strings,) = struct.unpack_from("<Q", data, sections + link * size + 0x18)
        for at in range(offset, offset + length, 24):
            name, info, _, section = struct.unpack_from("<IBBH", data, at)
            if section and info & 15 in (1, 2):  # defined: an object, a function
                begin = strings + name
                names.append(data[begin : data.index(b"\0", begin)].decode())
    return names


def address(name: str) -> int:
    return ctypes.cast(getattr(cu.lib, name), ctypes.c_void_p).value


def look(name: str, version: int = 13000, flags: int = 0):
    """Address and status of cuGetProcAddress_v2."""
    found, status = ctypes.c_void_p(1), cu.i32()
    cu.call("cuGetProcAddress_v2", name, found, version, flags, status)
    return found.value, status.value


def test_every_export_is_in_the_table():
    names = exported()
    assert len(names) > 200, names
    for name in names:
        parts = re.fullmatch(r"(cu[A-Z]\w*?)(_v\d)?(_pt[ds][sz])?", name)
        assert parts, f"{name} is no function of the driver API"
        base, version, stream = parts.groups()
        assert look(base, flags=2 if stream else 1)[1] == 0, base
        if version or stream:
            assert look(name) == (address(name), 0), name


def test_functions_by_name():
    assert look("cuMemAlloc") == (address("cuMemAlloc_v2"), 0)
    assert look("cuMemAlloc", 2000) == (None, 2)
    assert look("cuNothing") == (None, 1)
    # The newest version for a program of that release.
    assert look("cuCtxCreate", 4000)[0] == address("cuCtxCreate_v2")
    assert look("cuCtxCreate", 11040)[0] == address("cuCtxCreate_v3")
    assert look("cuCtxCreate", 13000)[0] == address("cuCtxCreate_v4")
    assert look("cuGetProcAddress", 11030)[0] == address("cuGetProcAddress")
    assert look("cuGetProcAddress", 12000)[0] == address("cuGetProcAddress_v2")
    # Per-thread streams, if there is such a form.
    assert look("cuLaunchKernel", flags=2)[0] == address("cuLaunchKernel_ptsz")
    assert look("cuMemcpyHtoD", flags=2)[0] == address("cuMemcpyHtoD_v2_ptds")
    assert look("cuMemAlloc", flags=2)[0] == address("cuMemAlloc_v2")
    found = ctypes.c_void_p()
    cu.gives(cu.INVALID_VALUE, "cuGetProcAddress_v2", "cuInit", found, 99000, 0, None)
    cu.gives(cu.INVALID_VALUE, "cuGetProcAddress_v2", "cuInit", found, 13000, 8, None)
    cu.gives(cu.INVALID_VALUE, "cuGetProcAddress_v2", None, found, 13000, 0, None)
    cu.gives(cu.NOT_FOUND, "cuGetProcAddress", "cuNothing", found, 13000, 0)
    cu.call("cuGetProcAddress", "cuInit", found, 13000, 0)
    initialise = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint)(found.value)
    assert initialise(0) == 0


def attribute(number: int) -> int:
    return cu.get(cu.i32, "cuDeviceGetAttribute", number, 0)


def test_device():
    cu.call("cuInit", 0)
    assert cu.get(cu.i32, "cuDriverGetVersion") == 13000
    assert cu.get(cu.i32, "cuDeviceGetCount") == 1
    name = ctypes.create_string_buffer(64)
    cu.call("cuDeviceGetName", name, 64, 0)
    assert b"PTXSim" in name.value
    cu.call("cuDeviceGetName", name, 3, 0)
    assert len(name.value) == 2
    # The default is sm_90a.
    assert (attribute(75), attribute(76)) == (9, 0)
    major, minor = cu.i32(), cu.i32()
    cu.call("cuDeviceComputeCapability", major, minor, 0)
    assert (major.value, minor.value) == (9, 0)
    assert attribute(1) == 1024 and attribute(10) == 32
    assert [attribute(i) for i in range(2, 8)] == [1024, 1024, 64, 2**31 - 1, 65535, 65535]
    assert attribute(8) == 49152 and attribute(97) == 232448 and attribute(81) == 233472
    assert attribute(39) == 2048 and attribute(12) == 65536
    assert attribute(16) > 0 and attribute(13) > 10**6 and attribute(38) > 2**20
    assert cu.get(cu.u64, "cuDeviceTotalMem_v2", 0) == 80 << 30
    for number in range(1, 148):
        attribute(number)
    uuid = ctypes.create_string_buffer(17)
    uuid[16] = b"!"
    cu.call("cuDeviceGetUuid_v2", uuid, 0)
    assert uuid.raw[0] and uuid.raw[16:] == b"!"
    cu.call("cuDeviceGetPCIBusId", name, 64, 0)
    assert cu.get(cu.i32, "cuDeviceGetByPCIBusId", name) == 0


def current() -> int:
    return cu.get(cu.u64, "cuCtxGetCurrent")


def test_stack_of_contexts():
    cu.call("cuInit", 0)
    first = cu.get(cu.u64, "cuCtxCreate_v2", 0, 0)
    second = cu.get(cu.u64, "cuCtxCreate_v3", None, 0, 4, 0)
    third = cu.get(cu.u64, "cuCtxCreate_v4", None, 0, 0)
    assert len({first, second, third}) == 3 and current() == third
    assert cu.get(cu.i32, "cuCtxGetDevice") == 0
    assert cu.get(cu.u64, "cuCtxPopCurrent_v2") == third
    assert current() == second and cu.get(cu.u32, "cuCtxGetFlags") == 4
    cu.call("cuCtxSetCurrent", first)
    assert current() == first
    cu.call("cuCtxPushCurrent_v2", third)
    cu.call("cuCtxDestroy_v2", first)
    assert current() == third
    cu.call("cuCtxDestroy_v2", third)
    # What is below was destroyed meanwhile.
    assert current() == first
    cu.gives(cu.CONTEXT_IS_DESTROYED, "cuMemAlloc_v2", cu.u64(), 4)
    cu.gives(cu.INVALID_CONTEXT, "cuCtxDestroy_v2", first)
    cu.call("cuCtxPopCurrent_v2", None)
    assert current() == first  # once created, once set in place of the second
    cu.call("cuCtxPopCurrent_v2", None)
    assert not current()
    cu.call("cuCtxDestroy_v2", second)


def test_primary_context():
    cu.call("cuInit", 0)

    def active() -> int:
        flags, state = cu.u32(), cu.i32()
        cu.call("cuDevicePrimaryCtxGetState", 0, flags, state)
        return state.value

    assert not active()
    handle = cu.get(cu.u64, "cuDevicePrimaryCtxRetain", 0)
    assert cu.get(cu.u64, "cuDevicePrimaryCtxRetain", 0) == handle and active()
    assert not current()
    cu.call("cuCtxSetCurrent", handle)
    pointer = cu.get(cu.u64, "cuMemAlloc_v2", 64)
    cu.gives(cu.INVALID_CONTEXT, "cuCtxDestroy_v2", handle)
    cu.call("cuDevicePrimaryCtxRelease_v2", 0)
    cu.call("cuMemsetD8_v2", pointer, 0, 64)
    cu.call("cuDevicePrimaryCtxRelease_v2", 0)
    assert not active()
    cu.gives(cu.CONTEXT_IS_DESTROYED, "cuMemFree_v2", pointer)
    cu.gives(cu.INVALID_CONTEXT, "cuDevicePrimaryCtxRelease_v2", 0)
    # Its memory is gone with it.
    with cu.Primary():
        cu.gives(cu.INVALID_VALUE, "cuMemFree_v2", pointer)
    cu.call("cuCtxSetCurrent", None)


def test_resources_go_with_their_context():
    cu.call("cuInit", 0)
    with cu.Primary():
        free, total = cu.u64(), cu.u64()
        cu.call("cuMemGetInfo_v2", free, total)
        before = free.value
    context = cu.get(cu.u64, "cuCtxCreate_v2", 0, 0)
    module, stream = cu.load(), cu.get(cu.u64, "cuStreamCreate", 0)
    cu.call("cuMemAlloc_v2", cu.u64(), 1 << 20)
    cu.call("cuMemAllocHost_v2", cu.u64(), 100)
    # A pool's memory belongs to no context.
    pooled = cu.get(cu.u64, "cuMemAllocAsync", 1 << 10, stream)
    cu.call("cuCtxDestroy_v2", context)
    with cu.Primary():
        cu.gives(cu.INVALID_HANDLE, "cuModuleUnload", module)
        cu.gives(cu.INVALID_HANDLE, "cuStreamSynchronize", stream)
        cu.call("cuMemFreeAsync", pooled, 0)
        cu.call("cuMemGetInfo_v2", free, total)
        assert free.value == before


def test_current_context_is_the_threads_own():
    seen = {}

    def work(number: int):
        seen[number, "first"] = current()
        context = cu.get(cu.u64, "cuCtxCreate_v2", 0, 0)
        seen[number, "mine"] = current() == context
        for value in range(50):
            pointer = cu.get(cu.u64, "cuMemAlloc_v2", 1024)
            cu.call("cuMemsetD8_v2", pointer, value, 1024)
            buffer = ctypes.create_string_buffer(1024)
            cu.call("cuMemcpyDtoH_v2", buffer, pointer, 1024)
            assert buffer.raw == bytes([value]) * 1024
            cu.call("cuMemFree_v2", pointer)
        seen[number, "done"] = True
        cu.call("cuCtxDestroy_v2", context)

    with cu.Primary():
        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for number in range(4):
        assert not seen[number, "first"] and seen[number, "mine"] and seen[number, "done"]


def test_memory():
    with cu.Primary() as context:
        buffer = ctypes.create_string_buffer(bytes(range(64)), 64)
        back = ctypes.create_string_buffer(64)
        pointer = cu.get(cu.u64, "cuMemAlloc_v2", 64)
        assert pointer % 256 == 0
        # By the kind of the addresses.
        cu.call("cuMemcpy", pointer, ctypes.addressof(buffer), 64)
        other = cu.get(cu.u64, "cuMemAlloc_v2", 64)
        cu.call("cuMemcpyAsync", other, pointer, 64, 1)
        cu.call("cuMemcpy", ctypes.addressof(back), other, 64)
        assert back.raw == buffer.raw
        cu.call("cuMemsetD16_v2", pointer, 0xABCD, 2)
        cu.call("cuMemsetD32Async", pointer + 4, 0x01020304, 1, 2)
        cu.call("cuMemcpyDtoH_v2", back, pointer, 8)
        assert back.raw[:8] == bytes.fromhex("cdabcdab04030201")
        base, size = cu.u64(), cu.u64()
        cu.call("cuMemGetAddressRange_v2", base, size, pointer + 63)
        assert (base.value, size.value) == (pointer, 64)
        assert cu.get(cu.u32, "cuPointerGetAttribute", 2, pointer + 5) == 2
        assert cu.get(cu.u64, "cuPointerGetAttribute", 1, pointer + 5) == context
        assert cu.get(cu.u64, "cuPointerGetAttribute", 11, pointer + 5) == pointer
        cu.gives(cu.INVALID_VALUE, "cuPointerGetAttribute", cu.u32(), 2, ctypes.addressof(buffer))
        host = cu.get(cu.u64, "cuMemHostAlloc", 100, 1)
        assert cu.get(cu.u32, "cuPointerGetAttribute", 2, host + 99) == 1
        assert cu.get(cu.u32, "cuMemHostGetFlags", host) == 1
        # Several at a time, for unknown memory.
        kind, ordinal = ctypes.c_uint32(7), cu.i32()
        names = (ctypes.c_int * 2)(2, 9)
        places = (ctypes.c_void_p * 2)(ctypes.addressof(kind), ctypes.addressof(ordinal))
        cu.call("cuPointerGetAttributes", 2, names, places, ctypes.addressof(buffer))
        assert kind.value == 0 and ordinal.value == -2


class Rows(ctypes.Structure):
    _fields_ = [
        (f"{end}{name}", kind)
        for end in ("src", "dst")
        for name, kind in (
            ("X", ctypes.c_size_t),
            ("Y", ctypes.c_size_t),
            ("Type", ctypes.c_uint32),
            ("Host", ctypes.c_void_p),
            ("Device", ctypes.c_uint64),
            ("Array", ctypes.c_void_p),
            ("Pitch", ctypes.c_size_t),
        )
    ] + [("width", ctypes.c_size_t), ("height", ctypes.c_size_t)]


def test_copies_of_rows():
    with cu.Primary():
        pitch = cu.u64()
        pointer = cu.get(cu.u64, "cuMemAllocPitch_v2", pitch, 10, 4, 4)
        assert pitch.value >= 10 and pitch.value % 256 == 0
        cu.call("cuMemsetD2D8_v2", pointer, pitch.value, 7, 10, 4)
        buffer = ctypes.create_string_buffer(bytes(range(24)), 24)
        rows = Rows(srcType=1, srcHost=ctypes.addressof(buffer), srcPitch=8, srcX=2, srcY=1)
        rows.dstType, rows.dstDevice, rows.dstPitch, rows.dstX, rows.dstY = 2, pointer, pitch.value, 1, 2
        rows.width, rows.height = 5, 2
        cu.call("cuMemcpy2D_v2", ctypes.byref(rows))
        line = ctypes.create_string_buffer(10)
        expected = [b"\7" * 10, b"\7" * 10]
        expected += [b"\7" + bytes(range(start, start + 5)) + b"\7" * 4 for start in (10, 18)]
        for row in range(4):
            cu.call("cuMemcpyDtoH_v2", line, pointer + row * pitch.value, 10)
            assert line.raw == expected[row], row
        rows.dstPitch = 4
        cu.gives(cu.INVALID_VALUE, "cuMemcpy2D_v2", ctypes.byref(rows))
        rows.dstPitch, rows.srcType = pitch.value, 3
        cu.gives(cu.NOT_SUPPORTED, "cuMemcpy2D_v2", ctypes.byref(rows))
        cu.gives(cu.INVALID_VALUE, "cuMemcpy2D_v2", None)


def test_pools():
    with cu.Primary():
        pool = cu.get(cu.u64, "cuDeviceGetDefaultMemPool", 0)
        assert cu.get(cu.u64, "cuDeviceGetMemPool", 0) == pool
        threshold = ctypes.c_uint64(12345)
        cu.call("cuMemPoolSetAttribute", pool, 4, threshold)
        used = cu.u64()
        cu.call("cuMemPoolGetAttribute", pool, 4, used)
        assert used.value == 12345
        pointer = cu.get(cu.u64, "cuMemAllocFromPoolAsync", 1000, pool, 0)
        cu.call("cuMemPoolGetAttribute", pool, 7, used)
        assert used.value == 1000
        assert cu.get(cu.u64, "cuPointerGetAttribute", 17, pointer) == pool
        cu.call("cuMemFreeAsync", pointer, 0)
        cu.call("cuMemPoolGetAttribute", pool, 7, used)
        assert used.value == 0
        cu.gives(cu.INVALID_VALUE, "cuMemPoolDestroy", pool)
        cu.gives(cu.INVALID_VALUE, "cuMemPoolTrimTo", 999, 0)


def test_streams_and_events():
    with cu.Primary() as context:
        least, greatest = cu.i32(), cu.i32()
        cu.call("cuCtxGetStreamPriorityRange", least, greatest)
        assert least.value == 0 and greatest.value < 0
        stream = ctypes.c_uint64()
        cu.call("cuStreamCreateWithPriority", stream, 1, -100)
        stream = stream.value

        def ask(kind, name, handle):
            value = kind()
            cu.call(name, handle, value)
            return value.value

        assert ask(cu.i32, "cuStreamGetPriority", stream) == greatest.value
        assert ask(cu.u32, "cuStreamGetFlags", stream) == 1
        assert ask(cu.u64, "cuStreamGetCtx", stream) == context
        assert ask(cu.i32, "cuStreamGetDevice", stream) == 0
        assert ask(cu.i32, "cuStreamIsCapturing", stream) == 0
        ids = {ask(cu.u64, "cuStreamGetId", handle) for handle in (0, 1, 2, stream)}
        assert len(ids) == 3  # 0 is 1
        for handle in (0, 1, 2, stream):
            cu.call("cuStreamSynchronize", handle)
            cu.call("cuStreamQuery", handle)
        first, second, untimed = (cu.get(cu.u64, "cuEventCreate", flags) for flags in (0, 1, 2))
        cu.call("cuEventQuery", first)
        elapsed = ctypes.c_float()
        cu.gives(cu.INVALID_HANDLE, "cuEventElapsedTime", elapsed, first, second)
        for event in (first, second, untimed):
            cu.call("cuEventRecord", event, stream)
        cu.call("cuEventElapsedTime", elapsed, first, second)
        assert elapsed.value >= 0
        cu.gives(cu.INVALID_HANDLE, "cuEventElapsedTime_v2", elapsed, first, untimed)
        seen = []
        record = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(lambda data: seen.append(data))
        cu.call("cuLaunchHostFunc", stream, record, 42)
        assert seen == [42]


def test_attributes_of_functions():
    with cu.Primary():
        module = cu.load()
        kernel = cu.function(module, "useGlobals")

        def ask(number: int) -> int:
            return cu.get(cu.i32, "cuFuncGetAttribute", number, kernel)

        assert ask(0) == 1024 and ask(1) == 0 and ask(2) == 4 and ask(3) == 0
        assert 0 < ask(4) <= 255 and ask(5) == 80 and ask(6) == 90
        offset, size = cu.u64(), cu.u64()
        shift = cu.function(module, "shift")
        cu.call("cuFuncGetParamInfo", shift, 1, offset, size)
        assert (offset.value, size.value) == (8, 16)
        cu.gives(cu.INVALID_VALUE, "cuFuncGetParamInfo", shift, 2, offset, size)
        count = cu.get(cu.u32, "cuModuleGetFunctionCount", module)
        handles = (ctypes.c_uint64 * count)()
        cu.call("cuModuleEnumerateFunctions", handles, count, module)
        assert len(set(handles)) == count and kernel in list(handles)


def test_occupancy():
    def blocks(name: str, threads: int, shared: int = 0) -> int:
        kernel = cu.function(module, name)
        return cu.get(cu.i32, "cuOccupancyMaxActiveBlocksPerMultiprocessor", kernel, threads, shared)

    with cu.Primary():
        module = cu.load()
        # 64 warps and 32 blocks a multiprocessor.
        assert blocks("nothing", 1024) == 2
        assert blocks("nothing", 256) == 8
        assert blocks("nothing", 33) == 32
        assert blocks("atMost64", 65) == 0
        # 228 KiB; a block has 1 KiB more than it asks for.
        assert blocks("nothing", 32, 56 << 10) == 4
        assert blocks("nothing", 32, (56 << 10) + 1) == 3
        assert blocks("nothing", 32, 240 << 10) == 0
        grid, block = cu.i32(), cu.i32()
        kernel = cu.function(module, "atMost64")
        cu.call("cuOccupancyMaxPotentialBlockSize", grid, block, kernel, None, 0, 0)
        assert block.value == 64 and grid.value == 32 * attribute(16)
        size = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_int)(lambda threads: threads << 10)
        kernel = cu.function(module, "nothing")
        cu.call("cuOccupancyMaxPotentialBlockSize", grid, block, kernel, size, 0, 0)
        assert block.value * blocks("nothing", block.value, block.value << 10) >= 192
        free = cu.get(cu.u64, "cuOccupancyAvailableDynamicSMemPerBlock", kernel, 2, 128)
        assert blocks("nothing", 128, free) == 2 and blocks("nothing", 128, free + 128) == 1


if sys.platform != "linux":
    sys.exit("the driver library is for Linux")
cu.run(globals())
