# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a patched DiffLlama leaves to its own code, and errors: fallbacks.py [SEED]

In each case all attention modules must run the model's own code, with its exact results,
a warning and a count.
"""

from __future__ import annotations

import copy
import pickle
import sys
import warnings
from unittest import mock

import torch
from diff_mlir.integrations.transformers import fallbacks, patch, unpatch
from transformers import (
    AttentionInterface,
    AttentionMaskInterface,
    DiffLlamaConfig,
    DiffLlamaForCausalLM,
    DiffLlamaModel,
    DynamicCache,
    LlamaConfig,
    LlamaForCausalLM,
)
from transformers.cache_utils import Cache, DynamicLayer, DynamicSlidingWindowLayer
from transformers.masking_utils import eager_mask
from transformers.models.diffllama import modeling_diffllama as diffllama

from support import Report, get_seed

REPORT = Report()
LAYERS, TOKENS = 2, 9
SIZES = {"vocab_size": 53, "hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 4,
         "num_hidden_layers": LAYERS, "max_position_embeddings": 64}  # fmt: skip


def make_model(implementation: str = "eager") -> DiffLlamaForCausalLM:
    config = DiffLlamaConfig(num_key_value_heads=2, head_dim=16, initializer_range=0.2,
                             attn_implementation=implementation, **SIZES)  # fmt: skip
    return DiffLlamaForCausalLM(config).eval()


def collect(output) -> list[torch.Tensor]:
    return [output.logits, *(output.attentions or ()), *(output.hidden_states or ())]


def check_case(what: str, reason: str, implementation: str = "eager", prepare=None, make=dict) -> None:
    """`prepare` changes a model, `make` makes the arguments of a call."""
    own = make_model(implementation)
    ours = patch(copy.deepcopy(own))
    numbers, results = torch.randint(0, 53, (1, TOKENS)), []
    for model in (own, ours):
        if prepare:
            prepare(model)
        with warnings.catch_warnings(record=True) as caught, torch.no_grad():
            warnings.simplefilter("always")
            arguments = {"input_ids": numbers, **make()}
            torch.manual_seed(0)
            results.append(collect(model(**arguments)))
    same = len(results[0]) == len(results[1]) and all(map(torch.equal, *results))
    warned = [str(warning.message) for warning in caught
              if issubclass(warning.category, RuntimeWarning)]  # fmt: skip
    counts = fallbacks(ours)
    REPORT(what, same and counts == {reason: LAYERS}
           and warned == [f"DiffLlama's own attention runs: {reason}"] * LAYERS,
           f"{counts}, {len(warned)} warnings, {'same' if same else 'other'} results")  # fmt: skip


def set_dropout(model) -> None:
    model.train()
    for module in model.modules():
        if isinstance(module, diffllama.DiffLlamaAttention):
            module.attention_dropout = 0.5


def set_layers(model) -> None:
    for module in model.modules():
        if isinstance(module, diffllama.DiffLlamaAttention):
            module.is_causal = False


def make_sliding() -> dict:
    cache = DynamicCache()
    cache.layers = [DynamicSlidingWindowLayer(sliding_window=32) for _ in range(LAYERS)]
    return {"cache": cache}


def make_mask(rule) -> torch.Tensor:
    rows, columns = torch.arange(TOKENS)[:, None], torch.arange(TOKENS)
    return rule(rows, columns)[None, None]


def make_bias() -> dict:
    causal = make_mask(lambda i, j: j <= i)
    bias = torch.randn(1, 1, TOKENS, TOKENS, generator=torch.Generator().manual_seed(1))
    return {"attention_mask": torch.where(causal, bias, torch.finfo(torch.float32).min)}


NO_CAUSAL = "attention_mask is no causal mask with padding"


def check_cases() -> None:
    AttentionInterface.register("other", diffllama.eager_attention_forward)
    AttentionMaskInterface.register("other", eager_mask)
    check_case("output_attentions", "output_attentions is set",
               make=lambda: {"output_attentions": True, "output_hidden_states": True})  # fmt: skip
    check_case("output_attentions of the configuration", "output_attentions is set",
               prepare=lambda model: setattr(model.config, "output_attentions", True))  # fmt: skip
    check_case("dropout", "attention_dropout is set in training", prepare=set_dropout)
    for implementation in ("eager", "sdpa"):
        def to_mask(visible, is_float=implementation == "eager"):
            least = torch.finfo(torch.float32).min
            return {"attention_mask": torch.where(visible, 0.0, least) if is_float else visible}

        for what, rule in (("strictly causal", lambda i, j: (j < i) | (j == 0)),
                           ("both directions", lambda i, j: (j >= 0) & (i >= 0)),
                           ("window", lambda i, j: (j <= i) & (i - j < 4)),
                           ("blocks", lambda i, j: (j <= i) & (i // 4 == j // 4))):  # fmt: skip
            check_case(f"{what} {implementation}", NO_CAUSAL, implementation,
                       make=lambda rule=rule: to_mask(make_mask(rule)))  # fmt: skip
        check_case(f"mask for each head {implementation}",
                   f"attention_mask has the shape (1, 4, {TOKENS}, {TOKENS}); [1, 1, {TOKENS}, "
                   f"{TOKENS} or more] is legal", implementation,
                   make=lambda: to_mask(make_mask(lambda i, j: j <= i).expand(-1, 4, -1, -1)))  # fmt: skip
        packed = {"use_cache": False,
                  "position_ids": torch.tensor([[*range(4), *range(TOKENS - 4)]])}  # fmt: skip
        check_case(f"packed sequences {implementation}", NO_CAUSAL, implementation, make=lambda: packed)
    check_case("bias of scores", "attention_mask has numbers other than 0 and the least one of its type",
               make=make_bias)  # fmt: skip
    check_case("is_causal", "is_causal is set", "sdpa", make=lambda: {"is_causal": False})
    check_case("not causal", "is_causal is set", "sdpa",
               prepare=lambda model: setattr(model.config, "is_causal", False))  # fmt: skip
    check_case("module not causal", "the attention is not causal", "sdpa", prepare=set_layers)
    check_case("offsets of sequences", "cu_seq_lens_q is set",
               make=lambda: {"cu_seq_lens_q": torch.tensor([0, TOKENS])})  # fmt: skip
    check_case("sliding window", "the layer of the cache is DynamicSlidingWindowLayer", make=make_sliding)
    check_case("other cache", "the cache is Cache",
               make=lambda: {"cache": Cache(layer_class_to_replicate=DynamicLayer)})  # fmt: skip
    check_case("other implementation", "the attention implementation is 'other'",
               prepare=lambda model: model.set_attn_implementation("other"))  # fmt: skip


def check_layer() -> None:
    """A layer without a mask: for the eager code it is not causal."""
    own = make_model().model
    ours = patch(copy.deepcopy(own))
    x = torch.randn(1, TOKENS, 32)
    tables = own.rotary_emb(x, torch.arange(TOKENS)[None])
    with mock.patch("warnings.warn"):
        first, second = (model.layers[0](x, position_embeddings=tables) for model in (own, ours))
    REPORT("no mask", torch.equal(first, second) and fallbacks(ours) == {"attention_mask is None": 1})
    attention = ours.layers[0].self_attn
    with mock.patch("warnings.warn"):
        output = attention(x, tables, None, past_key_values=DynamicCache())[0]
    REPORT("old name of the cache", output.shape == x.shape
           and fallbacks(ours).get("past_key_values is set") == 1, str(fallbacks(ours)))  # fmt: skip


@torch.no_grad()
def check_patch() -> None:
    own, numbers = make_model("sdpa"), torch.randint(0, 53, (2, TOKENS))
    wanted, state = own(numbers).logits, own.state_dict()
    ours = patch(own)
    REPORT("in place", ours is own)
    logits = ours(numbers).logits
    REPORT("another result", not torch.equal(logits, wanted) and torch.allclose(logits, wanted, atol=1e-4))
    # The hooks of output_attentions could not be pickled.
    with mock.patch("warnings.warn"):
        ours(numbers, is_causal=False)
    count = fallbacks(ours)
    REPORT("patch twice", patch(ours) is ours and fallbacks(ours) == count != {}
           and torch.equal(ours(numbers).logits, logits))  # fmt: skip
    REPORT("parameters", all(tensor is state[name] or torch.equal(tensor, state[name])
                             for name, tensor in ours.state_dict().items())
           and ours.state_dict().keys() == state.keys())  # fmt: skip
    for what, copied in (("copy", copy.deepcopy(ours)), ("pickle", pickle.loads(pickle.dumps(ours)))):
        REPORT(what, torch.equal(copied(numbers).logits, logits) and fallbacks(copied) == count)
    calls = []
    ours.model.layers[0].self_attn.register_forward_hook(lambda *_: calls.append(1))
    ours(numbers)
    REPORT("hooks", calls == [1])
    REPORT("unpatch", unpatch(ours) is ours and torch.equal(ours(numbers).logits, wanted)
           and unpatch(ours) is ours and fallbacks(ours) == {})  # fmt: skip
    REPORT("model without head", patch(DiffLlamaModel(own.config)) is not None)


def check_error(what: str, function, kind: type, message: str) -> None:
    try:
        function()
        found = "no error"
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
    REPORT(what, found == f"{kind.__name__}: {message}", found)


def check_errors() -> None:
    other = LlamaForCausalLM(LlamaConfig(num_key_value_heads=2, **SIZES))
    for function in (patch, unpatch, fallbacks):
        check_error(f"other model {function.__name__}", lambda: function(other), TypeError,
                    "model is a LlamaForCausalLM; DiffLlama models of transformers are legal")  # fmt: skip
    model = make_model()
    with mock.patch("transformers.__version__", "5.25.0"):
        check_error("other release", lambda: patch(model), RuntimeError,
                    "transformers is 5.25.0; 5.24.0 is legal")  # fmt: skip
    with mock.patch.dict(sys.modules, {"transformers": None}):
        check_error("no transformers", lambda: patch(model), RuntimeError,
                    "transformers is not installed; 5.24.0 is legal")  # fmt: skip
    attention = model.model.layers[1].self_attn
    attention.forward = attention.forward
    check_error("replaced forward", lambda: patch(model), RuntimeError,
                "model has an attention module whose forward is replaced; a model without hooks "
                "that replace it is legal")  # fmt: skip
    REPORT("no partial patch", type(model.model.layers[0].self_attn) is diffllama.DiffLlamaAttention)


def main() -> None:
    torch.manual_seed(get_seed())
    check_cases()
    check_layer()
    check_patch()
    check_errors()
    REPORT.finish()


main()
