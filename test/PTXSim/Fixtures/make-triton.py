#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles Triton kernels to the PTX that is stored in ptx/, without a GPU.

    test/PTXSim/Fixtures/make-triton.py OUTPUT-FOLDER

The stored files are from Triton 3.9.0 (pip install triton). The script writes
Triton*.ptx for each kernel, and triton.json with the launch parameters: threads,
shared memory, parameters. The compiler appends two of its own pointers to the
parameters of a kernel, which these kernels ignore.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

os.environ["TRITON_DISABLE_LINE_INFO"] = "1"  # it names files of this machine
os.environ["TRITON_DEFAULT_FP_FUSION"] = "1"  # its default, which is to change
os.environ["TRITON_ALWAYS_COMPILE"] = "1"  # the cache does not show in the result

import triton
import triton.language as tl
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

#: PTX ISA 8.4: the newest target here is sm_90.
PTX_VERSION = 84


@triton.jit
def matmul(a, b, c, m, n, k, lda, ldb, ldc,
           blockM: tl.constexpr, blockN: tl.constexpr, blockK: tl.constexpr):  # fmt: skip
    """C = A * B, by rows; f16 with sums in f32; masks at the ends of the matrices."""
    rows = tl.program_id(0) * blockM + tl.arange(0, blockM)
    columns = tl.program_id(1) * blockN + tl.arange(0, blockN)
    depth = tl.arange(0, blockK)
    fromA = a + rows[:, None] * lda + depth[None, :]
    fromB = b + depth[:, None] * ldb + columns[None, :]
    sums = tl.zeros((blockM, blockN), dtype=tl.float32)
    for start in range(0, k, blockK):
        left = k - start
        tileA = tl.load(fromA, mask=(rows[:, None] < m) & (depth[None, :] < left), other=0.0)
        tileB = tl.load(fromB, mask=(depth[:, None] < left) & (columns[None, :] < n), other=0.0)
        sums = tl.dot(tileA, tileB, sums)
        fromA += blockK
        fromB += blockK * ldb
    mask = (rows[:, None] < m) & (columns[None, :] < n)
    tl.store(c + rows[:, None] * ldc + columns[None, :], sums, mask=mask)


@triton.jit
def attention(q, k, v, out, lse, tokens, scale, causal: tl.constexpr,
              blockM: tl.constexpr, blockN: tl.constexpr, dim: tl.constexpr):  # fmt: skip
    """softmax(scale * Q * K^T) * V for one head and a block of queries, with a
    running maximum and sum; Q, K, V [heads, tokens, dim] in f16."""
    block = tl.program_id(0)
    head = tl.program_id(1)
    base = head * tokens * dim
    rows = block * blockM + tl.arange(0, blockM)
    keys = tl.arange(0, blockN)
    depth = tl.arange(0, dim)
    query = tl.load(q + base + rows[:, None] * dim + depth[None, :],
                    mask=rows[:, None] < tokens, other=0.0)  # fmt: skip
    top = tl.full((blockM,), float("-inf"), dtype=tl.float32)
    total = tl.zeros((blockM,), dtype=tl.float32)
    sums = tl.zeros((blockM, dim), dtype=tl.float32)
    log2e: tl.constexpr = 1.4426950408889634
    end = tokens
    if causal:
        end = tl.minimum((block + 1) * blockM, tokens)
    for start in range(0, end, blockN):
        at = start + keys
        inside = at < tokens
        places = base + at[:, None] * dim + depth[None, :]
        key = tl.load(k + places, mask=inside[:, None], other=0.0)
        value = tl.load(v + places, mask=inside[:, None], other=0.0)
        scores = tl.dot(query, tl.trans(key)) * (scale * log2e)
        seen = inside[None, :]
        if causal:
            seen = seen & (at[None, :] <= rows[:, None])
        scores = tl.where(seen, scores, float("-inf"))
        # All rows see key 0, so the maximum is finite.
        newTop = tl.maximum(top, tl.max(scores, 1))
        weights = tl.exp2(scores - newTop[:, None])
        correction = tl.exp2(top - newTop)
        total = total * correction + tl.sum(weights, 1)
        sums = tl.dot(weights.to(tl.float16), value, sums * correction[:, None])
        top = newTop
    result = sums / total[:, None]
    tl.store(out + base + rows[:, None] * dim + depth[None, :], result.to(tl.float16),
             mask=rows[:, None] < tokens)  # fmt: skip
    tl.store(lse + head * tokens + rows, (top + tl.log2(total)) / log2e, mask=rows < tokens)


MATMUL = {"a": "*fp16", "b": "*fp16", "c": "*fp32", "m": "i32", "n": "i32", "k": "i32",
          "lda": "i32", "ldb": "i32", "ldc": "i32"}  # fmt: skip
ATTENTION = {"q": "*fp16", "k": "*fp16", "v": "*fp16", "out": "*fp16", "lse": "*fp32",
             "tokens": "i32", "scale": "fp32"}  # fmt: skip
MATMUL_BLOCKS = {"blockM": 64, "blockN": 64, "blockK": 32}
ATTENTION_BLOCKS = {"blockM": 64, "blockN": 32, "dim": 64}

#: File, kernel, signature, constants, what is a multiple of 16, capability,
#: warps, stages. Copies are asynchronous where multiples of 16 allow it. For
#: sm_90 the tiles are below what its warpgroup instructions take.
KERNELS = (
    ("TritonMatmul", matmul, MATMUL, MATMUL_BLOCKS, "a b c n k lda ldb ldc", 80, 4, 3),
    ("TritonMatmulOdd", matmul, MATMUL, MATMUL_BLOCKS, "", 80, 4, 3),
    ("TritonMatmul.sm_90a", matmul, MATMUL, dict(MATMUL_BLOCKS, blockM=32),
     "a b c n k lda ldb ldc", 90, 2, 3),
    ("TritonAttention", attention, ATTENTION, dict(ATTENTION_BLOCKS, causal=False),
     "q k v out lse", 80, 4, 3),
    ("TritonAttentionCausal", attention, ATTENTION, dict(ATTENTION_BLOCKS, causal=True),
     "q k v out lse", 80, 4, 2),
)  # fmt: skip


def compile_kernel(name, function, signature, constants, multiples, capability, warps, stages):
    """Returns the PTX and its record."""
    source = ASTSource(
        fn=function,
        signature=signature | dict.fromkeys(constants, "constexpr"),
        constexprs=constants,
        attrs={(list(signature).index(argument),): [["tt.divisibility", 16]]
               for argument in multiples.split()},
    )  # fmt: skip
    options = {"num_warps": warps, "num_stages": stages, "ptx_version": PTX_VERSION}
    kernel = triton.compile(source, target=GPUTarget("cuda", capability, 32), options=options)
    header = (f"// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"
              f"// Triton {triton.__version__}, kernel {function.__name__} of make-triton.py\n")  # fmt: skip
    record = {
        "file": f"{name}.ptx",
        "entry": kernel.metadata.name,
        "signature": signature,
        "constants": constants,
        "multiples_of_16": multiples.split(),
        "num_warps": kernel.metadata.num_warps,
        "num_stages": stages,
        "shared": kernel.metadata.shared,
        "target": re.search(r"\.target (\w+)", kernel.asm["ptx"])[1],
        "ptx_version": PTX_VERSION,
        "triton": triton.__version__,
    }
    return header + kernel.asm["ptx"], record


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(f"usage: {sys.argv[0]} OUTPUT-FOLDER", file=sys.stderr)
        return 1
    output = Path(sys.argv[1])
    output.mkdir(parents=True, exist_ok=True)
    print(f"Triton {triton.__version__}")
    if triton.__version__ != "3.9.0":
        print("note: the stored files are from Triton 3.9.0", file=sys.stderr)
    records = {}
    for row in KERNELS:
        text, records[row[0]] = compile_kernel(*row)
        (output / f"{row[0]}.ptx").write_text(text)
    (output / "triton.json").write_text(json.dumps(records, indent=2) + "\n")
    print(f"{len(records)} kernels")
    return 0


if __name__ == "__main__":
    sys.exit(main())
