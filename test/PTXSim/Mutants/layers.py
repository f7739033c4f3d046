# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The kernels that the campaign mutates: one line for each.

The layers are small, because each runs as often as it has lines, but they have
partial tiles, masks and every epilogue. Sizes matter: the deletion of a guard that
all threads of a layer pass, or of a line of a loop with one iteration, cannot be
noticed. A new way to compile attention needs a separate layer here.
"""

from __future__ import annotations

from difftest.cases import Case

#: A layer, its element type, the chip. On tensor cores: query tiles that see some
#: key tiles completely and others in part, one that sees none completely, a
#: partial last tile, and scores so large that a wrong maximum shows.
LAYERS = (
    (Case("v2", "mutants", n=300, m=290, h=1, hkv=1, d=40, causal=True, lse=True, inputs="large"), "bf16", "sm_80"),
    (Case("v1", "mutants", n=300, m=290, h=1, hkv=1, d=24, causal=True, window=(300, 0), inputs="large"), "bf16", "sm_90a"),
    (Case("standard", "mutants", b=2, n=290, m=280, h=1, hkv=1, d=72, causal=True, dynamic=True, inputs="large"), "f16", "sm_86"),
    (Case("v1", "mutants", n=27, m=61, h=2, hkv=1, d=24, window=(40, 3)), "f32", "sm_90a"),
)  # fmt: skip
