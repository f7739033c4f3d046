# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""V2 and standard attention through IREE's attention op, compiled for this CPU.

The query heads of a value head are a dimension of the op, so that keys and values are
not copied. IREE gets head-major arrays, and a mask as an operand if the layer is
causal. Packages: iree-base-compiler, iree-base-runtime.
"""

from __future__ import annotations

import importlib.util

import numpy as np
from difftest.arrays import DTYPES

from .subjects import Inputs

#: g value heads, r query heads of each, n and m tokens, d and e dimensions.
_LOOPS = "(g, r, n, e, d, m)"
_MAPS = {"query": "(g, r, n, d)", "key": "(g, m, d)", "value": "(g, m, e)", "scale": "()",
         "mask": "(n, m)", "result": "(g, r, n, e)"}  # fmt: skip


class Unsupported(Exception):
    """There is no result of IREE for a layer. The message has one line."""


def find_problem() -> str:
    """Why IREE cannot be used, or an empty text."""
    try:
        if all(importlib.util.find_spec(name) for name in ("iree.compiler", "iree.runtime")):
            return ""
    except ModuleNotFoundError:
        pass
    return "its packages are not installed (pip install iree-base-compiler iree-base-runtime)"


def _tensor(sizes, element: str) -> str:
    return f"tensor<{'x'.join(map(str, sizes))}x{element}>"


class _Writer:
    """The module for a layer. bf16, which IREE's runtime has not, is passed as i16."""

    def __init__(self, shapes: dict[str, tuple[int, ...]], element: str, is_v2: bool, scale: float):
        self.shapes, self.element, self.is_v2, self.scale = shapes, element, is_v2, scale
        self.passed = "i16" if element == "bf16" else element
        self.lines: list[str] = []

    def read(self, name: str) -> str:
        if name == "mask" or self.passed == self.element:
            return f"%{name}"
        shape = self.shapes[name]
        self.lines.append(f"%{name}_bits = tensor.bitcast %{name} : {_tensor(shape, self.passed)} to "
                          f"{_tensor(shape, self.element)}")  # fmt: skip
        return f"%{name}_bits"

    def type(self, name: str, is_argument: bool) -> str:
        element = "i1" if name == "mask" else self.passed if is_argument else self.element
        return _tensor(self.shapes[name], element)

    def write_attention(self) -> str:
        names = ["query", "key", "value", "scale", *(["mask"] if "mask" in self.shapes else [])]
        self.lines.append(f"%scale = arith.constant {self.scale!r} : {self.element}")
        values = ["%scale" if name == "scale" else self.read(name) for name in names]
        types = [self.element if name == "scale" else self.type(name, False) for name in names]
        maps = ", ".join(f"affine_map<{_LOOPS} -> {_MAPS[name]}>" for name in [*names, "result"])
        made = self.type("maps", False)
        self.lines += [
            f"%empty = tensor.empty() : {made}",
            f"%maps = iree_linalg_ext.attention <{{indexing_maps = [{maps}]}}> "
            f"ins({', '.join(values)} : {', '.join(types)}) outs(%empty : {made}) {{",
            "^bb0(%score: f32):", "iree_linalg_ext.yield %score : f32", f"}} -> {made}"]  # fmt: skip
        return "%maps"

    def write_difference(self, maps: str) -> str:
        """Signal - sigmoid(logit) * noise."""
        logits, made = self.read("lambda"), self.type("result", False)
        g, r, n, e = self.shapes["result"]
        parts = []
        for name, offset in (("signal", 0), ("noise", 1)):
            slice = f"[0, {offset}, 0, 0] [{g}, {r}, {n}, {e}] [1, 2, 1, 1]"
            self.lines.append(f"%{name} = tensor.extract_slice {maps}{slice} : "
                              f"{self.type('maps', False)} to {made}")  # fmt: skip
            parts.append(f"%{name}")
        whole, row = "affine_map<(g, r, n, e) -> (g, r, n, e)>", "affine_map<(g, r, n, e) -> (g, r, n)>"
        kind = self.element
        body = []
        names = ["%s", "%o", "%l"]
        if kind != "f32":
            body = [f"{name}w = arith.extf {name} : {kind} to f32" for name in names]
            names = [f"{name}w" for name in names]
        body += ["%one = arith.constant 1.0 : f32", f"%minus = arith.negf {names[2]} : f32",
                 "%exp = math.exp %minus : f32", "%below = arith.addf %one, %exp : f32",
                 "%factor = arith.divf %one, %below : f32", f"%scaled = arith.mulf %factor, {names[1]} : f32",
                 f"%difference = arith.subf {names[0]}, %scaled : f32"]  # fmt: skip
        found = "%difference"
        if kind != "f32":
            body.append(f"%narrow = arith.truncf %difference : f32 to {kind}")
            found = "%narrow"
        self.lines += [
            f"%init = tensor.empty() : {made}",
            f"%output = linalg.generic {{indexing_maps = [{whole}, {whole}, {row}, {whole}], "
            'iterator_types = ["parallel", "parallel", "parallel", "parallel"]} '
            f"ins({', '.join(parts)}, {logits} : {made}, {made}, {self.type('lambda', False)}) "
            f"outs(%init : {made}) {{",
            f"^bb0(%s: {kind}, %o: {kind}, %l: {kind}, %out: {kind}):", *body,
            f"linalg.yield {found} : {kind}", f"}} -> {made}"]  # fmt: skip
        return "%output"

    def write(self, arguments: list[str]) -> str:
        output = self.write_attention()
        if self.is_v2:
            output = self.write_difference(output)
        result = self.type("result", True)
        if self.passed != self.element:
            self.lines.append(f"%bits = tensor.bitcast {output} : {self.type('result', False)} to {result}")
            output = "%bits"
        listed = ", ".join(f"%{name}: {self.type(name, True)}" for name in arguments)
        body = "\n  ".join([*self.lines, f"return {output} : {result}"])
        return f"func.func @attention({listed}) -> {result} {{\n  {body}\n}}\n"


def _gather(inputs: Inputs) -> dict[str, np.ndarray]:
    """The arguments in the layout of the module."""
    layer, case, host = inputs.layer, inputs.layer.case, inputs.host
    g = case.hkv

    def split(array, heads):
        """[1, tokens, heads, ...] as [g, r, tokens, ...]"""
        moved = np.moveaxis(array[0], 1, 0)
        return np.ascontiguousarray(moved.reshape(g, heads // g, *moved.shape[1:]))

    found = {"query": split(host["query"], case.query_heads),
             "key": split(host["key"], g)[:, 0], "value": split(host["value"], g)[:, 0]}  # fmt: skip
    if layer.causal:
        found["mask"] = np.tri(layer.n, layer.m, layer.m - layer.n, dtype=bool)
    if case.variant == "v2":
        found["lambda"] = split(host["lambda"], case.h)
    return found


def _compile(text: str) -> bytes:
    from iree import compiler

    try:
        return compiler.compile_str(text, extra_args=[
            "--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu",
            "--iree-llvmcpu-target-cpu=host"])  # fmt: skip
    except Exception as error:  # CompilerToolError, or what the tool's start raises.
        lines = [line.strip() for line in str(error).splitlines()]
        message = next((line for line in lines if "error" in line), lines[0] if lines else repr(error))
        raise Unsupported(f"it does not compile the layer: {message}") from None


#: The threads of the driver local-task, which are set once in a process.
_threads: list[int] = []


def _open_device(runtime, threads: int):
    if threads == 1:
        return runtime.Config("local-sync")
    if not _threads:
        runtime.flags.parse_flags(f"--task_topology_group_count={threads}")
        _threads.append(threads)
    if _threads != [threads]:
        raise Unsupported(f"one run measures one number of its threads above 1, here {_threads[0]}")
    return runtime.Config("local-task")


def prepare(inputs: Inputs, threads: int):
    """Returns a function that computes the layer, and one that turns its result into
    an array in our layout. Raises Unsupported."""
    layer, case = inputs.layer, inputs.layer.case
    if case.variant == "v1" or case.signals > 1:
        raise Unsupported("V1 and groups of signal heads are not written for it")
    from iree import runtime

    arguments = _gather(inputs)
    shapes = {name: array.shape for name, array in arguments.items()}
    shapes["maps"] = (*shapes["query"][:3], case.value_dim)
    shapes["result"] = (case.hkv, case.h // case.hkv, layer.n, case.value_dim)
    text = _Writer(shapes, layer.type, case.variant == "v2", layer.dim**-0.5).write(list(arguments))
    config = _open_device(runtime, threads)
    module = _compile(text)
    context = runtime.SystemContext(config=config)
    context.add_vm_module(runtime.VmModule.copy_buffer(context.instance, module))
    function = context.modules.module.attention
    bits = {name: array.view(np.int16) if array.dtype == DTYPES["bf16"] else array
            for name, array in arguments.items()}  # fmt: skip
    buffers = [runtime.asdevicearray(config.device, array) for array in bits.values()]

    def restore(result) -> np.ndarray:
        array = np.array(result.to_host())  # The memory is that of the result.
        array = array.view(DTYPES["bf16"]) if layer.type == "bf16" else array
        return np.moveaxis(array.reshape(case.h, layer.n, case.value_dim), 0, 1)[None]

    return lambda: function(*buffers), restore
