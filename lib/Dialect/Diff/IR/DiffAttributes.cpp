//===- DiffAttributes.cpp - Attributes of the diff dialect ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::diff;

#define GET_ATTRDEF_CLASSES
#include "diff/Dialect/Diff/IR/DiffAttributes.cpp.inc"

void DiffDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "diff/Dialect/Diff/IR/DiffAttributes.cpp.inc"
      >();
}

LogicalResult MaskAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t left, int64_t right) {
  for (auto [name, side] : {std::pair("left", left), {"right", right}})
    if (side < -1)
      return emitError() << "the " << name << " side of a mask's window is -1 "
                         << "(unlimited) or a number of keys, found " << side;
  return success();
}

/// mask ::= `<` (`causal` | window | `causal` `,` window) `>`
/// window ::= `window` `=` `[` left `,` right `]`
Attribute MaskAttr::parse(AsmParser &parser, Type) {
  int64_t left = -1, right = -1;
  if (parser.parseLess())
    return {};
  bool causal = succeeded(parser.parseOptionalKeyword("causal"));
  if (!causal || succeeded(parser.parseOptionalComma())) {
    if (parser.parseKeyword("window") || parser.parseEqual() ||
        parser.parseLSquare() || parser.parseInteger(left) ||
        parser.parseComma() || parser.parseInteger(right) ||
        parser.parseRSquare())
      return {};
  }
  SMLoc end = parser.getCurrentLocation();
  if (parser.parseGreater())
    return {};
  return MaskAttr::getChecked([&] { return parser.emitError(end); },
                              parser.getContext(), left, causal ? 0 : right);
}

void MaskAttr::print(AsmPrinter &printer) const {
  printer << '<';
  if (isCausal())
    printer << "causal";
  if (!isCausal() || getLeft() >= 0) {
    if (isCausal())
      printer << ", ";
    printer << "window = [" << getLeft() << ", " << getRight() << "]";
  }
  printer << '>';
}

/// More than any chip's memory close to its cores holds a row of.
static constexpr int64_t kMaxTileSize = 65536;

/// Slots beyond which nothing is gained: copies then run ahead by more than the
/// latency of memory.
static constexpr int64_t kMaxStages = 8;

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   int64_t heads, int64_t queries, int64_t keys,
                                   int64_t threads, int64_t stages, bool, bool,
                                   bool) {
  for (auto [name, size] :
       {std::pair("heads", heads), {"queries", queries}, {"keys", keys}})
    if (size < 1 || size > kMaxTileSize)
      return emitError() << "'" << name << "' of a schedule must be 1 to "
                         << kMaxTileSize << ", found " << size;
  if (threads < 0 || threads > 1024 || threads % 32 != 0)
    return emitError() << "'threads' of a schedule must be a multiple of 32 up "
                          "to 1024, or 0 for a tile that is not for a GPU, "
                          "found "
                       << threads;
  if (stages < 0 || stages > kMaxStages)
    return emitError() << "'stages' of a schedule must be 0 (no tensor cores) "
                          "to "
                       << kMaxStages << ", found " << stages;
  if (stages > 0 && threads == 0)
    return emitError() << "a schedule with 'stages' needs 'threads'";
  return success();
}
