# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gradients of the modules and of patched DiffLlama models: training.py [SEED]"""

from __future__ import annotations

import copy
import warnings

import torch
from diff_mlir.integrations.transformers import fallbacks, patch
from diff_mlir.modules import DiffAttentionV1, DiffAttentionV2, rotary_tables
from torch.func import functional_call
from transformers import DiffLlamaConfig, DiffLlamaForCausalLM

from support import Report, get_seed

REPORT = Report()
BATCH, TOKENS = 3, 11
PADDING = (4, 0, 7)
MODULES = {"V1": lambda **options: DiffAttentionV1(16, 2, 2, 1, window=(3, 0), **options),
           "V2": lambda **options: DiffAttentionV2(8, 2, 1, **options)}  # fmt: skip


def check_modules() -> None:
    for what, make in MODULES.items():
        module = make(dtype=torch.float64)
        names, parameters = zip(*module.named_parameters())
        x = torch.randn(2, 5, module.width, dtype=torch.float64, requires_grad=True)
        tables = rotary_tables(5, module.head_dim, dtype=torch.float64)

        def run(x, *values):
            return functional_call(module, dict(zip(names, values)), (x, tables))

        REPORT(f"{what} finite differences", torch.autograd.gradcheck(
            run, (x, *parameters), fast_mode=True), ", ".join(names))  # fmt: skip
        module = make()
        x, tables = x.detach().float(), rotary_tables(5, module.head_dim)
        compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
        results = []
        for function in (module, compiled):
            module.zero_grad()
            function(x, tables).square().sum().backward()
            results.append([parameter.grad for parameter in module.parameters()])
        REPORT(f"{what} compiled", all(map(torch.allclose, *results)))
        module.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            output = module(x, tables)
        output.float().square().sum().backward()
        wanted, found = (torch.cat([gradient.flatten() for gradient in gradients]) for gradients in
                         (results[0], [parameter.grad for parameter in module.parameters()]))  # fmt: skip
        error = ((found - wanted).norm() / wanted.norm()).item()
        REPORT(f"{what} autocast", output.dtype == torch.bfloat16 and error < 0.05, f"error {error:.1e}")


def get_gradients(model, numbers, mask, labels) -> list[torch.Tensor]:
    model.zero_grad()
    model(numbers, attention_mask=mask, labels=labels, use_cache=False).loss.backward()
    return [parameter.grad.clone() for parameter in model.parameters()]


def check_diffllama() -> None:
    config = DiffLlamaConfig(vocab_size=53, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
                             num_attention_heads=4, num_key_value_heads=2, head_dim=16,
                             max_position_embeddings=64, initializer_range=0.2)  # fmt: skip
    own = DiffLlamaForCausalLM(config).train()
    ours = patch(copy.deepcopy(own))
    numbers = torch.randint(0, 53, (BATCH, TOKENS))
    left = (torch.arange(TOKENS) >= torch.tensor(PADDING)[:, None]).long()
    for checkpoints in (False, True):
        if checkpoints:
            own.activation_checkpointing_enable()
            ours.activation_checkpointing_enable()
        for what, mask in (("no padding", None), ("left", left), ("right", left.flip(-1))):
            labels = numbers
            if mask is not None:
                # Neither padding nor the first token, which padding predicts.
                labels = numbers.masked_fill((mask == 0) | (mask.cumsum(-1) == 1), -100)
            wanted, found = (get_gradients(model, numbers, mask, labels) for model in (own, ours))
            errors = [((a - b).norm() / a.norm()).item() for a, b in zip(wanted, found)]
            REPORT(f"DiffLlama {what}{', checkpoints' * checkpoints}", max(errors) < 1e-4,
                   f"error {max(errors):.1e}")  # fmt: skip
    REPORT("fallbacks", fallbacks(ours) == {}, str(fallbacks(ours)))


def main() -> None:
    torch.manual_seed(get_seed())
    warnings.simplefilter("error", RuntimeWarning)
    check_modules()
    check_diffllama()
    REPORT.finish()


main()
