# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cost of an attention layer in closed form, and layers of the same width.

compare.py describes the quantities.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

SIGNALS = 4
ELEMENT_BYTES = {"bf16": 2, "f16": 2, "f32": 4}


class CompareError(Exception):
    """The layer is not supported, or a tool failed. The message has one line."""


@dataclass(frozen=True)
class Layer:
    """An attention layer, with the letters of diff-gen --help."""

    variant: str
    batch: int
    query_tokens: int
    key_tokens: int
    heads: int
    kv_heads: int
    dim: int
    value_dim: int
    signals: int  # 0 for standard attention
    type: str
    window: tuple[int, int]  # left and right; -1 is unlimited
    gate: bool
    lse: bool
    scale: float | None
    softcap: float | None

    @property
    def query_heads(self) -> int:
        return self.heads + (self.heads // self.signals if self.signals else 0)

    @property
    def key_heads(self) -> int:
        return self.kv_heads * (2 if self.variant == "v1" else 1)

    @property
    def element(self) -> int:
        return ELEMENT_BYTES[self.type]

    def _band(self, query: int) -> tuple[int, int]:
        """The first key that a query sees, and the one after the last."""
        left, right = self.window
        diagonal = query + self.key_tokens - self.query_tokens
        first = max(0, diagonal - left) if left >= 0 else 0
        end = min(self.key_tokens, diagonal + right + 1) if right >= 0 else self.key_tokens
        return first, max(first, end)

    def scores(self) -> int:
        """Visible scores: pairs of query and key of all query heads."""
        bands = (self._band(query) for query in range(self.query_tokens))
        return self.batch * self.query_heads * sum(end - first for first, end in bands)

    def seen_keys(self) -> int:
        """Keys that some query sees."""
        if not self.query_tokens:
            return 0
        return max(0, self._band(self.query_tokens - 1)[1] - self._band(0)[0])

    def flops(self) -> int:
        """FLOP of the products Q K^T and P V of visible scores."""
        return self.scores() * 2 * (self.dim + self.value_dim)

    def _rows(self, heads: int, width: int) -> int:
        """Bytes of a tensor with a row for each query token and head."""
        return self.batch * self.query_tokens * heads * width * self.element

    def _keys(self, heads: int, width: int) -> int:
        return self.batch * self.seen_keys() * heads * width * self.element

    def _epilogue_bytes(self) -> int:
        """Bytes of lambda, norm weight, gate, and output."""
        size = self._rows(self.heads, self.value_dim) * (2 if self.gate else 1)
        if self.variant == "v2":
            size += self._rows(self.heads, 1)
        if self.variant == "v1":
            size += (self.heads + self.value_dim) * 4
        return size

    def bytes(self) -> int:
        """Bytes of global memory that must move: inputs and results once."""
        lse = self.batch * self.query_heads * self.query_tokens * 4 if self.lse else 0
        return (self._rows(self.query_heads, self.dim) + self._keys(self.key_heads, self.dim)
                + self._keys(self.kv_heads, self.value_dim) + self._epilogue_bytes() + lse)  # fmt: skip

    def cache_bytes(self) -> int:
        """Bytes of keys and values of a token."""
        return (self.key_heads * self.dim + self.kv_heads * self.value_dim) * self.element

    def params(self) -> int:
        """Parameters of the projections / hidden width: query, key, value, output,
        lambda of V2 and gate."""
        return (self.query_heads * self.dim + self.cache_bytes() // self.element
                + self.heads * self.value_dim * (2 if self.gate else 1)
                + (self.heads if self.variant == "v2" else 0))  # fmt: skip

    def composition(self) -> dict | None:
        """The cost without a fused kernel, see the module."""
        if self.variant == "standard":
            return None
        maps = self._rows(self.query_heads, self.value_dim)
        if self.variant == "v2":
            attention = (self._rows(self.query_heads, self.dim)
                         + self._keys(self.kv_heads, self.dim + self.value_dim) + maps)  # fmt: skip
            return {"way": "attention, subtract", "launches": 2, "flops": self.flops(),
                    "bytes": attention + maps + self._epilogue_bytes()}  # fmt: skip
        # Each call reads its queries, keys and half of the value dimension.
        calls = 2 * self._rows(self.query_heads, self.dim) + maps
        calls += 2 * self._keys(self.key_heads, self.dim) + 2 * self._keys(self.kv_heads, self.value_dim)
        noise = self._rows(self.heads // self.signals, self.value_dim)
        repeated = noise * self.signals
        repeat = noise + repeated if self.signals > 1 else 0
        signal = self._rows(self.heads, self.value_dim)
        return {"way": "four calls, concatenate, " + ("repeat, " if repeat else "") + "normalize",
                "launches": 8 if repeat else 7,
                "flops": self.scores() * 2 * 4 * self.dim,
                "bytes": calls + 2 * maps + repeat + signal + repeated + self._epilogue_bytes()}  # fmt: skip

    def options(self) -> list[str]:
        """The layer as options of diff-gen."""
        words = [f"--variant={self.variant}", f"--batch={self.batch}", f"--heads={self.heads}",
                 f"--query-tokens={self.query_tokens}", f"--key-tokens={self.key_tokens}",
                 f"--kv-heads={self.kv_heads}", f"--dim={self.dim}", f"--type={self.type}"]  # fmt: skip
        if self.variant != "v1":
            words.append(f"--value-dim={self.value_dim}")
        if self.signals:
            words.append(f"--signals={self.signals}")
        if self.window != (-1, -1):
            words.append(f"--window={self.window[0]},{self.window[1]}")
        words += [f"--{name}" for name in ("gate", "lse") if getattr(self, name)]
        words += [f"--{name}={value}" for name in ("scale", "softcap")
                  if (value := getattr(self, name)) is not None]  # fmt: skip
        return words


#: Variant, whether signal heads share noise heads, and name.
ALTERNATIVES = (
    ("standard", False, "standard"), ("v2", False, "V2"), ("v2", True, "V2, {} signals"),
    ("v1", False, "V1"), ("v1", True, "V1, {} signals"),
)  # fmt: skip


def get_signals(given: Layer) -> int:
    """Signal heads for each noise head of the grouped alternatives."""
    return given.signals if given.signals > 1 else SIGNALS


def alternative(given: Layer, variant: str, grouped: bool, same: str) -> Layer:
    """Returns the layer of another variant with the width of the given one."""
    signals = get_signals(given) if grouped else 1
    keys = given.key_heads
    value_dim = given.value_dim // (2 if given.variant == "v1" else 1)  # of a key head
    kv_heads = keys
    if variant == "v1":
        if keys % 2:
            raise CompareError(f"an odd number of key heads, {keys}")
        kv_heads, value_dim = keys // 2, 2 * given.dim
    if same == "query":
        heads = given.query_heads
        if variant != "standard":
            if heads % (signals + 1):
                raise CompareError(f"{heads} query heads are no multiple of {signals + 1}")
            heads = heads // (signals + 1) * signals
    else:
        heads = given.heads * (2 if given.variant == "v1" else 1)
        if variant == "v1":
            if heads % 2:
                raise CompareError(f"an odd number of output heads, {heads}")
            heads //= 2
    if heads % signals:
        raise CompareError(f"{heads} output heads are no multiple of {signals}")
    if heads // signals % kv_heads:
        raise CompareError(f"{heads // signals} head groups do not share {kv_heads} value heads "
                           "evenly")  # fmt: skip
    return replace(given, variant=variant, heads=heads, kv_heads=kv_heads, value_dim=value_dim,
                   signals=0 if variant == "standard" else signals)  # fmt: skip
