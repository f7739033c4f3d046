# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""python -m diff_mlir info | compare"""

from __future__ import annotations

import argparse
import json
import sys

from ._version import __version__

COMMANDS = {"info": "print what the package finds on this machine",
            "compare": "compare differential and standard attention for a layer"}  # fmt: skip


def _info(arguments: list[str]) -> int:
    from . import _info as info

    parser = argparse.ArgumentParser(prog="python -m diff_mlir info", allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    facts = info.collect()
    print(json.dumps(facts, indent=1) if options.json else info.format_text(facts))
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m diff_mlir", allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="\n".join(f"  {name:9}{text}" for name, text in COMMANDS.items()))  # fmt: skip
    parser.add_argument("--version", action="version", version=f"diff_mlir {__version__}")
    parser.add_argument("command", choices=COMMANDS, metavar="command", help=" or ".join(COMMANDS))
    words = sys.argv[1:]
    known = parser.parse_args(words[:1])
    if known.command == "info":
        return _info(words[1:])
    from . import _compare

    return _compare.main(words[1:])


if __name__ == "__main__":
    sys.exit(main())
