# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A lit test format: every row, every relation and the self-test is a test.

lit's Python loads this file and the case table, so neither uses NumPy. A test
runs `python -m difftest` with the interpreter `config.diff_python` on the build
folder `config.diff_build_dir` if the feature `numpy` is available. The parameter
`full=1` enumerates the full set.
"""

from __future__ import annotations

import os

import lit.formats
import lit.Test
import lit.util

from . import cases


class DiffTestFormat(lit.formats.TestFormat):
    """Enumerates the tests of some routes in the folder that uses it."""

    def __init__(self, routes=cases.ROUTES, plain: bool = True):
        """`plain` adds the self-test and the relations without a route."""
        self.routes = tuple(routes)
        self.plain = plain

    def getTestsInDirectory(self, testSuite, path_in_suite, litConfig, localConfig):
        full = litConfig.params.get("full", "0") not in ("", "0")
        entries = [(tuple(row.name.split("/")), ["--row", row.name])
                   for row in cases.rows(self.routes, full)]  # fmt: skip
        for name in cases.relation_names(self.routes):
            if self.plain or name not in cases.PLAIN_RELATIONS:
                entries.append((("relations", name), ["--relation", name]))
        if self.plain:
            entries.append((("self-test",), ["--self-test"]))
        for name, arguments in entries:
            test = lit.Test.Test(testSuite, path_in_suite + name, localConfig)
            test.difftest_arguments = arguments
            yield test

    def execute(self, test, litConfig):
        if test.config.unsupported:
            return lit.Test.UNSUPPORTED, "the directory is marked as unsupported"
        if "numpy" not in test.config.available_features:
            return lit.Test.UNSUPPORTED, "the Python of the tests lacks numpy or ml_dtypes"
        build = str(test.config.diff_build_dir)
        # The package is found by the working directory; its bytecode goes to the
        # build directory, for the source tree may be read-only.
        command = [str(test.config.diff_python), "-X",
                   "pycache_prefix=" + os.path.join(build, "pycache"),
                   "-m", "difftest", "--build", build, *test.difftest_arguments]  # fmt: skip
        folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        # lit runs one test per core, so NumPy must not use more threads.
        environment = dict(test.config.environment, OPENBLAS_NUM_THREADS="1")
        try:
            out, err, status = lit.util.executeCommand(
                command, cwd=folder, env=environment, timeout=litConfig.maxIndividualTestTime)
        except lit.util.ExecuteCommandTimeoutException as error:
            return lit.Test.TIMEOUT, f"{' '.join(command)}\n{error.out}{error.err}{error.msg}"
        report = f"{' '.join(command)}\n{out}{err}"
        return (lit.Test.FAIL if status else lit.Test.PASS), report
