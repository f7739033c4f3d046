#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints the costs of the layers of published models as Markdown.

A table for a prompt, one for the same prompt without a mask, and one for a token after
the prompt. Each contains the closed forms of scripts/compare.py, the cost of a
composition relative to them, and for each chip the bound of the cycles in thousands,
the pipe that determines it, the shared memory of a block, and the FLOP of the tensor
cores relative to those of visible scores.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))
import compare  # noqa: E402

PROMPT = 4096
TABLES = {
    f"N = M = {PROMPT}": [f"--query-tokens={PROMPT}"],
    f"N = M = {PROMPT}, without masks": [f"--query-tokens={PROMPT}", "--causal=false", "--window=-1,-1"],
    f"N = 1, M = {PROMPT}": ["--query-tokens=1", f"--key-tokens={PROMPT}"],
}


def read_models(tools: compare.Tools) -> list[str]:
    """The names in the list of models of diff-gen --help."""
    text = tools.call("diff-gen", "--help").partition("\nmodels:\n")[2]
    return re.findall(r"^  ([^ :]+): ", text.partition("\n\n")[0], re.MULTILINE)


def print_table(tools: compare.Tools, models: list[str], words: list[str],
                chips: list[str]) -> None:  # fmt: skip
    titles = ["model", "GFLOP", "MB", "KB / token", "composed: FLOP", "bytes", "launches", *chips]
    print("| " + " | ".join(titles) + " |\n" + "|---" * len(titles) + "|")
    for model in models:
        layer = tools.describe([f"--model={model}", *words])
        way = layer.composition()
        cells = [model, f"{layer.flops() / 1e9:.4g}", f"{layer.bytes() / 1e6:.4g}",
                 f"{layer.cache_bytes() / 1024:.4g}", f"{way['flops'] / layer.flops():.2f}",
                 f"{way['bytes'] / layer.bytes():.2f}", str(way["launches"])]  # fmt: skip
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            measured = list(pool.map(lambda chip: tools.measure(layer, chip), chips))
        for found in measured:
            cells.append("–" if "error" in found else
                         f"{found['bound_cycles'] / 1000:.1f} {found['bound_pipe']}, "
                         f"{found['shared_memory'] / 1024:.3g} KB, "
                         f"{found['tensor_flops'] / layer.flops():.3f}")  # fmt: skip
        print("| " + " | ".join(cells) + " |", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("--build", type=Path, default=compare.BUILD)
    parser.add_argument("--chips", default=",".join(compare.CHIPS))
    parser.add_argument("--filter", default="", metavar="TEXT",
                        help="only models whose name contains this text")  # fmt: skip
    options = parser.parse_args()
    tools = compare.Tools(options.build)
    try:
        models = [model for model in read_models(tools) if options.filter in model]
        for title, words in TABLES.items():
            print(f"\n{title}:\n")
            print_table(tools, models, words, [chip for chip in options.chips.split(",") if chip])
    except compare.CompareError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
