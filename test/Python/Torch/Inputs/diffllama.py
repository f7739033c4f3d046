# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Patched DiffLlama models against their own code: diffllama.py [SEED]

In f32, logits must agree within 2e-4 and greedy generation must give the same tokens.
In bf16 the error against the model in f64 must not exceed that of the model's own eager
code. No call may fall back to that code, and none may copy the cache.
"""

from __future__ import annotations

import copy
import warnings

import torch
from diff_mlir import _api, _arrays
from diff_mlir.integrations.transformers import fallbacks, patch
from transformers import DiffLlamaConfig, DiffLlamaForCausalLM, DynamicCache, StaticCache

from support import Report, get_seed

REPORT = Report()
#: Query heads, key and value heads, head dimension, and the model's own code.
MODELS = {"MHA sdpa": (4, 4, 16, "sdpa"), "GQA sdpa": (8, 2, 16, "sdpa"),
          "GQA eager": (8, 2, 16, "eager")}  # fmt: skip
LIMIT = 2e-4
BATCH, PROMPT, STEPS = 3, 17, 4
#: Tokens of padding of each entry.
PADDING = (5, 0, 11)


def make_model(heads: int, kv_heads: int, dim: int, implementation: str) -> DiffLlamaForCausalLM:
    config = DiffLlamaConfig(vocab_size=97, hidden_size=64, intermediate_size=96, num_hidden_layers=3,
                             num_attention_heads=heads, num_key_value_heads=kv_heads, head_dim=dim,
                             max_position_embeddings=128, initializer_range=0.2, pad_token_id=0,
                             eos_token_id=None, attn_implementation=implementation)  # fmt: skip
    return DiffLlamaForCausalLM(config).eval()


def make_inputs() -> tuple[torch.Tensor, torch.Tensor]:
    """Token numbers and a mask with padding on the left."""
    numbers = torch.randint(1, 97, (BATCH, PROMPT + STEPS))
    mask = (torch.arange(PROMPT + STEPS) >= torch.tensor(PADDING)[:, None]).long()
    return numbers, mask


def run(model, numbers, mask, cache=None) -> torch.Tensor:
    """The logits at once, or with a cache, of a prompt in two parts and single tokens."""
    positions = None if mask is None else (mask.cumsum(-1) - 1).clamp(min=0)
    if cache is None:
        return model(numbers, attention_mask=mask, position_ids=positions).logits
    bounds, logits = [0, PROMPT - 3, *range(PROMPT, PROMPT + STEPS + 1)], []
    for begin, end in zip(bounds, bounds[1:]):
        logits.append(model(numbers[:, begin:end], cache=cache, use_cache=True,
                            attention_mask=None if mask is None else mask[:, :end],
                            position_ids=None if mask is None else positions[:, begin:end],
                            ).logits)  # fmt: skip
    return torch.cat(logits, 1)


def make_caches(model) -> dict:
    return {"at once": None, "dynamic cache": DynamicCache(config=model.config),
            "static cache": StaticCache(config=model.config, max_cache_len=32)}  # fmt: skip


def check_logits(what: str, own, ours) -> None:
    numbers, mask = make_inputs()
    gaps = (torch.rand(mask.shape) < 0.6).long()
    gaps[:, PROMPT:] = 1
    for name, padding in (("no padding", None), ("left", mask), ("right", mask.flip(-1)), ("gaps", gaps)):
        caches = zip(make_caches(own).items(), make_caches(ours).values())
        for (way, first), second in caches:
            if name == "right" and way != "at once":
                continue
            difference = run(own, numbers, padding, first) - run(ours, numbers, padding, second)
            if padding is not None:
                difference = difference[padding.bool()]
            error = difference.abs().max().item()
            REPORT(f"{what} f32 {name} {way}", error <= LIMIT, f"error {error:.1e}")


def check_tokens(what: str, own, ours) -> None:
    numbers, mask = make_inputs()
    for name, padding in (("no padding", torch.ones_like(mask)), ("left", mask)):
        for options in ({}, {"cache_implementation": "static"}, {"num_beams": 2}):
            results = [model.generate(numbers, attention_mask=padding, max_new_tokens=10,
                                      do_sample=False, **options) for model in (own, ours)]  # fmt: skip
            REPORT(f"{what} generate {name} {options}", torch.equal(*results)
                   and results[0].shape == (BATCH, PROMPT + STEPS + 10))  # fmt: skip


def check_bf16(what: str, own) -> None:
    numbers, mask = make_inputs()
    own = copy.deepcopy(own).to(torch.bfloat16)
    ours, exact = patch(copy.deepcopy(own)), copy.deepcopy(own).double()
    # The eager code has a softmax of f32, and NaN in f64 with padding.
    exact.set_attn_implementation("sdpa")
    for name, padding in (("no padding", None), ("left", mask)):
        wanted = run(exact, numbers, padding)
        kept = slice(None) if padding is None else padding.bool()
        for (way, first), second in zip(make_caches(own).items(), make_caches(ours).values()):
            results = run(own, numbers, padding, first), run(ours, numbers, padding, second)
            limit, error = ((logits.double() - wanted)[kept] for logits in results)
            size = wanted[kept].norm()
            REPORT(f"{what} bf16 {name} {way}", error.norm() <= limit.norm(),
                   f"error {error.norm() / size:.2e}, limit {limit.norm() / size:.2e}, largest "
                   f"{error.abs().max():.2e}, eager {limit.abs().max():.2e}")  # fmt: skip
    REPORT(f"{what} bf16 fallbacks", fallbacks(ours) == {}, str(fallbacks(ours)))


class Recorder:
    """Replaces attention_v1 and counts calls whose keys and values lie in a cache."""

    def __init__(self, cache):
        self.cache, self.inside, self.calls = cache, 0, 0

    def __call__(self, q, k, v, *arguments, **options):
        self.calls += 1
        tensors = [tensor for layer in self.cache.layers for tensor in (layer.keys, layer.values)]
        storages = {tensor.untyped_storage().data_ptr() for tensor in tensors if tensor is not None}
        self.inside += all(x.untyped_storage().data_ptr() in storages for x in (k, v))
        return attention_v1(q, k, v, *arguments, **options)


def refuse_copy(self, array):
    raise AssertionError("an array was copied")


attention_v1 = _api.attention_v1


def check_copies(what: str, ours) -> None:
    numbers, mask = make_inputs()
    copies, _arrays.TorchArrays.copy = _arrays.TorchArrays.copy, refuse_copy
    # With padding, the parts of the prompt are packed in copies by attention_v1_varlen, and
    # each entry of the batch has a call of its own for a single token.
    for name, padding, calls in (("no padding", None, 3 * (STEPS + 2)), ("left", mask, 3 * BATCH * STEPS)):
        for way, cache in list(make_caches(ours).items())[1:]:
            _api.attention_v1 = recorder = Recorder(cache)
            run(ours, numbers, padding, cache)
            REPORT(f"{what} no copies {name} {way}", recorder.inside == recorder.calls == calls,
                   f"{recorder.inside} of {recorder.calls}, {calls} expected")  # fmt: skip
    _api.attention_v1, _arrays.TorchArrays.copy = attention_v1, copies


@torch.no_grad()
def main() -> None:
    torch.manual_seed(get_seed())
    # A fallback would be a warning.
    warnings.simplefilter("error", RuntimeWarning)
    for what, sizes in MODELS.items():
        own = make_model(*sizes)
        ours = patch(copy.deepcopy(own))
        check_logits(what, own, ours)
        check_tokens(what, own, ours)
        check_copies(what, ours)
        REPORT(f"{what} fallbacks", fallbacks(ours) == {}, str(fallbacks(ours)))
    check_bf16(what, own)
    with torch.inference_mode():
        numbers, mask = make_inputs()
        difference = (run(own, numbers, mask) - run(ours, numbers, mask))[mask.bool()]
        REPORT("inference mode", difference.abs().max() <= LIMIT)
    REPORT.finish()


main()
