# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiled modules of any IR."""

from __future__ import annotations

import json
import os
import subprocess
import time
from functools import cached_property
from pathlib import Path

from . import _core
from ._arguments import CUDA_DEVICE, inspect
from ._arrays import get_arrays
from ._options import CHIPS, HOSTS, OBJECT_HOSTS, check_choice, found
from ._runtime import find_tool, get_cache, get_device

#: Levels of IR, and LLVM IR.
LEVELS = ("semantic", "tiled", "kernel", "hardware", "llvm")


def _read_source(source) -> bytes:
    """The text or bytecode of `source`: bytes, a text, or a path."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    if isinstance(source, str) and ("\n" in source or "(" in source or not source.strip()):
        return source.encode()
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(f"source must be the text of a module, bytecode or a path, found {found(source)}")
    try:
        return Path(source).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ValueError(f"source is {found(os.fspath(source))}, which is neither the text of a "
                         f"module nor a file that can be read: {reason}") from None  # fmt: skip


def _run_compiler(source: bytes, *words: str) -> bytes:
    """The output of diff-opt."""
    command = [find_tool("diff-opt"), *words, "-"]
    try:
        done = subprocess.run(command, input=source, capture_output=True)
    except OSError as error:
        raise RuntimeError(f"the compiler '{command[0]}' cannot be run: {error.strerror}") from None
    if done.returncode:
        errors = done.stderr.decode(errors="replace")
        for line in errors.splitlines():
            place, marker, message = line.partition("error: ")
            if marker:
                raise RuntimeError(place.replace("<stdin>:", "line ") + message)
        raise RuntimeError(f"the compiler '{command[0]}' failed with status {done.returncode}")
    return done.stdout


class Module:
    """A compiled module. Call it with arrays to run its function.

    Attributes are computed when they are first used; all of them raise RuntimeError if
    the compiler reports an error.
    """

    def __init__(self, source: bytes, target: str, options: str):
        start = time.perf_counter()
        self.source, self.target, self._options = source, target, options
        self._kernel = get_cache().compile(source, target, options.strip(),
                                           object=target in OBJECT_HOSTS)  # fmt: skip
        #: Seconds that compile() took. A module in the cache takes milliseconds.
        self.compile_seconds = time.perf_counter() - start

    def __repr__(self) -> str:
        names = ", ".join(function["name"] for function in self._functions)
        return f"<diff_mlir.Module for {self.target}: {names}>"

    @property
    def is_for_gpu(self) -> bool:
        return self.target in CHIPS

    def _require(self, what: str, gpu: bool) -> None:
        if self.is_for_gpu != gpu:
            legal = ", ".join(CHIPS if gpu else ("host", *HOSTS))
            raise ValueError(f"{what} does not exist for the target {self.target}; it does for {legal}")

    @property
    def ptx(self) -> str:
        """The PTX of a module for a GPU."""
        self._require("ptx", gpu=True)
        return self._kernel.code.decode()

    @cached_property
    def cubin(self) -> bytes:
        """The cubin of a module for a GPU. Needs ptxas."""
        self._require("cubin", gpu=True)
        return get_cache().compile(self.source, self.target, self._options.strip(), "", True).code

    @property
    def manifest(self) -> str:
        """The manifest, JSON text (docs/manifest.schema.json)."""
        return self._kernel.manifest

    @cached_property
    def object(self) -> bytes:
        """The object file of a module for a CPU."""
        self._require("object", gpu=False)
        return get_cache().compile(self.source, self.target, object=True).code

    @cached_property
    def header(self) -> str:
        """The C header of a module for a CPU."""
        self._require("header", gpu=False)
        return self._emit("header").decode()

    @property
    def library(self) -> bytes:
        """The shared object of a module for a CPU."""
        self._require("library", gpu=False)
        if self.target in OBJECT_HOSTS:
            raise ValueError(f"library does not exist for the target {self.target}, which has a "
                             "linker of its own; object does")  # fmt: skip
        return self._kernel.code

    def ir(self, level: str = "hardware") -> str:
        """The text of a level of IR: semantic (the source), tiled, kernel, hardware, or
        llvm (LLVM IR)."""
        check_choice("level", level, LEVELS)
        if level == "semantic":
            return _run_compiler(self.source).decode()
        if level == "llvm":
            return self._emit("llvm").decode()
        return self._emit("mlir", f" stop-after={level}").decode()

    def _emit(self, kind: str, options: str = "") -> bytes:
        pipeline = f"--diff-compile=chip={self.target}{self._options}{options}"
        return _run_compiler(self.source, pipeline, f"--emit={kind}")

    @cached_property
    def _functions(self) -> list[dict]:
        return json.loads(self.manifest)["functions"]

    @cached_property
    def _programs(self) -> dict:
        return {}

    def _find(self, function: str | None) -> dict:
        names = [entry["name"] for entry in self._functions]
        if function is None:
            if len(names) == 1:
                return self._functions[0]
            raise ValueError(f"function must name one of {', '.join(names) or 'no function'}")
        check_choice("function", function, tuple(names))
        return self._functions[names.index(function)]

    def __call__(self, *arrays, function: str | None = None, out=None, device: str | None = None):
        """Runs a function of the module.

        arrays: NumPy arrays, PyTorch tensors or other arrays with DLPack, one for each
            argument, of its type and shape.
        function: its name, if the module has several.
        out: an array, or a tuple of them, that receives the results.
        device: for a module for a GPU and arrays in host memory, "sim" (the default,
            the simulator) or "cuda".

        Returns the result, or a tuple of results, or None.
        """
        entry = self._find(function)
        inputs = [tensor for tensor in entry["tensors"] if tensor["role"] == "argument"]
        results = [tensor for tensor in entry["tensors"] if tensor["role"] == "result"]
        if len(arrays) != len(inputs):
            raise TypeError(f"function '{entry['name']}' takes {len(inputs)} arrays, found {len(arrays)}")
        sizes: dict[str, int] = {}
        infos = [self._bind(tensor, array, sizes) for tensor, array in zip(inputs, arrays)]
        library = infos[0].library if infos else "numpy"
        like = arrays[0] if arrays else None
        space = get_arrays(library, like)
        shapes = [self._shape(tensor, sizes) for tensor in results]
        new = out is None
        if new:
            out = tuple(space.empty(shape, space.dtype(tensor["element_type"]), like)
                        for shape, tensor in zip(shapes, results))  # fmt: skip
        else:
            out = tuple(out) if isinstance(out, (tuple, list)) else (out,)
            self._check_out(results, shapes, out)
        run = self._select_run(entry["name"], infos, device)
        self._run(run, tuple(arrays), out, space, like)
        if new:
            out = space.finish(like, out)
        return out[0] if len(out) == 1 else out or None

    @staticmethod
    def _bind(tensor: dict, array, sizes: dict[str, int]):
        """Checks the type and shape of an argument and learns sizes."""
        info = inspect(tensor["name"], array)
        if info.element != tensor["element_type"]:
            raise TypeError(f"{tensor['name']} has elements of type {info.element}; "
                            f"{tensor['element_type']} is legal")  # fmt: skip
        legal = tuple(sizes.get(size, size) for size in tensor["shape"])
        if len(info.shape) != len(legal) or any(
                isinstance(size, int) and size != found_size
                for size, found_size in zip(legal, info.shape)):  # fmt: skip
            text = ", ".join("?" if isinstance(size, str) else str(size) for size in legal)
            text += "," if len(legal) == 1 else ""
            raise ValueError(f"{tensor['name']} has the shape {info.shape}; ({text}) is legal")
        for size, found_size in zip(tensor["shape"], info.shape):
            if isinstance(size, str) and sizes.setdefault(size, found_size) != found_size:
                raise ValueError(f"{tensor['name']} has the shape {info.shape}, in which the size "
                                 f"'{size}' is both {sizes[size]} and {found_size}")  # fmt: skip
        return info

    @staticmethod
    def _shape(tensor: dict, sizes: dict[str, int]) -> tuple[int, ...]:
        unknown = [size for size in tensor["shape"] if isinstance(size, str) and size not in sizes]
        if unknown:
            raise ValueError(f"result '{tensor['name']}' has the size '{unknown[0]}', which is the "
                             "size of no argument")  # fmt: skip
        return tuple(sizes.get(size, size) for size in tensor["shape"])

    @staticmethod
    def _check_out(results: list[dict], shapes: list, out: tuple) -> None:
        if len(out) != len(results):
            raise ValueError(f"out has {len(out)} arrays; {len(results)} are legal")
        for index, (tensor, shape, array) in enumerate(zip(results, shapes, out)):
            name = f"out[{index}]" if len(out) > 1 else "out"
            info = inspect(name, array)
            if info.element != tensor["element_type"]:
                raise TypeError(f"{name} has elements of type {info.element}; "
                                f"{tensor['element_type']} is legal")  # fmt: skip
            if info.shape != shape:
                raise ValueError(f"{name} has the shape {info.shape}; {shape} is legal")
            if not _core.inspect(array)[6]:
                raise ValueError(f"{name} is read-only")

    def _select_run(self, name: str, infos: list, device: str | None):
        """Returns a function that runs on a tuple of arrays."""
        if device is not None:
            check_choice("device", device, ("sim", "cuda"))
        if not self.is_for_gpu:
            if device is not None:
                raise ValueError(f"device is {device!r}; a module for a CPU takes none")
            if self._kernel.problem:
                raise RuntimeError(self._kernel.problem)
            return lambda arrays: self._kernel.call(arrays, name)
        ordinal = 0
        on_gpu = [info for info in infos if info.device[0] == CUDA_DEVICE]
        if on_gpu:
            device, ordinal = "cuda", on_gpu[0].device[1]
        key = (device or "sim", ordinal, os.getpid())
        if key not in self._programs:
            opened = get_device(key[0], self.target, ordinal)
            self._programs[key] = opened.load(self.manifest, self._kernel.code)
        program = self._programs[key]
        return lambda arrays: program.run(arrays, name, _core.current_stream(arrays[0]))

    @staticmethod
    def _run(run, arrays: tuple, out: tuple, space, like) -> None:
        try:
            run(arrays + out)
            return
        except ValueError:
            # Strides, addresses or overlaps that the code cannot read.
            copies = tuple(map(space.copy, arrays))
            results = tuple(map(space.copy, out))
        run(copies + results)
        for target, source in zip(out, results):
            space.assign(target, source)


def compile(source, target: str = "host", *, f32: str = "ieee",
            tiles: str = "tensor-cores") -> Module:  # fmt: skip
    """Compiles a module, or finds it in the cache.

    source: the text of a module (str), its text or bytecode (bytes), or the path of a
        file.
    target: "host", the CPU of this machine; another CPU such as "x86-64-v3"; or a GPU such
        as "sm_90a". Modules for CPUs that this machine cannot run have an object and a
        header, but cannot be called.
    f32: for GPUs, how products of f32 are computed: "ieee" exactly, "tf32" on tensor
        cores.
    tiles: for GPUs, "tensor-cores", or "threads" for any head dimension without them.

    Raises RuntimeError with the compiler's error, ValueError or TypeError for options.
    """
    if target == "cpu":
        target = "host"
    check_choice("target", target, ("host", *HOSTS, *CHIPS))
    check_choice("f32", f32, ("ieee", "tf32"))
    check_choice("tiles", tiles, ("tensor-cores", "threads"))
    options = "" if f32 == "ieee" else f" f32={f32}"
    options += "" if tiles == "tensor-cores" else f" tiles={tiles}"
    if target not in CHIPS and options:
        raise ValueError(f"the target {target} takes no option{options}; GPUs do")
    return Module(_read_source(source), target, options)
