# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tries the installed Debian package, for scripts/package.sh.

    package-check.py tools     the tools, with the packages that it depends on
    package-check.py develop   the plugin and the CMake package, with those that it
                               recommends

The first failure ends the program with its message.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
import tempfile
from pathlib import Path

EXAMPLE = Path("/usr/share/doc/diff-mlir/examples/standalone")


def run(*command: object, text: str = "") -> str:
    words = list(map(str, command))
    print("$", *words, flush=True)
    done = subprocess.run(words, input=text, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: status {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout


def expect(what: str, text: str) -> None:
    if what not in text:
        sys.exit(f"error: no {what!r} in: {text[:2000]}")


def check_ptx() -> None:
    layer = run("diff-gen", "--causal")
    ptx = run("diff-opt", "-", "--diff-compile=chip=sm_90a", "--emit=ptx", text=layer)
    expect(".visible .entry", ptx)
    expect("mma.sync", ptx)


def check_arrays(folder: Path) -> None:
    import numpy as np

    layer = folder / "layer.mlir"
    run("diff-gen", "--causal", "--type=f32", "--query-tokens=33", "--heads=4", "--kv-heads=2",
        "--dim=32", "-o", layer)  # fmt: skip
    generator = np.random.default_rng(0)
    inputs = []
    for name, shape in {"query": (1, 33, 8, 32), "key": (1, 33, 2, 32),
                        "value": (1, 33, 2, 32), "lambda": (1, 33, 4)}.items():  # fmt: skip
        np.save(folder / f"{name}.npy", generator.standard_normal(shape, dtype=np.float32))
        inputs.append(f"--input={folder}/{name}.npy")
    results = []
    for target in ("linalg", "cpu", "sim"):
        output = folder / f"{target}.npy"
        chip = ["--chip=sm_90a"] if target == "sim" else []
        run("diff-run", layer, f"--target={target}", *chip, *inputs, f"--output={output}")
        results.append(np.load(output))
    for target, result in zip(("cpu", "sim"), results[1:]):
        if not np.allclose(result, results[0], rtol=1e-4, atol=1e-5):
            sys.exit(f"error: {target} and linalg differ")


def check_library(folder: Path) -> None:
    layer = run("diff-gen", "--causal")
    library = folder / "layer.so"
    run("diff-opt", "-", "--diff-compile=chip=host", "--emit=library", "-o", library, text=layer)
    if not hasattr(ctypes.CDLL(str(library)), "_mlir_ciface_attention"):
        sys.exit("error: the library has no entry")


def check_plugin() -> None:
    layer = run("diff-gen", "--causal")
    (plugin,) = Path("/usr/lib").glob("**/DiffPlugin.so")
    text = run("/usr/lib/llvm-22/bin/mlir-opt", f"--load-dialect-plugin={plugin}",
               f"--load-pass-plugin={plugin}",
               "--pass-pipeline=builtin.module(convert-diff-to-linalg)", text=layer)  # fmt: skip
    expect("linalg.generic", text)


def check_example(folder: Path) -> None:
    run("cmake", "-G", "Ninja", "-S", EXAMPLE, "-B", folder, "-DCMAKE_BUILD_TYPE=Release",
        "-DCMAKE_CXX_FLAGS_RELEASE=-O0 -DNDEBUG")  # fmt: skip
    run("cmake", "--build", folder)
    pipeline = "func.func(standalone-schedule,diff-tile),canonicalize,cse,convert-diff-to-linalg"
    text = run(folder / "standalone-opt", EXAMPLE / "layer.mlir",
               f"--pass-pipeline=builtin.module({pipeline})")  # fmt: skip
    expect("scf.forall", text)
    expect("diff.attention", run(folder / "ir-only"))
    expect("compiled: 0.2689", run("env", f"DIFF_CACHE_DIR={folder}/cache", folder / "cached"))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if sys.argv[1:] == ["tools"]:
            for tool in ("diff-gen", "diff-launch", "diff-lsp-server", "diff-opt", "diff-reduce",
                         "diff-run", "ptx-sim"):  # fmt: skip
                expect("DiffMLIR", run(tool, "--version"))
            check_ptx()
            check_arrays(folder)
            check_library(folder)
        elif sys.argv[1:] == ["develop"]:
            check_plugin()
            check_example(folder)
        else:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
