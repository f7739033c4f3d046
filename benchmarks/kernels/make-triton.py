#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles the kernels of triton_attention.py to the PTX that is stored in ptx/.

    benchmarks/kernels/make-triton.py OUTPUT-FOLDER [--chip sm_80]
    benchmarks/kernels/make-triton.py --sweep [--build FOLDER] [--ptxas PATH]

Needs no GPU. The stored files are from Triton 3.9.0 (pip install triton) for
sm_80. For sm_86 and sm_89 Triton generates the same instructions except for a
few moves; for sm_120 it pairs some f32 operations; for sm_90 and sm_100 it uses
instructions (wgmma, tcgen05) that the simulator does not support yet.

--sweep (needs NumPy, ptxas and ptx-sim) tries the shapes of Triton's tutorial
(64 and 128 rows, 32, 64 and 128 keys, 4 and 8 warps, 2 and 3 stages), and fewer
rows for V1. For each shape it prints the resources that ptxas reports and, for
keys 1025 to 2048 without a mask on the simulator, the instructions per mma.sync,
and the cycles of the limiting pipe divided by those of the useful tensor work.
SHAPES contains the best shapes. They spill at most 512 bytes (the usual tile,
128 x 64 at d = 128, spills 452), fit into 99 KB of shared memory and have no
checker findings (with 8 warps, Triton's layout conversions may store a value
from two warps to one address). Of these, SHAPES has the shape with the fewest
instructions whose bound is within 2 % of the least.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path

os.environ["TRITON_DISABLE_LINE_INFO"] = "1"  # it names files of this machine
os.environ["TRITON_DEFAULT_FP_FUSION"] = "1"  # its default, which is to change
os.environ["TRITON_ALWAYS_COMPILE"] = "1"  # the cache does not show in the result
sys.dont_write_bytecode = True

import triton
import triton_attention
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

SIZES = {"tokens": "i32", "keys": "i32", "queryStride": "i32", "keyStride": "i32"}
ENDS = {"outStride": "i32", "group": "i32", "scale": "fp32"}
INPUTS = {"q": "*bf16", "k": "*bf16", "v": "*bf16"}
OUTPUT = {"out": "*bf16"}
SIGNATURES = {
    "standard": {**INPUTS, **OUTPUT, **SIZES, "valueStride": "i32", **ENDS},
    "v2": {**INPUTS, "logits": "*bf16", **OUTPUT, **SIZES, "logitStride": "i32", **ENDS},
    "v1": {**INPUTS, "lam": "*fp32", "weight": "*fp32", **OUTPUT, **SIZES, "valueStride": "i32",
           **ENDS, "factor": "fp32"},
}  # fmt: skip
#: All else is a multiple of 16: elements in strides and sizes, bytes in pointers.
NOT_MULTIPLES = {"logits", "lam", "logitStride", "group", "scale", "factor"}

#: By kernel and dim: tokens and keys of a tile, warps, stages.
SHAPES = {
    ("v2", 64): (64, 128, 4, 3),
    ("v2", 128): (64, 64, 4, 2),
    ("v1", 64): (128, 64, 8, 2),
    ("v1", 128): (32, 64, 4, 2),
    ("standard", 64): (128, 128, 4, 3),
    ("standard", 128): (128, 64, 4, 2),
    ("wide", 64): (128, 64, 4, 2),
    ("wide", 128): (64, 64, 4, 2),
}


def compile_kernel(name, dim, causal, shape, chip="sm_80"):
    """Returns the PTX and the launch parameters."""
    blockM, blockN, warps, stages = shape
    function = "standard" if name == "wide" else name
    signature = SIGNATURES[function]
    constants = {"causal": causal, "blockM": blockM, "blockN": blockN, "dim": dim}
    if function == "standard":
        constants["isWide"] = name == "wide"
    source = ASTSource(
        fn=getattr(triton_attention, function),
        signature=signature | dict.fromkeys(constants, "constexpr"),
        constexprs=constants,
        attrs={(index,): [["tt.divisibility", 16]]
               for index, argument in enumerate(signature) if argument not in NOT_MULTIPLES},
    )  # fmt: skip
    capability = int(re.search(r"\d+", chip)[0])
    version = 87 if capability >= 100 else 84
    options = {"num_warps": warps, "num_stages": stages, "ptx_version": version}
    kernel = triton.compile(source, target=GPUTarget("cuda", capability, 32), options=options)
    record = {
        "entry": kernel.metadata.name,
        "parameters": list(signature),
        "tokens": blockM,
        "keys": blockN,
        "threads": 32 * kernel.metadata.num_warps,
        "stages": stages,
        "shared": kernel.metadata.shared,
        "compiler": f"Triton {triton.__version__}",
    }
    header = (f"// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"
              f"// Triton {triton.__version__}, kernel {function} of triton_attention.py\n")  # fmt: skip
    return header + kernel.asm["ptx"], record


def make(output: Path, chip: str) -> None:
    output.mkdir(parents=True, exist_ok=True)
    if triton.__version__ != "3.9.0":
        print("note: the stored files are from Triton 3.9.0", file=sys.stderr)
    records = {}
    for (name, dim), shape in SHAPES.items():
        for causal in (False, True):
            stem = f"triton-{name}-{dim}{'-causal' if causal else ''}"
            text, records[stem] = compile_kernel(name, dim, causal, shape, chip)
            (output / f"{stem}.ptx").write_text(text)
    (output / "triton.json").write_text(json.dumps(records, indent=1) + "\n")
    print(f"{len(records)} kernels")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("output", nargs="?", type=Path, metavar="OUTPUT-FOLDER")
    parser.add_argument("--chip", default="sm_80")
    parser.add_argument("--sweep", action="store_true")
    parser.add_argument("--build", type=Path, default=Path("build"), help="build folder of --sweep")
    parser.add_argument("--ptxas", default="ptxas")
    parser.add_argument("--only", default="", metavar="NAME-DIM", help="one kernel of --sweep")
    options = parser.parse_args()
    if options.sweep == bool(options.output):
        parser.error("give either a folder or --sweep")
    if options.sweep:
        import sweep

        sweep.run_all(compile_kernel, list(SHAPES), options)
    else:
        make(options.output, options.chip)
    return 0


if __name__ == "__main__":
    sys.exit(main())
