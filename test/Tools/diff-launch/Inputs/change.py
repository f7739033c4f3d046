# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""change.py KIND FOLDER: spoils a packed folder in one way."""

import json
import sys
from pathlib import Path

import numpy as np

kind, folder = sys.argv[1], Path(sys.argv[2])
index = json.loads((folder / "index.json").read_text())
first = index["cases"][0]
if kind == "expected":  # one element is far off
    path = folder / first["expected"][0]["file"]
    array = np.load(path)
    array[0, 3, 1, 2] += 0.5
    np.save(path, array)
elif kind == "nan":  # one is not a number
    path = folder / first["expected"][1]["file"]
    array = np.load(path)
    array[0, 1, 2] = np.nan
    np.save(path, array)
elif kind == "norm":  # a limit that nothing keeps
    first["expected"][0]["norm_error"] = 0
elif kind == "zero":  # a row that must be 0
    path = folder / first["expected"][0]["file"]
    array = np.load(path)
    array[0, 0, 0] = 0
    np.save(path, array)
elif kind == "barriers":  # none in the code
    path = folder / first["code"][0]["file"]
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if "bar.sync" not in line))
elif kind == "shape":  # an argument that does not fit
    path = folder / first["inputs"][0]
    np.save(path, np.load(path)[:, :, :, :-1])
elif kind == "type":  # no numbers
    path = folder / first["expected"][0]["file"]
    np.save(path, np.load(path).astype(np.int32))
elif kind == "results":
    first["expected"].pop()
elif kind == "version":
    index["schema_version"] = 2
elif kind == "key":
    del first["function"]
elif kind == "twice":
    index["cases"].append(first)
else:
    sys.exit(f"unknown kind {kind}")
(folder / "index.json").write_text(json.dumps(index))
