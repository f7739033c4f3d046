# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Probes the features of this machine that a test may require."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

#: The first CUDA release that supports every chip of the chip table.
CUDA_RELEASE = (12, 8)
CUDA_VARIABLES = ("CUDA_ROOT", "CUDA_HOME", "CUDA_PATH")


@dataclass(frozen=True)
class Feature:
    name: str
    left_out: str  # what is not tested without the feature
    path: str = ""  # of the tool, if the feature is a tool
    reason: str = ""  # why it is missing

    @property
    def available(self) -> bool:
        return not self.reason


class Missing(Exception):
    """The reason why a feature is missing."""


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{command[0]} cannot be run: {error}") from None
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise Missing(f"{command[0]} failed: {lines[-1]}")
    return done.stdout


def _cuda_tool(name: str, given: str = "") -> str:
    """`given`, else bin/ below a CUDA variable, PATH, /usr/local/cuda/bin."""
    if given:
        return given
    for variable in CUDA_VARIABLES:
        root = os.environ.get(variable)
        if root:
            path = os.path.join(root, "bin", name)
            if not os.access(path, os.X_OK):
                raise Missing(f"{variable} is {root}, which has no bin/{name}")
            return path
    path = shutil.which(name) or shutil.which(name, path="/usr/local/cuda/bin")
    if not path:
        raise Missing(f"no {name} under CUDA_ROOT, CUDA_HOME, CUDA_PATH, in PATH or /usr/local/cuda/bin")
    return path


def _recent_cuda_tool(name: str, given: str = "") -> str:
    path = _cuda_tool(name, given)
    found = re.search(r"release (\d+)\.(\d+)", _output([path, "--version"]))
    if not found:
        raise Missing(f"{path} tells no CUDA release")
    release = tuple(map(int, found.groups()))
    if release < CUDA_RELEASE:
        raise Missing("{} is of CUDA {}.{}, older than {}.{}".format(path, *release, *CUDA_RELEASE))
    return path


def _gpu(config) -> str:
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        raise Missing("no CUDA driver (libcuda.so.1)") from None
    status = driver.cuInit(0)
    if status:
        raise Missing(f"the CUDA driver does not start (cuInit gives {status})")
    count = ctypes.c_int()
    if driver.cuDeviceGetCount(ctypes.byref(count)) or not count.value:
        raise Missing("the CUDA driver finds no GPU")
    return ""


def _import(names: str):
    """A probe for modules of Python."""

    def probe(config) -> str:
        try:
            _output([config.diff_python, "-c", f"import {names}"])
        except Missing as missing:
            raise Missing(f"import {names}: {missing}") from None
        return ""

    return probe


def _find(*packages: str):
    """A probe for packages of Python that take seconds to import."""

    def probe(config) -> str:
        code = "import importlib.metadata as m, sys; [m.version(name) for name in sys.argv[1:]]"
        try:
            _output([config.diff_python, "-c", code, *packages])
        except Missing as missing:
            raise Missing(f"{', '.join(packages)}: {missing}") from None
        return ""

    return probe


def _python_package(config) -> str:
    if not os.path.isdir(os.path.join(config.diff_build_dir, "python", "diff_mlir")):
        raise Missing("the build is without DIFF_ENABLE_PYTHON")
    code = "import sys; sys.path.insert(0, sys.argv[1]); import diff_mlir; diff_mlir.attention"
    _output([config.diff_python, "-c", code, os.path.join(config.diff_build_dir, "python")])
    return ""


def _mlir_opt(config) -> str:
    path = shutil.which("mlir-opt", path=config.llvm_tools_dir) or shutil.which("mlir-opt-22")
    if not path:
        raise Missing(f"no mlir-opt in {config.llvm_tools_dir} and no mlir-opt-22 in PATH")
    return path


def _all_cpus(config) -> str:
    for name in ("llvm-nm", "llvm-objdump", "llvm-readelf"):
        if not shutil.which(name, path=config.llvm_tools_dir):
            raise Missing(f"no {name} in {config.llvm_tools_dir}")
    targets = _output([os.path.join(config.llvm_tools_dir, "llvm-objdump"), "--version"])
    if "aarch64" not in targets or "x86-64" not in targets:
        raise Missing("LLVM has no target for AArch64 or for x86")
    return ""


def _lld(config) -> str:
    if config.diff_have_lld.upper() not in ("ON", "1", "TRUE"):
        raise Missing("the build is without lld's libraries")
    return ""


def _qemu_aarch64(config) -> str:
    """An emulator of the user mode, and a C compiler with its C library."""
    for name in ("qemu-aarch64", "aarch64-linux-gnu-gcc"):
        if not shutil.which(name):
            raise Missing(f"no {name} in PATH (Debian: qemu-user, gcc-aarch64-linux-gnu)")
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, "a.c"), os.path.join(folder, "a")
        with open(source, "w", encoding="utf-8") as file:
            file.write("int main(void) { return 0; }\n")
        _output(["aarch64-linux-gnu-gcc", "-pthread", source, "-o", program])
        # As the tests: Debian's place of the C library.
        _output(["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", program])
    return ""


def _amx_emulator(config) -> str:
    path = os.path.join(config.diff_build_dir, "test", "AMX", "libdiff-amx-emulator.so")
    if not os.path.exists(path):
        raise Missing("the emulator is built on x86-64 Linux with LLVM's shared library")
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = set(re.search(r"^flags\s*:(.*)$", file.read(), re.MULTILINE)[1].split())
    absent = {"avx512f", "avx512bw", "avx512dq", "avx512vl"} - flags
    if absent:
        raise Missing(f"the CPU lacks {', '.join(sorted(absent))}")
    return path


_PROBES = (
    ("ptxas", "assembling the emitted PTX",
     lambda config: _recent_cuda_tool("ptxas", config.diff_ptxas)),
    ("nvcc", "comparisons with CUDA's compiler",
     lambda config: _recent_cuda_tool("nvcc")),
    ("gpu", "runs on a GPU", _gpu),
    ("numpy", "execution tests against float64", _import("numpy, ml_dtypes")),
    ("cuda-bindings", "CUDA Python programs on the simulator", _import("numpy, cuda.bindings.driver")),
    ("hypothesis", "random arguments of the Python package", _import("hypothesis")),
    ("matplotlib", "plots of the Python package", _find("matplotlib")),
    ("python-package", "the Python package diff_mlir", _python_package),
    ("torch", "comparisons with the models of transformers", _find("torch", "transformers")),
    ("kernels", "the folder for Hugging Face's package kernels", _find("kernels", "torch")),
    ("all-cpus", "code for the CPUs of the table", _all_cpus),
    ("lld", "shared objects for other architectures", _lld),
    ("qemu-aarch64", "runs of AArch64 code", _qemu_aarch64),
    ("amx-emulator", "execution of code with AMX", _amx_emulator),
    ("mlir-opt", "the plugin in the stock mlir-opt", _mlir_opt),
)  # fmt: skip


def probe(config) -> list[Feature]:
    """Returns all features in a fixed order."""
    features = []
    for name, left_out, find in _PROBES:
        try:
            features.append(Feature(name, left_out, path=find(config)))
        except Missing as missing:
            features.append(Feature(name, left_out, reason=str(missing)))
    return features


def write_report(features: list[Feature], path: str) -> None:
    """Writes one line for each missing feature: name, reason, skipped tests."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        for feature in features:
            if not feature.available:
                file.write(f"{feature.name}\t{feature.reason}\t{feature.left_out}\n")
