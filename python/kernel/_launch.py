# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Selects, loads and launches kernels."""

from __future__ import annotations

import re
import threading

import torch

from ._driver import Device, get_device
from ._layers import FOLDER
from ._manifest import TYPES, Manifest

_lock = threading.Lock()
_kernels: dict = {}


class Kernel:
    """A kernel on a device."""

    def __init__(self, device: Device, manifest: Manifest, code: bytes):
        self.device, self.manifest = device, manifest
        self.function = device.load(code, manifest.kernel, manifest.shared_memory)

    def run(self, tensors: list):
        query, manifest, sizes = tensors[0], self.manifest, {}
        if len(tensors) != len(manifest.tensors) - 1:
            raise TypeError(f"the kernel takes {len(manifest.tensors) - 1} tensors, found {len(tensors)}")
        arguments = []
        for info, tensor in zip(manifest.tensors, tensors):
            info.check(tensor, sizes)
            if tensor.device != query.device:
                raise ValueError(f"{info.name} is on {tensor.device}; {query.device}, the device of "
                                 "q, is legal")  # fmt: skip
            arguments.append(tensor if info.is_readable(tensor) else
                             tensor.clone(memory_format=torch.contiguous_format))  # fmt: skip
        result = manifest.tensors[-1]
        output = query.new_empty([sizes.get(size, size) for size in result.shape], dtype=result.type)
        grid = manifest.get_grid(sizes)
        if 0 not in grid:
            stream = torch.cuda.current_stream(query.device).cuda_stream
            parameters = manifest.get_parameters([*arguments, output])
            self.device.launch(self.function, grid, manifest.block, manifest.shared_memory,
                               stream, parameters)  # fmt: skip
        return output


def _list_chips(capability: tuple[int, int]) -> list[str]:
    """The chips whose code runs on a device, best first: its own, then older ones.
    Code for a chip with an `a` in its name runs only there."""
    chips = []
    for path in FOLDER.glob("kernels/sm_*"):
        major, minor, exact = re.fullmatch(r"sm_(\d+)(\d)(a?)", path.name).groups()
        needs = (int(major), int(minor))
        if needs == capability or (needs < capability and not exact):
            chips.append((needs, bool(exact), path.name))
    return [name for _, _, name in sorted(chips, reverse=True)]


def _load(device: Device, name: str) -> Kernel:
    """Loads the code of the best chip whose shared memory the device has."""
    chips = _list_chips(device.capability)
    for chip in chips:
        folder = FOLDER / "kernels" / chip
        manifest = Manifest((folder / f"{name}.json").read_text(encoding="utf-8"))
        if manifest.shared_memory <= device.shared_memory:
            return Kernel(device, manifest, (folder / f"{name}.ptx").read_bytes())
    found = "{}.{}".format(*device.capability)
    if chips:
        raise RuntimeError(f"the kernels for {', '.join(chips)} need more shared memory than the "
                           f"{device.shared_memory} bytes of this GPU (compute capability {found})")  # fmt: skip
    names = ", ".join(sorted(path.name for path in FOLDER.glob("kernels/sm_*")))
    raise RuntimeError(f"this GPU has the compute capability {found}; there are kernels for {names}")


def run(q, k, v, lam, weight, gate, layer: str):
    """Runs a layer. One query token has a kernel of its own."""
    key = (q.device.index, layer, q.dtype, q.shape[1] == 1)
    kernel = _kernels.get(key)
    if kernel is None:
        names = {TYPES[name]: name for name in ("f16", "bf16")}
        if q.dtype not in names:
            raise TypeError(f"q has elements of type {q.dtype}; {' and '.join(map(str, names))} are legal")
        name = f"{layer}-{names[q.dtype]}{'-one-token' if q.shape[1] == 1 else ''}"
        with _lock:
            kernel = _kernels.setdefault(key, _load(get_device(q.device.index), name))
    return kernel.run([tensor for tensor in (q, k, v, lam, weight, gate) if tensor is not None])
