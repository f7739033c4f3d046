#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs stored PTX on the simulator with all checkers and compares results.

    python run.py --ptx-sim PATH --case NAME [--seed N] [--async POLICY]
    python run.py --ptx-sim PATH --all [--filter TEXT]
    python run.py --list

A case fails if a checker reports a finding, because these kernels are correct, or
if a result is wrong. The exit status is 1 if a case failed.
"""

from __future__ import annotations

import argparse
import importlib
import os
import secrets
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

if not __package__:  # run as a file
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    __package__ = "Fixtures"
    importlib.import_module(__package__)

from . import cases

FOLDER = Path(__file__).resolve().parent
#: Time limit of a launch in seconds; a launch needs one or two.
TIMEOUT = 120


def make_launches(case: cases.Case, seed: int) -> list:
    """Returns the launches of a case, which depend on the seed."""
    import numpy as np

    module, function = case.maker.split(".")
    module = importlib.import_module(f"{__package__}.references.{module}")
    return list(getattr(module, function)(np.random.default_rng(seed)))


def run_launch(tool: Path, case: cases.Case, launch, policy: str, seed: int) -> list[str]:
    """Runs a launch and returns the errors."""
    from .launch import check, dimensions, option

    with tempfile.TemporaryDirectory(prefix="ptx-fixture-") as folder:
        folder = Path(folder)
        command = [
            str(tool), str(FOLDER / "ptx" / f"{case.file}.ptx"), f"--kernel={case.entry}",
            f"--grid={dimensions(launch.grid)}", f"--block={dimensions(launch.block)}",
            *([f"--shared={launch.shared}"] if launch.shared else []),
            *(["--cooperative"] if launch.cooperative else []),
            *(f"--arg={option(argument, index, folder)}"
              for index, argument in enumerate(launch.arguments)),
            "--check=all", f"--async={policy}", f"--seed={seed}",
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace",
                                  timeout=TIMEOUT)  # fmt: skip
        except subprocess.TimeoutExpired:
            return [f"{shlex.join(command)}\nran for more than {TIMEOUT} seconds"]
        if done.returncode:
            return [f"{shlex.join(command)}\nexit status {done.returncode}\n"
                    f"{done.stdout[-4000:]}{done.stderr[-4000:]}"]  # fmt: skip
        failures = []
        for index, argument in enumerate(launch.arguments):
            failures += check(argument, index, folder)
        if failures:
            failures.append(shlex.join(command))
        return failures


def run_case(tool: Path, case: cases.Case, seed: int, policies) -> list[str]:
    """Runs all launches of a case with all policies and returns the errors."""
    failures = []
    for policy in policies:
        for number, launch in enumerate(make_launches(case, seed)):
            for failure in run_launch(tool, case, launch, policy, seed):
                failures.append(f"launch {number}, --async={policy}: {failure}")
    return failures


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--case", metavar="NAME", help="run one case")
    what.add_argument("--all", action="store_true", help="run all cases")
    what.add_argument("--list", action="store_true", help="print the names of the cases")
    parser.add_argument("--ptx-sim", type=Path, metavar="PATH", help="the simulator")
    parser.add_argument("--seed", type=int, help="seed of the inputs (default: random)")
    parser.add_argument("--async", dest="policy", choices=cases.POLICIES,
                        help="when copies complete (default: all policies if there are copies)")  # fmt: skip
    parser.add_argument("--filter", default="", metavar="TEXT",
                        help="only cases of --all and --list whose name contains this text")  # fmt: skip
    options = parser.parse_args()
    if not options.list and options.ptx_sim is None:
        parser.error("--ptx-sim is needed to run a case")
    return options


def main() -> int:
    options = _parse()
    selected = [case for case in cases.CASES if options.filter in case.name]
    if options.list:
        for case in selected:
            print(case.name)
        return 0
    if options.case:
        try:
            selected = [cases.find(options.case)]
        except KeyError as error:
            print(f"error: {error.args[0]}", file=sys.stderr)
            return 1
    tool = options.ptx_sim.resolve()
    if not os.access(tool, os.X_OK):
        print(f"error: there is no program '{tool}'", file=sys.stderr)
        return 1
    seed = secrets.randbits(32) if options.seed is None else options.seed
    print(f"seed {seed}")
    failed = 0
    for case in selected:
        start = time.monotonic()
        policies = (options.policy,) if options.policy else case.policies
        failures = run_case(tool, case, seed, policies)
        print(f"{'FAIL' if failures else 'ok':<5}{case.name:<40}"
              f"{time.monotonic() - start:6.2f} s", flush=True)  # fmt: skip
        for failure in failures:
            print("  " + failure.replace("\n", "\n  "))
        failed += bool(failures)
    if len(selected) != 1:
        print(f"{len(selected)} cases: {len(selected) - failed} passed, {failed} failed")
    return 1 if failed or not selected else 0


if __name__ == "__main__":
    sys.exit(main())
