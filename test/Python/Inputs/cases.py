# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs cases of the execution tests with the package: cases.py [--full] [SEED]

Each case runs with one library and element type, chosen by turns, so that all pairs
occur; with --full, with all of them and on the simulator.
"""

from __future__ import annotations

import sys

import numpy as np
from difftest import arrays, runner
from difftest.cases import CASES

from support import Report, call, get_seed

SAMPLE = (
    "v2/all-gqa", "v2/dynamic-empty-rows", "v2/key-0", "v2/query-0", "v2/batch-0", "v2/one-token",
    "v2/window-ahead", "v2/bhsd-all", "v2/varlen-behind", "v2/varlen-no-sequence", "v2/halves-all",
    "v2/halves-varlen", "v2/motif-3", "v2/scale-1e29", "v2/values-24", "v1/all-gqa", "v1/bhsd",
    "v1/halves-all", "v1/signals-all", "v1/varlen-bhsd", "v1/halves-varlen", "v1/gate",
    "standard/all-gqa", "standard/varlen", "standard/gate-bhsd",
)  # fmt: skip


class OnlyDLPack:
    """An array that has DLPack and nothing else."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def to_numpy(array):
    if hasattr(array, "detach"):
        import torch

        if array.dtype == torch.bfloat16:
            return array.view(torch.int16).numpy().view(arrays.round_to([0], "bf16").dtype)
        return array.numpy()
    return array


def from_numpy(array, library: str):
    if library == "torch":
        import torch

        if array.dtype.name == "bfloat16":
            return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
        return torch.from_numpy(array)
    return OnlyDLPack(array) if library == "dlpack" else array


def make_out(case, element_type: str, library: str):
    """Results that are NaN before a call."""
    arrays_out = []
    for _, shape, kind in case.results():
        dtype = arrays.round_to([0], arrays.type_of(kind, element_type)).dtype
        arrays_out.append(np.full(shape, np.nan, dtype))
    wrapped = tuple(from_numpy(array, library) for array in arrays_out)
    return arrays_out, wrapped if case.lse else wrapped[0]


def main() -> None:
    full, seed, report = "--full" in sys.argv, get_seed(), Report()
    libraries = ["numpy", "dlpack"]
    try:
        import torch  # noqa: F401

        libraries.append("torch")
    except ImportError:
        print("no torch")
    types = ("f32", "f16", "bf16", "f64")
    table = {f"{case.variant}/{case.name}": case for case in CASES}
    for number, name in enumerate(table if full else SAMPLE):
        case = table[name]
        # NumPy has no DLPack for bf16.
        pairs = [(library, type) for type in types for library in libraries
                 if (library, type) != ("dlpack", "bf16")]  # fmt: skip
        for library, type in pairs if full else [pairs[number * 5 % len(pairs)]]:
            for target in ("cpu", "sim") if full and type != "f64" else ("cpu",):
                inputs = arrays.make_inputs(case, type, seed)
                given = {name: from_numpy(array, library) for name, array in inputs.items()}
                memory, out = make_out(case, type, library)
                call(case, given, target=target, out=out)
                results = {name: array for (name, _, _), array in zip(case.results(), memory)}
                output, lse = runner.check_results(case, type, inputs, results)
                failures = output.failures + (lse.failures if lse else [])
                if case.sequences is None:
                    # A result of the package's own has the same bits.
                    returned = call(case, given, target=target)
                    failures += [f"{name} differs without out" for name, array in returned.items()
                                 if not np.array_equal(arrays.bits(to_numpy(array)),
                                                       arrays.bits(results[name]))]  # fmt: skip
                report(f"{name} {type} {library} {target}", not failures, "; ".join(failures))
    report.finish()


main()
