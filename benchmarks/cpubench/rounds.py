# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times subjects that run in turn, with a control between the rounds."""

from __future__ import annotations

import gc
import statistics
import time
from dataclasses import dataclass, field

#: A sample runs about so long at least. A subject faster than WARM runs once before.
SAMPLE_SECONDS, WARM_SECONDS = 4e-3, 50e-3
#: A subject slower than this is not run again for its first time.
SLOW_SECONDS = 1.0
#: A round is disturbed if a control next to it takes this much longer than the best.
DISTURBED = 1.10
#: After this multiple of the time of a row, FEW rounds are enough, disturbed or not.
PATIENCE, FEW = 3, 3


@dataclass
class Timing:
    """Seconds of a call."""

    cpu: float
    wall: float


def _time(call, repeats: int = 1) -> tuple[Timing, object]:
    """Returns the time of a call, and its last result."""
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        result = call()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Timing(cpu / repeats, wall / repeats), result


@dataclass
class Subject:
    """Something to time, and its time in each round."""

    name: str
    call: object
    first: Timing | None = None
    samples: list[Timing] = field(default_factory=list)

    def start(self):
        """Runs once, and again if this is fast, for a first time. Returns the result."""
        self.first, result = _time(self.call)
        if self.first.wall < SLOW_SECONDS:
            self.first, _ = _time(self.call)
        return result

    def sample(self) -> None:
        seconds = self.first.wall
        if seconds < WARM_SECONDS:
            self.call()
        timing, _ = _time(self.call, max(1, round(SAMPLE_SECONDS / max(seconds, 1e-7))))
        self.samples.append(timing)


@dataclass
class Rounds:
    """Medians by subject, rounds that count, and disturbed ones that do not. If all
    were disturbed, all count, and `is_clean` is false."""

    timings: dict[str, Timing]
    kept: int
    dropped: int
    is_clean: bool


def run_rounds(subjects: list[Subject], control, seconds: float, least: int, most: int) -> Rounds:
    """Runs all subjects in turn until the time is over and `least` rounds count.
    `control` returns the relative time of the control loop, or is None."""
    marks: list[bool] = []
    start = time.perf_counter()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        before = control() if control else 1.0
        while True:
            for subject in subjects:
                subject.sample()
            after = control() if control else 1.0
            marks.append(max(before, after) <= DISTURBED)
            before = after
            elapsed, good = time.perf_counter() - start, sum(marks)
            if good >= most or (good >= least and elapsed >= seconds):
                break
            if len(marks) >= min(FEW, least) and elapsed >= PATIENCE * seconds:
                break
    finally:
        if was_enabled:
            gc.enable()
    is_clean = any(marks)
    keep = marks if is_clean else [True] * len(marks)
    timings = {}
    for subject in subjects:
        kept = [sample for sample, is_good in zip(subject.samples, keep) if is_good]
        timings[subject.name] = Timing(statistics.median(sample.cpu for sample in kept),
                                       statistics.median(sample.wall for sample in kept))  # fmt: skip
    return Rounds(timings, sum(keep), len(marks) - sum(keep), is_clean)
