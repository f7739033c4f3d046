# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Configures the project with DIFF_ENABLE_WERROR and prints the sources whose
compile commands do not make warnings errors.

usage: werror.py SOURCE BUILD OUT, where BUILD is a configured build folder, whose
MLIR is used, and OUT a folder for the new ones."""

import json
import re
import subprocess
import sys
from pathlib import Path

source, build, out = map(Path, sys.argv[1:])
mlir = re.search(r"^MLIR_DIR:\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.M)[1]
for unity in ("ON", "OFF"):
    options = (f"-DMLIR_DIR={mlir}", "-DDIFF_ENABLE_WERROR=ON", f"-DDIFF_UNITY_BUILD={unity}",
               f"-DDIFF_PYTHON={sys.executable}")  # fmt: skip
    subprocess.run(["cmake", "-G", "Ninja", "-S", source, "-B", out / unity, *options],
                   check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    commands = json.loads((out / unity / "compile_commands.json").read_text())
    without = [c["file"] for c in commands if "-Werror" not in c["command"].split()]
    print(f"unity {unity}: {len(commands)} commands, without -Werror: {without}")
