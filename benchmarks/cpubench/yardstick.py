# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The peaks of this machine, and the control loop that shows a disturbed one."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from . import BenchError

SOURCE = Path(__file__).with_name("yardstick.c")
#: Milliseconds of one run of a peak loop and of the control loop, and runs of the former.
PEAK_MS, CONTROL_MS, RUNS = 5.0, 2.0, 9


class NoYardstick(BenchError):
    """The loops cannot be compiled. The table has no shares of peaks, and no control."""


def read_cpu_flags() -> set[str]:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                return set(line.split(":", 1)[1].split())
    except OSError:
        pass
    return set()


def find_compiler() -> str:
    given = os.environ.get("CC")
    for name in [given] if given else ["cc", "gcc", "clang"]:
        if path := shutil.which(name):
            return path
    raise NoYardstick(f"CC={given} is no program" if given else "there is no C compiler (cc, gcc, clang)")


def _compile(compiler: str, chip: str | None, folder: str) -> ctypes.CDLL:
    library = Path(folder) / "yardstick.so"
    architecture = f"-march={chip or 'native'}"
    command = [compiler, "-O3", architecture, "-ffp-contract=fast", "-shared", "-fPIC", str(SOURCE),
               "-o", str(library)]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise NoYardstick(f"{compiler} cannot be run: {error.strerror}") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error" in line] or ["it said nothing"]
        raise NoYardstick(f"{compiler} {architecture} does not compile yardstick.c: {lines[0]}")
    return ctypes.CDLL(str(library))


class Yardstick:
    """The loops of yardstick.c for the CPU of this machine, or for a lesser `chip`.

    `fma` and `amx` are peaks of one core in GFLOP/s; `amx` is None without AMX or
    without the permission to use it, and `amx_note` says why.
    """

    def __init__(self, chip: str | None = None):
        with tempfile.TemporaryDirectory() as folder:
            self.library = _compile(find_compiler(), chip, folder)
        self.library.runFMA.restype = self.library.runTile.restype = ctypes.c_double
        self.library.readAll.restype = self.library.countPanelFloats.restype = ctypes.c_int64
        self.vector_bytes = self.library.vectorBytes()
        self._check_vectors(chip)
        self.result = ctypes.c_float()
        self.panel = self._make_panel()
        self.fma = self._measure_peak(self._run_fma)
        self.amx, self.amx_note = None, ""
        if not hasattr(self.library, "runAMX"):
            self.amx_note = f"{chip or 'the CPU'} has no AMX-BF16, or the C compiler does not know it"
        elif self.library.requestAMX() != 0:
            self.amx_note = "the kernel does not grant AMX"
        else:
            self.library.runAMX.restype = ctypes.c_double
            self.amx = self._measure_peak(self._run_amx)
        self.tile_turns = self._calibrate(self._run_tile, CONTROL_MS)
        #: The shortest CPU time of the control loop.
        self.best = min(self._time_tile() for _ in range(RUNS))
        self.tile = self._run_tile(self.tile_turns) / self.best / 1e9

    def _check_vectors(self, chip: str | None) -> None:
        """An illegal instruction would end the process."""
        needed = {64: "avx512f", 32: "fma"}.get(self.vector_bytes)
        flags = read_cpu_flags()
        if needed and flags and needed not in flags:
            raise BenchError(f"this CPU does not run code for {chip}: it has no {needed}")

    def _make_panel(self) -> ctypes.c_void_p:
        count = self.library.countPanelFloats()
        self._floats = np.full(count + 16, 1e-3, np.float32)
        start = -self._floats.ctypes.data % 64
        return ctypes.c_void_p(self._floats.ctypes.data + start)

    def _run_fma(self, turns: int) -> float:
        return self.library.runFMA(ctypes.c_int64(turns), ctypes.byref(self.result))

    def _run_amx(self, turns: int) -> float:
        return self.library.runAMX(ctypes.c_int64(turns))

    def _run_tile(self, turns: int) -> float:
        return self.library.runTile(ctypes.c_int64(turns), self.panel, ctypes.byref(self.result))

    @staticmethod
    def _calibrate(loop, milliseconds: float) -> int:
        """Turns of a loop that take this time."""
        turns = 64
        while True:
            start = time.process_time()
            loop(turns)
            seconds = time.process_time() - start
            if seconds > 0.3e-3:
                return max(1, int(turns * milliseconds * 1e-3 / seconds))
            turns *= 4

    def _measure_peak(self, loop) -> float:
        turns = self._calibrate(loop, PEAK_MS)
        best = 0.0
        for _ in range(RUNS):
            start = time.process_time()
            flop = loop(turns)
            best = max(best, flop / (time.process_time() - start) / 1e9)
        return best

    def _time_tile(self) -> float:
        start = time.process_time()
        self._run_tile(self.tile_turns)
        return time.process_time() - start

    def control(self, is_wall: bool) -> float:
        """Time of the control loop relative to its best CPU time so far."""
        start = time.perf_counter()
        found = self._time_tile()
        self.best = min(self.best, found)
        return max(found, time.perf_counter() - start if is_wall else 0) / self.best

    def make_reader(self, addresses: list[tuple[int, int]], pool: ThreadPoolExecutor | None, threads: int):
        """A function that reads buffers (address, bytes), in parts by several threads."""
        read = self.library.readAll
        parts: list[list[tuple[ctypes.c_void_p, ctypes.c_int64]]] = [[] for _ in range(threads)]
        for address, size in addresses:
            step = size // threads // 64 * 64
            for index, part in enumerate(parts):
                last = index == threads - 1
                part.append((ctypes.c_void_p(address + index * step),
                             ctypes.c_int64(size - index * step if last else step)))  # fmt: skip

        def read_part(part):
            for address, size in part:
                read(address, size)

        if pool is None:
            return lambda: read_part(parts[0])
        return lambda: list(pool.map(read_part, parts))
