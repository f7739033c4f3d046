# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The attentions on arrays.

A call looks up a plan by the types and shapes of its arrays and by its options. The
plan has the compiled kernel. What is new is checked, and every plan of one layer
shares a kernel with dynamic batch and token counts.
"""

from __future__ import annotations

import os
import re

from . import _core
from ._arguments import CPU_DEVICE, CUDA_DEVICE, check_arrays
from ._arrays import get_arrays
from ._layer import Layer, write_ir
from ._options import CHIPS, HOSTS, TARGETS, check_choice, check_options
from ._runtime import get_cache, get_chip, get_device

#: Plans beyond this number are forgotten.
MAX_PLANS = 4096
_plans: dict = {}


class HostKernel:
    """A kernel for the CPU."""

    def __init__(self, layer: Layer, chip: str | None):
        # Only the unfused route has f64.
        route = "convert-diff-to-linalg" if layer.element == "f64" else ""
        self.kernel = get_cache().compile(write_ir(layer).encode(), chip or "host", "", route)
        if self.kernel.problem:
            raise RuntimeError(self.kernel.problem)
        self.run = self.kernel.call


class DeviceKernel:
    """A kernel on a GPU or on the simulator."""

    def __init__(self, layer: Layer, target: str, chip: str | None, ordinal: int):
        device = get_device(target, chip, ordinal)
        kernel = get_cache().compile(write_ir(layer).encode(), chip or get_chip(device))
        self.program = device.load(kernel.manifest, kernel.code)

    def run(self, arrays: tuple) -> None:
        # The stream on which the query was computed; the default one for NumPy.
        self.program.run(arrays, "attention", _core.current_stream(arrays[0]))


class Plan:
    """What a call with known types and shapes does."""

    def __init__(self, kernel, layer: Layer, query, shapes, order, named, library):
        self.run, self.layer, self.library = kernel.run, layer, library
        self.arrays = get_arrays(library, query)
        self.shapes = shapes
        dtypes = [self.arrays.dtype(layer.element)]
        if layer.lse:
            dtypes.append(self.arrays.dtype(layer.compute))
        self.results = list(zip(shapes, dtypes))
        #: For each argument of the kernel, its name.
        self.order = order
        self.ones = None
        self.converted = {}
        if layer.variant == "v1":
            sizes = {"lam": (layer.heads,), "weight": (layer.value_dim,)}
            for name, shape in sizes.items():
                if name not in named:
                    continue
                _, element, _, _, found_shape, strides, _ = _core.inspect(named[name])
                if element != layer.compute or found_shape != shape:
                    self.converted[name] = shape
            if "weight" not in named:
                self.ones = self.arrays.full(sizes["weight"], 1.0, layer.compute, query)

    def gather(self, named: dict, lam: float | None) -> tuple:
        """The arguments of the kernel."""
        inputs = []
        for name in self.order:
            value = named.get(name)
            if value is None:
                value = self.ones if name == "weight" else self.arrays.full(
                    (self.layer.heads,), lam, self.layer.compute, named["q"])  # fmt: skip
            elif name in self.converted:
                value = self.arrays.convert(value, self.layer.compute, self.converted[name])
            inputs.append(value)
        return tuple(inputs)

    def call(self, named: dict, lam: float | None, out) -> tuple:
        if self.layer.variant == "v1":
            inputs = self.gather(named, lam)
        else:
            inputs = tuple(map(named.__getitem__, self.order))
        query, is_new = named["q"], out is None
        if is_new:
            empty = self.arrays.empty
            out = tuple([empty(shape, dtype, query) for shape, dtype in self.results])
        try:
            self.run(inputs + out)
        except ValueError:
            self.run_copies(inputs, out, query, is_new)
        return self.arrays.finish(query, out) if is_new else out

    def run_copies(self, inputs: tuple, out: tuple, query, is_new: bool) -> None:
        """Runs on contiguous copies of the arguments that the kernel cannot read, or of
        all if a result is in the memory of one of them."""
        copies = tuple(self.arrays.copy(array) if _has_odd_strides(array) else array
                       for array in inputs)  # fmt: skip
        if not is_new or all(one is other for one, other in zip(copies, inputs)):
            copies = tuple(map(self.arrays.copy, inputs))
        results = out
        if not is_new:
            results = tuple(self.arrays.empty(shape, dtype, query) for shape, dtype in self.results)
        try:
            self.run(copies + results)
        except ValueError as error:
            raise ValueError(_translate(str(error))) from None
        for target, source in zip(out, results):
            if target is not source:
                self.arrays.assign(target, source)


#: The alignment of the rows of GPU kernels, in elements of two bytes.
_ROW = 8


def _has_odd_strides(array) -> bool:
    """Returns true if some kernel cannot read the array. Its address is not known."""
    *_, shape, strides, _ = _core.inspect(array)
    used = list(zip(shape, strides))[:-1]
    return (any(stride < 0 or stride % _ROW for size, stride in used if size > 1)
            or bool(shape) and shape[-1] > 1 and strides[-1] != 1)  # fmt: skip


def _translate(message: str) -> str:
    """An error of the runtime in the words of the caller."""
    names = {"query": "q", "key": "k", "value": "v", "lambda": "lam"}
    match = re.match(r"function 'attention': (?:argument|result) \d+ '(\w+)' (.*)", message)
    if not match:
        return message
    text = re.sub(r"argument \d+ '(\w+)'", lambda m: names.get(m[1], m[1]), match[2])
    return f"{names.get(match[1], match[1])} {text}"


def select_target(target, chip, device: tuple[int, int], library: str):
    """Returns the target and the chip."""
    kind, _ = device
    if kind not in (CPU_DEVICE, CUDA_DEVICE):
        raise ValueError(f"q is on a device of the kind {kind} (of DLPack); CPU (1) and CUDA (2) "
                         "are legal")  # fmt: skip
    if target is None:
        target = "cuda" if kind == CUDA_DEVICE else "cpu"
    else:
        check_choice("target", target, TARGETS)
    if kind == CUDA_DEVICE and target != "cuda":
        raise ValueError(f"target is {target!r}, but q is on a GPU; cuda is legal")
    if target == "cpu":
        if chip is not None:
            check_choice("chip", chip, ("host", *HOSTS))
        return target, None if chip == "host" else chip
    if chip is not None:
        check_choice("chip", chip, CHIPS)
    return target, chip or ("sm_90a" if target == "sim" else None)


def pack_out(out, lse: bool) -> tuple:
    """The arrays of the argument `out`."""
    out = tuple(out) if isinstance(out, (tuple, list)) else (out,)
    if len(out) != 1 + lse:
        wanted = "(output, log-sum-exp)" if lse else "one array"
        raise ValueError(f"out has {len(out)} arrays; {wanted} is legal")
    return out


def check_out(out, expected, named: dict, element: str, compute: str) -> None:
    for index, (array, shape) in enumerate(zip(out, expected)):
        name = f"out[{index}]" if len(out) > 1 else "out"
        try:
            library, type, kind, number, found_shape, _, writable = _core.inspect(array)
        except (TypeError, BufferError, ValueError) as error:
            raise TypeError(f"{name}: {error}") from None
        query = _core.inspect(named["q"])
        wanted = compute if index else element
        if type != wanted:
            raise TypeError(f"{name} has elements of type {type or getattr(array, 'dtype', '?')}; "
                            f"{wanted} is legal")  # fmt: skip
        if library != query[0]:
            raise TypeError(f"{name} and q are arrays of different libraries")
        if (kind, number) != query[2:4]:
            raise ValueError(f"{name} is on another device than q")
        if found_shape != tuple(shape):
            raise ValueError(f"{name} has the shape {found_shape}; {tuple(shape)} is legal")
        if not writable:
            raise ValueError(f"{name} is read-only")


def _make_plan(variant: str, named: dict, options: tuple, varlen: bool, target, chip) -> Plan:
    checked = check_options(*options)
    layer, output, lse, query = check_arrays(variant, named, checked, varlen)
    target, chip = select_target(target, chip, query.device, query.library)
    if layer.element == "f64" and target != "cpu":
        raise TypeError(f"q has elements of type f64; on the target {target} f16, bf16 and f32 "
                        "are legal")  # fmt: skip
    key = (layer, target, chip, query.device[1])
    kernel = _kernels.get(key)
    if kernel is None:
        if target == "cpu":
            kernel = HostKernel(layer, chip)
        else:
            kernel = DeviceKernel(layer, target, chip, query.device[1])
        kernel = _kernels.setdefault(key, kernel)
    order = ["q", "k", "v"]
    if varlen:
        order += ["cu_seqlens_q", "cu_seqlens_k"]
    if variant != "standard":
        order.append("lam")
    if variant == "v1":
        order.append("weight")
    if layer.gate:
        order.append("gate")
    shapes = [output, lse] if layer.lse else [output]
    return Plan(kernel, layer, named["q"], shapes, order, named, query.library)


_kernels: dict = {}
#: What a parent had on devices. To free it would use a context of the parent.
_abandoned: list = []


def _forget_devices() -> None:
    """Contexts of a GPU do not survive a fork."""
    _abandoned.extend((dict(_kernels), dict(_plans)))
    _kernels.clear()
    _plans.clear()


os.register_at_fork(after_in_child=_forget_devices)


def run(variant: str, named: dict, options: tuple, varlen: bool, target, chip, out=None,
        lam: float | None = None):  # fmt: skip
    """Runs an attention. `named` has the arrays that are given; `lam` is the lambda of V1
    if it is a number. Returns a tuple of results."""
    try:
        key = (variant, options, varlen, target, chip, tuple(named), _core.describe(tuple(named.values())))
        plan = _plans.get(key)
    except (TypeError, ValueError, BufferError):
        # An array that is none, or an option that cannot be hashed. The checks say
        # which.
        plan = key = None
    if plan is None:
        plan = _make_plan(variant, named, options, varlen, target, chip)
        if len(_plans) >= MAX_PLANS:
            _plans.clear()
        if key is not None:
            _plans[key] = plan
    if out is not None:
        out = pack_out(out, plan.layer.lse)
        check_out(out, plan.shapes, named, plan.layer.element, plan.layer.compute)
    return plan.call(named, lam, out)
