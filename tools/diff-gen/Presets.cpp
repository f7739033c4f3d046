//===- Presets.cpp - Attention layers of published models -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Presets.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::diff;

/// V1 models use a lambda_init that depends on the layer. These are layers in
/// the middle of the model. Motif's formula subtracts one from the number.
static constexpr Preset kPresets[] = {
    {"diff-v2", "DIFF V2 of the authors",
     "--variant=v2 --heads=16 --kv-heads=4 --dim=128 --causal"},
    {"diffllama", "DiffLlama, transformers (default configuration)",
     "--variant=v1 --heads=16 --kv-heads=16 --dim=64 --pair-layout=halves "
     "--causal --epsilon=1e-5 --layer=12"},
    {"phi4-mini-flash", "Phi-4-mini-flash-reasoning, layers with a window",
     "--variant=v1 --heads=20 --kv-heads=10 --dim=64 --causal --window=511,0 "
     "--layer=12"},
    {"motif-2.6b", "Motif-2.6B",
     "--variant=v1 --heads=8 --kv-heads=8 --dim=128 --causal --layer=11"},
    {"motif-2-12.7b", "Motif-2-12.7B",
     "--variant=v1 --heads=32 --kv-heads=8 --dim=128 --signals=4 --causal "
     "--layer=11"},
    {"motif-3", "Motif-3, layers with a window",
     "--variant=v2 --heads=64 --kv-heads=16 --dim=192 --value-dim=128 "
     "--signals=4 --gate --causal --window=128,0"},
    {"motif-3-global", "Motif-3, layers without a window, expanded keys",
     "--variant=v2 --heads=64 --kv-heads=16 --dim=192 --value-dim=128 "
     "--signals=4 --gate --causal"},
};

ArrayRef<Preset> diff::getPresets() { return kPresets; }

const Preset *diff::findPreset(StringRef name) {
  const auto *preset = llvm::find_if(
      kPresets, [&](const Preset &preset) { return preset.name == name; });
  return preset == std::end(kPresets) ? nullptr : preset;
}
