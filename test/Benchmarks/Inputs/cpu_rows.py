# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the JSON of benchmarks/cpu.py: cpu_rows.py FILE"""

import json
import math
import sys
from pathlib import Path

document = json.loads(Path(sys.argv[1]).read_text())
rows = {row["name"]: row for row in document["rows"]}
assert len(rows) == 6, list(rows)

# 16 query heads; 24 * 25 / 2 visible pairs; products of width 16, and of V1's values 32.
assert rows["v2 N=24 M=24 d=16 f32 causal"]["flop"] == 16 * 300 * 2 * (16 + 16)
assert rows["v1 N=24 M=24 d=16 f32 causal"]["flop"] == 16 * 300 * 2 * (16 + 32)
assert rows["standard N=1 M=40 d=16 f32"]["flop"] == 16 * 40 * 2 * (16 + 16)
# Keys and values of 4 heads; V1 has 8 key heads, and values of twice the width.
assert rows["v2 N=1 M=40 d=16 f32"]["cache_bytes"] == 40 * 4 * (16 + 16) * 4
assert rows["v1 N=1 M=40 d=16 f32"]["cache_bytes"] == 40 * (8 * 16 + 4 * 32) * 4

for name, row in rows.items():
    time = row["times"]["ours"]
    assert math.isclose(row["gflops"], row["flop"] / time["cpu_ms"] / 1e6), name
    assert math.isclose(row["gbytes_per_second"], row["cache_bytes"] / time["cpu_ms"] / 1e6), name
    assert 0 < row["errors"]["ours"] < 1e-5 and not row["failures"], name
    assert row["rounds"] >= 1 and row["threads"] == 1, name
    if document["peaks"]:
        assert math.isclose(row["share_of_peak"] * document["peaks"]["fma_gflops"], row["gflops"]), name
        is_decode = row["query_tokens"] == 1
        assert (row["share_of_reading"] is not None) == is_decode, name
