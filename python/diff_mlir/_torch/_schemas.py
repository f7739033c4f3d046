# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The arguments of the ops."""

from __future__ import annotations

from dataclasses import dataclass

_OPTIONS = (
    "bool causal=False", "int[]? window=None", "float? softcap=None", "float? scale=None",
    'str layout="bshd"',
)  # fmt: skip
_PAIR_OPTIONS = ("int signals=1", 'str pair_layout="interleaved"')
_NORM_OPTIONS = ("float lambda_init=0.8", "float eps=1e-05")
_TARGET_OPTIONS = ("str? target=None", "str? chip=None")
_OPTIONAL = ("weight", "gate")


@dataclass(frozen=True)
class Op:
    """An attention. `tensors` names its tensors in the order of the arguments; those in
    `optional` may be None."""

    name: str
    variant: str
    varlen: bool

    @property
    def tensors(self) -> tuple[str, ...]:
        names = ["q", "k", "v"]
        if self.variant != "standard":
            names.append("lam")
        if self.varlen:
            names += ["cu_seqlens_q", "cu_seqlens_k"]
        if self.variant == "v1":
            names.append("weight")
        # Only positional arguments get gradients.
        return (*names, "gate")

    @property
    def options(self) -> tuple[str, ...]:
        options = _OPTIONS
        if self.variant != "standard":
            options += _PAIR_OPTIONS
        if self.variant == "v1":
            options += _NORM_OPTIONS
        return options + _TARGET_OPTIONS

    def schema(self, overload: str, returns: str, options=(), scalar: bool = False) -> str:
        tensors = []
        for name in self.tensors:
            if name in _OPTIONAL:
                tensors.append(f"Tensor? {name}=None")
            else:
                tensors.append(f"float {name}" if scalar and name == "lam" else f"Tensor {name}")
        name = f"{self.name}.{overload}" if overload else self.name
        return f"{name}({', '.join([*tensors, '*', *self.options, *options])}) -> {returns}"

    def backward_schema(self) -> str:
        tensors = [f"Tensor{'?' if name in _OPTIONAL else ''} {name}" for name in self.tensors]
        arguments = ["Tensor? grad", "Tensor? grad_lse", *tensors, "*", "bool[] needed", *self.options]
        return f"{self.name}_backward({', '.join(arguments)}) -> Tensor[]"


OPS = tuple(
    Op(name + ("_varlen" if varlen else ""), variant, varlen)
    for name, variant in (("attention", "v2"), ("attention_v1", "v1"),
                          ("softmax_attention", "standard"))
    for varlen in (False, True)
)  # fmt: skip
