# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# -*- Python -*-
# Unit tests: every case of the GoogleTest executables *Tests in unittests/ is a
# test.
import os

import lit.formats

config.name = "DIFF-Unit"
config.suffixes = []
config.test_source_root = os.path.join(config.diff_build_dir, "unittests")
config.test_exec_root = config.test_source_root
config.test_format = lit.formats.GoogleTest(".", "Tests")
