# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times layers on the CPU: cpu.py [--build DIR] [--runs N] [--routes cpu,linalg]

Prints one line for each layer and route: the median of N runs after a warm-up,
the compile time, and GFLOP/s of the useful work, which is 2 products of 2 N M d
FLOP for each map and head (of the visible half if causal).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import ml_dtypes
import numpy as np


@dataclass(frozen=True)
class Layer:
    variant: str
    tokens: int
    heads: int
    kv_heads: int
    dim: int
    causal: bool

    @property
    def maps(self) -> int:
        return 1 if self.variant == "standard" else 2

    def shapes(self) -> list[tuple[tuple[int, ...], type]]:
        n, h, g, d = self.tokens, self.heads, self.kv_heads, self.dim
        bf16 = ml_dtypes.bfloat16
        query = ((1, n, self.maps * h, d), bf16)
        if self.variant == "v1":
            return [query, ((1, n, 2 * g, d), bf16), ((1, n, g, 2 * d), bf16), ((h,), np.float32), ((2 * d,), np.float32)]
        keys = [((1, n, g, d), bf16)] * 2
        return [query, *keys] + ([((1, n, h), bf16)] if self.variant == "v2" else [])

    def flop(self) -> float:
        width = 2 if self.variant == "v1" else 1
        return self.maps * self.heads * 2 * self.tokens**2 * self.dim * (1 + width) * (0.5 if self.causal else 1)


LAYERS = [
    Layer(variant, tokens, 8, 8 if dim == 64 else 4, dim, causal)
    for variant in ("v2", "v1", "standard")
    for tokens, dim, causal in ((1024, 64, False), (1024, 64, True), (512, 128, True))
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--routes", default="cpu")
    options = parser.parse_args()
    tools = options.build / "bin"
    rng = np.random.default_rng(0)
    print(f"{'layer':40} {'route':7} {'median ms':>10} {'compile ms':>11} {'GFLOP/s':>8}")
    for layer in LAYERS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            generate = [tools / "diff-gen", f"--variant={layer.variant}", f"--query-tokens={layer.tokens}",
                        f"--heads={layer.heads}", f"--kv-heads={layer.kv_heads}", f"--dim={layer.dim}",
                        "-o", folder / "layer.mlir"]  # fmt: skip
            subprocess.run(generate + (["--causal"] if layer.causal else []), check=True)
            inputs = []
            for i, (shape, dtype) in enumerate(layer.shapes()):
                array = rng.standard_normal(shape).astype(dtype)
                np.save(folder / f"{i}.npy", array.view("V2") if dtype is ml_dtypes.bfloat16 else array)
                inputs.append(f"--input={folder / f'{i}.npy'}")
            for route in options.routes.split(","):
                run = [tools / "diff-run", folder / "layer.mlir", f"--target={route}", *inputs,
                       f"--output={folder / 'out.npy'}", f"--time={options.runs}"]  # fmt: skip
                times = json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
                shape = f"{layer.variant} N=M={layer.tokens} h={layer.heads}/{layer.kv_heads} d={layer.dim}"
                print(f"{shape + (' causal' if layer.causal else ''):40} {route:7} {times['median_ms']:10.1f} "
                      f"{times['compile_ms']:11.0f} {layer.flop() / times['median_ms'] / 1e6:8.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
