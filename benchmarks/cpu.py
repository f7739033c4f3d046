#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times attention layers on the CPU, next to PyTorch and IREE.

Prints Markdown tables of prefill and decode layers: time and rate of the Python
package diff_mlir, its share of the peak that loops on this machine reach in the same
run, and the times of PyTorch and IREE for the same layer relative to ours. All
subjects run in turn in one process. All results are compared with float64; a wrong
one is an error. What is not installed is reported, and its columns stay empty.

The whole table takes hours. --select chooses rows, --quick prints a few in less than
a minute.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))

from cpubench import BenchError  # noqa: E402

#: Seconds, least and most rounds of a row.
FULL, QUICK = (3.0, 5, 40), (0.5, 3, 10)
COMPETITORS = ("pytorch", "compile", "iree")


def parse_list(legal, convert=str):
    """A type of argparse: values separated by commas."""

    def parse(text: str) -> list:
        try:
            values = [convert(word) for word in text.split(",") if word]
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is no list of positive integers") from None
        wrong = [value for value in values if (value < 1 if convert is int else value not in legal)]
        if wrong:
            names = "positive integers" if convert is int else ", ".join(legal)
            raise argparse.ArgumentTypeError(f"'{wrong[0]}' is not legal; {names} are")
        return values

    return parse


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
        print(f"error: {message}", file=sys.stderr)
        sys.exit(1)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    from cpubench import layers, report

    counts = parse_list(None, int)
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                    epilog="columns:\n" + report.LEGEND, allow_abbrev=False)  # fmt: skip
    parser.add_argument("--build", type=Path, default=HERE.parent / "build",
                        help="build folder whose package diff_mlir is measured, if it has one")  # fmt: skip
    parser.add_argument("--select", default="", metavar="REGEX", help="only rows in whose names this occurs")
    parser.add_argument("--list", action="store_true", help="print the names of the rows")
    parser.add_argument("--quick", action="store_true",
                        help="a few rows and rounds, without torch.compile and IREE")  # fmt: skip
    parser.add_argument("--threads", type=counts, default=[1], metavar="N,N", help="default: 1")
    parser.add_argument("--chip", metavar="CHIP",
                        help="compile our code, and the loops of the peaks, for a lesser CPU, such as "
                        "x86-64-v3 or x86-64-v4")  # fmt: skip
    parser.add_argument("--without", type=parse_list(COMPETITORS), default=[], metavar="NAME,NAME",
                        help="do not measure these: " + ", ".join(COMPETITORS))  # fmt: skip
    parser.add_argument("--seconds", type=float, help="time of the rounds of a row")
    parser.add_argument("--rounds", type=int, metavar="N", help="least number of rounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows, too")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw the rows, too (needs matplotlib)")
    sizes = parser.add_argument_group("sizes, each a list; the default is the whole table")
    sizes.add_argument("--prefill", type=counts, default=list(layers.PREFILL), metavar="N,N")
    sizes.add_argument("--decode", type=counts, default=list(layers.DECODE), metavar="M,M")
    sizes.add_argument("--dims", type=counts, default=list(layers.DIMS), metavar="D,D")
    sizes.add_argument("--types", type=parse_list(layers.ELEMENT_BYTES), default=list(layers.ELEMENT_BYTES),
                       metavar="TYPE,TYPE")  # fmt: skip
    sizes.add_argument("--variants", type=parse_list(layers.VARIANTS), default=list(layers.VARIANTS),
                       metavar="NAME,NAME")  # fmt: skip
    options = parser.parse_args(arguments)
    if options.chip == "host":
        options.chip = None
    if not options.threads:
        parser.error("--threads is empty; positive integers are legal")
    if options.seconds is not None and not 0 <= options.seconds < float("inf"):
        parser.error(f"--seconds is {options.seconds}; finite numbers from 0 are legal")
    if options.rounds is not None and options.rounds < 1:
        parser.error(f"--rounds is {options.rounds}; positive integers are legal")
    return options


def load_package(build: Path) -> None:
    """Imports the package diff_mlir of the build, else an installed one."""
    if (build / "python" / "diff_mlir").is_dir():
        sys.path.insert(0, str(build / "python"))
    try:
        import diff_mlir  # noqa: F401
    except ImportError as error:
        raise BenchError(f"the package diff_mlir cannot be imported: {error} (build it with "
                         "-DDIFF_ENABLE_PYTHON=ON, or install it)") from None  # fmt: skip


def check_chip(chip: str) -> None:
    """Asks the package, before anything is measured, with a layer of one element."""
    import diff_mlir
    import numpy

    ones = numpy.ones((1, 1, 1, 1), numpy.float32)
    try:
        diff_mlir.softmax_attention(ones, ones, ones, target="cpu", chip=chip)
    except (ValueError, TypeError, RuntimeError) as error:
        raise BenchError(f"--chip={chip}: diff_mlir: {error}") from None


def load_torch(options: argparse.Namespace, notes: list[str]):
    """The module torch, or None with a note."""
    if "pytorch" in options.without:
        return None
    try:
        import torch
    except ImportError:
        notes.append("PyTorch is not installed (pip install torch==2.13.0): its columns are empty.")
        return None
    return torch


def load_yardstick(options: argparse.Namespace, notes: list[str]):
    from cpubench.yardstick import NoYardstick, Yardstick

    try:
        return Yardstick(options.chip)
    except NoYardstick as error:
        notes.append(f"The peaks are not measured, and no round counts as disturbed: {error}.")
        return None


def make_settings(options: argparse.Namespace, notes: list[str]):
    from cpubench import iree, rows

    torch = load_torch(options, notes)
    seconds, least, most = QUICK if options.quick else FULL
    with_iree = not options.quick and "iree" not in options.without
    if with_iree and (problem := iree.find_problem()):
        notes.append(f"IREE is not measured: {problem}.")
        with_iree = False
    return rows.Settings(
        torch=torch, yardstick=load_yardstick(options, notes), chip=options.chip,
        seconds=seconds if options.seconds is None else options.seconds,
        least=least if options.rounds is None else options.rounds,
        most=max(most, options.rounds or 0),
        with_compile=torch is not None and not options.quick and "compile" not in options.without,
        with_iree=with_iree)  # fmt: skip


def measure_all(options: argparse.Namespace, layers: list, settings, threads) -> list:
    """Prints the rows as they are measured."""
    from cpubench import report, rows

    found = []
    for count in options.threads:
        threads.set(count)
        previous = None
        for layer in layers:
            if layer.is_decode != previous:
                previous = layer.is_decode
                title = f"{'Decode' if previous else 'Prefill'}, {count} thread{'s' if count > 1 else ''}:"
                print(f"\n{title}\n\n{report.format_header(previous)}", flush=True)
            row = rows.measure(settings, layer, count)
            print(report.format_row(row), flush=True)
            for failure in row.failures:
                print(f"error: {failure}", file=sys.stderr, flush=True)
            found.append(row)
    return found


def print_notes(found: list) -> None:
    """The notes of the rows, each once."""
    notes: dict[str, list[str]] = {}
    for row in found:
        for note in row.notes:
            notes.setdefault(note, []).append(row.layer.name)
    for note, names in notes.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        print(f"\n{note} ({names[0]}{more})")
    if dirty := sum(not row.rounds.is_clean for row in found):
        print(f"\nRows with disturbed rounds only (!): {dirty}.")


def run(options: argparse.Namespace) -> int:
    from cpubench import layers, machine, plot, report

    made = layers.make_layers(options.variants, options.prefill, options.decode, options.dims, options.types)
    made = layers.select(list(layers.QUICK) if options.quick else made, options.select)
    if options.list:
        print("\n".join(layer.name for layer in made))
        return 0
    for name in ("json", "plot"):
        if path := getattr(options, name):
            report.check_writable(f"--{name}", path)
    if options.plot:
        plot.load_pyplot()
    # The runtimes read this when they are loaded.
    os.environ["OMP_NUM_THREADS"] = str(max(options.threads))
    load_package(options.build)
    if options.chip:
        check_chip(options.chip)
    notes: list[str] = []
    settings = make_settings(options, notes)
    threads = machine.Threads(settings.torch, max(options.threads))
    facts = machine.describe({"torch": settings.torch is not None, "iree-base-compiler": settings.with_iree})
    if options.chip:
        notes.append(f"Our code is compiled for {options.chip}; competitors use all of this CPU.")
    print(report.format_machine(facts, settings.yardstick, notes), flush=True)
    found = measure_all(options, made, settings, threads)
    print_notes(found)
    if options.json:
        report.write_json(options.json, report.to_json(facts, settings.yardstick, found, notes))
    if options.plot:
        plot.write_plot(options.plot, found, facts["cpu"])
    return 1 if any(row.failures for row in found) else 0


def main(arguments: list[str] | None = None) -> int:
    try:
        return run(parse(arguments))
    except BenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except ImportError as error:
        print(f"error: {error} (NumPy and ml_dtypes are needed)", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
