# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Counters of launches, and the bounds that follow from them.

The bound of the simulator applies to one launch on as many multiprocessors as it
has blocks. A layer has many more heads than the simulated one and fills the chip.
Here, the cycles of a pipe are therefore those of one multiprocessor that does all
the work, and the cycles of memory are those of the chip times the number of its
multiprocessors. The limiting pipe is then the same for any number of heads.
"""

from __future__ import annotations

from dataclasses import dataclass, field

#: By chip: multiprocessors, and FLOP a cycle of one of them with bf16 operands
#: and f32 sums; lib/PTXSim/Profile/Chips.cpp has the sources.
CHIPS = {
    "sm_80": (108, 2048),
    "sm_86": (82, 512),
    "sm_89": (128, 512),
    "sm_90a": (132, 4096),
    "sm_100a": (148, 8192),
    "sm_120": (170, 512),
}


@dataclass
class Counts:
    """The cost of one or several launches. `requested` and `unique` are the
    requested and the touched bytes of global memory (touched bytes count once per
    launch), `needed` the bytes that the blocks must request, `once` the bytes that
    do not depend on the keys (Q, O, and all bytes of a pointwise kernel),
    `conflicts` the wavefronts beyond the ideal, `spills` ptxas's bytes of spill
    stores of the kernel with the most (None: unknown). The module describes the
    cycles."""

    launches: int = 0
    instructions: int = 0
    mma: int = 0
    flops: int = 0
    special: int = 0
    requested: int = 0
    unique: int = 0
    needed: int = 0
    once: int = 0
    conflicts: int = 0
    spills: int | None = None
    pipes: dict[str, float] = field(default_factory=dict)
    bound: float = 0.0
    pipe: str = "-"  # that of the launch with the longest bound
    longest: float = 0.0

    def __add__(self, other: Counts) -> Counts:
        """Adds the costs and bounds of consecutive launches."""
        names = ("launches", "instructions", "mma", "flops", "special", "requested", "unique",
                 "needed", "once", "conflicts", "bound")  # fmt: skip
        total = Counts(**{name: getattr(self, name) + getattr(other, name) for name in names})
        known = [spills for spills in (self.spills, other.spills) if spills is not None]
        total.spills = max(known, default=None)
        for pipe in self.pipes | other.pipes:
            total.pipes[pipe] = self.pipes.get(pipe, 0.0) + other.pipes.get(pipe, 0.0)
        slower = self if self.longest >= other.longest else other
        total.pipe, total.longest = slower.pipe, slower.longest
        return total


def from_report(report: dict, chip: str, blocks: int, needed: int, once: int) -> Counts:
    """Reads the counters of a launch with this number of blocks from JSON."""
    multiprocessors, rate = CHIPS[chip]
    busy = min(multiprocessors, blocks)
    pipes = {pipe: cycles * (multiprocessors if pipe == "dram" else busy)
             for pipe, cycles in report["bound"]["cycles_by_pipe"].items()}  # fmt: skip
    flops = report["tensor"]["flops"]
    types = report["tensor"]["flops_by_type"]
    if set(types) == {"bf16.f32"} and abs(pipes["tensor"] * rate / flops - 1) > 1e-6:
        raise ValueError(f"the tensor rate of {chip} is not the simulator's")
    pipe = max(pipes, key=pipes.get) if pipes else "-"
    return Counts(
        launches=1,
        instructions=report["instructions"]["total"],
        mma=report["tensor"]["count"],
        flops=flops,
        special=report["sfu"]["operations"],
        requested=report["global"]["bytes"],
        unique=report["global"]["unique_bytes"],
        needed=needed,
        once=once,
        conflicts=report["shared"]["bank_conflicts"],
        pipes=pipes,
        bound=pipes.get(pipe, 0.0),
        pipe=pipe,
        longest=pipes.get(pipe, 0.0),
    )
