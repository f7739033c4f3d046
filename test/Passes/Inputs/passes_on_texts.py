# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs every pass of the project on texts of other levels and upstream ops.

A run passes when it succeeds, or fails with exit status 1 and one line with
`error: `. A signal, a run past the time limit, another status, no error or a
second one is a failure. The passes are those of the Passes.td files; the texts
are layers at each level of IR and the files of mixed ops in the folder of this
script.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

#: Layers as options of diff-gen, small ones: what a pass does to a text does
#: not depend on sizes.
LAYERS = {
    "v2": "--type=f16 --causal --query-tokens=96 --heads=2 --kv-heads=1 --dim=64",
    "v2-dynamic": "--type=bf16 --dynamic --lse --window=40,0 --heads=2 --kv-heads=1 --dim=32",
    "v1": "--variant=v1 --type=f16 --query-tokens=64 --heads=2 --kv-heads=1 --dim=32",
    "v1-f32": "--variant=v1 --type=f32 --query-tokens=9 --heads=2 --kv-heads=1 --dim=8 --lse",
    "standard": "--variant=standard --type=bf16 --query-tokens=40 --heads=2 --kv-heads=2 --dim=16",
    "varlen": "--varlen --type=f16 --batch=2 --query-tokens=48 --heads=2 --kv-heads=1 --dim=32",
    "v2-f32": "--type=f32 --query-tokens=16 --heads=2 --kv-heads=1 --dim=16 --softcap=30",
}

#: Targets as options of diff-compile.
TARGETS = {
    "sm_80": "chip=sm_80",
    "threads": "chip=sm_80 tiles=threads",
    "tf32": "chip=sm_80 f32=tf32",
    "host": "chip=host",
}

#: What is compiled for what; f32 is the only type of tf32.
LEVELS = ("tiled", "kernel", "hardware")
COMPILED = [
    (layer, target)
    for layer in LAYERS
    for target in TARGETS
    if target != "tf32" or layer in ("v1-f32", "v2-f32")
]

#: Options beside the defaults.
VARIANTS = {
    "diff-pad-tiles": ["dim=keys", "copy=true", "dim=keys copy=true", "dim=rows"],
    "diff-vectorize-tiles": ["tiles=threads", "tiles=tensor-cores", "tiles=none"],
    "diff-select-schedule": [
        "shared-memory=166912 threads=128",
        "shared-memory=166912 threads=128 tensor-cores=false",
        "shared-memory=166912 threads=128 tf32=true",
        "shared-memory=16 threads=128",
        "shared-memory=166912 threads=7",
        "shared-memory=-1 threads=-1",
    ],
    "diff-decompose": ["head-major-query=false round-weights=true lazy-max=true"],
    "diff-tile-contractions": ["tf32=true"],
    "diff-distribute-to-blocks": ["threads=1", "threads=0", "threads=-32"],
    "diff-pack-workgroup-memory": ["limit=16", "limit=-1"],
    "tile-pack-rings": ["limit=16", "limit=-1"],
    "tile-defer-reductions": ["lanes=1 elems=1", "lanes=0 elems=0", "lanes=-4"],
}

#: Pipelines, by name and options.
PIPELINES = [
    ("diff-linalg", ""),
    *(("diff-compile", options) for options in TARGETS.values()),
    ("diff-compile", "chip=sm_90a stop-after=tiled"),
    ("diff-compile", "chip=host stop-after=kernel"),
]


def get_passes(source_dir: pathlib.Path) -> list[tuple[str, str]]:
    """The passes that the Passes.td files declare, with their options."""
    names = []
    for file in sorted((source_dir / "include/diff").rglob("Passes.td")):
        names += re.findall(r':\s*Pass<"([^"]+)"', file.read_text())
    if len(names) < 30:
        sys.exit(f"only {len(names)} passes found in {source_dir}/include/diff")
    return [(name, options) for name in names for options in ["", *VARIANTS.get(name, [])]]


def run(command: list[str], limit: float) -> tuple[int | None, str]:
    """Exit status, None for a run past the limit, and standard error."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=limit,
            preexec_fn=lambda: os.nice(5),
        )
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stderr.decode(errors="replace")


def make_texts(folder: pathlib.Path, limit: float, jobs: int) -> list[pathlib.Path]:
    """Writes the layers at each level; every layer must compile to each."""
    folder.mkdir(parents=True, exist_ok=True)

    def generate(layer: str) -> pathlib.Path:
        path = folder / f"{layer}.semantic.mlir"
        subprocess.run(["diff-gen", *LAYERS[layer].split(), "-o", str(path)], check=True, timeout=limit)
        return path

    def compile_to(layer: str, target: str, level: str) -> pathlib.Path:
        path = folder / f"{layer}.{target}.{level}.mlir"
        subprocess.run(
            [
                "diff-opt",
                str(folder / f"{layer}.semantic.mlir"),
                f"--diff-compile={TARGETS[target]} stop-after={level}",
                "-o",
                str(path),
            ],
            check=True,
            timeout=limit,
        )
        return path

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        texts = list(pool.map(generate, LAYERS))
        compiled = [(*pair, level) for pair in COMPILED for level in LEVELS]
        texts += pool.map(lambda job: compile_to(*job), compiled)
    return texts


def judge(status: int | None, printed: str, limit: float) -> str:
    """What is wrong with a run, or nothing."""
    if status is None:
        return f"ran past {limit:g} s"
    if status < 0:
        return f"ended by signal {-status}"
    errors = [line for line in printed.splitlines() if "error: " in line]
    if status == 0:
        return f"succeeded with an error: {errors[0]}" if errors else ""
    if status != 1:
        return f"exit status {status}"
    if len(errors) != 1:
        return f"{len(errors)} lines with an error instead of 1: {errors[:2]}"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=pathlib.Path, help="the project's folder")
    parser.add_argument("folder", type=pathlib.Path, help="where the texts are written")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="every N-th text for a pass")
    parser.add_argument("--only", default="", help="a regular expression that PASS{OPTIONS} TEXT must match")
    parser.add_argument("--limit", type=float, default=60, help="seconds for a run")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()

    texts = make_texts(args.folder, args.limit, args.jobs)
    # Those of mixed ops are few and always taken.
    mixed = sorted((HERE / "mixed").glob("*.mlir"))
    jobs = []
    for number, (name, options) in enumerate(get_passes(args.source) + PIPELINES):
        # Each pass has other texts, so that all are taken.
        chosen = texts[number % args.sample :: args.sample] if args.sample else texts
        for text in [*chosen, *mixed]:
            label = f"{name}{{{options}}} {text.name}"
            if re.search(args.only, label):
                flag = f"--{name}={options}" if options else f"--{name}"
                jobs.append((label, ["diff-opt", flag, str(text)]))

    failures = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        results = pool.map(lambda job: run(job[1], args.limit), jobs)
        for (label, command), (status, printed) in zip(jobs, results):
            problem = judge(status, printed, args.limit)
            if problem:
                failures += 1
                print(f"{label}: {problem}\n  {subprocess.list2cmdline(command)}", flush=True)
    print(f"{len(jobs)} runs, {failures} failures")
    return 1 if failures or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
