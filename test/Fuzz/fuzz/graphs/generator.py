# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random graphs on every route, against float64."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterable

from .. import routes
from ..campaign import Verdict
from ..process import Failure
from ..routes import Route
from . import builder, reduce
from .evaluate import Values, check, evaluate, infer, text, to_array
from .program import Invalid, Program


@dataclass(frozen=True)
class Graph:
    program: Program
    routes: tuple[Route, ...]


class Graphs:
    name = "graphs"

    def __init__(self, build: Path, targets: tuple[str, ...], only: str = ""):
        self.build, self.targets, self.only = build, targets, only

    def make(self, rng: random.Random) -> Graph:
        program = builder.draw(rng)
        while self.only and all(node.op != self.only for node in program.nodes):
            program = builder.draw(rng)
        return Graph(program, routes.choose(rng, self.targets))

    def _write(self, program: Program, values: Values, folder: Path) -> list[Path]:
        (folder / "graph.mlir").write_text(text(program))
        types = infer(program)
        return routes.write_inputs(folder, [
            to_array(values.found[node.number][0][0], types[node.number][0].element)
            for node in program.arguments])  # fmt: skip

    def run(self, graph: Graph, folder: Path) -> Verdict:
        program, verdict = graph.program, Verdict()
        try:
            values = evaluate(program)
            with_tf32 = any(route.f32 == "tf32" for route in graph.routes)
            rounded = evaluate(program, True) if with_tf32 else None
        except Invalid:
            return Verdict(counts={"without meaning": 1})
        types = infer(program)
        paths = self._write(program, values, folder)
        for node in program.nodes:
            verdict.counts[f"with {node.op}"] = 1
        for route in graph.routes:
            outcome, found = routes.run(self.build, folder / "graph.mlir", route, paths,
                                        len(program.results))  # fmt: skip
            verdict.failures += outcome.failures
            verdict.counts[f"run on {route.target}"] += 1
            if outcome.status == 1 and not outcome.failures:
                if routes.is_refusal(route, outcome.error):
                    verdict.counts[f"refused by {route.target}"] += 1
                else:
                    verdict.failures.append(Failure("refused", str(route), outcome.error))
            tf32 = route.f32 == "tf32"
            for k, out in enumerate(found):
                number, part = program.results[k]
                texts = check(rounded if tf32 else values, program, k, types[number][part], out, tf32)
                verdict.failures += [Failure("wrong", str(route), line) for line in texts]
        return verdict

    def smaller(self, graph: Graph) -> Iterable[Graph]:
        if len(graph.routes) > 1:
            for route in graph.routes:
                yield replace(graph, routes=(route,))
        else:
            for route in graph.routes[0].simpler():
                yield replace(graph, routes=(route,))
        for program in reduce.smaller(graph.program):
            try:
                infer(program)
            except (Invalid, KeyError, IndexError):
                continue
            if any(node.op != "argument" for node in program.nodes):
                yield replace(graph, program=program)

    def write(self, graph: Graph, folder: Path) -> str:
        program = graph.program
        paths = self._write(program, evaluate(program), folder)
        outputs = [folder / f"out{k}.npy" for k in range(len(program.results))]
        return " ".join(routes.command(folder / "graph.mlir", graph.routes[0], paths, outputs))
