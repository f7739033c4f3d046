# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares V1 with the attention of DiffLlama: diffllama.py BUILD [SEED]

Runs the attention of transformers' DiffLlama (eager) with random weights, and
diff-run on the tensors that it uses: query and key after the rotary embedding,
value, and the lambda of its parameters. On each route the results must satisfy the
tolerance rule of the execution tests, and in bf16 their errors against the formulas
in float64 must not exceed those of the eager code. In f32 both have the errors of
sums in f32, which depend on the order of the summands. On the CPU route, which adds
many partial sums as the eager code does, the norm of our error is 0.75 to 1.05 times
as large, and must be at most 1.25 times. The other routes add more summands one
after the other, and are up to 1.7 times off; the limit is 2.5.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

import numpy as np
import torch
from transformers import DiffLlamaConfig, DynamicCache
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.models.diffllama import modeling_diffllama as diffllama

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from difftest import arrays, reference, tolerance  # noqa: E402
from difftest.cases import Case  # noqa: E402
from difftest.runner import ToolError, Tools  # noqa: E402

LAYER = 3
TYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
#: The permitted norm of the error / that of the eager code, by type and route.
FACTOR = {"f32": {"linalg": 2.5, "cpu": 1.25, "sim": 2.5},
          "bf16": {"linalg": 1.0, "cpu": 1.0, "sim": 1.0}}  # fmt: skip
BATCH = 8
#: Query heads, key and value heads of the model, and head dimension.
MODELS = {"MHA": (4, 4, 64), "GQA": (8, 4, 32)}


class Attention:
    """DiffLlama's attention and cache. Steps return what the attention used."""

    def __init__(self, heads: int, kv_heads: int, dim: int, dtype: torch.dtype):
        self.config = DiffLlamaConfig(hidden_size=heads * dim, num_attention_heads=heads,
                                      num_key_value_heads=kv_heads, head_dim=dim,
                                      attn_implementation="recorded")  # fmt: skip
        ALL_ATTENTION_FUNCTIONS.register("recorded", self._attend)
        self.module = diffllama.DiffLlamaAttention(self.config, LAYER).to(dtype).eval()
        with torch.no_grad():
            self.module.q_proj.weight *= 3  # so that the weights of the keys differ
        self.rotary = diffllama.DiffLlamaRotaryEmbedding(self.config)
        # The output is that of the attention, without the projection.
        self.module.o_proj = torch.nn.Identity()
        self.cache = DynamicCache(config=self.config)
        self.dtype, self.seen = dtype, 0

    def _attend(self, module, query, key, value, mask, **options):
        self.query, self.key = query, key
        return diffllama.eager_attention_forward(module, query, key, value, mask, **options)

    @torch.no_grad()
    def step(self, batch: int, tokens: int) -> dict[str, torch.Tensor]:
        hidden = torch.randn(batch, tokens, self.config.hidden_size).to(self.dtype)
        at = torch.arange(self.seen, self.seen + tokens)
        self.seen += tokens
        visible = torch.arange(self.seen)[None, :] <= at[:, None]
        mask = torch.zeros(tokens, self.seen, dtype=self.dtype)
        mask.masked_fill_(~visible, torch.finfo(self.dtype).min)
        output, _ = self.module(hidden, self.rotary(hidden, at[None]), mask[None, None], self.cache)
        layer = self.cache.layers[LAYER]
        assert torch.equal(layer.keys, self.key)
        return {"query": self.query, "key": layer.keys, "value": layer.values, "output": output}

    def exact_lambda(self) -> float:
        module = self.module
        vectors = {name: parameter.detach().double().numpy()
                   for name, parameter in module.named_parameters() if name.startswith("lambda")}  # fmt: skip
        first, second = (vectors[f"lambda_q{i}"] @ vectors[f"lambda_k{i}"] for i in (1, 2))
        return float(np.exp(first) - np.exp(second) + module.lambda_init)


def to_numpy(tensor: torch.Tensor, element_type: str) -> np.ndarray:
    """The same numbers in the element type; bf16 are numbers of f32."""
    return arrays.round_to(tensor.detach().float().numpy(), element_type)


def check(tools: Tools, attention: Attention, step: dict, element_type: str, route: str,
          what: str) -> list[str]:  # fmt: skip
    query, key, value = (to_numpy(step[name], element_type) for name in ("query", "key", "value"))
    b, heads, n, d = query.shape
    kv_heads, m = key.shape[1:3]
    # The tensors of the model, as they are.
    case = Case("v1", what, b=b, n=n, m=m, h=heads // 2, hkv=kv_heads // 2, d=d, causal=True,
                layout="bhsd", pairs="halves", lambda_init=attention.module.lambda_init)  # fmt: skip
    inputs = {"query": query, "key": key, "value": value,
              "lambda": np.full(heads // 2, attention.exact_lambda()),
              "weight": np.ones(2 * d, np.float32)}  # fmt: skip
    exact = reference.evaluate(case, inputs, reference.Exact())["output"]
    eager = to_numpy(step["output"], "f32").astype(np.float64).reshape(b, n, heads // 2, 2 * d)
    eager = eager.swapaxes(1, 2)
    inputs["lambda"] = inputs["lambda"].astype(np.float32)
    ours = tools.layer(case, element_type, route, inputs)["output"]
    naive = reference.yardstick(case, inputs, element_type)["output"]
    failures = tolerance.check_output(ours, exact, naive, element_type, m).failures
    differences = [found - exact for found in (ours.astype(np.float64), eager)]
    largest, limit = (np.abs(difference).max() for difference in differences)
    norm, norm_limit = (np.linalg.norm(difference) for difference in differences)
    if element_type == "bf16" and largest > limit:
        failures.append("the largest error exceeds that of the eager code")
    if norm > FACTOR[element_type][route] * norm_limit:
        failures.append("the norm of the error exceeds that of the eager code")
    size = np.linalg.norm(exact)
    print(f"{'FAIL' if failures else 'ok'} {what}: largest {largest:.2e}, eager {limit:.2e}; "
          f"norm {norm / size:.2e}, eager {norm_limit / size:.2e}", *failures, sep="\n  ",
          flush=True)  # fmt: skip
    return failures


def main() -> int:
    tools = Tools(Path(sys.argv[1]))
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else secrets.randbits(32)
    print(f"seed {seed}")
    torch.manual_seed(seed)
    failures = []
    for model, (heads, kv_heads, dim) in MODELS.items():
        for element_type, dtype in TYPES.items():
            attention = Attention(heads, kv_heads, dim, dtype)
            for name, tokens in (("prefill", 45), ("decode", 1)):
                step = attention.step(BATCH, tokens)
                for route in ("linalg", "cpu", "sim"):
                    failures += check(tools, attention, step, element_type, route,
                                      f"{model} {element_type} {name} {route}")  # fmt: skip
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ToolError as error:
        sys.exit(f"error: {error}")
