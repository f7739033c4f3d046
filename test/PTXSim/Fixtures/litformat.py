# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A lit test format: every case of the table is a test.

lit's Python loads this file and the table, so neither uses NumPy. A test runs
run.py with the interpreter `config.diff_python` on the ptx-sim in
`config.diff_tools_dir` if the feature `numpy` is available.
"""

from __future__ import annotations

import os

import lit.formats
import lit.Test
import lit.util

from . import cases


class FixtureFormat(lit.formats.TestFormat):
    """Enumerates the cases in the folder that uses it."""

    def getTestsInDirectory(self, testSuite, path_in_suite, litConfig, localConfig):
        for case in cases.CASES:
            test = lit.Test.Test(testSuite, path_in_suite + (case.file, case.entry), localConfig)
            test.fixture_case = case.name
            yield test

    def execute(self, test, litConfig):
        if test.config.unsupported:
            return lit.Test.UNSUPPORTED, "the directory is marked as unsupported"
        if "numpy" not in test.config.available_features:
            return lit.Test.UNSUPPORTED, "the Python of the tests lacks numpy or ml_dtypes"
        folder = os.path.dirname(os.path.abspath(__file__))
        # Bytecode goes to the build directory: the source tree may be read-only.
        command = [str(test.config.diff_python), "-X",
                   "pycache_prefix=" + os.path.join(str(test.config.diff_build_dir), "pycache"),
                   os.path.join(folder, "run.py"), "--ptx-sim",
                   os.path.join(str(test.config.diff_tools_dir), "ptx-sim"),
                   "--case", test.fixture_case]  # fmt: skip
        # lit runs a test per core: NumPy's products need no threads of their own.
        environment = dict(test.config.environment, OPENBLAS_NUM_THREADS="1")
        try:
            out, err, status = lit.util.executeCommand(
                command, env=environment, timeout=litConfig.maxIndividualTestTime
            )
        except lit.util.ExecuteCommandTimeoutException as error:
            return lit.Test.TIMEOUT, f"{' '.join(command)}\n{error.out}{error.err}{error.msg}"
        report = f"{' '.join(command)}\n{out}{err}"
        return (lit.Test.FAIL if status else lit.Test.PASS), report
