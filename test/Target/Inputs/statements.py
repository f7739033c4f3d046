# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""statements.py CHIP: counts the statements in the PTX of plain bf16 layers, and
fails where there are more than the table permits."""

import subprocess
import sys

#: Statements for (variant, head dimension, causal).
LIMITS = {
    ("v2", 64, False): 1656, ("v2", 64, True): 2458, ("v2", 128, False): 2456, ("v2", 128, True): 3528,
    ("v1", 64, False): 2553, ("v1", 64, True): 3559, ("v1", 128, False): 2532, ("v1", 128, True): 3350,
    ("standard", 64, False): 1606, ("standard", 64, True): 2438,
    ("standard", 128, False): 2386, ("standard", 128, True): 3488,
}  # fmt: skip


def main():
    bad = 0
    for (variant, dim, causal), limit in LIMITS.items():
        layer = subprocess.run(
            ["diff-gen", f"--variant={variant}", f"--dim={dim}", "--type=bf16", "--heads=8", "--kv-heads=4",
             "--query-tokens=512", *["--causal"] * causal], check=True, capture_output=True).stdout  # fmt: skip
        ptx = subprocess.run(["diff-opt", "-", f"--diff-compile=chip={sys.argv[1]}", "--emit=ptx"],
                             input=layer, check=True, capture_output=True, text=False).stdout  # fmt: skip
        count = sum(b";" in line for line in ptx.splitlines())
        bad += count > limit
        print(f"{variant}-d{dim}{'-causal' if causal else ''}: {count} statements, at most {limit} allowed")
    print(f"{bad} layers above their limits")
    return bad != 0


sys.exit(main())
