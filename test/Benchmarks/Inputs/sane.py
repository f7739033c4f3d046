# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the plausibility of rows of benchmarks/attention.py: sane.py ROWS.json"""

import json
import sys

rows = json.load(open(sys.argv[1]))
layers = {(row["layer"]["variant"], row["way"]): row for row in rows}


def expect(condition: bool, row: dict, text: str) -> None:
    if not condition:
        sys.exit(f"{text}: {row}")


for row in rows:
    composed = row["launches"] > 1
    expect(row["instructions"] > 0 and row["pipe"] != "-", row, "nothing ran")
    expect(row["unique"] > 1.05 if composed else abs(row["unique"] - 1) < 0.01, row,
           "one kernel touches what is compulsory, a composition more")  # fmt: skip
    expect(row["bytes"] >= 0.999 * row["unique"], row, "more bytes touched than asked for")
    expect(0.9 < row["passes"] < 20, row, "passes over K and V")
    expect(0.9 < row["block_bytes"] < 3, row, "bytes of the blocks")
    # Less than one for each score if some exponentials are polynomials.
    expect(0.3 < row["special"] < 6, row, "special functions over scores")
    expect(0 < row["peak"] <= 100, row, "part of the peak")
    if row["way"].startswith("triton"):
        expect(row["flops"] is not None, row, "no tensor cores")
        expect(row["conflicts"] == 0, row, "bank conflicts")
    if row["flops"] is not None:
        expect(1 <= row["flops"] < 4, row, "FLOP over what is useful")
        expect(2 < row["steady"] < row["per_mma"] < 12, row, "instructions per mma.sync")
        expect(0.3 < row["shared"] < 2, row, "shared memory over tensor cores")
for fused, composed in ((("v2", "triton"), ("v2", "triton standard, subtract")),
                        (("v1", "triton"), ("v1", "triton, two calls")),
                        (("v1", "triton"), ("v1", "triton, four calls"))):  # fmt: skip
    fused, composed = layers[fused], layers[composed]
    expect(fused["unique"] < composed["unique"], fused, "fusion saves no bytes")
    expect(fused["instructions"] < composed["instructions"], fused, "nor instructions")
for composed in ("diff, two calls", "diff, four calls"):
    fused, composed = layers["v1", "diff"], layers["v1", composed]
    for what in ("launches", "bytes", "unique", "passes"):
        expect(fused[what] < composed[what], composed, f"V1 saves no {what}")
