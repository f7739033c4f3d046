# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The good files that are damaged, made by the tools themselves."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from difftest import arrays, cases

LEVELS = ("semantic", "tiled", "kernel", "hardware")
#: Small layers of each variant and type; the chip of their lower levels.
_SMALL = dict(n=17, m=19, h=2, hkv=1, d=16)
LAYERS = (
    (cases.Case("v2", "a", causal=True, **_SMALL), "f16", "sm_80"),
    (cases.Case("v1", "b", lse=True, window=(4, 3), **_SMALL), "bf16", "sm_90a"),
    (cases.Case("standard", "c", softcap=3.0, dynamic=True, **_SMALL), "f32", "sm_80"),
    (cases.Case("v2", "d", layout="bhsd", dynamic=True, **_SMALL), "bf16", "sm_120"),
    (cases.Case("v2", "e", causal=True, **cases.packed((9, 5), (0, 3), (8, 11)), h=2, hkv=2, d=8), "f32", "sm_86"),
    (cases.Case("v2", "f", causal=True, lse=True, **_SMALL), "f16", "host"),
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """A layer with all that the tools make of it."""

    case: cases.Case
    element_type: str
    chip: str
    files: dict[str, bytes]  # by kind, see Corpus


class Corpus:
    """The samples, made on first use: texts and bytecode of each level, PTX,
    manifest, and arrays of the arguments."""

    def __init__(self, build: Path):
        self.build = build

    def _tool(self, name: str, *arguments, stdin: bytes = b"") -> bytes:
        return subprocess.run([self.build / "bin" / name, *arguments], input=stdin, check=True,
                              capture_output=True).stdout  # fmt: skip

    @cached_property
    def samples(self) -> list[Sample]:
        return [self._make(*layer) for layer in LAYERS]

    def _make(self, case: cases.Case, element_type: str, chip: str) -> Sample:
        files = {"semantic": self._tool("diff-gen", *case.generator_options(element_type))}
        for level in LEVELS[1:]:
            if level == "hardware" and chip == "host":
                continue
            files[level] = self._tool("diff-opt", f"--diff-compile=chip={chip} stop-after={level}",
                                      stdin=files["semantic"])  # fmt: skip
        for level in LEVELS:
            if level in files:
                files[f"{level} bytecode"] = self._tool("diff-opt", "--emit-bytecode", stdin=files[level])
        if chip != "host":
            for emit in ("ptx", "manifest"):
                files[emit] = self._tool("diff-opt", f"--diff-compile=chip={chip}", f"--emit={emit}",
                                         stdin=files["semantic"])  # fmt: skip
        for name, array in arrays.make_inputs(case, element_type, 1).items():
            with tempfile.NamedTemporaryFile(suffix=".npy") as file:
                arrays.save(Path(file.name), array)
                files[f"array {name}"] = Path(file.name).read_bytes()
        return Sample(case, element_type, chip, files)
