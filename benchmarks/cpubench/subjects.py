# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The arrays of a layer, and its computation by this project."""

from __future__ import annotations

import numpy as np
from difftest import arrays

from .layers import Layer

#: Of V1, as in the execution tests.
LAMBDA_INIT, EPSILON = 0.8, 1e-5


class Inputs:
    """The arguments of a layer as NumPy arrays, and as tensors if there is PyTorch."""

    def __init__(self, layer: Layer, torch):
        self.layer, self.torch = layer, torch
        self.host = arrays.make_inputs(layer.case, layer.type, 0)
        self.used = self.host if torch is None else {
            name: self._to_tensor(array) for name, array in self.host.items()}  # fmt: skip

    def __getitem__(self, name: str):
        return self.used[name]

    def _to_tensor(self, array: np.ndarray):
        if array.dtype.name == "bfloat16":
            return self.torch.from_numpy(array.view(np.int16)).view(self.torch.bfloat16)
        return self.torch.from_numpy(array)

    def to_numpy(self, output) -> np.ndarray:
        """A result in the layout of the operand `query`, as a NumPy array."""
        if self.torch is None or isinstance(output, np.ndarray):
            return np.asarray(output)
        if output.dtype == self.torch.bfloat16:
            bits = output.contiguous().view(self.torch.int16).numpy()
            return bits.view(arrays.DTYPES["bf16"])
        return output.contiguous().numpy()

    def make_poisoned_output(self):
        """An output full of NaN, in which what is not written shows."""
        query, case = self["query"], self.layer.case
        shape = (1, self.layer.n, case.h, case.value_dim)
        if self.torch is None:
            return np.full(shape, np.nan, query.dtype)
        return self.torch.full(shape, float("nan"), dtype=query.dtype)

    def cache(self) -> list[tuple[int, int]]:
        """Address and bytes of the keys and of the values."""
        return [(self.host[name].ctypes.data, self.host[name].nbytes) for name in ("key", "value")]


def prepare_ours(inputs: Inputs, chip: str | None):
    """A function of an optional output that computes the layer."""
    import diff_mlir

    layer, case = inputs.layer, inputs.layer.case
    options = {"causal": layer.causal, "target": "cpu", "chip": chip}
    operands = [inputs["query"], inputs["key"], inputs["value"]]
    if case.variant == "standard":
        function = diff_mlir.softmax_attention
    else:
        operands.append(inputs["lambda"])
        options["signals"] = case.signals
        function = diff_mlir.attention
    if case.variant == "v1":
        operands.append(inputs["weight"])
        options.update(lambda_init=LAMBDA_INIT, eps=EPSILON)
        function = diff_mlir.attention_v1
    return lambda **out: function(*operands, **options, **out)
