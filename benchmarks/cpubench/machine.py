# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the table was measured on: machine, versions, threads."""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

from . import BenchError
from .yardstick import read_cpu_flags

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ("avx2", "avx512f", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_fp16", "asimd", "sve", "bf16")


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _describe_cpu() -> str:
    fields = dict(line.split(":", 1) for line in _read("/proc/cpuinfo").split("\n\n")[0].splitlines()
                  if ":" in line)  # fmt: skip
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    name = fields.get("model name") or platform.processor() or platform.machine()
    if "cpu family" in fields:
        name += f" (family {fields['cpu family']}, model {fields.get('model', '?')})"
    return name


def _describe_caches() -> str:
    found = []
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        kind = _read(str(index / "type"))
        if kind != "Instruction":
            found.append(f"L{_read(str(index / 'level'))} {_read(str(index / 'size'))}")
    return ", ".join(found)


def _find_memory() -> int | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (ValueError, OSError):
        return None


def find_commit() -> str:
    """The commit of the checkout, and whether it has changes."""
    try:
        done = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"],
                              capture_output=True, text=True, timeout=20)  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def find_version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def describe(packages: dict[str, bool]) -> dict:
    """Facts by name, with the versions of the packages that are measured. No host
    name and no path."""
    import diff_mlir

    flags = read_cpu_flags()
    return {
        "cpu": _describe_cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "features": [flag for flag in FLAGS if flag in flags],
        "caches": _describe_caches(),
        "memory_gib": _find_memory(),
        "system": platform.system(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "numpy": find_version("numpy"),
        "packages": {name: find_version(name) for name, is_used in packages.items() if is_used},
        "diff_mlir": diff_mlir.__version__,
        "commit": find_commit(),
    }


class Threads:
    """Sets the threads of PyTorch and of our kernels, which share one OpenMP runtime.

    Without PyTorch, libgomp of the system takes its place. Without that, our kernels
    take what DIFF_NUM_THREADS says when they first run.
    """

    def __init__(self, torch, most: int):
        self.torch, self.fixed, self.openmp = torch, None, None
        if torch is None:
            try:
                self.openmp = ctypes.CDLL("libgomp.so.1")
            except OSError:
                os.environ["DIFF_NUM_THREADS"] = str(most)

    def set(self, count: int) -> None:
        if self.torch is not None:
            self.torch.set_num_threads(count)
            if self.torch.get_num_threads() != count:
                raise BenchError(f"PyTorch takes {self.torch.get_num_threads()} threads instead of {count}")
        elif self.openmp is not None:
            self.openmp.omp_set_num_threads(count)
        elif self.fixed not in (None, count):
            raise BenchError("without PyTorch and libgomp, one run measures one number of threads; "
                             f"--threads={count} is one")  # fmt: skip
        self.fixed = count
