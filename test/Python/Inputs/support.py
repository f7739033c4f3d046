# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the tests of the package share."""

from __future__ import annotations

import secrets
import sys

import diff_mlir
from difftest.cases import Case

FUNCTIONS = {("v2", False): "attention", ("v2", True): "attention_varlen",
             ("v1", False): "attention_v1", ("v1", True): "attention_v1_varlen",
             ("standard", False): "softmax_attention",
             ("standard", True): "softmax_attention_varlen"}  # fmt: skip
NAMES = {"query": "q", "key": "k", "value": "v", "lambda": "lam"}


def call(case: Case, inputs: dict, **options):
    """Runs a case of difftest with the package. Returns the results by name."""
    function = getattr(diff_mlir, FUNCTIONS[case.variant, case.sequences is not None])
    named = {NAMES.get(name, name): array for name, array in inputs.items()}
    if case.variant != "standard":
        options |= {"signals": case.signals, "pair_layout": case.pairs}
    if case.lambda_init is not None:
        options["lambda_init"] = case.lambda_init
    results = function(**named, causal=case.causal, window=case.window, softcap=case.softcap,
                       scale=case.scale, return_lse=case.lse, layout=case.layout, **options)  # fmt: skip
    return {"output": results[0], "lse": results[1]} if case.lse else {"output": results}


def get_seed() -> int:
    seed = int(sys.argv[-1]) if sys.argv[-1].isdigit() else secrets.randbits(32)
    print(f"seed {seed}")
    return seed


class Report:
    """Collects failures and prints a line for each check."""

    def __init__(self):
        self.count = self.failed = 0

    def __call__(self, what: str, condition, detail: str = "") -> None:
        self.count += 1
        if not condition:
            self.failed += 1
        print(f"{'ok' if condition else 'FAIL'} {what}{': ' + detail if detail else ''}", flush=True)

    def finish(self) -> None:
        print(f"{self.count} checks, {self.failed} failed")
        if self.failed or not self.count:
            sys.exit(1)
