# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Differential attention as people compose it today."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.functional import scaled_dot_product_attention as sdpa

#: Batch, tokens, output heads, key/value heads, head dimension.
B, N, H, KV, D = 2, 6, 4, 2, 16
WIDTH = 32


def repeat_kv(x: torch.Tensor, count: int) -> torch.Tensor:
    """As in transformers."""
    b, heads, tokens, dim = x.shape
    return x[:, :, None].expand(b, heads, count, tokens, dim).reshape(b, heads * count, tokens, dim)


class Layer(nn.Module):
    """Projections around an attention `attend(q, k, v, lam)`, whose arguments are head-major
    and whose result is [B, N, h, dv]."""

    variant, key_heads, value_dim = "v2", KV, D

    def __init__(self):
        super().__init__()
        self.q_proj = nn.Linear(WIDTH, 2 * H * D, bias=False)
        self.k_proj = nn.Linear(WIDTH, self.key_heads * D, bias=False)
        self.v_proj = nn.Linear(WIDTH, KV * self.value_dim, bias=False)
        self.lambda_proj = nn.Linear(WIDTH, H, bias=False)
        self.o_proj = nn.Linear(H * self.value_dim, WIDTH, bias=False)

    def forward(self, x):
        b, n, _ = x.shape
        q = self.q_proj(x).view(b, n, 2 * H, D).transpose(1, 2)
        k = self.k_proj(x).view(b, n, self.key_heads, D).transpose(1, 2)
        v = self.v_proj(x).view(b, n, KV, self.value_dim).transpose(1, 2)
        out = self.attend(q, k, v, self.lambda_proj(x))
        return self.o_proj(out.reshape(b, n, H * self.value_dim))


class Published(Layer):
    """V2 as published: one attention, interleaved heads, token-major subtraction."""

    def attend(self, q, k, v, lam):
        out = sdpa(q, k, v, is_causal=True, enable_gqa=True).transpose(1, 2)
        return out[:, :, 0::2] - torch.sigmoid(lam).unsqueeze(-1) * out[:, :, 1::2]


class HeadMajor(Layer):
    def attend(self, q, k, v, lam):
        out = sdpa(q, repeat_kv(k, 2 * H // KV), repeat_kv(v, 2 * H // KV), scale=0.3)
        factor = lam.transpose(1, 2).sigmoid()[..., None]
        return (out[:, ::2] - out[:, 1::2] * factor).transpose(1, 2).contiguous()


class TwoCalls(Layer):
    """The query heads are taken apart before two attentions."""

    def attend(self, q, k, v, lam):
        k, v = (x.repeat_interleave(H // KV, dim=1) for x in (k, v))
        first, second = sdpa(q[:, 0::2], k, v), sdpa(q[:, 1::2], k, v)
        return torch.sub(first, torch.mul(torch.sigmoid(lam.permute(0, 2, 1)).unsqueeze(3), second)).transpose(1, 2)


class Pairs(Layer):
    """The pairs are a dimension of their own."""

    def attend(self, q, k, v, lam):
        out = sdpa(q, k, v, is_causal=True, enable_gqa=True).unflatten(1, (H, 2))
        one, two = out.unbind(2)
        return (one - torch.sigmoid(lam).movedim(-1, 1)[:, :, :, None] * two).transpose(1, 2)


class Halves(Layer):
    """All signal heads first; the key and value heads are repeated for each half."""

    def attend(self, q, k, v, lam):
        q1, q2 = q.chunk(2, dim=1)
        one, two = (sdpa(x, k, v, enable_gqa=True) for x in (q1, q2))
        return (one - torch.sigmoid(lam.transpose(1, 2).unsqueeze(-1)) * two).transpose(1, 2)


class SeparateQueries(Layer):
    """Two query projections."""

    def __init__(self):
        super().__init__()
        self.q2_proj = nn.Linear(WIDTH, H * D)

    def forward(self, x):
        b, n, _ = x.shape
        q1 = self.q_proj(x)[..., : H * D].view(b, n, H, D).transpose(1, 2)
        q2 = self.q2_proj(x).view(b, n, H, D).transpose(1, 2)
        k = self.k_proj(x).view(b, n, KV, D).transpose(1, 2)
        one, two = (sdpa(q, k, k, enable_gqa=True) for q in (q1, q2))
        return one - torch.sigmoid(self.lambda_proj(x).transpose(1, 2).unsqueeze(-1)) * two


class Constant(Layer):
    """A number as factor."""

    def attend(self, q, k, v, lam):
        out = sdpa(q, k, v, enable_gqa=True).transpose(1, 2)
        return out[:, :, 0::2] - 0.4 * out[:, :, 1::2]


class Signals(Layer):
    """Three signal heads share a noise head."""

    def attend(self, q, k, v, lam):
        out = sdpa(q, k, v, enable_gqa=True).transpose(1, 2).unflatten(2, (2, 4))
        factor = torch.sigmoid(lam)[..., :2].repeat_interleave(3, dim=-1).unflatten(-1, (2, 3))
        out = out[:, :, :, :3] - factor.unsqueeze(-1) * out[:, :, :, 3:]
        return out.flatten(2, 3)[:, :, :H]


class RMSNorm(nn.Module):
    """Written out, as in the published code."""

    def __init__(self, dim: int, eps: float = 1e-5):
        super().__init__()
        self.eps, self.weight = eps, nn.Parameter(1 + 0.1 * torch.randn(dim))

    def forward(self, x):
        norm = x.float() * torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + self.eps)
        return norm.type_as(x) * self.weight


class V1(Layer):
    """V1 as published: two attentions with values of 2d, RMSNorm, 1 - lambda_init."""

    variant, key_heads, value_dim = "v1", 2 * KV, 2 * D
    lambda_init = 0.35

    def __init__(self):
        super().__init__()
        self.vectors = nn.ParameterList([nn.Parameter(0.1 * torch.randn(D)) for _ in range(4)])
        self.subln = self.make_norm()

    def make_norm(self):
        return RMSNorm(2 * D)

    def get_lambda(self):
        q1, k1, q2, k2 = self.vectors
        return torch.exp((q1 * k1).sum()) - torch.exp((q2 * k2).sum()) + self.lambda_init

    def attend(self, q, k, v, lam):
        q, k = q.unflatten(1, (H, 2)), k.unflatten(1, (KV, 2))
        one = sdpa(q[:, :, 0], k[:, :, 0], v, is_causal=True, enable_gqa=True)
        two = sdpa(q[:, :, 1], k[:, :, 1], v, is_causal=True, enable_gqa=True)
        out = self.subln(one - self.get_lambda() * two)
        return (out * (1 - self.lambda_init)).transpose(1, 2)


class V1Module(V1):
    """torch.nn.RMSNorm, and the norm after a transposition."""

    def make_norm(self):
        return nn.RMSNorm(2 * D, eps=1e-6)

    def attend(self, q, k, v, lam):
        k, v = (repeat_kv(x, H // KV) for x in (k, v))
        (q1, q2), (k1, k2) = q.chunk(2, dim=1), k.chunk(2, dim=1)
        out = (sdpa(q1, k1, v) - self.get_lambda() * sdpa(q2, k2, v)).transpose(1, 2)
        return self.subln(out) * (1 - self.lambda_init)


class V1Halves(V1Module):
    """Keys and queries in halves, no weight, a factor for each head."""

    def make_norm(self):
        return nn.RMSNorm(2 * D, elementwise_affine=False)

    def attend(self, q, k, v, lam):
        (q1, q2), (k1, k2) = q.chunk(2, dim=1), k.chunk(2, dim=1)
        one, two = sdpa(q1, k1, v, enable_gqa=True), sdpa(q2, k2, v, enable_gqa=True)
        factor = self.vectors[0][:H].reshape(1, H, 1, 1)
        out = F.rms_norm(one - factor * two, (2 * D,), None, 1e-4)
        return 0.65 * out.transpose(1, 2)


class V1OneCall(V1):
    """One attention on all query heads, with repeated values, and no factor."""

    def attend(self, q, k, v, lam):
        k = k.unflatten(1, (KV, 2)).repeat_interleave(H // KV, dim=1).flatten(1, 2)
        out = sdpa(q, k, v.repeat_interleave(2 * H // KV, dim=1), is_causal=True)
        out = out[:, 0::2] - self.get_lambda() * out[:, 1::2]
        return (out / torch.sqrt(torch.mean(out**2, dim=-1, keepdim=True) + 1e-5)).transpose(1, 2)


POSITIVE = (Published, HeadMajor, TwoCalls, Pairs, Halves, SeparateQueries, Constant, V1, V1Module, V1Halves,
            V1OneCall, Signals)  # fmt: skip


class Attend(nn.Module):
    """An attention of its arguments."""

    def __init__(self, attend):
        super().__init__()
        self.attend = attend

    def forward(self, q, k, v, lam):
        return self.attend(q, k, v, lam)


def v2(out, lam):
    return out[:, 0::2] - torch.sigmoid(lam) * out[:, 1::2]


def in_place(q, k, v, lam):
    out = sdpa(q, k, v, enable_gqa=True)
    q.mul_(2)
    return v2(out, lam)


def used_twice(q, k, v, lam):
    out = sdpa(q, k, v, enable_gqa=True)
    return v2(out, lam) + out.sum()


#: Functions of q [B, 2h, N, d], k, v [B, h_kv, M, d] and lam [B, h, N, 1] that are no
#: attention of ours: the function, the key tokens and a part of the reason.
NEGATIVE = {
    "a mask": (lambda q, k, v, lam: v2(sdpa(q, k, v, torch.ones(N, N, dtype=torch.bool), enable_gqa=True), lam),
               N, "has an attn_mask"),
    "dropout": (lambda q, k, v, lam: v2(sdpa(q, k, v, dropout_p=0.1, enable_gqa=True), lam),
                N, "has dropout_p=0.1; the op has no dropout"),
    "causal, more keys": (lambda q, k, v, lam: v2(sdpa(q, k, v, is_causal=True, enable_gqa=True), lam), N + 2,
                          "PyTorch aligns its mask to the first key, the op to the last"),
    "negative scale": (lambda q, k, v, lam: v2(sdpa(q, k, v, scale=-1.0, enable_gqa=True), lam), N,
                       "has the scale -1.0"),
    "no subtraction": (lambda q, k, v, lam: sdpa(q, k, v, enable_gqa=True), N,
                       "no subtraction of two maps uses it"),
    "no factor": (lambda q, k, v, lam: (lambda out: out[:, ::2] - out[:, 1::2])(sdpa(q, k, v, enable_gqa=True)),
                  N, "is no product of a factor and a map"),
    "no sigmoid": (lambda q, k, v, lam: (lambda out: out[:, ::2] - lam * out[:, 1::2])(
        sdpa(q, k, v, enable_gqa=True)), N, "the factor is no sigmoid (V2), and no RMSNorm follows (V1)"),
    "a large factor": (lambda q, k, v, lam: (lambda out: out[:, ::2] - 1.5 * out[:, 1::2])(
        sdpa(q, k, v, enable_gqa=True)), N, "the factor is 1.5 and no RMSNorm follows"),
    "a factor for each element": (lambda q, k, v, lam: (lambda out: out[:, ::2] - torch.sigmoid(
        lam * out[:, 1::2].detach()) * out[:, 1::2])(sdpa(q, k, v, enable_gqa=True)), N,
        "the factor differs along the head dimension"),
    "alpha": (lambda q, k, v, lam: (lambda out: torch.sub(out[:, ::2], torch.sigmoid(lam) * out[:, 1::2],
                                                         alpha=2))(sdpa(q, k, v, enable_gqa=True)), N,
              "the subtraction has alpha"),
    "halves with grouped heads": (lambda q, k, v, lam: (lambda out: out[:, :H] - torch.sigmoid(lam) * out[:, H:])(
        sdpa(q, k, v, enable_gqa=True)), N, "read different values"),
    "heads of its own for each map": (lambda q, k, v, lam: v2(sdpa(q, q, v, enable_gqa=True), lam), N,
                                      "read different keys, and no RMSNorm follows"),
    "unequal options": (lambda q, k, v, lam: sdpa(q[:, ::2], k, v, enable_gqa=True) - torch.sigmoid(lam) * sdpa(
        q[:, 1::2], k, v, enable_gqa=True, scale=1.0), N, "the two maps differ in is_causal or scale"),
    "a key head for each map": (lambda q, k, v, lam: (lambda value: sdpa(
        q[:, ::2], k[:, :1], value, enable_gqa=True) - torch.sigmoid(lam) * sdpa(
        q[:, 1::2], k[:, 1:], value, enable_gqa=True))(v.mean(1, keepdim=True)), N,
        "read different keys, and no RMSNorm follows"),
    "a value head for each map": (lambda q, k, v, lam: sdpa(
        q[:, ::2], k[:, :1], v[:, :1], enable_gqa=True) - torch.sigmoid(lam) * sdpa(
        q[:, 1::2], k[:, :1], v[:, 1:], enable_gqa=True), N, "read different values"),
    "a part of the heads": (lambda q, k, v, lam: v2(sdpa(q, k, v, enable_gqa=True)[:, : 2 * H - 2], lam[:, 1:]), N,
                            "in an order that the op does not have"),
    "a part of the result": (lambda q, k, v, lam: v2(sdpa(q, k, v, enable_gqa=True)[..., :8], lam), N,
                             "is not the whole of"),
    "a token for another": (lambda q, k, v, lam: (lambda out: out[:, ::2, 1:] - torch.sigmoid(lam[:, :, 1:])
                                                  * out[:, 1::2, :-1])(sdpa(q, k, v, enable_gqa=True)), N,
                            "scaled_dot_product_attention"),
    "a change in place": (in_place, N, "changes a tensor in place"),
    "another use": (used_twice, N, "is also used by"),
    "V1 with narrow values": (lambda q, k, v, lam: F.rms_norm(
        (lambda out: out[:, ::2] - lam[:1, :, :1] * out[:, 1::2])(sdpa(q, k, v, enable_gqa=True)), (D,)), N,
        "values are 16 wide; those of V1 are twice as wide as keys, 32"),
    "V1 with a factor for each token": (lambda q, k, v, lam: F.rms_norm(
        (lambda out: out[:, ::2] - lam * out[:, 1::2])(
            sdpa(q, k, torch.cat([v, v], -1), enable_gqa=True)), (2 * D,)), N,
        "has other dimensions than heads"),
}  # fmt: skip


def make_arguments(tokens: int) -> tuple[torch.Tensor, ...]:
    return (torch.randn(B, 2 * H, N, D), torch.randn(B, KV, tokens, D), torch.randn(B, KV, tokens, D),
            torch.randn(B, H, N, 1))  # fmt: skip
