# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Types and values of whole programs, and how right a result has to be."""

from __future__ import annotations

import numpy as np
from difftest import arrays, tolerance

from . import ops_contract, ops_diff, ops_elementwise, ops_reshape, ops_shape  # noqa: F401
from .arithmetic import Exact, Noisy
from .ops import OPS, argument_values
from .program import FLOATS, Emitter, Invalid, Node, Program, Tensor, emit, require

#: Runs with random rounding: what they differ by is what rounding may do.
NOISY_RUNS = 3
#: A value whose rounding error is a larger part than this says nothing.
MOST_NOISE = 0.1


def infer(program: Program) -> dict[int, list[Tensor]]:
    """The result types of each node; raises Invalid where an op has none."""
    types: dict[int, list[Tensor]] = {}
    for node in program.nodes:
        operands = [types[number][k] for number, k in node.operands]
        types[node.number] = OPS[node.op].infer(operands, node.attrs)
        require(all(size >= 0 for tensor in types[node.number] for size in tensor.shape))
    return types


def _emit_node(e: Emitter, node: Node, operands, results) -> list[str]:
    return OPS[node.op].emit(e, operands, results, node.attrs)


def text(program: Program) -> str:
    return emit(program, infer(program), _emit_node)


class Values:
    """The values of each node: exact ones and those of the noisy runs."""

    def __init__(self, seed: int, tf32: bool = False):
        self.seed = seed
        self.runs = [Exact(), *(Noisy([seed, i], tf32) for i in range(NOISY_RUNS))]
        self.found: dict[int, list[list[np.ndarray]]] = {}  # node: run: result
        self.exact: dict[int, list[bool]] = {}

    def add(self, node: Node, operands: list[Tensor], results: list[Tensor]) -> None:
        """Evaluates a node; raises Invalid where its numbers would say nothing."""
        if node.op == "argument":
            value = argument_values(results[0], [self.seed, node.number])
            self.found[node.number] = [[value]] * len(self.runs)
            self.exact[node.number] = [True]
            return
        op = OPS[node.op]
        with np.errstate(all="ignore"):
            runs = [op.evaluate([self.found[number][i][k] for number, k in node.operands], operands,
                                results, node.attrs, run)
                    for i, run in enumerate(self.runs)]  # fmt: skip
        for k, tensor in enumerate(results):
            require(all(run[k].shape == tensor.shape for run in runs))
            for run in runs:
                ops_elementwise.check_domain(run[k], tensor.element)
            if tensor.element in FLOATS:
                error, size = (np.linalg.norm(x) for x in (_spread(runs, k), runs[0][k]))
                require(error <= MOST_NOISE * max(size, 1e-3 * runs[0][k].size ** 0.5))
            else:
                require(all(np.array_equal(run[k], runs[0][k]) for run in runs))
        exact = op.is_exact([self.exact[number][k] for number, k in node.operands], operands, node.attrs)
        self.found[node.number], self.exact[node.number] = runs, [exact] * len(results)


def _spread(runs, k: int) -> np.ndarray:
    """The largest distance of a noisy run from the exact one, by element."""
    return np.max([np.abs(run[k] - runs[0][k]) for run in runs[1:]], axis=0)


def evaluate(program: Program, tf32: bool = False) -> Values:
    types = infer(program)
    values = Values(program.seed, tf32)
    for node in program.nodes:
        operands = [types[number][k] for number, k in node.operands]
        values.add(node, operands, types[node.number])
    return values


def to_array(value: np.ndarray, element: str) -> np.ndarray:
    """As an array of the element's type, for an .npy file."""
    if element in FLOATS:
        return arrays.round_to(value, element)
    return value.astype({"i1": np.bool_, "index": np.int64}.get(element) or f"int{element[1:]}")


def check(values: Values, program: Program, k: int, tensor: Tensor, out: np.ndarray, tf32: bool) -> list[str]:
    """Result k of a run. Integers are exact. A float may be off by four times what
    random rounding did, and the floor of the tolerance rule; in its norm by three
    times that, and the rule's limit."""
    number, part = program.results[k]
    runs = values.found[number]
    expected, name = runs[0][part], f"result {k}"
    wanted = to_array(expected, tensor.element)
    if out.dtype != wanted.dtype or out.shape != wanted.shape:
        return [f"{name}: is {out.dtype} {list(out.shape)}, not {wanted.dtype} {list(wanted.shape)}"]
    if tensor.element not in FLOATS:
        wrong = out != wanted
        return _places(name, wrong, out, wanted) if wrong.any() else []
    out = out.astype(np.float64)
    if not np.all(np.isfinite(out)):
        return _places(f"{name} is not finite", ~np.isfinite(out), out, expected)
    element = "tf32" if tf32 and tensor.element == "f32" else tensor.element
    spread = _spread([[run[part]] for run in runs], 0)
    top = max(1.0, float(np.abs(expected).max(initial=0)))
    bound = 4 * float(spread.max(initial=0)) + tolerance.FLOOR[element] * top
    difference = np.abs(out - expected)
    if float(difference.max(initial=0)) > bound:
        return _places(f"{name} beyond {bound:.3e}", difference > bound, out, expected)
    size = float(np.linalg.norm(expected))
    norm = float(np.linalg.norm(difference))
    allowed = tolerance.norm_limit(element, 64) * size + 3 * float(np.linalg.norm(spread))
    if norm > allowed + tolerance.FLOOR[element] * 1e-2 * out.size**0.5:
        return [f"{name}: norm of the error {norm:.3e}, permitted {allowed:.3e}"]
    return []


def _places(name: str, wrong: np.ndarray, out: np.ndarray, wanted: np.ndarray) -> list[str]:
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    return [f"{name}: {np.count_nonzero(wrong)} of {wrong.size} elements are wrong, the first at "
            f"{list(at)}: {out[at]}, not {wanted[at]}"]  # fmt: skip


__all__ = ["Invalid", "Values", "check", "evaluate", "infer", "text", "to_array"]
