# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""spills.py PTXAS FOLDER [--full] [--filter TEXT] [--except NAME]...: compiles and assembles
tensor-core layers, and prints the registers and spills of each.

A configuration has the name VARIANT-dDIM-FEATURE-TYPE@CHIP. The variant wide is
standard attention with values of twice the width; groups-v2 and groups-v1 have four
signal heads for each noise head, and groups-v2 with keys of 192 has values of 128 and a
gate, as in Motif-3. The default set has every layer on one chip, cycling through the
chips, so that each chip has layers of every variant. The full set has every layer on
every chip, in all three types. Both have groups in bf16 only. A configuration named by
--except must spill; remove it from the list when it no longer does."""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys

CHIPS = ["sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120"]
FEATURES = {
    "plain": [],
    "causal": ["--causal"],
    "lse": ["--causal", "--lse"],
    "window": ["--window=100,20", "--softcap=20"],
    "dynamic": ["--causal", "--dynamic"],
    "tail": ["--key-tokens=500"],
    "causal-tail": ["--causal", "--key-tokens=600"],
    "decode": ["--causal", "--lse", "--query-tokens=1", "--key-tokens=4096"],
}
# Weights in two parts, where there are two maps.
SPLIT_FEATURES = {
    "split": ["--scale=0.02"],
    "split-lse": ["--scale=0.02", "--causal", "--lse", "--window=100,-1"],
}
NO_SPILL = re.compile(r"\b0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads")
# Loads, stores and addresses of local memory, and variables in it.
LOCAL = re.compile(r"\.local\b")


VARIANTS = {
    "v2": ["--variant=v2"],
    "v1": ["--variant=v1"],
    "standard": ["--variant=standard"],
    "wide": ["--variant=standard"],
    "groups-v2": ["--variant=v2", "--signals=4"],
    "groups-v1": ["--variant=v1", "--signals=4"],
}


def layer_options(variant, dim):
    options = [*VARIANTS[variant], f"--heads={16 if variant.startswith('groups') else 8}"]
    if variant == "wide":
        options.append(f"--value-dim={2 * dim}")
    if dim == 192:
        options += ["--value-dim=128", "--gate"]
    return options


def feature_options(feature):
    options = (FEATURES | SPLIT_FEATURES)[feature]
    if any(option.startswith("--query-tokens=") for option in options):
        return options
    return ["--query-tokens=512", *options]


def group_layers():
    for variant, dims in (("groups-v2", (64, 128, 192)), ("groups-v1", (64, 128))):
        for dim in dims:
            for feature in FEATURES:
                yield variant, dim, feature


def layers():
    for variant in ("v2", "v1", "standard", "wide"):
        for dim in (64, 128):
            for feature in FEATURES:
                yield variant, dim, feature
    for variant in ("v2", "v1"):
        for dim in (64, 128):
            for feature in SPLIT_FEATURES:
                yield variant, dim, feature


def configurations(full):
    return all_configurations(full)


def all_configurations(full):
    if full:
        return [(*layer, kind, chip) for layer in layers() for kind in ("bf16", "f16", "tf32") for chip in CHIPS] + [
            (*layer, "bf16", chip) for layer in group_layers() for chip in CHIPS]  # fmt: skip
    # tf32 uses the chip of the layer after the next one, so that types cover all chips.
    return [(*layer, kind, CHIPS[(i + shift) % len(CHIPS)]) for i, layer in enumerate(layers())
            for kind, shift in (("bf16", 0), ("tf32", 2))] + [
        (*layer, "bf16", CHIPS[i % len(CHIPS)]) for i, layer in enumerate(group_layers())
    ]  # fmt: skip


def name_of(configuration):
    variant, dim, feature, kind, chip = configuration
    return f"{variant}-d{dim}-{feature}-{kind}@{chip}"


def assemble(ptxas, folder, configuration):
    """Returns the error, or '', and the registers."""
    variant, dim, feature, kind, chip = configuration
    prefix = os.path.join(folder, name_of(configuration).replace("@", "-"))
    printed = "f32" if kind == "tf32" else kind
    layer = ["diff-gen", *layer_options(variant, dim), f"--dim={dim}", f"--type={printed}", "--kv-heads=4",
             *feature_options(feature), "-o", f"{prefix}.mlir"]  # fmt: skip
    compile_ = ["diff-opt", f"{prefix}.mlir", f"--diff-compile=chip={chip} f32=tf32", "--emit=ptx", "-o", f"{prefix}.ptx"]
    for command in (layer, compile_):
        subprocess.run(command, check=True)
    with open(f"{prefix}.ptx") as file:
        text = file.read()
    if "mma.sync" not in text:
        return "not on tensor cores", 0
    run = subprocess.run([ptxas, f"-arch={chip}", "-v", f"{prefix}.ptx", "-o", f"{prefix}.cubin"],
                         capture_output=True, text=True)  # fmt: skip
    if run.returncode:
        return f"ptxas: {run.stderr.strip()}", 0
    registers = int(re.search(r"Used (\d+) registers", run.stderr).group(1))
    if LOCAL.search(text):
        return "local memory in the text", registers
    if not NO_SPILL.search(run.stderr):
        return re.search(r"\d+ bytes stack frame.*", run.stderr).group(0), registers
    return "", registers


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ptxas")
    parser.add_argument("folder")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--filter", metavar="TEXT", default="", help="only names that have this text")
    parser.add_argument("--except", metavar="NAME", action="append", default=[], dest="known")
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    grid = [c for c in configurations(options.full) if options.filter in name_of(c)]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda c: assemble(options.ptxas, options.folder, c), grid)
        for configuration, (fault, registers) in zip(grid, results):
            name = name_of(configuration)
            known = name in options.known
            verdict = fault or "no spill"
            if known:
                verdict += " (known)" if fault else ", but is in the list of those that do"
            bad += known != bool(fault)
            print(f"{name:34} {registers:4} registers  {verdict}", flush=True)
    print(f"{len(grid)} kernels, {bad} wrong")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
