# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""presets.py PTXAS FOLDER [--full]: compiles the layers of published models, and counts
the products of head groups.

Each layer, for a prompt and for one token, becomes one kernel without a buffer in global
memory, local memory or spills. The default set has each layer on one chip, the full set
on all. On tensor cores, the simulator counts the FLOP of (r + 1) products of the queries
with the keys and of the weights with the values, times the rows that are computed for
each row that is used. Row sums are at most 5 % more."""

import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys

MODELS = ["diff-v2", "diffllama", "phi4-mini-flash", "motif-2.6b", "motif-2-12.7b", "motif-3", "motif-3-global"]
CHIPS = ["sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120"]
NO_SPILL = re.compile(r"\b0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads")
#: Query tokens, and the other options of a layer.
TOKENS = {"prompt": ["--query-tokens=512"], "decode": ["--query-tokens=1", "--key-tokens=4096"]}
KEYS = 192
#: Options of layers without a mask, query tokens, the FLOP for each query and key token,
#: and the rows that are computed for each row that is used.
GROUPS_V2 = ["--variant=v2", "--heads=4", "--dim=192", "--value-dim=128", "--signals=4"]
GROUPS_V1 = ["--variant=v1", "--heads=4", "--dim=128", "--signals=4"]
PRODUCTS = {
    "groups-v2": (GROUPS_V2, KEYS, 5 * 2 * (192 + 128), 1),
    "groups-v1": (GROUPS_V1, KEYS, 5 * 2 * (128 + 256), 1),
    "groups-v2-decode": (GROUPS_V2, 1, 5 * 2 * (192 + 128), 16 / 5),
    "groups-v1-decode": (GROUPS_V1, 1, 5 * 2 * (128 + 256), 32 / 5),
    "v2-decode": (["--variant=v2", "--heads=4", "--dim=128"], 1, 8 * 2 * (128 + 128), 16 / 8),
    "v1-decode": (["--variant=v1", "--heads=2", "--dim=64"], 1, 4 * 2 * (64 + 128), 32 / 4),
}


def call(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def check_preset(ptxas, folder, model, tokens, chip):
    """Returns the error, or '', and the registers."""
    prefix = os.path.join(folder, f"{model}-{tokens}-{chip}")
    call("diff-gen", f"--model={model}", *TOKENS[tokens], "-o", f"{prefix}.mlir")
    compile_ = ["diff-opt", f"{prefix}.mlir", f"--diff-compile=chip={chip}"]
    manifest = json.loads(call(*compile_, "--emit=manifest"))["functions"][0]
    call(*compile_, "--emit=ptx", "-o", f"{prefix}.ptx")
    run = subprocess.run([ptxas, f"-arch={chip}", "-v", f"{prefix}.ptx", "-o", f"{prefix}.cubin"],
                         check=True, capture_output=True, text=True)  # fmt: skip
    registers = int(re.search(r"Used (\d+) registers", run.stderr).group(1))
    with open(f"{prefix}.ptx") as file:
        text = file.read()
    if len(manifest["kernels"]) != 1:
        return f"{len(manifest['kernels'])} kernels", registers
    if manifest.get("buffers"):
        return "a buffer", registers
    if ".local" in text or not NO_SPILL.search(run.stderr):
        return "local memory", registers
    return "", registers


def count_products(folder, name):
    """Returns the FLOP on tensor cores, divided by those of the computed rows."""
    options, queries, flop, rows = PRODUCTS[name]
    layer, report = os.path.join(folder, f"{name}.mlir"), os.path.join(folder, f"{name}.json")
    call("diff-gen", *options, "--kv-heads=1", f"--query-tokens={queries}", f"--key-tokens={KEYS}", "-o", layer)
    tensors = json.loads(call("diff-opt", layer, "--diff-compile=chip=sm_90a",
                              "--emit=manifest"))["functions"][0]["tensors"]  # fmt: skip
    words = []
    for index, tensor in enumerate(tensors):
        path = os.path.join(folder, f"{name}-{index}.npy")
        if tensor["role"] != "argument":
            words.append(f"--output={path}")
            continue
        size = 2 if tensor["element_type"] == "bf16" else 4
        descr = "|V2" if size == 2 else "<f4"
        shape = "(" + "".join(f"{n}, " for n in tensor["shape"]) + ")"
        header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}"
        header += " " * (-(len(header) + 11) % 64) + "\n"
        count = size
        for n in tensor["shape"]:
            count *= n
        with open(path, "wb") as file:
            file.write(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(count))
        words.append(f"--input={path}")
    call("diff-run", layer, "--target=sim", "--chip=sm_90a", "--check=none", f"--json={report}", *words)
    with open(report) as file:
        return json.load(file)["tensor"]["flops"] / (flop * queries * KEYS * rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ptxas")
    parser.add_argument("folder")
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    layers = [(model, tokens) for model in MODELS for tokens in TOKENS]
    grid = [(*layer, chip) for layer in layers for chip in CHIPS]
    if not options.full:
        grid = [(*layer, CHIPS[i % len(CHIPS)]) for i, layer in enumerate(layers)]
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda c: check_preset(options.ptxas, options.folder, *c), grid)
        for (model, tokens, chip), (fault, registers) in zip(grid, results):
            bad += bool(fault)
            print(f"{f'{model}-{tokens}@{chip}':32} {registers:4} registers  {fault or 'one kernel'}", flush=True)
        for name, ratio in zip(PRODUCTS, pool.map(lambda n: count_products(options.folder, n), PRODUCTS)):
            bad += not 1 <= ratio < 1.05
            print(f"{name:32} {ratio:.4f} of the FLOP")
    print(f"{len(grid)} layers, {bad} wrong")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
