# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The options of a call of an op, from the keywords of its schema."""

from __future__ import annotations

_DEFAULTS = {"causal": False, "window": None, "softcap": None, "scale": None, "return_lse": False,
             "layout": "bshd", "signals": 1, "pair_layout": "interleaved", "lambda_init": 0.8,
             "eps": 1e-5}  # fmt: skip


def pack(keywords: dict, lse: bool) -> tuple:
    """The options in the order of check_options. PyTorch leaves out keywords that have
    their default."""
    options = _DEFAULTS | keywords
    options["return_lse"] = lse
    options.pop("target", None)
    options.pop("chip", None)
    window = options["window"]
    if window is not None:
        options["window"] = tuple(window)
    return tuple(options.values())
