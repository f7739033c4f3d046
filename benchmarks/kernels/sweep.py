# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Selects the tiles of the Triton kernels; see make-triton.py."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np

CHIP = "sm_80"
#: Bytes of shared memory that a block may have on sm_86, sm_89 and sm_120, too.
SHARED = 99 * 1024
SPILLS = 512


def run(build: Path, ptx: Path, record: dict, dim: int, keys: int, check: str, folder: Path):
    """Runs a tile of queries and one head on inputs of zeros. Returns the
    report, or None if a checker reports a finding."""
    n = record["tokens"] if check == "none" else 2 * record["tokens"]
    v1, v2 = record["entry"] == "v1", record["entry"] == "v2"
    wide = "wide" in ptx.name or v1
    maps = 2 if v1 or v2 else 1
    width = dim * (2 if wide else 1)
    values = {"tokens": n, "keys": keys, "queryStride": maps * dim, "logitStride": 1,
              "keyStride": dim * (2 if v1 else 1), "valueStride": width, "outStride": width,
              "group": 1}  # fmt: skip
    size = {"q": n * maps * dim, "k": keys * values["keyStride"], "v": keys * width, "logits": n,
            "lam": 1, "weight": width, "out": n * width}  # fmt: skip
    arguments = []
    for name in record["parameters"]:
        if name in size:
            array = folder / f"{name}.npy"
            np.save(array, np.zeros(size[name], np.float32 if name in ("lam", "weight") else "u2"))
            arguments.append(f"--arg=inout:{array}:{folder / 'after.npy'}")
        else:
            arguments.append(f"--arg=s32:{values[name]}" if name in values else "--arg=f32:0.1")
    command = [build / "bin" / "ptx-sim", ptx, f"--kernel={record['entry']}",
               f"--grid={n // record['tokens']}", f"--block={record['threads']}",
               f"--shared={record['shared']}", f"--check={check}", f"--chip={CHIP}",
               f"--json={folder / 'report.json'}", *arguments, "--arg=u64:0", "--arg=u64:0"]  # fmt: skip
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode == 2:
        return None
    if done.returncode:
        raise RuntimeError(done.stderr)
    return json.loads((folder / "report.json").read_text())


def measure(options, text: str, record: dict, stem: str, dim: int) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        ptx = folder / f"{stem}.ptx"
        ptx.write_text(text)
        said = subprocess.run([options.ptxas, f"-arch={CHIP}", "-v", ptx, "-o", folder / "cubin"],
                              capture_output=True, text=True, check=True).stderr  # fmt: skip
        clean = run(options.build, ptx, record, dim, 256, "all", folder)
        low, high = (run(options.build, ptx, record, dim, keys, "none", folder)
                     for keys in (1024, 2048))  # fmt: skip
    instructions = high["instructions"]["total"] - low["instructions"]["total"]
    mma = high["tensor"]["count"] - low["tensor"]["count"]
    pipes = high["bound"]["cycles_by_pipe"]
    # Not all tensor work is useful: warps may repeat rows.
    rows = record["tokens"] * (1 if record["entry"] == "standard" else 2)
    useful = 2 * rows * 2048 * dim * (3 if "wide" in stem or "v1" in stem else 2)
    ratio = high["tensor"]["flops"] / useful
    return {
        "registers": int(re.search(r"Used (\d+) registers", said)[1]),
        "spills": int(re.search(r"(\d+) bytes spill stores", said)[1]),
        "bound": high["bound"]["cycles"] / pipes["tensor"] * ratio,
        "pipe": high["bound"]["pipe"],
        "per_mma": instructions / mma,
        "clean": clean is not None,
    }


def run_one(compile_kernel, name, dim, options) -> None:
    found = []
    rows = (16, 32, 64) if name == "v1" else (32, 64) if name == "v2" else (64, 128)
    if name == "v1" and dim == 64:
        rows += (128,)
    for shape in itertools.product(rows, (32, 64, 128), (4, 8), (2, 3)):
        try:
            text, record = compile_kernel(name, dim, False, shape)
        except Exception as error:  # whatever the compiler throws
            print(f"{name} {dim} {shape}: {str(error).splitlines()[0][:80]}", flush=True)
            continue
        if record["shared"] > SHARED:
            continue
        row = measure(options, text, record, f"{name}-{dim}", dim)
        row["shape"] = shape
        ok = row["clean"] and row["spills"] <= SPILLS
        print(f"{name:8} {dim:4} {shape!s:16} shared {record['shared']:6} "
              f"registers {row['registers']:3} spills {row['spills']:5} per mma "
              f"{row['per_mma']:5.2f} bound {row['bound']:5.2f} {row['pipe']:8}"
              f"{'' if row['clean'] else ' findings'}", flush=True)  # fmt: skip
        if ok:
            found.append(row)
    least = min(row["bound"] for row in found)
    best = min((row for row in found if row["bound"] <= 1.02 * least),
               key=lambda row: row["per_mma"])  # fmt: skip
    print(f"{name} {dim}: {best['shape']}", flush=True)


def run_all(compile_kernel, kernels, options) -> None:
    for name, dim in kernels:
        if options.only in ("", f"{name}-{dim}"):
            run_one(compile_kernel, name, dim, options)
