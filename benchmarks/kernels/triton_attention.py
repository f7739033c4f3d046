# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Differential attention in Triton.

The kernels follow Triton's tutorial "Fused Attention" (FlashAttention-2): one
program for each tile of queries and head, an online softmax in base 2, P rounded
to bf16 for the second product, and for a causal mask two loops, the first without
a mask. Differential attention adds:

- v2: the rows of a tile are (token, map), with the map fastest. Both maps then
  read each K and V tile once, and the products are those of one map with twice as
  many rows. The maps are separated at the end, for the gate and the subtraction.
- v1: a product with the K of each map, and one V tile for both. The value width
  2 dim is split into two accumulators of width dim, because Triton distributes
  warps along the columns of an accumulator that is wider than high, and P would
  then go through shared memory.

The layout is [tokens, heads, dim] of one batch entry, with contiguous heads in a
token. Strides are those of tokens, in elements. tokens is a multiple of blockM,
and keys of blockN. With a causal mask (aligned to the bottom right), keys >=
tokens, and their difference is a multiple of blockN, as if the caller padded.
"""

import triton
import triton.language as tl

LOG2E = tl.constexpr(1.4426950408889634)


@triton.jit
def softmax_step(scores, top, total, scale, keys, rows, masked: tl.constexpr):
    """Returns P in bf16, the factor of the accumulators, and the new maximum and
    sum. scale includes log2(e); rows are the last keys that the rows see."""
    if masked:
        scores = tl.where(keys[None, :] <= rows[:, None], scores, float("-inf"))
    newTop = tl.maximum(top, tl.max(scores, 1) * scale)
    weights = tl.math.exp2(scores * scale - newTop[:, None])
    factor = tl.math.exp2(top - newTop)
    return weights.to(tl.bfloat16), factor, newTop, total * factor + tl.sum(weights, 1)


@triton.jit
def one_map(acc, wide, top, total, query, keyAt, valueAt, begin, end, keyStride, valueStride,
            scale, rows, blockN: tl.constexpr, dim: tl.constexpr, isWide: tl.constexpr,
            masked: tl.constexpr):  # fmt: skip
    """Processes the keys from begin to end of one map; `wide` is the second half
    of values of width 2 dim."""
    keyAt += tl.cast(begin, tl.int64) * keyStride
    valueAt += tl.cast(begin, tl.int64) * valueStride
    for start in range(begin, end, blockN):
        scores = tl.dot(query, tl.load(keyAt))
        weights, factor, top, total = softmax_step(
            scores, top, total, scale, start + tl.arange(0, blockN), rows, masked)  # fmt: skip
        acc = tl.dot(weights, tl.load(valueAt), acc * factor[:, None])
        if isWide:
            wide = tl.dot(weights, tl.load(valueAt + dim), wide * factor[:, None])
        keyAt += blockN * keyStride
        valueAt += blockN * valueStride
    return acc, wide, top, total


@triton.jit
def two_maps(acc0, wide0, top0, total0, acc1, wide1, top1, total1, query0, query1, keyAt, valueAt,
             begin, end, keyStride, valueStride, scale, rows, blockN: tl.constexpr,
             dim: tl.constexpr, masked: tl.constexpr):  # fmt: skip
    """Processes the keys from begin to end of V1's two maps."""
    keyAt += tl.cast(begin, tl.int64) * keyStride
    valueAt += tl.cast(begin, tl.int64) * valueStride
    for start in range(begin, end, blockN):
        keys = start + tl.arange(0, blockN)
        scores0 = tl.dot(query0, tl.load(keyAt))
        weights0, factor0, top0, total0 = softmax_step(scores0, top0, total0, scale, keys, rows,
                                                       masked)  # fmt: skip
        scores1 = tl.dot(query1, tl.load(keyAt + dim))
        weights1, factor1, top1, total1 = softmax_step(scores1, top1, total1, scale, keys, rows,
                                                       masked)  # fmt: skip
        value = tl.load(valueAt)
        acc0 = tl.dot(weights0, value, acc0 * factor0[:, None])
        acc1 = tl.dot(weights1, value, acc1 * factor1[:, None])
        value = tl.load(valueAt + dim)
        wide0 = tl.dot(weights0, value, wide0 * factor0[:, None])
        wide1 = tl.dot(weights1, value, wide1 * factor1[:, None])
        keyAt += blockN * keyStride
        valueAt += blockN * valueStride
    return acc0, wide0, top0, total0, acc1, wide1, top1, total1


@triton.jit
def standard(q, k, v, out, tokens, keys, queryStride, keyStride, valueStride, outStride, group,
             scale, causal: tl.constexpr, blockM: tl.constexpr, blockN: tl.constexpr,
             dim: tl.constexpr, isWide: tl.constexpr):  # fmt: skip
    """softmax(scale Q K^T) V. `group` query heads read one head of K and V. With
    isWide, values and results have width 2 dim."""
    block = tl.program_id(0)
    if causal:  # the longest first
        block = tl.num_programs(0) - 1 - block
    head = tl.program_id(1)
    width: tl.constexpr = 2 * dim if isWide else dim
    token = block * blockM + tl.arange(0, blockM)
    depth = tl.arange(0, dim)
    key = tl.arange(0, blockN)
    query = tl.load(q + token.to(tl.int64)[:, None] * queryStride + head * dim + depth[None, :])
    keyAt = k + head // group * dim + key[None, :] * keyStride + depth[:, None]
    valueAt = v + head // group * width + key[:, None] * valueStride + depth[None, :]
    top = tl.full((blockM,), float("-inf"), tl.float32)
    total = tl.zeros((blockM,), tl.float32)
    acc = tl.zeros((blockM, dim), tl.float32)
    wide = acc
    whole = keys
    if causal:
        token += keys - tokens
        whole = (block * blockM + keys - tokens + 1) // blockN * blockN
    acc, wide, top, total = one_map(
        acc, wide, top, total, query, keyAt, valueAt, 0, whole, keyStride, valueStride,
        scale * LOG2E, token, blockN, dim, isWide, False)  # fmt: skip
    if causal:
        end = block * blockM + blockM + keys - tokens
        acc, wide, top, total = one_map(
            acc, wide, top, total, query, keyAt, valueAt, whole, end, keyStride, valueStride,
            scale * LOG2E, token, blockN, dim, isWide, True)  # fmt: skip
        token -= keys - tokens
    to = out + token.to(tl.int64)[:, None] * outStride + head * width + depth[None, :]
    tl.store(to, (acc / total[:, None]).to(tl.bfloat16))
    if isWide:
        tl.store(to + dim, (wide / total[:, None]).to(tl.bfloat16))


@triton.jit
def v2(q, k, v, logits, out, tokens, keys, queryStride, keyStride, logitStride, outStride, group,
       scale, causal: tl.constexpr, blockM: tl.constexpr, blockN: tl.constexpr,
       dim: tl.constexpr):  # fmt: skip
    """out_j = softmax(s Q_2j K^T) V - sigmoid(logit_j) softmax(s Q_2j+1 K^T) V.
    `group` output heads read one head of K and V. A tile has 2 blockM rows."""
    block = tl.program_id(0)
    if causal:
        block = tl.num_programs(0) - 1 - block
    head = tl.program_id(1)
    row = tl.arange(0, 2 * blockM)
    token = block * blockM + row // 2
    depth = tl.arange(0, dim)
    key = tl.arange(0, blockN)
    query = tl.load(q + token.to(tl.int64)[:, None] * queryStride
                    + (2 * head + row % 2)[:, None] * dim + depth[None, :])  # fmt: skip
    keyAt = k + head // group * dim + key[None, :] * keyStride + depth[:, None]
    valueAt = v + head // group * dim + key[:, None] * keyStride + depth[None, :]
    top = tl.full((2 * blockM,), float("-inf"), tl.float32)
    total = tl.zeros((2 * blockM,), tl.float32)
    acc = tl.zeros((2 * blockM, dim), tl.float32)
    whole = keys
    if causal:
        token += keys - tokens
        whole = (block * blockM + keys - tokens + 1) // blockN * blockN
    acc, _, top, total = one_map(
        acc, acc, top, total, query, keyAt, valueAt, 0, whole, keyStride, keyStride,
        scale * LOG2E, token, blockN, dim, False, False)  # fmt: skip
    if causal:
        end = block * blockM + blockM + keys - tokens
        acc, _, top, total = one_map(
            acc, acc, top, total, query, keyAt, valueAt, whole, end, keyStride, keyStride,
            scale * LOG2E, token, blockN, dim, False, True)  # fmt: skip
    maps = tl.reshape(acc / total[:, None], (blockM, 2, dim))
    first, second = tl.split(tl.permute(maps, (0, 2, 1)))
    token = block * blockM + tl.arange(0, blockM)
    gate = tl.sigmoid(tl.load(logits + token * logitStride + head).to(tl.float32))
    result = first - gate[:, None] * second
    tl.store(out + token.to(tl.int64)[:, None] * outStride + head * dim + depth[None, :],
             result.to(tl.bfloat16))  # fmt: skip


@triton.jit
def v1(q, k, v, lam, weight, out, tokens, keys, queryStride, keyStride, valueStride, outStride,
       group, scale, factor, causal: tl.constexpr, blockM: tl.constexpr, blockN: tl.constexpr,
       dim: tl.constexpr):  # fmt: skip
    """out = factor RMSNorm(P_0 V - lambda P_1 V), factor = 1 - lambda_init."""
    block = tl.program_id(0)
    if causal:
        block = tl.num_programs(0) - 1 - block
    head = tl.program_id(1)
    token = block * blockM + tl.arange(0, blockM)
    depth = tl.arange(0, dim)
    key = tl.arange(0, blockN)
    queryAt = q + token.to(tl.int64)[:, None] * queryStride + 2 * head * dim + depth[None, :]
    query0 = tl.load(queryAt)
    query1 = tl.load(queryAt + dim)
    keyAt = k + head // group * 2 * dim + key[None, :] * keyStride + depth[:, None]
    valueAt = v + head // group * 2 * dim + key[:, None] * valueStride + depth[None, :]
    top0 = tl.full((blockM,), float("-inf"), tl.float32)
    total0 = tl.zeros((blockM,), tl.float32)
    acc0 = tl.zeros((blockM, dim), tl.float32)
    wide0, acc1, wide1, top1, total1 = acc0, acc0, acc0, top0, total0
    whole = keys
    if causal:
        token += keys - tokens
        whole = (block * blockM + keys - tokens + 1) // blockN * blockN
    acc0, wide0, top0, total0, acc1, wide1, top1, total1 = two_maps(
        acc0, wide0, top0, total0, acc1, wide1, top1, total1, query0, query1, keyAt, valueAt,
        0, whole, keyStride, valueStride, scale * LOG2E, token, blockN, dim, False)  # fmt: skip
    if causal:
        end = block * blockM + blockM + keys - tokens
        acc0, wide0, top0, total0, acc1, wide1, top1, total1 = two_maps(
            acc0, wide0, top0, total0, acc1, wide1, top1, total1, query0, query1, keyAt, valueAt,
            whole, end, keyStride, valueStride, scale * LOG2E, token, blockN, dim, True)  # fmt: skip
        token -= keys - tokens
    by1 = tl.load(lam + head) / total1
    left = acc0 / total0[:, None] - by1[:, None] * acc1
    right = wide0 / total0[:, None] - by1[:, None] * wide1
    mean = (tl.sum(left * left, 1) + tl.sum(right * right, 1)) / (2 * dim)
    norm = (factor * tl.rsqrt(mean + 1e-5))[:, None]
    to = out + token.to(tl.int64)[:, None] * outStride + head * 2 * dim + depth[None, :]
    tl.store(to, (left * norm * tl.load(weight + depth)[None, :]).to(tl.bfloat16))
    tl.store(to + dim, (right * norm * tl.load(weight + dim + depth)[None, :]).to(tl.bfloat16))
