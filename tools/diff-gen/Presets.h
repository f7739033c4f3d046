//===- Presets.h - Attention layers of published models ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TOOLS_DIFFGEN_PRESETS_H
#define DIFF_TOOLS_DIFFGEN_PRESETS_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace mlir::diff {

/// A layer of a published model.
struct Preset {
  StringLiteral name;
  /// What it is a layer of, for --help.
  StringLiteral model;
  /// The options of diff-gen that describe the layer, separated by spaces, each
  /// in the form --name or --name=value.
  StringLiteral options;
};

ArrayRef<Preset> getPresets();

/// Returns nullptr if no preset has this name.
const Preset *findPreset(StringRef name);

} // namespace mlir::diff

#endif // DIFF_TOOLS_DIFFGEN_PRESETS_H
