# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arrays of the element types: .npy files, and inputs from a seed.

NumPy has no bfloat16. In memory it is the type of ml_dtypes, in an .npy file it
is NumPy's two-byte void type (`<V2`, `|V2`), which diff-run reads.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import ml_dtypes
import numpy as np

from .cases import Case

DTYPES = {
    "f16": np.dtype(np.float16),
    "bf16": np.dtype(ml_dtypes.bfloat16),
    "f32": np.dtype(np.float32),
    "tf32": np.dtype(np.float32),
    "f64": np.dtype(np.float64),
    "i32": np.dtype(np.int32),
}
#: The unit roundoff: half the distance from 1 to the next larger number.
ROUNDOFF = {"f16": 2.0**-11, "bf16": 2.0**-8, "tf32": 2.0**-11, "f32": 2.0**-24,
            "f64": 2.0**-53}  # fmt: skip


def round_to(array, element_type: str) -> np.ndarray:
    """Rounds the array to the element type. tf32 is f32 without its last 13 bits,
    rounded to nearest, ties away from zero."""
    array = np.asarray(array).astype(DTYPES[element_type])
    if element_type != "tf32":
        return array
    rounded = ((array.view(np.uint32) + np.uint32(1 << 12)) & np.uint32(0xFFFFE000)).view(np.float32)
    return np.where(np.isfinite(array), rounded, array)


def compute_type(element_type: str) -> str:
    """The type of the softmax, accumulation, LSE and parameters of V1."""
    return "f64" if element_type == "f64" else "f32"


def type_of(kind: str, element_type: str) -> str:
    """Resolves the kinds that Case.arguments() and results() use."""
    if kind == "offset":
        return "i32"
    return element_type if kind == "element" else compute_type(element_type)


#: The arrays that a layout permutes.
_LAID_OUT = ("query", "key", "value", "gate", "output")


def swap_layout(case: Case, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Converts between token-major and head-major arrays."""
    if case.layout == "bshd":
        return arrays
    return {name: array.swapaxes(-2, -3) if name in _LAID_OUT else array
            for name, array in arrays.items()}  # fmt: skip


def _by_halves(array: np.ndarray, members: int) -> np.ndarray:
    """Interleaved heads [..., members * groups, dim] from heads by halves."""
    groups = array.shape[-2] // members
    split = array.reshape(*array.shape[:-2], members, groups, array.shape[-1])
    return split.swapaxes(-2, -3).reshape(array.shape)


def to_default(case: Case, arguments: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Converts the arguments of a layer to token-major arrays with interleaved pairs."""
    arrays = dict(swap_layout(case, arguments))
    if case.pairs == "interleaved":
        return arrays
    arrays["query"] = _by_halves(arrays["query"], case.signals + 1)
    if case.variant == "v1":
        for name in ("key", "value"):
            arrays[name] = _by_halves(arrays[name], 2)
        value = arrays["value"]
        arrays["value"] = value.reshape(*value.shape[:-2], case.hkv, 2 * case.d)
    return arrays


def save(path: Path, array: np.ndarray) -> None:
    """Writes an array in C order; bf16 as two-byte void."""
    array = np.ascontiguousarray(array).reshape(array.shape)
    if array.dtype == DTYPES["bf16"]:
        array = array.view(np.dtype("V2"))
    np.save(path, array, allow_pickle=False)


def load(path: Path) -> np.ndarray:
    """Reads an array; two-byte void becomes bf16."""
    array = np.load(path, allow_pickle=False)
    if array.dtype.kind == "V" and array.dtype.itemsize == 2:
        array = array.view(DTYPES["bf16"])
    return array


def bits(array: np.ndarray) -> np.ndarray:
    """Returns the bits as unsigned integers: NaNs are comparable, -0 differs from 0."""
    array = np.ascontiguousarray(array)
    return array.view(np.dtype(f"u{array.dtype.itemsize}"))


def _normal(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    """No change to the random normals."""


def _large(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    """Logits times 30: the maximum of a row is distinct, so a wrong one shows."""
    arrays["query"] *= 30


def _equal(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    """Equal scores: all queries of a head are equal, and all keys of a head."""
    arrays["query"][:] = arrays["query"][:, :1]
    arrays["key"][:] = arrays["key"][:, :1]


def _negative(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    """All scores are near -110, where exp underflows in f32. This shows a maximum
    that starts at 0 instead of -inf."""
    scale = case.scale or case.d**-0.5
    offset = (110 / scale) ** 0.5
    arrays["query"][..., 0] = -offset
    arrays["key"][..., 0] = offset


def _lambda_extreme(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    """Logits of -inf (the sigmoid is exactly 0), ±40 and ordinary ones."""
    lam = arrays["lambda"]
    lam[rng.random(lam.shape) < 0.3] = -np.inf
    lam[rng.random(lam.shape) < 0.2] = 40.0
    lam[rng.random(lam.shape) < 0.2] = -40.0


def _nan_query(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    """One NaN in query head 1 of the last row: exactly that row becomes NaN."""
    arrays["query"][0, -1, 1, case.d // 2] = np.nan


#: Products of queries and keys reach the end of what is finite: of the element
#: type for f16, else of f32 (a sum of some hundred products is below 3e38).
_END = {"f16": 1.2e4, "bf16": 5e17, "tf32": 5e17, "f32": 5e17, "f64": 5e17}


def _scale_scores(arrays: dict, factor: float) -> None:
    """The scores times the square of the factor."""
    arrays["query"] *= factor
    arrays["key"] *= factor


def _scores_1e3(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    """Scores times 10^3."""
    _scale_scores(arrays, 1e3**0.5)


def _scores_1e6(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    """Scores times 10^6."""
    _scale_scores(arrays, 1e3)


def _scores_end(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    """Scores at the end of what is finite."""
    _scale_scores(arrays, _END[element_type])


def _equal_scores(arrays: dict, case: Case, factor: float) -> None:
    """All keys of a head equal: the output is the mean of the values that a row
    sees, however large the scores are."""
    arrays["key"][:] = arrays["key"][:, :1]
    _scale_scores(arrays, factor)


def _equal_1e3(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    _equal_scores(arrays, case, 1e3**0.5)


def _equal_1e6(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    _equal_scores(arrays, case, 1e3)


def _equal_end(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    _equal_scores(arrays, case, _END[element_type])


def _equal_tiny(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    _equal_scores(arrays, case, 1e-15)


def _equal_rising(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    """Runs of 5 equal keys, each with scores twice as large as those of the run
    before, up to about 2^29, of both signs."""
    key = arrays["key"]
    key[:] = key[:, :1]
    steps = np.minimum(np.arange(key.shape[1]) // 5, 11)
    key *= np.exp2(2 + steps)[None, :, None, None]
    arrays["query"] *= 2.0**12


def _values_huge(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    """Values whose squares leave f32."""
    arrays["value"] *= 1e4 if element_type == "f16" else 1e20


def _values_tiny(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    """Values whose squares are 0 in f32."""
    arrays["value"] *= 1e-30


def _products_tiny(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    """Products of queries and keys times 10^-30, for a scale as large."""
    _scale_scores(arrays, 1e-15)


def _products_huge(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    """Products of queries and keys times 10^36, for a scale as small."""
    _scale_scores(arrays, min(1e18, _END[element_type]))


def _gate_extreme(arrays: dict, case: Case, rng: np.random.Generator, element_type: str) -> None:
    """Gates of -inf and +inf (factors of exactly 0 and 1), ±40, and a NaN for an
    element of the first row, which sees no key in some cases, and of the last."""
    gate = arrays["gate"]
    for value in (-np.inf, np.inf, 40.0, -40.0):
        gate[rng.random(gate.shape) < 0.15] = value
    gate[:, 0, 0, 1] = np.nan
    gate[:, -1, -1, 0] = np.nan


INPUT_KINDS = {
    "normal": _normal,
    "large": _large,
    "equal": _equal,
    "negative": _negative,
    "lambda-extreme": _lambda_extreme,
    "nan-query": _nan_query,
    "scores-1e3": _scores_1e3,
    "scores-1e6": _scores_1e6,
    "scores-end": _scores_end,
    "equal-1e3": _equal_1e3,
    "equal-1e6": _equal_1e6,
    "equal-end": _equal_end,
    "equal-tiny": _equal_tiny,
    "equal-rising": _equal_rising,
    "values-huge": _values_huge,
    "values-tiny": _values_tiny,
    "products-tiny": _products_tiny,
    "products-huge": _products_huge,
    "gate-extreme": _gate_extreme,
}


def make_inputs(case: Case, element_type: str, seed: int) -> dict[str, np.ndarray]:
    """Returns the arguments by name, in order, rounded to their types.

    They are normally distributed, except for V1's lambda (uniform below lambda_init
    and away from 1, where the two maps of a row with one key cancel and the norm
    magnifies rounding errors) and norm weight (normal around 1).
    """
    rng = np.random.default_rng(seed)
    token_major = dataclasses.replace(case, layout="bshd")
    arguments = token_major.arguments()
    # The kinds of inputs have a batch; packed sequences are one entry.
    entry = case.sequences is not None
    arrays = {name: rng.standard_normal((1, *shape) if entry and len(shape) > 1 else shape)
              for name, shape, kind in arguments if kind != "offset"}  # fmt: skip
    if case.variant == "v1":
        init = 0.8 if case.lambda_init is None else case.lambda_init
        arrays["lambda"] = init + rng.uniform(-0.5, -0.1, case.h)
        arrays["weight"] = 1 + 0.2 * arrays["weight"]
    INPUT_KINDS[case.inputs](arrays, case, rng, element_type)
    if entry:
        arrays = {name: array.reshape(array.shape[1:]) if array.ndim > 1 else array
                  for name, array in arrays.items()}  # fmt: skip
        offsets = case.offsets
        arrays["cu_seqlens_q"], arrays["cu_seqlens_k"] = map(np.array, offsets)
        # Tokens that belong to no sequence must not be read.
        for name, end in (("query", offsets[0]), ("lambda", offsets[0]), ("gate", offsets[0]),
                          ("key", offsets[1]), ("value", offsets[1])):  # fmt: skip
            if name in arrays and arrays[name].ndim > 1:
                arrays[name][end[-1] :] = np.nan
    return swap_layout(case, {
        name: round_to(arrays[name], type_of(kind, element_type))
        for name, _, kind in arguments
    })  # fmt: skip
