# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Differential attention for arrays: compiled by DiffMLIR, cached on disk.

attention, attention_v1 and softmax_attention compute DIFF V2, DIFF V1 and standard
attention; their twins end in _varlen. compile() compiles any IR that diff-run takes.
diff_mlir.modules has PyTorch modules, diff_mlir.integrations.transformers patches models.
`python -m diff_mlir info` prints what the package finds on this machine.
"""

import sys

from ._version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import integrations, modules
    from ._api import (
        attention,
        attention_v1,
        attention_v1_varlen,
        attention_varlen,
        softmax_attention,
        softmax_attention_varlen,
    )
    from ._module import Module, compile
    from ._raise import raise_backend, raise_graph

#: Modules of the public names. They are imported on demand, so that the package
#: itself is imported in a millisecond.
_MODULES = {
    "Module": "_module",
    "attention": "_api",
    "attention_v1": "_api",
    "attention_v1_varlen": "_api",
    "attention_varlen": "_api",
    "compile": "_module",
    "softmax_attention": "_api",
    "softmax_attention_varlen": "_api",
}
#: Those that import PyTorch.
_TORCH_MODULES = {"raise_backend": "_raise", "raise_graph": "_raise"}
#: Packages that import PyTorch, or other libraries.
_PACKAGES = ("integrations", "modules")

__all__ = ["__version__", *_MODULES]


def __getattr__(name: str):
    module = _MODULES.get(name) or _TORCH_MODULES.get(name)
    if module is None and name not in _PACKAGES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from importlib import import_module

    if module is None:
        return import_module(f".{name}", __name__)
    value = getattr(import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted([*globals(), *_MODULES, *_TORCH_MODULES, *_PACKAGES])


# The ops of PyTorch. If it is imported later, the first call with a tensor defines them.
if "torch" in sys.modules:
    from . import torch  # noqa: F401
