# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whether `--check=async` makes a kernel at most six times slower.

    times.py FILE KERNEL ARRAY

The least of several times counts, and a busy machine gets several tries.
"""

import json
import subprocess
import sys

import numpy

file, kernel, array = sys.argv[1:]
numpy.save(array, numpy.zeros(32768, "uint32"))
times = {}
for _ in range(5):
    for check in ("none", "async"):
        done = subprocess.run(
            ["ptx-sim", file, f"--kernel={kernel}", "--block=128", "--threads=1", f"--check={check}",
             f"--arg=inout:{array}:{array}.after.npy", f"--arg=out:u32:32768:{array}.out.npy", "--time=5"],
            capture_output=True, text=True, check=True)  # fmt: skip
        least = json.loads(done.stdout)["min_ms"]
        times[check] = min(least, times.get(check, least))
    if times["async"] < 6 * times["none"]:
        print("within 6 times")
        break
else:
    print(f"{kernel}: {times['async'] / times['none']:.1f} times: {times}")
