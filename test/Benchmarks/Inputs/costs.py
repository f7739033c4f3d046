# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the closed forms of scripts/compare.py against the simulator: costs.py BUILD"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
for folder in ("scripts", "benchmarks"):
    sys.path.insert(0, str(ROOT / folder))

import compare  # noqa: E402
from layerbench import layers, table, ways  # noqa: E402
from layerbench.simulator import Simulator  # noqa: E402

CHIP = "sm_80"
BUILD = Path(sys.argv[1])
TOOLS = compare.Tools(BUILD)
failed = False


def expect(what: str, found: float, wanted: float, least: float, most: float) -> None:
    """Requires that found / wanted is from least to most."""
    global failed
    ratio = found / wanted
    if not least <= ratio <= most:
        failed = True
    print(f"{'ok' if least <= ratio <= most else 'FAIL'} {what}: {found:.6g} / {wanted:.6g} = {ratio:.3f}")


def check_counts(options: list[str]) -> None:
    """All rows of a layer: FLOP and exponentials without a mask, and bytes. Tensor
    cores also compute row sums, as 8 more columns of values; exponentials also
    rescale sums."""
    given = TOOLS.describe(options)
    for variant, grouped, name in compare.ALTERNATIVES:
        try:
            layer = compare.alternative(given, variant, grouped, "output")
            report, _ = TOOLS.simulate(layer, CHIP)
        except compare.CompareError as error:
            print(f"none {' '.join(options)}: {name}: {error}")
            continue
        what = f"{' '.join(options)}: {name.format(compare.get_signals(given))}"
        if given.window == (-1, -1):
            sums = 8 / (layer.dim + layer.value_dim)
            expect(f"{what}: FLOP", report["tensor"]["flops"], layer.flops(), 1, 1.001 + sums)
            expect(f"{what}: exponentials", report["sfu"]["operations"], layer.scores(), 1, 1.3)
        expect(f"{what}: bytes", report["global"]["unique_bytes"], layer.bytes(), 0.99, 1.01)


def check_compositions() -> None:
    """The compositions of the closed forms against those of the benchmark."""
    sim = Simulator(BUILD, CHIP)
    for variant, name in (("v2", "diff standard, subtract"), ("v1", "diff, four calls")):
        way = next(way for way in ways.WAYS if way.name == name)
        counts = table.run_way(sim, way, layers.Layer(variant, 64, 256, 256, False))
        cost = TOOLS.describe([f"--variant={variant}", "--heads=1", "--kv-heads=1", "--dim=64",
                               "--query-tokens=256"]).composition()  # fmt: skip
        expect(f"{name}: launches", counts.launches, cost["launches"], 1, 1)
        expect(f"{name}: FLOP", counts.flops, cost["flops"], 1, 1.1)
        expect(f"{name}: bytes", counts.unique, cost["bytes"], 0.99, 1.01)


def check_extrapolation(options: list[str]) -> None:
    """Bounds from parts of the layer against those of a whole value head."""
    layer = TOOLS.describe(options)
    whole = TOOLS.measure(layer, CHIP)
    most, compare.MOST_SCORES = compare.MOST_SCORES, layer.scores() // layer.kv_heads // 3
    parts = TOOLS.measure(layer, CHIP)
    assert len(compare.simulated_parts(layer)) == 2
    compare.MOST_SCORES = most
    what = f"{' '.join(options)}: extrapolated"
    for name in ("bound_cycles", "tensor_flops", "shared_memory"):
        expect(f"{what} {name}", parts[name], whole[name], 0.96, 1.04)
    if parts["bound_pipe"] != whole["bound_pipe"]:
        expect(f"{what} pipe {whole['bound_pipe']}", 0, 1, 1, 1)
    # A layer with twice the heads and batch has four times the bound, on a full chip.
    full = replace(layer, batch=200)
    more = replace(full, batch=400, heads=2 * full.heads, kv_heads=2 * full.kv_heads)
    expect(f"{what} heads", TOOLS.measure(more, CHIP)["bound_cycles"],
           TOOLS.measure(full, CHIP)["bound_cycles"], 3.99, 4.01)  # fmt: skip


check_counts(["--heads=16", "--kv-heads=2", "--dim=32", "--query-tokens=128", "--key-tokens=256"])
check_counts(["--heads=4", "--kv-heads=2", "--dim=64", "--query-tokens=256", "--causal",
              "--gate", "--lse", "--value-dim=32", "--batch=2"])  # fmt: skip
check_counts(["--heads=2", "--kv-heads=2", "--dim=32", "--query-tokens=64", "--key-tokens=448",
              "--window=63,0", "--type=f16"])  # fmt: skip
check_compositions()
check_extrapolation(["--heads=4", "--kv-heads=2", "--dim=64", "--query-tokens=768", "--causal"])
check_extrapolation(["--variant=v1", "--heads=2", "--kv-heads=2", "--dim=32", "--query-tokens=1024",
                     "--window=100,0"])  # fmt: skip
sys.exit(failed)
