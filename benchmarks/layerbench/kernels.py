# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Launches the kernels in ../kernels: Triton's and those of combine.cu.

Arrays have the layout [1, tokens, heads, dim], as in the whole project.
"""

from __future__ import annotations

import functools
import json

import numpy as np

from . import layers
from .layers import ELEMENT, Layer
from .simulator import KERNELS, Simulator

#: Threads of a block of the kernels of combine.cu.
THREADS = 256
#: 1 - lambda_init; 0.8 is the tools' default.
FACTOR = float(np.float32(1 - 0.8))


@functools.cache
def _records(folder) -> dict:
    return json.loads((folder / "triton.json").read_text())


def triton(sim: Simulator, kernel: str, layer: Layer, arrays: dict) -> np.ndarray:
    """Runs the Triton kernel v2, v1, standard or wide (values of width 2 dim) on
    the tokens and mask of the layer. `arrays` are q, k, v and, depending on the
    kernel, logits or lam and weight."""
    stem = f"triton-{kernel}-{layer.dim}{'-causal' if layer.causal else ''}"
    record = _records(sim.triton)[stem]
    q, k, v = arrays["q"], arrays["k"], arrays["v"]
    maps = 2 if kernel in ("v2", "v1") else 1
    heads, width = q.shape[2] // maps, v.shape[3]
    if layer.n % record["tokens"] or layer.m % record["keys"]:
        raise ValueError(f"{stem} has tiles of {record['tokens']} x {record['keys']}")
    values = {
        "tokens": f"s32:{layer.n}", "keys": f"s32:{layer.m}",
        "queryStride": f"s32:{q.shape[2] * layer.dim}",
        "keyStride": f"s32:{k.shape[2] * layer.dim}",
        "valueStride": f"s32:{v.shape[2] * width}", "outStride": f"s32:{heads * width}",
        "logitStride": f"s32:{heads}", "group": f"s32:{heads // v.shape[2]}",
        "scale": f"f32:{float(np.float32(layer.dim**-0.5))}", "factor": f"f32:{FACTOR}",
        "out": None, **arrays,
    }  # fmt: skip
    needed = layers.requested_by_tiles(
        layer, record["tokens"], record["keys"], heads, maps * layer.dim * ELEMENT,
        (k.shape[2] // v.shape[2] * layer.dim + width) * ELEMENT, width * ELEMENT)  # fmt: skip
    return sim.kept(
        sim.triton / f"{stem}.ptx", record["entry"], (layer.n // record["tokens"], heads),
        record["threads"], record["shared"],
        # The last two are parameters of the compiler that these kernels ignore.
        [*(values[name] for name in record["parameters"]), "u64:0", "u64:0"],
        (1, layer.n, heads, width), needed,
        q.nbytes + layer.n * heads * width * ELEMENT)  # fmt: skip


def _combine(sim: Simulator, entry: str, arguments: list, out: tuple[int, ...]) -> np.ndarray:
    """Each thread processes 8 elements of the shape out, or of the input arrays,
    whichever are fewer."""
    elements = int(np.prod(out)) // (2 if entry == "concatenate" else 1)
    if elements % (8 * THREADS):
        raise ValueError(f"{entry} takes multiples of {8 * THREADS} elements")
    needed = sum(array.nbytes for array in arguments if isinstance(array, np.ndarray))
    needed += int(np.prod(out)) * ELEMENT
    return sim.kept(KERNELS / "combine.ptx", entry, (elements // (8 * THREADS),), THREADS, 0,
                    arguments, out, needed, needed)  # fmt: skip


def _log2_chunks(width: int) -> str:
    return f"u32:{(width // 8).bit_length() - 1}"


def subtract(sim: Simulator, maps: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """V2's maps [1, N, 2h, d] and logits [1, N, h] -> [1, N, h, d]."""
    b, n, heads, d = maps.shape
    return _combine(sim, "subtract",
                    [maps, logits, None, f"u32:{n * heads // 2}", _log2_chunks(d)],
                    (b, n, heads // 2, d))  # fmt: skip


def concatenate(sim: Simulator, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Two [1, N, h, d] -> [1, N, h, 2d]."""
    b, n, heads, d = left.shape
    return _combine(sim, "concatenate", [left, right, None, f"u32:{n * heads}", _log2_chunks(d)],
                    (b, n, heads, 2 * d))  # fmt: skip


def subtract_normalise(sim: Simulator, map0, map1, lam, weight) -> np.ndarray:
    """V1's maps [1, N, h, 2d] -> factor RMSNorm(map0 - lam map1) weight."""
    return _combine(sim, "subtractNormalise",
                    [map0, map1, lam, weight, None, f"u32:{map0.shape[2]}",
                     _log2_chunks(map0.shape[3]), f"f32:{FACTOR}"], map0.shape)  # fmt: skip
