# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rotary embeddings. The arithmetic is in f32 (in f64 for f64) and rounded once."""

from __future__ import annotations

import torch

from .._options import check_int, check_positive, found


def rotary_tables(tokens: int, dim: int, *, base: float = 10000.0, device=None,
                  dtype: torch.dtype = torch.float32):  # fmt: skip
    """Cosines and sines of the angles position * base**(-2 i / dim), in radians.

    tokens: the number of positions, which start with 0.
    dim: the number of dimensions to rotate, even.

    Returns two tensors [tokens, dim / 2]. Raises ValueError for other numbers.
    """
    tokens, dim = check_int("tokens", tokens, 0), check_int("dim", dim, 2)
    if dim % 2:
        raise ValueError(f"dim is {dim}; even numbers are legal")
    base = check_positive("base", base)
    exponents = torch.arange(0, dim, 2, dtype=torch.float64, device=device) / dim
    angles = torch.outer(torch.arange(tokens, dtype=torch.float64, device=device),
                         base**-exponents)  # fmt: skip
    return angles.cos().to(dtype), angles.sin().to(dtype)


def check_tables(tables, begin: int, end: int, head_dim: int):
    """Returns the rows of the positions from `begin` to `end`."""
    if not (isinstance(tables, (tuple, list)) and len(tables) == 2
            and all(isinstance(table, torch.Tensor) for table in tables)):  # fmt: skip
        raise TypeError("rel_pos must be a pair of tensors (cos, sin) or None, found "
                        f"{found(tables)}")  # fmt: skip
    shapes = [tuple(table.shape) for table in tables]
    if shapes[0] != shapes[1] or len(shapes[0]) != 2 or not 1 <= shapes[0][1] <= head_dim // 2:
        raise ValueError(f"rel_pos has the shapes {shapes[0]} and {shapes[1]}; [positions, 1 to "
                         f"{head_dim // 2}] is legal for both with a head dimension of {head_dim}")  # fmt: skip
    if shapes[0][0] < end:
        raise ValueError(f"rel_pos has {shapes[0][0]} positions; {end} and more are legal, because "
                         f"{begin} tokens are in the cache and {end - begin} are new")  # fmt: skip
    return tuple(table[begin:end] for table in tables)


def rotate_interleaved(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotates the pairs of dimensions (2i, 2i + 1) of x [batch, tokens, heads, dim] by
    the angles of cos and sin [tokens, up to dim / 2]. Other dimensions are kept."""
    wide = torch.promote_types(x.dtype, torch.float32)
    cos, sin = cos[:, None].to(wide), sin[:, None].to(wide)
    width = 2 * cos.shape[-1]
    even, odd = x[..., 0:width:2].to(wide), x[..., 1:width:2].to(wide)
    rotated = torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)
    rotated = rotated.to(x.dtype)
    return rotated if width == x.shape[-1] else torch.cat((rotated, x[..., width:]), -1)


def rotate_halves(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """Rotates the pairs of dimensions (i, dim / 2 + i) of x [batch, heads, tokens, dim]
    by the angles of cos and sin [batch or 1, tokens, dim], whose halves are equal."""
    wide = torch.promote_types(x.dtype, torch.float32)
    low, high = x.to(wide).chunk(2, -1)
    cos, sin = (table[:, None].to(wide) for table in (cos, sin))
    return (x * cos + torch.cat((-high, low), -1) * sin).to(x.dtype)
