# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks of arrays: from the arguments of a function to a layer."""

from __future__ import annotations

from dataclasses import dataclass

from . import _core
from ._layer import Layer, Operand
from ._options import Options

FLOATS = ("f16", "bf16", "f32", "f64")
#: Of DLPack.
CPU_DEVICE, CUDA_DEVICE = 1, 2


@dataclass(frozen=True)
class Array:
    """What a message says about an array, and what a kernel depends on."""

    name: str
    library: str
    element: str
    device: tuple[int, int]
    shape: tuple[int, ...]


def inspect(name: str, value) -> Array:
    if value is None:
        raise TypeError(f"{name} is None; an array is required")
    try:
        library, element, kind, number, shape, _, _ = _core.inspect(value)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
    except BufferError as error:
        raise TypeError(f"{name} cannot be read: {error}") from None
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    if not element:
        raise TypeError(f"{name} has elements of type {getattr(value, 'dtype', 'unknown')}; "
                        f"{', '.join(FLOATS)} are legal")  # fmt: skip
    return Array(name, library, element, (kind, number), shape)


class Sizes:
    """The sizes of the letters of dimensions, and where they come from."""

    def __init__(self):
        self.values: dict[str, int] = {}
        self.origins: dict[str, str] = {}

    def set(self, letter: str, value: int, origin: str) -> None:
        self.values[letter] = value
        self.origins[letter] = origin

    def bind(self, array: Array, letters: list[str], words: list[str]) -> None:
        """Requires the shape to agree with the sizes that are known, and sets others."""
        shape = array.shape
        if len(shape) != len(letters):
            raise ValueError(f"{array.name} has the shape {shape}; {len(letters)} dimensions "
                             f"({', '.join(words)}) are legal")  # fmt: skip
        for index, (letter, word) in enumerate(zip(letters, words)):
            known = self.values.get(letter)
            if known is None:
                self.set(letter, shape[index], f"{array.name} has the shape {shape}")
                continue
            self.require_equal(
                known, shape[index],
                lambda: f"{array.name} has the shape {shape}; its dimension {index} ({word}) must "
                        f"be {known}, because {self.origins[letter]}")  # fmt: skip

    def require_equal(self, known, size, message) -> None:
        if known != size:
            raise ValueError(message())


#: The words of messages.
WORDS = {"b": "batch", "n": "tokens", "m": "tokens", "d": "dim", "v": "value dim",
         "output dim": "value dim"}  # fmt: skip


class Checker:
    """Checks the arrays of one call."""

    def __init__(self, variant: str, arrays: dict[str, Array], options: Options, varlen: bool,
                 sizes: Sizes | None = None):  # fmt: skip
        self.variant, self.arrays, self.options, self.varlen = variant, arrays, options, varlen
        self.maps = 1 if variant == "standard" else options.signals + 1
        self.sizes = sizes or Sizes()

    def check_types(self) -> None:
        query = self.arrays["q"]
        if query.element not in FLOATS:
            raise TypeError(f"q has elements of type {query.element}; {', '.join(FLOATS)} are legal")
        for array in self.arrays.values():
            legal: tuple[str, ...] = (query.element,)
            if array.name.startswith("cu_seqlens"):
                legal = ("i32",)
            elif array.name == "lam" and self.variant == "v2":
                legal = (query.element, self.compute)
            elif array.name in ("lam", "weight"):
                legal = FLOATS  # They are converted.
            if array.element not in legal:
                raise TypeError(f"{array.name} has elements of type {array.element}; "
                                f"{' and '.join(dict.fromkeys(legal))} are legal with q of type "
                                f"{query.element}")  # fmt: skip
            if array.device != query.device:
                raise ValueError(f"{array.name} is on another device than q; all arrays must be "
                                 "on one device")  # fmt: skip
            if array.library != query.library:
                raise TypeError(f"{array.name} and q are arrays of different libraries; all must "
                                "be of one library")  # fmt: skip

    @property
    def compute(self) -> str:
        return "f64" if self.arrays["q"].element == "f64" else "f32"

    def letters(self, tokens: str, heads: list[str], dim: str) -> list[str]:
        """The dimensions in memory order."""
        head_major = self.options.layout == "bhsd"
        middle = [*heads, tokens] if head_major else [tokens, *heads]
        return [*([] if self.varlen else ["b"]), *middle, dim]

    def words(self, letters: list[str], heads: str) -> list[str]:
        return [WORDS.get(letter, heads) for letter in letters]

    def check_operand(self, name: str, tokens: str, dim: str, members: int) -> Operand:
        """Checks a query, key or value whose heads are made of groups of `members`, flat
        or as a dimension of their own."""
        array = self.arrays[name]
        rank = 3 if self.varlen else 4
        halves = self.options.pair_layout == "halves" and members > 1
        if members > 1 and len(array.shape) == rank + 1:
            heads = [f"{name} members", f"{name} groups"] if halves else [
                f"{name} groups", f"{name} members"]  # fmt: skip
            self.sizes.set(f"{name} members", members, self.members_reason(name, members))
            letters = self.letters(tokens, heads, dim)
            self.sizes.bind(array, letters, self.words(letters, "heads"))
            extents = tuple(self.sizes.values[head] for head in heads)
            is_flat = False
        else:
            letters = self.letters(tokens, [f"{name} heads"], dim)
            self.sizes.bind(array, letters, self.words(letters, "heads"))
            count = self.sizes.values[f"{name} heads"]
            if count % members or not count:
                raise ValueError(f"{name} has {count} heads (dimension "
                                 f"{letters.index(f'{name} heads')}); positive multiples of "
                                 f"{members} are legal, because {self.members_reason(name, members)}")  # fmt: skip
            self.sizes.set(f"{name} groups", count // members, f"{name} has the shape {array.shape}")
            extents = (members, count // members) if halves else (count,)
            is_flat = True
        letter = {tokens: "t", dim: "d", "b": "b"}
        memory = ""
        for name_of_dim in letters:
            if name_of_dim in letter:
                memory += letter[name_of_dim]
            elif name_of_dim.endswith("heads"):
                memory += "ah" if len(extents) == 2 else "h"
            else:
                memory += "a" if name_of_dim.endswith("members") else "h"
        groups = self.sizes.values[f"{name} groups"]
        if not groups:
            raise ValueError(f"{name} has the shape {array.shape}; 1 and more heads are legal")
        if not self.sizes.values[dim]:
            raise ValueError(f"{name} has the shape {array.shape}; its last dimension must be 1 "
                             "or more")  # fmt: skip
        return Operand(memory, extents, self.sizes.values[dim], is_flat)

    def members_reason(self, name: str, members: int) -> str:
        if name == "q":
            if members == 2:
                return "query heads come in pairs"
            return f"query heads come in groups of {members - 1} signal heads and a noise head"
        return "keys come in pairs" if name == "k" else "values come in halves"

    def check_shapes(self) -> tuple[Operand, Operand, Operand]:
        """Checks all arrays. Returns query, key and value."""
        self.check_types()
        options, sizes, variant = self.options, self.sizes, self.variant
        v1 = variant == "v1"
        query = self.check_operand("q", "n", "d", self.maps)
        key = self.check_operand("k", "m", "d", 2 if v1 else 1)
        wide = v1 and options.pair_layout == "interleaved" and (
            len(self.arrays["v"].shape) == (3 if self.varlen else 4))  # fmt: skip
        if v1:
            d = sizes.values["d"]
            sizes.set("v", 2 * d if wide else d,
                      f"{'value heads are two key heads wide' if wide else 'halves of values are as wide as keys'}"
                      f" and k has the shape {self.arrays['k'].shape}")  # fmt: skip
        value = self.check_operand("v", "m", "v", 2 if v1 and not wide else 1)
        groups, kv_heads = sizes.values["q groups"], sizes.values["k groups"]
        if sizes.values["v groups"] != kv_heads:
            raise ValueError(f"v has the shape {self.arrays['v'].shape}, which are "
                             f"{sizes.values['v groups']} value heads; {kv_heads} are legal, because "
                             f"k has the shape {self.arrays['k'].shape}")  # fmt: skip
        if groups % kv_heads:
            what = "heads" if self.maps == 1 else "groups of heads"
            raise ValueError(f"q has {groups} {what}, which is no multiple of the {kv_heads} "
                             f"key/value heads of k, whose shape is {self.arrays['k'].shape}")  # fmt: skip
        heads = groups * max(1, self.maps - 1)
        value_dim = 2 * sizes.values["d"] if v1 else sizes.values["v"]
        sizes.set("h", heads, f"q has the shape {self.arrays['q'].shape}")
        sizes.set("query heads", groups * self.maps, sizes.origins["h"])
        sizes.set("output dim", value_dim, f"v has the shape {self.arrays['v'].shape}")
        self.check_others()
        return query, key, value

    def check(self) -> Layer:
        query, key, value = self.check_shapes()
        options, sizes, variant = self.options, self.sizes, self.variant
        return Layer(
            variant=variant, element=self.arrays["q"].element, heads=sizes.values["h"],
            query_heads=sizes.values["query heads"], value_dim=sizes.values["output dim"],
            query=query, key=key, value=value, layout=options.layout,
            varlen=self.varlen, one_token=not self.varlen and sizes.values["n"] == 1,
            signals=options.signals if variant != "standard" else 1,
            lambda_type=self.arrays["lam"].element if variant == "v2" else "",
            gate="gate" in self.arrays, lse=options.lse, window=options.window,
            scale=options.scale, softcap=options.softcap, lambda_init=options.lambda_init,
            epsilon=options.epsilon)  # fmt: skip

    def check_others(self) -> None:
        sizes, arrays = self.sizes, self.arrays
        if self.varlen:
            for name in ("cu_seqlens_q", "cu_seqlens_k"):
                sizes.bind(arrays[name], ["sequences + 1"], ["sequences + 1"])
            if not sizes.values["sequences + 1"]:
                raise ValueError("cu_seqlens_q has the shape (0,); 1 and more offsets are legal")
        if self.variant == "v2":
            letters = ["n", "h"] if self.varlen else ["b", "n", "h"]
            sizes.bind(arrays["lam"], letters, self.words(letters, "output heads"))
        if "lam" in arrays and self.variant == "v1" and arrays["lam"].shape != ():
            sizes.bind(arrays["lam"], ["h"], ["output heads"])
        if "weight" in arrays:
            sizes.bind(arrays["weight"], ["output dim"], ["value dim"])
        if "gate" in arrays:
            letters = self.letters("n", ["h"], "output dim")
            sizes.bind(arrays["gate"], letters, self.words(letters, "output heads"))

    def output_shape(self) -> tuple[int, ...]:
        return tuple(self.sizes.values[letter] for letter in self.letters("n", ["h"], "output dim"))

    def lse_shape(self) -> tuple[int, ...]:
        shape = (self.sizes.values["query heads"], self.sizes.values["n"])
        return shape if self.varlen else (self.sizes.values["b"], *shape)


def check_arrays(variant: str, named: dict, options: Options, varlen: bool):
    """Returns the layer and the shapes of output and log-sum-exp."""
    arrays = {name: inspect(name, value) for name, value in named.items()}
    checker = Checker(variant, arrays, options, varlen)
    layer = checker.check()
    return layer, checker.output_shape(), checker.lse_shape(), arrays["q"]

