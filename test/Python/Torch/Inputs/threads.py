# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Threads, processes and times: threads.py"""

from __future__ import annotations

import threading
import time

import diff_mlir
import torch
from diff_mlir import _attention, _core
from difftest.cases import Case

from support import Report, call
from tensors import make_inputs

#: Microseconds that a call may take besides the kernel.
OVERHEAD = 60.0
#: The time of kernels and products in turn, divided by the sum of their times alone.
ALTERNATION = 1.1
#: Other processes only make a measurement longer: the best round counts.
ROUNDS = 30


def make_calls():
    """Layers of several shapes, with their arguments and results."""
    cases = [Case(variant, "", b=2, n=n, m=n + 3, h=4, hkv=2, d=16, causal=causal)
             for variant in ("v2", "v1") for n in (1, 6, 40) for causal in (False, True)]  # fmt: skip
    return [(case, inputs, call(case, inputs)["output"]) for case in cases
            for inputs in [make_inputs(case, torch.float32)]]  # fmt: skip


def check_threads(report: Report) -> None:
    calls, wrong = make_calls(), []
    # Each thread makes plans and computes gradients, too.
    _attention._plans.clear()

    def work(number: int) -> None:
        for turn in range(20):
            case, inputs, wanted = calls[(number + turn) % len(calls)]
            query = inputs["query"].clone().requires_grad_(turn % 5 == 0)
            result = call(case, inputs | {"query": query})["output"]
            if query.requires_grad:
                result.sum().backward()
            if not torch.equal(result, wanted):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report("8 threads", not wrong, f"{len(wrong)} wrong")


class Layers(torch.utils.data.Dataset):
    """Samples that an attention has computed."""

    def __init__(self, calls):
        self.calls = calls

    def __len__(self):
        return len(self.calls)

    def __getitem__(self, index):
        case, inputs, _ = self.calls[index]
        return call(case, inputs)["output"]


def check_workers(report: Report) -> None:
    calls = make_calls()
    loader = torch.utils.data.DataLoader(Layers(calls), batch_size=None, num_workers=2, timeout=120)
    report("workers of a DataLoader", all(
        torch.equal(found, wanted) for found, (_, _, wanted) in zip(loader, calls)))  # fmt: skip


def check_number(report: Report) -> None:
    before = torch.get_num_threads()
    found = []
    for number in (1, 2, 3):
        torch.set_num_threads(number)
        found.append(_core.get_threads())
    torch.set_num_threads(before)
    report("torch.set_num_threads", found == [1, 2, 3], f"{found} from {_core.thread_provider()}")


def sample(functions, count: int) -> list[float]:
    """Microseconds of each function, called in turn: the 2nd percentile."""
    times = [[] for _ in functions]
    for _ in range(count):
        for function, found in zip(functions, times):
            start = time.perf_counter()
            function()
            found.append(time.perf_counter() - start)
    return [1e6 * sorted(found)[len(found) // 50] for found in times]


def check_overhead(report: Report) -> None:
    case = Case("v2", "", b=1, n=4, m=4, h=2, hkv=1, d=16, causal=True)
    arguments = tuple(make_inputs(case, torch.float32).values())
    query = arguments[0].clone().requires_grad_()
    out = diff_mlir.attention(*arguments, causal=True)
    plan = next(plan for plan in _attention._plans.values()
                if plan.results[0][0] == tuple(out.shape))  # fmt: skip
    kernel, plain, graph = min(sample((
        lambda: plan.run((*arguments, out)), lambda: diff_mlir.attention(*arguments, causal=True),
        lambda: diff_mlir.attention(query, *arguments[1:], causal=True)), 2000) for _ in range(3))  # fmt: skip
    report("a call", plain - kernel < OVERHEAD, f"{plain - kernel:.0f} us beyond {kernel:.0f} us")
    report("a call with gradients", graph - kernel < OVERHEAD, f"{graph - kernel:.0f} us")


def check_alternation(report: Report) -> None:
    case = Case("v2", "", b=1, n=128, m=128, h=4, hkv=2, d=64)
    arguments = tuple(make_inputs(case, torch.float32).values())
    matrix, result = torch.randn(256, 256), torch.empty(256, 256)
    product = lambda: torch.mm(matrix, matrix, out=result)  # noqa: E731
    kernel = lambda: diff_mlir.attention(*arguments)  # noqa: E731
    best, text = float("inf"), ""
    for _ in range(ROUNDS):
        [one], [two] = sample([product], 400), sample([kernel], 400)
        [both] = sample([lambda: (product(), kernel())], 400)
        if both / (one + two) < best:
            best = both / (one + two)
            text = f"{one:.0f} us + {two:.0f} us alone, {both:.0f} us in turn: {best:.2f}"
        if best <= ALTERNATION:
            break
    report("kernels and products in turn", best <= ALTERNATION, text)


def main() -> None:
    report = Report()
    check_number(report)
    check_threads(report)
    check_workers(report)
    check_overhead(report)
    check_alternation(report)
    report.finish()


if __name__ == "__main__":
    main()
