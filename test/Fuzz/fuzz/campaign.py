# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs cases of a generator from a seed, shrinks what fails, and reports it."""

from __future__ import annotations

import os
import random
import resource
import tempfile
import threading
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterable, Protocol

from . import shrink
from .process import Failure


@dataclass
class Verdict:
    """What came of a case: failures, and what else there is to count."""

    failures: list[Failure] = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)


class Generator(Protocol):
    """Cases of one kind. A case is any immutable value."""

    name: str

    def make(self, rng: random.Random) -> Any: ...

    def run(self, case: Any, folder: Path) -> Verdict: ...

    def smaller(self, case: Any) -> Iterable[Any]: ...

    def write(self, case: Any, folder: Path) -> str:
        """Writes the files of a case; returns the command that runs it."""


@dataclass
class Options:
    seed: int
    count: int | None = None
    seconds: float | None = None
    first: int = 0
    jobs: int = 1
    keep: Path | None = None
    shrink_tries: int = 400
    #: Failures of one signature that are reported; the others are counted.
    repeats: int = 1


class Campaign:
    """The run of one generator by some threads."""

    def __init__(self, generator: Generator, options: Options):
        self.generator, self.options = generator, options
        self.lock = threading.Lock()
        self.counts: Counter = Counter()
        self.signatures: Counter = Counter()
        self.next, self.ran = options.first, 0
        self.start = time.monotonic()

    def run(self) -> int:
        threads = [threading.Thread(target=self._work) for _ in range(self.options.jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._summary()
        return 1 if self.signatures or not self.ran else 0

    def _take(self) -> int | None:
        with self.lock:
            o = self.options
            if o.count is not None and self.next >= o.first + o.count:
                return None
            if o.seconds is not None and time.monotonic() > self.start + o.seconds:
                return None
            self.next += 1
            return self.next - 1

    def _work(self) -> None:
        while (number := self._take()) is not None:
            try:
                self._one(number)
            except Exception:  # a fault of the generator itself, reported as one
                text = traceback.format_exc()
                self._report(number, None, [Failure("generator", self.generator.name,
                             f"{text.strip().splitlines()[-1]}\n{text}")])  # fmt: skip

    def _case(self, number: int) -> Any:
        return self.generator.make(random.Random(f"{self.generator.name} {self.options.seed} {number}"))

    def _run(self, case: Any) -> Verdict:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            return self.generator.run(case, Path(folder))

    def _one(self, number: int) -> None:
        case = self._case(number)
        verdict = self._run(case)
        with self.lock:
            self.ran += 1
            self.counts.update(verdict.counts)
        if verdict.failures:
            self._report(number, case, verdict.failures)

    def _report(self, number: int, case: Any, failures: list[Failure]) -> None:
        for failure in {failure.signature: failure for failure in failures}.values():
            with self.lock:
                self.signatures[failure.signature] += 1
                if self.signatures[failure.signature] > self.options.repeats:
                    continue
                print(f"\n{self.generator.name} {number}: {failure.signature}", flush=True)
            small, tried = case, 0
            if case is not None and self.options.shrink_tries:
                small, tried = shrink.shrink(
                    case, self.generator.smaller,
                    lambda other: any(found.signature == failure.signature
                                      for found in self._run(other).failures),
                    self.options.shrink_tries)  # fmt: skip
            self._print(number, small, failure, tried)

    def _print(self, number: int, case: Any, failure: Failure, tried: int) -> None:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            folder = Path(folder)
            if self.options.keep:
                folder = self.options.keep / f"{self.generator.name}-{self.options.seed}-{number}"
                while folder.exists():
                    folder = folder.with_name(folder.name + "x")
                folder.mkdir(parents=True)
            command = self.generator.write(case, folder) if case is not None else ""
            report = [f"{failure.kind} on {failure.where}: {failure.text}",
                      f"again: --seed={self.options.seed} --first={number} --count=1"]  # fmt: skip
            if command:
                report.append(f"smallest of {tried} smaller cases: {command}")
            for path in sorted(folder.iterdir()):
                if path.suffix in (".mlir", ".ptx", ".json") and path.stat().st_size < 20000:
                    report.append(f"--- {path.name}\n{path.read_text(errors='replace').rstrip()}")
            if self.options.keep:
                (folder / "report.txt").write_text("\n".join(report) + "\n")
        with self.lock:
            print("\n".join("  " + line for line in "\n".join(report).splitlines()), flush=True)

    def _summary(self) -> None:
        o, seconds = self.options, time.monotonic() - self.start
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"\n{self.generator.name}: {self.ran} cases in {seconds:.0f} s, seed {o.seed}, "
              f"from {o.first}; the tools used {used.ru_utime + used.ru_stime:.0f} s")  # fmt: skip
        for name, count in sorted(self.counts.items()):
            print(f"  {count:6} {name}")
        for signature, count in self.signatures.most_common():
            print(f"  {count:6} FAILED: {signature}")


def default_jobs() -> int:
    return len(os.sched_getaffinity(0))
