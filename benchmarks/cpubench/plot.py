# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Draws rows: how much of the peak, or of reading, each subject reaches. Rows of several
numbers of threads have theirs in parentheses."""

from __future__ import annotations

from pathlib import Path

from . import BenchError
from .report import write_whole
from .rows import COMPILED, IREE, OURS, READING, Row


def load_pyplot():
    try:
        import matplotlib
    except ImportError:
        raise BenchError("--plot needs matplotlib, which is not installed: pip install matplotlib") from None
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def _rate(row: Row, name: str) -> float | None:
    """Per cent of the peak or of reading; GFLOP/s or GB/s if neither was measured."""
    seconds = row.time(name)
    if seconds is None:
        return None
    if row.layer.is_decode:
        reading = row.time(READING)
        return 100 * reading / seconds if reading else row.layer.cache_bytes() / seconds / 1e9
    rate = row.layer.flop() / seconds / 1e9
    return 100 * rate / row.peak if row.peak else rate


def _draw(axes, rows: list[Row], label: str) -> None:
    subjects = {"ours": lambda row: OURS, "PyTorch": lambda row: row.form,
                "torch.compile": lambda row: COMPILED, "IREE": lambda row: IREE}  # fmt: skip
    for marker, (title, name) in zip("osx^", subjects.items()):
        points = [(rate, -index) for index, row in enumerate(rows)
                  if (rate := _rate(row, name(row))) is not None]  # fmt: skip
        if points:
            axes.plot(*zip(*points), marker, label=title, markersize=5)
    several = len({row.threads for row in rows}) > 1
    names = [row.layer.name + (f" ({row.threads})" if several else "") for row in rows]
    axes.set_yticks([-index for index in range(len(rows))], names, fontsize=7)
    axes.set_ylim(-len(rows) + 0.5, 0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel(label)
    axes.grid(axis="both", linewidth=0.3)
    axes.legend(fontsize=7)


def write_plot(path: Path, rows: list[Row], title: str) -> None:
    pyplot = load_pyplot()
    groups = [(prefill, unit) for prefill, unit in
              (([row for row in rows if not row.layer.is_decode],
                "% of the peak" if rows[0].peak else "GFLOP/s"),
               ([row for row in rows if row.layer.is_decode],
                "% of the read bandwidth" if rows[0].peak else "GB/s"))
              if prefill]  # fmt: skip
    heights = [0.18 * len(found) + 0.6 for found, _ in groups]
    figure, axes = pyplot.subplots(len(groups), 1, squeeze=False, figsize=(8, sum(heights) + 0.8),
                                   height_ratios=heights)  # fmt: skip
    for place, (found, unit) in zip(axes[:, 0], groups):
        _draw(place, found, unit)
    figure.suptitle(title, fontsize=9)
    figure.tight_layout()
    write_whole(path, lambda name: figure.savefig(name, format="png", dpi=150, bbox_inches="tight"))
    pyplot.close(figure)
