# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Each misuse of ptx-sim: status 1, one line with "error: ", nothing else.

    misuse.py PTX FOLDER
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

ptx, folder = sys.argv[1], Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
words = folder / "words.npy"
np.save(words, np.arange(32, dtype=np.uint32))
header = words.read_bytes()


def write(name: str, data: bytes) -> str:
    (folder / name).write_bytes(data)
    return str(folder / name)


np.save(folder / "complex.npy", np.zeros(3, np.complex64))
np.save(folder / "swapped.npy", np.zeros(3, ">f4"))
np.save(folder / "object.npy", np.array([None], dtype=object))
files = [
    str(folder), "/nowhere/a.npy", str(folder / "complex.npy"), str(folder / "swapped.npy"),
    str(folder / "object.npy"), write("empty.npy", b""), write("cut.npy", header[:90]),
    write("short.npy", header[:140]), write("huge.npy", header.replace(b"(32,)", b"(99999999999999999999,)")),
    write("negative.npy", header.replace(b"(32,)", b"(-32,)")),
]  # fmt: skip
texts = [write("random.ptx", bytes(range(256)) * 9), write("empty.ptx", b""), str(words), "/nowhere/a.ptx",
         str(folder), "/dev/null"]  # fmt: skip
usual = [f"--arg=inout:{words}:{folder / 'after.npy'}", "--arg=u32:32"]
misuses = [
    [], ["--list"], ["--list", "/nowhere/a.ptx"], [ptx, ptx, *usual], [ptx], [ptx, usual[0]],
    [ptx, *usual, "--arg=u32:1"],
    *([text, *usual] for text in texts),
    *([ptx, f"--arg=in:{file}", "--arg=u32:32"] for file in files),
    *([ptx, "--block=32", *usual, option] for option in (
        "--grid=0", "--grid=", "--grid=x", "--grid=1,2,3,4", "--grid=-1", "--grid=4294967296",
        "--grid=1,70000", "--block=0", "--block=2048", "--block=1,1,65", "--block=33,33",
        "--cluster=2", "--cluster=0", "--shared=x", "--shared=-1", "--shared=4294967295",
        "--shared=999999", "--chip=sm_70", "--chip=", "--check=foo", "--check=", "--check=all,none",
        "--async=never", "--seed=x", "--tensor=x", "--threads=-1", "--time=x", "--json=",
        "--json=/nowhere/a.json", f"--json={folder}", "--registers=300", "--kernel=none",
        "--kernel=", "--nothing", "-x", "--list=3", "--profile=3", "--arg",
        "--cooperative=1")),
    [ptx, "--cooperative", "--grid=1000000", "--block=32", *usual],
    *([ptx, usual[0], f"--arg={value}"] for value in (
        "", ":", "u32", "u32:", "u32:4294967296", "u32:-1", "u32:x", "s32:2147483648", "u8:256",
        "f32:x", "f32:1e39", "f16:65520", "bf16:3.4e38", "f64:1", "u64:1", "q32:1", "bytes:",
        "bytes:0", "bytes:zz", "bytes:0000000000", "in:", f"inout:{words}", f"inout:{words}:")),
    *([ptx, f"--arg={value}", "--arg=u32:0"] for value in (
        "out:f32:3", "out:f32:x:o.npy", "out:f99:3:o.npy", "out:f32:-3:o.npy",
        "out:f32:99999999999999999999:o.npy", "out:f32:4294967296x4294967296x2:o.npy",
        "out:f32:3:/nowhere/o.npy", f"out:f32:3:{folder}", "out::::", "u32:0")),
]  # fmt: skip
wrong = 0
for misuse in misuses:
    done = subprocess.run(["ptx-sim", *misuse], capture_output=True, text=True, errors="replace",
                          cwd=folder)  # fmt: skip
    errors = sum("error: " in line for line in done.stderr.splitlines())
    if done.returncode != 1 or errors != 1 or done.stdout:
        wrong += 1
        print(f"{misuse}: status {done.returncode}, {done.stdout!r}, {done.stderr!r}")
if (folder / "after.npy").exists():
    wrong += 1
    print("a misuse wrote an array")
print(f"{len(misuses) - wrong} of {len(misuses)} misuses are refused")
sys.exit(1 if wrong else 0)
