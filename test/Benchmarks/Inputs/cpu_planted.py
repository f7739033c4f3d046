# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Plants faults in benchmarks/cpu.py: cpu_planted.py ROOT BUILD ours|rounds|pytorch..."""

import contextlib
import io
import itertools
import sys
from pathlib import Path

root, build = map(Path, sys.argv[1:3])
sys.path[:0] = [str(build / "python"), str(root / "benchmarks")]

import cpu  # noqa: E402
import diff_mlir  # noqa: E402
from cpubench import pytorch, rounds  # noqa: E402


def run(*words: str) -> tuple[int, str]:
    """Exit status and errors of a run on two tiny layers."""
    errors = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(errors):
        status = cpu.main([f"--build={build}", "--prefill=24", "--decode=40", "--dims=16", "--types=f32",
                           "--variants=v2", "--select=causal|N=1 ", "--seconds=0", "--rounds=1", *words])  # fmt: skip
    return status, errors.getvalue()


def expect(result: tuple[int, str], *parts: str) -> None:
    status, errors = result
    assert status == (1 if parts else 0), (status, errors)
    assert len(errors.splitlines()) >= len(parts), errors
    for part in parts:
        assert part in errors, (part, errors)
    assert parts or not errors, errors


def plant_ours() -> None:
    without = "--without=pytorch,iree"
    expect(run(without))
    right = diff_mlir.attention

    def off(*operands, **options):
        output = right(*operands, **options)
        output[0, -1, 3, 5] += 0.01
        return output

    def unwritten(*operands, **options):
        output = right(*operands, **options)
        output[0, 0, 7, 15] = float("nan")
        return output

    def misplaced(*operands, causal, **options):
        return right(*operands, causal=False, **options)

    try:
        diff_mlir.attention = off
        expect(run(without), "error: v2 N=24 M=24 d=16 f32 causal: ours: output: max error",
               "error: v2 N=1 M=40 d=16 f32: ours: output: max error")  # fmt: skip
        diff_mlir.attention = unwritten
        expect(run(without), "ours: output: written: 1 of")
        diff_mlir.attention = misplaced
        expect(run(without), "error: v2 N=24 M=24 d=16 f32 causal: ours: output: norm error")
    finally:
        diff_mlir.attention = right


def plant_rounds() -> None:
    """Medians are those of rounds between controls that are both undisturbed."""

    class Fake(rounds.Subject):
        times = itertools.count(1)

        def sample(self):
            self.samples.append(rounds.Timing(next(self.times), 0))

    def control(values):
        return iter(values).__next__

    found = rounds.run_rounds([Fake("a", None)], control([1, 1, 1.5, 1, 1, 1.05, 1]), 100, 4, 4)
    assert (found.kept, found.dropped, found.is_clean) == (4, 2, True), found
    # Rounds 1, 4, 5 and 6 count.
    assert found.timings["a"].cpu == 4.5, found
    Fake.times = itertools.count(1)
    found = rounds.run_rounds([Fake("a", None)], control([2] * 9), 0, 3, 9)
    assert (found.kept, found.dropped, found.is_clean) == (3, 0, False), found
    assert found.timings["a"].cpu == 2, found


def plant_pytorch() -> None:
    expect(run("--without=compile,iree"))
    right = pytorch.Composition.compute_v2

    def unscaled(self):
        signal, noise = self.split(self.attend(self.q, self.k, self.v))
        return signal - noise

    try:
        pytorch.Composition.compute_v2 = unscaled
        expect(run("--without=compile,iree"), "causal: gqa: output: norm error", "d=16 f32: folded: output")
    finally:
        pytorch.Composition.compute_v2 = right


for name in sys.argv[3:]:
    {"ours": plant_ours, "rounds": plant_rounds, "pytorch": plant_pytorch}[name]()
