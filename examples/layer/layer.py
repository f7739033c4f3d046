#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The first part of a DIFF V2 layer in NumPy: from a text to the op's operands.

    text -> bytes -> embedding + position -> RMSNorm -> X [N, D]
    query  = rotary(X W_q) [1, N, 2h, d]     key   = rotary(X W_k) [1, N, h_kv, d]
    lambda = X W_lambda    [1, N, h]         value =        X W_v  [1, N, h_kv, d]

h = 8 output heads are 16 query heads in pairs (2j, 2j+1). lambda is an ordinary
matrix product with one logit for each token and output head; the op applies the
sigmoid. The weights come from a fixed seed. The operands are written as bf16,
NumPy's two-byte void type in an .npy file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import ml_dtypes
import numpy as np

D = 512  # model dimension
HEADS = 8  # output heads
KV_HEADS = 4
DIM = 128  # head dimension
ROTARY_BASE = 10000.0


def angles(tokens: int, dim: int) -> np.ndarray:
    """[tokens, dim/2]: the position times a frequency that decreases with the index."""
    frequency = ROTARY_BASE ** (-np.arange(0, dim, 2) / dim)
    return np.arange(tokens)[:, None] * frequency


def embed(text: bytes, rng: np.random.Generator) -> np.ndarray:
    """[N, D]: a table row for each byte, plus sines of the position."""
    table = rng.standard_normal((256, D))
    angle = angles(len(text), D)
    position = np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(len(text), D)
    return table[np.frombuffer(text, np.uint8)] + position


def rms_norm(x: np.ndarray, weight: np.ndarray, epsilon: float = 1e-6) -> np.ndarray:
    return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + epsilon) * weight


def rotary(x: np.ndarray) -> np.ndarray:
    """Rotates the pairs (2i, 2i+1) of [N, heads, d] by the angles of the token."""
    angle = angles(x.shape[0], x.shape[2])[:, None, :]
    even, odd = x[..., 0::2], x[..., 1::2]
    return np.stack([even * np.cos(angle) - odd * np.sin(angle),
                     even * np.sin(angle) + odd * np.cos(angle)],
                    axis=-1).reshape(x.shape)  # fmt: skip


def project(x: np.ndarray, heads: int, dim: int, rng: np.random.Generator) -> np.ndarray:
    """[N, heads, dim]: a linear layer without bias."""
    weight = rng.standard_normal((D, heads * dim)) / np.sqrt(D)
    return (x @ weight).reshape(len(x), heads, dim)


def operands(text: bytes, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rms_norm(embed(text, rng), 1 + 0.1 * rng.standard_normal(D))
    return {
        "query": rotary(project(x, 2 * HEADS, DIM, rng)),
        "key": rotary(project(x, KV_HEADS, DIM, rng)),
        "value": project(x, KV_HEADS, DIM, rng),
        "lambda": project(x, HEADS, 1, rng)[..., 0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", type=Path, default=Path(__file__).with_name("input.txt"))
    parser.add_argument("--output", type=Path, required=True, metavar="DIR",
                        help="where the .npy files go")  # fmt: skip
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    options.output.mkdir(parents=True, exist_ok=True)
    for name, array in operands(options.text.read_bytes(), options.seed).items():
        batch = array[None].astype(ml_dtypes.bfloat16)
        np.save(options.output / f"{name}.npy", batch.view("V2"))
        print(f"{name:<6} {list(batch.shape)} bf16")


if __name__ == "__main__":
    main()
