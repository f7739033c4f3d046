# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Differential attention from its formulas, in float64 or rounded step by step.

Sources: "Differential Transformer" (Ye et al., ICLR 2025, arXiv:2410.05258)
for V1, "Differential Transformer V2" (Microsoft, January 2026) for V2, and
FlashAttention-2 for the conventions of masks and of the log-sum-exp. The
reference does not depend on the compiler.

The layout is [B, tokens, heads, dim]. `Exact` computes the reference. `Rounded`
rounds every intermediate value to the element type and computes the yardstick,
the error of a naive implementation.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from .arrays import DTYPES, compute_type, round_to, swap_layout, to_default
from .cases import Case

RMS_EPSILON = 1e-5


class Exact:
    """Float64 arithmetic."""

    def __call__(self, x):
        return np.asarray(x, np.float64)


class Rounded:
    """Rounds every intermediate value to the element type.

    The arithmetic of one step, such as a matrix product, runs in the compute type,
    as in a library that stores its results in the element type.
    """

    def __init__(self, element_type: str):
        self.element_type = element_type
        self.work = DTYPES[compute_type(element_type)]

    def __call__(self, x):
        return round_to(x, self.element_type).astype(self.work)


def visible(n: int, m: int, causal: bool, window: tuple[int, int] | None) -> np.ndarray:
    """[N, M] bool: query i sees key j when i + (M-N) - left <= j <= i + (M-N) + right.

    Bottom-right aligned; a side of -1 is unlimited; causal is right = 0.
    """
    left, right = window or (-1, -1)
    if causal:
        right = 0
    distance = np.arange(m)[None, :] - (np.arange(n)[:, None] + (m - n))
    result = np.ones((n, m), bool)
    if left != -1:
        result &= distance >= -left
    if right != -1:
        result &= distance <= right
    return result


def products(q, k):
    """q k^T. Equal keys must give equal products, which a large scale magnifies:
    each is summed in the same order, which a BLAS does not promise. Long layers,
    which have ordinary scores, take it nevertheless."""
    if len(q) * len(k) > 100_000:
        return q @ k.T
    return np.einsum("id,jd->ij", q, k, optimize=False)


def attend(q, k, v, mask, scale, softcap, r):
    """One map: q [N, d], k [M, d], v [M, dv] -> output [N, dv], LSE [N].

    S = scale * q k^T, softcap * tanh(S / softcap), -inf where masked;
    P = softmax(S), O = P v, LSE = log sum exp S. A row that sees no key gives 0
    and -inf.
    """
    s = r(r(products(q, k)) * r(scale))
    if softcap is not None:
        s = r(r(softcap) * r(np.tanh(r(s / r(softcap)))))
    s = np.where(mask, s, s.dtype.type(-np.inf))
    top = s.max(axis=1, initial=-np.inf)
    base = np.where(top == -np.inf, s.dtype.type(0), top)
    p = r(np.exp(r(s - base[:, None])))
    total = r(p.sum(axis=1))
    empty = ~mask.any(axis=1)
    p = r(p / np.where(empty, p.dtype.type(1), total)[:, None])
    with np.errstate(divide="ignore"):
        lse = r(base + r(np.log(total)))
    return r(p @ v), lse


def rms_norm(x, weight, r):
    """x / sqrt(mean(x^2) + eps) * weight over the last axis; 0 for a zero row."""
    mean = r(np.mean(r(x * x), axis=-1, keepdims=True))
    return r(r(x / r(np.sqrt(r(mean + r(RMS_EPSILON))))) * weight)


def evaluate(case: Case, inputs: dict[str, np.ndarray], r, attend=attend) -> dict[str, np.ndarray]:
    """Computes the results of a layer: "output" [B, N, h, dv] and "lse" [B, heads,
    N], in the layout of the layer. With sequences there is no B, and N counts the
    query tokens up to the end of the last sequence.

    `r` is the arithmetic. The self-test replaces attend by another function.
    """
    laid_out = case
    inputs = to_default(case, inputs)
    case = dataclasses.replace(case, layout="bshd", pairs="interleaved")
    if case.sequences is None:
        results = _evaluate_batch(case, inputs, r, attend)
    else:
        results = _evaluate_sequences(case, inputs, r, attend)
    return swap_layout(laid_out, results)


def split_sequences(case: Case, inputs: dict[str, np.ndarray]) -> list[dict[str, np.ndarray]]:
    """Returns the inputs of each sequence as a batch of one entry."""
    queries, keys = case.offsets
    tokens = {"query": queries, "lambda": queries, "gate": queries, "key": keys,
              "value": keys}  # fmt: skip
    return [
        {name: array[None, tokens[name][i] : tokens[name][i + 1]]
         if name in tokens and array.ndim > 1 else array
         for name, array in inputs.items() if not name.startswith("cu_seqlens")}
        for i in range(case.b)
    ]  # fmt: skip


def _evaluate_sequences(case: Case, inputs, r, attend) -> dict[str, np.ndarray]:
    alone = dataclasses.replace(case, sequences=None, b=1)
    parts = [_evaluate_batch(alone, part, r, attend) for part in split_sequences(case, inputs)]
    output = [part["output"][0] for part in parts]
    lse = [part["lse"][0] for part in parts]
    return {
        "output": np.concatenate(output) if parts else np.zeros((0, case.h, case.value_dim)),
        "lse": np.concatenate(lse, axis=1) if parts else np.zeros((case.query_heads, 0)),
    }


def _evaluate_batch(case: Case, inputs, r, attend) -> dict[str, np.ndarray]:
    arrays = {name: r(array) for name, array in inputs.items()}
    q, k, v = arrays["query"], arrays["key"], arrays["value"]
    b, n, heads, d = q.shape
    m, hkv, dv = k.shape[1], v.shape[2], v.shape[3]
    h = case.h
    mask = visible(n, m, case.causal, case.window)
    scale = d**-0.5 if case.scale is None else case.scale
    output = np.zeros((b, n, h, dv), q.dtype)
    lse = np.zeros((b, heads, n), q.dtype)

    def one_map(batch, query_head, key_head, value_head):
        result, lse[batch, query_head] = attend(
            q[batch, :, query_head], k[batch, :, key_head], v[batch, :, value_head],
            mask, scale, case.softcap, r)  # fmt: skip
        return result

    # A head group: the signal heads and, after them, the noise head they share.
    signals = case.signals
    maps = 1 if case.variant == "standard" else signals + 1
    groups = h // signals
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        for batch in range(b):
            for group in range(groups):
                kv = group // (groups // hkv)
                # The signal heads read one key head, the noise head of V1 the next.
                signal_key, noise_key = (2 * kv, 2 * kv + 1) if case.variant == "v1" else (kv, kv)
                if case.variant != "standard":
                    noise = one_map(batch, maps * group + signals, noise_key, kv)
                for i in range(signals):
                    j = signals * group + i
                    signal = one_map(batch, maps * group + i, signal_key, kv)
                    if case.variant == "standard":
                        output[batch, :, j] = signal
                    elif case.variant == "v2":
                        logits = arrays["lambda"][batch, :, j, None]
                        factor = r(1 / r(1 + r(np.exp(-logits))))
                        output[batch, :, j] = r(signal - r(factor * noise))
                    else:
                        x = r(signal - r(arrays["lambda"][j] * noise))
                        init = 0.8 if case.lambda_init is None else case.lambda_init
                        normed = rms_norm(x, arrays["weight"], r)
                        output[batch, :, j] = r(r(1 - init) * normed)
        if case.gate:
            gated = r(output * r(1 / r(1 + r(np.exp(-arrays["gate"])))))
            # A row that sees no key is 0 whatever its gate is.
            sees_key = mask.any(axis=1)[None, :, None, None]
            output = np.where(sees_key, gated, output)
    return {"output": output, "lse": lse}


def reference(case: Case, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return evaluate(case, inputs, Exact())


#: Scores below are held to the plain rule.
_LARGE = 300.0


def undecided_rows(case: Case, inputs: dict[str, np.ndarray], permitted: float) -> np.ndarray:
    """Bool for each row of the output, in its layout without the last dimension: the
    rows whose result f32 scores do not decide."""
    laid_out = case
    inputs = to_default(case, inputs)
    case = dataclasses.replace(case, layout="bshd", pairs="interleaved")
    if case.sequences is None:
        rows = _undecided_rows(case, inputs, permitted)
    else:
        alone = dataclasses.replace(case, sequences=None, b=1)
        parts = [_undecided_rows(alone, part, permitted)[0]
                 for part in split_sequences(case, inputs)]  # fmt: skip
        rows = np.concatenate([np.zeros((0, case.h), bool), *parts])
    return rows.swapaxes(-1, -2) if laid_out.layout == "bhsd" else rows


def _undecided_rows(case: Case, inputs: dict[str, np.ndarray], permitted: float) -> np.ndarray:
    """[B, N, h] bool: rows whose result f32 scores do not decide.

    A score is off by up to a part of 2^-22 of what is added up for the largest,
    2^-22 max(scale sum|q k|) = D: a weight may be off by a factor of e^(2 D), those
    of equal keys by the same. A row is decided where this changes the part of the
    keys below the maximum by less than is permitted.
    """
    maps = []

    def judge(q, k, v, mask, scale, softcap, r):
        s = products(q, k) * scale
        if softcap is not None:
            s = softcap * np.tanh(s / softcap)
        s = np.where(mask, s, -np.inf)
        top = s.max(axis=1, initial=-np.inf)[:, None]
        p = np.exp(s - np.where(np.isfinite(top), top, 0))
        part = np.where(s == top, 0, p).sum(axis=1) / np.maximum(p.sum(axis=1), 1)
        # A softcap bounds the scores, and with them their errors.
        terms = products(np.abs(q), np.abs(k)) * scale if softcap is None else np.abs(s)
        largest = np.where(mask, terms, 0).max(axis=1, initial=0)
        slack = np.where(largest < _LARGE, 0, 2.0**-22 * largest)
        maps.append(part * np.expm1(2 * np.minimum(slack, 300)) > permitted)
        return np.zeros((len(q), v.shape[1])), np.zeros(len(q))

    evaluate(case, inputs, Exact(), judge)
    signals = case.signals
    per_group = 1 if case.variant == "standard" else signals + 1
    shape = (case.b, case.h // signals, per_group, inputs["query"].shape[1])
    if not maps:
        return np.zeros((case.b, inputs["query"].shape[1], case.h), bool)
    rows = np.array(maps, bool).reshape(shape)
    if case.variant != "standard":
        # The noise head of a group is evaluated first.
        rows = rows[:, :, 1:] | rows[:, :, :1]
    rows = rows.reshape(case.b, case.h, shape[-1])
    return rows.transpose(0, 2, 1)


def yardstick(case: Case, inputs, element_type: str) -> dict[str, np.ndarray]:
    return evaluate(case, inputs, Rounded(element_type))
