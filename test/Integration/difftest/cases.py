# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of cases: layers, element types and routes.

A case describes a computation. A row is a case with an element type and a route,
the value of diff-run's --target. Every case lists the types that the default set
runs on the `linalg` route (field `linalg`) and on every other route (field
`types`, and `ptx` on the routes that run PTX). The full set runs all types on all
routes. This module does not import NumPy, because lit loads it to enumerate the
tests.

Letters: B batch, N query tokens, M key tokens, h output heads, h_kv value
heads, d head dimension, dv value head dimension.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Iterable, Iterator

#: Element types by their MLIR names.
ELEMENT_TYPES = ("f32", "f16", "bf16")
#: f64 exists on the unfused route only, as the reference.
LINALG_TYPES = ELEMENT_TYPES + ("f64",)
#: f32 with products on tensor cores, rounded to tf32, on routes that run PTX.
PTX_TYPES = ELEMENT_TYPES + ("tf32",)
#: The largest dimension of a tile for tensor cores, and their common divisor.
TILE_WIDTH, TILE_UNIT = 256, 8
ROUTES = ("linalg", "cpu")
#: Routes that run PTX: on the simulator, on a GPU.
PTX_ROUTES = ("sim", "cuda")
ALL_ROUTES = ROUTES + PTX_ROUTES
#: Input kinds for which the tolerance rule allows four times the norm error.
ADVERSARIAL_INPUTS = ("large", "equal", "negative", "equal-1e3", "equal-1e6", "equal-end",
                      "equal-tiny", "equal-rising")  # fmt: skip
#: Input kinds with scores that f32 may not distinguish, see reference.undecided_rows.
LARGE_SCORES = ("scores-1e3", "scores-1e6", "scores-end", "equal-1e3", "equal-1e6", "equal-end",
                "equal-rising")  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One attention layer with its kind of input."""

    variant: str  # v2, v1 or standard
    name: str
    types: str = "bf16"  # default set, every route but linalg
    linalg: str = ""  # default set, route linalg
    ptx: str = ""  # default set, routes that run PTX, in addition to `types`
    b: int = 1
    n: int = 33
    m: int = 47
    h: int = 4
    hkv: int = 2
    d: int = 32
    dv: int | None = None  # standard and V2; None = d
    causal: bool = False
    window: tuple[int, int] | None = None  # (left, right), -1 = unlimited
    softcap: float | None = None
    scale: float | None = None  # None = 1/sqrt(d)
    lse: bool = False
    lambda_init: float | None = None  # V1 only; None = 0.8, the default of diff-gen
    signals: int = 1  # V1 and V2: signal heads for each noise head
    gate: bool = False
    #: V1 and V2: "interleaved", or "halves": the dimension of the maps of a pair,
    #: and of the halves of V1's values, is outside the heads.
    pairs: str = "interleaved"
    dynamic: bool = False
    layout: str = "bshd"  # or "bhsd": head-major
    #: Query and key tokens of each sequence of variable length; then b is their
    #: number and n and m are all tokens, possibly with unused ones at the end.
    sequences: tuple[tuple[int, int], ...] | None = None
    inputs: str = "normal"  # a key of arrays.INPUT_KINDS
    heavy: bool = False  # runs in the full set only

    @property
    def query_heads(self) -> int:
        return self.h if self.variant == "standard" else self.h + self.h // self.signals

    @property
    def value_dim(self) -> int:
        if self.dv is not None:
            return self.dv
        return 2 * self.d if self.variant == "v1" else self.d

    @property
    def offsets(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Returns the offsets of the sequences of queries and keys."""
        return tuple(tuple(accumulate((length[i] for length in self.sequences), initial=0))
                     for i in (0, 1))  # fmt: skip

    @property
    def most_keys(self) -> int:
        """The maximum number of keys of a row."""
        if self.sequences is None:
            return self.m
        return max((keys for _, keys in self.sequences), default=0)

    def compile_options(self, element_type: str) -> list[str]:
        """The options of diff-compile for this layer if PTX is compiled."""
        options = ["f32=tf32"] if element_type == "tf32" else []
        dims = (self.d, self.value_dim)
        if element_type != "f32" and (max(dims) > TILE_WIDTH or any(d % TILE_UNIT for d in dims)):
            options.append("tiles=threads")
        return options

    @property
    def has_large_scores(self) -> bool:
        return self.inputs in LARGE_SCORES

    @property
    def adversarial(self) -> bool:
        return self.inputs in ADVERSARIAL_INPUTS

    def _packed(self, *shape: int) -> tuple[int, ...]:
        """The shape of a tensor with a batch, or without one for sequences."""
        return shape if self.sequences is None else shape[1:]

    def _shape(self, tokens: int, heads: int, dim: int) -> tuple[int, ...]:
        if self.layout == "bhsd":
            tokens, heads = heads, tokens
        return self._packed(self.b, tokens, heads, dim)

    @property
    def _value_heads(self) -> tuple[int, int]:
        """Number and width of the heads of the argument `value`."""
        if self.variant == "v1" and self.pairs == "halves":
            return 2 * self.hkv, self.d
        return self.hkv, self.value_dim

    def arguments(self) -> list[tuple[str, tuple[int, ...], str]]:
        """Name, shape and kind ("element" or "compute" type, or "offset") of each
        argument."""
        key_heads = 2 * self.hkv if self.variant == "v1" else self.hkv
        result = [
            ("query", self._shape(self.n, self.query_heads, self.d), "element"),
            ("key", self._shape(self.m, key_heads, self.d), "element"),
            ("value", self._shape(self.m, *self._value_heads), "element"),
        ]
        if self.sequences is not None:
            result.append(("cu_seqlens_q", (self.b + 1,), "offset"))
            result.append(("cu_seqlens_k", (self.b + 1,), "offset"))
        if self.variant == "v2":
            result.append(("lambda", self._packed(self.b, self.n, self.h), "element"))
        if self.variant == "v1":
            result.append(("lambda", (self.h,), "compute"))
            result.append(("weight", (self.value_dim,), "compute"))
        if self.gate:
            result.append(("gate", self._shape(self.n, self.h, self.value_dim), "element"))
        return result

    def results(self) -> list[tuple[str, tuple[int, ...], str]]:
        """Name, shape and kind of each result."""
        result = [("output", self._shape(self.n, self.h, self.value_dim), "element")]
        if self.lse:
            shape = self._packed(self.b, self.query_heads, self.n)
            result.append(("lse", shape, "compute"))
        return result

    def generator_options(self, element_type: str) -> list[str]:
        """The options of diff-gen for this layer."""
        options = [
            f"--variant={self.variant}", f"--batch={self.b}",
            f"--query-tokens={self.n}", f"--key-tokens={self.m}",
            f"--heads={self.h}", f"--kv-heads={self.hkv}", f"--dim={self.d}",
            f"--type={element_type}",
        ]  # fmt: skip
        if self.dv is not None:
            options.append(f"--value-dim={self.dv}")
        if self.signals != 1:
            options.append(f"--signals={self.signals}")
        if self.gate:
            options.append("--gate")
        if self.pairs != "interleaved":
            options.append(f"--pair-layout={self.pairs}")
        if self.causal:
            options.append("--causal")
        if self.window is not None:
            options.append(f"--window={self.window[0]},{self.window[1]}")
        if self.softcap is not None:
            options.append(f"--softcap={self.softcap}")
        if self.scale is not None:
            options.append(f"--scale={self.scale}")
        if self.lse:
            options.append("--lse")
        if self.dynamic:
            options.append("--dynamic")
        if self.sequences is not None:
            options.append("--varlen")
        if self.layout != "bshd":
            options.append(f"--layout={self.layout}")
        if self.lambda_init is not None:
            options.append(f"--lambda-init={self.lambda_init}")
        return options


@dataclass(frozen=True)
class Row:
    """A case with an element type and a route: one test."""

    case: Case
    element_type: str
    route: str

    @property
    def name(self) -> str:
        c = self.case
        return f"{c.variant}/{c.name}-{self.element_type}-{self.route}"


def _v2(name: str, types: str = "bf16", linalg: str = "", **fields) -> Case:
    return Case("v2", name, types, linalg, **fields)


def _v1(name: str, types: str = "bf16", linalg: str = "", **fields) -> Case:
    return Case("v1", name, types, linalg, **fields)


def _standard(name: str, types: str = "bf16", linalg: str = "", **fields) -> Case:
    return Case("standard", name, types, linalg, **fields)


ALL = "f32 f16 bf16"
# All options that change a score or a result, together.
_TOGETHER = dict(b=2, n=45, m=61, causal=True, window=(24, -1), softcap=3.0,
                 scale=0.3, lse=True)  # fmt: skip

V2_CASES = (
    # Heads.
    _v2("mha", "bf16", "f32", hkv=4),
    _v2("gqa", ALL, "f32 f64", ptx="tf32"),
    _v2("gqa-group3", "f16", "", ptx="tf32", h=6, hkv=2),
    _v2("mqa", "bf16", "", ptx="tf32", hkv=1),
    _v2("one-head", "f32", "", h=1, hkv=1, b=2),
    _v2("batch-3", "bf16", "", b=3, causal=True),
    # Masks.
    _v2("causal-mha", "f16", "", hkv=4, causal=True),
    _v2("causal-gqa", ALL, "f32 bf16", ptx="tf32", causal=True),
    _v2("causal-mqa", "f32", "f32", hkv=1, causal=True),
    _v2("causal-square", "bf16", "", n=64, m=64, causal=True),
    _v2("window-gqa", "f32", "f32 f64", window=(7, 5)),
    _v2("window-mha", "f16", "", hkv=4, window=(20, 3)),
    _v2("window-mqa", "bf16", "", hkv=1, window=(3, 20)),
    _v2("window-left", "f32", "f32", window=(9, -1)),
    _v2("window-right", "f16", "", window=(-1, 4)),
    _v2("window-self", "bf16", "", window=(0, 0)),
    _v2("window-ahead", "f32", "", window=(0, 6)),
    _v2("window-causal", "bf16", "f32", ptx="tf32", window=(16, -1), causal=True),
    _v2("window-causal-wins", "f32", "f16", window=(11, 8), causal=True),
    _v2("window-covers", "f16", "", window=(500, 500)),
    _v2("window-empty-rows", "f32 bf16", "f32", ptx="tf32", n=50, m=20, window=(3, 2)),
    _v2("window-narrow-long", "bf16", "", n=300, m=300, d=16, window=(12, 0)),
    # Softcap, scale, LSE.
    _v2("softcap", "f32", "f32", ptx="tf32", softcap=3.0),
    _v2("softcap-large", "f32", "f32", softcap=1000.0),
    # The yardstick of f16 is NaN here, because its softcap is infinite.
    _v2("softcap-unlimited", "f32 f16", "", softcap=3e38, lse=True),
    _v2("softcap-causal", "bf16", "f16", softcap=5.0, causal=True),
    _v2("scale-small", "f16", "", scale=0.12),
    _v2("scale-large", "f32", "", scale=0.7),
    _v2("lse", "bf16", "f32 f64", ptx="tf32", lse=True),
    _v2("lse-causal-mha", "f16", "", hkv=4, lse=True, causal=True),
    _v2("lse-empty-rows", "f32", "f32", n=50, m=20, lse=True, causal=True),
    # All together.
    _v2("all-mha", "f16", "", hkv=4, **_TOGETHER),
    _v2("all-gqa", ALL, "f32 bf16 f64", ptx="tf32", **_TOGETHER),
    _v2("all-mqa", "f32", "f16", ptx="tf32", hkv=1, **_TOGETHER),
    _v2("all-window-two-sided", "bf16", "",
        **{**_TOGETHER, "causal": False, "window": (10, 4)}),
    # Dynamic sizes.
    _v2("dynamic", "f32 bf16", "f32", dynamic=True, b=2),
    _v2("dynamic-causal-lse", "f16", "bf16", dynamic=True, causal=True, lse=True),
    _v2("dynamic-all", "bf16", "", ptx="tf32", dynamic=True, **_TOGETHER),
    _v2("dynamic-one", "f32", "", dynamic=True, n=1, m=1, b=2, d=64),
    _v2("dynamic-empty-rows", "bf16", "", dynamic=True, n=70, m=9, causal=True, lse=True),
    _v2("dynamic-tail", "f16", "", ptx="tf32", dynamic=True, n=131, m=257, d=16, causal=True),
    # More keys than queries and the other way round.
    _v2("more-keys", "f16", "", n=16, m=200),
    _v2("more-keys-causal", "f32", "f32", n=16, m=200, causal=True),
    _v2("more-queries", "bf16", "", n=100, m=30),
    _v2("more-queries-causal", "f32 bf16", "f32", ptx="tf32", n=100, m=30, causal=True, lse=True),
    _v2("all-but-one-row-empty", "f16", "", ptx="tf32", n=40, m=1, causal=True, lse=True),
    # One token, decoding.
    _v2("one-token", "f32 bf16", "f32", ptx="tf32", n=1, m=1, b=2, d=64, lse=True),
    _v2("one-token-causal", "f16", "", n=1, m=1, b=2, d=64, causal=True),
    _v2("one-key", "bf16", "", n=40, m=1),
    _v2("decode", "bf16", "f32", ptx="tf32", n=1, m=777, h=8, hkv=2, d=64, causal=True),
    _v2("decode-window", "f32", "", n=1, m=500, h=8, hkv=2, window=(100, 0), lse=True),
    _v2("decode-lse", "", "", ptx="bf16", n=1, m=401, h=8, hkv=2, d=64, causal=True, lse=True),
    _v2("decode-3-tokens", "f16", "", ptx="tf32", n=3, m=401, h=8, hkv=2, causal=True),
    _v2("decode-2048", "bf16", "", n=1, m=2048, h=8, hkv=2, d=32, b=2, dynamic=True),
    # Few query tokens, whose keys are split over tasks.
    _v2("few-1-15", ALL, "", n=1, m=15, h=8, hkv=4, d=64),
    _v2("few-2-64", "f32 bf16", "", n=2, m=64, b=2, h=8, hkv=4, d=64, causal=True),
    _v2("few-4-4097", ALL, "", n=4, m=4097, h=8, hkv=4, d=64, causal=True, lse=True),
    _v2("few-20000", "f32 bf16", "", n=1, m=20000, h=4, hkv=2, d=64, causal=True, lse=True),
    _v2("few-3-window", "f32 bf16", "", n=3, m=4097, h=6, hkv=2, d=64, window=(2500, 0), lse=True),
    _v2("few-window-left", "f16", "", n=2, m=9000, h=4, hkv=2, d=64, window=(300, -1)),
    _v2("few-mqa", "bf16", "", n=1, m=9000, h=4, hkv=1, d=128, softcap=5.0),
    _v2("few-odd", ALL, "", n=2, m=5001, b=3, h=3, hkv=3, d=75, dv=43, causal=True),
    _v2("few-narrow", "f32 bf16", "", n=1, m=300, b=24, h=2, hkv=1, d=5, dv=3),
    _v2("few-dynamic-batch", "f32", "", n=1, m=2500, b=3, h=8, hkv=4, d=64, causal=True, lse=True,
        dynamic=True),
    _v2("few-bhsd", ALL, "", n=2, m=9000, b=2, h=4, hkv=2, d=64, causal=True, layout="bhsd"),
    _v2("few-split-halves", "f16", "", n=2, m=4097, h=8, hkv=2, d=64, pairs="halves", lse=True),
    _v2("few-signals-gate", "f32 bf16", "", n=1, m=4097, h=8, hkv=2, signals=4, gate=True, d=64,
        causal=True, lse=True),
    _v2("few-scores", "f32", "", n=2, m=4097, h=4, hkv=2, d=64, inputs="scores-1e6", lse=True),
    _v2("few-equal", "f32 bf16", "", n=2, m=4097, b=8, h=4, hkv=2, d=64, inputs="equal-rising"),
    # Long.
    _v2("keys-2048", "f16", "f32", ptx="tf32", n=40, m=2048, h=2, hkv=1, d=32, lse=True),
    _v2("long-2048", "bf16", "", n=2048, m=2048, h=1, hkv=1, d=16, causal=True),
    _v2("long-2048-f32", "f32", "", n=512, m=2048, h=1, hkv=1, d=16),
    _v2("layer-1024", n=1024, m=1024, h=8, hkv=4, d=64, causal=True, heavy=True),
    # Tails: small sizes, primes, one off a power of two.
    _v2("tail-2-3", "f32", "", n=2, m=3, b=2, causal=True),
    _v2("tail-5-7", "bf16", "", ptx="tf32", n=5, m=7, b=2),
    _v2("tail-8-8", "f16", "", n=8, m=8, causal=True),
    _v2("tail-13-11", "bf16", "f32", n=13, m=11, causal=True),
    _v2("tail-15-17", "f32", "", n=15, m=17),
    _v2("tail-16-16", "bf16", "", n=16, m=16, lse=True),
    _v2("tail-17-31", "f16", "", n=17, m=31),
    _v2("tail-32-32", "f32", "", n=32, m=32, causal=True),
    _v2("tail-31-37", "bf16", "", ptx="tf32", n=31, m=37, causal=True),
    _v2("tail-61-67", "f32", "", n=61, m=67, d=16),
    _v2("tail-65-63", "f16", "", n=65, m=63, d=16, causal=True),
    _v2("tail-97-128", "bf16", "", ptx="tf32", n=97, m=128, d=16),
    _v2("tail-128-127", "bf16", "", n=128, m=127, d=16, causal=True),
    _v2("tail-257-131", "f32", "f32", n=257, m=131, d=16, causal=True),
    # Head dimensions.
    _v2("dim-8", "f32", "", ptx="tf32", d=8),
    _v2("dim-16", "bf16", "", d=16),
    _v2("dim-17", "bf16", "bf16", d=17),
    _v2("dim-33", "bf16", "", d=33, dynamic=True),
    _v2("dim-40", "f16", "", ptx="tf32", d=40, causal=True),
    _v2("dim-64", "bf16", "f32", ptx="tf32", d=64, causal=True),
    _v2("dim-80", "f32", "", ptx="tf32", d=80),
    _v2("dim-72", d=72, heavy=True),
    _v2("dim-200", d=200, lse=True, heavy=True),
    _v2("dim-96", "bf16", "", ptx="tf32", d=96, h=2, hkv=1, causal=True),
    _v2("dim-128", "f32 bf16", "f32", ptx="tf32", d=128, h=2, hkv=1, causal=True),
    _v2("dim-192", "f16", "", ptx="tf32", d=192, h=2, hkv=1),
    _v2("dim-256", "bf16", "f32", ptx="tf32", d=256, h=2, hkv=1),
    # Empty results.
    _v2("batch-0", "f32", "f32", b=0, lse=True),
    _v2("query-0", "bf16", "bf16", n=0, lse=True),
    _v2("key-0", "f16", "", ptx="tf32", m=0, lse=True),
    _v2("dynamic-query-0", "f32", "", ptx="tf32", n=0, dynamic=True),
    _v2("dynamic-key-0", "bf16", "f32", m=0, dynamic=True, causal=True, lse=True),
    # Numerically difficult inputs.
    _v2("large", "f32 bf16", "f32", ptx="tf32", inputs="large", lse=True),
    _v2("large-causal-dynamic", "f16", "", inputs="large", causal=True, dynamic=True),
    _v2("large-softcap", "f32", "", inputs="large", softcap=20.0, lse=True),
    _v2("large-long", "bf16", "", ptx="tf32", inputs="large", n=70, m=600, causal=True),
    _v2("equal", "f32 bf16", "f32", ptx="tf32", inputs="equal", lse=True),
    _v2("equal-causal", "f16", "", inputs="equal", causal=True),
    _v2("negative", "f32", "f32", ptx="tf32", inputs="negative", m=300, lse=True),
    _v2("lambda-extreme", "f32 bf16", "f32 f16", ptx="tf32", inputs="lambda-extreme"),
    _v2("nan-query", "f32 bf16", "f32", ptx="tf32", inputs="nan-query", causal=True, lse=True),
)

V1_CASES = (
    _v1("mha", "f32", "f32", hkv=4),
    _v1("gqa", ALL, "f32 f64", ptx="tf32"),
    _v1("gqa-group3", "bf16", "", h=6, hkv=2),
    _v1("mqa", "f16", "f16", hkv=1),
    _v1("causal-mha", "f32", "", hkv=4, causal=True),
    _v1("causal-gqa", ALL, "f32 bf16", ptx="tf32", causal=True),
    _v1("causal-mqa", "bf16", "", hkv=1, causal=True),
    _v1("window", "f32", "f32", window=(7, 5)),
    _v1("window-left", "bf16", "", window=(9, -1)),
    _v1("window-causal", "f16", "", window=(16, -1), causal=True),
    _v1("window-empty-rows", "f32 bf16", "f32", ptx="tf32", b=2, n=50, m=20, window=(3, 2), lse=True),
    _v1("softcap", "bf16", "f32", softcap=3.0),
    _v1("scale", "f32", "f32", scale=0.4),
    _v1("lambda-init", "bf16", "f32", lambda_init=0.2),
    _v1("lambda-init-negative", "f16", "", lambda_init=-0.5),
    _v1("lse", "f32", "", lse=True),
    _v1("all-mha", "bf16", "", hkv=4, lambda_init=0.35, **_TOGETHER),
    _v1("all-gqa", ALL, "f32 bf16 f64", ptx="tf32", lambda_init=0.35, **_TOGETHER),
    _v1("all-mqa", "f16", "", hkv=1, lambda_init=0.35, **_TOGETHER),
    _v1("dynamic-causal", "f32 bf16", "f32", dynamic=True, causal=True, b=2),
    _v1("dynamic-all", "f16", "bf16", ptx="tf32", dynamic=True, lambda_init=0.5, **_TOGETHER),
    _v1("more-keys-causal", "bf16", "", n=16, m=150, causal=True),
    _v1("more-queries-causal", "f32 bf16", "f32", b=2, n=100, m=30, causal=True),
    _v1("one-token", "f32", "", n=1, m=1, b=2, d=64),
    _v1("few", "f32 bf16", "", n=2, m=4097, h=4, hkv=2, d=64, causal=True, lse=True),
    _v1("few-split-halves", "f32 f16", "", n=1, m=4097, b=2, h=4, hkv=4, d=64, causal=True,
        pairs="halves"),
    _v1("few-split-signals", "f32", "", n=1, m=4097, h=8, hkv=2, signals=4, gate=True, d=64),
    _v1("decode", "bf16", "", ptx="tf32", b=4, n=1, m=333, h=8, hkv=2, causal=True),
    _v1("keys-2048", "bf16", "", n=20, m=2048, h=2, hkv=1, d=16),
    _v1("tail-5-7", "f32", "", n=5, m=7, b=8, causal=True),
    _v1("tail-31-61", "f16", "", ptx="tf32", n=31, m=61, d=16),
    _v1("tail-67-37", "bf16", "", n=67, m=37, d=16, causal=True),
    _v1("dim-8", "f32", "", ptx="tf32", d=8),
    _v1("dim-9", "bf16", "", d=9),
    _v1("dim-40", "bf16", "", ptx="tf32", d=40),
    _v1("dim-24", d=24, heavy=True),
    _v1("dim-104", d=104, heavy=True),
    _v1("dim-64", "f16", "f32", ptx="tf32", d=64, h=2, hkv=1, causal=True),
    _v1("dim-128", "bf16", "", ptx="tf32", d=128, h=2, hkv=1),
    _v1("dim-256", d=256, h=2, hkv=1, heavy=True),
    _v1("key-0", "f32", "", ptx="f16 tf32", m=0, lse=True),
    _v1("query-0", "bf16", "", n=0),
    _v1("large", "f32", "f32", ptx="tf32", inputs="large"),
    _v1("equal", "bf16", "", ptx="tf32", inputs="equal"),
    _v1("nan-query", "f32", "f32", ptx="tf32", inputs="nan-query"),
)

STANDARD_CASES = (
    _standard("mha", "f32", "", hkv=4),
    _standard("gqa", ALL, "f32 f64", ptx="tf32"),
    _standard("mqa", "bf16", "", hkv=1),
    _standard("causal-gqa", "f32 bf16", "f16", ptx="tf32", causal=True),
    _standard("window-empty-rows", "f16", "f32", ptx="tf32", n=50, m=20, window=(3, 2), lse=True),
    _standard("softcap", "f32", "", softcap=3.0),
    _standard("all-gqa", ALL, "f32 bf16", ptx="tf32", **_TOGETHER),
    _standard("all-mqa", "f32", "", hkv=1, **_TOGETHER),
    _standard("dynamic-causal-lse", "bf16", "", dynamic=True, causal=True, lse=True),
    _standard("decode", "bf16", "", ptx="tf32", n=1, m=777, h=8, hkv=2, d=64, causal=True),
    _standard("few", "f32 f16", "", n=4, m=4097, h=8, hkv=4, d=96, causal=True, lse=True),
    _standard("decode-lse", "", "", ptx="tf32", n=3, m=401, h=8, hkv=2, d=64, causal=True, lse=True),
    _standard("more-queries-causal", "f32", "f32", n=100, m=30, causal=True),
    _standard("tail-67-131", "f16", "", n=67, m=131, d=16),
    _standard("dim-128", "bf16", "", ptx="tf32", d=128, h=2, hkv=1, causal=True),
    # Values whose width differs from the keys.
    _standard("values-64", "f32", "f32 f64", ptx="f16 bf16 tf32", dv=64, lse=True),
    _standard("values-24", "f16", "bf16", ptx="bf16", d=40, dv=24, causal=True),
    _standard("values-20", "bf16", "", d=16, dv=20, hkv=4, window=(9, 3)),
    _standard("values-128", "bf16", "f16", n=70, m=150, h=2, hkv=1, d=64, dv=128, causal=True),
    _standard("values-256", "bf16", "", n=70, m=150, h=2, hkv=1, d=128, dv=256, causal=True),
    _standard("values-all", "f32", "f32", ptx="bf16 tf32", dv=48, dynamic=True, layout="bhsd",
              **_TOGETHER),
    _standard("one-token", "f32", "", n=1, m=1, b=2, d=64),
    _standard("key-0", "bf16", "", ptx="tf32", m=0, lse=True),
    _standard("large", "f32", "", ptx="tf32", inputs="large", lse=True),
    _standard("nan-query", "bf16", "", inputs="nan-query"),
)

#: Every variant with every mask and type, for kernels.
MASKS = {
    "none": dict(), "causal": dict(causal=True), "window": dict(window=(7, 5)),
    "window-left": dict(window=(9, -1)), "window-causal": dict(window=(11, -1), causal=True),
}  # fmt: skip
MASK_CASES = tuple(
    Case(variant, f"mask-{name}", "", "", f"{ALL} tf32", n=37, m=41, d=16, lse=True, **mask)
    for variant in ("v2", "v1", "standard")
    for name, mask in MASKS.items()
)



def packed(*sequences: tuple[int, int], behind: int = 0) -> dict:
    """Sequences with their query and key tokens, and unused tokens at the end."""
    return dict(sequences=sequences, b=len(sequences),
                n=sum(queries for queries, _ in sequences) + behind,
                m=sum(keys for _, keys in sequences) + behind)  # fmt: skip


#: One token, none, no key, no query, tails, more keys than queries and the other
#: way round, a sequence of whole tiles.
_MIXED = packed((33, 47), (1, 1), (0, 9), (0, 0), (12, 0), (64, 64), (5, 70), (41, 6))
#: Long against short: the tiles of one sequence stand between those of others.
_UNEVEN = packed((1, 130), (150, 150), (2, 2), (1, 1), (1, 40))
VARLEN_CASES = (
    _v2("varlen", "f32", "f32 f64", ptx="f16 bf16", lse=True, dynamic=True, **_MIXED),
    _v2("varlen-causal", "f32", "f32", ptx="bf16", causal=True, lse=True, dynamic=True, **_MIXED),
    _v2("varlen-static", "f16", "", causal=True, **_MIXED),
    _v2("varlen-window", "f16", "", ptx="bf16", window=(9, 3), lse=True, dynamic=True, **_MIXED),
    _v2("varlen-window-causal", "", "", ptx="f32", window=(12, -1), causal=True, dynamic=True,
        **_UNEVEN),
    _v2("varlen-mha-softcap", "f32", "", hkv=4, softcap=3.0, causal=True, dynamic=True, **_UNEVEN),
    _v2("varlen-mqa", "", "", ptx="f16", hkv=1, d=64, dynamic=True, **_UNEVEN),
    _v2("varlen-dim-40", "", "", ptx="bf16 tf32", d=40, causal=True, dynamic=True,
        **packed((19, 23), (8, 31))),
    _v2("varlen-dim-128", "", "", ptx="bf16 tf32", d=128, h=2, hkv=1, causal=True,
        **packed((40, 40), (7, 33))),
    _v2("varlen-one-tokens", "f32", "f32", ptx="bf16 tf32", causal=True, lse=True, dynamic=True,
        **packed(*[(1, 1)] * 40)),
    _v2("varlen-few", "f32 bf16", "", h=8, hkv=4, d=64, causal=True, lse=True, b=5, n=7, m=3010,
        sequences=((1, 2000), (0, 9), (3, 1), (2, 999), (1, 0))),
    _v2("varlen-decode", "f32", "", h=8, hkv=2, causal=True, dynamic=True,
        **packed((1, 300), (1, 1), (1, 77), (1, 0))),
    _v2("varlen-one-sequence", "f16", "f32", causal=True, **packed((45, 61))),
    _v2("varlen-behind", "f32", "f32", ptx="bf16", causal=True, lse=True, dynamic=True,
        **packed((33, 47), (0, 3), (18, 18), behind=70)),
    _v2("varlen-no-sequence", "f32", "f32", dynamic=True, **packed(behind=5)),
    _v2("varlen-no-token", "f16", "", dynamic=True, **packed((0, 0), (0, 0))),
    _v2("varlen-no-key", "f16", "f32", ptx="tf32", lse=True, dynamic=True, **packed((5, 0), (40, 0))),
    _v2("varlen-large", "f32", "", inputs="large", causal=True, dynamic=True, **_UNEVEN),
    _v2("varlen-scores-1e3", "f32", "f32", inputs="scores-1e3", dynamic=True, **_MIXED),
    _v2("varlen-nan-query", "f32", "", inputs="nan-query", causal=True, **_UNEVEN),
    _v2("varlen-bhsd", "f32", "f32", ptx="bf16", layout="bhsd", causal=True, lse=True,
        dynamic=True, **_MIXED),
    _v2("varlen-long", lse=True, causal=True, dynamic=True, d=64, heavy=True,
        **packed((700, 700), (1, 512), (90, 90), *[(3, 3)] * 60)),
    _v1("varlen", "f32", "f32", ptx="bf16 tf32", lse=True, dynamic=True, **_MIXED),
    _v1("varlen-causal", "f16", "", causal=True, dynamic=True, lambda_init=0.3, **_MIXED),
    _v1("varlen-window", "", "", ptx="bf16 tf32", window=(9, 3), hkv=4, **_UNEVEN),
    _v1("varlen-bhsd", "f32", "f32", layout="bhsd", causal=True, dynamic=True, **_UNEVEN),
    _standard("varlen", "f32", "f32", ptx="f16 tf32", causal=True, lse=True, dynamic=True, **_MIXED),
    _standard("varlen-window", "f16", "", window=(9, 3), softcap=5.0, **_UNEVEN),
    _standard("varlen-values-64", "f32", "f32", ptx="bf16", dv=64, causal=True, lse=True,
              dynamic=True, **_MIXED),
)  # fmt: skip

#: Head-major tensors.
LAYOUT_CASES = (
    _v2("bhsd", "f32", "f32 f64", ptx="f16 bf16 tf32", layout="bhsd", lse=True),
    _v2("bhsd-all", "f32", "f32", ptx="bf16 tf32", layout="bhsd", dynamic=True, **_TOGETHER),
    _v2("bhsd-mqa", "", "", ptx="f16", layout="bhsd", hkv=1, b=3, causal=True),
    _v2("bhsd-dim-40", "", "", ptx="bf16", layout="bhsd", d=40, causal=True),
    _v2("bhsd-one-token", "", "", ptx="f32", layout="bhsd", n=1, m=77, d=64, causal=True),
    _v2("bhsd-key-0", "", "f32", ptx="f16", layout="bhsd", m=0, lse=True),
    _v2("bhsd-query-0", "f16", "f32", layout="bhsd", n=0, dynamic=True),
    _v1("bhsd", "f32", "f32", ptx="bf16 tf32", layout="bhsd", causal=True, b=2, lse=True),
    _v1("bhsd-window", "f16", "", layout="bhsd", window=(9, 4), dynamic=True),
    _standard("bhsd", "f32", "f32", ptx="bf16 tf32", layout="bhsd", causal=True, dynamic=True, lse=True),
)

#: The features that a step of the softmax is written for.
SCORE_FEATURES = {
    "plain": dict(m=147), "lse": dict(m=70, lse=True, causal=True), "softcap": dict(softcap=30.0, m=70),
    "softcap-huge": dict(softcap=1e19, m=70), "tail": dict(n=13, m=129, causal=True, dynamic=True),
}  # fmt: skip
#: Scores up to the end of what is finite. In the default set, what a step of the
#: softmax is most different for; with --full all variants, features and types.
_SCORE_DEFAULTS = {
    ("v2", "plain", "equal-end"): ("f32", "f16 bf16 tf32"),
    ("v2", "lse", "scores-end"): ("f32", "f16 bf16"),
    ("v2", "tail", "equal-rising"): ("f32", "f32 bf16 tf32"),
    ("v1", "plain", "equal-end"): ("", "f16 tf32"),
    ("v1", "lse", "scores-1e6"): ("f32", "bf16"),
    ("standard", "lse", "equal-end"): ("f32", "f16 bf16"),
    ("standard", "softcap-huge", "equal-end"): ("", "bf16"),
    ("standard", "tail", "scores-1e3"): ("", "f16"),
}
SCORE_CASES = tuple(
    Case(variant, f"{inputs}-{name}", types, types, ptx, d=16, inputs=inputs,
         heavy=not (types or ptx), **feature)
    for variant in ("v2", "v1", "standard")
    for name, feature in SCORE_FEATURES.items()
    for inputs in LARGE_SCORES
    for types, ptx in [_SCORE_DEFAULTS.get((variant, name, inputs), ("", ""))]
)

#: Scales and values at the ends of the range, and scores so close that the maps
#: of a pair cancel.
RANGE_CASES = (
    _v1("scale-0.05", "", "", ptx="f16 bf16 tf32", m=147, scale=0.05),
    _v1("scale-0.05-dim-64", "", "", ptx="f16 bf16 tf32", m=147, d=64, h=2, hkv=1, scale=0.05, lse=True),
    _v1("scale-0.05-dim-128", "", "", ptx="bf16 tf32", n=65, m=147, d=128, h=2, hkv=1, scale=0.05,
        causal=True),
    _v1("scale-0.01", "", "", ptx="bf16", d=64, h=2, hkv=1, scale=0.01, causal=True),
    _v2("scale-0.05", "", "", ptx="f16 bf16 tf32", m=147, scale=0.05),
    _v2("scale-0.01", "", "", ptx="bf16", n=70, m=147, d=128, h=2, hkv=1, scale=0.01, causal=True),
    _v2("softcap-small", "", "", ptx="bf16 tf32", m=147, softcap=0.3, dynamic=True),
    _v1("values-huge", "f32", "f32", ptx="bf16 tf32", inputs="values-huge"),
    _v1("values-tiny", "f32", "f32", ptx="bf16 tf32", inputs="values-tiny"),
    _v2("scale-1e29", "f32", "f32", ptx="bf16", scale=1.8e29, inputs="products-tiny", lse=True),
    _v2("scale-1e-37", "f32", "f32", ptx="bf16", scale=1.8e-37, inputs="products-huge", lse=True),
    _standard("scale-1e-39", "f32", "f32", ptx="bf16", scale=1.8e-39, inputs="products-huge"),
    _standard("scale-largest", "f32", "f32", ptx="bf16", scale=1.17e38, m=70,
              inputs="equal-tiny"),
)  # fmt: skip

#: Head groups with several signal heads, values of another width than keys, and
#: output gates.
FAMILY_CASES = (
    _v2("signals-4", ALL, "f32 f64", ptx="tf32", h=8, signals=4, lse=True),
    _v2("signals-2-causal", "f32 bf16", "f32", h=8, hkv=4, signals=2, causal=True),
    _v2("signals-3-gate", "f32", "f32", ptx="bf16", h=6, signals=3, gate=True, **_TOGETHER),
    _v2("signals-all", "bf16", "f32", ptx="f16", h=8, hkv=1, signals=4, dv=24, gate=True,
        layout="bhsd", dynamic=True, **_TOGETHER),
    _v2("signals-decode", "bf16", "", h=16, hkv=2, signals=4, n=1, m=333, d=64, causal=True,
        lse=True),
    _v2("signals-4-groups", "", "", ptx="bf16 tf32", n=70, m=147, h=16, hkv=2, signals=4, d=64,
        causal=True, lse=True),
    _v2("signals-2-window", "", "", ptx="bf16 tf32", n=150, m=170, h=4, hkv=2, signals=2, d=128,
        window=(30, 5), softcap=20.0),
    _v2("signals-3-scale", "", "", ptx="bf16", n=40, m=147, h=6, signals=3, d=40, scale=0.01,
        causal=True),
    _v2("signals-8", "", "", ptx="f16", n=40, m=90, h=8, hkv=1, signals=8, d=64, gate=True),
    _v2("signals-4-one", "", "", ptx="bf16 f16 tf32", n=1, m=150, h=8, hkv=2, signals=4, d=192,
        dv=128, gate=True, window=(128, 0), lse=True, b=2),
    _v2("signals-2-three", "", "", ptx="bf16 tf32", n=3, m=150, h=4, hkv=2, signals=2, d=64,
        causal=True, softcap=20.0, layout="bhsd"),
    _v2("signals-3-seven", "", "", ptx="bf16", n=7, m=100, h=6, signals=3, d=40, gate=True),
    _v2("signals-8-two", "", "", ptx="f16", n=2, m=100, h=16, hkv=1, signals=8, d=64,
        causal=True, scale=0.01),
    _v2("values-64", "f32", "f32", ptx="f16 bf16 tf32", dv=64, lse=True),
    _v2("values-24", "f16", "f32", ptx="bf16", d=40, dv=24, causal=True),
    _v2("gate", "f32 bf16", "f32 f64", ptx="tf32", gate=True, causal=True),
    _v2("gate-extreme", "f32", "f32", ptx="bf16", gate=True, n=50, m=20, causal=True,
        inputs="gate-extreme"),
    _v2("gate-varlen", "f32", "f32", ptx="bf16", h=4, hkv=1, signals=2, gate=True, causal=True,
        lse=True, dynamic=True, **_MIXED),
    _v2("halves", ALL, "f32 f64", ptx="tf32", pairs="halves", causal=True, lse=True),
    _v2("halves-all", "bf16", "f32", ptx="f16", h=8, hkv=2, pairs="halves", layout="bhsd",
        gate=True, dynamic=True, **_TOGETHER),
    _v2("halves-decode", "bf16", "", ptx="f16", h=8, hkv=2, n=1, m=333, d=64, pairs="halves",
        causal=True),
    _v2("halves-varlen", "f32", "f32", ptx="bf16", pairs="halves", causal=True, lse=True,
        **_MIXED),
    _v2("halves-signals", "f32", "f32", ptx="bf16", h=8, signals=4, pairs="halves", gate=True,
        **_TOGETHER),
    _v1("halves", ALL, "f32 f64", ptx="tf32", pairs="halves", causal=True, lse=True),
    _v1("halves-mha", "bf16", "f32", ptx="tf32", hkv=4, d=64, n=65, m=130, pairs="halves",
        causal=True),
    _v1("halves-dim-24", "f16", "f32", ptx="bf16", d=24, pairs="halves", window=(9, 3)),
    _v1("halves-all", "bf16", "f32", ptx="f16", h=8, hkv=2, pairs="halves", layout="bhsd",
        gate=True, dynamic=True, **_TOGETHER),
    _v1("halves-decode", "bf16", "", ptx="f16 tf32", h=4, hkv=2, n=1, m=333, d=64,
        pairs="halves", causal=True),
    _v1("halves-varlen", "f32", "f32", ptx="bf16", pairs="halves", causal=True, lse=True,
        dynamic=True, **_MIXED),
    _v1("halves-signals", "f32", "f32", ptx="bf16", h=8, signals=4, pairs="halves", gate=True,
        **_TOGETHER),
    _v2("motif-3", "bf16", "", h=8, hkv=2, signals=4, n=130, m=200, d=192, dv=128, gate=True,
        window=(128, 0)),
    _v1("signals-4", ALL, "f32 f64", ptx="tf32", h=8, signals=4, lse=True),
    _v1("signals-3-gate", "f32", "f32", ptx="bf16", h=6, signals=3, gate=True, **_TOGETHER),
    _v1("signals-all", "bf16", "f32", ptx="f16", h=8, hkv=1, signals=4, gate=True, layout="bhsd",
        dynamic=True, **_TOGETHER),
    _v1("signals-2-tail", "", "", ptx="bf16 f16 tf32", n=70, m=147, h=4, signals=2, d=40,
        causal=True),
    _v1("signals-3-window", "", "", ptx="bf16 tf32", n=150, m=170, h=6, hkv=2, signals=3, d=64,
        window=(30, 5), softcap=20.0, lse=True),
    _v1("signals-4-groups", "", "", ptx="bf16", n=70, m=147, h=16, hkv=2, signals=4, d=64,
        causal=True, lse=True),
    _v1("signals-4-scale", "", "", ptx="bf16", n=40, m=147, h=4, hkv=1, signals=4, d=64,
        scale=0.01, causal=True),
    _v1("signals-decode", "bf16", "", h=16, hkv=2, signals=4, n=1, m=333, d=64, causal=True,
        lse=True),
    _v1("motif-2", "", "", ptx="bf16", h=8, hkv=2, signals=4, n=70, m=130, d=128, causal=True),
    _v1("signals-varlen", "f32", "f32", ptx="bf16", h=4, signals=2, causal=True, lse=True,
        dynamic=True, **_MIXED),
    _v1("gate", "f32 bf16", "f32 f64", ptx="tf32", gate=True, causal=True),
    _v1("gate-extreme", "f32", "f32", ptx="bf16", gate=True, n=50, m=20, causal=True,
        inputs="gate-extreme"),
    _standard("gate", "f32 bf16", "f32 f64", ptx="tf32", gate=True, causal=True),
    _standard("gate-bhsd", "f16", "f32", ptx="bf16", gate=True, dv=48, layout="bhsd",
              dynamic=True, **_TOGETHER),
)  # fmt: skip

#: Few tokens: on tensor cores, the rows of several output heads, or those of the maps
#: of a head group, fill instructions together.
_DECODE = packed((1, 130), (1, 1), (1, 77), (1, 0))
FEW_CASES = (
    _v2("few-one", "", "", ptx="bf16 f16 tf32", b=2, n=1, m=150, h=8, hkv=2, d=64, lse=True),
    _v2("few-two", "", "", ptx="bf16 tf32", n=2, m=100, d=40, window=(30, 5), gate=True, lse=True),
    _v2("few-four", "", "", ptx="f16", n=4, m=90, h=8, hkv=1, d=128, causal=True, softcap=20.0),
    _v2("few-halves", "", "", ptx="bf16 tf32", n=3, m=150, h=8, hkv=2, d=64, pairs="halves",
        layout="bhsd", gate=True, lse=True),
    _v2("few-scale", "", "", ptx="bf16 tf32", n=1, m=147, h=8, hkv=2, d=64, scale=0.01),
    _v2("few-varlen", "", "", ptx="bf16", h=8, hkv=2, d=64, causal=True, lse=True, **_DECODE),
    _v1("few-one", "", "", ptx="bf16 f16 tf32", b=2, n=1, m=150, h=8, hkv=2, d=64, causal=True,
        lse=True),
    _v1("few-two", "", "", ptx="bf16 tf32", n=2, m=100, h=8, hkv=1, d=40, gate=True, lse=True),
    _v1("few-five", "", "", ptx="bf16 tf32", n=5, m=90, d=128, window=(30, 2), softcap=20.0,
        layout="bhsd"),
    _v1("few-halves", "", "", ptx="bf16 tf32", n=3, m=150, h=8, hkv=2, d=64, pairs="halves",
        layout="bhsd", gate=True, lse=True),
    _v1("few-scale", "", "", ptx="bf16 tf32", n=1, m=147, h=8, hkv=2, d=64, scale=0.01),
    _v1("few-varlen", "", "", ptx="bf16", h=8, hkv=2, d=64, causal=True, lse=True, **_DECODE),
    _v1("few-window", "", "", ptx="bf16", n=1, m=600, d=64, causal=True, window=(511, 0)),
    _v1("few-signals", "", "", ptx="bf16 f16 tf32", b=2, n=1, m=150, h=8, hkv=2, signals=4,
        d=64, causal=True, lse=True),
    _v1("few-signals-five", "", "", ptx="bf16 tf32", n=5, m=90, h=8, hkv=1, signals=4, d=64,
        window=(30, 2), softcap=20.0, gate=True, lse=True, layout="bhsd"),
    _v1("few-signals-256", "", "", ptx="bf16", n=2, m=90, h=8, hkv=2, signals=4, d=128,
        causal=True, lse=True),
    _v1("few-signals-halves", "", "", ptx="bf16 tf32", n=3, m=150, h=8, hkv=2, signals=4, d=64,
        pairs="halves", layout="bhsd", gate=True, lse=True),
    _v1("few-signals-2", "", "", ptx="bf16 tf32", n=7, m=100, signals=2, d=40, lse=True),
    _v1("few-signals-3", "", "", ptx="bf16", n=1, m=100, h=6, signals=3, d=64, gate=True),
    _v1("few-signals-8", "", "", ptx="f16", n=1, m=100, h=16, hkv=1, signals=8, d=64,
        causal=True),
    _v1("few-signals-scale", "", "", ptx="bf16 tf32", n=1, m=147, h=4, hkv=1, signals=4, d=64,
        scale=0.01),
    _v1("few-signals-varlen", "", "", ptx="bf16", h=8, hkv=2, signals=4, d=64, causal=True,
        lse=True, **_DECODE),
    _standard("few-one", "", "", ptx="bf16 f16 tf32", n=1, m=150, h=8, hkv=1, d=64, lse=True),
)  # fmt: skip

CASES = (V2_CASES + V1_CASES + STANDARD_CASES + MASK_CASES + VARLEN_CASES + LAYOUT_CASES
         + SCORE_CASES + RANGE_CASES + FAMILY_CASES + FEW_CASES)  # fmt: skip


def default_types(case: Case, route: str) -> list[str]:
    if route == "linalg":
        return case.linalg.split()
    types = case.types.split()
    return types + (case.ptx.split() if route in PTX_ROUTES else [])


def rows(routes=ROUTES, full: bool = False, table: Iterable[Case] = CASES) -> Iterator[Row]:
    """The rows of the default or the full set on some routes."""
    for case in table:
        for route in routes:
            if full:
                types = {"linalg": LINALG_TYPES, "cpu": ELEMENT_TYPES}.get(route, PTX_TYPES)
            elif case.heavy:
                continue
            else:
                types = default_types(case, route)
            for element_type in types:
                yield Row(case, element_type, route)


def find_row(name: str) -> Row:
    """The row with this name (the last part of the name is the route)."""
    stem, _, route = name.rpartition("-")
    stem, _, element_type = stem.rpartition("-")
    for case in CASES:
        if f"{case.variant}/{case.name}" == stem and element_type in (*LINALG_TYPES, "tf32"):
            return Row(case, element_type, route)
    raise KeyError(f"no row is called '{name}'")


#: Relations that hold without a reference; the functions are in relations.py.
#: These run once per route …
ROUTE_RELATIONS = (
    "lambda-minus-infinity", "permuted-keys", "repeated-key-value-heads",
    "independent-batch-rows", "nan-stays-in-its-row", "same-result-every-run",
    "same-result-any-thread-count", "static-and-dynamic-agree",
    "equivalent-masks", "composition-of-standard", "sequences-against-batch",
    "independent-sequences", "layouts-agree", "infinite-gate", "one-signal",
    "halves-against-interleaved", "signals-against-pairs",
)  # fmt: skip
#: … these once per route that runs PTX …
PTX_RELATIONS = ("tf32-rounds-to-nearest", "schedules-agree")
#: … and these once.
PLAIN_RELATIONS = ("routes-agree", "same-bytes-of-ir", "same-bytes-of-ptx")


def relation_names(routes=ROUTES) -> list[str]:
    """The names for `--relation`: NAME-ROUTE, or NAME."""
    names = [f"{name}-{route}" for route in routes for name in ROUTE_RELATIONS]
    names += [f"{name}-{route}" for route in routes if route in PTX_ROUTES
              for name in PTX_RELATIONS]  # fmt: skip
    return names + list(PLAIN_RELATIONS)
