# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command line: one row, one relation, the error table, a folder of compiled
cases, or the self-test."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import cases, packing, relations, runner, selftest


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="difftest", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--row", metavar="NAME", help="run one row of the case table")
    what.add_argument("--relation", metavar="NAME", help="run one relation")
    what.add_argument("--table", action="store_true",
                      help="run all rows, print the error table")  # fmt: skip
    what.add_argument("--list", action="store_true",
                      help="print the names of rows and relations")  # fmt: skip
    what.add_argument("--pack", type=Path, metavar="FOLDER",
                      help="compile rows for diff-launch into a new folder")  # fmt: skip
    what.add_argument("--self-test", action="store_true", help="check the harness itself")
    parser.add_argument("--build", type=Path, default=Path("build"), metavar="DIR",
                        help="build directory, with the tools in bin/ (default: build)")  # fmt: skip
    parser.add_argument("--seed", type=int, help="seed of the inputs (default: random)")
    parser.add_argument("--full", action="store_true",
                        help="all cases with all types on all routes")  # fmt: skip
    parser.add_argument("--routes", default=",".join(cases.ROUTES), metavar="R,R",
                        help="routes of --table and --list, of "
                        f"{', '.join(cases.ALL_ROUTES)} (default: %(default)s)")  # fmt: skip
    parser.add_argument("--filter", default="", metavar="TEXT",
                        help="only rows of --table, --list and --pack whose name contains this text")  # fmt: skip
    parser.add_argument("--chip", default="sm_90a", help="chip of the PTX (default: %(default)s)")
    parser.add_argument("--chips", default=",".join(packing.CHIPS), metavar="C,C",
                        help="chips of --pack (default: %(default)s)")  # fmt: skip
    parser.add_argument("--jobs", type=int, default=os.cpu_count(),
                        help="rows of --table and --pack at once (default: %(default)s)")  # fmt: skip
    options = parser.parse_args()
    for route in options.routes.split(","):
        if route not in cases.ALL_ROUTES:
            parser.error(f"unknown route '{route}'; known are {', '.join(cases.ALL_ROUTES)}")
    return options


def _selected(options: argparse.Namespace) -> list[cases.Row]:
    rows = cases.rows(options.routes.split(","), options.full)
    return [row for row in rows if options.filter in row.name]


def _report(failures: list[str], again: str) -> int:
    for failure in failures:
        print(f"  {failure}")
    print("FAIL: " + again if failures else "ok")
    return 1 if failures else 0


_COLUMNS = "{:<36} {:<5} {:<7} {:>9} {:>9} {:>8} {:>9} {:>8} {:>9} {:>8}"


def _line(result: runner.RowResult) -> str:
    row, out, lse = result.row, result.output, result.lse
    columns = ["-"] * 7
    if out.bound:  # it ran
        columns[:5] = [f"{out.error:.2e}", f"{out.yardstick:.2e}", f"{out.ratio:.3g}",
                       f"{out.norm:.2e}", f"{out.norm / out.norm_limit:.3g}"]  # fmt: skip
    if lse:
        columns[5:] = [f"{lse.error:.2e}", f"{lse.ratio:.3g}"]
    line = _COLUMNS.format(f"{row.case.variant}/{row.case.name}", row.element_type, row.route,
                           *columns)  # fmt: skip
    return line + ("  FAIL" if result.failures else "")


def _table(tools: runner.Tools, options: argparse.Namespace, seed: int) -> int:
    """Runs and prints the rows. The columns are: e, the largest error; y, that of the
    naive formula; e relative to its bound; the relative norm error, and relative to
    its bound; the error of the LSE, and relative to its bound."""
    rows = _selected(options)
    print(f"seed {seed}")
    print(_COLUMNS.format("case", "type", "route", "e", "y", "/bound", "norm", "/limit",
                          "LSE", "/bound"))  # fmt: skip
    failed = []
    with ThreadPoolExecutor(max(1, options.jobs)) as pool:
        for result in pool.map(lambda row: runner.run_row(tools, row, seed), rows):
            print(_line(result), flush=True)
            if result.failures:
                failed.append(result)
    for result in failed:
        print(f"\n{result.row.name}, seed {result.seed}:")
        for failure in result.failures:
            print(f"  {failure}")
    print(f"{len(rows)} rows: {len(rows) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not rows else 0


def main() -> int:
    options = _parse()
    tools = runner.Tools(options.build.resolve(), options.chip)
    seed = secrets.randbits(32) if options.seed is None else options.seed
    again = f"python -m difftest --build {tools.build} --seed {seed}"
    if options.list:
        for row in _selected(options):
            print(row.name)
        for name in cases.relation_names(options.routes.split(",")):
            if options.filter in name:
                print(f"relation {name}")
        return 0
    if options.table:
        return _table(tools, options, seed)
    if options.pack:
        rows = cases.rows(["cuda"], True) if options.full else packing.default_rows()
        rows = [row for row in rows if options.filter in row.name]
        try:
            packing.pack(tools, rows, options.pack, options.chips.split(","), seed, options.jobs)
        except (runner.ToolError, OSError) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
        print(f"packed {len(rows)} cases, seed {seed}")
        return 0
    if options.self_test:
        print(f"self-test, seed {seed}")
        return _report(selftest.run(seed), f"{again} --self-test")
    try:
        if options.relation:
            print(f"relation {options.relation}, seed {seed}")
            failures = relations.run_relation(tools, options.relation, seed)
            return _report(failures, f"{again} --relation {options.relation}")
        print(f"row {options.row}, seed {seed}")
        result = runner.run_row(tools, cases.find_row(options.row), seed)
    except KeyError as error:
        print(f"error: {error.args[0]}", file=sys.stderr)
        return 1
    except runner.ToolError as error:
        return _report([str(error)], f"{again} --relation {options.relation}")
    out, lse = result.output, result.lse
    if out.bound:  # it ran
        print(f"e {out.error:.3e}, y {out.yardstick:.3e}, permitted {out.bound:.3e}; "
              f"norm {out.norm:.3e}, permitted {out.norm_limit:.3e}"
              + (f"; LSE {lse.error:.3e}, permitted {lse.bound:.3e}" if lse else "")
              + f"; {result.seconds:.2f} s")  # fmt: skip
    return _report(result.failures, f"{again} --row {options.row}")


if __name__ == "__main__":
    sys.exit(main())
