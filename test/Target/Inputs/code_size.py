# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles layers for a CPU, and checks the bytes of their code: at most LIMIT, and
at most GROWTH times those of the smallest head dimension."""

import itertools
import subprocess
import sys
import tempfile
from pathlib import Path

LIMIT = 80 * 1024
GROWTH = 1.5
DIMS = (64, 128, 256)


def measure(chip, folder, dim, element, options):
    layer, code = Path(folder, "layer.mlir"), Path(folder, "layer.o")
    subprocess.run(["diff-gen", "--heads=8", "--kv-heads=4", f"--dim={dim}", f"--type={element}",
                    *options, "-o", layer], check=True)  # fmt: skip
    subprocess.run(["diff-opt", layer, f"--diff-compile=chip={chip}", "--emit=object", "-o", code],
                   check=True)  # fmt: skip
    sizes = subprocess.run(["llvm-size", code], check=True, capture_output=True, text=True).stdout
    return int(sizes.splitlines()[1].split()[0])


def main():
    chip = sys.argv[1]
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        for element, options in itertools.product(
            ("f32", "bf16"),
            (["--query-tokens=512", "--causal"], ["--dynamic", "--window=128,0"],
             ["--dynamic", "--variant=v1", "--causal"]),
        ):  # fmt: skip
            sizes = [measure(chip, folder, dim, element, options) for dim in DIMS]
            what = f"{chip}, {element}, {' '.join(options)}: {sizes} bytes for d = {DIMS}"
            if max(sizes) > LIMIT:
                sys.exit(f"{what}; the limit is {LIMIT}")
            if max(sizes) > GROWTH * sizes[0]:
                sys.exit(f"{what}; they may grow by a factor of {GROWTH}")
            count += len(sizes)
    print(f"{count} layers within the limits")


main()
