//===- DiffAttributes.cpp - Attributes of the diff dialect ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

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

//===----------------------------------------------------------------------===//
// LayoutAttr
//===----------------------------------------------------------------------===//

static constexpr StringLiteral kLayoutOperands[] = {"query", "key", "value",
                                                    "output"};

ArrayRef<StringLiteral> LayoutAttr::getOperandNames() {
  return kLayoutOperands;
}

ArrayRef<int64_t> LayoutAttr::getPermutation(StringRef operand) const {
  return llvm::StringSwitch<ArrayRef<int64_t>>(operand)
      .Case("query", getQuery())
      .Case("key", getKey())
      .Case("value", getValue())
      .Case("output", getOutput())
      .Default({});
}

LayoutAttr LayoutAttr::withPermutation(MLIRContext *context, LayoutAttr layout,
                                       StringRef operand,
                                       ArrayRef<int64_t> permutation) {
  SmallVector<SmallVector<int64_t>> all;
  bool isDefault = true;
  for (StringRef name : getOperandNames()) {
    ArrayRef<int64_t> found = name == operand ? permutation
                              : layout        ? layout.getPermutation(name)
                                              : ArrayRef<int64_t>();
    // The identity is the default.
    if (llvm::equal(found, llvm::seq<int64_t>(0, found.size())))
      found = {};
    isDefault &= found.empty();
    all.emplace_back(found);
  }
  if (isDefault)
    return {};
  return get(context, all[0], all[1], all[2], all[3]);
}

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 ArrayRef<int64_t> query, ArrayRef<int64_t> key,
                                 ArrayRef<int64_t> value,
                                 ArrayRef<int64_t> output) {
  const ArrayRef<int64_t> permutations[] = {query, key, value, output};
  for (auto [name, permutation] :
       llvm::zip_equal(getOperandNames(), permutations)) {
    SmallVector<int64_t> sorted(permutation);
    llvm::sort(sorted);
    if (!llvm::equal(sorted, llvm::seq<int64_t>(0, sorted.size()))) {
      InFlightDiagnostic diag = emitError();
      diag << "the layout of '" << name << "' must be a permutation of 0 to "
           << static_cast<int64_t>(permutation.size()) - 1 << ", found [";
      llvm::interleaveComma(permutation, diag);
      return diag << "]";
    }
    if (!permutation.empty() &&
        permutation.back() != static_cast<int64_t>(permutation.size()) - 1) {
      InFlightDiagnostic diag = emitError();
      diag << "the layout of '" << name
           << "' must keep the head dimension, number "
           << static_cast<int64_t>(permutation.size()) - 1
           << ", innermost, found [";
      llvm::interleaveComma(permutation, diag);
      return diag << "]";
    }
  }
  return success();
}

/// layout ::= `<` entry (`,` entry)* `>`
/// entry ::= (`query` | `key` | `value` | `output`) `=` `[` integer, ... `]`
Attribute LayoutAttr::parse(AsmParser &parser, Type) {
  SmallVector<int64_t> permutations[std::size(kLayoutOperands)];
  llvm::SMLoc begin = parser.getCurrentLocation();
  auto parseEntry = [&]() -> ParseResult {
    StringRef name;
    llvm::SMLoc place = parser.getCurrentLocation();
    if (parser.parseKeyword(&name))
      return failure();
    const auto *found = llvm::find(kLayoutOperands, name);
    if (found == std::end(kLayoutOperands))
      return parser.emitError(place, "a layout has an entry for 'query', "
                                     "'key', 'value' or 'output', found '")
             << name << "'";
    SmallVector<int64_t> &permutation =
        permutations[found - std::begin(kLayoutOperands)];
    if (!permutation.empty())
      return parser.emitError(place, "a layout has one entry for '")
             << name << "', found a second";
    return failure(
        parser.parseEqual() ||
        parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
          return parser.parseInteger(permutation.emplace_back());
        }));
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parseEntry))
    return {};
  return LayoutAttr::getChecked(
      [&] { return parser.emitError(begin); }, parser.getContext(),
      permutations[0], permutations[1], permutations[2], permutations[3]);
}

void LayoutAttr::print(AsmPrinter &printer) const {
  printer << '<';
  llvm::interleaveComma(
      llvm::make_filter_range(
          getOperandNames(),
          [&](StringRef name) { return !getPermutation(name).empty(); }),
      printer, [&](StringRef name) {
        printer << name << " = [";
        llvm::interleaveComma(getPermutation(name), printer);
        printer << ']';
      });
  printer << '>';
}

/// The maximum number of threads in a block on all chips.
static constexpr int64_t kMaxThreads = 1024;

LogicalResult OffsetsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  StringRef tensor, int64_t dimension) {
  if (tensor.empty())
    return emitError() << "'tensor' of offsets must not be empty";
  if (dimension < 0)
    return emitError() << "'dimension' of offsets must not be negative, found "
                       << dimension;
  return success();
}

LogicalResult KernelAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 StringRef op, int64_t threads, bool) {
  if (op.empty())
    return emitError() << "'op' of a kernel must not be empty";
  if (threads < 1 || threads > kMaxThreads)
    return emitError() << "'threads' of a kernel must be 1 to " << kMaxThreads
                       << ", found " << threads;
  return success();
}

/// More than the shared memory of any chip can hold one row of.
static constexpr int64_t kMaxTileSize = 65536;

/// More slots bring no gain: copies are then prefetched by more than the memory
/// latency.
static constexpr int64_t kMaxStages = 8;

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   int64_t heads, int64_t queries, int64_t keys,
                                   int64_t threads, int64_t stages, bool, bool,
                                   bool, bool tf32, int64_t split) {
  for (auto [name, size] :
       {std::pair("heads", heads), {"queries", queries}, {"keys", keys}})
    if (size < 1 || size > kMaxTileSize)
      return emitError() << "'" << name << "' of a schedule must be 1 to "
                         << kMaxTileSize << ", found " << size;
  if (threads < 0 || threads > kMaxThreads || threads % 32 != 0)
    return emitError() << "'threads' of a schedule must be a multiple of 32 up "
                          "to "
                       << kMaxThreads
                       << ", or 0 for a tile that is not for a GPU, found "
                       << threads;
  if (stages < 0 || stages > kMaxStages)
    return emitError() << "'stages' of a schedule must be 0 (no tensor cores) "
                          "to "
                       << kMaxStages << ", found " << stages;
  if (stages > 0 && threads == 0)
    return emitError() << "a schedule with 'stages' needs 'threads'";
  if (tf32 && stages == 0)
    return emitError() << "a schedule with 'tf32' needs 'stages': only tensor "
                          "cores multiply tf32";
  if (split < 0 || (split > 0 && threads > 0))
    return emitError()
           << "'split' of a schedule must not be negative, and must "
              "be 0 with 'threads', found "
           << split;
  return success();
}
