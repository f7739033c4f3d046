# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes a folder of tools in which one has a fault.

    plant.py BUILD FAULT FOLDER

The faults: `pad`, diff-run adds 1 to an element where the function pads a tensor;
`heads`, the same where a layer has more than one output head; `crash`, diff-opt
aborts on IR without an attention.
"""

import stat
import sys
from pathlib import Path

WRAPPER = """#!{python}
import os, re, subprocess, sys
sys.path.insert(0, {integration!r})
arguments, fault = sys.argv[1:], {fault!r}
text = next((open(a, errors="replace").read() for a in arguments if a.endswith(".mlir")), "")
if fault == "crash" and "-o" in arguments and "attention" not in text:
    os.abort()
done = subprocess.run([{tool!r}, *arguments])
spoilt = fault == "pad" and "tensor.pad" in text
if fault == "heads":
    shape = re.search(r"%output = tensor.empty\\\\(.*\\\\) : tensor<(.*)x", text)
    spoilt = shape and shape[1].split("x")[-2] not in ("1", "?")
output = next((a[9:] for a in arguments if a.startswith("--output=")), None)
if spoilt and output and not done.returncode:
    from difftest import arrays
    from pathlib import Path
    array = arrays.load(Path(output))
    array.reshape(-1)[-1:] += 1
    arrays.save(Path(output), array)
sys.exit(done.returncode)
"""


def main() -> None:
    build, fault, folder = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    integration = str(Path(__file__).resolve().parents[2] / "Integration")
    for tool in (build / "bin").iterdir():
        place = folder / "bin" / tool.name
        if tool.name != ("diff-opt" if fault == "crash" else "diff-run"):
            place.symlink_to(tool)
            continue
        text = WRAPPER.replace("\\\\", "\\")
        for name, value in (("{python}", sys.executable), ("{integration!r}", repr(integration)),
                            ("{fault!r}", repr(fault)), ("{tool!r}", repr(str(tool)))):  # fmt: skip
            text = text.replace(name, value)
        place.write_text(text)
        place.chmod(place.stat().st_mode | stat.S_IXUSR)


main()
