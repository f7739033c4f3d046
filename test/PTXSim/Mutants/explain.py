# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Explains surviving mutants by experiments on the deleted line.

- A line that never executes, or a branch that is never taken, is not tested by
  the layer: a trap in its place is never reached.
- A store is dead if another stored value does not change the results: the value
  is overwritten before it is read, or the read value has no effect.
- A barrier is redundant if the kernel passes without it and without all other
  redundant barriers. Barriers are deleted one after the other as long as the
  kernel passes. Each remaining barrier must be necessary: its deletion must be
  caught. Of several barriers between a write and a read, one remains.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

#: The replacement of a stored value, by the bits of an element.
POISON = {8: "0xbf", 16: "0x7fbf", 32: "0x7fbfbfbf", 64: "0x7fbfbfbfbfbfbfbf"}


def _same(one: dict, two: dict) -> bool:
    return all(np.array_equal(one[key].view(np.uint8), two[key].view(np.uint8)) for key in one)


def trap(text: str) -> str:
    """The line with a trap in place of its instruction."""
    guard = re.match(r"(@!?%\w+\s+)?", text).group(0)
    return f"{guard}trap;\n"


def poison(text: str) -> str | None:
    """A store with another value, or None if it is not a plain store."""
    found = re.match(r"(.*\bst\.\S*?[bufs](8|16|32|64)\s+\[[^]]*\],\s*)(\{[^}]*\}|[^;{]*);", text)
    if not found:
        return None
    value = POISON[int(found[2])]
    count = found[3].count(",") + 1
    braced = found[3].startswith("{")
    return found[1] + (("{" + ", ".join([value] * count) + "}") if braced else value) + ";\n"


def _replace(layer, line: int, text: str) -> list[str]:
    lines = list(layer.lines)
    lines[line - 1] = text
    return lines


def _explain_one(layer, mutant, run, get_results, unchanged) -> str:
    if run(_replace(layer, mutant.line, trap(mutant.text))) == "passed":
        return "branch never taken" if mutant.kind == "branch" else "never executed"
    if mutant.kind == "store" and (text := poison(mutant.text)):
        results = get_results(_replace(layer, mutant.line, text))
        if results and _same(results, unchanged):
            return "dead store: another value changes no bit"
        return "store whose value counts, and was there before"
    results = get_results(layer.without([mutant.line]))
    if results and _same(results, unchanged):
        return "executed, and without it no bit changes"
    return "executed, and without it the numbers stay right"


def _reduce_barriers(layer, barriers: list[int], run, pool) -> None:
    """Deletes redundant barriers together; each remaining one must be necessary."""
    every = [i + 1 for i, text in enumerate(layer.lines)
             if re.match(r"\s*(@!?%\w+\s+)?(bar\.sync|barrier\.)", text)]  # fmt: skip
    gone: list[int] = []
    doubtful = barriers
    while doubtful:
        before = len(gone)
        for line in doubtful:
            if run(layer.without([*gone, line])) == "passed":
                gone.append(line)
        left = [line for line in every if line not in gone]
        outcomes = list(pool.map(lambda line: run(layer.without([*gone, line])), left))
        # On a busy machine a run may have taken too long the first time.
        doubtful = [line for line, outcome in zip(left, outcomes) if outcome == "passed"]
        if len(gone) == before:
            break
    print(f"  {len(barriers)} of {len(every)} barriers can go one at a time, {len(gone)} together: "
          f"{' '.join(map(str, gone))}")  # fmt: skip
    caught = sum(outcome != "passed" for outcome in outcomes)
    print(f"  of the {len(left)} that are left, {caught} are missed when they go: "
          f"{' '.join(map(str, left))}")  # fmt: skip


def explain(layer, survivors, run, get_results, pool) -> None:
    """`run` returns the outcome of a kernel, `get_results` its results."""
    unchanged = get_results(layer.lines)
    barriers = [mutant.line for mutant in survivors if mutant.kind == "barrier"]
    others = [mutant for mutant in survivors if mutant.kind != "barrier"]
    if barriers:
        _reduce_barriers(layer, barriers, run, pool)
    reasons = list(pool.map(lambda m: _explain_one(layer, m, run, get_results, unchanged), others))
    for mutant, reason in zip(others, reasons):
        print(f"  line {mutant.line}: {reason}: {mutant.text}")
    for (kind, reason), count in sorted(Counter((m.kind, r) for m, r in zip(others, reasons)).items()):
        print(f"  {count} of kind {kind}: {reason}")
