# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where the dimensions of an attention are in its tensors, and which heads it reads."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from torch import fx

from ._nodes import get_argument, get_number, get_shape, get_value, is_equal, specialize
from ._views import Atom, View, get_chain, get_view

#: Batch, heads, tokens and head dimension: the order of scaled_dot_product_attention.
ROLES = "BHTD"


class Unmatched(Exception):
    """The reason why a subtraction is not an attention."""


@dataclass(frozen=True)
class Source:
    """A tensor of rank 4 that has the heads of an argument of an attention. `roles` names
    its dimensions, and `heads` are those that the attention's heads read."""

    node: fx.Node
    roles: str
    heads: tuple[int, ...]

    @property
    def count(self) -> int:
        return get_shape(self.node)[self.roles.index("H")]


def enumerate_heads(atoms: list[Atom], axis: int, first: int) -> tuple[int, ...] | None:
    """The indices along an axis that atoms count, in row-major order."""
    if not all(isinstance(atom.extent, int) and atom.axis in (axis, None) for atom in atoms):
        return None
    steps = [atom.step if atom.axis == axis else 0 for atom in atoms]
    return tuple(first + sum(i * step for i, step in zip(index, steps))
                 for index in itertools.product(*(range(atom.extent) for atom in atoms)))  # fmt: skip


def is_whole(view: View, atoms: tuple[Atom, ...], shape) -> bool:
    """True if atoms count a whole axis."""
    return len(atoms) == 1 and atoms[0].axis is not None and atoms[0].step == 1 and is_equal(
        atoms[0].extent, shape[atoms[0].axis])  # fmt: skip


def find_source(chain: list[fx.Node], ancestor: fx.Node) -> Source | None:
    """An ancestor of an argument [B, H, T, D] as source of its heads."""
    shape, view = get_shape(ancestor), get_view(chain, ancestor)
    if view is None or len(view.dims) != 4 or len(shape) != 4:
        return None
    axes: dict[str, int] = {}
    for role, atoms in zip(ROLES, view.dims):
        if role == "H":
            found = {atom.axis for atom in atoms} - {None}
            if len(found) > 1:
                return None
            if found:
                axes[role] = found.pop()
        elif atoms:
            if not is_whole(view, atoms, shape):
                return None
            axes[role] = atoms[0].axis
    if len(set(axes.values())) != len(axes):
        return None
    # Axes of one element are as good as any other.
    free = [axis for axis in range(4) if axis not in axes.values()]
    if "H" not in axes:
        axes["H"] = next((axis for axis in free if not is_equal(shape[axis], 1)), free[0])
        free.remove(axes["H"])
    for role in ROLES:
        if role not in axes:
            axes[role] = free.pop(0)
            if not is_equal(shape[axes[role]], 1):
                return None
    if any(view.offsets[axes[role]] for role in "BTD") or not isinstance(shape[axes["H"]], int):
        return None
    heads = enumerate_heads(list(view.dims[1]), axes["H"], view.offsets[axes["H"]])
    roles = "".join(sorted(ROLES, key=axes.__getitem__))
    return None if heads is None else Source(ancestor, roles, heads)


class Attention:
    """A call of scaled_dot_product_attention."""

    def __init__(self, node: fx.Node):
        self.node = node
        names = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal", "scale", "enable_gqa")
        defaults = (None, None, None, None, 0.0, False, None, False)
        values = [get_argument(node, i, name, default)
                  for i, (name, default) in enumerate(zip(names, defaults))]  # fmt: skip
        self.query, self.key, self.value, self.mask, self.dropout, *rest = values
        self.causal, self.scale, _ = rest
        if isinstance(self.scale, fx.Node) and get_number(self.scale) is not None:
            self.scale = get_number(self.scale)
        self.chains = {name: get_chain(argument) for name, argument in
                       (("q", self.query), ("k", self.key), ("v", self.value))}  # fmt: skip

    def check(self) -> None:
        name = self.node.name
        if self.mask is not None:
            raise Unmatched(f"{name} has an attn_mask; causal and windowed masks are options of the op")
        if not isinstance(self.dropout, (int, float)) or self.dropout:
            raise Unmatched(f"{name} has dropout_p={self.dropout}; the op has no dropout")
        if not isinstance(self.causal, bool) or isinstance(self.scale, fx.Node):
            raise Unmatched(f"{name} has options that are not constants")
        if self.scale is not None and not 0 < self.scale < math.inf:
            raise Unmatched(f"{name} has the scale {self.scale}; the op needs a finite, positive one")
        shapes = [get_shape(argument) for argument in (self.query, self.key, self.value)]
        if None in shapes or get_shape(self.node) is None:
            raise Unmatched(f"the shapes of {name} are unknown; pass example_inputs")
        device = get_value(self.query).device.type
        if device not in ("cpu", "cuda"):
            raise Unmatched(f"{name} is on the device {device}; the op needs cpu or cuda")
        if any(len(shape) != 4 for shape in shapes):
            raise Unmatched(f"{name} has tensors that are not of rank 4")
        for shape in shapes:
            specialize(shape[1])
            specialize(shape[3])
        shapes = [get_shape(argument) for argument in (self.query, self.key, self.value)]
        if not all(isinstance(size, int) for shape in shapes for size in shape[1::2]):
            raise Unmatched(f"{name} has a symbolic number of heads or head dimension")
        if self.causal and not is_equal(shapes[0][2], shapes[1][2]):
            raise Unmatched(f"{name} is causal with {shapes[0][2]} query and {shapes[1][2]} key tokens; "
                            "PyTorch aligns its mask to the first key, the op to the last")  # fmt: skip
        if not all(is_equal(shape[0], shapes[0][0]) for shape in shapes):
            raise Unmatched(f"{name} broadcasts its batch")

    @property
    def heads(self) -> int:
        return get_shape(self.query)[1]

    @property
    def dims(self) -> tuple:
        """Head dimensions of query and value."""
        return get_shape(self.query)[3], get_shape(self.value)[3]

    def read(self, name: str, ancestor: fx.Node) -> Source | None:
        """For each query head, the head that it reads in an ancestor of an argument."""
        if ancestor not in self.chains[name]:
            return None
        found = find_source(self.chains[name], ancestor)
        if found is None or name == "q":
            return found
        group = self.heads // len(found.heads)
        return Source(found.node, found.roles, tuple(head for head in found.heads for _ in range(group)))


@dataclass(frozen=True)
class Result:
    """How an operand of the subtraction lays out the result of an attention: its roles,
    outermost first, those of each dimension ("" for one element), and its heads."""

    roles: str
    dims: tuple[str, ...]
    heads: tuple[int, ...]


def find_result(node: fx.Node, attention: Attention, shape) -> Result:
    """Reads an operand, broadcast to a shape."""
    chain = get_chain(node, casts=True)
    view = get_view(chain, attention.node)
    view = view and view.expand(shape)
    if view is None:
        raise Unmatched(f"{node.name} selects elements of {attention.node.name} in a way that is not "
                        "understood")  # fmt: skip
    whole, roles, heads, dims = get_shape(attention.node), "", [], []
    for dim in view.dims:
        text = ""
        for atom in dim:
            if atom.axis in (1, None):
                heads.append(atom)
                role = "H"
            elif is_whole(view, (atom,), whole) and not view.offsets[atom.axis]:
                role = ROLES[atom.axis]
            else:
                raise Unmatched(f"{node.name} is not the whole of {attention.node.name} except for its heads")
            # Several atoms may count the heads.
            text += role if role != "H" or not text.endswith("H") else ""
            roles += role if role != "H" or not roles.endswith("H") else ""
        dims.append(text)
    found = enumerate_heads(heads, 1, view.offsets[1])
    if found is None or len(set(roles)) != len(roles):
        raise Unmatched(f"{node.name} mixes the heads of {attention.node.name} with other dimensions")
    # Dimensions of one element may be anywhere.
    for order in ("BHTD", "BTHD"):
        if "".join(role for role in order if role in roles) == roles:
            return Result(order, tuple(dims), found)
    return Result("".join(role for role in ROLES if role not in roles) + roles, tuple(dims), found)
