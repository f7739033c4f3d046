# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`python -m diff_mlir compare`: scripts/compare.py for the user's own layer, with times
on the CPU of this machine."""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import statistics
import sys
import time
from pathlib import Path

from ._runtime import find_tool

#: Seconds for each measured row, and the least number of runs.
SECONDS, LEAST_RUNS = 1.0, 3
#: Rows with more FLOP are not measured.
MOST_FLOP = 2e12

DESCRIPTION = """\
Compares the cost of differential and standard attention for one layer: FLOP, bytes,
cache, and the simulator's bound for each GPU, in the tables of scripts/compare.py,
and the time on the CPU of this machine, next to the composition that PyTorch
computes (scaled_dot_product_attention on all query heads, and the subtraction).
All other options are those of diff-gen: --model=NAME, --heads, --causal, ..."""


def _load_scripts():
    """The modules of scripts/, which the package contains."""
    folder = Path(__file__).resolve().parent / "_scripts"
    modules = {}
    for name in ("layer_costs", "compare"):
        spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
        modules[name] = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(modules[name])
    return modules["compare"]


class Measurement:
    """Times of one layer on the CPU, on PyTorch tensors or else NumPy arrays."""

    def __init__(self, layer: dict, has_torch: bool):
        self.layer, self.has_torch = layer, has_torch
        b, n, m, h = (layer[name] for name in ("batch", "query_tokens", "key_tokens", "heads"))
        v1 = layer["variant"] == "v1"
        query_heads = h + (h // layer["signals"] if layer["signals"] else 0)
        self.inputs = {
            "q": self._random(b, n, query_heads, layer["dim"]),
            "k": self._random(b, m, layer["kv_heads"] * (2 if v1 else 1), layer["dim"]),
            "v": self._random(b, m, layer["kv_heads"], layer["value_dim"]),
        }
        if layer["variant"] == "v2":
            self.inputs["lam"] = self._random(b, n, h)
        if v1:
            self.inputs["lam"] = 0.3
        self.gate = self._random(b, n, h, layer["value_dim"]) if layer["gate"] else None

    def _random(self, *shape):
        import numpy

        array = numpy.random.default_rng(0).standard_normal(shape, dtype=numpy.float32)
        names = {"f32": "float32", "f16": "float16", "bf16": "bfloat16"}
        name = names[self.layer["type"]]
        if self.has_torch:
            import torch

            return torch.from_numpy(array).to(getattr(torch, name))
        if name == "bfloat16":
            import ml_dtypes

            return array.astype(ml_dtypes.bfloat16)
        return array.astype(name)

    def run_ours(self):
        import diff_mlir

        function = {"v2": diff_mlir.attention, "v1": diff_mlir.attention_v1,
                    "standard": diff_mlir.softmax_attention}[self.layer["variant"]]  # fmt: skip
        options = {"window": tuple(self.layer["window"]), "scale": self.layer["scale"],
                   "softcap": self.layer["softcap"], "gate": self.gate}  # fmt: skip
        if self.layer["signals"]:
            options["signals"] = self.layer["signals"]
        return function(**self.inputs, **options)

    def prepare_composition(self):
        """Returns a function that computes the layer with PyTorch, or the reason why
        there is none."""
        import torch

        layer = self.layer
        if layer["softcap"] is not None:
            return "scaled_dot_product_attention has no softcap"
        n, m, (left, right) = layer["query_tokens"], layer["key_tokens"], layer["window"]
        causal, mask = (left, right) == (-1, 0) and n == m, None
        if (left, right) != (-1, -1) and not causal:
            distance = torch.arange(m)[None, :] - torch.arange(n)[:, None] - (m - n)
            mask = torch.ones(n, m, dtype=torch.bool)
            if left >= 0:
                mask &= distance >= -left
            if right >= 0:
                mask &= distance <= right
        q, k, v = (self.inputs[name].transpose(1, 2) for name in "qkv")
        maps = layer["signals"] + 1 if layer["signals"] else 1
        repeats = q.shape[1] // maps // layer["kv_heads"]

        def attend(query, key, value):
            return torch.nn.functional.scaled_dot_product_attention(
                query, key, value, attn_mask=mask, is_causal=causal, scale=layer["scale"],
                enable_gqa=query.shape[1] != key.shape[1])  # fmt: skip

        def split(heads):
            """[B, groups, maps, N, d] of all query heads."""
            return heads.unflatten(1, (-1, maps))

        def compose():
            if layer["variant"] == "v1":
                query, keys = split(q), k.unflatten(1, (-1, 2))
                signal = attend(query[:, :, :-1].flatten(1, 2), keys[:, :, 0], v)
                noise = attend(query[:, :, -1], keys[:, :, 1], v)
            else:
                all_maps = attend(q, k, v)
                if maps == 1:
                    return self.apply_gate(all_maps)
                signal, noise = (part.flatten(1, 2) for part in split(all_maps).split([maps - 1, 1], 2))
            noise = noise.repeat_interleave(maps - 1, 1) if maps > 2 else noise
            if layer["variant"] == "v1":
                difference = signal - 0.3 * noise
                normed = torch.nn.functional.rms_norm(difference, (layer["value_dim"],), eps=1e-5)
                return self.apply_gate(0.2 * normed)
            weight = torch.sigmoid(self.inputs["lam"]).transpose(1, 2)[..., None]
            return self.apply_gate(signal - weight * noise)

        return compose if repeats >= 1 else "the heads do not share values evenly"

    def apply_gate(self, output):
        output = output.transpose(1, 2)
        return output if self.gate is None else output * self.gate.sigmoid()


def _time(functions: dict) -> dict[str, float]:
    """Median milliseconds of functions that run in turn."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    end = time.perf_counter() + SECONDS * len(functions)
    while time.perf_counter() < end or len(next(iter(times.values()))) < LEAST_RUNS:
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: statistics.median(found) for name, found in times.items()}


def measure(result: dict) -> None:
    """Adds `cpu` to the rows of compare(): milliseconds, or an error."""
    has_torch = importlib.util.find_spec("torch") is not None
    for row in result["rows"]:
        if "layer" not in row:
            continue
        if row["flops"] > MOST_FLOP:
            row["cpu"] = {"error": f"{row['flops']:.2g} FLOP are too many to measure"}
            continue
        subject = Measurement(row["layer"], has_torch)
        functions = {"diff_mlir": subject.run_ours}
        note = None if has_torch else "PyTorch is not installed"
        if has_torch:
            composition = subject.prepare_composition()
            if callable(composition):
                functions["composition"] = composition
            else:
                note = composition
        row["cpu"] = _time(functions)
        if note:
            row["cpu"]["note"] = note


def format_times(result: dict) -> str:
    rows = [["", "kernel ms", "PyTorch ms", "PyTorch / kernel"]]
    notes = []
    for row in result["rows"]:
        found = row.get("cpu")
        if not found:
            continue
        label = ("* " if row["given"] else "  ") + row["name"]
        if "error" in found:
            notes.append(f"{row['name']}: {found['error']}")
            continue
        ours, theirs = found["diff_mlir"], found.get("composition")
        rows.append([label, f"{ours:.2f}", f"{theirs:.2f}" if theirs else "-",
                     f"{theirs / ours:.2f}" if theirs else "-"])  # fmt: skip
        if "note" in found:
            notes.append(f"{row['name']}: {found['note']}")
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [row[0].ljust(widths[0]) + "".join(f"  {cell.rjust(width)}" for cell, width
                                               in zip(row[1:], widths[1:])) for row in rows]  # fmt: skip
    return "\n".join(["time on this CPU, medians", *lines, *dict.fromkeys(notes)])


def plot(result: dict, path: str) -> None:
    """Draws the rows relative to standard attention. Needs matplotlib."""
    try:
        import matplotlib
    except ImportError:
        raise RuntimeError("--plot needs matplotlib, which is not installed") from None
    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [row for row in result["rows"] if "layer" in row]
    base = next((row for row in rows if row["layer"]["variant"] == "standard"), rows[0])
    quantities = [("FLOP", "flops"), ("bytes", "bytes"), ("cache", "cache_bytes_per_token"),
                  ("parameters", "params")]  # fmt: skip
    bars = {label: [row[key] / max(1, base[key]) for row in rows] for label, key in quantities}
    for chip in base.get("chips", {}):
        cycles = [row["chips"][chip].get("bound_cycles", math.nan) for row in rows]
        bars[f"bound {chip}"] = [x / base["chips"][chip].get("bound_cycles", math.nan) for x in cycles]
    if "diff_mlir" in base.get("cpu", {}):
        bars["CPU time"] = [row["cpu"].get("diff_mlir", math.nan) / base["cpu"]["diff_mlir"] for row in rows]
    figure, axes = pyplot.subplots(figsize=(2 + 1.2 * len(bars), 4))
    width = 0.8 / len(rows)
    for index, row in enumerate(rows):
        heights = [values[index] for values in bars.values()]
        axes.bar([x + index * width for x in range(len(bars))], heights, width, label=row["name"])
    axes.set_xticks([x + 0.4 - width / 2 for x in range(len(bars))], list(bars), rotation=20)
    axes.set_ylabel(f"relative to {base['name']}")
    axes.axhline(1, color="black", linewidth=0.5)
    axes.legend()
    figure.tight_layout()
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise RuntimeError(f"{path} cannot be written: {error}") from None


def main(arguments: list[str]) -> int:
    scripts = _load_scripts()
    parser = argparse.ArgumentParser(
        prog="python -m diff_mlir compare", description=DESCRIPTION, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--chips", default=",".join(scripts.CHIPS), metavar="CHIP,...",
                        help="GPUs of the bounds; an empty list for none (default: %(default)s)")  # fmt: skip
    parser.add_argument("--same", choices=("output", "query"), default="output",
                        help="heads that all rows have in common (default: %(default)s)")  # fmt: skip
    parser.add_argument("--no-cpu", action="store_true", help="measure no times")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--plot", metavar="FILE", help="also draw the rows as a PNG (needs matplotlib)")
    options, layer = parser.parse_known_args(arguments)
    chips = [chip for chip in options.chips.split(",") if chip]
    if unknown := [chip for chip in chips if chip not in scripts.CHIPS]:
        parser.error(f"unknown chip '{unknown[0]}'; known are {', '.join(scripts.CHIPS)}")
    try:
        build = Path(find_tool("diff-gen")).parent.parent
        result = scripts.compare(layer, chips, build, options.same)
        if not options.no_cpu:
            measure(result)
        if options.plot:
            plot(result, options.plot)
    except (scripts.CompareError, RuntimeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(result, indent=1))
    else:
        print(scripts.format_text(result))
        if not options.no_cpu:
            print("\n" + format_times(result))
    return 0
