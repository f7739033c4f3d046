#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares the output of a causal DIFF V2 layer with the formulas in float64.

    out_j = softmax(s Q_2j K^T) V - sigmoid(lambda_j) softmax(s Q_2j+1 K^T) V

with s = 1/sqrt(d). Query head i reads kv head i / (2h / h_kv), and query i sees
key j if j <= i + M - N. The exit status is 1 if the error is larger than the
rounding of the probabilities and the output to bf16 explains.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import ml_dtypes
import numpy as np

#: Limit for the norm of the error relative to the norm of the result.
LIMIT = 3e-3


def load(path: Path) -> np.ndarray:
    array = np.load(path, allow_pickle=False)
    if array.dtype != np.dtype("V2"):
        sys.exit(f"error: {path} holds {array.dtype}, not bf16 (two-byte void)")
    return array.view(ml_dtypes.bfloat16).astype(np.float64)


def attention(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Causal softmax attention of one head: [N, d], [M, d], [M, d] -> [N, d]."""
    n, m = len(q), len(k)
    scores = q @ k.T / np.sqrt(q.shape[1])
    scores[np.arange(m)[None, :] > np.arange(n)[:, None] + (m - n)] = -np.inf
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True) @ v


def layer(query, key, value, lam) -> np.ndarray:
    batch, tokens, heads = lam.shape
    group = 2 * heads // key.shape[2]
    out = np.empty((batch, tokens, heads, query.shape[3]))
    for b in range(batch):
        for j in range(heads):
            maps = [attention(query[b, :, i], key[b, :, i // group], value[b, :, i // group])
                    for i in (2 * j, 2 * j + 1)]  # fmt: skip
            sigma = 1 / (1 + np.exp(-lam[b, :, j]))
            out[b, :, j] = maps[0] - sigma[:, None] * maps[1]
    return out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="with query, key, value, lambda, output .npy")
    folder = parser.parse_args().folder

    reference = layer(*(load(folder / f"{name}.npy") for name in ("query", "key", "value", "lambda")))
    output = load(folder / "output.npy")
    if output.shape != reference.shape:
        sys.exit(f"error: the output has shape {output.shape}, not {reference.shape}")
    size = np.linalg.norm(reference)
    error = output - reference
    rounding = reference.astype(ml_dtypes.bfloat16).astype(np.float64) - reference
    relative = np.linalg.norm(error) / size
    print(f"output {list(output.shape)} bf16 against float64:")
    print(f"  largest error       {np.abs(error).max():.2e}   (largest value {np.abs(reference).max():.2f})")
    print(f"  relative norm error {relative:.2e}   (limit {LIMIT:.0e}; the rounding of the "
          f"result alone: {np.linalg.norm(rounding) / size:.2e})")  # fmt: skip
    right = bool(relative <= LIMIT)  # false for NaN
    print("  right" if right else "  WRONG")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
