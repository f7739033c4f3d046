# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Stand-ins for the CUDA tensors of a PyTorch without CUDA: their operations run on the
CPU, and their address is that of a copy in memory of the CUDA driver."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import torch
from cuda.bindings import driver
from gpuarrays import check

#: For each storage, by its address in host memory: itself and its copy.
_copies: dict[int, tuple[torch.UntypedStorage, int]] = {}


class CudaTensor(torch.Tensor):
    #: The namespace of the op that runs on stand-ins, and its function.
    namespace, run = "", None

    @classmethod
    def __torch_function__(cls, function, types, arguments=(), keywords=None):
        if cls.namespace and str(function).startswith(cls.namespace):
            return cls.run(*arguments, **(keywords or {}))
        return super().__torch_function__(function, types, arguments, keywords)

    @property
    def device(self):
        return torch.device("cuda", 0)

    def data_ptr(self) -> int:
        """Updates the copy and returns the address in it."""
        storage = self.untyped_storage()
        if storage.data_ptr() not in _copies:
            address = int(check(driver.cuMemAlloc(max(256, storage.nbytes()))))
            _copies[storage.data_ptr()] = (storage, address)
        address = _copies[storage.data_ptr()][1]
        check(driver.cuMemcpyHtoD(address, storage.data_ptr(), storage.nbytes()))
        return address + self.storage_offset() * self.element_size()

    def get(self) -> np.ndarray:
        """The elements in the memory of the driver."""
        storage = self.untyped_storage()
        if storage.data_ptr() in _copies:
            address = _copies[storage.data_ptr()][1]
            check(driver.cuMemcpyDtoH(storage.data_ptr(), address, storage.nbytes()))
        plain = self.as_subclass(torch.Tensor)
        if plain.dtype == torch.bfloat16:
            return plain.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
        return plain.numpy()


def as_tensor(array: np.ndarray) -> CudaTensor:
    array = np.ascontiguousarray(array)
    if array.dtype == ml_dtypes.bfloat16:
        plain = torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    else:
        plain = torch.from_numpy(array)
    return plain.as_subclass(CudaTensor)
