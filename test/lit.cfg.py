# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# -*- Python -*-
# The suite DIFF. Tests are .mlir and .test files with RUN lines, run by lit's
# internal shell. lit.local.cfg configures folders with other kinds of tests.
import os
import sys

import lit.formats
from lit.llvm import llvm_config

# Do not write bytecode to the source tree.
keep = sys.dont_write_bytecode
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lit_features

sys.path.pop(0)
sys.dont_write_bytecode = keep

config.name = "DIFF"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "Unit"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.diff_build_dir, "test")

# The project's tools come first, then LLVM's (FileCheck, not, count).
llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)
llvm_config.with_environment("PATH", config.diff_tools_dir, append_path=True)
# Tools of another build, such as one with sanitizers, come before them all.
if lit_config.params.get("tools_dir"):
    config.diff_tools_dir = lit_config.params["tools_dir"]
    llvm_config.with_environment("PATH", config.diff_tools_dir, append_path=True)
for tool in ("FileCheck", "not", "count"):
    if not os.access(os.path.join(config.llvm_tools_dir, tool), os.X_OK):
        lit_config.fatal(f"no {tool} in {config.llvm_tools_dir}")

# Tests name features in REQUIRES. scripts/test.sh reads the report and prints the
# missing features, so that skipped tests do not appear to be tested.
features = lit_features.probe(config)
for feature in features:
    if feature.available:
        config.available_features.add(feature.name)
    else:
        lit_config.note(f"feature {feature.name} is missing: {feature.reason}")
lit_features.write_report(features, os.path.join(config.test_exec_root, "features.txt"))

# The parameter of check-diff-full, not a feature of the machine.
if lit_config.params.get("full", "0") not in ("", "0"):
    config.available_features.add("full")

# The CMake option DIFF_INCLUDE_DOCS, not a feature of the machine.
if config.diff_include_docs.upper() in ("ON", "1", "TRUE", "YES", "Y"):
    config.available_features.add("docs")

# A test without its REQUIRES fails on a command whose name says why.
where = {feature.name: feature.path or f"{feature.name}-is-missing" for feature in features}
config.substitutions += [
    ("%project_root", config.diff_source_dir),
    ("%build_dir", config.diff_build_dir),
    ("%shlibext", config.llvm_shlib_ext),
    ("%diff_version", config.diff_version),
    ("%python", config.diff_python),
    ("%mlir-opt", where["mlir-opt"]),
    ("%ptxas", where["ptxas"]),
    ("%nvcc", where["nvcc"]),
    ("%amx-emulator", where["amx-emulator"]),
]
