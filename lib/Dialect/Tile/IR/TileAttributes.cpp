//===- TileAttributes.cpp - Layouts, swizzles, schedules ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/IR/Tile.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

#define GET_ATTRDEF_CLASSES
#include "diff/Dialect/Tile/IR/TileAttributes.cpp.inc"

void TileDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "diff/Dialect/Tile/IR/TileAttributes.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

/// Returns strides that make the last dimension the fastest.
static SmallVector<int64_t> getRowMajorStrides(ArrayRef<int64_t> counts) {
  SmallVector<int64_t> strides(counts.size(), 1);
  int64_t stride = 1;
  for (int64_t i = counts.size() - 1; i >= 0; --i) {
    strides[i] = stride;
    stride *= counts[i];
  }
  return strides;
}

/// Returns the strides with 1 for undistributed dimensions.
static SmallVector<int64_t> canonicalize(ArrayRef<int64_t> counts,
                                         ArrayRef<int64_t> strides) {
  SmallVector<int64_t> result(strides);
  for (auto [count, stride] : llvm::zip_equal(counts, result))
    if (count == 1)
      stride = 1;
  return result;
}

LayoutAttr LayoutAttr::get(MLIRContext *context, ArrayRef<int64_t> warps,
                           ArrayRef<int64_t> lanes, ArrayRef<int64_t> elems) {
  return get(context, warps, lanes, elems, getRowMajorStrides(warps),
             getRowMajorStrides(lanes))
      .getCanonical();
}

LayoutAttr LayoutAttr::getCanonical() const {
  return get(getContext(), getWarps(), getLanes(), getElems(),
             canonicalize(getWarps(), getWarpStrides()),
             canonicalize(getLanes(), getLaneStrides()));
}

/// An upper bound; a thread does not have this many registers.
static constexpr int64_t kMaxCount = 65536;

/// Verifies that the dimensions are different digits of the lane or warp
/// number: each stride is a multiple of the next smaller one times its count.
static LogicalResult verifyStrides(function_ref<InFlightDiagnostic()> emitError,
                                   StringRef name, StringRef whole,
                                   int64_t limit, ArrayRef<int64_t> counts,
                                   ArrayRef<int64_t> strides) {
  SmallVector<std::pair<int64_t, int64_t>> digits;
  for (auto [count, stride] : llvm::zip_equal(counts, strides)) {
    // The stride of a dimension that is not distributed has no meaning.
    if (count == 1)
      continue;
    if (stride > limit || count * stride > limit)
      return emitError() << "'" << name << "' of a layout must be within "
                         << whole << " " << limit << ", found " << count
                         << " with stride " << stride;
    digits.emplace_back(stride, count);
  }
  llvm::sort(digits);
  int64_t end = 1;
  for (auto [stride, count] : digits) {
    if (stride % end != 0)
      return emitError() << "'" << name << "' of a layout must not overlap, "
                         << "found " << count << " with stride " << stride
                         << ", which is no multiple of the " << end
                         << " that smaller strides use";
    end = stride * count;
  }
  return success();
}

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 ArrayRef<int64_t> warps,
                                 ArrayRef<int64_t> lanes,
                                 ArrayRef<int64_t> elems,
                                 ArrayRef<int64_t> warpStrides,
                                 ArrayRef<int64_t> laneStrides) {
  for (auto [name, list] : {std::pair("warps", warps),
                            {"elems", elems},
                            {"warp_strides", warpStrides},
                            {"lane_strides", laneStrides}})
    if (list.size() != lanes.size())
      return emitError() << "'" << name << "' of a layout must have an entry "
                         << "for each of the " << lanes.size()
                         << " dimensions that 'lanes' has, found "
                         << list.size();
  for (auto [name, list] : {std::pair("lanes", lanes), {"elems", elems}})
    for (int64_t value : list)
      if (value < 1 || value > kMaxCount || !llvm::isPowerOf2_64(value))
        return emitError() << "'" << name << "' of a layout must be powers of "
                           << "two up to " << kMaxCount << ", found " << value;
  for (auto [name, list] : {std::pair("warps", warps),
                            {"warp_strides", warpStrides},
                            {"lane_strides", laneStrides}})
    for (int64_t value : list)
      if (value < 1)
        return emitError() << "'" << name << "' of a layout must be positive, "
                           << "found " << value;
  for (auto [count, stride] : llvm::zip_equal(lanes, laneStrides))
    if (count > 1 && !llvm::isPowerOf2_64(stride))
      return emitError() << "strides of 'lanes' of a layout must be powers of "
                            "two, found "
                         << stride;
  return success(succeeded(verifyStrides(emitError, "lanes", "a warp's", kLanes,
                                         lanes, laneStrides)) &&
                 succeeded(verifyStrides(emitError, "warps", "a block's",
                                         kMaxWarps, warps, warpStrides)));
}

/// layout ::= `<` key `=` list (`,` key `=` list)* `>`
Attribute LayoutAttr::parse(AsmParser &parser, Type) {
  std::optional<SmallVector<int64_t>> warps, lanes, elems, warpStrides,
      laneStrides;
  SMLoc start = parser.getCurrentLocation();
  auto parseEntry = [&]() -> ParseResult {
    StringRef key;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseKeyword(&key) || parser.parseEqual())
      return failure();
    std::optional<SmallVector<int64_t>> *place =
        llvm::StringSwitch<std::optional<SmallVector<int64_t>> *>(key)
            .Case("warps", &warps)
            .Case("lanes", &lanes)
            .Case("elems", &elems)
            .Case("warp_strides", &warpStrides)
            .Case("lane_strides", &laneStrides)
            .Default(nullptr);
    if (!place)
      return parser.emitError(loc)
             << "a layout has 'warps', 'lanes', 'elems', 'warp_strides' and "
                "'lane_strides', found '"
             << key << "'";
    if (*place)
      return parser.emitError(loc) << "'" << key << "' is given twice";
    place->emplace();
    return parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
      return parser.parseInteger((*place)->emplace_back());
    });
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater,
                                     parseEntry))
    return {};
  if (!lanes) {
    parser.emitError(start) << "a layout needs 'lanes'";
    return {};
  }
  SmallVector<int64_t> ones(lanes->size(), 1);
  if (!warps)
    warps = ones;
  if (!elems)
    elems = ones;
  if (!warpStrides)
    warpStrides = getRowMajorStrides(*warps);
  if (!laneStrides)
    laneStrides = getRowMajorStrides(*lanes);
  auto layout = LayoutAttr::getChecked([&] { return parser.emitError(start); },
                                       parser.getContext(), *warps, *lanes,
                                       *elems, *warpStrides, *laneStrides);
  return layout ? layout.getCanonical() : layout;
}

void LayoutAttr::print(AsmPrinter &printer) const {
  auto printList = [&](StringRef key, ArrayRef<int64_t> list) {
    printer << key << " = [";
    llvm::interleaveComma(list, printer);
    printer << "]";
  };
  printer << '<';
  if (llvm::any_of(getWarps(), [](int64_t count) { return count != 1; })) {
    printList("warps", getWarps());
    printer << ", ";
  }
  printList("lanes", getLanes());
  printer << ", ";
  printList("elems", getElems());
  auto printStrides = [&](StringRef key, ArrayRef<int64_t> counts,
                          ArrayRef<int64_t> strides) {
    if (canonicalize(counts, getRowMajorStrides(counts)) ==
        canonicalize(counts, strides))
      return;
    printer << ", ";
    printList(key, strides);
  };
  printStrides("warp_strides", getWarps(), getWarpStrides());
  printStrides("lane_strides", getLanes(), getLaneStrides());
  printer << '>';
}

std::optional<int64_t> LayoutAttr::getRepetitions(int64_t dim,
                                                  int64_t size) const {
  int64_t unit = getWarps()[dim] * getLanes()[dim] * getElems()[dim];
  if (size % unit != 0)
    return std::nullopt;
  return size / unit;
}

VectorType LayoutAttr::getLaneType(VectorType type) const {
  if (type.getRank() != getRank() || type.isScalable())
    return {};
  SmallVector<int64_t> shape;
  for (auto [dim, size] : llvm::enumerate(type.getShape())) {
    std::optional<int64_t> repetitions = getRepetitions(dim, size);
    if (!repetitions)
      return {};
    shape.push_back(*repetitions);
  }
  llvm::append_range(shape, getElems());
  return VectorType::get(shape, type.getElementType());
}

LayoutAttr LayoutAttr::dropDims(ArrayRef<int64_t> dims) const {
  SmallVector<int64_t> kept;
  for (int64_t dim = 0; dim < getRank(); ++dim)
    if (!llvm::is_contained(dims, dim))
      kept.push_back(dim);
  auto select = [&](ArrayRef<int64_t> list) {
    return llvm::map_to_vector(kept, [&](int64_t dim) { return list[dim]; });
  };
  return get(getContext(), select(getWarps()), select(getLanes()),
             select(getElems()), select(getWarpStrides()),
             select(getLaneStrides()));
}

LayoutAttr LayoutAttr::prependDims(int64_t count) const {
  auto prepend = [&](ArrayRef<int64_t> list) {
    SmallVector<int64_t> result(count, 1);
    llvm::append_range(result, list);
    return result;
  };
  return get(getContext(), prepend(getWarps()), prepend(getLanes()),
             prepend(getElems()), prepend(getWarpStrides()),
             prepend(getLaneStrides()));
}

LayoutAttr LayoutAttr::permute(ArrayRef<int64_t> permutation) const {
  auto permuted = [&](ArrayRef<int64_t> list) {
    return llvm::map_to_vector(permutation,
                               [&](int64_t dim) { return list[dim]; });
  };
  return get(getContext(), permuted(getWarps()), permuted(getLanes()),
             permuted(getElems()), permuted(getWarpStrides()),
             permuted(getLaneStrides()));
}

int64_t LayoutAttr::getNumLanes() const { return llvm::product_of(getLanes()); }
int64_t LayoutAttr::getNumWarps() const { return llvm::product_of(getWarps()); }

//===----------------------------------------------------------------------===//
// Swizzle and schedule
//===----------------------------------------------------------------------===//

/// 16-byte columns of the 32 banks of 4 bytes, and their logarithm.
static constexpr int64_t kBankColumns = 8;
static constexpr int64_t kBankBits = 3;

LogicalResult SwizzleAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                  int64_t bits, int64_t shift) {
  if (bits < 1 || bits > kBankBits || shift < 0 || bits + shift > kBankBits)
    return emitError() << "a swizzle has 1 to " << kBankBits
                       << " bits and a shift of at most " << kBankBits
                       << " - bits, found bits " << bits << " and shift "
                       << shift;
  return success();
}

SwizzleAttr tile::getSwizzleForRows(MLIRContext *context, int64_t rowBytes) {
  int64_t columns = std::gcd(rowBytes / kChunkBytes, kBankColumns);
  if (columns == 1)
    return {};
  int64_t bits = llvm::Log2_64(columns);
  return SwizzleAttr::get(context, bits, kBankBits - bits);
}

int64_t tile::getPaddingForRows(int64_t rowBytes) {
  return rowBytes / kChunkBytes % 2 == 0 ? kChunkBytes : 0;
}

int64_t tile::getPaddingForAccumulators(int64_t rowBytes) {
  return rowBytes % (4 * kChunkBytes) == 0 ? 2 * kChunkBytes : 0;
}

LogicalResult MmaAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                              int64_t m, int64_t n, int64_t k,
                              int64_t neighbours, LayoutAttr result) {
  if (m != 16 || n != 8 || (k != 8 && k != 16))
    return emitError() << "an instruction must be m16n8k16 or m16n8k8, found m"
                       << m << "n" << n << "k" << k;
  if (neighbours != 2 && (k == 16 || neighbours != 1))
    return emitError() << "'neighbours' of m16n8k" << k << " must be "
                       << (k == 16 ? "2" : "1 or 2") << ", found "
                       << neighbours;
  // An accumulator: rows of four lanes with two columns each.
  int64_t last = result.getRank() - 1;
  bool isAccumulator =
      last >= 1 && result.getNumLanes() == kLanes &&
      result.getLanes()[last] == 4 && result.getLaneStrides()[last] == 1 &&
      result.getElems()[last] == 2 && result.getWarps()[last] == 1 &&
      llvm::all_of(result.getElems().drop_back(),
                   [](int64_t count) { return count == 1; });
  if (!isAccumulator)
    return emitError() << "'result' must be the layout of an accumulator: "
                          "rows of 8 lanes, columns of 4 lanes with 2 elems, "
                          "found "
                       << result;
  return success();
}

LogicalResult ScheduleAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                   int64_t warps, int64_t stages, bool, bool,
                                   bool, bool) {
  if (warps < 1 || warps > kMaxWarps)
    return emitError() << "'warps' of a schedule must be 1 to " << kMaxWarps
                       << ", found " << warps;
  if (stages < 1 || stages > kMaxStages)
    return emitError() << "'stages' of a schedule must be 1 to " << kMaxStages
                       << ", found " << stages;
  return success();
}
