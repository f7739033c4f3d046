# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a tool and checks the rules that every run of every tool keeps.

The exit status is 0, 1 (an error) or 2 (a simulator checker found something).
An error puts exactly one line with `error: ` on standard error, and nothing on
standard output. An output file appears whole or not at all. No tool crashes,
hangs or prints a stack trace.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

#: Address space of one command: a damaged size must not take the machine down.
MEMORY = 24 << 30
#: A command hangs when it has used its time on the processor, or ten times as much
#: has passed, since other runs share the machine.
PATIENCE = 10
_TRACE = re.compile(r"internal fault \(SIG\w+\)|PLEASE submit a bug report|Stack dump:|Assertion .* failed|"
                    r"terminate called|AddressSanitizer|UNREACHABLE executed")  # fmt: skip
_ERROR = re.compile(r"(^|:\s)error: ", re.MULTILINE)


@dataclass(frozen=True)
class Failure:
    """A rule that did not hold."""

    kind: str  # crash, hang, contract, refused, findings, wrong, disagree
    where: str  # the route or the tool
    text: str

    @property
    def signature(self) -> str:
        """What failures of one cause share: names and numbers are left out."""
        text = self.text.split("\n", 1)[0]
        text = re.sub(r"'[^']*'|\"[^\"]*\"|<[^<>]*>|\([^()]*\)|\[[^\[\]]*\]", "_", text)
        text = re.sub(r"%?\b[\w./-]*\d[\w./+-]*", "#", text)
        return f"{self.kind} {self.where.split(' --')[0]}: {text[:160]}"


@dataclass
class Outcome:
    """A finished command."""

    command: list[str]
    status: int  # negative: the signal that ended it
    out: bytes
    err: str
    seconds: float
    timed_out: bool = False
    failures: list[Failure] = field(default_factory=list)

    @property
    def error(self) -> str:
        """The message of the error line."""
        for line in self.err.splitlines():
            if found := _ERROR.search(line):
                return line[found.end():]
        return ""


def _limits(seconds: float) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))


def _check(outcome: Outcome, where: str, timeout: float, findings: bool) -> list[Failure]:
    status, err = outcome.status, outcome.err
    if outcome.timed_out:
        return [Failure("hang", where, f"still runs after {timeout:g} s of processor time")]
    last = (err.strip().splitlines() or ["nothing on standard error"])[-1]
    if status < 0:
        name = signal.Signals(-status).name
        return [Failure("crash", where, f"{name}\n{err[-3000:]}")]
    if found := _TRACE.search(err):
        return [Failure("crash", where, f"status {status}, {found[0]}\n{err[-3000:]}")]
    if status not in ((0, 1, 2) if findings else (0, 1)):
        return [Failure("contract", where, f"exit status is {status}: {last}")]
    failures = []
    if status == 1:
        errors = len(_ERROR.findall(err))
        if errors != 1:
            first = outcome.error or last
            failures.append(Failure("contract", where, f"{errors} error lines: {first}\n{err[-3000:]}"))
        # diff-launch prints a line for each case, those that failed included.
        if outcome.out and Path(outcome.command[0]).name != "diff-launch":
            failures.append(Failure("contract", where, "an error, and text on standard output"))
    return failures


def run(command: list, where: str, timeout: float = 60, outputs: list[Path] = (),
        findings: bool = False, environment: dict | None = None,
        stdin: bytes | None = None) -> Outcome:  # fmt: skip
    """Runs a command and checks the rules. `outputs` are the files that it writes,
    in a folder of their own; `findings` says whether exit status 2 is legal."""
    command = [str(part) for part in command]
    # libomp's waiting threads must sleep, for several runs share the cores.
    environment = dict(os.environ, OMP_NUM_THREADS="2", OMP_WAIT_POLICY="PASSIVE",
                       **(environment or {}))  # fmt: skip
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.PIPE if stdin is not None else
                               subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, env=environment,
                               preexec_fn=lambda: _limits(timeout))  # fmt: skip
    try:
        out, err = process.communicate(stdin, timeout=PATIENCE * timeout)
        timed_out = process.returncode in (-signal.SIGXCPU, -signal.SIGKILL)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        timed_out = True
    outcome = Outcome(command, process.returncode, out, err.decode(errors="replace"),
                      time.monotonic() - start, timed_out)  # fmt: skip
    outcome.failures = _check(outcome, where, timeout, findings)
    if outputs and not outcome.timed_out and outcome.status >= 0:
        outcome.failures += _check_files(outcome, where, [Path(path) for path in outputs])
    return outcome


def _check_files(outcome: Outcome, where: str, outputs: list[Path]) -> list[Failure]:
    found = set().union(*(path.parent.iterdir() for path in outputs))
    wanted = set(outputs) if outcome.status == 0 else set()
    failures = []
    for path in sorted(found - wanted):
        what = "a failed run left" if outcome.status else "a run left"
        failures.append(Failure("contract", where, f"{what} the file {path.suffix or path.name}"))
    for path in sorted(wanted - found):
        failures.append(Failure("contract", where, f"no output {path.name}"))
    return failures
