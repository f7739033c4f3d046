# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures one layer: ours, and each competitor, in turn in this process."""

from __future__ import annotations

import contextlib
import functools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from . import BenchError, iree, pytorch
from .check import Check
from .layers import Layer
from .rounds import Rounds, Subject, run_rounds
from .subjects import Inputs, prepare_ours
from .yardstick import Yardstick

#: PyTorch's forms that take longer than the best by this factor are not measured.
HOPELESS = 1.5
#: IREE is timed once, outside of the rounds, if it takes longer than ours by this factor.
ONCE = 4
OURS, COMPILED, IREE, READING = "ours", "torch.compile", "IREE", "reading"


@dataclass
class Settings:
    """What all rows have in common."""

    torch: object  # the module, or None
    yardstick: Yardstick | None
    chip: str | None
    seconds: float
    least: int
    most: int
    with_compile: bool
    with_iree: bool


@dataclass
class Row:
    """A line of the table. Times are seconds of a call."""

    layer: Layer
    threads: int
    rounds: Rounds
    form: str = ""  # PyTorch's best
    peak: float | None = None  # GFLOP/s of all threads
    peak_name: str = ""
    errors: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def time(self, name: str) -> float | None:
        """CPU time with one thread, wall time with several."""
        found = self.rounds.timings.get(name)
        return found and (found.cpu if self.threads == 1 else found.wall)

    def ratio(self, name: str) -> float | None:
        """The time of another subject relative to ours: above 1, ours is faster."""
        found = self.time(name)
        return found and found / self.time(OURS)

    @property
    def gflops(self) -> float:
        return self.layer.flop() / self.time(OURS) / 1e9

    @property
    def share_of_peak(self) -> float | None:
        return self.peak and self.gflops / self.peak

    @property
    def bandwidth(self) -> float:
        """GB/s of keys and values."""
        return self.layer.cache_bytes() / self.time(OURS) / 1e9

    def json(self) -> dict:
        layer, rounds = self.layer, self.rounds
        times = {name: {"cpu_ms": 1e3 * found.cpu, "wall_ms": 1e3 * found.wall}
                 for name, found in rounds.timings.items()}  # fmt: skip
        return {
            "name": layer.name, "variant": layer.variant, "query_tokens": layer.n,
            "key_tokens": layer.m, "dim": layer.dim, "type": layer.type, "causal": layer.causal,
            "threads": self.threads, "flop": layer.flop(), "cache_bytes": layer.cache_bytes(),
            "times": times, "pytorch_form": self.form, "gflops": self.gflops,
            "peak": self.peak_name, "share_of_peak": self.share_of_peak,
            "gbytes_per_second": self.bandwidth,
            "share_of_reading": self.ratio(READING),
            "ratios": {name: self.ratio(name) for name in times if name != OURS},
            "errors": self.errors, "failures": self.failures, "notes": self.notes,
            "rounds": rounds.kept, "disturbed": rounds.dropped, "clean": rounds.is_clean,
        }  # fmt: skip


def _one_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


class RowBench:
    """Builds the subjects of a layer, checks them, and times them."""

    def __init__(self, settings: Settings, layer: Layer, threads: int):
        self.settings, self.layer, self.threads = settings, layer, threads
        self.inputs = Inputs(layer, settings.torch)
        self.check = Check(layer, self.inputs.host)
        self.errors: dict[str, float] = {}
        self.failures: list[str] = []
        self.notes: list[str] = []

    def verify(self, name: str, output: np.ndarray) -> list[str]:
        self.errors[name], failures = self.check.compare(output, name == OURS)
        return failures

    def require(self, name: str, output) -> None:
        """A wrong result makes the run fail."""
        failures = self.verify(name, self.inputs.to_numpy(output))
        self.failures += [f"{self.layer.name}: {name}: {failure}" for failure in failures]

    def first(self, subject: Subject) -> float:
        return subject.first.cpu if self.threads == 1 else subject.first.wall

    def make_ours(self) -> Subject:
        call = prepare_ours(self.inputs, self.settings.chip)
        subject = Subject(OURS, call)
        try:
            self.require(OURS, call(out=self.inputs.make_poisoned_output()))
            subject.start()
        except (ValueError, TypeError, RuntimeError) as error:
            raise BenchError(f"{self.layer.name}: diff_mlir: {_one_line(error)}") from None
        return subject

    def make_pytorch(self) -> list[Subject]:
        """The forms that are not hopeless, and the best one compiled."""
        subjects = []
        for form, call in pytorch.prepare_forms(self.inputs).items():
            subjects.append(Subject(form, call))
            self.require(form, subjects[-1].start())
        if not subjects:
            self.notes.append("PyTorch: all forms would store more scores than fit")
            return []
        best = min(subjects, key=self.first)
        found = [subject for subject in subjects if self.first(subject) <= HOPELESS * self.first(best)]
        if self.settings.with_compile:
            compiled = Subject(COMPILED, pytorch.compile_form(best.call))
            try:
                compiled.call()
                self.require(COMPILED, compiled.start())
                found.append(compiled)
            except Exception as error:  # The compilers of PyTorch raise anything.
                self.notes.append(f"torch.compile: {_one_line(error)}")
        return found

    def make_iree(self) -> Subject | None:
        """A wrong result of IREE is a note; it has no time then."""
        try:
            call, restore = iree.prepare(self.inputs, self.threads)
            subject = Subject(IREE, call)
            output = restore(subject.start())
        except Exception as error:  # Unsupported, or what IREE raises.
            self.notes.append(f"IREE: {_one_line(error)}")
            return None
        if failures := self.verify(IREE, output):
            self.notes.append(f"IREE: its result is wrong, so that it has no time: {failures[0]}")
            return None
        return subject

    def find_peak(self) -> tuple[float | None, str]:
        yardstick = self.settings.yardstick
        if yardstick is None:
            return None, ""
        if self.layer.type == "bf16" and yardstick.amx and not self.layer.is_decode:
            return self.threads * yardstick.amx, "AMX"
        return self.threads * yardstick.fma, "FMA"

    def run(self, pool: ThreadPoolExecutor | None) -> Row:
        settings = self.settings
        subjects = [self.make_ours()]
        forms = []
        if settings.torch is not None:
            forms = self.make_pytorch()
        subjects += forms
        once = None
        if settings.with_iree and (found := self.make_iree()):
            if self.first(found) > ONCE * self.first(subjects[0]):
                once = found
            else:
                subjects.append(found)
        yardstick = settings.yardstick
        if yardstick and self.layer.is_decode:
            reader = Subject(READING, yardstick.make_reader(self.inputs.cache(), pool, self.threads))
            reader.start()
            subjects.append(reader)
        control = yardstick and functools.partial(yardstick.control, self.threads > 1)
        rounds = run_rounds(subjects, control, settings.seconds, settings.least, settings.most)
        if once:
            rounds.timings[once.name] = once.first
        row = Row(self.layer, self.threads, rounds, errors=self.errors, failures=self.failures,
                  notes=self.notes)  # fmt: skip
        row.peak, row.peak_name = self.find_peak()
        eager = [subject.name for subject in forms if subject.name != COMPILED]
        if eager:
            row.form = min(eager, key=row.time)
        return row


def measure(settings: Settings, layer: Layer, threads: int) -> Row:
    torch = settings.torch
    with contextlib.ExitStack() as stack:
        if torch is not None:
            stack.enter_context(torch.no_grad())
        pool = stack.enter_context(ThreadPoolExecutor(threads)) if threads > 1 else None
        return RowBench(settings, layer, threads).run(pool)
