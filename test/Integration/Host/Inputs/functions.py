# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""functions.py BUILD FILE [--routes linalg,cpu]: runs every function of a file
of small modules on the routes to a CPU and compares with NumPy in float64.

A module begins with a line `// NAME: EXPRESSIONS`: one expression for each
result, separated by semicolons, of the arguments a, b, …"""

import argparse
import re
import string
import subprocess
import sys
import tempfile
from pathlib import Path

import ml_dtypes
import numpy as np

BF16 = np.dtype(ml_dtypes.bfloat16)
TYPES = {"f16": np.float16, "bf16": BF16, "f32": np.float32, "f64": np.float64, "i1": np.bool_,
         "i8": np.int8, "i32": np.int32, "i64": np.int64, "index": np.int64}  # fmt: skip
#: Limits of the error, relative to the largest element of the reference.
LIMITS = {np.dtype(np.float16): 2e-3, BF16: 1.6e-2, np.dtype(np.float32): 1e-5}


def softmax(x, axis):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def attention(q, k, v):
    """Standard attention without a mask: [1, N, h, d] each."""
    s = np.einsum("bnhd,bmhd->bhnm", q, k) * q.shape[-1] ** -0.5
    return np.einsum("bhnm,bmhd->bnhd", softmax(s, 3), v)


def rounded(x, dtype):
    return np.asarray(x).astype(TYPES[dtype]).astype(np.float64)


def make_array(text, random):
    """Returns an argument for a type in a signature."""
    shaped = re.fullmatch(r"tensor<((?:[\d?]+x)*)(\w+)>", text)
    sizes, element = shaped.groups() if shaped else ("", text)
    shape = [7 if size == "?" else int(size) for size in sizes.split("x")[:-1]]
    values = random.standard_normal(shape) * 3
    return values > 0 if element == "i1" else values.astype(TYPES[element])


def load(path):
    array = np.load(path)
    return array.view(BF16) if array.dtype == np.dtype("V2") else array


def compare(array, expected):
    """Returns the error of a result, or ''."""
    expected = np.asarray(expected)
    if array.shape != expected.shape:
        return f"has the shape {array.shape}, not {expected.shape}"
    error = np.abs(array.astype(np.float64) - expected.astype(np.float64))
    limit = LIMITS.get(array.dtype, 0) * max(np.abs(expected).max(initial=0), 1e-3)
    if not (error <= limit).all():
        return f"is off by {error.max()}, {limit} is permitted"
    return ""


def run(options, name, text, route, inputs, results, folder):
    (folder / "module.mlir").write_text(text)
    command = [options.build / "bin" / "diff-run", folder / "module.mlir", f"--function={name}",
               f"--target={route}"]  # fmt: skip
    if route == "sim":
        command.append("--chip=sm_80")
    for i, array in enumerate(inputs):
        np.save(folder / f"in{i}.npy", array.view("V2") if array.dtype == BF16 else array)
        command.append(f"--input={folder / f'in{i}.npy'}")
    paths = [folder / f"{route}{i}.npy" for i in range(results)]
    command += [f"--output={path}" for path in paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    if done.returncode:
        return None, f"exit status {done.returncode}: {done.stderr.strip()}"
    return [load(path) for path in paths], ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--routes", default="linalg,cpu")
    options = parser.parse_args()
    parts = re.split(r"^// ([a-z_]\w*): (.*)\n", options.file.read_text(), flags=re.M)[1:]
    wrong, count = 0, 0
    for name, expressions, text in zip(*[iter(parts)] * 3):
        seed = sum(map(ord, name))
        random = np.random.default_rng(seed)
        signature = re.search(rf"@{name}\((.*?)\) *->", text, re.S)[1]
        inputs = [make_array(found, random) for found in re.findall(r"%\w+: ([^,]+)", signature)]
        values = {letter: array.astype(np.float64) if array.dtype != bool else array
                  for letter, array in zip(string.ascii_lowercase, inputs)}  # fmt: skip
        with np.errstate(all="ignore"):
            expected = [eval(e, {**globals(), **values}) for e in expressions.split(";")]
        for route in options.routes.split(","):
            with tempfile.TemporaryDirectory() as folder:
                got, failure = run(options, name, text, route, inputs, len(expected), Path(folder))
            failures = [failure] if failure else [
                f"result {i} {found}" for i, pair in enumerate(zip(got, expected))
                if (found := compare(*pair))]  # fmt: skip
            for failure in failures:
                print(f"{name} on {route}: {failure}")
            wrong += bool(failures)
            count += 1
    print(f"{count} runs, {wrong} wrong")
    sys.exit(wrong != 0)


main()
