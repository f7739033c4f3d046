# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Damages a file and gives it to a tool that takes such files."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Iterable

from .. import process
from ..campaign import Verdict
from ..routes import CHIPS, HOSTS
from ..shrink import without_chunks
from .corpus import LEVELS, Corpus
from .damage import damage

TIMEOUT = 60
#: Warp instructions after which a damaged kernel is ended.
STEPS = 2_000_000


@dataclass(frozen=True)
class Mutant:
    sample: int
    kind: str  # of the file, see Corpus
    data: bytes
    tool: tuple[str, ...]  # the command, with {} for a file of this name


class Mutations:
    name = "mutations"

    def __init__(self, build: Path, targets: tuple[str, ...] = (), only: str = ""):
        self.build, self.only = build, only
        self.corpus = Corpus(build)

    @cached_property
    def passes(self) -> list[str]:
        """The passes of the project, as diff-opt lists them."""
        text = subprocess.run([self.build / "bin/diff-opt", "--help"], capture_output=True, text=True).stdout
        found = re.findall(r"^      --((?:diff|tile|convert-diff|convert-tile|convert-math-to-nvvm-approx)[\w-]*) ",
                           text, re.MULTILINE)  # fmt: skip
        return sorted(set(found) - {"diff-compile"})

    def make(self, rng: random.Random) -> Mutant:
        samples = self.corpus.samples
        number = rng.randrange(len(samples))
        files = samples[number].files
        kinds = [kind for kind in files for _ in range(4 if kind in LEVELS else 1)]
        kind = rng.choice([kind for kind in kinds if self.only in ("", kind)] or kinds)
        other = rng.choice([sample.files[kind] for sample in samples if kind in sample.files])
        data = damage(rng, files[kind], other, kind in (*LEVELS, "ptx", "manifest"))
        return Mutant(number, kind, data, self._tool(rng, kind, samples[number].chip))

    def _tool(self, rng: random.Random, kind: str, chip: str) -> tuple[str, ...]:
        if kind in ("ptx", "manifest"):
            return rng.choice([("launch",), ("run-ptx",), ("list",)] if kind == "ptx" else [("launch",)])
        if kind.startswith("array"):
            return rng.choice([("run", "linalg"), ("run", "sim"), ("launch",)])
        draw = rng.random()
        if draw < 0.15:
            return ("diff-opt", "{in}", "-o", "{out}")
        if draw < 0.35:
            name = rng.choice(self.passes)
            options = ""
            if rng.random() < 0.3:
                return ("diff-opt", "{in}", f"--pass-pipeline=builtin.module(func.func({name}))", "-o", "{out}")
            return ("diff-opt", "{in}", f"--{name}{options}", "-o", "{out}")
        if draw < 0.45 and chip != "host":
            return ("run", "sim")
        if rng.random() < 0.15:
            chip = rng.choice((*CHIPS, *HOSTS))
        options = f"chip={chip}"
        if rng.random() < 0.3:
            options += f" stop-after={rng.choice(LEVELS[1:])}"
        if rng.random() < 0.1:
            options += f" {rng.choice(('f32=tf32', 'tiles=threads'))}"
        emits = ("mlir", "llvm", "object", "header") if chip in HOSTS else ("mlir", "llvm", "ptx", "manifest")
        emit = rng.choice(emits) if "stop-after" not in options else "mlir"
        return ("diff-opt", "{in}", f"--diff-compile={options}", f"--emit={emit}", "-o", "{out}")

    def _command(self, mutant: Mutant, folder: Path) -> tuple[list[str], list[Path]]:
        """Writes the files; returns the command and what it writes."""
        sample = self.corpus.samples[mutant.sample]
        files = sample.files | {mutant.kind: mutant.data}
        source, out = folder / "in.mlir", folder / "out"
        out.mkdir(exist_ok=True)
        bin_ = self.build / "bin"
        kind = mutant.kind if mutant.kind in LEVELS or "bytecode" in mutant.kind else "semantic"
        source.write_bytes(files[kind])
        names = [name for name, _, _ in sample.case.arguments()]
        for name in names:
            (folder / f"{name}.npy").write_bytes(files[f"array {name}"])
        (folder / "in.ptx").write_bytes(files.get("ptx", b""))
        results = [out / f"{name}.npy" for name, _, _ in sample.case.results()]
        inputs = [f"--input={folder / name}.npy" for name in names]
        outputs = [f"--output={path}" for path in results]
        tool, *rest = mutant.tool
        if tool == "diff-opt":
            place = {"{in}": source, "{out}": out / "out.txt"}
            return [bin_ / tool, *(place.get(part, part) for part in rest)], [out / "out.txt"]
        if tool == "list":
            return [bin_ / "ptx-sim", "--list", folder / "in.ptx"], []
        if tool == "launch":
            self._pack(sample, files, folder)
            chip = "sm_80" if sample.chip == "host" else sample.chip
            return [bin_ / "diff-launch", folder / "packed", "--target=sim", f"--chip={chip}", "--threads=1",
                    f"--steps={STEPS}"], []  # fmt: skip
        target = rest[0] if tool == "run" else "sim"
        command = [bin_ / "diff-run", source, f"--target={target}", *inputs, *outputs]
        if target == "sim":
            chip = "sm_80" if sample.chip == "host" else sample.chip
            command += [f"--chip={chip}", "--threads=1", f"--steps={STEPS}"]
        if tool == "run-ptx":
            command.append(f"--ptx={folder / 'in.ptx'}")
        return command, results

    def _pack(self, sample, files: dict[str, bytes], folder: Path) -> None:
        """A folder as diff-launch runs it, with one case and no expected arrays."""
        packed = folder / "packed"
        packed.mkdir(exist_ok=True)
        entry = dict(name="case", function="attention", code=[], inputs=[], expected=[])
        for name, _, _ in sample.case.arguments():
            (packed / f"{name}.npy").write_bytes(files[f"array {name}"])
            entry["inputs"].append(f"{name}.npy")
        (packed / "code.ptx").write_bytes(files.get("ptx", b""))
        (packed / "code.json").write_bytes(files.get("manifest", b"{}"))
        entry["code"].append(dict(chip=sample.chip, file="code.ptx", manifest="code.json"))
        (packed / "index.json").write_text(json.dumps(dict(schema_version=1, cases=[entry])))

    @staticmethod
    def _stage(mutant: Mutant) -> str:
        """What tells crashes apart: the pass, or the chip and what is emitted."""
        options = [part.lstrip("-") for part in mutant.tool[1:] if part.startswith("--")]
        return ", " + ", ".join(options) if options else ""

    @cached_property
    def mlir_opt(self) -> str | None:
        """Upstream's mlir-opt, where it is installed."""
        return shutil.which("mlir-opt") or shutil.which("mlir-opt-22")

    def _is_upstream(self, mutant: Mutant, folder: Path) -> bool:
        """Whether upstream's tool, which has none of the project's dialects, cannot
        read the text or one of its damaged lines either: its parsers and verifiers
        rely on some texts to be good."""
        if mutant.kind not in LEVELS or not self.mlir_opt:
            return False
        good = set(self.corpus.samples[mutant.sample].files[mutant.kind].splitlines())
        damaged = [line for line in mutant.data.splitlines() if line not in good]
        parts = folder / "parts.mlir"
        parts.write_bytes(b"\n// -----\n".join([mutant.data, *damaged, b""]))
        outcome = process.run([self.mlir_opt, parts, "--split-input-file", "--allow-unregistered-dialect",
                               "-o", os.devnull], "mlir-opt", TIMEOUT)  # fmt: skip
        return any(failure.kind in ("crash", "hang") for failure in outcome.failures)

    def run(self, mutant: Mutant, folder: Path) -> Verdict:
        command, outputs = self._command(mutant, folder)
        where = f"{Path(command[0]).name} ({mutant.kind}{self._stage(mutant)})"
        runs = mutant.tool[0] != "diff-opt"
        outcome = process.run(command, where, TIMEOUT, outputs, findings=runs)
        verdict = Verdict(outcome.failures)
        if (any(failure.kind in ("crash", "hang") for failure in outcome.failures)
                and self._is_upstream(mutant, folder)):  # fmt: skip
            verdict.failures = []
            verdict.counts[f"{mutant.kind}: fault of mlir-opt"] += 1
            return verdict
        verdict.counts[f"{mutant.kind}: {'timed out' if outcome.timed_out else f'status {outcome.status}'}"] += 1
        return verdict

    def smaller(self, mutant: Mutant) -> Iterable[Mutant]:
        if mutant.kind in (*LEVELS, "ptx"):
            for lines in without_chunks(mutant.data.splitlines(True)):
                yield replace(mutant, data=b"".join(lines))
            return
        good = self.corpus.samples[mutant.sample].files[mutant.kind]
        if len(good) == len(mutant.data):
            changed = [i for i in range(len(good)) if good[i] != mutant.data[i]]
            for i in changed if len(changed) > 1 else []:
                yield replace(mutant, data=mutant.data[:i] + good[i:i + 1] + mutant.data[i + 1:])

    def write(self, mutant: Mutant, folder: Path) -> str:
        command, _ = self._command(mutant, folder)
        return " ".join(map(str, command))
