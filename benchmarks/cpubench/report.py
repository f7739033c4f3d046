# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints rows as Markdown, and writes them as JSON or as a plot."""

from __future__ import annotations

import json
import math
import os
import tempfile
from pathlib import Path

from . import BenchError
from .rows import COMPILED, IREE, OURS, READING, Row

#: Packages of competitors, by their names in the registry.
PACKAGES = {"torch": "PyTorch", "iree-base-compiler": "IREE"}

LEGEND = """\
layer      variant (v2, v1, standard; v2-group4: four signal heads share a noise
           head), query tokens N, key tokens M, head dimension d, type, mask. There
           are 16 query heads on 4 value heads (v2-group4: 10 on 2)
CPU ms     CPU time of a call of diff_mlir, of all its threads
wall ms    elapsed time of a call
GFLOP/s    FLOP of the products Q K^T and P V of visible pairs / time
% of peak  GFLOP/s / peak of the FMA loop, or of the AMX loop in bf16 if the CPU has
           AMX and grants it
GB/s       bytes of keys and values, once / time
% of read  GB/s / GB/s of a loop that reads the same keys and values
PyTorch    time of PyTorch's best form: gqa (enable_gqa), repeated (copies of keys
           and values), folded (the query heads of a value head as rows), each with
           the subtraction and V1's norm; V1 takes two calls for the two halves of its
           values, or one (wide)
x PyTorch, x compiled, x IREE
           time of PyTorch's best form, of this form under torch.compile, of IREE /
           our time: above 1, ours is faster
error      ||output - reference|| / ||reference|| on a sample of tokens, ours and
           PyTorch's, with the float64 reference of the execution tests
rounds     rounds that count, and disturbed ones in parentheses: the control loop
           before or after them took 10 % longer than its best; ! if all were
           disturbed, and count
-          not measured; reasons are printed. IREE is timed once where it is slow

Times are medians over rounds; in a round, all subjects run one after the other.
Rates, ratios and the control use CPU time with one thread, and wall time with
several: then CPU time includes threads that wait for work."""


def _number(value: float | None, digits: int = 3) -> str:
    if value is None or not math.isfinite(value):
        return "-"
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{decimals}f}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _error(row: Row, name: str) -> str:
    return f"{row.errors[name]:.1e}" if name in row.errors else "-"


def _rate_columns(is_decode: bool):
    if is_decode:
        return (("GB/s", lambda row: _number(row.bandwidth)),
                ("% of read", lambda row: _percent(row.ratio(READING))))  # fmt: skip
    return (("GFLOP/s", lambda row: _number(row.gflops)),
            ("% of peak", lambda row: (_percent(row.share_of_peak)
                                       + (" AMX" if row.peak_name == "AMX" else ""))))  # fmt: skip


def _milliseconds(seconds: float | None) -> str:
    return _number(None if seconds is None else 1e3 * seconds)


def list_columns(is_decode: bool):
    """Titles, and functions from a row to the text of its cell."""
    return (
        ("layer", lambda row: row.layer.name),
        ("CPU ms", lambda row: _milliseconds(row.rounds.timings[OURS].cpu)),
        ("wall ms", lambda row: _milliseconds(row.rounds.timings[OURS].wall)),
        *_rate_columns(is_decode),
        ("PyTorch ms", lambda row: f"{_milliseconds(row.time(row.form))} {row.form}" if row.form else "-"),
        ("x PyTorch", lambda row: _ratio(row.ratio(row.form))),
        ("x compiled", lambda row: _ratio(row.ratio(COMPILED))),
        ("x IREE", lambda row: _ratio(row.ratio(IREE))),
        ("error", lambda row: _error(row, OURS)),
        ("PyTorch's", lambda row: _error(row, row.form)),
        ("rounds", lambda row: (f"{row.rounds.kept} ({row.rounds.dropped})"
                                + ("" if row.rounds.is_clean else " !"))),
    )  # fmt: skip


def format_header(is_decode: bool) -> str:
    titles = [title for title, _ in list_columns(is_decode)]
    return "| " + " | ".join(titles) + " |\n" + "|---" * len(titles) + "|"


def format_row(row: Row) -> str:
    return "| " + " | ".join(cell(row) for _, cell in list_columns(row.layer.is_decode)) + " |"


def format_machine(facts: dict, yardstick, notes: list[str]) -> str:
    """A paragraph about the machine, one about versions, the peaks, and the notes."""
    machine = [", ".join(facts["features"]) or "no features", facts["caches"] or "caches unknown",
               f"{facts['memory_gib'] or '?'} GiB"]  # fmt: skip
    versions = [f"diff_mlir {facts['diff_mlir']}"]
    if facts["commit"]:
        versions.append(f"commit {facts['commit']}")
    versions += [f"Python {facts['python']}", f"NumPy {facts['numpy']}"]
    versions += [f"{PACKAGES[name]} {version}" for name, version in facts["packages"].items()]
    lines = [f"{facts['cpu']}, {facts['cores']} cores ({'; '.join(machine)}), {facts['system']}, "
             f"load {facts['load']} at the start.", ", ".join(versions) + "."]  # fmt: skip
    if yardstick is not None:
        amx = f"AMX {yardstick.amx:.0f} GFLOP/s" if yardstick.amx else f"no AMX peak ({yardstick.amx_note})"
        lines.append(f"Peaks of a core: FMA {yardstick.fma:.1f} GFLOP/s with vectors of "
                     f"{yardstick.vector_bytes} bytes, {amx}; control loop {yardstick.tile:.1f} "
                     "GFLOP/s.")  # fmt: skip
    return "\n\n".join(lines + notes)


def to_json(facts: dict, yardstick, rows: list[Row], notes: list[str]) -> dict:
    peaks = None
    if yardstick is not None:
        peaks = {"fma_gflops": yardstick.fma, "amx_gflops": yardstick.amx,
                 "control_gflops": yardstick.tile, "vector_bytes": yardstick.vector_bytes}  # fmt: skip
    return {"machine": facts, "peaks": peaks, "notes": notes, "rows": [row.json() for row in rows]}


def check_writable(option: str, path: Path) -> None:
    """Fails before the measurement, not after it."""
    if path.is_dir():
        raise BenchError(f"{option}={path} is a folder; a file is legal")
    if not os.access(path.absolute().parent, os.W_OK):
        raise BenchError(f"{option}={path}: its folder does not exist or cannot be written")


def write_whole(path: Path, write) -> None:
    """Calls `write` with a temporary file beside the path, which replaces it."""
    try:
        handle, name = tempfile.mkstemp(dir=path.absolute().parent, suffix=path.suffix)
        os.close(handle)
        try:
            write(name)
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(name, 0o666 & ~umask)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except (OSError, ValueError) as error:
        raise BenchError(f"{path} cannot be written: {error}") from None


def write_json(path: Path, document: dict) -> None:
    write_whole(path, lambda name: Path(name).write_text(json.dumps(document, indent=1) + "\n"))
