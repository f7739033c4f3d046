# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whether `--check=async` makes a kernel at most six times slower.

    times.py FILE KERNEL ARRAY

Processor time is compared, so that a busy machine does not matter.
"""

import resource
import subprocess
import sys

import numpy

file, kernel, array = sys.argv[1:]
numpy.save(array, numpy.zeros(32768, "uint32"))


def measure(check: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(
        ["ptx-sim", file, f"--kernel={kernel}", "--block=128", "--threads=1", f"--check={check}", "--time=30",
         f"--arg=inout:{array}:{array}.after.npy", f"--arg=out:u32:32768:{array}.out.npy"],
        stdout=subprocess.DEVNULL, check=True)  # fmt: skip
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


ratio = measure("async") / measure("none")
print("within 6 times" if ratio < 6 else f"{kernel}: {ratio:.1f} times slower")
