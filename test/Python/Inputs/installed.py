# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Uses an installed package: installed.py FOLDER"""

import sys
from pathlib import Path

import diff_mlir
import numpy as np
from diff_mlir import _core, _runtime

folder = Path(sys.argv[1]) / "diff_mlir"
assert Path(diff_mlir.__file__).parent == folder, diff_mlir.__file__
print("tools", _runtime.find_tool("diff-opt"))
print("runtime", _core.runtime_library())
q, k, v = np.ones((1, 3, 4, 8), np.float32), np.ones((1, 5, 1, 8), np.float32), np.ones((1, 5, 1, 8), np.float32)
out = diff_mlir.attention(q, k, v, np.full((1, 3, 2), -np.inf, np.float32))
assert np.allclose(out, 1), out
print("attention", out.shape)
text = "func.func @f(%x: tensor<8xf32>) -> tensor<8xf32> {\n  return %x : tensor<8xf32>\n}\n"
print("ptx", next(line for line in diff_mlir.compile(text, "sm_80").ptx.splitlines() if line.startswith(".version")))
print("stub", "def inspect" in (folder / "_core.pyi").read_text())
