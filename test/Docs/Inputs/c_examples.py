# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles the C examples of Markdown files: c_examples.py INCLUDE FILE...

An example is a part of a function, whose arguments are the names that are not declared in
it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from markdown import fences

HEAD = """#include "diff-c/Cache.h"
#include "diff-c/Compiler.h"
#include "diff-c/Launch.h"
#include <stdio.h>
#include <string.h>
void example(const char *text, DiffCompileCallback print, DiffCache *cache,
             DiffCacheKernel *kernel, const DiffLaunchTensor *tensors) {
#line {line} "{path}"
"""


def main() -> int:
    include, failed = sys.argv[1], 0
    examples = [fence for path in sys.argv[2:] for fence in fences(Path(path), "c")]
    for example in examples:
        head = HEAD.replace("{line}", str(example.line)).replace("{path}", str(example.path))
        done = subprocess.run(["cc", "-std=c99", "-fsyntax-only", "-Wall", "-Werror", "-Wno-unused-variable",
                               f"-I{include}", "-xc", "-"], input=head + example.text + "}\n",
                              capture_output=True, text=True)  # fmt: skip
        failed += done.returncode != 0
        print(done.stderr, end="")
    print(f"{len(examples)} examples, {failed} failed")
    return bool(failed)


sys.exit(main())
