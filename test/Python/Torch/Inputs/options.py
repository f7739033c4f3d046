# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Options, caches and errors of the modules: options.py [SEED]"""

from __future__ import annotations


import numpy as np
import torch
from diff_mlir.modules import (
    DiffAttentionV1,
    DiffAttentionV2,
    DiffLlamaAttention,
    KVCache,
    rotary_tables,
)
from diff_mlir.modules._masks import read_mask
from transformers import DiffLlamaConfig, DynamicCache
from transformers.models.diffllama import modeling_diffllama as diffllama

import formulas
from support import Report, get_seed

REPORT = Report()
WIDTH, TOKENS = 64, 12
V2 = {"d_model": WIDTH, "num_heads": 4, "num_kv_heads": 2}
TABLES = rotary_tables(32, 16)


def check_error(what: str, function, kind: type, message: str) -> None:
    try:
        function()
        found = "no error"
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
    REPORT(what, found.startswith(f"{kind.__name__}: {message}") and "\n" not in found, found)


def check_masks(rng) -> None:
    """Windows on both sides, and no mask."""
    x = rng.standard_normal((2, TOKENS, WIDTH)).astype(np.float32)
    for what, causal, window in (("no mask", False, None), ("both sides", False, (4, 2)),
                                 ("left side", True, (4, 2)), ("right side", False, (-1, 0))):  # fmt: skip
        for variant, kind in (("v1", DiffAttentionV1), ("v2", DiffAttentionV2)):
            shape = formulas.Shape(variant, 4, 2, 8 if variant == "v1" else 16, WIDTH, layers=4,
                                   window=window, causal=causal)  # fmt: skip
            weights, prefix = formulas.make_weights(shape, rng), "layers.3.attn."
            arguments = (WIDTH, 3, 4, 2) if variant == "v1" else (WIDTH, 4, 2)
            module = kind(*arguments, causal=causal, window=window)
            module.load_state_dict({name.removeprefix(prefix): torch.from_numpy(array)
                                    for name, array in weights.items() if name.startswith(prefix)})  # fmt: skip
            wanted = formulas.Model(shape, weights).attention(prefix[:-1], x.astype(np.float64), 3)
            with torch.no_grad():
                out = module(torch.from_numpy(x), rotary_tables(TOKENS, shape.dim))
            error = np.abs(out.numpy() - wanted).max() / np.abs(wanted).max()
            REPORT(f"{variant} {what}", error < 2e-6, f"error {error:.1e}")


@torch.no_grad()
def check_bias() -> None:
    """A bias of the projections is that of nn.Linear: it can be a column of ones."""
    x = torch.randn(2, TOKENS, WIDTH)
    x[..., -1] = 1
    plain, biased = DiffAttentionV2(**V2), DiffAttentionV2(**V2, bias=True)
    biased.o_proj.bias.zero_()
    names = ("q_proj", "k_proj", "v_proj", "lambda_proj")
    for name, projection in biased.named_children():
        getattr(plain, name).weight.copy_(projection.weight)
        if name in names:
            getattr(plain, name).weight[:, -1] += projection.bias
    error = (plain(x, TABLES) - biased(x, TABLES)).abs().max().item()
    REPORT("bias", error < 1e-5 and set(dict(plain.named_parameters())) == {
        f"{name}.weight" for name in (*names, "o_proj")}, f"error {error:.1e}")  # fmt: skip


@torch.no_grad()
def check_rotary() -> None:
    """Rotated are the first dimensions, as many as the tables have."""
    module, x = DiffAttentionV2(**V2), torch.randn(2, TOKENS, WIDTH)
    cos, sin = (table[:, :3] for table in TABLES)
    whole = (torch.cat((cos, torch.ones(32, 5)), 1), torch.cat((sin, torch.zeros(32, 5)), 1))
    REPORT("partial rotation", torch.equal(module(x, (cos, sin)), module(x, whole)))
    REPORT("no rotation", torch.allclose(module(x), module(x, (torch.ones(32, 8), torch.zeros(32, 8)))))


@torch.no_grad()
def check_cache() -> None:
    module, x = DiffAttentionV2(**V2), torch.randn(2, TOKENS, WIDTH)
    wanted = module(x, TABLES)
    cache = KVCache(4)
    module(x[:, :7], TABLES, cache)
    REPORT("length", len(cache) == 7)
    cache.crop(5)
    REPORT("crop", torch.allclose(module(x[:, 5:], TABLES, cache), wanted[:, 5:], atol=1e-6))
    REPORT("growth", len(cache) == TOKENS and cache.capacity >= TOKENS)
    keys, values = KVCache(8).update(torch.zeros(2, 3, 2, 16), torch.ones(2, 3, 2, 16))
    REPORT("views", keys._base is not None and keys.shape == values.shape == (2, 3, 2, 16))
    check_error("crop beyond", lambda: cache.crop(99), ValueError, "length is 99; 0 to 12 are legal")
    check_error("other batch", lambda: module(x[:1], TABLES, cache), ValueError,
                "keys has the shape (1, 12, 2, 16); (2, tokens, 2, 16) is legal")  # fmt: skip
    check_error("other type", lambda: module.double()(x.double(), TABLES, cache), TypeError,
                "keys is torch.float64 on cpu; torch.float32 on cpu is legal")  # fmt: skip
    module.float()
    with torch.enable_grad():
        check_error("gradients", lambda: module(x, TABLES, KVCache()), RuntimeError,
                    "cache keeps no gradients")  # fmt: skip


def check_diffllama() -> None:
    """The module computes what that of transformers does, also with a cache."""
    for heads, kv_heads in ((4, 4), (8, 2)):
        config = DiffLlamaConfig(hidden_size=WIDTH, num_attention_heads=heads, head_dim=16,
                                 num_key_value_heads=kv_heads, attn_implementation="sdpa",
                                 rms_norm_eps=1e-3)  # fmt: skip
        theirs, ours = diffllama.DiffLlamaAttention(config, 1).eval(), DiffLlamaAttention(config, 1)
        ours.load_state_dict(theirs.state_dict(), strict=True)
        x = torch.randn(2, TOKENS, WIDTH)
        rotary = diffllama.DiffLlamaRotaryEmbedding(config)
        caches, errors = [DynamicCache() for _ in range(2)], []
        with torch.no_grad():
            for begin, end in ((0, TOKENS - 1), (TOKENS - 1, TOKENS)):
                part, tables = x[:, begin:end], rotary(x, torch.arange(begin, end)[None])
                results = [module(part, tables, cache=cache)[0]
                           for module, cache in zip((theirs, ours), caches)]  # fmt: skip
                errors.append((results[0] - results[1]).abs().max().item())
        REPORT(f"DiffLlama {heads}:{kv_heads}", max(errors) < 1e-6, f"errors {errors}")
        names = set(dict(theirs.named_parameters()))
        REPORT("names", names == set(dict(ours.named_parameters())))
        mask = torch.ones(2, 1, TOKENS, TOKENS, dtype=torch.bool)
        tables = rotary(x, torch.arange(TOKENS)[None])
        check_error("other mask", lambda: ours(x, tables, mask), ValueError,
                    "attention_mask is no causal mask with padding")  # fmt: skip
        check_error("other argument", lambda: ours(x, tables, is_causal=False), TypeError,
                    "is_causal is set; None is legal")  # fmt: skip
    config.num_key_value_heads = 1
    check_error("odd heads", lambda: DiffLlamaAttention(config, 0), ValueError,
                "num_key_value_heads is 1; even divisors of num_attention_heads (8) are legal")  # fmt: skip


def check_reading() -> None:
    """Masks of transformers, with a static cache of 6 tokens of which one is used."""
    mask = torch.ones(4, 6, dtype=torch.bool).tril(1)[None, None]
    REPORT("causal mask", read_mask(mask, 2, 4, 1) is None)
    mask[..., 0] = False
    packing = read_mask(mask, 2, 4, 1)
    REPORT("changed mask", packing.columns.tolist() == [[False, True, True, True, True]] * 2
           and bool(packing.rows.all()) and packing.starts is None
           and (packing.offsets_q.tolist(), packing.offsets_k.tolist()) == ([0, 4, 8], [0, 4, 8]))  # fmt: skip
    mask[..., 0, 5] = True
    check_error("key of the future", lambda: read_mask(mask, 2, 4, 1), ValueError,
                "attention_mask is no causal mask with padding")  # fmt: skip
    for what, rows, starts in (("start", ([0, 0, 1, 1], [1, 1, 1, 1]), (2, 0)),
                               ("gap", ([0, 1, 0, 1], [1, 1, 1, 1]), None),
                               ("own key hidden", ([1, 1, 1, 0], [1, 1, 1, 1]), None)):  # fmt: skip
        packing = read_mask(torch.tensor(rows, dtype=torch.bool)[:, None, None], 2, 1, 3)
        REPORT(f"one token, {what}", packing.starts == starts and packing.rows.tolist() == [[True]] * 2
               and packing.columns.int().tolist() == list(rows))  # fmt: skip


def check_errors() -> None:
    module, x = DiffAttentionV2(**V2), torch.randn(2, TOKENS, WIDTH)
    for what, function, kind, message in (
        ("heads", lambda: DiffAttentionV1(64, 0, 4, 3), ValueError,
         "num_kv_heads is 3; divisors of num_heads (4) are legal"),
        ("width V1", lambda: DiffAttentionV1(68, 0, 4), ValueError,
         "embed_dim is 68; multiples of 2 * num_heads (8) are legal"),
        ("width V2", lambda: DiffAttentionV2(66, 4), ValueError,
         "d_model is 66; without head_dim multiples of num_heads (4) are legal"),
        ("depth", lambda: DiffAttentionV1(64, -1, 4), ValueError, "depth is -1; 0 to "),
        ("bias", lambda: DiffAttentionV2(64, 4, bias=1), TypeError, "bias must be True or False"),
        ("window", lambda: DiffAttentionV2(64, 4, window=3), TypeError, "window must be a pair"),
        ("rank", lambda: module(x[0]), ValueError, "x has the shape (12, 64); [batch, tokens, 64] is legal"),
        ("array", lambda: module(x.numpy()), TypeError, "x must be a tensor"),
        ("cache", lambda: module(x, None, DynamicCache()), TypeError, "cache must be a KVCache or None"),
        ("positions", lambda: module(x, rotary_tables(5, 16)), ValueError,
         "rel_pos has 5 positions; 12 and more are legal, because 0 tokens are in the cache and 12 are new"),
        ("rotary", lambda: module(x, rotary_tables(12, 18)), ValueError,
         "rel_pos has the shapes (12, 9) and (12, 9); [positions, 1 to 8] is legal for both"),
        ("no pair", lambda: module(x, x), TypeError, "rel_pos must be a pair of tensors (cos, sin) or None"),
        ("odd dim", lambda: rotary_tables(5, 7), ValueError, "dim is 7; even numbers are legal"),
    ):  # fmt: skip
        check_error(what, function, kind, message)


def main() -> None:
    seed = get_seed()
    torch.manual_seed(seed)
    check_masks(np.random.default_rng(seed))
    check_bias()
    check_rotary()
    check_cache()
    check_diffllama()
    check_reading()
    check_errors()
    REPORT.finish()


main()
