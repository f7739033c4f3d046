#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints a JSON file; short values stay on one line."""

import json
import sys

WIDTH = 100


def show(value, indent: str, room: int) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) <= room or not isinstance(value, (dict, list)):
        return flat
    inner = indent + "  "
    if isinstance(value, dict):
        keys = [json.dumps(key, ensure_ascii=False) + ": " for key in value]
        items = [key + show(item, inner, WIDTH - len(inner) - len(key) - 1)
                 for key, item in zip(keys, value.values())]  # fmt: skip
        opening, closing = "{}"
    else:
        items = [show(item, inner, WIDTH - len(inner) - 1) for item in value]
        opening, closing = "[]"
    body = ",\n".join(inner + item for item in items)
    return f"{opening}\n{body}\n{indent}{closing}"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        print(show(json.load(file), "", WIDTH))
