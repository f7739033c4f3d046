# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Views, results in given memory, forms of lambda and weight, reuse of kernels."""

from __future__ import annotations

import importlib.util
import os
import tempfile
import threading

import diff_mlir
import numpy as np
from diff_mlir import _arrays, _core, _runtime

from support import Report, get_seed

RNG = np.random.default_rng(get_seed())
REPORT = Report()


def normal(*shape):
    return RNG.standard_normal(shape, dtype=np.float32)


def same(what: str, got, wanted) -> None:
    REPORT(what, got.dtype == wanted.dtype and np.array_equal(got, wanted),
           "" if np.array_equal(got, wanted) else f"differs by {np.abs(got - wanted).max()}")  # fmt: skip


def check_views() -> None:
    q, k, v, lam = normal(2, 5, 8, 16), normal(2, 7, 2, 16), normal(2, 7, 2, 16), normal(2, 5, 4)
    wanted = diff_mlir.attention(q, k, v, lam, causal=True)

    def run(q=q, k=k, v=v, lam=lam, **options):
        return diff_mlir.attention(q, k, v, lam, causal=True, **options)

    def view_of(array, steps):
        """The same numbers, a view of every other element of a larger array."""
        whole = np.full([size * step for size, step in zip(array.shape, steps)], np.nan, array.dtype)
        view = whole[tuple(slice(None, None, step) for step in steps)]
        view[...] = array
        return view

    same("gaps between tokens", run(q=view_of(q, (1, 2, 1, 1)), k=view_of(k, (3, 1, 1, 1))), wanted)
    same("gaps between elements", run(k=view_of(k, (1, 1, 1, 2))), wanted)
    same("gaps in lambda", run(lam=view_of(lam, (1, 1, 3))), wanted)
    backwards = q[..., ::-1].copy()[..., ::-1]
    same("negative strides", run(q=backwards), wanted)
    same("reversed tokens", run(k=k[:, ::-1].copy()[:, ::-1]), wanted)
    same("head-major memory", run(q=q.swapaxes(1, 2).copy().swapaxes(1, 2)), wanted)
    same("layout", diff_mlir.attention(*(x.swapaxes(1, 2).copy() for x in (q, k, v)), lam, causal=True,
                                       layout="bhsd").swapaxes(1, 2), wanted)  # fmt: skip
    same("one batch entry for all", run(q=np.broadcast_to(q[:1], q.shape), lam=lam),
         run(q=np.repeat(q[:1], 2, 0)))  # fmt: skip
    same("read-only", run(q=np.broadcast_to(q, q.shape)), wanted)
    file = tempfile.NamedTemporaryFile(suffix=".npy", delete=False)
    np.save(file, k)
    file.close()
    same("a memory map", run(k=np.load(file.name, mmap_mode="r")), wanted)
    os.unlink(file.name)
    odd = np.zeros(k.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(k.shape)
    try:
        run(k=odd)
        REPORT("elements that are not aligned", False)
    except TypeError as error:
        REPORT("elements that are not aligned", "k: an array has elements that are not aligned" in str(error))

    out = np.full_like(wanted, np.nan)
    returned = run(out=out)
    REPORT("out is returned", returned is out)
    same("out", out, wanted)
    wide = np.full((2, 5, 4, 40), np.nan, np.float32)
    run(out=wide[..., 8:24])
    same("a part of an array", wide[..., 8:24], wanted)
    REPORT("nothing else is written", np.isnan(wide[..., :8]).all() and np.isnan(wide[..., 24:]).all())
    run(out=wide[..., ::-1][..., :16])
    same("out with negative strides", wide[..., ::-1][..., :16], wanted)
    square = diff_mlir.attention(k.repeat(2, 2), k, v, lam=normal(2, 7, 2))
    again, gate = v.copy(), normal(2, 7, 2)
    expected = diff_mlir.attention(k.repeat(2, 2), k, v, gate)
    diff_mlir.attention(k.repeat(2, 2), k, again, gate, out=again)
    same("out is an argument", again, expected)
    REPORT("results are new", square is not again)
    both = (np.empty_like(wanted), np.empty((2, 8, 5), np.float32))
    output, lse = run(return_lse=True, out=both)
    same("out with log-sum-exp", output, wanted)
    REPORT("log-sum-exp", lse is both[1] and np.isfinite(lse).all())


def check_single_elements() -> None:
    """NumPy keeps any stride in dimensions of one element."""
    q, k, v, lam = normal(1, 8, 16), normal(1, 2, 16), normal(1, 2, 16), normal(1, 4)
    offsets = np.array([0], np.int32)[::-1]
    none = diff_mlir.attention_varlen(q[:0], k[:0], v[:0], lam[:0], offsets, offsets)
    REPORT("no sequence", none.shape == (0, 4, 16))
    one = np.array([0, 1], np.int32)
    same("one token backwards", diff_mlir.attention_varlen(q[::-1], k[::-1], v, lam, one, one),
         diff_mlir.attention_varlen(q, k, v, lam, one, one))  # fmt: skip


def check_copies() -> None:
    """Only the arrays that a kernel cannot read are copied."""
    q, k, v, lam = normal(2, 5, 8, 16), normal(2, 7, 2, 16), normal(2, 7, 2, 16), normal(2, 5, 4)
    copied, copy = [], _arrays.NumPyArrays.copy
    _arrays.NumPyArrays.copy = lambda self, array: copied.append(array.shape) or copy(self, array)
    try:
        diff_mlir.attention(q, k, v, lam)
        REPORT("no copy", copied == [], str(copied))
        diff_mlir.attention(q, k[..., ::-1], v, lam)
    finally:
        _arrays.NumPyArrays.copy = copy
    # The rows of lambda are no multiples of 16 bytes, which a GPU needs.
    REPORT("a copy of one array", copied in ([k.shape], [k.shape, lam.shape]), str(copied))


def check_pairs() -> None:
    """Pairs as a dimension of their own, as caches that keep the halves apart."""
    q, keys, values = normal(2, 5, 8, 16), normal(2, 2, 7, 2, 16), normal(2, 2, 7, 2, 16)
    k, v = np.moveaxis(keys, 0, 3), np.moveaxis(values, 0, 3)
    wanted = diff_mlir.attention_v1(q, k.reshape(2, 7, 4, 16), v.reshape(2, 7, 2, 32), 0.4)
    same("split caches", diff_mlir.attention_v1(q, k, v, 0.4), wanted)
    same("pairs of queries", diff_mlir.attention_v1(q.reshape(2, 5, 4, 2, 16), k, v, 0.4), wanted)
    halves = [np.swapaxes(x, 2, 3) for x in (q.reshape(2, 5, 4, 2, 16), k, v)]
    same("halves as a dimension", diff_mlir.attention_v1(*halves, 0.4, pair_layout="halves"), wanted)
    flat = [x.reshape(*x.shape[:2], -1, 16) for x in halves]
    same("halves", diff_mlir.attention_v1(*flat, 0.4, pair_layout="halves"), wanted)
    major = [np.moveaxis(x, 1, 3) for x in (q.reshape(2, 5, 4, 2, 16), k, v)]
    same("head-major pairs",
         diff_mlir.attention_v1(*major, 0.4, layout="bhsd").swapaxes(1, 2), wanted)  # fmt: skip


def check_lambda() -> None:
    q, k, v = normal(1, 3, 4, 8), normal(1, 5, 2, 8), normal(1, 5, 1, 16)
    lam, weight = np.full(2, 0.3, np.float32), normal(16)
    wanted = diff_mlir.attention_v1(q, k, v, lam, weight)
    for name, form in (("a float", 0.3), ("an array without dimensions", np.array(0.3)),
                       ("a scalar of NumPy", np.float32(0.3)), ("f64", lam.astype(float)),
                       ("a view", np.repeat(lam, 2)[::2])):  # fmt: skip
        same(f"lambda is {name}", diff_mlir.attention_v1(q, k, v, form, weight), wanted)
    same("no weight", diff_mlir.attention_v1(q, k, v, lam), diff_mlir.attention_v1(q, k, v, lam, np.ones(16, np.float32)))
    half = weight.astype(np.float16)
    same("weight of f16", diff_mlir.attention_v1(q, k, v, lam, half),
         diff_mlir.attention_v1(q, k, v, lam, half.astype(np.float32)))  # fmt: skip
    if importlib.util.find_spec("torch"):
        import torch

        parameter = torch.nn.Parameter(torch.tensor(0.3))
        got = diff_mlir.attention_v1(*map(torch.from_numpy, (q, k, v)), parameter.detach(), torch.from_numpy(weight))
        same("lambda is a tensor", got.numpy(), wanted)


def check_reuse() -> None:
    """All batch and token counts share two kernels: one token has its own."""
    before = _runtime.get_cache().counts()
    for batch, n, m in ((1, 1, 1), (1, 1, 9), (3, 1, 4), (1, 2, 2), (2, 17, 5), (4, 3, 300), (0, 2, 2), (1, 0, 4)):
        shape = diff_mlir.attention(normal(batch, n, 2, 24), normal(batch, m, 1, 24),
                                    normal(batch, m, 1, 24), normal(batch, n, 1)).shape  # fmt: skip
        REPORT(f"the shape of {batch}, {n}, {m}", shape == (batch, n, 1, 24))
    after = _runtime.get_cache().counts()
    requests = sum(after[name] - before[name] for name in ("memory", "disk", "compiled"))
    REPORT("two kernels", requests == 2, str(after))


def check_threads() -> None:
    q, k, v, lam = normal(2, 9, 4, 16), normal(2, 7, 2, 16), normal(2, 7, 2, 16), normal(2, 9, 2)
    wanted, wrong = diff_mlir.attention(q, k, v, lam), []

    def work():
        for _ in range(100):
            if not np.array_equal(diff_mlir.attention(q, k, v, lam), wanted):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    REPORT("four threads", not wrong)
    _core.set_threads(1)
    same("one thread has the same bits", diff_mlir.attention(q, k, v, lam), wanted)
    _core.set_threads(0)


check_views()
check_single_elements()
check_copies()
check_pairs()
check_lambda()
check_reuse()
check_threads()
REPORT.finish()
