# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The layers as PyTorch users write them: scaled_dot_product_attention for each map,
the subtraction, and the norm of V1.

A form says how the query heads that share a key head are computed: "gqa" by
enable_gqa, "repeated" on copies of keys and values, "folded" as rows of the key head
(one query token only). V1 needs values of twice the width of the keys: "wide" passes
them as they are, otherwise each half is a call.
"""

from __future__ import annotations

from .subjects import EPSILON, LAMBDA_INIT, Inputs

#: Bytes of scores beyond which a form that stores them is left out.
MOST_SCORES = 2**30
MATH_BACKEND = 0


class Composition:
    """One form of a layer. Call it to compute the layer."""

    def __init__(self, inputs: Inputs, form: str):
        self.torch, self.layer = inputs.torch, inputs.layer
        self.case = inputs.layer.case
        self.style, _, wide = form.partition(" ")
        self.is_wide = bool(wide)
        self.q, self.k, self.v = (inputs[name].transpose(1, 2) for name in ("query", "key", "value"))
        if self.case.variant == "v2":
            self.logits = inputs["lambda"]
        if self.case.variant == "v1":
            self.factors = inputs["lambda"].to(self.q.dtype)[:, None, None]
            self.weight = inputs["weight"].to(self.q.dtype)

    def attend(self, q, k, v):
        """[1, heads, N, dv] of one map."""
        sdpa = self.torch.nn.functional.scaled_dot_product_attention
        heads, key_heads = q.shape[1], k.shape[1]
        causal = self.layer.causal
        if self.style == "folded":
            rows = q.reshape(1, key_heads, heads // key_heads, q.shape[3])
            return sdpa(rows, k, v).reshape(1, heads, 1, v.shape[3])
        if self.style == "repeated":
            k, v = (x.repeat_interleave(heads // key_heads, 1) for x in (k, v))
        return sdpa(q, k, v, is_causal=causal, enable_gqa=k.shape[1] != heads)

    def __call__(self):
        """[1, N, heads, dv]"""
        return getattr(self, "compute_" + self.case.variant)().transpose(1, 2)

    def compute_standard(self):
        return self.attend(self.q, self.k, self.v)

    def split(self, heads):
        """Signal heads and noise heads of [1, heads, N, d], the latter repeated."""
        signals = self.case.signals
        groups = heads.unflatten(1, (-1, signals + 1))
        noise = groups[:, :, signals:]
        if signals > 1:
            noise = noise.expand(-1, -1, signals, -1, -1)
        return groups[:, :, :signals].flatten(1, 2), noise.flatten(1, 2)

    def compute_v2(self):
        signal, noise = self.split(self.attend(self.q, self.k, self.v))
        return signal - self.torch.sigmoid(self.logits).transpose(1, 2)[..., None] * noise

    def attend_v1(self, q, k):
        if self.is_wide:
            return self.attend(q, k, self.v)
        halves = self.v.chunk(2, -1)
        return self.torch.cat([self.attend(q, k, half) for half in halves], -1)

    def compute_v1(self):
        signal = self.attend_v1(self.q[:, 0::2], self.k[:, 0::2])
        noise = self.attend_v1(self.q[:, 1::2], self.k[:, 1::2])
        difference = signal - self.factors * noise
        norm = self.torch.nn.functional.rms_norm(difference, self.weight.shape, self.weight, EPSILON)
        return (1 - LAMBDA_INIT) * norm

    def stores_scores(self) -> bool:
        """Returns true if PyTorch computes a call without a fused kernel, and its scores
        in f32 exceed MOST_SCORES."""
        q, k, v = self.q, self.k, self.v[..., : self.layer.dim]
        if self.case.variant == "v1":
            q, k = q[:, 0::2], k[:, 0::2]
        heads, repeats = q.shape[1], q.shape[1] // k.shape[1]
        if 4 * heads * self.layer.n * self.layer.m <= MOST_SCORES:
            return False
        if self.is_wide:
            return True
        if self.style == "repeated":
            k, v, repeats = k.repeat_interleave(repeats, 1), v.repeat_interleave(repeats, 1), 1
        choice = self.torch._fused_sdp_choice(q, k, v, None, 0.0, self.layer.causal,
                                              enable_gqa=repeats > 1)  # fmt: skip
        return choice == MATH_BACKEND


def list_forms(inputs: Inputs) -> list[str]:
    styles = ["gqa", "repeated"] + (["folded"] if inputs.layer.is_decode else [])
    if inputs.layer.case.variant == "v1":
        return styles + [f"{style} wide" for style in styles]
    return styles


def prepare_forms(inputs: Inputs) -> dict[str, Composition]:
    """All forms of a layer that fit into memory, by name."""
    forms = {form: Composition(inputs, form) for form in list_forms(inputs)}
    return {form: made for form, made in forms.items() if not made.stores_scores()}


def compile_form(composition: Composition):
    """The form under torch.compile. Calls raise what PyTorch raises."""
    composition.torch._dynamo.reset()
    return composition.torch.compile(composition.__call__, fullgraph=True, dynamic=False)
