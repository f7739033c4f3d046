# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Packs rows into a self-contained folder for diff-launch.

Each row becomes a subfolder with its inputs, the float64 reference, and PTX and
manifest for every chip. index.json lists the rows with the tolerances.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import arrays, cases, reference, runner, tolerance

#: The GPUs that the compiler supports.
CHIPS = ("sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120")
#: Packed by default, in addition to every mask with every type.
_PACKED = {
    "gqa", "gqa-group3", "batch-3", "softcap", "lse-empty-rows", "window-empty-rows", "all-gqa",
    "all-mqa", "dynamic-all", "dynamic-tail", "decode", "keys-2048", "layer-1024", "tail-5-7",
    "tail-97-128", "dim-8", "dim-40", "dim-64", "dim-96", "dim-128", "dim-192", "dim-256", "key-0",
    "query-0", "large", "negative", "nan-query", "varlen", "varlen-causal", "varlen-window",
    "varlen-bhsd", "varlen-one-tokens", "bhsd", "bhsd-all",
}  # fmt: skip


def default_rows() -> list[cases.Row]:
    packed = [case for case in cases.CASES if case in cases.MASK_CASES or case.name in _PACKED]
    return [cases.Row(case, element_type, "cuda") for case in packed
            for element_type in cases.default_types(case, "cuda")]  # fmt: skip


def _limits(row: cases.Row, inputs: dict, expected: dict) -> dict[str, dict]:
    """The tolerances that diff-launch checks, by result. It checks NaN, infinities
    and unwritten elements itself."""
    case, element_type = row.case, row.element_type
    naive = reference.yardstick(case, inputs, element_type)
    output = tolerance.check_output(
        arrays.round_to(naive["output"], element_type), expected["output"],
        naive["output"], element_type, case.most_keys, case.adversarial)  # fmt: skip
    limits = {"output": {"max_error": output.bound, "norm_error": output.norm_limit,
                         "zero_rows": True}}  # fmt: skip
    if case.lse:
        lse = tolerance.check_lse(expected["lse"].astype("float32"), expected["lse"])
        limits["lse"] = {"max_error": lse.bound}
    return limits


def _pack_row(tools: runner.Tools, row: cases.Row, folder: Path, chips: list[str],
              seed: int) -> dict:  # fmt: skip
    """Writes the files of a row and returns its entry of the index."""
    name = row.name.removesuffix(f"-{row.route}")
    place = name.replace("/", "-")
    (folder / place).mkdir()
    inputs = arrays.make_inputs(row.case, row.element_type, seed)
    expected = reference.reference(row.case, inputs)
    limits = _limits(row, inputs, expected)
    entry = {"name": name, "function": "attention", "code": [], "inputs": [], "expected": []}
    for argument, array in inputs.items():
        arrays.save(folder / place / f"{argument}.npy", array)
        entry["inputs"].append(f"{place}/{argument}.npy")
    for result, _, _ in row.case.results():
        arrays.save(folder / place / f"{result}.npy", expected[result])
        entry["expected"].append({"file": f"{place}/{result}.npy", **limits[result]})
    source = folder / place / "layer.mlir"
    source.write_text(tools.generate(row.case, row.element_type))
    options = " ".join(row.case.compile_options(row.element_type))
    for chip in chips:
        code = {"chip": chip, "file": f"{place}/{chip}.ptx", "manifest": f"{place}/{chip}.json"}
        for emit, path in (("ptx", code["file"]), ("manifest", code["manifest"])):
            tools.call(["diff-opt", source, f"--diff-compile=chip={chip} {options}", f"--emit={emit}",
                        "-o", folder / path])  # fmt: skip
        entry["code"].append(code)
    return entry


def pack(tools: runner.Tools, rows: list[cases.Row], folder: Path, chips: list[str],
         seed: int, jobs: int) -> None:  # fmt: skip
    """Fills a new or empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise OSError(f"{folder} is not empty")
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        entries = list(pool.map(lambda row: _pack_row(tools, row, folder, chips, seed), rows))
    index = {"schema_version": 1, "cases": entries}
    (folder / "index.json").write_text(json.dumps(index, indent=1) + "\n")
