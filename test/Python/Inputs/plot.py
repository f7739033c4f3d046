# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the plots of `compare`: plot.py COMPLETE SMALL

Both are PNG files that show bars in several colors. The one with bounds and times is
wider.
"""

import sys

from matplotlib import image

complete, small = (image.imread(path) for path in sys.argv[1:])
for picture in (complete, small):
    assert picture.dtype == "float32" and picture.ndim == 3, picture.shape
    colors = {tuple(color) for color in picture.reshape(-1, picture.shape[2]).round(2)}
    saturated = [color for color in colors if max(color[:3]) - min(color[:3]) > 0.4]
    assert len(saturated) >= 3, saturated
assert complete.shape[0] == small.shape[0] and complete.shape[1] > small.shape[1], (complete.shape, small.shape)
