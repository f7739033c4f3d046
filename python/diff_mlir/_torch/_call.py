# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From the public functions to the ops."""

from __future__ import annotations

import torch

from .._arguments import check_arrays
from .._attention import check_out, pack_out, select_target
from .._options import check_options
from ._ops import get_overload
from ._schemas import OPS

_OVERLOADS = {(op.variant, op.varlen): (op, {
    (lse, has_out): get_overload(op, ("lse_out" if lse else "out") if has_out else "lse" * lse)
    for lse in (False, True) for has_out in (False, True)}) for op in OPS}  # fmt: skip
_NAMES = ("causal", "window", "softcap", "scale", "return_lse", "layout", "signals", "pair_layout",
          "lambda_init", "eps")  # fmt: skip


def call(variant: str, named: dict, options: tuple, varlen: bool, target, chip, out, lam):
    """Calls the op of a function of the package, with the arguments and the result of
    `run`."""
    if lam is not None:
        dtype = torch.float64 if named["q"].dtype == torch.float64 else torch.float32
        named["lam"] = torch.full((), lam, dtype=dtype, device=named["q"].device)
    op, overloads = _OVERLOADS[variant, varlen]
    keywords = dict(zip(_NAMES, options), target=target, chip=chip)
    lse = keywords.pop("return_lse")
    if out is not None:
        out = pack_out(out, bool(lse))
        keywords.update(zip(("output", "lse"), out))
    tensors = [named.get(name) for name in op.tensors]
    if torch.compiler.is_compiling():
        results = overloads[lse, out is not None](*tensors, **keywords)
    else:
        try:
            results = overloads[lse, out is not None](*tensors, **keywords)
        except (KeyError, RuntimeError, TypeError):
            # Arguments of other types than those of the schema. The checks know more.
            check(variant, named, options, varlen, target, chip, out)
            raise
    return out or (results if lse else (results,))


def check(variant: str, named: dict, options: tuple, varlen: bool, target, chip, out) -> None:
    layer, *shapes, query = check_arrays(variant, named, check_options(*options), varlen)
    select_target(target, chip, query.device, query.library)
    if out is not None:
        check_out(out, shapes[: len(out)], named, layer.element, layer.compute)
