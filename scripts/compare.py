#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares the cost of differential and standard attention of the same width.

Takes the options of diff-gen for one layer (--model=NAME, --heads, --causal, ...)
and prints the layer beside the alternatives to it: standard attention, V2 and V1,
and both with 4 signal heads for each noise head, or as many as the layer has.

All rows have the tokens, the mask, the gate, the head dimension d and the number of
key heads of the given layer, and with them the key projection. The value projection
and the cache are the same, too, unless the value dimension differs from d: values of
V1 are 2d wide. --same selects what else is the same:

  --same=output  the number of output heads, of which one of V1 counts as two, and
                 with it the width of the output. V2 has twice as many query heads as
                 standard attention, V1 as many. This is how their authors compare.
  --same=query   the number of query heads, and with it the query projection. V2
                 returns half as many heads as standard attention.

The column params shows what remains of the parameters: those of all projections,
divided by the hidden width.

FLOP, exponentials, bytes and cache are closed forms: products and exponentials of
the visible pairs of query and key, each input read and the result written once. The
order of dimensions in memory (--layout, --pair-layout) has no influence on them. A
composition is what runs without a fused kernel: for V2, standard attention on all
query heads and a kernel that subtracts; for V1, four calls of an attention whose
values are d wide, two kernels that concatenate, one that repeats the noise maps if
signal heads share them, and one that subtracts and normalizes.

Shared memory and bounds are those of the compiled kernels. The bound is a lower
bound of the cycles of a whole chip: it has no latencies, caches or stalls. The
simulator counts one value head of the layer, since the work of the others is the
same. If this head has more than 2^22 scores, the simulator counts two parts of it
with fewer tokens. The work of each pipe is then the sum of a part for each score and
a part for each query token, and that of the memory is proportional to the bytes.
"""

from __future__ import annotations

import argparse
import array
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

sys.dont_write_bytecode |= __name__ == "__main__"
from layer_costs import ALTERNATIVES, CompareError, Layer, alternative, get_signals  # noqa: E402

CHIPS = ("sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120")
BUILD = Path(__file__).resolve().parent.parent / "build"
#: The most scores that are simulated.
MOST_SCORES = 1 << 22


def _with_fewer_tokens(layer: Layer) -> Layer:
    """Halves the larger token count, or both, to whole tiles of the usual sizes if they
    have several. Keeps more than a window."""
    least = max(0, *layer.window)

    def half(count: int) -> int:
        unit = 384 if count > 768 else 128 if count > 256 else 1
        less = -(-(count // 2) // unit) * unit
        return less if least < less < count else count

    n, m = layer.query_tokens, layer.key_tokens
    return replace(layer, query_tokens=n if n < m else half(n), key_tokens=m if m < n else half(m))


def simulated_parts(layer: Layer) -> list[Layer]:
    """Returns one value head of the layer, or two smaller parts of it, the larger one
    first."""
    whole = replace(layer, batch=1, heads=layer.heads // layer.kv_heads, kv_heads=1)
    parts = [whole, _with_fewer_tokens(whole)]
    while parts[0].scores() > MOST_SCORES and _with_fewer_tokens(parts[1]) != parts[1]:
        parts = [parts[1], _with_fewer_tokens(parts[1])]
    return [whole] if parts[0] == whole else parts


def extrapolate(layer: Layer, parts: list[Layer], work: list[float]) -> float:
    """Returns the work of one value head of the layer from that of its parts: a sum of
    a part for each score and a part for each query token."""

    def size(part: Layer) -> tuple[float, int]:
        return part.scores() / (part.batch * part.kv_heads), part.query_tokens

    scores, tokens = size(layer)
    s, n = size(parts[0])
    if len(parts) > 1:
        s2, n2 = size(parts[1])
        determinant = s * n2 - s2 * n
        # Otherwise scores are proportional to tokens, as with a window.
        if abs(determinant) > 0.1 * s * n2:
            each_score = (work[0] * n2 - work[1] * n) / determinant
            each_token = (s * work[1] - s2 * work[0]) / determinant
            return each_score * scores + each_token * tokens
    return work[0] * scores / s


def _write_array(path: Path, shape: list[int], type: str, seed: int) -> None:
    """Writes normally distributed numbers; long arrays repeat them."""
    descr, size = {"bf16": ("|V2", 2), "f16": ("<f2", 2), "f32": ("<f4", 4)}[type]
    count = 1
    for extent in shape:
        count *= extent
    source = random.Random(seed)
    # A prime, so that rows differ.
    numbers = array.array("f", [source.gauss(0, 1) for _ in range(min(count, 49999))])
    data = bytearray(numbers.tobytes())
    if type == "bf16":
        high = bytearray(2 * len(numbers))
        high[0::2], high[1::2] = data[2::4], data[3::4]
        data = high
    if type == "f16":
        import struct

        data = bytearray(struct.pack(f"<{len(numbers)}e", *numbers))
    header = repr({"descr": descr, "fortran_order": False, "shape": tuple(shape)})
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with path.open("wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
        left = count * size
        while left > 0:
            file.write(data[:left])
            left -= len(data)


@dataclass(frozen=True)
class Tools:
    build: Path

    def call(self, tool: str, *words) -> str:
        command = [str(self.build / "bin" / tool), *map(str, words)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        except OSError as error:
            raise CompareError(f"{command[0]} cannot be run: {error.strerror}; "
                               "build the project or use --build") from None  # fmt: skip
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "error: " in line]
            lines += (done.stderr or done.stdout).splitlines() or [""]
            message = lines[0].partition("error: ")[2] or lines[0]
            raise CompareError(message or f"{tool} failed with status {done.returncode}")
        return done.stdout

    def describe(self, options: list[str]) -> Layer:
        """Returns the layer of diff-gen's options."""
        text = self.call("diff-gen", *options, "--layout=bshd")
        head = re.search(r"@attention\((.*?)\) -> (.*) \{", text)
        shapes = {name: (dims.split("x")[:-1], dims.split("x")[-1])
                  for name, dims in re.findall(r"%(\w+): tensor<([^>]*)>", head[1])}  # fmt: skip
        if "?" in head[1] or "cu_seqlens_q" in shapes:
            raise CompareError("only layers of static sizes are compared, found --dynamic or --varlen")
        (batch, n, query_heads, d), type = map(int, shapes["query"][0]), shapes["query"][1]
        m, key_heads = map(int, shapes["key"][0][1:3])
        heads, value_dim = map(int, re.findall(r"\d+", head[2])[2:4])
        variant = {"diff.attention": "v2", "diff.attention_v1": "v1",
                   "diff.softmax_attention": "standard"}[re.search(r"= (diff\.\w+)", text)[1]]  # fmt: skip

        def clause(name: str) -> str | None:
            found = re.search(rf" {name}[<(](.*?)[>)]", text)
            return found[1] if found else None

        mask = clause("mask") or ""
        window = re.search(r"\[(-?\d+), (-?\d+)\]", mask)
        left, right = map(int, window.groups()) if window else (-1, -1)
        scale, softcap = (float(found) if (found := clause(name)) else None
                          for name in ("scale", "softcap"))  # fmt: skip
        return Layer(variant, batch, n, m, heads, key_heads // (2 if variant == "v1" else 1), d,
                     value_dim, heads // (query_heads - heads) if query_heads > heads else 0, type,
                     (left, 0 if "causal" in mask else right), "gate" in shapes,
                     head[2].startswith("("), scale, softcap)  # fmt: skip

    def measure(self, layer: Layer, chip: str) -> dict:
        """Compiles and simulates the layer. Returns kernels, shared memory, bound and
        the FLOP executed by tensor cores for each FLOP of visible scores, or the
        reason why there are none."""
        if not layer.scores():
            return {"error": "no query sees a key"}
        parts = simulated_parts(layer)
        try:
            reports, manifests = zip(*(self.simulate(part, chip) for part in parts))
        except CompareError as error:
            return {"error": str(error)}
        # The work of one value head on one multiprocessor, and the blocks.
        heads = layer.batch * layer.kv_heads
        bounds = [report["bound"] for report in reports]
        units = bounds[0]["multiprocessors"]
        blocks = bounds[0]["blocks"] * heads * layer.query_tokens / parts[0].query_tokens
        cycles = {}
        for pipe in bounds[0]["cycles_by_pipe"]:
            work = [bound["cycles_by_pipe"].get(pipe, 0) * min(units, bound["blocks"])
                    for bound in bounds]  # fmt: skip
            cycles[pipe] = extrapolate(layer, parts, work) * heads / min(units, blocks)
        cycles["dram"] = (bounds[0]["cycles_by_pipe"]["dram"]
                          * layer.bytes() / parts[0].bytes())  # fmt: skip
        pipe = max(cycles, key=cycles.get)
        flops = extrapolate(layer, parts, [report["tensor"]["flops"] for report in reports]) * heads
        kernels = manifests[0]["kernels"]
        return {
            "kernels": len(kernels),
            "shared_memory": max(kernel["dynamic_shared_memory"] for kernel in kernels),
            "bound_cycles": cycles[pipe], "bound_pipe": pipe, "cycles_by_pipe": cycles,
            "tensor_flops": flops,
        }  # fmt: skip

    def simulate(self, layer: Layer, chip: str) -> tuple[dict, dict]:
        """Returns the report of the simulator and the function of the manifest."""
        with tempfile.TemporaryDirectory(prefix="compare-") as folder:
            folder = Path(folder)
            source = folder / "layer.mlir"
            source.write_text(self.call("diff-gen", *layer.options()))
            manifest = json.loads(self.call("diff-opt", source, f"--diff-compile=chip={chip}",
                                            "--emit=manifest"))["functions"][0]  # fmt: skip
            words = []
            for index, tensor in enumerate(manifest["tensors"]):
                path = folder / f"{index}.npy"
                if tensor["role"] == "argument":
                    _write_array(path, tensor["shape"], tensor["element_type"], index)
                    words.append(f"--input={path}")
                else:
                    words.append(f"--output={path}")
            report = folder / "report.json"
            self.call("diff-run", source, "--target=sim", f"--chip={chip}", "--check=none",
                      "--threads=1", f"--json={report}", *words)  # fmt: skip
            return json.loads(report.read_text()), manifest


def compare(options: list[str], chips=CHIPS, build: Path = BUILD, same: str = "output",
            jobs: int | None = None) -> dict:  # fmt: skip
    """Compares the layer of diff-gen's options with its alternatives.

    Returns the rows, each with its layer and costs, or with the reason why it does not
    exist. Raises CompareError.
    """
    tools = Tools(Path(build))
    given = tools.describe(options)
    rows = []
    for variant, grouped, name in ALTERNATIVES:
        row = {"name": name.format(get_signals(given))}
        rows.append(row)
        try:
            layer = alternative(given, variant, grouped, same)
        except CompareError as error:
            row["error"] = str(error)
            continue
        row |= {"given": layer == given, "layer": layer, "query_heads": layer.query_heads,
                "flops": layer.flops(), "exponentials": layer.scores(), "bytes": layer.bytes(),
                "cache_bytes_per_token": layer.cache_bytes(), "params": layer.params(),
                "composition": layer.composition()}  # fmt: skip
    tasks = [(row, chip) for row in rows if "layer" in row for chip in chips]
    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        results = list(pool.map(lambda task: tools.measure(task[0]["layer"], task[1]), tasks))
    for (row, chip), result in zip(tasks, results):
        row.setdefault("chips", {})[chip] = result
    for row in rows:
        if "layer" in row:
            row["simulated"] = [asdict(part) for part in simulated_parts(row["layer"])]
            row["layer"] = asdict(row["layer"])
    return {"given": asdict(given), "same": same, "rows": rows}


def _scaled(number: float) -> str:
    """Three digits and a decimal prefix."""
    for prefix in ("", "k", "M", "G", "T"):
        if number < 999.5:
            return f"{number:.3g}{prefix}"
        number /= 1000
    return f"{number:.0f}P"


def _grid(rows: list[list[str]]) -> str:
    """Aligns columns of words to the left and columns of numbers to the right."""
    columns = []
    for column in zip(*rows):
        width = max(map(len, column))
        words = not any(cell[:1].isdigit() for cell in column[1:])
        columns.append([cell.ljust(width) if words else cell.rjust(width) for cell in column])
    return "\n".join("  ".join(line).rstrip() for line in zip(*columns))


def format_text(result: dict) -> str:
    """The result of compare() as tables."""
    given = result["given"]
    left, right = given["window"]
    mask = "no mask" if left < 0 and right < 0 else "causal" if left < 0 and not right else (
        f"window {left}, {right}")  # fmt: skip
    title = (f"{given['type']}, B = {given['batch']}, N = {given['query_tokens']}, "
             f"M = {given['key_tokens']}, {mask}; the same "
             f"{'query' if result['same'] == 'query' else 'output'} heads")  # fmt: skip
    exist = [row for row in result["rows"] if "layer" in row]
    notes = [f"{row['name']}: {row['error']}" for row in result["rows"] if "layer" not in row]

    def label(row: dict) -> str:
        return ("* " if row["given"] else "  ") + row["name"]

    costs = [["", "query", "out", "kv", "d", "dv", "FLOP", "exp", "bytes", "cache/token", "params"]]
    for row in exist:
        layer = row["layer"]
        costs.append([label(row), *(str(layer[name]) if name in layer else str(row[name]) for name in
                      ("query_heads", "heads", "kv_heads", "dim", "value_dim")),
                      _scaled(row["flops"]), _scaled(row["exponentials"]), _scaled(row["bytes"]),
                      str(row["cache_bytes_per_token"]), str(row["params"])])  # fmt: skip
    parts = ["compared: " + title, _grid(costs)]
    composed = [["", "FLOP", "bytes", "launches", "composition"]]
    for row in exist:
        if way := row["composition"]:
            composed.append([label(row), f"{way['flops'] / max(1, row['flops']):.2f}",
                             f"{way['bytes'] / max(1, row['bytes']):.2f}", str(way["launches"]),
                             way["way"]])  # fmt: skip
    parts += ["a composition instead of one kernel, times", _grid(composed)]
    chips = list(exist[0].get("chips", [])) if exist else []
    for row in exist:
        for found in row.get("chips", {}).values():
            note = f"{row['name']}: {found.get('error')}"
            if "error" in found and note not in notes:
                notes.append(note)
    for title, cell in (
        ("lower bound of the cycles, and the pipe that determines it",
         lambda row, found: f"{_scaled(found['bound_cycles'])} {found['bound_pipe']}"),
        ("shared memory of a block in KB",
         lambda row, found: f"{found['shared_memory'] / 1024:.3g}"),
        ("FLOP of the tensor cores / FLOP",
         lambda row, found: f"{flops / row['flops']:.3f}" if (flops := found["tensor_flops"]) else "-"),
    ):  # fmt: skip
        if chips:
            parts += [title, _grid([["", *chips]] + [
                [label(row), *("-" if "error" in found else cell(row, found)
                               for found in row["chips"].values())] for row in exist])]  # fmt: skip
    if notes:
        parts.append("\n".join(notes))
    return "\n\n".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="%(prog)s [--chips=CHIP,...] [--same=output|query] [--json] [options of diff-gen]")  # fmt: skip
    parser.add_argument("--build", type=Path, default=BUILD, metavar="DIR",
                        help="build folder with the tools in bin/ (default: %(default)s)")  # fmt: skip
    parser.add_argument("--chips", default=",".join(CHIPS), metavar="CHIP,...",
                        help="chips of the bounds; an empty list prints the closed forms "
                        "only (default: %(default)s)")  # fmt: skip
    parser.add_argument("--same", choices=("output", "query"), default="output",
                        help="heads that all rows have in common (default: %(default)s)")  # fmt: skip
    parser.add_argument("--jobs", type=int, default=None, metavar="N",
                        help="kernels to compile and simulate at once (default: all processors)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options, layer = parser.parse_known_args()
    chips = [chip for chip in options.chips.split(",") if chip]
    if unknown := [chip for chip in chips if chip not in CHIPS]:
        parser.error(f"unknown chip '{unknown[0]}'; known are {', '.join(CHIPS)}")
    try:
        result = compare(layer, chips, options.build, options.same, options.jobs)
    except CompareError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(json.dumps(result, indent=1) if options.json else format_text(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
