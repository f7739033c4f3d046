# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The ways to run a function with diff-run, and what a run is allowed to say."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterable

import numpy as np
from difftest import arrays

from . import process

CHIPS = ("sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120")
#: CPUs of each architecture and system.
HOSTS = ("host", "x86-64-v3", "neoverse-v1", "apple-m1")
POLICIES = ("late", "eager", "random")


@dataclass(frozen=True)
class Route:
    """A target of diff-run with its options."""

    target: str  # linalg, cpu or sim
    chip: str = ""
    policy: str = ""
    f32: str = "ieee"
    tiles: str = ""

    def __str__(self) -> str:
        return " ".join([self.target, *self.options])

    @property
    def options(self) -> list[str]:
        given = [("--chip", self.chip), ("--async", self.policy), ("--tiles", self.tiles)]
        options = [f"{name}={value}" for name, value in given if value]
        return options + (["--f32=tf32"] if self.f32 == "tf32" else [])

    def simpler(self) -> Iterable[Route]:
        if self.target == "sim":
            yield from (replace(self, **change) for change in (
                dict(chip="sm_80"), dict(policy="late"), dict(f32="ieee"), dict(tiles=""))
                if replace(self, **change) != self)  # fmt: skip


def choose(rng: random.Random, targets: Iterable[str]) -> tuple[Route, ...]:
    """A route for each target; what a route leaves open is drawn."""
    found = []
    for target in targets:
        if target == "sim":
            f32 = "tf32" if rng.random() < 0.3 else "ieee"
            tiles = "threads" if rng.random() < 0.2 else ""
            found.append(Route("sim", rng.choice(CHIPS), rng.choice(POLICIES), f32, tiles))
        else:
            found.append(Route(target))
    return tuple(found)


#: What a route may refuse: the target and a pattern of the error.
REFUSALS = (
    ("cpu sim", r"has f64 elements, which only"),
    ("linalg cpu sim", r"of result \d+ of @attention does not follow from the sizes"),
    ("sim", r"GPU launcher supports tensors of"),
    ("sim", r"op of 'f64' is not supported on a GPU"),
    ("sim", r"reads a constant tensor in host memory"),
    ("sim", r"'memref.reshape' op cannot be compiled to a kernel"),
    ("sim", r"on tensor cores, multiples of"),
)


def is_refusal(route: Route, error: str) -> bool:
    return any(route.target in targets.split() and re.search(pattern, error)
               for targets, pattern in REFUSALS)  # fmt: skip


def command(source: Path, route: Route, inputs: list[Path], outputs: list[Path]) -> list[str]:
    return ["diff-run", str(source), f"--target={route.target}", *route.options,
            *(f"--input={path}" for path in inputs), *(f"--output={path}" for path in outputs)]  # fmt: skip


def write_inputs(folder: Path, inputs: Iterable[np.ndarray]) -> list[Path]:
    paths = []
    for number, array in enumerate(inputs):
        paths.append(folder / f"in{number}.npy")
        arrays.save(paths[-1], array)
    return paths


def run(build: Path, source: Path, route: Route, inputs: list[Path], results: int,
        timeout: float = 120) -> tuple[process.Outcome, list[np.ndarray]]:  # fmt: skip
    """Runs the file on a route; the arrays are empty where it failed."""
    folder = source.parent / f"results-{route.target}"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    outputs = [folder / f"out{number}.npy" for number in range(results)]
    line = command(source, route, inputs, outputs)
    if route.target == "sim":
        line.append("--threads=1")
    outcome = process.run([build / "bin" / line[0], *line[1:]], str(route), timeout, outputs,
                          findings=route.target == "sim")  # fmt: skip
    if outcome.status == 2:
        lines = [text for text in outcome.err.splitlines() if text.strip()]
        outcome.failures.append(process.Failure("findings", str(route), "\n".join(lines[:20])))
    if outcome.status or outcome.failures:
        return outcome, []
    return outcome, [arrays.load(path) for path in outputs]
