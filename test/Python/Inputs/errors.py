# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Misuses of the functions, and what each of them says."""

from __future__ import annotations

import diff_mlir
import numpy as np

from support import Report


def zeros(*shape, dtype=np.float32):
    return np.zeros(shape, dtype)


Q, K, V, LAM = zeros(2, 5, 8, 16), zeros(2, 7, 2, 16), zeros(2, 7, 2, 16), zeros(2, 5, 4)
V1 = {"q": Q, "k": zeros(2, 7, 4, 16), "v": zeros(2, 7, 2, 32), "lam": zeros(4)}
PACKED = {"q": zeros(9, 8, 16), "k": zeros(9, 2, 16), "v": zeros(9, 2, 16), "lam": zeros(9, 4),
          "cu_seqlens_q": np.array([0, 4, 9], np.int32),
          "cu_seqlens_k": np.array([0, 4, 9], np.int32)}  # fmt: skip


class Hostile:
    def __repr__(self):
        raise OSError("no repr")

    def __index__(self):
        raise OSError("no index")


class LyingDLPack:
    def __dlpack__(self, **options):
        return 3

    def __dlpack_device__(self):
        return (1, 0)


def v2(**changes):
    return lambda: diff_mlir.attention(**{"q": Q, "k": K, "v": V, "lam": LAM} | changes)


def v1(**changes):
    return lambda: diff_mlir.attention_v1(**V1 | changes)


def varlen(**changes):
    return lambda: diff_mlir.attention_varlen(**PACKED | changes)


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


#: Call, exception, parts of the message.
CASES = [
    # Types of arguments.
    (v2(q=[1.0]), TypeError, "q: list is no array"),
    (v2(q=None), TypeError, "q is None"),
    (v2(k=None), TypeError, "k is None"),
    (v2(lam=0.5), TypeError, "lam: float is no array"),
    (v2(lam=None), TypeError, "lam"),
    (v2(v="value"), TypeError, "v: str is no array"),
    (v2(k=b"bytes"), TypeError, "k: bytes is no array"),
    (v2(q=np.ma.masked_array(Q)), TypeError, "q: numpy.ma.MaskedArray is a subclass of numpy.ndarray"),
    (v2(q=LyingDLPack()), TypeError, "q: "),
    (v2(q=Hostile()), TypeError, "Hostile is no array"),
    (v2(gate=3), TypeError, "gate: int is no array"),
    (v2(q=Q.astype(np.int32)), TypeError, "q has elements of type i32; f16, bf16, f32, f64 are legal"),
    (v2(q=Q.astype(complex)), TypeError, "q has elements of type complex128"),
    (v2(q=Q.astype(">f4")), TypeError, "q has elements of type >f4"),
    (v2(q=Q.astype(object)), TypeError, "q has elements of type object"),
    (v2(k=K.astype(np.float16)), TypeError, "k has elements of type f16; f32 are legal with q of type f32"),
    (v2(lam=LAM.astype(np.float64)), TypeError, "lam has elements of type f64; f32 are legal"),
    (v2(gate=zeros(2, 5, 4, 16, dtype=np.float16)), TypeError, "gate has elements of type f16"),
    (v1(lam=zeros(4, dtype=np.int64)), TypeError, "lam has elements of type i64"),
    (v1(lam="0.8"), TypeError, "lam must be a number or an array, found str '0.8'"),
    (v1(lam=True), TypeError, "lam must be a number or an array, found bool True"),
    (v1(weight=1.0), TypeError, "weight: float is no array"),
    (varlen(cu_seqlens_q=np.array([0, 9])), TypeError, "cu_seqlens_q has elements of type i64; i32"),
    (varlen(cu_seqlens_k=[0, 9]), TypeError, "cu_seqlens_k: list is no array"),
    # Shapes.
    (v2(q=zeros(5, 8, 16)), ValueError, "q has the shape (5, 8, 16); 4 dimensions (batch, tokens, heads, dim)"),
    (v2(q=zeros()), ValueError, "q has the shape ()"),
    (v2(q=zeros(1, 1, 1, 1, 1, 1, 1, 1, 1)), ValueError, "q: an array has 9 dimensions; up to 8"),
    (v2(q=zeros(2, 5, 7, 16)), ValueError, "q has 7 heads (dimension 2); positive multiples of 2"),
    (v2(q=zeros(2, 5, 8, 16), signals=2), ValueError, "groups of 2 signal heads and a noise head"),
    (v2(q=zeros(2, 5, 0, 16)), ValueError, "q has 0 heads"),
    (v2(q=zeros(2, 5, 8, 0), k=zeros(2, 7, 2, 0)), ValueError, "its last dimension must be 1 or more"),
    (v2(k=zeros(3, 7, 2, 16)), ValueError, "k has the shape (3, 7, 2, 16); its dimension 0 (batch) must be 2"),
    (v2(k=zeros(2, 7, 2, 8)), ValueError, "its dimension 3 (dim) must be 16, because q has the shape"),
    (v2(k=zeros(2, 7, 3, 16), v=zeros(2, 7, 3, 16)), ValueError, "q has 4 groups of heads, which is no multiple of the 3"),
    (v2(k=zeros(2, 7, 0, 16), v=zeros(2, 7, 0, 16)), ValueError, "k has 0 heads"),
    (v2(v=zeros(2, 6, 2, 16)), ValueError, "v has the shape (2, 6, 2, 16); its dimension 1 (tokens) must be 7"),
    (v2(v=zeros(2, 7, 4, 16)), ValueError, "v has the shape (2, 7, 4, 16), which are 4 value heads; 2 are legal"),
    (v2(lam=zeros(2, 5, 8)), ValueError, "lam has the shape (2, 5, 8); its dimension 2 (output heads) must be 4"),
    (v2(lam=zeros(2, 5)), ValueError, "lam has the shape (2, 5); 3 dimensions"),
    (v2(gate=zeros(2, 5, 4, 8)), ValueError, "gate has the shape (2, 5, 4, 8); its dimension 3 (value dim) must be 16"),
    (v2(layout="bhsd"), ValueError, "q has 5 heads (dimension 1)"),
    (v1(k=zeros(2, 7, 3, 16)), ValueError, "k has 3 heads (dimension 2); positive multiples of 2"),
    (v1(v=zeros(2, 7, 2, 16)), ValueError, "(value dim) must be 32, because value heads are two key heads wide"),
    (v1(lam=zeros(5)), ValueError, "lam has the shape (5,); its dimension 0 (output heads) must be 4"),
    (v1(weight=zeros(16)), ValueError, "weight has the shape (16,); its dimension 0 (value dim) must be 32"),
    (varlen(cu_seqlens_q=np.array([0], np.int32)), ValueError, "cu_seqlens_k has the shape (3,); its dimension 0"),
    (varlen(cu_seqlens_q=np.array([0, 4, 10], np.int32)), ValueError, "cu_seqlens_q"),
    (varlen(cu_seqlens_k=np.array([0, 7, 4], np.int32)), ValueError, "cu_seqlens_k"),
    (varlen(cu_seqlens_k=np.array([1, 7, 9], np.int32)), ValueError, "cu_seqlens_k"),
    (varlen(cu_seqlens_q=zeros(0, dtype=np.int32), cu_seqlens_k=zeros(0, dtype=np.int32)), ValueError,
     "1 and more offsets"),
    # Options.
    (v2(causal="yes"), TypeError, "causal must be True or False, found str 'yes'"),
    (v2(causal=Hostile()), TypeError, "causal must be True or False, found Hostile"),
    (v2(window=5), TypeError, "window must be a pair of integers or None, found int 5"),
    (v2(window=(1, 2, 3)), ValueError, "window has 3 sides"),
    (v2(window=(-2, 0)), ValueError, "window[0] is -2; -1 to"),
    (v2(window=(1.5, 0)), TypeError, "window[0] must be an integer, found float 1.5"),
    (v2(window=(10**30, 0)), ValueError, "window[0] is 1000000000000000000000000000000"),
    (v2(softcap=0), ValueError, "softcap is 0.0; finite, positive"),
    (v2(softcap=float("nan")), ValueError, "softcap is nan"),
    (v2(scale=-1), ValueError, "scale is -1.0"),
    (v2(scale=1e39), ValueError, "scale is 1e+39; up to"),
    (v2(scale="1"), TypeError, "scale must be a number, found str '1'"),
    (v2(scale=[1.0]), TypeError, "scale must be a number, found list [1.0]"),
    (v2(return_lse=2), TypeError, "return_lse must be True or False, found int 2"),
    (v2(layout="thd"), ValueError, "layout is 'thd'; bshd, bhsd are legal"),
    (v2(layout=None), TypeError, "layout must be one of bshd, bhsd, found NoneType None"),
    (v2(signals=0), ValueError, "signals is 0; 1 to 1024"),
    (v2(signals=1.0), TypeError, "signals must be an integer, found float 1.0"),
    (v2(pair_layout="half"), ValueError, "pair_layout is 'half'; interleaved, halves are legal"),
    (v1(lambda_init=1.0), ValueError, "lambda_init is 1.0; finite numbers below 1"),
    (v1(eps=0), ValueError, "eps is 0.0; finite, positive"),
    (v2(target="gpu"), ValueError, "target is 'gpu'; cpu, cuda, sim are legal"),
    (v2(target="cpu", chip="sm_80"), ValueError, "chip is 'sm_80'; host, x86-64-v3"),
    (v2(target="cpu", chip="apple-m1"), RuntimeError, "no shared object: code for arm64-apple-macosx11.0.0"),
    (v2(target="sim", chip="sm_75"), ValueError, "chip is 'sm_75'; sm_80, sm_86"),
    (v2(q=Q.astype(float), k=K.astype(float), v=V.astype(float), lam=LAM.astype(float), target="sim"),
     TypeError, "q has elements of type f64; on the target sim f16, bf16 and f32"),
    (v2(weight=V), TypeError, "weight"),
    (lambda: diff_mlir.softmax_attention(Q, K, V, signals=2), TypeError, "signals"),
    (lambda: diff_mlir.attention(Q, K, V), TypeError, "lam"),
    # Results.
    (v2(out=zeros(2, 5, 4, 8)), ValueError, "out has the shape (2, 5, 4, 8); (2, 5, 4, 16) is legal"),
    (v2(out=zeros(2, 5, 4, 16, dtype=np.float16)), TypeError, "out has elements of type f16; f32 is legal"),
    (v2(out=read_only(zeros(2, 5, 4, 16))), ValueError, "out is read-only"),
    (v2(out=(zeros(2, 5, 4, 16),) * 2), ValueError, "out has 2 arrays; one array is legal"),
    (v2(out=zeros(2, 5, 4, 16), return_lse=True), ValueError, "out has 1 arrays; (output, log-sum-exp)"),
    (v2(out=[1, 2], return_lse=True), TypeError, "out[0]: int is no array"),
    # Names.
    (lambda: diff_mlir.attenton, AttributeError, "has no attribute 'attenton'"),
]  # fmt: skip


def main() -> None:
    report = Report()
    for call, expected, part in CASES:
        try:
            call()
            report(part, False, "nothing was raised")
        except Exception as error:
            text = str(error)
            right = type(error) is expected and part in text and "\n" not in text and len(text) < 400
            report(part, right, "" if right else f"{type(error).__name__}: {text}")
            if right:
                print("     ", text)
    report.finish()


main()
