# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the harness itself, by independent means.

The reference is compared with explicit loops over scalars, hand-computed values
and identities. The tolerance rule must accept a model of a correct kernel and
reject planted errors. The case table must fulfil its own promises.
"""

from __future__ import annotations

import dataclasses
import math
import tempfile
from pathlib import Path

import numpy as np

from . import arrays, cases, reference, runner, tolerance
from .cases import Case


def _expect(condition, text: str) -> None:
    if not condition:
        raise AssertionError(text)


def _near(got, wanted, text: str, limit: float = 1e-12) -> None:
    error = np.abs(np.asarray(got) - np.asarray(wanted)).max(initial=0.0)
    _expect(error <= limit, f"{text}: {got} and {wanted} differ by {error:.3e}")


# The formulas once more, one scalar at a time.


def _row_by_loops(case: Case, q, keys, values, i: int):
    """One row of one map: (list of dv values, LSE)."""
    n, m = case.n, len(keys)
    scale = case.scale if case.scale is not None else 1 / math.sqrt(case.d)
    left, right = case.window if case.window else (-1, -1)
    if case.causal:
        right = 0
    seen = []
    for j in range(m):
        if right >= 0 and j > i + (m - n) + right:
            continue
        if left >= 0 and j < i + (m - n) - left:
            continue
        score = scale * sum(float(a) * float(b) for a, b in zip(q, keys[j]))
        if case.softcap is not None:
            score = case.softcap * math.tanh(score / case.softcap)
        seen.append((score, j))
    width = values.shape[1]
    if not seen:
        return [0.0] * width, -math.inf
    top = max(score for score, _ in seen)
    total = sum(math.exp(score - top) for score, _ in seen)
    row = [sum(math.exp(score - top) / total * float(values[j][c]) for score, j in seen)
           for c in range(width)]  # fmt: skip
    return row, top + math.log(total)


def _by_loops(case: Case, inputs):
    """A layer by loops, with head maps as in the definition of the op."""
    q, k, v = (inputs[name].astype(np.float64) for name in ("query", "key", "value"))
    output = np.empty(case.results()[0][1])
    lse = np.empty((case.b, case.query_heads, case.n))
    for b in range(case.b):
        for i in range(case.n):
            maps = []
            for head in range(case.query_heads):
                if case.variant == "standard":
                    key_head = value_head = head // (case.h // case.hkv)
                elif case.variant == "v2":
                    key_head = value_head = head // (2 * case.h // case.hkv)
                else:
                    value_head = (head // 2) // (case.h // case.hkv)
                    key_head = 2 * value_head + head % 2
                row, lse[b, head, i] = _row_by_loops(
                    case, q[b, i, head], k[b, :, key_head], v[b, :, value_head], i)
                maps.append(row)
            for j in range(case.h):
                if case.variant == "standard":
                    output[b, i, j] = maps[j]
                    continue
                first, second = maps[2 * j], maps[2 * j + 1]
                if case.variant == "v2":
                    gate = 1 / (1 + math.exp(-float(inputs["lambda"][b, i, j])))
                    output[b, i, j] = [x - gate * y for x, y in zip(first, second)]
                else:
                    lam = float(inputs["lambda"][j])
                    x = [x - lam * y for x, y in zip(first, second)]
                    size = math.sqrt(sum(y * y for y in x) / len(x) + 1e-5)
                    init = case.lambda_init if case.lambda_init is not None else 0.8
                    output[b, i, j] = [(1 - init) * y / size * float(w)
                                       for y, w in zip(x, inputs["weight"])]  # fmt: skip
    return output, lse


def check_reference_by_loops(seed: int) -> None:
    tiny = dict(b=2, h=4, hkv=2, d=4, lse=True)
    masks = (dict(), dict(causal=True), dict(window=(1, 2)), dict(window=(0, -1)),
             dict(window=(-1, 0), softcap=1.5),
             dict(window=(2, 3), causal=True, scale=0.9))  # fmt: skip
    shapes = (dict(), dict(hkv=1), dict(hkv=4), dict(h=6, hkv=2))
    for variant, more in (("v2", ()), ("v1", ()), ("standard", (dict(dv=7),))):
        for n, m in ((3, 5), (6, 2), (4, 4), (1, 1), (2, 0), (0, 3)):
            for mask in masks:
                for shape in shapes + more:
                    case = Case(variant, "self-test", n=n, m=m, **(tiny | mask | shape))
                    if variant == "v1":
                        case = dataclasses.replace(case, lambda_init=0.3)
                    inputs = arrays.make_inputs(case, "f64", seed)
                    output, lse = _by_loops(case, inputs)
                    result = reference.reference(case, inputs)
                    _near(result["output"], output, f"{case}: output", 1e-11)
                    finite = np.isfinite(lse)
                    _expect(np.array_equal(finite, np.isfinite(result["lse"])), f"{case}: LSE")
                    _near(result["lse"][finite], lse[finite], f"{case}: LSE")


# Values by hand.


def check_reference_by_hand(seed: int) -> None:
    def layer(variant, n, m, inputs, **fields):
        case = Case(variant, "by-hand", b=1, n=n, m=m, h=1, hkv=1, d=1, lse=True, **fields)
        shaped = {name: np.array(inputs[name], float).reshape(shape)
                  for name, shape, _ in case.arguments()}  # fmt: skip
        return reference.reference(case, shaped)

    # Scores 0 and ln 3: probabilities 1/4 and 3/4 over the values 8 and 16.
    two = dict(query=[1], key=[0, math.log(3)], value=[8, 16])
    result = layer("standard", 1, 2, two)
    _near(result["output"].ravel(), [14], "standard by hand")
    _near(result["lse"].ravel(), [math.log(4)], "LSE by hand")
    # The second map with query 0 is the mean, 12; sigmoid(0) is 1/2: 14 - 6.
    result = layer("v2", 1, 2, two | {"query": [1, 0], "lambda": [0]})
    _near(result["output"].ravel(), [8], "V2 by hand")
    _near(result["lse"].ravel(), [math.log(4), math.log(2)], "V2's LSE by hand")
    # sigmoid(ln 3) is 3/4: 14 - 9; a lambda of -inf leaves the first map.
    result = layer("v2", 1, 2, two | {"query": [1, 0], "lambda": [math.log(3)]})
    _near(result["output"].ravel(), [5], "V2's sigmoid by hand")
    result = layer("v2", 1, 2, two | {"query": [1, 0], "lambda": [-math.inf]})
    _expect(result["output"].ravel()[0] == 14, "V2 with lambda = -inf")
    # softcap 2: 2 tanh(ln 3 / 2) = 2 (3 - 1)/(3 + 1) = 1.
    result = layer("standard", 1, 1, dict(query=[1], key=[math.log(3)], value=[1]), softcap=2.0)
    _near(result["lse"].ravel(), [1], "softcap by hand")
    # V1, one key: value (3, 4), lambda 1/2: (1.5, 2), mean square 3.125;
    # times weight (1, 2), times 1 - lambda_init = 3/4.
    v1 = dict(query=[1, 1], key=[1, 1], value=[3, 4], weight=[1, 2])
    v1["lambda"] = [0.5]
    result = layer("v1", 1, 1, v1, lambda_init=0.25)
    size = math.sqrt(3.125 + 1e-5)
    _near(result["output"].ravel(), [0.75 * 1.5 / size, 0.75 * 4 / size], "V1 by hand")
    # lambda_init's default is 0.8.
    result = layer("v1", 1, 1, v1)
    _near(result["output"].ravel()[0], 0.2 * 1.5 / size, "V1's default by hand")
    # A row that sees no key; the causal mask is aligned to the last key.
    result = layer("standard", 2, 1, dict(query=[1, 1], key=[1], value=[5]), causal=True)
    _expect(result["output"].ravel().tolist() == [0, 5], "causal with N > M by hand")
    _expect(result["lse"].ravel()[0] == -math.inf, "LSE of an empty row")
    # Five keys, three queries, window (1, 0): query i sees keys i+1 and i+2.
    mask = reference.visible(3, 5, False, (1, 0))
    seen = [list(np.flatnonzero(row)) for row in mask]
    _expect(seen == [[1, 2], [2, 3], [3, 4]], f"window by hand: {seen}")


def check_identities(seed: int) -> None:
    case = Case("v2", "identity", b=2, n=9, m=12, lse=True, causal=True, h=4, hkv=2)
    inputs = arrays.make_inputs(case, "f64", seed)
    inputs["lambda"][:] = -np.inf
    result = reference.reference(case, inputs)
    standard = dataclasses.replace(case, variant="standard")
    even = reference.reference(standard, inputs | {"query": inputs["query"][:, :, ::2]})
    _near(result["output"], even["output"], "V2 with lambda = -inf", 0.0)
    # Values of one: a row of probabilities sums to one.
    ones = inputs | {"query": inputs["query"][:, :, ::2], "value": np.ones_like(inputs["value"])}
    _near(reference.reference(standard, ones)["output"], 1.0, "rows of the softmax")
    # exp(S - LSE) are the probabilities: they reproduce the output.
    scores = np.einsum("bnd,bmd->bnm", inputs["query"][:, :, 0], inputs["key"][:, :, 0])
    scores = np.where(reference.visible(9, 12, True, None), scores / 32**0.5, -np.inf)
    again = np.exp(scores - result["lse"][:, 0, :, None]) @ inputs["value"][:, :, 0]
    _near(again, result["output"][:, :, 0], "probabilities from the LSE")
    # A new scale is a rescaled query; a huge softcap is none.
    halved = dataclasses.replace(standard, scale=0.5 * 32**-0.5)
    doubled = reference.reference(halved, ones | {"query": 2 * ones["query"],
                                                  "value": inputs["value"]})  # fmt: skip
    _near(doubled["output"], even["output"], "scale")
    capped = dataclasses.replace(case, softcap=1e6)
    _near(reference.reference(capped, inputs)["output"], result["output"], "softcap", 1e-9)
    # V1's rows have mean square (1 - lambda_init)^2 before the weight, but for eps.
    v1 = Case("v1", "identity", n=9, m=12, lambda_init=0.4)
    inputs = arrays.make_inputs(v1, "f64", seed)
    rows = reference.reference(v1, inputs)["output"] / inputs["weight"]
    _near(np.mean(rows**2, axis=-1), 0.36, "RMS norm", 5e-3)


# The tolerance rule.


class _Kernel:
    """The arithmetic of a correct kernel: f32 throughout; see _model."""

    def __call__(self, x):
        return np.asarray(x, np.float32)


def _model(case: Case, inputs, element_type: str) -> dict:
    """A correct kernel in f32 that rounds only P (unnormalized) and the output."""
    if element_type == "f64":
        return reference.reference(case, inputs)
    dtype = arrays.DTYPES[element_type]

    def attend(q, k, v, mask, scale, softcap, r):
        s = reference.products(q, k) * np.float32(scale)
        if softcap is not None:
            s = np.float32(softcap) * np.tanh(s / np.float32(softcap))
        s = np.where(mask, s, np.float32(-np.inf))
        top = s.max(axis=1, initial=-np.inf)
        top = np.where(top == -np.inf, np.float32(0), top)
        p = np.exp(s - top[:, None])
        total = p.sum(axis=1)
        with np.errstate(divide="ignore"):
            lse = top + np.log(total)
        o = p.astype(dtype).astype(np.float32) @ v
        return o / np.where(mask.any(axis=1), total, np.float32(1))[:, None], lse

    result = reference.evaluate(case, inputs, _Kernel(), attend)
    result["output"] = result["output"].astype(dtype)
    return result


def check_right_kernel_passes(seed: int) -> None:
    for row in cases.rows():
        case = row.case
        if row.route != "cpu" or case.n * case.m > 300_000:
            continue
        # The squares of the model's norm leave f32.
        if case.inputs == "values-huge":
            continue
        inputs = arrays.make_inputs(case, row.element_type, seed)
        results = _model(case, inputs, row.element_type)
        for measured in runner.check_results(case, row.element_type, inputs, results):
            if measured is not None:
                _expect(not measured.failures,
                        f"a right kernel fails {row.name}: {measured.failures}")  # fmt: skip


def _planted(case: Case, inputs: dict) -> dict[str, tuple[Case, dict]]:
    """Errors that a compiler might make, as changed layers or inputs."""
    heads = case.query_heads
    h = case.h
    result = {}

    def swapped(name, axis, order):
        return inputs | {name: np.take(inputs[name], order, axis=axis)}

    replace = dataclasses.replace
    result["kv head i % h_kv"] = (
        replace(case, hkv=h),
        inputs | {name: np.concatenate([inputs[name]] * (h // case.hkv), axis=2)
                  for name in ("key", "value")})  # fmt: skip
    if heads != h:
        halves = np.arange(heads).reshape(2, h).T.ravel()
        result["pairs are halves"] = (case, swapped("query", 2, halves))
        swap = np.arange(heads).reshape(h, 2)[:, ::-1].ravel()
        result["maps exchanged"] = (case, swapped("query", 2, swap))
    result["mask off by one, more"] = (replace(case, causal=False, window=(-1, 1)), inputs)
    result["no mask"] = (replace(case, causal=False), inputs)
    result["wrong scale"] = (replace(case, scale=1 / case.d), inputs)
    result["a softcap"] = (replace(case, softcap=5.0), inputs)
    result["last key unread"] = (replace(case, m=case.m - 1, causal=False, window=(-1, 1)),
                                 inputs | {n: inputs[n][:, :-1] for n in ("key", "value")})  # fmt: skip
    if case.variant == "v2":
        result["no sigmoid"] = (case, inputs | {"lambda": np.full_like(inputs["lambda"], 50)})
        result["sigmoid of -lambda"] = (case, inputs | {"lambda": -inputs["lambda"]})
    if case.variant == "v1":
        result["no 1 - lambda_init"] = (replace(case, lambda_init=0.0), inputs)
        result["+ lambda"] = (case, inputs | {"lambda": -inputs["lambda"]})
        result["no weight"] = (case, inputs | {"weight": np.ones_like(inputs["weight"])})
        key_heads = inputs["key"].shape[2]
        order = np.arange(key_heads).reshape(2, -1).T.ravel()
        result["key heads are halves"] = (case, swapped("key", 2, order))
    return result


def check_planted_errors_fail(seed: int) -> None:
    for variant in ("v2", "v1", "standard"):
        # h_kv = 4 has the key heads of halves and of pairs differ.
        case = Case(variant, "planted", n=33, m=47, h=8, hkv=4, d=32, causal=True, lse=True)
        for element_type in cases.PTX_TYPES:
            inputs = arrays.make_inputs(case, element_type, seed)

            def caught(results) -> list[str]:
                output, lse = runner.check_results(case, element_type, inputs, results)
                return output.failures + lse.failures

            right = _model(case, inputs, element_type)
            _expect(not caught(right), f"{variant} {element_type}: {caught(right)}")
            for what, (wrong_case, wrong_inputs) in _planted(case, inputs).items():
                wrong = _model(wrong_case, wrong_inputs, element_type)
                failures = caught(wrong)
                _expect(any("max error" in f or "norm error" in f for f in failures),
                        f"{variant} {element_type}: '{what}' passes")  # fmt: skip

            if variant == "v2":  # + in place of -
                lone = inputs | {"lambda": np.full_like(inputs["lambda"], -np.inf)}
                first = reference.reference(case, lone)["output"]
                wrong = 2 * first - reference.reference(case, inputs)["output"]
                wrong = wrong.astype(arrays.DTYPES[element_type])
                _expect(caught(right | {"output": wrong}), "wrong sign of the subtraction passes")
            _check_forms(right, caught, element_type)


def _check_forms(right: dict, caught, element_type: str) -> None:
    """Planted formal errors: each must fail by its own clause."""

    def spoilt(name, value, at=(0, -1, 0)):
        array = right[name].copy()
        array[at] = value
        return right | {name: array}

    output, lse = right["output"], right["lse"]
    dtype = output.dtype
    wrong_type = np.float64 if output.dtype == np.float32 else np.float32
    sooner = right | {"lse": (lse / math.log(2)).astype(np.float32)}
    for clause, results in (
        ("output: type", right | {"output": output.astype(wrong_type)}),
        ("output: shape", right | {"output": output[:, :-1]}),
        ("output: written", spoilt("output", np.nan, (0, -1, -1, -1))),
        ("output: inf", spoilt("output", np.inf)),
        ("output: max error", spoilt("output", output[0, 3, 0] + dtype.type(0.3), (0, 3, 0))),
        ("lse: type", right | {"lse": lse.astype(np.float64)}),
        ("lse: shape", right | {"lse": lse.transpose(0, 2, 1)}),
        ("lse: written", spoilt("lse", np.nan)),
        ("lse: inf", spoilt("lse", -np.inf)),
        ("lse: error", sooner),
        ("lse: error", spoilt("lse", lse[0, -1, 0] + 5e-4)),
    ):
        failures = caught(results)
        _expect(any(f.startswith(clause) for f in failures),
                f"{element_type}: clause '{clause}' does not fail: {failures}")  # fmt: skip


def check_empty_rows_and_nan(seed: int) -> None:
    case = Case("v2", "empty", n=9, m=4, causal=True, lse=True)
    inputs = arrays.make_inputs(case, "f32", seed)
    right = _model(case, inputs, "f32")
    output, lse = right["output"], right["lse"]
    _expect(not output[:, :5].any() and np.isneginf(lse[:, :, :5]).all(), "empty rows")
    for name, at, value, clause in (
        ("output", (0, 0, 0, 0), 1e-30, "output: zero"),
        ("output", (0, 0, 0, 0), np.nan, "output: written"),
        ("lse", (0, 0, 0), np.inf, "lse: inf"),
        ("lse", (0, 0, 0), -1e30, "lse: inf"),
    ):
        array = right[name].copy()
        array[at] = value
        pair = runner.check_results(case, "f32", inputs, right | {name: array})
        failures = [f for measured in pair for f in measured.failures]
        _expect(any(f.startswith(clause) for f in failures), f"{clause}: {failures}")
    case = Case("v2", "nan", n=9, m=9, inputs="nan-query")
    inputs = arrays.make_inputs(case, "f32", seed)
    right = _model(case, inputs, "f32")["output"]
    measured, _ = runner.check_results(case, "f32", inputs, {"output": right})
    _expect(not measured.failures, f"NaN in its row: {measured.failures}")
    measured, _ = runner.check_results(case, "f32", inputs, {"output": np.nan_to_num(right)})
    _expect(any("NaN" in f for f in measured.failures), "a NaN that vanishes passes")
    # The comparisons that relations use.
    flipped = right.copy()
    flipped[0, 0, 0, 0] = np.nextafter(flipped[0, 0, 0, 0], np.float32(9))
    _expect(not tolerance.compare("x", right, flipped, "f32", 9), "compare rejects one ulp")
    _expect(tolerance.compare("x", right, right * np.float32(1.001), "f32", 9), "compare")
    _expect(not tolerance.identical("x", right, right.copy()), "identical rejects a copy")
    _expect(tolerance.identical("x", right, flipped), "identical passes one ulp")


def check_overflowing_yardstick(seed: int) -> None:
    """If the naive formula overflows, right still passes and wrong does not."""
    rng = np.random.default_rng(seed)
    ref = rng.uniform(-4, 4, (1, 5, 2, 8))
    right = ref.astype(np.float16)
    naive = (ref * (1 + 1e-3)).astype(np.float16)
    partly = naive.copy()
    partly[0, 1] = np.nan
    partly[0, 2] = np.inf
    for what, yardstick in (
        ("NaN", np.full_like(naive, np.nan)),
        ("infinite", np.full_like(naive, -np.inf)),
        ("partly NaN", partly),
    ):
        measured = tolerance.check_output(right, ref, yardstick, "f16", 9)
        _expect(not measured.failures, f"{what} yardstick: {measured.failures}")
        _expect(0 < measured.yardstick < 1e-2, f"{what} yardstick is {measured.yardstick}")
        for value in (ref[0, 1, 0, 0] + 0.05, np.nan, np.inf):
            wrong = right.copy()
            wrong[0, 1, 0, 0] = value
            measured = tolerance.check_output(wrong, ref, yardstick, "f16", 9)
            _expect(measured.failures, f"{what} yardstick: {value} passes")
    # A reference that the type itself cannot hold asks for nothing finite.
    huge = tolerance.check_output(np.full((1, 1, 1, 1), np.inf, np.float16),
                                  np.full((1, 1, 1, 1), 1e5), np.full((1, 1, 1, 1), np.nan),
                                  "f16", 1)  # fmt: skip
    _expect(any("inf" in f for f in huge.failures), "infinity for a finite reference passes")


def check_files(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for element_type, descr in (
            ("f16", "<f2"), ("bf16", "V2"), ("f32", "<f4"), ("f64", "<f8"),
        ):  # fmt: skip
            for shape in ((2, 3, 4), (0, 3), (5,)):
                array = np.random.default_rng(seed).standard_normal(shape)
                array = array.astype(arrays.DTYPES[element_type])
                path = Path(folder) / "a.npy"
                arrays.save(path, np.asfortranarray(array))
                again = arrays.load(path)
                _expect(again.dtype == array.dtype, f"{element_type}: type from a file")
                _expect(not tolerance.identical("file", array, again), f"{element_type}: file")
                header = path.read_bytes()[:128].decode("latin-1")
                _expect(descr in header and "'fortran_order': False" in header, header)


def check_case_table(seed: int) -> None:
    rows = list(cases.rows())
    names = [row.name for row in cases.rows(full=True)]
    _expect(len(set(names)) == len(names), "two rows have the same name")
    _expect(set(row.name for row in rows) <= set(names), "the full set lacks a default row")
    _expect(140 <= len(rows) <= 450, f"the default set has {len(rows)} rows")
    for row in cases.rows(full=True):
        _expect(cases.find_row(row.name) == row, f"{row.name} is not found by name")
    ran = {(r.case.variant, r.element_type, r.route) for r in rows}
    for variant in ("v2", "v1", "standard"):
        for route in cases.ROUTES:
            for element_type in cases.LINALG_TYPES if route == "linalg" else cases.ELEMENT_TYPES:
                _expect((variant, element_type, route) in ran,
                        f"no row of {variant}, {element_type}, {route}")  # fmt: skip
    masks = {(r.case.variant, r.element_type, r.case.causal, r.case.window is not None)
             for r in cases.rows(["sim"])}  # fmt: skip
    kinds = 3 * len(cases.PTX_TYPES) * 4
    _expect(len(masks) == kinds, f"the simulator runs {len(masks)} of {kinds} kinds of mask")
    for case in cases.CASES:
        _expect(case.heavy or case.types or case.ptx, f"{case.name} runs on no route but linalg")
        _expect(case.h % case.hkv == 0, f"{case.name}: head counts")


CHECKS = (
    check_reference_by_loops, check_reference_by_hand, check_identities,
    check_right_kernel_passes, check_planted_errors_fail, check_empty_rows_and_nan,
    check_overflowing_yardstick, check_files, check_case_table,
)  # fmt: skip


def run(seed: int) -> list[str]:
    """Runs the checks and returns the failures."""
    failures = []
    for check in CHECKS:
        try:
            check(seed)
        except AssertionError as error:
            failures.append(f"{check.__name__}: {error}")
            print(f"{check.__name__}: FAIL")
        else:
            print(f"{check.__name__}: ok")
    return failures
