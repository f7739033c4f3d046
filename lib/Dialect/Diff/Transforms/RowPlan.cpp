//===- RowPlan.cpp - Rows of an attention in vector lanes -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/Transforms/RowPlan.h"
#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace mlir;
using namespace mlir::diff;

/// The most rows of a key head that are few, also with fewer lanes. Measured.
static constexpr int64_t kFewRows = 8;

SmallVector<RowGroup> diff::getRowGroups(AttentionOpInterface op) {
  int64_t maps = op.getNumMaps(), keyMaps = op.getNumKeyMaps();
  if (keyMaps > 1 && keyMaps == maps)
    return {{/*firstMap=*/0, /*numMaps=*/1, /*repeat=*/maps, /*firstKey=*/0}};
  SmallVector<RowGroup> groups;
  for (const KeyPart &part : getKeyParts(op))
    groups.push_back(
        {part.firstMap, part.numMaps, /*repeat=*/1, part.keyMap.value_or(0)});
  return groups;
}

int64_t diff::getRowsPerToken(AttentionOpInterface op, int64_t heads) {
  int64_t maps = 1;
  for (const RowGroup &group : getRowGroups(op))
    maps = std::max(maps, group.numMaps);
  return heads * maps;
}

bool diff::isFewRows(const VectorUnit &unit, int64_t rows) {
  // Panels would leave lanes idle, and widen f16 and bf16 for few uses.
  return rows <= std::max(unit.lanes, kFewRows);
}

ProductKind diff::selectProducts(const VectorUnit &unit,
                                 AttentionOpInterface op) {
  auto isBF16 = [&](unsigned operand) {
    return getElementTypeOrSelf(op->getOperand(operand).getType()).isBF16();
  };
  if (!(unit.amx || unit.dots) || !isBF16(kQueryOperand) ||
      !isBF16(kKeyOperand) || !isBF16(kValueOperand))
    return ProductKind::Vectors;
  // Packing and half-empty tiles cost more than they save for few rows or keys.
  constexpr int64_t kMinRows = 16, kMinKeys = 32;
  int64_t tokens = op.getDimSize('n'), keys = op.getDimSize('m');
  int64_t rows = getRowsPerToken(op, op.getGroupSize());
  bool pays = (ShapedType::isDynamic(tokens) || tokens * rows >= kMinRows) &&
              (ShapedType::isDynamic(keys) || keys >= kMinKeys);
  if (!pays)
    return ProductKind::Vectors;
  return unit.amx ? ProductKind::Tiles : ProductKind::Pairs;
}

/// The registers of a panel whose rows are columns of tiles. More columns would
/// move the scores of a block out of the first cache.
static constexpr int64_t kTileVectors = 2;

int64_t diff::getMaxPanelVectors(const VectorUnit &unit, ProductKind kind) {
  if (kind == ProductKind::Tiles)
    return kTileVectors;
  // A quarter more than an eighth of the registers, see `planRows`.
  return std::max<int64_t>(1, unit.registers * 5 / 32);
}

RowPlan diff::planRows(const VectorUnit &unit, ProductKind kind,
                       int64_t rowsPerToken, int64_t maxTokens, bool divides) {
  // Tiles of 6 x 4 registers on CPUs with 32 registers, and of 6 x 2 with 16,
  // were the fastest of those measured. The rows of some heads fill one more
  // register without padding.
  int64_t target = kind == ProductKind::Tiles
                       ? kTileVectors
                       : std::max<int64_t>(1, unit.registers / 8);
  int64_t most = getMaxPanelVectors(unit, kind);
  RowPlan best{unit.lanes, 0, 0, rowsPerToken, 0};
  double bestScore = -1;
  for (int64_t tokens = 1; tokens <= maxTokens; ++tokens) {
    if (divides && maxTokens % tokens != 0)
      continue;
    int64_t rows = tokens * rowsPerToken;
    int64_t vectors = llvm::divideCeil(rows, unit.lanes);
    if (vectors > most && tokens > 1)
      break;
    int64_t depth = std::clamp<int64_t>(
        (unit.registers - 1 - vectors) / vectors, 1, kMaxPanelDepth);
    double used = double(rows) / double(vectors * unit.lanes);
    double score = used * std::min(1.0, double(vectors) / double(target));
    if (score > bestScore) {
      bestScore = score;
      best = {unit.lanes, vectors, tokens, rowsPerToken, depth};
    }
  }
  return best;
}
