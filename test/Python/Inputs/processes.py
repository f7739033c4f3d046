# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Imports, processes and the cache: processes.py FOLDER"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

from support import Report

FOLDER = sys.argv[1]
REPORT = Report()

IMPORT = """
import sys, time
before, start = set(sys.modules), time.process_time()
import diff_mlir
seconds = time.process_time() - start
loaded = set(sys.modules) - before
print(seconds, *sorted(name for name in loaded if "numpy" in name or "torch" in name))
"""

USE = """
import json, sys, time
import numpy
try:
    if len(sys.argv) > 2:
        import torch
except ImportError:
    pass
start = time.process_time()
import diff_mlir
arrays = [numpy.full(shape, 0.5, numpy.float32) for shape in
          ((1, 9, 4, 16), (1, 9, 2, 16), (1, 9, 2, 16), (1, 9, 2))]
out = diff_mlir.attention(*arrays, scale=float(sys.argv[1]))
seconds = time.process_time() - start
from diff_mlir import _runtime
maps = open("/proc/self/maps").read()
print(json.dumps({"seconds": seconds, "counts": _runtime.get_cache().counts(),
                  "llvm": "libLLVM" in maps or "libMLIR" in maps,
                  "sum": float(out.sum())}))
"""

FORK = """
import os, numpy, diff_mlir
arrays = [numpy.full(shape, 0.5, numpy.float32) for shape in
          ((1, 9, 4, 16), (1, 9, 2, 16), (1, 9, 2, 16), (1, 9, 2))]
wanted = diff_mlir.attention(*arrays)
child = os.fork()
if child == 0:
    same = numpy.array_equal(diff_mlir.attention(*arrays), wanted)
    diff_mlir.attention(*arrays, softcap=3.25)
    os._exit(0 if same else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def start(script: str, *words: str, **environment: str) -> subprocess.Popen:
    def heed_interrupts() -> None:
        # Test runners in the background ignore them, and so would their children.
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    return subprocess.Popen([sys.executable, "-c", script, *words], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env=os.environ | environment,
                            preexec_fn=heed_interrupts)  # fmt: skip


def run(script: str, *words: str, **environment: str) -> str:
    process = start(script, *words, **environment)
    output, errors = process.communicate()
    if process.returncode:
        REPORT("a process", False, errors)
    return output


def check_import() -> None:
    outputs = [run(IMPORT).split() for _ in range(3)]
    best = min(float(output[0]) for output in outputs)
    REPORT("import takes less than 0.1 s", best < 0.1, f"{1e3 * best:.1f} ms of CPU time")
    REPORT("import loads neither NumPy nor PyTorch", outputs[0][1:] == [], str(outputs[0][1:]))


def check_second_process() -> None:
    environment = {"DIFF_CACHE_DIR": os.path.join(FOLDER, "second")}
    first = json.loads(run(USE, "0.3", **environment))
    others = [json.loads(run(USE, "0.3", "torch", **environment)) for _ in range(3)]
    REPORT("the first process compiles", first["counts"]["compiled"] == 1, str(first["counts"]))
    REPORT("the second one does not", all(found["counts"]["compiled"] == 0 and found["counts"]["disk"] == 1
                                          for found in others))  # fmt: skip
    REPORT("no LLVM is loaded", not first["llvm"] and not any(found["llvm"] for found in others))
    REPORT("the same result", all(found["sum"] == first["sum"] for found in others))
    best = min(found["seconds"] for found in others)
    REPORT("to the first result in less than 0.3 s", best < 0.3, f"{1e3 * best:.0f} ms of CPU time")


def check_damage() -> None:
    environment = {"DIFF_CACHE_DIR": os.path.join(FOLDER, "second")}
    for root, _, names in os.walk(environment["DIFF_CACHE_DIR"]):
        for name in names:
            with open(os.path.join(root, name), "r+b") as file:
                file.truncate(os.path.getsize(file.name) // 2)
    found = json.loads(run(USE, "0.3", **environment))
    REPORT("a truncated entry is compiled again", found["counts"]["compiled"] == 1, str(found["counts"]))
    for name, folder in (("a folder that cannot be made", "/proc/cache"), ("a file", __file__)):
        found = json.loads(run(USE, "0.3", DIFF_CACHE_DIR=folder, TMPDIR=FOLDER))
        REPORT(f"{name} as cache", found["counts"]["compiled"] <= 1)


def check_interrupt() -> None:
    compiler = os.path.join(FOLDER, "slow-compiler")
    with open(compiler, "w") as file:
        file.write("#!/bin/sh\nexec sleep 60\n")
    os.chmod(compiler, 0o755)
    process = start(USE, "0.7", DIFF_COMPILER=compiler,
                    DIFF_CACHE_DIR=os.path.join(FOLDER, "interrupt"))  # fmt: skip
    # The compiler is a child of the process.
    children = f"/proc/{process.pid}/task/{process.pid}/children"
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None and not open(children).read().strip():
        time.sleep(0.05)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    seconds = time.monotonic() - began
    last = errors.strip().splitlines()[-1] if errors.strip() else ""
    REPORT("an interrupt ends a compilation", last.startswith("KeyboardInterrupt") and seconds < 20,
           f"{seconds:.1f} s: {last}")  # fmt: skip


def check_failing_compiler() -> None:
    script = USE.replace("out = ", "try:\n    out = ").replace(
        "\nseconds = ", "\nexcept RuntimeError as error:\n    print(error); sys.exit()\nseconds = ")  # fmt: skip
    for what, compiler, part in (("no compiler", "/nonexistent", "/nonexistent"),
                                 ("a program that is none", "/bin/true", "wrote no code"),
                                 ("a program that fails", "/bin/false", "failed with status 1")):  # fmt: skip
        output = run(script, "0.7", DIFF_COMPILER=compiler,
                     DIFF_CACHE_DIR=os.path.join(FOLDER, "none"))  # fmt: skip
        REPORT(f"{what} is a RuntimeError", part in output and output.count("\n") == 1, output.strip())


def check_many() -> None:
    environment = {"DIFF_CACHE_DIR": os.path.join(FOLDER, "many")}
    processes = [start(USE, str(0.5 + 0.25 * (i % 3)), **environment) for i in range(12)]
    found = []
    for process in processes:
        output, errors = process.communicate()
        if process.returncode:
            REPORT("one of many processes", False, errors)
        else:
            found.append(json.loads(output))
    compiled = sum(one["counts"]["compiled"] for one in found)
    REPORT("12 processes compile 3 kernels once", compiled == 3, f"{compiled} compiled")


shutil.rmtree(FOLDER, ignore_errors=True)
os.makedirs(FOLDER)
check_import()
check_second_process()
check_damage()
check_interrupt()
check_failing_compiler()
check_many()
REPORT("a child after a fork", run(FORK).strip() == "0")
REPORT.finish()
