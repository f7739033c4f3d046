# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of cases: an entry of a stored PTX file, and its reference.

Case.maker names a function of a module in references/. It creates the launches of
a case from a random generator: grid, block, arguments and expected results,
computed with NumPy in float64 or with exact integers. This module does not import
NumPy, because lit loads it to enumerate the tests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: The values of ptx-sim's --async.
POLICIES = ("late", "eager", "random")


@dataclass(frozen=True)
class Case:
    """One entry of a file in ptx/."""

    file: str  # without .ptx
    entry: str
    maker: str  # module.function
    copies: bool = False  # it has asynchronous copies

    @property
    def name(self) -> str:
        return f"{self.file}/{self.entry}"

    @property
    def policies(self) -> tuple[str, ...]:
        """The policies that can affect the case."""
        return POLICIES if self.copies else POLICIES[:1]


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])[A-Z]", lambda found: "_" + found[0].lower(), name)


def _cuda(source: str, module: str, entries: str, dialects: str = "", copies: str = "",
          without: str = "") -> list[Case]:  # fmt: skip
    """The entries of a source, plain and in other dialects (see make-cuda.sh).

    copies: the entries with asynchronous copies. without: entries that are omitted
    in the other dialects, because their results differ there.
    """
    return [
        Case(source + suffix, entry, f"{module}.{_snake(entry)}", entry in copies.split())
        for suffix in ("", *("." + dialect for dialect in dialects.split()))
        for entry in entries.split()
        if not suffix or entry not in without.split()
    ]


CASES: tuple[Case, ...] = (
    *_cuda("Reduce", "blocks", "reduceTree reduceExtrema reduceLastBlock dotDouble", "O0"),
    *_cuda("Transpose", "blocks", "transposeFloat transposeByte transposeDouble"),
    *_cuda("Stencil", "blocks", "stencil5", "debug"),
    *_cuda("Scan", "blocks", "scanBlocks scanBlocksFloat scanChained", "debug"),
    *_cuda("Histogram", "blocks", "histogramBytes histogramMatch", "debug"),
    *_cuda("Softmax", "blocks", "softmaxFloat softmaxHalf", "O0 fast"),
    *_cuda("Divergent", "control", "collatz nestedLoops interpret searchGcd leaveEarly", "O0"),
    *_cuda("Spin", "control", "pipeWarps pipeBlocks spinLock ticketLock gridBarrier", "O0"),
    *_cuda("Calls", "control", "callPolynomial callCompensated callNarrow callBox callPointer",
           "O0 debug"),
    *_cuda("LocalArray", "control", "localSort localWalk", "O0"),
    *_cuda("Globals", "control", "globalsFilter globalsTable globalsDraw globalsPool", "O0"),
    *_cuda("Params", "control", "paramsFields paramsIndexed paramsChanged", "O0"),
    *_cuda("Integers", "integers", "integers32 integersPtx integers64 integersNarrow", "O0"),
    *_cuda("Convert", "floats", "convertToInteger convertToFloat convertFromNarrow"),
    *_cuda("Floats", "floats", "floatsRounded floatsSpecial doubles", "fast",
           without="floatsSpecial"),
    *_cuda("Math", "floats", "mathAccurate mathFast", "fast", without="mathAccurate"),
    *_cuda("Halves", "floats", "pairsHalf pairsBfloat halfDot halfMath", "sm_90"),
    *_cuda("Votes", "warps", "votes shuffles compact parts", "O0"),
    *_cuda("Barriers", "warps", "barrierGroups barrierProducer barrierReduce", "O0"),
    *_cuda("Mbarrier", "warps", "mbarrierRing mbarrierCopy mbarrierDrop mbarrierCount", "debug",
           copies="mbarrierCopy"),
    *_cuda("Pipeline", "warps", "smooth4 smooth8 smooth16", copies="smooth4 smooth8 smooth16"),
    *_cuda("Memory", "memory", "saxpy vectors vectorsWide dynamicShared genericPointers "
           "cacheHints records", "O0"),
    *_cuda("Atomics", "memory", "atomicsGlobal atomicsResults atomicsHalf atomicsShared"),
    *_cuda("WmmaGemm", "matrices", "wmmaHalf wmmaBfloat wmmaHalfSums wmmaTall wmmaWide "
           "wmmaShared"),
    *_cuda("MmaGemm", "matrices", "mmaHalf mmaBfloat mmaHalfSums mmaTf32", "O0",
           copies="mmaHalf mmaBfloat mmaTf32"),
    *_cuda("Matrices", "matrices", "matrixLoads"),
    *_cuda("DoubleGemm", "matrices", "doubleRows doubleColumns doubleMma"),
    *_cuda("Hopper", "matrices", "matrixStores transactions bfloats vectorAtomics"),
    *_cuda("Cooperative", "control", "gridRelax gridTotal"),
    Case("TritonMatmul", "matmul", "triton.matmul", copies=True),
    Case("TritonMatmul.sm_90a", "matmul", "triton.matmul_low", copies=True),
    Case("TritonMatmulOdd", "matmul", "triton.matmul_odd"),
    Case("TritonAttention", "attention", "triton.attention", copies=True),
    Case("TritonAttentionCausal", "attention", "triton.attention_causal", copies=True),
)  # fmt: skip


def find(name: str) -> Case:
    """Returns the case with that name, or raises a KeyError with a message."""
    for case in CASES:
        if case.name == name:
            return case
    near = [case.name for case in CASES if name.lower() in case.name.lower()]
    raise KeyError(f"there is no case '{name}'" + (f"; near it: {', '.join(near)}" if near else ""))
