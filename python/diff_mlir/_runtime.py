# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cache and the devices of this process."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from . import _core
from ._options import CHIPS

_lock = threading.Lock()
_cache = None
_devices: dict = {}


def find_tool(name: str) -> str:
    """The path of a tool of the project: in the package, in the build folder, or in
    PATH. DIFF_COMPILER names another diff-opt."""
    given = os.environ.get("DIFF_COMPILER")
    if given and name == "diff-opt":
        return given
    package = Path(__file__).resolve().parent
    for folder in (package / "bin", package.parent.parent / "bin"):
        if os.access(folder / name, os.X_OK):
            return str(folder / name)
    import shutil

    found = shutil.which(name)
    if not found:
        raise RuntimeError(f"the tool {name} was not found in the package and in PATH")
    return found


def get_cache():
    """The cache, in the folder that DIFF_CACHE_DIR names."""
    global _cache
    if _cache is None:
        with _lock:
            if _cache is None:
                _cache = _core.Cache()
    return _cache


def get_device(target: str, chip: str | None, ordinal: int = 0) -> _core.Device:
    """Opens a device once. `target` is "sim" or "cuda". DIFF_CUDA_DRIVER names another
    driver library than libcuda.so.1. A forked process opens it again."""
    key = (target, chip if target == "sim" else ordinal, os.getpid())
    device = _devices.get(key)
    if device is None:
        with _lock:
            device = _devices.get(key)
            if device is None:
                if target == "sim":
                    device = _core.Device.sim(chip or "")
                else:
                    library = os.environ.get("DIFF_CUDA_DRIVER") or None
                    device = _core.Device.cuda(ordinal, library)
                _devices[key] = device
    return device


def get_chip(device) -> str:
    """The chip to compile for, from the name of a GPU, which ends in (sm_90)."""
    capability = device.name.rsplit("(", 1)[-1].rstrip(")")
    for chip in CHIPS:
        if chip.rstrip("a") == capability:
            return chip
    raise RuntimeError(f"the GPU is {device.name}; {', '.join(CHIPS)} are supported")
