# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a function with other ops next to the attention on the simulator, with
all checkers and new inputs, and compares the results with float64.

The reference implements the formulas and rounds the same intermediate values as
the function."""

import argparse
import math
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

import ml_dtypes
import numpy as np

BF16 = np.dtype(ml_dtypes.bfloat16)
F32 = np.dtype(np.float32)


def rounded(x, dtype=BF16):
    return x.astype(dtype).astype(np.float64)


def softmax_map(q, k, v, mask):
    """One map of one head: [N, d], [M, d], [M, dv]."""
    s = np.where(mask, q @ k.T * q.shape[1] ** -0.5, -np.inf)
    p = np.exp(s - s.max(axis=1, keepdims=True, initial=-1e30))
    return (p / p.sum(axis=1, keepdims=True)) @ v


def attention(q, k, v, logits, causal=True):
    """DIFF V2: q [N, 2h, d], k and v [N, h_kv, d], logits [N, h] -> [N, h, d]."""
    tokens, heads = q.shape[0], q.shape[1] // 2
    mask = np.tri(tokens, dtype=bool) if causal else np.ones((tokens, tokens), bool)
    result = np.zeros((tokens, heads, v.shape[2]))
    for j in range(heads):
        kv = j // (heads // k.shape[1])
        first, second = (softmax_map(q[:, 2 * j + i], k[:, kv], v[:, kv], mask) for i in (0, 1))
        result[:, j] = first - second / (1 + np.exp(-logits[:, j, None]))
    return result


def rotate(x, cos, sin):
    low, high = np.split(x, 2, axis=-1)
    cos, sin = cos[:, None], sin[:, None]
    return rounded(np.concatenate([low * cos - high * sin, low * sin + high * cos], axis=-1))


class Layer:
    """layer.mlir: projections, rotation, attention, projection, residual."""

    # As for an attention in bf16; the rounding of the result alone is 1.7e-3.
    limit = 3e-3

    def __init__(self, random, tokens):
        self.tokens = tokens
        angles = np.arange(tokens)[:, None] * 10.0 ** -np.arange(16)
        scale = 64**-0.5
        self.inputs = [
            random.standard_normal((tokens, 64)).astype(BF16),
            *((random.standard_normal((64, width)) * scale).astype(BF16)
              for width in (128, 32, 32, 2, 64)),
            np.cos(angles).astype(F32), np.sin(angles).astype(F32),
        ]  # fmt: skip
        self.results = [((tokens, 64), BF16)]

    def reference(self, x, wq, wk, wv, wl, wo, cos, sin):
        q, k, v, logits = (rounded(x @ w) for w in (wq, wk, wv, wl))
        q = rotate(q.reshape(-1, 4, 32), cos, sin)
        k = rotate(k.reshape(-1, 1, 32), cos, sin)
        out = rounded(attention(q, k, v.reshape(-1, 1, 32), logits)).reshape(-1, 64)
        return [x + rounded(out @ wo)]


class Contractions:
    """contractions.mlir."""

    # f16 products are exact and sums f32; tf32 has the rounding of f16.
    limit = 1e-3

    def __init__(self, random, tokens):
        self.inputs = [random.standard_normal(shape).astype(dtype) for shape, dtype in (
            ((2, tokens, 128), np.float16), ((72, 128), np.float16), ((2, tokens, 64), np.float16),
            ((2, 64, 96), np.float16), ((100, 64), F32), ((64, 64), F32), ((64,), F32))]  # fmt: skip
        self.results = [((2, tokens, 72), F32), ((2, tokens, 96), F32), ((100, 64), F32)]

    def reference(self, x, w, left, right, f, g, bias):
        return [x @ w.T, left @ right, np.maximum((f @ g + f) @ g + bias, 0)]


class Fused:
    """fused.mlir: the query times a gain, lambda times -3."""

    limit = 4e-4

    def __init__(self, random, tokens):
        self.inputs = [random.standard_normal(shape).astype(dtype) for shape, dtype in (
            ((2, tokens, 4, 128), np.float16), ((2, tokens, 1, 128), np.float16),
            ((2, tokens, 1, 128), np.float16), ((4, 128), F32), ((2, tokens, 2), F32))]  # fmt: skip
        self.results = [((2, tokens, 2, 128), np.dtype(np.float16))]

    def reference(self, q, k, v, gain, logits):
        q, logits = rounded(q * gain, np.float16), rounded(-3 * logits, np.float16)
        return [np.stack([attention(*entry) for entry in zip(q, k, v, logits)])]


class Unaligned:
    """unaligned.mlir: query and values are slices, and the output a part."""

    limit = 3e-3

    def __init__(self, random, _):
        self.inputs = [random.standard_normal(shape).astype(BF16) for shape in (
            (1, 70, 4, 100), (1, 70, 1, 64), (1, 70, 1, 68), (1, 70, 2), (1, 70, 2, 72))]  # fmt: skip
        self.results = [((1, 70, 2, 72), BF16)]

    def reference(self, x, k, v, logits, out):
        out = out.copy()
        out[0, :, :, 3:67] = attention(x[0, ..., 4:68], k[0], v[0, ..., 4:68], logits[0])
        return [out]


class Slices:
    """slices.mlir."""

    limit = 1e-3

    def __init__(self, random, tokens):
        shapes = (tokens, 101), (1, tokens, 33)
        self.inputs = [random.standard_normal(shape).astype(np.float16) for shape in shapes]
        self.results = [((1, tokens, 33), np.dtype(np.float16))]

    def reference(self, p, w):
        q, k, v = p[:, :64], p[:, 64:80], p[:, 80:96]
        out = attention(q.reshape(-1, 4, 16), k[:, None], v[:, None], p[:, 99:])
        return [np.concatenate([w[..., :1], out.reshape(1, -1, 32)], axis=-1)]


class Lookups:
    """lookups.mlir."""

    limit = 1e-6

    def __init__(self, random, tokens):
        ids = random.integers(0, 50, tokens).astype(np.int32)
        self.inputs = [random.standard_normal((50, 32)).astype(F32), ids]
        self.results = [((tokens, 32), F32), ((tokens,), np.dtype(np.int32)), ((tokens, 29), F32)]

    def reference(self, table, ids):
        x = table[ids.astype(int)]
        return [x, x.argmax(axis=1), sum(x[:, i : i + 29] for i in range(4))]


class Math:
    """math.mlir."""

    # For a power that is not small; the rounding of f16 has a separate limit.
    limit = 4e-6

    def __init__(self, random, tokens):
        self.inputs = [(random.standard_normal((tokens, 32)) * 3).astype(F32)]
        self.results = [((tokens, 32), F32)] * 15 + [((tokens, 32), np.dtype(np.float16))]

    def reference(self, x):
        erf, size = np.vectorize(math.erf)(x), np.abs(x)
        return [
            np.sin(x), np.cos(x), np.tan(x), erf, 1 - erf, size**-0.5, np.log1p(size),
            np.expm1(x), np.arctan(x), np.floor(x), np.round(x), np.cbrt(x), np.sinh(x),
            size**x, np.arctan2(x, 1.5), np.tanh(x.astype(np.float16)),
        ]  # fmt: skip


class Strided:
    """strided.mlir: views with strides, of tensors whose other elements are unused."""

    # f16 results; products are rounded to tf32, which is as exact.
    limit = 1e-3

    def __init__(self, random, _):
        shapes = (1, 37, 4, 32), (1, 37, 1, 16, 3), (1, 37, 1, 48), (1, 37, 4), (1, 37, 2, 33)
        self.inputs = [random.standard_normal(shape).astype(np.float16) for shape in shapes]
        self.inputs += [random.standard_normal(shape).astype(F32)
                        for shape in ((40, 64), (32, 48), (40, 32))]  # fmt: skip
        self.results = [((1, 37, 2, 33), np.dtype(np.float16)), ((40, 32), F32)]

    def reference(self, x, y, z, logits, out, a, b, product):
        out, product = out.copy(), product.copy()
        out[0, ..., 1::2] = attention(x[0, ..., ::2], y[0, ..., 1], z[0, ..., ::3],
                                      logits[0, :, 3::-2])  # fmt: skip
        product[:, ::2] += a[:, ::2] @ b[:, ::3]
        return [out, product]


class KeyIsValue:
    """key-is-value.mlir."""

    limit = 1e-3

    def __init__(self, random, _):
        shapes = (1, 70, 4, 32), (1, 70, 1, 32), (1, 70, 2)
        self.inputs = [random.standard_normal(shape).astype(F32) for shape in shapes]
        self.results = [((1, 70, 2, 32), F32)]

    def reference(self, q, k, logits):
        return [attention(q[0], k[0], k[0], logits[0])[None]]


class NoKeys:
    """no-keys.mlir: sequences of 3 and 4 query tokens."""

    limit = 0

    def __init__(self, random, _):
        f16 = np.float16
        self.inputs = [random.standard_normal((7, 2, 24)).astype(f16), np.zeros((0, 1, 24), f16),
                       np.zeros((0, 1, 24), f16), np.array([0, 3, 7], np.int32),
                       np.zeros(3, np.int32), random.standard_normal((7, 1)).astype(f16)]  # fmt: skip
        self.results = [((7, 1, 24), np.dtype(f16)), ((2, 7), F32)]

    def reference(self, *_):
        return [np.zeros((7, 1, 24)), np.full((2, 7), -np.inf)]


class ManyBatches:
    """many-batches.mlir: a query and a key, so that both maps are the value."""

    limit = 5e-4

    def __init__(self, random, batch):
        self.batch = batch
        self.inputs = [random.standard_normal((batch, 1, *shape)).astype(np.float16)
                       for shape in ((2, 8), (1, 8), (1, 8), (1,))]  # fmt: skip
        self.results = [((batch, 1, 1, 8), np.dtype(np.float16))]

    def reference(self, q, k, v, logits):
        return [v * (1 - 1 / (1 + np.exp(-logits[..., None])))]


class NormWeight:
    """norm-weight.mlir: V1 with a computed weight."""

    limit = 1e-3

    def __init__(self, random, _):
        shapes = (1, 37, 4, 16), (1, 37, 2, 16), (1, 37, 1, 32), (4,), (96,)
        self.inputs = [random.standard_normal(shape).astype(F32) for shape in shapes]
        self.results = [((1, 37, 2, 32), F32)]

    def reference(self, q, k, v, factors, weight):
        mask, out = np.tri(37, dtype=bool), np.zeros((1, 37, 2, 32))
        for j in range(2):
            first, second = (softmax_map(q[0, :, 2 * j + i], k[0, :, i], v[0, :, 0], mask)
                             for i in (0, 1))  # fmt: skip
            rows = first - factors[2 * j] * second
            rows /= np.sqrt((rows * rows).mean(axis=1, keepdims=True) + 1e-5)
            out[0, :, j] = 0.2 * rows * 2 * weight[1::3]
        return [out]


class SplitCaches:
    """split-caches.mlir: V1 with the halves of a pair as a dimension."""

    limit = 3e-3

    def __init__(self, random, _):
        shapes = (2, 70, 2, 4, 64), (2, 2, 128, 2, 64), (2, 2, 128, 2, 64)
        self.inputs = [random.standard_normal(shape).astype(BF16) for shape in shapes]
        # What is beyond the length of a cache must not be read.
        for cache in self.inputs[1:]:
            cache[:, :, 101:] = np.nan
        self.inputs += [random.uniform(0.2, 0.7, 4).astype(F32), random.standard_normal(128).astype(F32)]
        self.results = [((2, 70, 4, 128), BF16)]

    def reference(self, q, keys, values, factors, weight):
        mask = np.arange(101) <= np.arange(70)[:, None] + 31
        out = np.zeros((2, 70, 4, 128))
        for b, j in np.ndindex(2, 4):
            v = np.concatenate([values[half, b, :101, j // 2] for half in (0, 1)], axis=1)
            first, second = (softmax_map(q[b, :, i, j], keys[i, b, :101, j // 2], v, mask)
                             for i in (0, 1))  # fmt: skip
            rows = first - factors[j] * second
            rows /= np.sqrt((rows * rows).mean(axis=1, keepdims=True) + 1e-5)
            out[b, :, j] = 0.2 * rows * weight
        return [out]


class ElementTypes:
    """element-types.mlir."""

    limit = 1e-6

    def __init__(self, random, _):
        self.inputs = [(random.standard_normal((20, 16)) * 2).clip(-7, 7).astype(F32)]
        self.results = [((16, 20), F32)]

    def reference(self, x):
        return [(np.where(x > 0, 1, 2) + 4 * np.trunc(x) + 2 * x * x + x).T]


CASES = {"contractions": Contractions, "element-types": ElementTypes, "fused": Fused,
         "key-is-value": KeyIsValue, "layer": Layer, "lookups": Lookups,
         "many-batches": ManyBatches, "math": Math, "no-keys": NoKeys,
         "norm-weight": NormWeight, "slices": Slices, "split-caches": SplitCaches,
         "strided": Strided,
         "unaligned": Unaligned}  # fmt: skip


def run(options, case, folder):
    command = [options.build / "bin" / "diff-run", options.ir, f"--target={options.target}",
               *options.option]  # fmt: skip
    if options.target == "sim":
        command += [f"--chip={options.chip}", f"--async={options.policy}"]
    for i, array in enumerate(case.inputs):
        path = Path(folder) / f"in{i}.npy"
        np.save(path, array.view("V2") if array.dtype == BF16 else array)
        command.append(f"--input={path}")
    paths = [Path(folder) / f"out{i}.npy" for i in range(len(case.results))]
    subprocess.run([*command, *(f"--output={path}" for path in paths)], check=True)
    for path, (shape, dtype) in zip(paths, case.results):
        array = np.load(path)
        array = array.view(BF16) if dtype == BF16 else array
        if array.shape != shape or array.dtype != dtype:
            sys.exit(f"{path.name} is {array.dtype} {array.shape}, not {dtype} {shape}")
        yield array.astype(np.float64)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ir", type=Path)
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--tokens", type=int, default=70)
    parser.add_argument("--target", default="sim", choices=("sim", "cpu", "linalg"))
    parser.add_argument("--async", dest="policy", default="late")
    parser.add_argument("--chip", default="sm_80")
    parser.add_argument("--option", action="append", default=[], help="of diff-run")
    options = parser.parse_args()
    seed = secrets.randbits(32)
    case = CASES[options.case](np.random.default_rng(seed), options.tokens)
    expected = case.reference(*(array.astype(np.float64) for array in case.inputs))
    status = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, (out, wanted) in enumerate(zip(run(options, case, folder), expected)):
            # Infinities are equal or wrong.
            finite = np.isfinite(wanted)
            size = np.linalg.norm(wanted[finite])
            norm = np.linalg.norm((out - wanted)[finite])
            norm = norm / size if size else norm
            norm = norm if np.array_equal(out[~finite], wanted[~finite]) else np.inf
            limit = max(case.limit, 5e-4 * (case.results[number][1] == np.float16))
            print(f"result {number}: relative norm error {norm:.2e}, permitted {limit:.0e}, "
                  f"seed {seed}")  # fmt: skip
            status |= not norm <= limit
    sys.exit(status)


main()
