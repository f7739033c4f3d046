# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gradients by recomputation with PyTorch's ops.

The rows of queries are independent, so they are differentiated in blocks: the memory
is that of a few score blocks of at most BLOCK_ELEMENTS elements each, not that of all
scores. The arithmetic is that of f32, or of f64 for tensors of f64.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from .._options import Options

#: Elements in the scores of one block.
BLOCK_ELEMENTS = 1 << 23


@dataclass(frozen=True)
class Form:
    """How the caller lays out its tensors."""

    variant: str
    options: Options
    varlen: bool

    @property
    def maps(self) -> int:
        return 1 if self.variant == "standard" else self.options.signals + 1

    def split(self, tensor: torch.Tensor, members: int) -> torch.Tensor:
        """A view [B, tokens, groups, members, dim]."""
        if self.varlen:
            tensor = tensor.unsqueeze(0)
        is_flat = tensor.dim() == 4
        if self.options.layout == "bhsd":
            tensor = tensor.movedim(-2, 1)
        if self.options.pair_layout == "halves" and members > 1:
            if is_flat:
                tensor = tensor.unflatten(2, (members, -1))
            return tensor.transpose(2, 3)
        return tensor.unflatten(2, (-1, members)) if is_flat else tensor

    def split_value(self, value: torch.Tensor) -> torch.Tensor:
        """A tensor [B, tokens, kv heads, dim]."""
        is_wide = self.options.pair_layout == "interleaved" and value.dim() == 4 - self.varlen
        members = 2 if self.variant == "v1" and not is_wide else 1
        return self.split(value, members).flatten(3)

    def split_output(self, tensor: torch.Tensor) -> torch.Tensor:
        """A view [B, tokens, heads, dim] of a tensor in the shape of the output."""
        return self.split(tensor, 1).squeeze(3)


def canonicalize(form: Form, named: dict) -> dict:
    """The tensors in the layout of `evaluate`, as differentiable functions of the
    caller's."""
    result = dict(named)
    result["q"] = form.split(named["q"], form.maps)
    result["k"] = form.split(named["k"], 2 if form.variant == "v1" else 1)
    result["v"] = form.split_value(named["v"])
    if form.variant == "v2" and form.varlen:
        result["lam"] = named["lam"].unsqueeze(0)
    if "gate" in named:
        result["gate"] = form.split_output(named["gate"])
    return result


def get_rows(form: Form, name: str) -> str:
    """What a tensor has rows for: "query" or "key" tokens, or "" if its values are
    shared by all rows."""
    if name in ("k", "v"):
        return "key"
    return "query" if name in ("q", "gate") or (name == "lam" and form.variant == "v2") else ""


def take(form: Form, name: str, tensor: torch.Tensor, batch: slice, queries: slice, keys: slice):
    """A view of a block of rows."""
    rows = get_rows(form, name)
    if not rows:
        return tensor
    return tensor[batch, queries if rows == "query" else keys]


def evaluate(form: Form, named: dict, visible: torch.Tensor):
    """The formulas for a block of rows: output [B, rows, h, dv] and log-sum-exp
    [B, query heads, rows]. `visible` [rows, keys] is the mask."""
    options = form.options
    query, key, value = named["q"], named["k"], named["v"]
    kv_heads, groups = key.shape[2], query.shape[2]
    query = query.unflatten(2, (kv_heads, groups // kv_heads))
    if form.variant == "v1":
        parts = [query[..., :-1, :], query[..., -1:, :]]
        scores = torch.cat([torch.einsum("bnkgmd,btkd->bkgmnt", part, key[:, :, :, i])
                            for i, part in enumerate(parts)], dim=3)  # fmt: skip
    else:
        scores = torch.einsum("bnkgmd,btkd->bkgmnt", query, key[:, :, :, 0])
    scale = 1 / math.sqrt(query.shape[-1]) if options.scale is None else options.scale
    scores = scores * scale
    if options.softcap is not None:
        scores = options.softcap * torch.tanh(scores / options.softcap)
    scores = scores.masked_fill(~visible, -math.inf)
    # A row that sees no key has weights of 0 and a log-sum-exp of -inf.
    is_empty = ~visible.any(dim=-1, keepdim=True)
    top = scores.detach().amax(dim=-1, keepdim=True).masked_fill(is_empty, 0)
    weights = torch.exp(scores - top)
    total = weights.sum(dim=-1, keepdim=True).masked_fill(is_empty, 1)
    maps = torch.einsum("bkgmnt,btkv->bnkgmv", weights / total, value)
    lse = (top + torch.log(total)).masked_fill(is_empty, -math.inf)
    return combine(form, named, maps), lse.squeeze(-1).flatten(1, 3)


def combine(form: Form, named: dict, maps: torch.Tensor) -> torch.Tensor:
    """The output from the maps' outputs [B, rows, kv heads, groups, maps, dv]."""
    if form.variant == "standard":
        output = maps.flatten(2, 4)
    else:
        signal, noise = maps[..., :-1, :], maps[..., -1:, :]
        split = (*signal.shape[2:5], 1)
        if form.variant == "v2":
            output = signal - torch.sigmoid(named["lam"]).unflatten(2, split) * noise
        else:
            lam = named["lam"].expand(math.prod(split)).unflatten(0, split)
            output = signal - lam * noise
            mean = output.square().mean(dim=-1, keepdim=True)
            output = output * torch.rsqrt(mean + form.options.epsilon)
            output = output * (1 - form.options.lambda_init)
            if "weight" in named:
                output = output * named["weight"]
        output = output.flatten(2, 4)
    return output * torch.sigmoid(named["gate"]) if "gate" in named else output


def get_visible(options: Options, n: int, m: int, rows: range, device):
    """Which keys a block of rows sees: the first key, the last plus 1, and the mask of
    those between."""
    left, right = options.window
    shift = m - n
    first = 0 if left == -1 else max(0, rows.start + shift - left)
    last = m if right == -1 else min(m, rows.stop + shift + right)
    last = max(first, last)
    at = torch.arange(rows.start, rows.stop, device=device)[:, None] + shift
    keys = torch.arange(first, last, device=device)[None, :]
    visible = torch.ones(len(rows), last - first, dtype=torch.bool, device=device)
    if left != -1:
        visible &= keys >= at - left
    if right != -1:
        visible &= keys <= at + right
    return first, last, visible


def add_block(form: Form, named: dict, grads: dict, grad, grad_lse, batch: slice, rows: range):
    """Adds the gradients of a block of rows."""
    n, m = named["q"].shape[1], named["k"].shape[1]
    first, last, visible = get_visible(form.options, n, m, rows, named["q"].device)
    if first == last:
        return
    tokens, keys = slice(rows.start, rows.stop), slice(first, last)
    with torch.enable_grad():
        block = {name: take(form, name, tensor, batch, tokens, keys).detach().requires_grad_(name in grads)
                 for name, tensor in named.items()}  # fmt: skip
        output, lse = evaluate(form, block, visible)
    results, seeds = [], []
    if grad is not None:
        results, seeds = [output], [grad[batch, tokens]]
    if grad_lse is not None and lse.requires_grad:
        results.append(lse)
        # The log-sum-exp of a row without keys is constant.
        seeds.append(grad_lse[batch, :, tokens].masked_fill(~visible.any(dim=-1), 0))
    found = torch.autograd.grad(results, [block[name] for name in grads], seeds, allow_unused=True)
    for name, part in zip(grads, found):
        if part is not None:
            take(form, name, grads[name], batch, tokens, keys).add_(part)


def add_sequence(form: Form, named: dict, grads: dict, grad, grad_lse) -> None:
    """Adds the gradients of a batch of sequences of equal lengths."""
    (b, n, groups, maps, _), m = named["q"].shape, named["k"].shape[1]
    if not (b and n and m):
        return
    row = max(1, groups * maps * m)
    batches = min(b, max(1, BLOCK_ELEMENTS // (row * n)))
    height = min(n, max(1, BLOCK_ELEMENTS // (row * batches)))
    for start in range(0, b, batches):
        for first in range(0, n, height):
            rows = range(first, min(n, first + height))
            add_block(form, named, grads, grad, grad_lse, slice(start, start + batches), rows)


def split_sequences(form: Form, named: dict, grads: dict, grad, grad_lse, offsets):
    """The arguments of add_sequence for each sequence, as views."""
    queries, keys = (tensor.tolist() for tensor in offsets)
    everything = slice(None)
    for i in range(len(queries) - 1):
        query, key = slice(queries[i], queries[i + 1]), slice(keys[i], keys[i + 1])
        cut = [{name: take(form, name, tensor, everything, query, key)
                for name, tensor in tensors.items()} for tensors in (named, grads)]  # fmt: skip
        yield (*cut, None if grad is None else grad[:, query],
               None if grad_lse is None else grad_lse[:, :, query])  # fmt: skip


def backward(form: Form, named: dict, grad, grad_lse, needed: list[str]) -> list[torch.Tensor]:
    """The gradients of the tensors in `needed`, in this order."""
    compute = torch.float64 if named["q"].dtype == torch.float64 else torch.float32
    offsets = [named.pop(name) for name in ("cu_seqlens_q", "cu_seqlens_k") if name in named]
    with torch.autocast(named["q"].device.type, enabled=False):
        with torch.enable_grad():
            leaves = {name: tensor.detach().requires_grad_(name in needed)
                      for name, tensor in named.items()}  # fmt: skip
            canonical = canonicalize(form, leaves)
        tensors = {name: tensor.detach().to(compute) for name, tensor in canonical.items()}
        grads = {name: torch.zeros_like(tensors[name]) for name in needed}
        if grad is not None:
            grad = form.split_output(grad).to(compute)
        if grad_lse is not None:
            grad_lse = grad_lse if not form.varlen else grad_lse.unsqueeze(0)
        sequences = [(tensors, grads, grad, grad_lse)]
        if offsets:
            sequences = split_sequences(form, tensors, grads, grad, grad_lse, offsets)
        for sequence in sequences:
            add_sequence(form, *sequence)
        found = torch.autograd.grad([canonical[name] for name in needed],
                                    [leaves[name] for name in needed],
                                    [grads[name].to(canonical[name].dtype) for name in needed])  # fmt: skip
    return [part.contiguous() for part in found]
