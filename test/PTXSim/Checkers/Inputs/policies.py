# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs every kernel of the checkers' tests with every --async policy.

    policies.py FOLDER

RUN lines without a policy are run with each policy. A wrong kernel must be
reported with all of them (status 2), and its correct twin with none (status 0).
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

runs = wrong = 0
for path in sorted(Path(sys.argv[1]).rglob("*.ptx")):
    text = re.sub(r"\\\n// RUN:", " ", path.read_text())
    for line in re.findall(r"^// RUN: ((?:not )?ptx-sim %s .*)$", text, re.M):
        line = line.split("2>&1")[0]
        if "--async" in line or "%t" in line:
            continue
        words = shlex.split(line.replace("%s", str(path)))
        status = 2 if words[0] == "not" else 0
        words = words[words[0] == "not" :]
        for policy in ("late", "eager", "random"):
            done = subprocess.run([*words, f"--async={policy}"], capture_output=True, text=True)
            runs += 1
            if done.returncode != status:
                wrong += 1
                print(f"{shlex.join(words)} --async={policy}: status {done.returncode}, wanted {status}")
print(f"{runs - wrong} of {runs} runs are as they must be")
sys.exit(1 if wrong or not runs else 0)
