#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Summarizes lit's results: failed tests, skipped tests with reasons, totals.

The last line is "N passed, M failed, K skipped". The exit status is 1 if a test
failed, if too few tests ran, or if lit itself reported an error.
"""

from __future__ import annotations

import argparse
import collections
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

SHOWN = 40
REQUIRED = "Missing required feature(s): "


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, required=True, help="lit's xunit file")
    parser.add_argument("--features", type=Path, required=True,
                        help="missing features: name, reason, skipped tests")  # fmt: skip
    parser.add_argument("--log", type=Path, required=True, help="named where tests failed")
    parser.add_argument("--runner-status", type=int, default=0, help="lit's exit status")
    parser.add_argument("--at-least", type=int, default=1, help="tests that must have run")
    return parser.parse_args()


def main() -> int:
    options = parse()
    passed = 0
    failed: list[str] = []
    skipped: list[str] = []  # the reasons
    for case in ElementTree.parse(options.results).iter("testcase"):
        skip = case.find("skipped")
        if skip is not None:
            skipped.append(skip.get("message", ""))
        elif case.find("failure") is not None or case.find("error") is not None:
            failed.append(f"{case.get('classname')}/{case.get('name')}")
        else:
            passed += 1

    for name in failed[:SHOWN]:
        print(f"failed: {name}")
    if len(failed) > SHOWN:
        print(f"failed: {len(failed) - SHOWN} more")
    if failed:
        print(f"their output: {options.log}")

    needs = collections.Counter(
        feature
        for reason in skipped if reason.startswith(REQUIRED)
        for feature in reason[len(REQUIRED):].split(", "))  # fmt: skip
    for line in options.features.read_text(encoding="utf-8").splitlines():
        name, reason, left_out = line.split("\t")
        count = needs.pop(name, 0)
        tests = f"; {count} test{'s' * (count != 1)} skipped" if count else ""
        print(f"missing feature {name} ({reason}): not tested: {left_out}{tests}")
    for name, count in sorted(needs.items()):
        print(f"{count} test{'s' * (count != 1)} skipped: require {name}")

    status = 0
    ran = passed + len(failed)
    if failed:
        status = 1
    if ran < options.at_least:
        print(f"error: only {ran} tests ran, at least {options.at_least} must", file=sys.stderr)
        status = 1
    if options.runner_status and not failed:
        print(f"error: lit ended with an error (status {options.runner_status}): {options.log}",
              file=sys.stderr)  # fmt: skip
        status = 1
    sys.stderr.flush()
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return status


if __name__ == "__main__":
    sys.exit(main())
