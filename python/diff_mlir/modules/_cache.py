# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Keys and values of the tokens so far."""

from __future__ import annotations

import torch

from .._options import check_int


class KVCache:
    """The keys and values of one attention module.

    Storage is allocated by the first update and doubled when it is full.

    capacity: the number of tokens to allocate storage for at first.

        caches = [KVCache(capacity=256) for _ in layers]
        with torch.no_grad():
            for layer, cache in zip(layers, caches):
                x = layer(x, tables, cache)
    """

    def __init__(self, capacity: int = 64):
        self.capacity = check_int("capacity", capacity, 1)
        self._keys = self._values = None
        self._length = 0

    def __len__(self) -> int:
        """The number of tokens."""
        return self._length

    def update(self, keys: torch.Tensor, values: torch.Tensor):
        """Appends keys and values [batch, tokens, heads, dim] and returns those of all
        tokens, which are views of the storage.

        Raises ValueError if the shapes differ from those of earlier tokens, TypeError if
        the types differ, and RuntimeError if gradients are recorded, because the storage
        is written in place.
        """
        if torch.is_grad_enabled() and (keys.requires_grad or values.requires_grad):
            raise RuntimeError("cache keeps no gradients; a call under torch.no_grad() is legal")
        end = self._length + keys.shape[1]
        if self._keys is None:
            self.capacity = max(self.capacity, end)
            self._keys, self._values = self._allocate(keys), self._allocate(values)
        self._check("keys", keys, self._keys)
        self._check("values", values, self._values)
        if end > self.capacity:
            self.capacity = max(2 * self.capacity, end)
            self._keys, self._values = self._grow(self._keys), self._grow(self._values)
        self._keys[:, self._length : end] = keys
        self._values[:, self._length : end] = values
        self._length = end
        return self._keys[:, :end], self._values[:, :end]

    def crop(self, length: int) -> None:
        """Forgets all tokens after the first `length`."""
        self._length = check_int("length", length, 0, self._length)

    def _allocate(self, like: torch.Tensor) -> torch.Tensor:
        batch, _, heads, dim = like.shape
        return like.new_empty((batch, self.capacity, heads, dim))

    def _grow(self, storage: torch.Tensor) -> torch.Tensor:
        grown = self._allocate(storage)
        grown[:, : self._length] = storage[:, : self._length]
        return grown

    @staticmethod
    def _check(name: str, new: torch.Tensor, storage: torch.Tensor) -> None:
        batch, _, heads, dim = storage.shape
        if (new.shape[0], *new.shape[2:]) != (batch, heads, dim):
            raise ValueError(f"{name} has the shape {tuple(new.shape)}; ({batch}, tokens, {heads}, "
                             f"{dim}) is legal with the tokens in the cache")  # fmt: skip
        if (new.dtype, new.device) != (storage.dtype, storage.device):
            raise TypeError(f"{name} is {new.dtype} on {new.device}; {storage.dtype} on "
                            f"{storage.device} is legal with the tokens in the cache")  # fmt: skip
