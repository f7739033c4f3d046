# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Relations between runs that hold without a reference.

Each function takes the tools, a route and a seed, and returns the failures.
Results must be identical bit for bit if the same arithmetic must have run.
Otherwise, two results may differ as tolerance.compare() allows.
"""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Callable

import numpy as np

from . import arrays, reference, tolerance
from .cases import PLAIN_RELATIONS, PTX_RELATIONS, ROUTE_RELATIONS, Case, packed
from .runner import Tools

TYPES = ("f32", "bf16", "f16")
#: Variants and types for relations that do not test all of them.
PAIRS = (("v2", "f32"), ("v2", "bf16"), ("v1", "f16"), ("standard", "f32"))


def _layer(variant: str, **fields) -> Case:
    """A small GQA layer with LSE, larger than a tile with tails on both sides."""
    return Case(variant, "relation", **(dict(n=37, m=53, lse=True) | fields))


def _identical(what: str, one: dict, two: dict) -> list[str]:
    return [f for name in one
            for f in tolerance.identical(f"{what}: {name}", one[name], two[name])]  # fmt: skip


def _close(what: str, one: dict, two: dict, element_type: str, m: int) -> list[str]:
    failures = tolerance.compare(f"{what}: output", one["output"], two["output"], element_type, m)
    if "lse" in one:
        reference = two["lse"].astype(np.float64)
        failures += [f"{what}: {f}" for f in
                     tolerance.check_lse(one["lse"], reference, factor=2).failures]  # fmt: skip
    return failures


def lambda_minus_infinity(tools: Tools, route: str, seed: int) -> list[str]:
    """V2 with lambda = -inf is standard attention on the even heads, bit for bit."""
    failures = []
    for element_type in TYPES:
        v2 = _layer("v2", causal=True)
        inputs = arrays.make_inputs(v2, element_type, seed)
        inputs["lambda"] = np.full_like(inputs["lambda"], -np.inf)
        two = tools.layer(v2, element_type, route, inputs)
        standard = dataclasses.replace(v2, variant="standard")
        even = {"query": inputs["query"][:, :, 0::2], "key": inputs["key"],
                "value": inputs["value"]}  # fmt: skip
        one = tools.layer(standard, element_type, route, even)
        two["lse"] = two["lse"][:, 0::2]
        failures += _identical(element_type, two, one)
    return failures


def permuted_keys(tools: Tools, route: str, seed: int) -> list[str]:
    """Without a mask the order of the keys does not matter."""
    failures = []
    for variant, element_type in PAIRS:
        case = _layer(variant)
        inputs = arrays.make_inputs(case, element_type, seed)
        order = np.random.default_rng(seed).permutation(case.m)
        permuted = inputs | {name: inputs[name][:, order] for name in ("key", "value")}
        ir = tools.generate(case, element_type)
        one = tools.run(ir, inputs, case, route)
        two = tools.run(ir, permuted, case, route)
        failures += _close(f"{variant} {element_type}", one, two, element_type, case.m)
    return failures


def repeated_key_value_heads(tools: Tools, route: str, seed: int) -> list[str]:
    """GQA is MHA with repeated keys and values. The results are identical on the
    unfused route, whose scalar arithmetic does not depend on head counts. A tiled
    route may put the heads of a group into one tile, so there they are close."""
    failures = []
    for variant, element_type in PAIRS:
        gqa = _layer(variant, causal=True)
        group = gqa.h // gqa.hkv
        inputs = arrays.make_inputs(gqa, element_type, seed)
        key, value = inputs["key"], inputs["value"]
        head = np.arange(gqa.h)
        if variant == "v1":  # key heads are pairs: (2 kv, 2 kv + 1)
            key_heads = np.stack([2 * (head // group), 2 * (head // group) + 1], axis=1).ravel()
        else:
            key_heads = head // group
        repeated = inputs | {"key": key[:, :, key_heads], "value": value[:, :, head // group]}
        mha = dataclasses.replace(gqa, hkv=gqa.h)
        one = tools.layer(gqa, element_type, route, inputs)
        two = tools.layer(mha, element_type, route, repeated)
        what = f"{variant} {element_type}"
        if route == "linalg":
            failures += _identical(what, one, two)
        else:
            failures += _close(what, one, two, element_type, gqa.m)
    return failures


def independent_batch_rows(tools: Tools, route: str, seed: int) -> list[str]:
    """A batch row is the same, bit for bit, alone and with one full of NaN."""
    failures = []
    for variant, element_type in (("v2", "f32"), ("v2", "bf16"), ("v1", "f32")):
        case = _layer(variant, b=3, causal=True, dynamic=True)
        inputs = arrays.make_inputs(case, element_type, seed)
        per_batch = [name for name, array in inputs.items() if array.ndim > 2]
        ir = tools.generate(case, element_type)
        whole = tools.run(ir, inputs, case, route)
        what = f"{variant} {element_type}"
        for row in (0, 2):
            alone = inputs | {name: inputs[name][row : row + 1] for name in per_batch}
            single = tools.run(ir, alone, case, route)
            part = {name: array[row : row + 1] for name, array in whole.items()}
            failures += _identical(f"{what}: batch row {row} alone", part, single)
        spoilt = inputs | {name: inputs[name].copy() for name in per_batch}
        for name in per_batch:
            spoilt[name][1] = np.nan
        beside = tools.run(ir, spoilt, case, route)
        for row in (0, 2):
            failures += _identical(
                f"{what}: batch row {row} beside NaN",
                {name: array[row] for name, array in whole.items()},
                {name: array[row] for name, array in beside.items()})  # fmt: skip
        if not np.isnan(beside["output"][1].astype(np.float64)).all():
            failures.append(f"{what}: the batch row full of NaN is not NaN")
    return failures


def nan_stays_in_its_row(tools: Tools, route: str, seed: int) -> list[str]:
    """A NaN in one query row makes that row of that head NaN. All other rows are the
    same, bit for bit."""
    failures = []
    for variant, element_type in PAIRS:
        case = _layer(variant, b=2, causal=True)
        inputs = arrays.make_inputs(case, element_type, seed)
        ir = tools.generate(case, element_type)
        clean = tools.run(ir, inputs, case, route)
        maps = case.query_heads // case.h
        for token, head in ((0, 0), (18, maps + 1)):
            query = inputs["query"].copy()
            query[1, token, head, 3] = np.nan
            spoilt = tools.run(ir, inputs | {"query": query}, case, route)
            what = f"{variant} {element_type}, NaN in query [1, {token}, {head}, 3]"
            rows = {"output": (1, token, head // maps), "lse": (1, head, token)}
            for name, row in rows.items():
                if not np.isnan(np.asarray(spoilt[name][row], np.float64)).all():
                    failures.append(f"{what}: {name} {list(row)} is not NaN throughout")
                spoilt[name][row] = clean[name][row]
            failures += _identical(what, spoilt, clean)
    return failures


_RUNS = (
    ("v2", "bf16", dict(b=2, causal=True)),
    ("v2", "f32", dict(n=150, m=170, d=16, dynamic=True)),
    ("v1", "f16", dict(window=(9, 4))),
)


def same_result_every_run(tools: Tools, route: str, seed: int) -> list[str]:
    """The same inputs give the same bits, run after run."""
    failures = []
    for variant, element_type, fields in _RUNS:
        case = _layer(variant, **fields)
        inputs = arrays.make_inputs(case, element_type, seed)
        one, two = (tools.layer(case, element_type, route, inputs) for _ in range(2))
        failures += _identical(f"{variant} {element_type}", one, two)
    return failures


def same_result_any_thread_count(tools: Tools, route: str, seed: int) -> list[str]:
    """One, two and three threads give the same bits."""
    failures = []
    for variant, element_type, fields in _RUNS:
        case = _layer(variant, **fields)
        inputs = arrays.make_inputs(case, element_type, seed)
        ir = tools.generate(case, element_type)
        one, two, three = (tools.run(ir, inputs, case, route, threads) for threads in (1, 2, 3))
        failures += _identical(f"{variant} {element_type}: 1 and 2 threads", one, two)
        failures += _identical(f"{variant} {element_type}: 1 and 3 threads", one, three)
    return failures


def static_and_dynamic_agree(tools: Tools, route: str, seed: int) -> list[str]:
    """A layer with dynamic sizes computes the same as with static sizes."""
    failures = []
    for variant, element_type in PAIRS:
        case = _layer(variant, b=2, causal=True)
        inputs = arrays.make_inputs(case, element_type, seed)
        one = tools.layer(case, element_type, route, inputs)
        two = tools.layer(dataclasses.replace(case, dynamic=True), element_type, route, inputs)
        failures += _close(f"{variant} {element_type}", one, two, element_type, case.m)
    return failures


def equivalent_masks(tools: Tools, route: str, seed: int) -> list[str]:
    """Causal is the window (-1, 0). A window that covers all keys has no effect."""
    failures = []
    case = _layer("v2")
    inputs = arrays.make_inputs(case, "f32", seed)
    for what, one, two in (
        ("causal", dict(causal=True), dict(window=(-1, 0))),
        ("causal window", dict(causal=True, window=(5, 9)), dict(window=(5, 0))),
        ("everything", dict(), dict(window=(case.m, case.n))),
        ("unlimited", dict(), dict(window=(-1, -1))),
    ):
        results = [tools.layer(dataclasses.replace(case, **mask), "f32", route, inputs)
                   for mask in (one, two)]  # fmt: skip
        failures += _close(what, *results, "f32", case.m)
    return failures


def composition_of_standard(tools: Tools, route: str, seed: int) -> list[str]:
    """Both variants are standard attention followed by an epilogue."""
    return _composition_of_v2(tools, route, seed) + _composition_of_v1(tools, route, seed)


def _composition_of_v2(tools: Tools, route: str, seed: int) -> list[str]:
    """V2 is standard attention on 2h heads followed by the gated subtraction."""
    v2 = _layer("v2", causal=True, window=(20, -1), softcap=4.0)
    inputs = arrays.make_inputs(v2, "f32", seed)
    one = tools.layer(v2, "f32", route, inputs)
    standard = dataclasses.replace(v2, variant="standard", h=2 * v2.h)
    heads = {name: inputs[name] for name in ("query", "key", "value")}
    two = tools.layer(standard, "f32", route, heads)
    gate = 1 / (1 + np.exp(-inputs["lambda"].astype(np.float64)))[..., None]
    maps = two["output"].astype(np.float64)
    two["output"] = (maps[:, :, 0::2] - gate * maps[:, :, 1::2]).astype(np.float32)
    return _close("v2", one, two, "f32", v2.m)


def _composition_of_v1(tools: Tools, route: str, seed: int) -> list[str]:
    """V1 is a standard attention for each map, with values of twice the width,
    followed by the subtraction and the norm."""
    v1 = _layer("v1", causal=True, window=(20, -1), softcap=4.0, lambda_init=0.3)
    inputs = arrays.make_inputs(v1, "f32", seed)
    one = tools.layer(v1, "f32", route, inputs)
    standard = dataclasses.replace(v1, variant="standard", dv=v1.value_dim, lambda_init=None)
    maps = [tools.layer(standard, "f32", route,
                        {"query": inputs["query"][:, :, i::2], "key": inputs["key"][:, :, i::2],
                         "value": inputs["value"]}) for i in (0, 1)]  # fmt: skip
    exact = reference.Exact()
    first, second = (exact(results["output"]) for results in maps)
    rows = first - exact(inputs["lambda"])[:, None] * second
    normed = reference.rms_norm(rows, exact(inputs["weight"]), exact)
    two = {"output": ((1 - v1.lambda_init) * normed).astype(np.float32),
           "lse": np.stack([results["lse"] for results in maps], 2).reshape(one["lse"].shape)}  # fmt: skip
    return _close("v1", one, two, "f32", v1.m)


def infinite_gate(tools: Tools, route: str, seed: int) -> list[str]:
    """A gate of +inf is a factor of 1: the results are those without a gate, bit for
    bit."""
    failures = []
    for variant, element_type in PAIRS:
        plain = _layer(variant, b=2, n=50, m=41, causal=True)
        gated = dataclasses.replace(plain, gate=True)
        inputs = arrays.make_inputs(gated, element_type, seed)
        inputs["gate"] = np.full_like(inputs["gate"], np.inf)
        one = tools.layer(gated, element_type, route, inputs)
        del inputs["gate"]
        two = tools.layer(plain, element_type, route, inputs)
        failures += _identical(f"{variant} {element_type}", one, two)
    return failures


def one_signal(tools: Tools, route: str, seed: int) -> list[str]:
    """An explicit signals(1) is the default, bit for bit."""
    failures = []
    for variant, element_type in (("v2", "bf16"), ("v1", "f32")):
        case = _layer(variant, causal=True)
        inputs = arrays.make_inputs(case, element_type, seed)
        ir = tools.generate(case, element_type)
        one = tools.run(ir, inputs, case, route)
        # The op's mask is the only one.
        given = " signals(1) mask<".join(ir.split(" mask<"))
        two = tools.run(given, inputs, case, route)
        failures += _identical(f"{variant} {element_type}", one, two)
    return failures


def signals_against_pairs(tools: Tools, route: str, seed: int) -> list[str]:
    """Signal heads that share a noise head are pairs that repeat it. The unfused
    route computes each map alone, so there the results are the same bits."""
    failures = []
    for variant, element_type, signals, fields in (
        ("v2", "f32", 4, dict(h=8, causal=True)),
        ("v2", "bf16", 3, dict(h=6, hkv=1, dv=48, gate=True, window=(20, -1))),
        ("v1", "f16", 4, dict(h=8, b=2)),
        ("v1", "f32", 2, dict(h=8, lambda_init=0.3, causal=True, gate=True)),
    ):
        groups = _layer(variant, signals=signals, **fields)
        pairs = dataclasses.replace(groups, signals=1)
        inputs = arrays.make_inputs(groups, element_type, seed)
        # The query heads of the pairs: each signal head with its group's noise head.
        head = np.arange(groups.h)
        first = head // signals * (signals + 1)
        both = np.stack([first + head % signals, first + signals], axis=1).ravel()
        one = tools.layer(groups, element_type, route, inputs)
        two = tools.layer(pairs, element_type, route,
                          inputs | {"query": inputs["query"][:, :, both]})  # fmt: skip
        one["lse"] = one["lse"][:, both]
        what = f"{variant} {element_type}, {signals} signals"
        if route == "linalg":
            failures += _identical(what, one, two)
        else:
            failures += _close(what, one, two, element_type, groups.m)
    return failures


def halves_against_interleaved(tools: Tools, route: str, seed: int) -> list[str]:
    """The order of the heads of a pair does not change the results."""
    failures = []
    for variant, element_type, fields in (
        ("v2", "bf16", dict(b=2, causal=True)),
        ("v2", "f32", dict(hkv=4, layout="bhsd", dynamic=True)),
        ("v1", "f32", dict(hkv=4, causal=True)),
        ("v1", "f16", dict(window=(9, 4), layout="bhsd", gate=True)),
    ):
        interleaved = _layer(variant, **fields)
        halves = dataclasses.replace(interleaved, pairs="halves")
        inputs = arrays.make_inputs(halves, element_type, seed)
        one = tools.layer(halves, element_type, route, inputs)
        two = tools.layer(interleaved, element_type, route,
                          arrays.swap_layout(interleaved, arrays.to_default(halves, inputs)))  # fmt: skip
        failures += _identical(f"{variant} {element_type}", one, two)
    return failures


#: Sequences of a few lengths, two of each.
_LENGTHS = ((20, 30), (37, 53), (20, 30), (0, 5), (37, 53))


def _varlen(variant: str, **fields) -> Case:
    return _layer(variant, dynamic=True, **packed(*_LENGTHS), **fields)


def _pick(case: Case, results: dict, sequence: int) -> dict:
    """Returns the results of one sequence."""
    begin, end = case.offsets[0][sequence : sequence + 2]
    return {"output": results["output"][begin:end], "lse": results["lse"][:, begin:end]}


def sequences_against_batch(tools: Tools, route: str, seed: int) -> list[str]:
    """Sequences of equal length are the entries of a batch, bit for bit."""
    failures = []
    for variant, element_type in (("v2", "f32"), ("v1", "f16")):
        case = _varlen(variant, causal=True, window=(30, -1))
        inputs = arrays.make_inputs(case, element_type, seed)
        whole = tools.layer(case, element_type, route, inputs)
        parts = reference.split_sequences(case, inputs)
        for length in ((20, 30), (37, 53)):
            numbers = [i for i, other in enumerate(_LENGTHS) if other == length]
            batch = dataclasses.replace(case, sequences=None, b=len(numbers), n=length[0],
                                        m=length[1])  # fmt: skip
            stacked = {name: np.concatenate([parts[i][name] for i in numbers])
                       if array.ndim > 1 else array
                       for name, array in parts[0].items()}  # fmt: skip
            results = tools.layer(batch, element_type, route, stacked)
            for entry, number in enumerate(numbers):
                failures += _identical(
                    f"{variant} {element_type}, sequence {number}", _pick(case, whole, number),
                    {name: array[entry] for name, array in results.items()})  # fmt: skip
    return failures


def independent_sequences(tools: Tools, route: str, seed: int) -> list[str]:
    """A sequence is the same, bit for bit, with others that are full of NaN."""
    failures = []
    for variant, element_type in (("v2", "f32"), ("v1", "f16")):
        case = _varlen(variant)
        inputs = arrays.make_inputs(case, element_type, seed)
        ir = tools.generate(case, element_type)
        clean = tools.run(ir, inputs, case, route)
        spoilt = {name: array.copy() for name, array in inputs.items()}
        ends = dict(zip(("query", "key"), case.offsets))
        for name, like in (("query", "query"), ("lambda", "query"), ("key", "key"), ("value", "key")):
            if name in spoilt and spoilt[name].ndim > 1:
                for number in (0, 2, 3):
                    spoilt[name][ends[like][number] : ends[like][number + 1]] = np.nan
        beside = tools.run(ir, spoilt, case, route)
        for number in (1, 4):
            failures += _identical(f"{variant} {element_type}, sequence {number}",
                                   _pick(case, clean, number), _pick(case, beside, number))  # fmt: skip
        if not np.isnan(_pick(case, beside, 2)["output"].astype(np.float64)).all():
            failures.append(f"{variant} {element_type}: the sequence full of NaN is not NaN")
    return failures


def layouts_agree(tools: Tools, route: str, seed: int) -> list[str]:
    """The memory order of heads and tokens does not change the results."""
    failures = []
    for variant, element_type, fields in (
        ("v2", "f16", dict(b=2, causal=True)),
        ("v1", "f32", dict(dynamic=True, window=(9, 4))),
        ("standard", "f32", packed(*_LENGTHS)),
    ):
        token_major = _layer(variant, **fields)
        head_major = dataclasses.replace(token_major, layout="bhsd")
        inputs = arrays.make_inputs(token_major, element_type, seed)
        one = tools.layer(token_major, element_type, route, inputs)
        two = tools.layer(head_major, element_type, route,
                          arrays.swap_layout(head_major, inputs))  # fmt: skip
        failures += _identical(f"{variant} {element_type}", one,
                               arrays.swap_layout(head_major, two))  # fmt: skip
    return failures


def routes_agree(tools: Tools, _: str, seed: int) -> list[str]:
    """The unfused and the tiled route agree."""
    failures = []
    for variant, element_type in PAIRS:
        case = _layer(variant, b=2, n=45, m=61, causal=True, window=(24, -1), softcap=3.0,
                      dynamic=True)  # fmt: skip
        inputs = arrays.make_inputs(case, element_type, seed)
        ir = tools.generate(case, element_type)
        one, two = (tools.run(ir, inputs, case, route) for route in ("linalg", "cpu"))
        failures += _close(f"{variant} {element_type}", one, two, element_type, case.m)
    return failures


def tf32_rounds_to_nearest(tools: Tools, route: str, seed: int) -> list[str]:
    """Inputs of f32 give the same bits as inputs rounded to tf32, to nearest, ties
    away from zero: the kernel rounds and does not truncate."""
    failures = []
    for variant in ("v2", "v1", "standard"):
        case = _layer(variant, causal=True, d=64)
        inputs = arrays.make_inputs(case, "f32", seed)
        halfway = np.float32(1 + 2**-11)  # of 1 and the next tf32
        inputs["query"][0, 0, 0, :2] = halfway, -halfway
        rounded = inputs | {name: arrays.round_to(inputs[name], "tf32")
                            for name in ("query", "key", "value")}  # fmt: skip
        one, two = (tools.layer(case, "tf32", route, given) for given in (inputs, rounded))
        failures += _identical(variant, one, two)
    return failures


#: Schedules that differ in every parameter. The first one uses threads.
_SCHEDULES = (
    "queries = 16, keys = 16, threads = 128",
    "queries = 64, keys = 64, threads = 128, stages = 1",
    "queries = 64, keys = 64, threads = 128, stages = 1, swizzle = false, skip_rescale = true",
    "queries = 32, keys = 32, threads = 64, stages = 2, skip_rescale = true",
    "queries = 16, keys = 80, threads = 32, stages = 3, swizzle = false",
    "queries = 128, keys = 16, threads = 256, stages = 2",
)


def schedules_agree(tools: Tools, route: str, seed: int) -> list[str]:
    """A layer has the same results, up to rounding, with every tile size, and each
    result is right."""
    failures = []
    for variant, element_type, fields in (
        ("v2", "bf16", dict(d=64, causal=True)),
        ("v2", "f16", dict(d=64, dynamic=True, window=(30, 9))),
        ("v1", "f16", dict(d=32, causal=True)),
        ("standard", "bf16", dict(d=64)),
    ):
        case = _layer(variant, **(dict(n=150, m=210) | fields))
        inputs = arrays.make_inputs(case, element_type, seed)
        ir = tools.generate(case, element_type)
        chosen = tools.run(ir, inputs, case, route)
        expected = reference.reference(case, inputs)["output"]
        naive = reference.yardstick(case, inputs, element_type)["output"]
        for schedule in _SCHEDULES:
            what = f"{variant} {element_type}, {schedule}"
            text = f" {{schedule = #diff.schedule<{schedule}>}} -> tensor"
            # The op's arrow is the last one.
            given = tools.run(text.join(ir.rsplit(" -> tensor", 1)), inputs, case, route)
            failures += _close(what, given, chosen, element_type, case.m)
            failures += tolerance.check_output(given["output"], expected, naive, element_type,
                                               case.m).failures  # fmt: skip
    return failures


_COMPILED = (
    ("v2", "bf16", dict(causal=True, d=128)),
    ("v1", "f16", dict(dynamic=True, window=(64, 0))),
    ("standard", "f32", dict(softcap=20.0)),
)


def same_bytes_of_ir(tools: Tools, _: str, seed: int) -> list[str]:
    """diff-gen prints the same bytes in any folder and with any thread count."""
    failures = []
    with tempfile.TemporaryDirectory() as here, tempfile.TemporaryDirectory() as there:
        for variant, element_type, fields in _COMPILED:
            command = ["diff-gen", *_layer(variant, **fields).generator_options(element_type)]
            texts = {tools.call(command, cwd=Path(folder), threads=threads)
                     for folder in (here, there) for threads in (1, 2)}  # fmt: skip
            if len(texts) != 1:
                failures.append(f"{variant}: diff-gen printed {len(texts)} different texts")
    return failures


def same_bytes_of_ptx(tools: Tools, _: str, seed: int) -> list[str]:
    """diff-opt writes the same PTX and manifest in any folder, for any path of the
    input file, and with any thread count."""
    failures = []
    for variant, element_type, fields in _COMPILED:
        ir = tools.call(["diff-gen", *_layer(variant, **fields).generator_options(element_type)])
        for emit in ("ptx", "manifest"):
            found = []
            for threads, options in ((1, []), (2, []), (2, ["--mlir-disable-threading"])):
                for relative in (False, True):
                    with tempfile.TemporaryDirectory() as folder:
                        path = Path(folder) / f"a-folder-{len(found)}"
                        path.mkdir()
                        (path / "in.mlir").write_text(ir)
                        base = Path(".") if relative else path
                        tools.call(["diff-opt", base / "in.mlir", *options, f"--emit={emit}",
                                    f"--diff-compile=chip={tools.chip}", "-o", base / "out"],
                                   threads=threads, cwd=path)  # fmt: skip
                        found.append((path / "out").read_bytes())
            if len(set(found)) != 1:
                failures.append(f"{variant}: {len(set(found))} different texts of {emit}")
            if not found[0].strip():
                failures.append(f"{variant}: the {emit} is empty")
    return failures


RELATIONS: dict[str, Callable] = {
    name: globals()[name.replace("-", "_")]
    for name in (*ROUTE_RELATIONS, *PTX_RELATIONS, *PLAIN_RELATIONS)
}


def run_relation(tools: Tools, name: str, seed: int) -> list[str]:
    """Runs NAME-ROUTE, or NAME for a relation without a route. Returns failures."""
    if name in PLAIN_RELATIONS:
        return RELATIONS[name](tools, "", seed)
    stem, _, route = name.rpartition("-")
    if stem not in (*ROUTE_RELATIONS, *PTX_RELATIONS):
        raise KeyError(f"no relation is called '{name}'")
    return RELATIONS[stem](tools, route, seed)
