//===- LayerBuilder.h - The IR of an attention layer ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TOOLS_DIFFGEN_LAYERBUILDER_H
#define DIFF_TOOLS_DIFFGEN_LAYERBUILDER_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <optional>
#include <utility>

namespace mlir::diff {

enum class Variant { V2, V1, Standard };

/// What a layer is; `heads` counts output heads.
struct Layer {
  Variant variant = Variant::V2;
  int64_t batch = 1;
  int64_t queryTokens = 512;
  int64_t keyTokens = 512;
  int64_t heads = 8;
  int64_t kvHeads = 4;
  int64_t dim = 128;
  /// Of standard attention; none: the variant's, `dim` or twice that.
  std::optional<int64_t> valueDim;
  /// The element type's keyword.
  std::string type = "bf16";
  /// Left and right side of the window; -1 is unlimited. None: no mask.
  std::optional<std::pair<int64_t, int64_t>> window;
  std::optional<double> softcap;
  std::optional<double> scale;
  bool lse = false;
  /// Batch and token counts are `?`.
  bool dynamic = false;
  double lambdaInit = 0.8;
  /// The entries of the batch are sequences of variable length; the tokens are
  /// those of all sequences.
  bool varlen = false;
  /// Heads in front of tokens in query, key, value and output.
  bool headMajor = false;
};

/// A module with one function `@attention` on tensors.
OwningOpRef<ModuleOp> buildLayer(MLIRContext &context, const Layer &layer);

} // namespace mlir::diff

#endif // DIFF_TOOLS_DIFFGEN_LAYERBUILDER_H
