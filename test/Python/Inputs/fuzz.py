# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random arguments of the functions: fuzz.py [--draws=N] [SEED]

A draw is a layer of a fixed pool with any batch, token counts, strides and library,
which must give the numbers of the formulas in float64; or the same with a damaged
argument, which must raise a documented exception or give these numbers.
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import replace

import diff_mlir
import numpy as np
from difftest import arrays, runner
from difftest.cases import Case
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from support import FUNCTIONS, NAMES, call

#: Few layers, because each type of them is compiled, for one query token and for more.
LAYERS = (
    Case("v2", "plain", h=2, hkv=1, d=8, causal=True),
    Case("v2", "lse", h=4, hkv=2, d=16, dv=8, lse=True, window=(3, 2)),
    Case("v2", "signals", h=4, hkv=1, d=8, signals=2, gate=True, softcap=2.0, layout="bhsd"),
    Case("v1", "plain", h=2, hkv=2, d=8, causal=True),
    Case("v1", "halves", h=4, hkv=2, d=8, pairs="halves", lambda_init=0.2, lse=True),
    Case("standard", "plain", h=2, hkv=1, d=8, dv=12, scale=0.5),
)
TYPES = ("f32", "f16", "bf16", "f64")
EXCEPTIONS = (ValueError, TypeError, RuntimeError)
COUNTS = {"right": 0, "refused": 0}

tokens = st.one_of(st.just(1), st.integers(0, 20), st.integers(21, 70))


@st.composite
def cases(draw):
    case = draw(st.sampled_from(LAYERS))
    if draw(st.integers(0, 3)) == 0:
        lengths = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=4))
        return replace(case, sequences=tuple(lengths), b=len(lengths),
                       n=sum(n for n, _ in lengths), m=sum(m for _, m in lengths))  # fmt: skip
    return replace(case, b=draw(st.integers(0, 3)), n=draw(tokens), m=draw(tokens))


def stretch(draw, array):
    """The same numbers in other memory."""
    kind = draw(st.integers(0, 4))
    if kind == 0 or array.ndim == 0:
        return array
    axes = list(range(array.ndim))
    if kind == 1:
        order = draw(st.permutations(axes))
        return np.ascontiguousarray(array.transpose(order)).transpose(np.argsort(order))
    if kind == 2:
        axis = draw(st.sampled_from(axes))
        return np.flip(np.flip(array, axis).copy(), axis)
    wide = np.full([size + (kind == 4) * 3 for size in array.shape], 1, array.dtype)
    view = wide[tuple(slice(0, size) for size in array.shape)]
    view[...] = array
    return view


#: Values that are wrong for most arguments.
JUNK = st.sampled_from([None, 0, -1, 1, 2, 2.5, float("nan"), float("inf"), 10**40, "", "bhsd", b"x",
                        [], (1,), (1, 2), (-1, -1), {}, True, np.float32(1), np.zeros(0, np.float32),
                        np.zeros((1, 1, 2, 8)), np.zeros((2, 3, 4, 8), np.float16), object(),
                        np.array(["a"]), np.zeros(3, np.int32), np.datetime64(1, "s")])  # fmt: skip
OPTIONS = ("causal", "window", "softcap", "scale", "return_lse", "layout", "gate", "signals",
           "pair_layout", "target", "chip", "out", "lambda_init", "eps", "weight",
           "cu_seqlens_q", "unknown")  # fmt: skip


@st.composite
def damages(draw):
    return draw(st.one_of(
        st.tuples(st.just("replace"), st.sampled_from((*NAMES.values(), *OPTIONS)), JUNK),
        st.tuples(st.just("slice"), st.integers(0, 7), st.integers(0, 4)),
        st.tuples(st.just("cast"), st.integers(0, 7),
                  st.sampled_from(["f2", "f4", "f8", "i4", "c8", "O", ">f4", "?"])),
        st.tuples(st.just("drop"), st.integers(0, 7), st.none()),
    ))  # fmt: skip


def damage(named: dict, options: dict, kind: str, where, what) -> None:
    if kind == "replace":
        (named if where in named else options)[where] = what
        return
    name = list(named)[where % len(named)]
    array = named[name]
    if not isinstance(array, np.ndarray):
        return  # Replaced before.
    if kind == "drop":
        del named[name]
    elif kind == "cast":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Parts of numbers are lost.
            named[name] = array.astype(what)
    elif array.ndim:
        named[name] = array[tuple(slice(1 if i == what % array.ndim else 0, None)
                                  for i in range(array.ndim))]  # fmt: skip


def check(draw, case: Case, element_type: str, number: int) -> None:
    inputs = arrays.make_inputs(case, element_type, number)
    given_inputs = {name: stretch(draw, array) for name, array in inputs.items()}
    if element_type != "bf16" and draw(st.booleans()):
        torch = TORCH
        if torch and all(min(array.strides, default=0) >= 0 for array in given_inputs.values()):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Read-only arrays.
                given_inputs = {name: torch.from_numpy(array) for name, array in given_inputs.items()}
    results = {name: np.asarray(array) for name, array in call(case, given_inputs).items()}
    output, lse = runner.check_results(case, element_type, inputs, results)
    failures = output.failures + (lse.failures if lse else [])
    assert not failures, (case, element_type, failures)
    COUNTS["right"] += 1


def check_damaged(draw, case: Case, element_type: str, number: int) -> None:
    inputs = arrays.make_inputs(case, element_type, number)
    named = {NAMES.get(name, name): array for name, array in inputs.items()}
    options = {"causal": case.causal, "window": case.window, "softcap": case.softcap,
               "scale": case.scale, "return_lse": case.lse, "layout": case.layout}  # fmt: skip
    if case.variant != "standard":
        options |= {"signals": case.signals, "pair_layout": case.pairs}
    for _ in range(draw(st.integers(1, 2))):
        if named:
            damage(named, options, *draw(damages()))
    function = getattr(diff_mlir, FUNCTIONS[case.variant, case.sequences is not None])
    try:
        function(**named, **options)
    except EXCEPTIONS as error:
        text = str(error)
        assert text and "\n" not in text, (type(error), text)
        assert type(error) in EXCEPTIONS or isinstance(error, TypeError), type(error)
        COUNTS["refused"] += 1


@given(st.data(), cases(), st.sampled_from(TYPES), st.integers(0, 2**31), st.booleans())
def run(data, case, element_type, number, damaged):
    (check_damaged if damaged else check)(data.draw, case, element_type, number)


try:
    import torch as TORCH
except ImportError:
    TORCH = None

parser = argparse.ArgumentParser()
parser.add_argument("--draws", type=int, default=10000)
parser.add_argument("seed", nargs="?", type=int, default=None)
arguments = parser.parse_args()
if arguments.seed is not None:
    run = seed(arguments.seed)(run)
settings(max_examples=arguments.draws, deadline=None, database=None,
         suppress_health_check=list(HealthCheck))(run)()  # fmt: skip
print(f"{arguments.draws} draws: {COUNTS['right']} right, {COUNTS['refused']} refused")
