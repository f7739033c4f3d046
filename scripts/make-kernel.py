#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes a folder for Hugging Face's package `kernels`: differential attention compiled
for the layers of published models (diff-gen --model), in f16 and bf16.

    scripts/make-kernel.py --output diff-attention
    python3 -c 'import kernels, pathlib
    print(kernels.get_local_kernel(pathlib.Path("diff-attention")).layers())'

The folder needs PyTorch with CUDA, and no compiler: python/kernel has the launcher. The
kernels have dynamic batch and token counts. Each layer has a kernel of its own for one
query token. V1 is compiled with lambda_init = 0, because the launcher multiplies
1 - lambda_init into the weight, so that one kernel serves all layers of a model.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))
import compare  # noqa: E402

NAME = "diff-attention"
#: Of the functions of python/kernel. A higher one may break callers.
VERSION = 1
LICENSE = "Apache-2.0 WITH LLVM-exception"
CARD = """\
---
license: apache-2.0
tags: [kernels]
---
<!-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception -->
# {name}

Differential attention in f16 and bf16, compiled by DiffMLIR for {chips}.

```python
import kernels, pathlib, torch

attention = kernels.get_local_kernel(pathlib.Path("{name}"))
print("\\n".join(attention.layers()))  # the layers that there are kernels for
help(attention.{function})
```

| layer | function | q heads, dim | k | v | output |
|---|---|---|---|---|---|
{rows}
"""
TYPES = ("f16", "bf16")
#: Whose kernels fit into the shared memory of all GPUs since sm_80.
CHIPS = "sm_80,sm_86,sm_90a,sm_100a,sm_120"


def read_models(tools: compare.Tools) -> dict[str, argparse.Namespace]:
    """The options of each model in diff-gen --help."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--variant")
    parser.add_argument("--signals", type=int, default=1)
    parser.add_argument("--pair-layout", default="interleaved")
    parser.add_argument("--window", default="-1,-1")
    parser.add_argument("--causal", action="store_true")
    parser.add_argument("--gate", action="store_true")
    parser.add_argument("--epsilon", type=float, default=1e-5)
    text = tools.call("diff-gen", "--help").partition("\nmodels:\n")[2].partition("\n\n")[0]
    return {name: parser.parse_known_args(shlex.split(words))[0]
            for name, words in re.findall(r"^  ([^ :]+): .*\n +(.*)$", text, re.MULTILINE)}  # fmt: skip


def describe(name: str, model: argparse.Namespace, manifest: dict) -> dict:
    """What the launcher selects a layer by."""
    shapes = {tensor["name"]: tensor["shape"] for tensor in manifest["functions"][0]["tensors"]}
    left, right = map(int, model.window.split(","))
    v1 = model.variant == "v1"
    return {
        "name": name, "function": "attention_v1" if v1 else "attention",
        "q": shapes["query"][2:], "k": shapes["key"][2:], "v": shapes["value"][2:],
        "output": shapes["output"][2:], "window": [left, 0 if model.causal else right],
        "signals": model.signals, "pair_layout": model.pair_layout, "gate": model.gate,
        "eps": model.epsilon if v1 else None,
    }  # fmt: skip


def split_outputs(text: str) -> dict[str, str]:
    """The outputs of several kinds of diff-opt: each follows a line of kind and size."""
    outputs = {}
    while text:
        head, _, text = text.partition("\n")
        kind, size = head.split()
        outputs[kind], text = text[:int(size)], text[int(size):]
    return outputs


class Maker:
    def __init__(self, tools: compare.Tools, folder: Path, scratch: Path):
        self.tools, self.folder, self.scratch = tools, folder, scratch

    def compile(self, model: str, v1: bool, type: str, one_token: bool, chip: str) -> dict:
        """Writes the PTX and the manifest of a kernel. Returns the manifest."""
        name = f"{model}-{type}{'-one-token' if one_token else ''}"
        ir = self.scratch / f"{name}-{chip}.mlir"
        words = ["--lambda-init=0"] if v1 else []
        self.tools.call("diff-gen", f"--model={model}", f"--type={type}", *words,
                        "--one-token" if one_token else "--dynamic", "-o", ir)  # fmt: skip
        text = self.tools.call("diff-opt", ir, f"--diff-compile=chip={chip}", "--emit=manifest,ptx")
        outputs = split_outputs(text)
        for kind, suffix in (("ptx", "ptx"), ("manifest", "json")):
            (self.folder / "kernels" / chip / f"{name}.{suffix}").write_text(outputs[kind])
        manifest = json.loads(outputs["manifest"])
        function = manifest["functions"][0]
        if len(function["kernels"]) != 1 or function.get("buffers"):
            raise compare.CompareError(f"{name} for {chip} has {len(function['kernels'])} kernels; "
                                       "the launcher runs one, without buffers")  # fmt: skip
        return manifest

    def make(self, models: dict[str, argparse.Namespace], chips: list[str], jobs: int) -> None:
        for path in (ROOT / "python" / "kernel").glob("*.py"):
            shutil.copy(path, self.folder)
        for chip in chips:
            (self.folder / "kernels" / chip).mkdir(parents=True)
        rows = [(model, options.variant == "v1", type, one_token, chip)
                for model, options in models.items() for type in TYPES
                for one_token in (False, True) for chip in chips]  # fmt: skip
        with ThreadPoolExecutor(jobs) as pool:
            manifests = dict(zip((row[0] for row in rows), pool.map(lambda row: self.compile(*row), rows)))
        layers = [describe(model, options, manifests[model]) for model, options in models.items()]
        lines = ",\n".join(map(json.dumps, layers))
        (self.folder / "layers.json").write_text(f"[\n{lines}\n]\n")
        self.write_metadata(chips)
        rows = "\n".join(f"| {layer['name']} | {layer['function']} | " + " | ".join(
            "{}, {}".format(*layer[name]) for name in ("q", "k", "v", "output")) + " |"
            for layer in layers)  # fmt: skip
        (self.folder.parent.parent / "README.md").write_text(CARD.format(
            name=NAME, chips=", ".join(chips), function=layers[0]["function"], rows=rows))

    def write_metadata(self, chips: list[str]) -> None:
        """The package tells builds apart by their id."""
        digest = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            digest.update(path.read_bytes() if path.is_file() else path.name.encode())
        # PTX also runs on newer GPUs, except for that of chips with an `a`.
        archs = [re.sub(r"sm_(\d+)(\d)(a?)", r"\1.\2\3", chip) for chip in chips]
        metadata = {
            "name": NAME, "id": f"{NAME.replace('-', '_')}_cuda_{digest.hexdigest()[:12]}",
            "version": VERSION, "license": LICENSE, "python-depends": [],
            "backend": {"type": "cuda", "archs": [arch if arch.endswith("a") else f"{arch}+PTX"
                                                  for arch in archs]},
        }  # fmt: skip
        (self.folder / "metadata.json").write_text(json.dumps(metadata, indent=1) + "\n")


def select(option: str, given: str, legal) -> list[str]:
    names = [name for name in given.split(",") if name]
    for name in names or [""]:
        if name not in legal:
            raise compare.CompareError(f"{option} has '{name}'; {', '.join(legal)} are legal")
    return names


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="a new or empty folder")
    parser.add_argument("--build", type=Path, default=compare.BUILD, help="default: %(default)s")
    parser.add_argument("--chips", default=CHIPS, help="default: %(default)s")
    parser.add_argument("--models", metavar="NAMES", help="default: all of diff-gen --help")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="compilers at a time")
    options = parser.parse_args()
    tools = compare.Tools(options.build)
    try:
        if options.output.exists() and any(options.output.iterdir()):
            raise compare.CompareError(f"{options.output} is not empty")
        models = read_models(tools)
        if options.models is not None:
            models = {name: models[name] for name in select("--models", options.models, models)}
        chips = select("--chips", options.chips, compare.CHIPS)
        folder = options.output / "build" / "torch-cuda"
        folder.mkdir(parents=True)
        with tempfile.TemporaryDirectory() as scratch:
            Maker(tools, folder, Path(scratch)).make(models, chips, options.jobs)
    except (compare.CompareError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in options.output.rglob("*") if path.is_file())
    print(f"{options.output}: {len(models)} layers for {', '.join(chips)}, {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
