#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cost of attention layers, counted on the PTX simulator.

For a fixed set of layers (V2, V1, standard; d 64 and 128; N = M = 512, 1024,
2048; causal and not; bf16), prints one line for each way to compute them: the
fused kernel of the compiler (diff), a composition of the compiler's standard
attention and pointwise kernels, a Triton kernel for the same layer, and
compositions of Triton's standard attention.

One output head and one value head of a layer run completely. All counts are
proportional to the number of heads and the batch, if there are as many value
heads as output heads. The checkers are off for counting. --verify runs all ways
on small layers with all checkers and compares the results with float64.

kernels/ptx contains the PTX of the Triton kernels, compiled for sm_80, and of
the kernels of the compositions. They run unchanged with any --chip.
kernels/make-triton.py creates others for --triton.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))

from layerbench import counts, layers, table, verify, ways  # noqa: E402
from layerbench.simulator import KERNELS, Ptxas, Simulator, ToolError, find_ptxas  # noqa: E402

GROUPS = ("diff", "triton", "compositions")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="columns:\n" + table.LEGEND)  # fmt: skip
    parser.add_argument("--build", type=Path, default=HERE.parent / "build")
    parser.add_argument("--chip", default="sm_80", choices=counts.CHIPS)
    parser.add_argument("--quick", action="store_true", help="d = 64, N = M = 256; with --verify only N < M")
    parser.add_argument("--filter", default="", metavar="TEXT",
                        help="only layers whose name contains this text")  # fmt: skip
    parser.add_argument("--ways", default=",".join(GROUPS), metavar="WAY,WAY",
                        help="of diff, triton, and compositions of those named "
                        "(default: all)")  # fmt: skip
    parser.add_argument("--triton", type=Path, default=KERNELS, metavar="FOLDER",
                        help="output of make-triton.py for another chip")  # fmt: skip
    parser.add_argument("--ratios", action="store_true",
                        help="also print the ratios of the first line of a layer to the others")  # fmt: skip
    parser.add_argument("--ptxas", default=find_ptxas(), metavar="PATH",
                        help="for the column of spills; an empty one leaves it out "
                        "(default: %(default)s)")  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows, too")
    parser.add_argument("--verify", action="store_true",
                        help="check all ways on small layers instead of counting")  # fmt: skip
    parser.add_argument("--async", dest="policy", default="late", metavar="POLICY",
                        help="when copies complete with --verify: late, eager, random")  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="of --verify")
    options = parser.parse_args()
    unknown = set(options.ways.split(",")) - set(GROUPS)
    if unknown:
        parser.error(f"unknown way '{unknown.pop()}'; known are {', '.join(GROUPS)}")
    return options


def print_table(options: argparse.Namespace) -> None:
    sim = Simulator(options.build, options.chip, triton=options.triton,
                    ptxas=Ptxas(options.ptxas) if options.ptxas else None)  # fmt: skip
    bench = table.Bench(sim)
    rows = []
    print(f"{options.chip}, bf16, one head")
    for layer in layers.fixed_set(options.quick):
        if options.filter not in layer.name:
            continue
        print(f"\n{layer.name}\n{table.format_header()}", flush=True)
        found = []
        for way in ways.select(layer.variant, set(options.ways.split(","))):
            found.append(bench.row(way, layer))
            print(table.format_row(found[-1]), flush=True)
        rows += [row.json(layer) for row in found]
        for other in found[1:] if options.ratios else []:
            print(table.format_ratios(found[0], other), flush=True)
    print(f"\n{table.LEGEND}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


def print_verification(options: argparse.Namespace) -> int:
    """Small layers with the sizes of the tiles, N = M and N < M."""
    sim = Simulator(options.build, options.chip, check="all", policy=options.policy,
                    triton=options.triton)  # fmt: skip
    failed = 0

    def report(name: str, text: str, failures: list[str], start: float) -> None:
        nonlocal failed
        failed += bool(failures)
        print(f"{'FAIL' if failures else 'ok':<5}{name:<58}{text}{time.monotonic() - start:6.2f} s",
              flush=True)  # fmt: skip
        for failure in failures:
            print(f"  {failure}")

    dims = (64, 128)
    for dim in dims:
        start = time.monotonic()
        report(f"combine d={dim}", "", verify.check_combine(sim, dim, options.seed), start)
    sizes = ((128, 256),) if options.quick else ((128, 256), (256, 256))
    for layer in (layers.Layer(variant, dim, n, m, causal) for variant in layers.VARIANTS
                  for dim in dims for n, m in sizes for causal in (False, True)):  # fmt: skip
        if options.filter not in layer.name:
            continue
        for way in ways.select(layer.variant, set(options.ways.split(","))):
            start = time.monotonic()
            result = verify.check_way(sim, way, layer, options.seed)
            report(f"{layer.name}: {way.name}",
                   f"e {result.error:.1e} of {result.bound:.1e}, norm {result.norm:.1e} "
                   f"of {result.norm_limit:.1e}", result.failures, start)  # fmt: skip
    return 1 if failed else 0


def main() -> int:
    options = parse()
    try:
        if options.verify:
            return print_verification(options)
        print_table(options)
    except ToolError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
