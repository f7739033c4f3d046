# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which elements of a tensor a chain of views selects.

Each dimension of a view is a list of atoms, from the outermost to the innermost. An
atom counts steps along an axis of the source, or along none where elements repeat.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from torch import fx

from ._nodes import CASTS, get_argument, get_name, get_shape, get_value, is_equal, skips

RESHAPES = {"view", "reshape", "flatten", "unflatten", "unsqueeze", "squeeze", "_unsafe_view",
            "view_as", "reshape_as"}  # fmt: skip
EXPANSIONS = {"expand", "expand_as", "broadcast_to"}
#: Nodes with several results.
SEVERAL = {"chunk", "split", "tensor_split", "unbind"}
_END = 2**62


@dataclass(frozen=True)
class Atom:
    axis: int | None
    extent: object  # int or SymInt
    step: int = 1


@dataclass(frozen=True)
class View:
    dims: tuple[tuple[Atom, ...], ...]
    #: The first index along each axis of the source.
    offsets: tuple[int, ...]

    @staticmethod
    def identity(shape) -> View:
        return View(tuple(() if is_equal(size, 1) else (Atom(axis, size),)
                          for axis, size in enumerate(shape)), (0,) * len(shape))  # fmt: skip

    def permute(self, order) -> View:
        return replace(self, dims=tuple(self.dims[i] for i in order))

    def expand(self, shape) -> View | None:
        dims = ((),) * (len(shape) - len(self.dims)) + self.dims
        return replace(self, dims=tuple(
            atoms if atoms or is_equal(size, 1) else (Atom(None, size),)
            for atoms, size in zip(dims, shape)))  # fmt: skip

    def reshape(self, shape) -> View | None:
        atoms = [atom for dim in self.dims for atom in dim]
        dims = []
        for size in shape:
            dim: list[Atom] = []
            while not is_equal(size, 1):
                if not atoms:
                    return None
                atom = atoms.pop(0)
                if is_equal(atom.extent, size):
                    dim.append(atom)
                    break
                if not (isinstance(atom.extent, int) and isinstance(size, int)):
                    return None
                if atom.extent < size and size % atom.extent == 0:
                    dim.append(atom)
                    size //= atom.extent
                elif atom.extent > size and atom.extent % size == 0:
                    inner = atom.extent // size
                    dim.append(Atom(atom.axis, size, atom.step * inner))
                    atoms.insert(0, Atom(atom.axis, inner, atom.step))
                    break
                else:
                    return None
            dims.append(tuple(dim))
        return None if atoms else replace(self, dims=tuple(dims))

    def move(self, atom: Atom, index: int) -> View:
        if atom.axis is None:
            return self
        offsets = list(self.offsets)
        offsets[atom.axis] += index * atom.step
        return replace(self, offsets=tuple(offsets))

    def select(self, dim: int, index: int) -> View | None:
        atoms = self.dims[dim]
        if not all(isinstance(atom.extent, int) for atom in atoms) or not isinstance(index, int):
            return None
        index %= math.prod(atom.extent for atom in atoms)
        view = replace(self, dims=self.dims[:dim] + self.dims[dim + 1 :])
        for atom in reversed(atoms):
            view = view.move(atom, index % atom.extent)
            index //= atom.extent
        return view

    def slice(self, dim: int, start, stop, step) -> View | None:
        atoms = self.dims[dim]
        start, stop, step = 0 if start is None else start, _END if stop is None else stop, step or 1
        if not atoms:
            return self if start == 0 and stop >= 1 else None
        whole = math.prod(atom.extent for atom in atoms)
        if step == 1 and start == 0 and (is_equal(stop, whole) or isinstance(stop, int) and stop >= _END):
            return self
        if len(atoms) > 1 or not all(isinstance(x, int) for x in (whole, start, stop, step)):
            return None
        indices = range(whole)[start:stop:step]
        if not indices:
            return None
        view = self.move(atoms[0], indices[0])
        new = (Atom(atoms[0].axis, len(indices), atoms[0].step * step),) if len(indices) > 1 else ()
        return replace(view, dims=view.dims[:dim] + (new,) + view.dims[dim + 1 :])

    def repeat(self, dim: int, count, inner: bool) -> View | None:
        """Repeats each element (inner), or all of them."""
        if not isinstance(count, int):
            return None
        new = (Atom(None, count),) if count > 1 else ()
        atoms = self.dims[dim] + new if inner else new + self.dims[dim]
        return replace(self, dims=self.dims[:dim] + (atoms,) + self.dims[dim + 1 :])


def source(node: fx.Node, casts: bool):
    """The tensor of which a node is a view or a copy, or None. `casts` permits copies in
    another element type."""
    name = get_name(node)
    if name in CASTS and not casts:
        return None
    if name == "getitem" and get_name(node.args[0]) in SEVERAL:
        return node.args[0].args[0]
    known = RESHAPES | EXPANSIONS | {"permute", "transpose", "movedim", "getitem", "slice", "select",
                                     "narrow", "repeat_interleave", "repeat"}  # fmt: skip
    if (name in known or skips(node)) and isinstance(node.args[0], fx.Node):
        return node.args[0]
    return None


def step(view: View, node: fx.Node) -> View | None:
    """Applies a node to a view, its source."""
    name, rank = get_name(node), len(view.dims)
    if skips(node):
        return view
    if name in RESHAPES:
        return view.reshape(get_shape(node))
    if name in EXPANSIONS:
        return view.expand(get_shape(node))
    if name == "permute":
        order = node.args[1] if isinstance(node.args[1], (tuple, list)) else node.args[1:]
        return view.permute([i % rank for i in order])
    if name == "transpose":
        one, two = (get_argument(node, i, f"dim{i - 1}") % rank for i in (1, 2))
        order = list(range(rank))
        order[one], order[two] = two, one
        return view.permute(order)
    if name == "movedim":
        return _move_dim(view, *node.args[1:3]) if len(node.args) == 3 else None
    if name == "getitem":
        if get_name(node.args[0]) in SEVERAL:
            return _take_part(view, node.args[0], node.args[1])
        return _index(view, node.args[1])
    dim = get_argument(node, 2 if name == "repeat_interleave" else 1, "dim", 0)
    if not isinstance(dim, int) and name != "repeat":
        return None
    if name == "slice":
        start, stop, by = (get_argument(node, i, key) for i, key in ((2, "start"), (3, "end"), (4, "step")))
        return view.slice(dim % rank, get_value(start), get_value(stop), by)
    if name == "select":
        return view.select(dim % rank, get_argument(node, 2, "index"))
    if name == "narrow":
        start, length = (get_value(get_argument(node, i, key)) for i, key in ((2, "start"), (3, "length")))
        return view.slice(dim % rank, start, start + length, 1)
    if name == "repeat_interleave":
        return view.repeat(dim % rank, get_argument(node, 1, "repeats"), inner=True)
    if name == "repeat":
        counts = node.args[1] if isinstance(node.args[1], (tuple, list)) else node.args[1:]
        for i, count in enumerate(counts if len(counts) == rank else ()):
            view = view and view.repeat(i, count, inner=False)
        return view if len(counts) == rank else None
    return None


def _move_dim(view: View, start, end) -> View | None:
    if not (isinstance(start, int) and isinstance(end, int)):
        return None
    rank = len(view.dims)
    order = [i for i in range(rank) if i != start % rank]
    order.insert(end % rank, start % rank)
    return view.permute(order)


def _take_part(view: View, node: fx.Node, part: int) -> View | None:
    """A result of chunk, split, tensor_split or unbind."""
    name, rank = get_name(node), len(view.dims)
    if name == "unbind":
        return view.select(get_argument(node, 1, "dim", 0) % rank, part)
    dim = get_argument(node, 2, "dim", 0) % rank
    whole = get_shape(node.args[0])[dim]
    sizes = get_argument(node, 1, "split_size", node.kwargs.get("chunks", node.kwargs.get("sections")))
    if not isinstance(whole, int):
        return None
    if isinstance(sizes, int):
        if name == "tensor_split" and whole % sizes:
            return None
        size = sizes if name == "split" else -(-whole // sizes)
        sizes = [min(size, whole - at) for at in range(0, whole, size)]
    elif name != "split":
        return None
    start = sum(sizes[:part])
    return view.slice(dim, start, start + sizes[part], 1)


def _index(view: View, index) -> View | None:
    """A subscript of integers, slices, None and an ellipsis."""
    index = index if isinstance(index, tuple) else (index,)
    if any(isinstance(part, fx.Node) and not isinstance(get_value(part), int) for part in index):
        return None
    dim = 0
    for position, part in enumerate(index):
        if part is Ellipsis:
            dim = len(view.dims) - sum(later is not None for later in index[position + 1 :])
        elif part is None:
            view = replace(view, dims=view.dims[:dim] + ((),) + view.dims[dim:])
            dim += 1
        elif isinstance(part, slice):
            view = view.slice(dim, *map(get_value, (part.start, part.stop, part.step)))
            dim += 1
        else:
            view = view.select(dim, get_value(part)) if isinstance(get_value(part), int) else None
        if view is None:
            return None
    return view


def get_chain(node: fx.Node, casts: bool = False) -> list[fx.Node]:
    """The node, the tensor that it is a view of, and so on."""
    chain = [node]
    while (before := source(chain[-1], casts)) is not None:
        chain.append(before)
    return chain


def get_view(chain: list[fx.Node], ancestor: fx.Node) -> View | None:
    """The first node of a chain as a view of one of the others."""
    shape = get_shape(ancestor)
    view = View.identity(shape) if shape is not None else None
    for node in reversed(chain[: chain.index(ancestor)]):
        if view is None:
            break
        # The shapes of the nodes between are needed.
        view = step(view, node) if get_shape(node) is not None else None
    return view
