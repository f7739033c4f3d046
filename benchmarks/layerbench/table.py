# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures ways of computing layers and prints their cost."""

from __future__ import annotations

import functools
from dataclasses import asdict, dataclass, replace

from . import counts
from .layers import Layer
from .simulator import Simulator
from .ways import Way

#: Query tokens, and keys of the two runs, of the steady loop.
STEADY_TOKENS, STEADY_KEYS = 128, (1024, 2048)


@dataclass(frozen=True)
class Row:
    """One line of the table; ratios are None if the divisor is 0."""

    way: str
    launches: int
    instructions: int
    flops: float | None
    bytes: float
    unique: float
    passes: float
    block_bytes: float
    conflicts: int
    spills: int | None
    shared: float | None
    special: float
    per_mma: float | None
    steady: float | None
    pipe: str
    peak: float

    def json(self, layer: Layer) -> dict:
        return {"layer": asdict(layer), **asdict(self)}


def _ratio(a: float, b: float) -> float | None:
    return a / b if b else None


def run_way(sim: Simulator, way: Way, layer: Layer) -> counts.Counts:
    sim.take()
    way.run(sim, layer, layer.inputs())
    return sim.take()


def steady(sim: Simulator, way: Way, layer: Layer, keys=STEADY_KEYS) -> float | None:
    """Instructions per mma.sync of the loop over keys: the increase of both with
    more keys, without a mask. The layer determines the variant and the dim."""
    low, high = (run_way(sim, way, Layer(layer.variant, layer.dim, STEADY_TOKENS, m, False))
                 for m in keys)  # fmt: skip
    return _ratio(high.instructions - low.instructions, high.mma - low.mma)


class Bench:
    """Runs ways; the steady loops are measured once for each variant, dim and way."""

    def __init__(self, sim: Simulator, steady_keys=STEADY_KEYS):
        self.sim = sim
        self.steady = functools.cache(
            lambda way, layer: steady(self.sim, way, layer, steady_keys))  # fmt: skip

    def row(self, way: Way, layer: Layer) -> Row:
        c = run_way(self.sim, way, layer)
        plain = replace(layer, n=STEADY_TOKENS, m=STEADY_TOKENS, causal=False)
        rate = counts.CHIPS[self.sim.chip][1]
        return Row(
            way=way.name,
            launches=c.launches,
            instructions=c.instructions,
            flops=_ratio(c.flops, layer.least_flops()) if c.flops else None,
            bytes=c.requested / layer.least_bytes(),
            unique=c.unique / layer.least_bytes(),
            passes=(c.requested - c.once) / layer.key_value_bytes(),
            block_bytes=c.requested / c.needed,
            conflicts=c.conflicts,
            spills=c.spills,
            shared=_ratio(c.pipes.get("shared", 0.0), c.pipes.get("tensor", 0.0)),
            special=c.special / layer.least_exponentials(),
            per_mma=_ratio(c.instructions, c.mma),
            steady=self.steady(way, plain) if c.mma else None,
            pipe=c.pipe,
            peak=100 * layer.least_flops() / rate / c.bound,
        )


COLUMNS = (
    ("way", "{:<26}", "way"), ("launches", "{:>3}", "run"),
    ("instructions", "{:>11}", "instr"), ("flops", "{:>6.3f}", "flop"),
    ("bytes", "{:>7.2f}", "bytes"), ("unique", "{:>6.2f}", "dram"),
    ("passes", "{:>6.2f}", "K, V"), ("block_bytes", "{:>6.3f}", "block"),
    ("conflicts", "{:>9}", "conflicts"), ("spills", "{:>5}", "spill"),
    ("shared", "{:>6.3f}", "shared"), ("special", "{:>6.3f}", "sfu"),
    ("per_mma", "{:>7.3f}", "per mma"), ("steady", "{:>6.3f}", "steady"),
    ("peak", "{:>6.1f}", "% peak"), ("pipe", "{:<6}", "bound by"),
)  # fmt: skip

LEGEND = """\
run        launches
instr      warp instructions of PTX
flop       FLOP on tensor cores / FLOP of visible pairs of query and key
bytes      requested bytes of global memory / compulsory: inputs and output once
dram       touched bytes, once per launch / compulsory
K, V       requested bytes without Q and O of each launch / K and V once
block      requested bytes / bytes its blocks need: Q, O, K and V of visible tiles
conflicts  wavefronts of shared memory beyond the ideal
spill      bytes of spill stores reported by ptxas, of the kernel with the most
shared     cycles of shared memory / cycles of the tensor cores
sfu        special-function operations / visible scores
per mma    warp instructions of PTX / mma.sync
steady     the same for the increase with keys 1025 to 2048 (N = 128, no mask)
% peak     useful FLOP within the bound / peak FLOP of the tensor cores
bound by   the limiting pipe; the bound ignores latencies, caches and stalls"""


def format_row(row: Row) -> str:
    cells = []
    for name, form, _ in COLUMNS:
        value = getattr(row, name)
        width = form.split(".")[0].strip("{:}")
        cells.append(("{:" + width + "}").format("-") if value is None else form.format(value))
    return " ".join(cells).rstrip()


#: What format_ratios compares, with the names of the columns.
COMPARED = ("launches", "instructions", "flops", "bytes", "unique", "passes", "special", "steady",
            "peak")  # fmt: skip


def format_ratios(row: Row, other: Row) -> str:
    """Ratios of the row to another way, if both have them."""
    titles = {name: title for name, _, title in COLUMNS}
    parts = []
    for name in COMPARED:
        one, two = getattr(row, name), getattr(other, name)
        if one is not None and two:
            parts.append(f"{titles[name]} {one / two:.3f}")
    return f"{row.way} / {other.way}: {', '.join(parts)}"


def format_header() -> str:
    cells = []
    for _, form, title in COLUMNS:
        cells.append(("{:" + form.split(".")[0].strip("{:}") + "}").format(title))
    return " ".join(cells).rstrip()
