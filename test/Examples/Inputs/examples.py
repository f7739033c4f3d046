# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs an example on both CPU routes and compares the results with float64.

    examples.py v2|v1 FILE FOLDER
"""

import subprocess
import sys
from pathlib import Path

import numpy as np


def softmax_causal(scores):
    n, m = scores.shape
    hidden = np.arange(m)[None, :] > np.arange(n)[:, None] + (m - n)
    scores = np.where(hidden, -np.inf, scores)
    p = np.exp(scores - scores.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def v2(x, weight, q, k, v):
    batch, n, heads, d = q.shape
    gate = 1 / (1 + np.exp(-(x @ weight)))
    out = np.zeros((batch, n, heads // 2, d))
    for b in range(batch):
        for j in range(heads // 2):
            kv = j // (heads // 2 // k.shape[2])
            maps = [softmax_causal(q[b, :, 2 * j + a] @ k[b, :, kv].T / np.sqrt(d)) @ v[b, :, kv] for a in (0, 1)]
            out[b, :, j] = maps[0] - gate[b, :, j : j + 1] * maps[1]
    return out


def v1(q, k, v, lq1, lk1, lq2, lk2, weight):
    batch, n, heads, d = q.shape
    init = 0.8 - 0.6 * np.exp(-0.3 * 2)
    value = np.exp(lq1 @ lk1) - np.exp(lq2 @ lk2) + init
    out = np.zeros((batch, n, heads // 2, 2 * d))
    for j in range(heads // 2):
        maps = [softmax_causal(q[0, :, 2 * j + a] @ k[0, :, 2 * j + a].T / np.sqrt(d)) for a in (0, 1)]
        row = (maps[0] - value * maps[1]) @ v[0, :, j]
        row /= np.sqrt((row**2).mean(1, keepdims=True) + 1e-5)
        out[0, :, j] = (1 - init) * row * weight
    return out


SHAPES = {
    "v2": [(2, 19, 32), (32, 4), (2, 19, 8, 16), (2, 19, 2, 16), (2, 19, 2, 16)],
    "v1": [(1, 23, 4, 16), (1, 23, 4, 16), (1, 23, 2, 32), (16,), (16,), (16,), (16,), (32,)],
}

name, path, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
folder.mkdir(exist_ok=True)
seed = int.from_bytes(np.random.default_rng().bytes(4), "little")
print("seed", seed)
rng = np.random.default_rng(seed)
arrays = [rng.standard_normal(shape).astype(np.float32) for shape in SHAPES[name]]
if name == "v1":  # small vectors, as after training, so that lambda is near lambda_init
    arrays[3:7] = [0.1 * array for array in arrays[3:7]]
else:
    arrays[1] *= 0.2
inputs = []
for i, array in enumerate(arrays):
    np.save(folder / f"{i}.npy", array)
    inputs.append(f"--input={folder / f'{i}.npy'}")
wanted = {"v2": v2, "v1": v1}[name](*(array.astype(np.float64) for array in arrays))
for route in ("linalg", "cpu"):
    output = folder / f"{route}.npy"
    subprocess.run(["diff-run", path, f"--target={route}", *inputs, f"--output={output}"], check=True)
    error = np.abs(np.load(output) - wanted).max()
    print(f"{route}: error {error:.2e}", "right" if error <= 2e-5 else "wrong")
