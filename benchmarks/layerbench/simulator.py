# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs kernels of the compiler and stored PTX on the simulator."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from . import counts, layers
from .layers import ELEMENT, Layer, arrays

KERNELS = Path(__file__).resolve().parent.parent / "kernels" / "ptx"
#: Keys of a tile if the manifest does not specify them: at most this usual
#: number, and at most the number of its query tokens.
KEY_TILE = 64


class ToolError(Exception):
    """A tool failed. Holds the command and its output."""


def _ceildiv(a: int, b: int) -> int:
    return -(-a // b)


def find_ptxas() -> str:
    """Returns ptxas in PATH or in the usual place of CUDA, or nothing."""
    return shutil.which("ptxas") or shutil.which("ptxas", path="/usr/local/cuda/bin") or ""


class Ptxas:
    """Returns the output of ptxas for PTX."""

    def __init__(self, path: str):
        self.path = path
        self._spills: dict[tuple[str, str, str], int] = {}

    def spills(self, text: str, chip: str, entry: str) -> int:
        """Bytes of spill stores of a kernel, or of all kernels without a name."""
        key = (text, chip, entry)
        if key not in self._spills:
            with tempfile.NamedTemporaryFile("w", suffix=".ptx") as file:
                file.write(text)
                file.flush()
                # PTX for sm_120a does not run on sm_120.
                own = re.search(r"^\.target (\w+)", text, re.MULTILINE)[1]
                arch = own if own.rstrip("af") == chip.rstrip("af") else chip
                command = [self.path, f"-arch={arch}", "-v", file.name, "-o", "/dev/null"]
                command += [f"--entry={entry}"] if entry else []
                done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                raise ToolError(f"{' '.join(command)}\n{done.stderr}")
            found = re.findall(r"(\d+) bytes spill stores", done.stderr)
            self._spills[key] = max(map(int, found), default=0)
        return self._spills[key]


@dataclass
class Simulator:
    """The tools of a build folder, a chip and the checkers. `total` is the sum of
    the launches since it was last read."""

    build: Path
    chip: str = "sm_80"
    check: str = "none"
    policy: str = "late"
    triton: Path = KERNELS
    ptxas: Ptxas | None = None
    total: counts.Counts = field(default_factory=counts.Counts)

    def take(self) -> counts.Counts:
        total, self.total = self.total, counts.Counts()
        return total

    def _call(self, tool: str, *words) -> str:
        command = [str(self.build / "bin" / tool), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        if done.returncode:
            raise ToolError(f"{' '.join(command)}\nexit status {done.returncode}\n"
                            f"{done.stdout[-2000:]}{done.stderr[-2000:]}")  # fmt: skip
        return done.stdout

    def _options(self, folder: Path) -> list[str]:
        return [f"--chip={self.chip}", f"--check={self.check}", f"--async={self.policy}",
                f"--json={folder / 'report.json'}"]  # fmt: skip

    def _count(self, folder: Path, blocks: int, needed: int, once: int, ptx: str,
               entry: str = "") -> None:  # fmt: skip
        report = json.loads((folder / "report.json").read_text())
        launch = counts.from_report(report, self.chip, blocks, needed, once)
        if self.ptxas:
            launch.spills = self.ptxas.spills(ptx, self.chip, entry)
        self.total += launch

    def compiled(self, layer: Layer, inputs: list[np.ndarray]) -> np.ndarray:
        """Runs the compiler's kernel for a layer, with the query heads of the queries
        (standard attention) and one head of keys and values."""
        heads = inputs[0].shape[2] // layer.maps
        with tempfile.TemporaryDirectory(prefix="layerbench-") as folder:
            folder = Path(folder)
            source = folder / "layer.mlir"
            options = [word for word in layer.case.generator_options("bf16")
                       if not word.startswith("--heads")]  # fmt: skip
            source.write_text(self._call("diff-gen", *options, f"--heads={heads}"))
            lower = ("diff-opt", source, f"--diff-compile=chip={self.chip}")
            manifest = json.loads(self._call(*lower, "--emit=manifest"))
            ptx = self._call(*lower, "--emit=ptx") if self.ptxas else ""
            words = []
            for index, array in enumerate(inputs):
                arrays.save(folder / f"{index}.npy", array)
                words.append(f"--input={folder / f'{index}.npy'}")
            output = folder / "output.npy"
            self._call("diff-run", source, "--target=sim", *words, f"--output={output}",
                       *self._options(folder))  # fmt: skip
            blocks = max(_blocks(kernel) for kernel in manifest["functions"][0]["kernels"])
            # All query heads of a token in one block, which is the least it can be.
            tokens = max(1, _ceildiv(layer.n, blocks))
            needed = layers.requested_by_tiles(
                layer, tokens, min(tokens, KEY_TILE), 1, heads * layer.maps * layer.dim * ELEMENT,
                (inputs[1].shape[2] * layer.dim + layer.value_dim) * ELEMENT,
                heads * layer.value_dim * ELEMENT)  # fmt: skip
            result = arrays.load(output)
            self._count(folder, blocks, needed, inputs[0].nbytes + result.nbytes, ptx)
            return result

    def kept(self, ptx: Path, entry: str, grid: tuple[int, ...], block: int, shared: int,
             arguments: list, out: tuple[int, ...], needed: int, once: int) -> np.ndarray:  # fmt: skip
        """Runs a kernel that is stored as PTX. Arguments are arrays, words such as
        u32:7, and None for the bf16 result of shape `out`."""
        with tempfile.TemporaryDirectory(prefix="layerbench-") as folder:
            folder = Path(folder)
            output = folder / "output.npy"
            words = []
            for index, argument in enumerate(arguments):
                if argument is None:
                    argument = f"out:bf16:{'x'.join(map(str, out))}:{output}"
                elif isinstance(argument, np.ndarray):
                    arrays.save(folder / f"{index}.npy", argument)
                    argument = f"in:{folder / f'{index}.npy'}"
                words.append(f"--arg={argument}")
            self._call("ptx-sim", ptx, f"--kernel={entry}", f"--grid={','.join(map(str, grid))}",
                       f"--block={block}", f"--shared={shared}", *words,
                       *self._options(folder))  # fmt: skip
            self._count(folder, int(np.prod(grid)), needed, once, ptx.read_text(), entry)
            return arrays.load(output)


def _blocks(kernel: dict) -> int:
    """The number of blocks of a launch; the sizes of these layers are static."""
    names = {"__builtins__": {}, "ceildiv": _ceildiv, "floordiv": lambda a, b: a // b,
             "mod": lambda a, b: a % b}  # fmt: skip
    return int(np.prod([eval(size, names) for size in kernel["grid"]]))
