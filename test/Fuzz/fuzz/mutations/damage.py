# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ways to damage a text or a binary file."""

from __future__ import annotations

import random
import re
from typing import Callable

_TOKEN = re.compile(r"[%@#!^$]?[A-Za-z_][\w.$-]*|\d[\w.+-]*|->|::|\"[^\"\n]*\"|[^\s\w]")
_NUMBER = re.compile(r"(?<![\w%#@$.])-?\d+(\.\d+)?([eE][+-]?\d+)?")
_NUMBERS = ("0", "1", "-1", "2", "3", "7", "8", "9", "15", "16", "17", "64", "100", "255", "256", "4096",
            "65535", "65536", "2147483647", "2147483648", "-2147483648", "4294967296",
            "9223372036854775807", "-9223372036854775808", "18446744073709551616", "0.0", "-0.0",
            "1.0e39", "1e999", "0x7FC0", "0xFF800000", "?")  # fmt: skip
_TYPES = ("f16", "bf16", "f32", "f64", "i1", "i4", "i8", "i16", "i32", "i64", "index", "f8E4M3FN", "tf32",
          "complex<f32>", "vector<4xf32>", "none", "i128")  # fmt: skip
_TYPE = re.compile(r"(?<![\w%])(?<!0x)(b?f\d+|i\d+|index)\b|(?<=x)(b?f\d+|i\d+|index)\b")


def _pick(rng: random.Random, pattern: re.Pattern, text: str):
    """A match near a random place."""
    start = rng.randrange(max(1, len(text)))
    return pattern.search(text, start) or pattern.search(text)


def _swap(text: str, found, new: str) -> str:
    return text[:found.start()] + new + text[found.end():] if found else text


def _delete_line(rng, text, other):
    lines = text.splitlines(True)
    if lines:
        start = rng.randrange(len(lines))
        del lines[start:start + rng.choice((1, 1, 1, 2, 5))]
    return "".join(lines)


def _duplicate_line(rng, text, other):
    lines = text.splitlines(True)
    if lines:
        lines.insert(rng.randrange(len(lines)), rng.choice(lines))
    return "".join(lines)


def _move_line(rng, text, other):
    lines = text.splitlines(True)
    if len(lines) > 1:
        lines.insert(rng.randrange(len(lines)), lines.pop(rng.randrange(len(lines))))
    return "".join(lines)


def _delete_token(rng, text, other):
    return _swap(text, _pick(rng, _TOKEN, text), "")


def _duplicate_token(rng, text, other):
    found = _pick(rng, _TOKEN, text)
    return _swap(text, found, f"{found[0]} {found[0]}") if found else text


def _replace_token(rng, text, other):
    new = _pick(rng, _TOKEN, rng.choice((text, other)))
    return _swap(text, _pick(rng, _TOKEN, text), new[0]) if new else text


def _replace_value(rng, text, other):
    """One SSA name or register by another one."""
    pattern = re.compile(r"%[\w$.-]+(#\d+)?")
    new = _pick(rng, pattern, text)
    return _swap(text, _pick(rng, pattern, text), new[0]) if new else text


def _change_number(rng, text, other):
    return _swap(text, _pick(rng, _NUMBER, text), rng.choice(_NUMBERS))


def _change_shape(rng, text, other):
    """One size of a shaped type: `4x` in `tensor<4x8xf32>`."""
    found = _pick(rng, re.compile(r"(?<=[<x])(\d+|\?)(?=x)"), text)
    return _swap(text, found, rng.choice(("?", "0", "1", "2", "7", "16", "33", "128", "1000", "4294967296")))


def _change_type(rng, text, other):
    return _swap(text, _pick(rng, _TYPE, text), rng.choice(_TYPES))


def _change_all_types(rng, text, other):
    found = _pick(rng, _TYPE, text)
    return re.sub(rf"(?<![\w%]){found[0]}\b|(?<=x){found[0]}\b", rng.choice(_TYPES), text) if found else text


def _rename(rng, text, other):
    """All of an op, attribute or keyword by another word of the file."""
    word = re.compile(r"\b[a-z_]+(\.[a-z_]+)+\b|\b[a-z_]{3,}(?= =)")
    old, new = _pick(rng, word, text), _pick(rng, word, rng.choice((text, other)))
    if not old or not new:
        return text
    if rng.random() < 0.7:
        return _swap(text, old, new[0])
    return text.replace(old[0], new[0])


def _delete_brackets(rng, text, other):
    """What stands between brackets, or with them."""
    found = _pick(rng, re.compile(r"\{[^{}\n]*\}|\([^()\n]*\)|\[[^\[\]\n]*\]|<[^<>\n]*>"), text)
    if not found:
        return text
    return _swap(text, found, rng.choice(("", found[0][0] + found[0][-1])))


def _replace_line(rng, text, other):
    lines, others = text.splitlines(True), other.splitlines(True)
    if lines and others:
        lines[rng.randrange(len(lines))] = rng.choice(others)
    return "".join(lines)


TEXT: tuple[Callable, ...] = (
    _delete_line, _duplicate_line, _move_line, _delete_token, _duplicate_token, _replace_token,
    _replace_value, _change_number, _change_number, _change_shape, _change_type, _change_all_types,
    _rename, _delete_brackets, _replace_line,
)  # fmt: skip


def _flip(rng, data, other):
    if data:
        place = rng.randrange(len(data))
        data[place] ^= 1 << rng.randrange(8)


def _set(rng, data, other):
    if data:
        data[rng.randrange(len(data))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))


def _insert(rng, data, other):
    place = rng.randint(0, len(data))
    data[place:place] = rng.choice((b"\0", b"\xff\xff\xff\xff", b"\xc3\x28", bytes([rng.randrange(256)])))


def _delete(rng, data, other):
    if data:
        place = rng.randrange(len(data))
        del data[place:place + rng.choice((1, 2, 4, 16, 100))]


def _cut(rng, data, other):
    del data[rng.randint(0, len(data)):]


def _splice(rng, data, other):
    if data and other:
        size = rng.choice((1, 4, 8, 32))
        place, source = rng.randrange(len(data)), rng.randrange(len(other))
        data[place:place + size] = other[source:source + size]


BINARY: tuple[Callable, ...] = (_flip, _flip, _set, _set, _set, _insert, _delete, _cut, _splice)


def damage_bytes(rng: random.Random, data: bytes, other: bytes) -> bytes:
    changed = bytearray(data)
    rng.choice(BINARY)(rng, changed, other)
    return bytes(changed)


def damage(rng: random.Random, data: bytes, other: bytes, is_text: bool) -> bytes:
    """The file with one to four faults."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if is_text and rng.random() < 0.92:
            text = data.decode("utf-8", "surrogateescape")
            text = rng.choice(TEXT)(rng, text, other.decode("utf-8", "surrogateescape"))
            data = text.encode("utf-8", "surrogateescape")
        else:
            data = damage_bytes(rng, data, other)
    return data
