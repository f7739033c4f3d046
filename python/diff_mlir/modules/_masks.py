# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads the masks of transformers: causal masks, with or without padding."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Packing:
    """Which tokens of a batch are no padding.

    rows: of the queries, bool [batch, tokens].
    columns: of the keys, bool [batch, keys].
    offsets_q, offsets_k: i32 [batch + 1], where the sequences begin when the tokens that
        are no padding follow each other.
    starts: the first key of each sequence, for one query token, if all later keys are
        visible.
    """

    rows: torch.Tensor
    columns: torch.Tensor
    offsets_q: torch.Tensor
    offsets_k: torch.Tensor
    starts: tuple[int, ...] | None


def _count(tokens: torch.Tensor) -> torch.Tensor:
    """Offsets of the sequences."""
    offsets = torch.zeros(len(tokens) + 1, dtype=torch.int32, device=tokens.device)
    offsets[1:] = tokens.sum(-1).cumsum(0)
    return offsets


def _pack(columns: torch.Tensor, tokens: int) -> Packing:
    starts = None
    if tokens == 1:
        # A single query sees what the mask shows, be its own key hidden or not.
        rows = columns.new_ones(len(columns), 1)
        counts = columns.sum(-1)
        if bool((columns.flip(-1).cummin(-1).values.sum(-1) == counts).all()):
            starts = tuple((columns.shape[1] - counts).tolist())
    else:
        rows = columns[:, -tokens:]
    return Packing(rows, columns, _count(rows), _count(columns), starts)


def _read_visible(mask: torch.Tensor) -> torch.Tensor:
    if mask.dtype == torch.bool:
        return mask
    visible = mask == 0
    if not (mask.is_floating_point()
            and bool((visible | (mask <= torch.finfo(mask.dtype).min)).all())):  # fmt: skip
        raise ValueError("attention_mask has numbers other than 0 and the least one of its type")
    return visible


def _read(mask: torch.Tensor, batch: int, tokens: int, seen: int) -> Packing | None:
    keys = seen + tokens
    shape = tuple(mask.shape)
    if (len(shape) != 4 or shape[0] not in (1, batch) or shape[1:3] != (1, tokens)
            or shape[3] < keys):  # fmt: skip
        raise ValueError(f"attention_mask has the shape {shape}; [{batch}, 1, {tokens}, {keys} or "
                         "more] is legal")  # fmt: skip
    visible = _read_visible(mask)[:, 0].expand(batch, -1, -1)
    columns = visible[:, -1, :keys].clone()
    positions = torch.arange(keys, device=mask.device)
    causal = positions <= positions[seen:, None]
    if not torch.equal(visible[..., :keys], causal & columns[:, None]) or bool(
            visible[..., keys:].any()):  # fmt: skip
        raise ValueError("attention_mask is no causal mask with padding")
    return None if bool(columns.all()) else _pack(columns, tokens)


# The result depends on the numbers in the mask.
@torch.compiler.disable
def read_mask(mask: torch.Tensor, batch: int, tokens: int, seen: int) -> Packing | None:
    """Reads a mask [batch or 1, 1, tokens, keys] of bool (True: visible) or of numbers
    that are added to the scores. `seen` keys precede those of the tokens.

    Returns None for a causal mask without padding. The layers of a model share a mask,
    so the result is stored with the mask. Raises ValueError for other masks.
    """
    if mask.is_inference():
        # Such a tensor does not count its changes.
        return _read(mask, batch, tokens, seen)
    key = (mask._version, batch, tokens, seen)
    stored = getattr(mask, "_diff_mlir_packing", None)
    if stored is None or stored[0] != key:
        stored = (key, _read(mask, batch, tokens, seen))
        mask._diff_mlir_packing = stored
    return stored[1]
