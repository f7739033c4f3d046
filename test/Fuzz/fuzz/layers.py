# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random layers: every option of diff-gen, on every route, against float64."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterable

from difftest import arrays, cases, runner

from . import process, routes
from .campaign import Verdict
from .process import Failure
from .routes import Route
from .shrink import smaller_number

#: Products of sizes that a layer may have: simulated instructions cost time.
MOST_WORK = 1_500_000


@dataclass(frozen=True)
class Layer:
    case: cases.Case
    element_type: str
    routes: tuple[Route, ...]
    seed: int  # of the inputs

    def inputs(self) -> dict:
        """Rounded to tf32 where a route does so: that error is none of its own."""
        tf32 = any(route.f32 == "tf32" for route in self.routes)
        return arrays.make_inputs(self.case, "tf32" if tf32 else self.element_type, self.seed)


def _tokens(rng: random.Random) -> int:
    """A token count: mostly near the edges of tiles, seldom none."""
    return rng.choice([0, 1, 1, 2, 3, rng.randint(4, 40), rng.randint(4, 40),
                       rng.choice((15, 16, 17, 31, 32, 33, 63, 64, 65)), rng.randint(60, 140),
                       rng.choice((127, 128, 129, 255, 256, 257)), rng.randint(140, 600)])  # fmt: skip


def _dim(rng: random.Random, odd: bool) -> int:
    if odd:
        return rng.randint(1, 70)
    return rng.choice((8, 16, 16, 24, 32, 32, 40, 48, 64, 64, 72, 80, 96, 128, 128, 192, 256))


def _sequences(rng: random.Random) -> dict:
    lengths = [(rng.choice((0, 1, rng.randint(2, 70))), rng.choice((0, 1, rng.randint(2, 90))))
               for _ in range(rng.choice((0, 1, 2, 3, 3, 5, 8)))]  # fmt: skip
    return cases.packed(*lengths, behind=rng.choice((0, 0, 0, 1, 9)))


def _inputs(rng: random.Random, variant: str, gate: bool) -> str:
    kinds = [kind for kind in arrays.INPUT_KINDS if (gate or not kind.startswith("gate"))
             and (variant == "v2" or not kind.startswith("lambda"))]  # fmt: skip
    return rng.choice(["normal"] * len(kinds) + kinds)


def _work(case: cases.Case) -> int:
    heads = case.query_heads * (1 if case.sequences is not None else max(1, case.b))
    return heads * max(case.n, 1) * max(case.m, 1) * (case.d + case.value_dim)


def _draw(rng: random.Random) -> cases.Case:
    variant = rng.choice(("v2", "v2", "v1", "standard"))
    hkv = rng.choice((1, 1, 2, 3, 4))
    odd = rng.random() < 0.15
    signals = rng.choice((2, 2, 3, 4)) if variant != "standard" and rng.random() < 0.25 else 1
    gate = rng.random() < 0.25
    fields = dict(b=rng.choice((0, 1, 1, 1, 2, 3)), n=_tokens(rng), m=_tokens(rng), hkv=hkv,
                  h=hkv * signals * rng.choice((1, 1, 2, 3, 4)), d=_dim(rng, odd),
                  signals=signals, gate=gate)  # fmt: skip
    if rng.random() < 0.25:
        fields |= _sequences(rng)
    if variant != "v1" and rng.random() < 0.3:
        fields["dv"] = _dim(rng, odd)
    if variant == "v1" and rng.random() < 0.5:
        fields["lambda_init"] = rng.choice((0.0, 0.2, 0.5, 0.77, -0.5, -3.0))
    if rng.random() < 0.35:
        side = lambda: rng.choice((-1, 0, 1, rng.randint(0, 40), rng.randint(0, 300)))  # noqa: E731
        fields["window"] = (side(), side())
    if rng.random() < 0.25:
        fields["softcap"] = rng.choice((0.5, 3.0, 20.0, 50.0, 1000.0))
    if rng.random() < 0.3:
        fields["scale"] = rng.choice((0.01, 0.05, 0.125, 0.3, 1.0, 1.5))
    return cases.Case(variant, "random", causal=rng.random() < 0.4, lse=rng.random() < 0.4,
                      dynamic=rng.random() < 0.35, inputs=_inputs(rng, variant, gate),
                      layout="bhsd" if rng.random() < 0.25 else "bshd",
                      pairs="halves" if variant != "standard" and rng.random() < 0.25
                      else "interleaved", **fields)  # fmt: skip


def _is_legal(case: cases.Case) -> bool:
    """Whether its heads form groups, the inputs of its kind exist, and it is small
    enough."""
    if not case.h or case.h % (case.signals * case.hkv) or _work(case) > MOST_WORK:
        return False
    if case.inputs == "gate-extreme":
        return case.gate and case.n > 0 and case.value_dim > 1
    if case.inputs in ("equal", "nan-query"):
        return case.sequences is None and min(case.b, case.n, case.m) > 0 and case.query_heads > 1
    return True


def _targets(case: cases.Case, targets: Iterable[str]) -> list[str]:
    """The routes that the case has, as in the table of cases."""
    found = {row.route for row in cases.rows(targets, full=True, table=(case,))}
    return [target for target in targets if target in found]


class Layers:
    name = "layers"

    def __init__(self, build: Path, targets: tuple[str, ...], only: str = ""):
        self.build, self.targets, self.only = build, targets, only

    def make(self, rng: random.Random) -> Layer:
        case, targets = None, []
        while not targets:
            case = _draw(rng)
            if _is_legal(case) and self.only in ("", case.variant):
                targets = _targets(case, self.targets)
        element_type = rng.choice(cases.ELEMENT_TYPES)
        found = []
        for route in routes.choose(rng, targets):
            if route.target == "sim":
                tf32 = element_type == "f32" and route.f32 == "tf32"
                needed = case.compile_options("tf32" if tf32 else element_type)
                threads = "tiles=threads" in needed or (route.tiles and not tf32)
                route = replace(route, f32="tf32" if tf32 else "ieee",
                                tiles="threads" if threads else "")  # fmt: skip
                if tf32 and threads:
                    route = replace(route, f32="ieee", tiles="")
            found.append(route)
        return Layer(case, element_type, tuple(found), rng.randrange(1 << 32))

    def _generate(self, layer: Layer, folder: Path) -> process.Outcome:
        options = layer.case.generator_options(layer.element_type)
        command = [self.build / "bin/diff-gen", *options, "-o", folder / "layer.mlir"]
        return process.run(command, "diff-gen")

    def run(self, layer: Layer, folder: Path) -> Verdict:
        generated = self._generate(layer, folder)
        if generated.status or generated.failures:
            return Verdict(generated.failures or
                           [Failure("refused", "diff-gen", generated.error)])  # fmt: skip
        verdict = Verdict()
        inputs = layer.inputs()
        paths = routes.write_inputs(folder, inputs.values())
        names = [name for name, _, _ in layer.case.results()]
        for route in layer.routes:
            outcome, found = routes.run(self.build, folder / "layer.mlir", route, paths, len(names))
            verdict.failures += outcome.failures
            verdict.counts[f"run on {route.target}"] += 1
            if outcome.status == 1 and not outcome.failures:
                verdict.failures.append(Failure("refused", str(route), outcome.error))
            if found:
                element_type = "tf32" if route.f32 == "tf32" else layer.element_type
                verdict.failures += _check(layer.case, element_type, route, inputs,
                                           dict(zip(names, found)))  # fmt: skip
        return verdict

    def smaller(self, layer: Layer) -> Iterable[Layer]:
        for route in layer.routes:
            if len(layer.routes) > 1:
                yield replace(layer, routes=(route,))
        plain = cases.Case(layer.case.variant, "random")
        for name in ("sequences", "softcap", "window", "scale", "lambda_init", "dv", "gate",
                     "signals", "lse", "dynamic", "layout", "pairs", "causal", "inputs"):  # fmt: skip
            if getattr(layer.case, name) != getattr(plain, name):
                yield from self._legal(layer, **{name: getattr(plain, name)})
        if layer.case.sequences:
            for i in range(len(layer.case.sequences)):
                kept = layer.case.sequences[:i] + layer.case.sequences[i + 1:]
                yield from self._legal(layer, **cases.packed(*kept))
        sizes = ("b", "hkv", "h", "signals", "d", "dv")
        for name in sizes if layer.case.sequences is not None else ("n", "m", *sizes):
            for size in smaller_number(getattr(layer.case, name) or 0):
                yield from self._legal(layer, **{name: size})
        if len(layer.routes) == 1:
            for route in layer.routes[0].simpler():
                yield replace(layer, routes=(route,))

    def _legal(self, layer: Layer, **change) -> Iterable[Layer]:
        case = replace(layer.case, **change)
        if _is_legal(case):
            yield replace(layer, case=case)

    def write(self, layer: Layer, folder: Path) -> str:
        self._generate(layer, folder)
        inputs = layer.inputs()
        paths = routes.write_inputs(folder, inputs.values())
        outputs = [folder / f"{name}.npy" for name, _, _ in layer.case.results()]
        return (f"diff-gen {' '.join(layer.case.generator_options(layer.element_type))}, inputs "
                f"{layer.case.inputs} from seed {layer.seed}"
                + (f", sequences {layer.case.sequences}" if layer.case.sequences is not None else "")
                + "; " + " ".join(routes.command(folder / "layer.mlir", layer.routes[0], paths, outputs)))  # fmt: skip


def _check(case: cases.Case, element_type: str, route: Route, inputs, results) -> list[Failure]:
    try:
        output, lse = runner.check_results(case, element_type, inputs, results)
    except ValueError as error:  # a shape that the reference does not have
        return [Failure("wrong", str(route), f"{error}")]
    # The limits of the norm error are for the table of cases. The inputs may be more
    # difficult: V1's norm magnifies the rounding of scores if the maps nearly cancel.
    if output.norm <= 2 * output.naive_norm:
        output.failures = [text for text in output.failures if "norm error" not in text]
    texts = output.failures + (lse.failures if lse else [])
    return [Failure("wrong", str(route), text) for text in texts]
