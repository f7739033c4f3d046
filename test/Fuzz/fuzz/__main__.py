# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command line of the generators."""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path

from . import campaign, layers, mutations
from .graphs import generator as graphs

GENERATORS = {"layers": layers.Layers, "graphs": graphs.Graphs, "mutations": mutations.Mutations}
TARGETS = ("linalg", "cpu", "sim")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fuzz", description=__import__("fuzz").__doc__)
    parser.add_argument("generator", choices=[*GENERATORS, "all"],
                        help="layers: options of diff-gen; graphs: upstream ops around diff ops; "
                        "mutations: damaged texts, bytecode, manifests, arrays and PTX")  # fmt: skip
    parser.add_argument("--build", type=Path, default=Path("build"), metavar="DIR",
                        help="build directory, with the tools in bin/ (default: build)")  # fmt: skip
    parser.add_argument("--seed", type=int, help="seed of all cases (default: a fresh one)")
    parser.add_argument("--count", type=int, metavar="N", help="run N cases (default: 100, or no "
                        "limit with --seconds)")  # fmt: skip
    parser.add_argument("--seconds", type=float, metavar="S", help="begin no case after S seconds")
    parser.add_argument("--first", type=int, default=0, metavar="N",
                        help="begin with case N; case N is the same whatever ran before it")  # fmt: skip
    parser.add_argument("--jobs", type=int, default=campaign.default_jobs(), metavar="N",
                        help="cases at a time (default: one a core)")  # fmt: skip
    parser.add_argument("--targets", default=",".join(TARGETS), metavar="T,T",
                        help="routes of layers and graphs (default: %(default)s)")  # fmt: skip
    parser.add_argument("--only", default="", metavar="WORD",
                        help="only layers of this variant, graphs with this op (see "
                        "graphs/ops_*.py), mutations of this kind of file (see "
                        "mutations/corpus.py)")  # fmt: skip
    parser.add_argument("--keep", type=Path, metavar="DIR",
                        help="write the files of each smallest failing case below DIR")  # fmt: skip
    parser.add_argument("--shrink-tries", type=int, default=400, metavar="N",
                        help="smaller cases to try for one failing case (default: %(default)s)")  # fmt: skip
    parser.add_argument("--repeats", type=int, default=1, metavar="N",
                        help="failures of one signature to report (default: %(default)s)")  # fmt: skip
    options = parser.parse_args()
    for target in options.targets.split(","):
        if target not in TARGETS:
            parser.error(f"unknown target '{target}'; known are {', '.join(TARGETS)}")
    if not (options.build / "bin/diff-opt").exists():
        parser.error(f"no tools in {options.build / 'bin'}")
    if options.seed is None:
        options.seed = secrets.randbits(32)
    if options.count is None and options.seconds is None:
        options.count = 100
    return options


def main() -> int:
    options = _parse()
    status = 0
    for name in GENERATORS if options.generator == "all" else [options.generator]:
        generator = GENERATORS[name](options.build.resolve(), tuple(options.targets.split(",")),
                                     options.only)  # fmt: skip
        status |= campaign.Campaign(generator, campaign.Options(
            seed=options.seed, count=options.count, seconds=options.seconds, first=options.first,
            jobs=options.jobs, keep=options.keep, shrink_tries=options.shrink_tries,
            repeats=options.repeats)).run()  # fmt: skip
    return status


if __name__ == "__main__":
    sys.exit(main())
