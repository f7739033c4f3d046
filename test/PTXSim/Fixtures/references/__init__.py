# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The references of the kernels. One function for each case: generator -> launches."""
