# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the kernels must compute. A function a case: generator -> launches."""
