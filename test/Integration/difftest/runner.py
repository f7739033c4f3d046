# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs layers with the tools of the project and checks rows of the case table.

diff-run surrounds every buffer with NaN guard zones and fills the outputs with
NaN before a run, so results only need to be complete and right.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from . import arrays, reference, tolerance
from .cases import Case, Row

#: Time limit of one command in seconds. Simulated and emulated routes are slow.
TIMEOUTS = {"linalg": 120, "cpu": 120}
TIMEOUT = 900


class ToolError(Exception):
    """A tool failed: the command, its exit status and its output."""


@dataclass(frozen=True)
class Tools:
    """The tools of a build folder."""

    build: Path
    chip: str = "sm_90a"  # for the routes sim and cuda
    threads: int = 2  # of one run; lit runs several at a time
    host: str = "host"  # the CPU, for the other routes

    def call(self, command: list, timeout: float = TIMEOUT, threads: int | None = None,
             cwd: Path | None = None) -> str:  # fmt: skip
        """Runs a tool of the build folder and returns its standard output."""
        command = [str(self.build / "bin" / command[0]), *map(str, command[1:])]
        # What libomp reads: how many threads, and that waiting ones must sleep,
        # for several tests share the cores.
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads or self.threads),
                           OMP_WAIT_POLICY="PASSIVE")  # fmt: skip
        shown = " ".join(command)
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=timeout,
                                  env=environment, cwd=cwd)  # fmt: skip
        except subprocess.TimeoutExpired:
            raise ToolError(f"{shown}\nstill runs after {timeout} s") from None
        except OSError as error:
            raise ToolError(f"{shown}\ncannot be run: {error}") from None
        if done.returncode:
            raise ToolError(
                f"{shown}\nexit status {done.returncode}\n"
                f"{done.stderr.strip()}\n{done.stdout[-2000:]}"
            )
        return done.stdout

    def generate(self, case: Case, element_type: str) -> str:
        """The IR of the layer.

        diff-gen prints f32, f16 and bf16. f64, whose compute type is also f64, is
        the f32 layer with the name of the type replaced. tf32 is a compile option
        for f32.
        """
        f64 = element_type == "f64"
        printed = "f32" if element_type in ("f64", "tf32") else element_type
        text = self.call(["diff-gen", *case.generator_options(printed)])
        return re.sub(r"(?<![A-Za-z])f32\b|(?<=x)f32\b", "f64", text) if f64 else text

    def run(self, ir: str, inputs: dict[str, np.ndarray], case: Case, route: str,
            threads: int | None = None, options=()) -> dict[str, np.ndarray]:  # fmt: skip
        """Runs IR on a route, with compile options if the route runs PTX. Returns the
        results of the case by name."""
        with tempfile.TemporaryDirectory(prefix="difftest-") as folder:
            folder = Path(folder)
            source = folder / "layer.mlir"
            source.write_text(ir)
            command = ["diff-run", source, f"--target={route}"]
            if route in ("sim", "cuda"):
                command.append(f"--chip={self.chip}")
                command += [f"--{option}" for option in options]
            else:
                command.append(f"--chip={self.host}")
            if route == "sim":
                command.append(f"--threads={threads or self.threads}")
            for name, array in inputs.items():
                arrays.save(folder / f"{name}.npy", array)
                command.append(f"--input={folder / name}.npy")
            names = [name for name, _, _ in case.results()]
            command += [f"--output={folder / name}.npy" for name in names]
            self.call(command, TIMEOUTS.get(route, TIMEOUT), threads)
            results = {}
            for name in names:
                path = folder / f"{name}.npy"
                if not path.exists():
                    raise ToolError(f"{' '.join(map(str, command))}\nwrote no {path.name}")
                results[name] = arrays.load(path)
            return results

    def layer(self, case: Case, element_type: str, route: str, inputs,
              threads: int | None = None) -> dict[str, np.ndarray]:  # fmt: skip
        """Generates and runs a layer."""
        return self.run(self.generate(case, element_type), inputs, case, route, threads,
                        case.compile_options(element_type))  # fmt: skip


@dataclass
class RowResult:
    """The measurements of one row."""

    row: Row
    seed: int
    output: tolerance.Measured = field(default_factory=tolerance.Measured)
    lse: tolerance.Measured | None = None
    seconds: float = 0.0  # of the tools, without the reference
    failures: list[str] = field(default_factory=list)


def drop_behind(case: Case, results) -> tuple[dict, list[str]]:
    """Returns the results of the tokens that belong to sequences, and a failure for
    each array in which others were written: diff-run leaves NaN there."""
    if case.sequences is None:
        return results, []
    end = case.offsets[0][-1]
    kept, failures = {}, []
    for name, array in results.items():
        tokens = array.ndim - 1 if name == "lse" else int(case.layout == "bhsd")
        kept[name], behind = np.split(array, [end], axis=tokens)
        if not np.isnan(behind.astype(np.float64)).all():
            failures.append(f"{name}: elements after the last sequence were written")
    return kept, failures


def drop_undecided(case: Case, element_type: str, inputs, results, ref) -> tuple[dict, list[str]]:
    """The results with the reference in rows that f32 scores do not decide, and the
    failures: such rows are finite, no larger than the values, and few."""
    floor = tolerance.FLOOR[element_type]
    undecided = reference.undecided_rows(case, inputs, floor / 4)[..., None]
    output, failures = results["output"], []
    if undecided.size and undecided.mean() > 0.1:
        failures.append(f"output: {undecided.mean():.0%} of the rows are undecided")
    if not np.isfinite(np.where(undecided, output.astype(np.float64), 0)).all():
        failures.append("output: undecided rows are not finite")
    output = np.where(undecided, ref["output"].astype(output.dtype), output)
    return results | {"output": output}, failures


def check_results(case: Case, element_type: str, inputs, results) -> tuple:
    """Measures output, and LSE if present, against the reference."""
    results, stray = drop_behind(case, results)
    ref = reference.reference(case, inputs)
    naive = reference.yardstick(case, inputs, element_type)
    if case.has_large_scores and element_type != "f64":
        results, undecided = drop_undecided(case, element_type, inputs, results, ref)
        stray += undecided
    # The maps of a row may cancel to 0: only the log-sum-exp says that it sees no key.
    empty = np.isneginf(ref["lse"]).all(axis=-2)
    empty = np.expand_dims(empty, -2 if case.layout == "bhsd" else -1)
    empty = np.broadcast_to(empty, ref["output"].shape[:-1])
    output = tolerance.check_output(results["output"], ref["output"], naive["output"],
                                    element_type, case.most_keys, case.adversarial,
                                    # The weight of a single key is not 1: it is rounded.
                                    arrays.ROUNDOFF[element_type] * 2 * case.has_large_scores,
                                    empty)  # fmt: skip
    output.failures += stray
    lse = None
    if case.lse:
        lse = tolerance.check_lse(results["lse"], ref["lse"], arrays.compute_type(element_type))
    return output, lse


def run_row(tools: Tools, row: Row, seed: int) -> RowResult:
    """Runs one row on inputs from the seed. The result contains the failures."""
    result = RowResult(row, seed)
    inputs = arrays.make_inputs(row.case, row.element_type, seed)
    start = time.monotonic()
    try:
        results = tools.layer(row.case, row.element_type, row.route, inputs)
    except (ToolError, ValueError, EOFError) as error:
        result.failures.append(str(error))
        return result
    finally:
        result.seconds = time.monotonic() - start
    result.output, result.lse = check_results(row.case, row.element_type, inputs, results)
    result.failures += result.output.failures
    if result.lse:
        result.failures += result.lse.failures
    return result
