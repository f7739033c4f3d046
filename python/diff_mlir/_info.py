# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the package finds on this machine."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys

from . import _core
from ._options import CHIPS, HOSTS
from ._runtime import find_tool, get_cache, get_device
from ._version import __version__

PACKAGES = ("numpy", "ml_dtypes", "torch", "transformers", "kernels", "matplotlib")
CUDA_VARIABLES = ("CUDA_ROOT", "CUDA_HOME", "CUDA_PATH")


def _first_lines(command: list[str]) -> list[str]:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return [f"cannot be run: {error}"]
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


def _describe_compiler() -> str:
    try:
        path = find_tool("diff-opt")
    except RuntimeError as error:
        return str(error)
    return f"{path} ({'; '.join(_first_lines([path, '--version'])) or 'no version'})"


def _describe_ptxas() -> str:
    """In the places where diff-opt searches."""
    path = None
    for variable in CUDA_VARIABLES:
        root = os.environ.get(variable)
        if root:
            path = os.path.join(root, "bin", "ptxas")
            if not os.access(path, os.X_OK):
                return f"{variable} is {root}, which has no bin/ptxas"
            break
    path = path or shutil.which("ptxas") or shutil.which("ptxas", path="/usr/local/cuda/bin")
    if not path:
        return "not found (needed for cubins only)"
    release = [line for line in _first_lines([path, "--version"]) if "release" in line]
    return f"{path} ({release[0].split(',')[-2].strip() if release else 'no version'})"


def _find_gpus() -> list[str]:
    gpus = []
    while True:
        try:
            gpus.append(get_device("cuda", None, len(gpus)).name)
        except RuntimeError as error:
            return gpus or [f"none ({error})"]


def _describe_cache() -> tuple[str, str]:
    cache = get_cache()
    files = size = 0
    for root, _, names in os.walk(cache.folder or os.devnull):
        for name in names:
            try:
                size += os.stat(os.path.join(root, name)).st_size
                files += 1
            except OSError:
                pass
    folder = cache.folder or "in memory only"
    return f"{folder} ({files} files, {size / 2**20:.1f} MiB)", cache.problem


def collect() -> dict[str, str]:
    """The findings by name, in order."""
    cache, problem = _describe_cache()
    facts = {"diff_mlir": f"{__version__} in {os.path.dirname(__file__)}",
             "Python": sys.version.split()[0],
             "compiler": _describe_compiler(),
             "ptxas": _describe_ptxas(),
             "chips": ", ".join(("host", *HOSTS, *CHIPS)),
             "GPUs": ", ".join(_find_gpus()),
             "CPU threads": f"{_core.get_threads()} ({_core.thread_provider()})",
             "cache": cache}  # fmt: skip
    if problem:
        facts["cache problem"] = problem
    for name in PACKAGES:
        try:
            facts[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            facts[name] = "not installed"
    return facts


def format_text(facts: dict[str, str]) -> str:
    width = max(map(len, facts))
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in facts.items())
