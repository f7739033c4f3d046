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

/// The parameters of a layer. `heads` is the number of output heads.
struct Layer {
  Variant variant = Variant::V2;
  int64_t batch = 1;
  int64_t queryTokens = 512;
  int64_t keyTokens = 512;
  int64_t heads = 8;
  int64_t kvHeads = 4;
  int64_t dim = 128;
  /// Signal heads for each noise head. `heads` counts signal heads.
  int64_t signals = 1;
  /// The value head dimension; twice `dim` for V1.
  std::optional<int64_t> valueDim;
  /// The keyword of the element type.
  std::string type = "bf16";
  /// Left and right side of the window; -1 for unlimited. None: no mask.
  std::optional<std::pair<int64_t, int64_t>> window;
  std::optional<double> softcap;
  std::optional<double> scale;
  bool lse = false;
  /// Batch and token counts are `?`.
  bool dynamic = false;
  /// With `dynamic`: the number of query tokens is 1.
  bool oneToken = false;
  double lambdaInit = 0.8;
  /// The epsilon of the norm of V1.
  double epsilon = 1.0e-5;
  /// The batch entries are sequences of variable length. Token counts are those
  /// of all sequences.
  bool varlen = false;
  /// Head-major query, key, value and output.
  bool headMajor = false;
  /// The maps of a pair, and the halves of the values of V1, are outside the
  /// heads: map 0 of all head groups first.
  bool pairsByHalves = false;
  /// A last argument holds the logits of the output gate.
  bool gate = false;

  int64_t getNumMaps() const {
    return variant == Variant::Standard ? 1 : signals + 1;
  }
  int64_t getNumHeadGroups() const { return heads / signals; }
  int64_t getNumQueryHeads() const { return getNumHeadGroups() * getNumMaps(); }
};

/// Builds a module with one function `@attention` on tensors.
OwningOpRef<ModuleOp> buildLayer(MLIRContext &context, const Layer &layer);

} // namespace mlir::diff

#endif // DIFF_TOOLS_DIFFGEN_LAYERBUILDER_H
