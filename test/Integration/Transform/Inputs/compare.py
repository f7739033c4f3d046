# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the transformed IR of a layer and compares the results with float64.

    compare.py IR --build=DIR --target=ROUTE... LAYER

LAYER are the options of diff-gen that generated the layer, or that describe the
function @attention of IR. Every route runs on the same random inputs, whose seed
is printed (--seed sets it). Each result must satisfy the complete tolerance rule
of the execution tests. Prints one line for each route.

  --query-times=C   IR multiplies the argument `query` by C, a power of two
  --output-times=C  IR multiplies the attention's output by C, a power of two
"""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from difftest import arrays, runner  # noqa: E402
from difftest.cases import Case  # noqa: E402


def window(text: str) -> tuple[int, int]:
    left, right = map(int, text.split(","))
    return left, right


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("ir", type=Path)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--target", action="append", required=True)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--query-times", type=float, default=1.0)
    parser.add_argument("--output-times", type=float, default=1.0)
    layer = parser.add_argument_group("diff-gen's options")
    layer.add_argument("--variant", default="v2")
    layer.add_argument("--batch", type=int, default=1)
    layer.add_argument("--query-tokens", type=int, default=512)
    layer.add_argument("--key-tokens", type=int, default=None)
    layer.add_argument("--heads", type=int, default=8)
    layer.add_argument("--kv-heads", type=int, default=4)
    layer.add_argument("--dim", type=int, default=128)
    layer.add_argument("--type", default="bf16")
    layer.add_argument("--causal", action="store_true")
    layer.add_argument("--window", type=window, default=None)
    layer.add_argument("--softcap", type=float, default=None)
    layer.add_argument("--scale", type=float, default=None)
    layer.add_argument("--lse", action="store_true")
    layer.add_argument("--dynamic", action="store_true")
    layer.add_argument("--lambda-init", type=float, default=None)
    return parser.parse_args()


def make_case(options: argparse.Namespace) -> Case:
    keys = options.key_tokens or options.query_tokens
    return Case(
        options.variant, options.ir.stem, b=options.batch, n=options.query_tokens, m=keys,
        h=options.heads, hkv=options.kv_heads, d=options.dim, causal=options.causal,
        window=options.window, softcap=options.softcap, scale=options.scale, lse=options.lse,
        lambda_init=options.lambda_init, dynamic=options.dynamic,
    )  # fmt: skip


def times(array, factor: float):
    """Exact for a power of two without overflow."""
    return array if factor == 1.0 else array * array.dtype.type(factor)


def main() -> int:
    options = parse()
    case = make_case(options)
    seed = secrets.randbits(32) if options.seed is None else options.seed
    print(f"seed {seed}")
    inputs = arrays.make_inputs(case, options.type, seed)
    seen = dict(inputs, query=times(inputs["query"], options.query_times))
    tools = runner.Tools(options.build)
    status = 0
    for target in options.target:
        try:
            results = tools.run(options.ir.read_text(), inputs, case, target)
        except runner.ToolError as error:
            print(f"{target}: {error}")
            status = 1
            continue
        results["output"] = times(results["output"], 1 / options.output_times)
        output, lse = runner.check_results(case, options.type, seen, results)
        failures = output.failures + (lse.failures if lse else [])
        print(f"{target}: max error {output.error:.2e} of {output.bound:.2e}, "
              f"norm error {output.norm:.2e} of {output.norm_limit:.2e}"
              + (f", lse {lse.error:.2e} of {lse.bound:.2e}" if lse else ""))  # fmt: skip
        for failure in failures:
            print(f"{target}: FAILED: {failure}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
