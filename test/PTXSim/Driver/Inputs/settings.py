# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Starts the driver and launches the named kernel: `copy` from unwritten memory,
`race`, or `nothing` with 1024 threads. Prints the status of the calls."""

import ctypes
import sys

import libcuda as cu

code = cu.status("cuInit", 0)
print("cuInit:", cu.name_of(code))
if code:
    print("cuDeviceGetCount:", cu.name_of(cu.status("cuDeviceGetCount", cu.i32())))
    sys.exit()
name = ctypes.create_string_buffer(100)
cu.call("cuDeviceGetName", name, 100, 0)
print("device:", name.value.decode())
with cu.Primary():
    module = cu.load()
    pointers = [ctypes.c_uint64(cu.get(cu.u64, "cuMemAlloc_v2", 256)) for _ in range(2)]
    for kernel in sys.argv[1:]:
        values = {"copy": pointers, "race": pointers[1:], "nothing": []}[kernel]
        block = 1024 if kernel == "nothing" else 64
        code = cu.launch(cu.function(module, kernel), 1, block, *values)
        print(f"{kernel}:", cu.name_of(code))
        print("cuCtxSynchronize:", cu.name_of(cu.status("cuCtxSynchronize")))
