//===- AttentionInterfaces.cpp - The verifier of all attentions -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::diff;

#include "diff/Dialect/Diff/IR/AttentionInterfaces.cpp.inc"

double diff::detail::getEffectiveScale(Operation *op) {
  auto attention = cast<AttentionOpInterface>(op);
  if (FloatAttr scale = attention.getScaleAttr())
    return scale.getValueAsDouble();
  return 1.0 / std::sqrt(static_cast<double>(attention.getDimSize('d')));
}

StringRef diff::detail::getParts(char letter) {
  switch (letter) {
  case 'q':
    return "pa";
  case 'k':
    return "gc";
  case 'v':
    return "ew";
  default:
    return "";
  }
}

std::optional<DimPosition> diff::detail::findDim(Operation *op, char letter) {
  auto attention = cast<AttentionOpInterface>(op);
  for (unsigned operand = 0; operand < op->getNumOperands(); ++operand)
    if (size_t position = attention.getOperandDims(operand).find(letter);
        position != StringRef::npos)
      return DimPosition{operand, static_cast<unsigned>(position)};
  return std::nullopt;
}

int64_t diff::detail::getDimSize(Operation *op, char letter) {
  std::optional<DimPosition> dim = findDim(op, letter);
  if (StringRef parts = getParts(letter); !dim && !parts.empty())
    return getDimSize(op, parts[0]) * getDimSize(op, parts[1]);
  assert(dim && "no operand has this dimension");
  return cast<ShapedType>(op->getOperand(dim->operand).getType())
      .getDimSize(dim->position);
}

FloatType diff::detail::getComputeType(Operation *op) {
  auto attention = cast<AttentionOpInterface>(op);
  Type element = getElementTypeOrSelf(attention.getQuery().getType());
  if (element.isF64())
    return cast<FloatType>(element);
  return Float32Type::get(op->getContext());
}

namespace {
/// Returns the name of a dimension in diagnostics.
StringRef describe(char dim) {
  switch (dim) {
  case 'b':
    return "batch";
  case 'n':
    return "query tokens";
  case 'm':
    return "key tokens";
  case 'h':
    return "output heads";
  case 'q':
    return "query heads";
  case 'k':
    return "key heads";
  case 'g':
    return "value heads";
  case 'd':
    return "head dimension";
  case 's':
    return "sequence offsets";
  case 'p':
    return "head groups";
  case 'a':
    return "maps of a head group";
  case 'c':
    return "key heads of a value head";
  case 'e':
    return "parts of the value head dimension";
  case 'w':
    return "size of a part of the value head dimension";
  default:
    return "value head dimension";
  }
}

/// Heads and head dimensions are static; the others may be dynamic.
bool mustBeStatic(char dim) { return !StringRef("bnms").contains(dim); }

/// Verifies one attention op. Records the first size found for each letter, and
/// the operand that has it.
class Verifier {
public:
  explicit Verifier(AttentionOpInterface attention)
      : attention(attention), op(attention) {}

  LogicalResult run() {
    return success(succeeded(verifySequences()) &&
                   succeeded(verifyOperandKinds()) &&
                   succeeded(verifyLayout()) && succeeded(verifyDims()) &&
                   succeeded(verifyParts()) && succeeded(verifyHeads()) &&
                   succeeded(verifyElementTypes()) &&
                   succeeded(verifyAttributes()) && succeeded(verifyResults()));
  }

private:
  struct Size {
    int64_t value = ShapedType::kDynamic;
    unsigned operand = 0;
  };

  std::string name(unsigned operand) {
    return ("'" + attention.getOperandName(operand) + "'").str();
  }

  /// Requires both offsets or none, and no diagonal with offsets.
  LogicalResult verifySequences() {
    Value query = attention.getCuSeqlensQ(), key = attention.getCuSeqlensK();
    if (!query != !key)
      return op->emitOpError("needs 'cu_seqlens_q' and 'cu_seqlens_k', or "
                             "neither, found only '")
             << (query ? "cu_seqlens_q" : "cu_seqlens_k") << "'";
    if (query && attention.getDiagonal())
      return op->emitOpError("has 'cu_seqlens_q' and so a diagonal for each "
                             "sequence; 'diagonal' must be absent");
    return success();
  }

  /// Requires permutations of the dimensions of the operands.
  LogicalResult verifyLayout() {
    LayoutAttr layout = attention.getLayoutAttr();
    if (!layout)
      return success();
    for (StringRef operandName : LayoutAttr::getOperandNames()) {
      ArrayRef<int64_t> permutation = layout.getPermutation(operandName);
      if (permutation.empty())
        continue;
      const auto numbers = llvm::seq(op->getNumOperands());
      auto operand = llvm::find_if(numbers, [&](unsigned i) {
        return attention.getOperandName(i) == operandName;
      });
      if (operand == numbers.end())
        return op->emitOpError("has a layout of '")
               << operandName << "', which is no operand of the op";
      size_t rank = attention.getOperandDims(*operand).size();
      if (permutation.size() != rank)
        return op->emitOpError("the layout of '")
               << operandName << "' must permute its " << rank
               << " dimensions, found a permutation of " << permutation.size();
    }
    return success();
  }

  /// Requires all tensors or all memrefs, with the ranks of their letters.
  LogicalResult verifyOperandKinds() {
    bool tensors = isa<TensorType>(attention.getQuery().getType());
    for (OpOperand &operand : op->getOpOperands()) {
      unsigned i = operand.getOperandNumber();
      auto type = dyn_cast<ShapedType>(operand.get().getType());
      if (!type)
        continue;
      if (isa<TensorType>(type) != tensors)
        return op->emitOpError()
               << "operands must be all tensors or all memrefs; 'query' is "
               << attention.getQuery().getType() << " and " << name(i) << " is "
               << type;
      StringRef dims = attention.getOperandDims(i);
      if (type.getRank() != static_cast<int64_t>(dims.size())) {
        InFlightDiagnostic diag = op->emitOpError()
                                  << name(i) << " must have rank ";
        auto list = [&](StringRef dims) {
          diag << dims.size() << " [";
          llvm::interleaveComma(dims, diag,
                                [&](char dim) { diag << describe(dim); });
          diag << "]";
        };
        list(dims);
        if (StringRef pair = attention.getOperandPairDims(i); !pair.empty()) {
          diag << " or ";
          list(pair);
        }
        return diag << ", found " << type;
      }
    }
    return success();
  }

  /// Requires one size for all dimensions with the same letter.
  LogicalResult verifyDims() {
    for (OpOperand &operand : op->getOpOperands()) {
      unsigned i = operand.getOperandNumber();
      auto type = dyn_cast<ShapedType>(operand.get().getType());
      if (!type)
        continue;
      for (auto [position, dim] : llvm::enumerate(attention.getOperandDims(i)))
        if (failed(verifyDim(i, type, position, dim)))
          return failure();
    }
    return success();
  }

  LogicalResult verifyDim(unsigned operand, ShapedType type, unsigned position,
                          char dim) {
    int64_t size = type.getDimSize(position);
    if (ShapedType::isDynamic(size)) {
      if (mustBeStatic(dim))
        return op->emitOpError()
               << "dimension " << position << " (" << describe(dim) << ") of "
               << name(operand) << " must be static, found " << type;
      return success();
    }
    if (size == 0 && dim == 's')
      return op->emitOpError() << name(operand)
                               << " must have an element for each sequence and "
                                  "one more, found "
                               << type;
    if (size == 0 && mustBeStatic(dim))
      return op->emitOpError()
             << "dimension " << position << " (" << describe(dim) << ") of "
             << name(operand) << " must be positive, found " << type;
    Size &known = sizes[dim];
    if (ShapedType::isDynamic(known.value)) {
      known = {size, operand};
      return success();
    }
    if (known.value != size)
      return op->emitOpError()
             << "dimension " << position << " (" << describe(dim) << ") of "
             << name(operand) << " must be " << known.value << ", as in "
             << name(known.operand) << ", found " << type;
    return success();
  }

  /// Requires `expected` as the size of a part of a split dimension.
  LogicalResult verifyPart(char dim, int64_t expected, StringRef reason) {
    auto found = sizes.find(dim);
    if (found == sizes.end() || found->second.value == expected)
      return success();
    unsigned operand = found->second.operand;
    return op->emitOpError()
           << "dimension " << attention.getOperandDims(operand).find(dim)
           << " (" << describe(dim) << ") of " << name(operand) << " must be "
           << expected << ", " << reason << ", found "
           << op->getOperand(operand).getType();
  }

  /// Determines the size of a dimension from its parts, if it is split.
  LogicalResult combineParts(char dim) {
    StringRef parts = diff::detail::getParts(dim);
    if (!sizes.count(parts[1]))
      return success();
    Size product = {0, sizes[parts[1]].operand};
    if (llvm::MulOverflow(sizes[parts[0]].value, sizes[parts[1]].value,
                          product.value))
      return op->emitOpError()
             << name(product.operand) << " has more " << describe(dim)
             << " than 64 bits can count, found "
             << op->getOperand(product.operand).getType();
    Size &known = sizes[dim];
    if (ShapedType::isDynamic(known.value)) {
      known = product;
      return success();
    }
    if (known.value != product.value)
      return op->emitOpError()
             << "dimension "
             << attention.getOperandDims(known.operand).find(dim) << " ("
             << describe(dim) << ") of " << name(known.operand) << " must be "
             << product.value << ", as in " << name(product.operand)
             << ", found " << op->getOperand(known.operand).getType();
    return success();
  }

  /// Requires consistent sizes of the parts of split dimensions.
  LogicalResult verifyParts() {
    constexpr int64_t most = std::numeric_limits<int32_t>::max();
    if (attention.getNumSignals() > most)
      return op->emitOpError("'signals' must be at most ")
             << most << ", found " << attention.getNumSignals();
    return success(
        succeeded(
            verifyPart('a', attention.getNumMaps(), "the number of maps")) &&
        succeeded(combineParts('q')) && succeeded(combineParts('k')) &&
        (!isa<AttentionCombineOpInterface>(op) ||
         (succeeded(verifyPart('c', attention.getNumKeyMaps(),
                               "the number of key heads of a value head")) &&
          succeeded(verifyPart('e', attention.getValueWidth(),
                               "the ratio of the value's to the query's head "
                               "dimension")))) &&
        succeeded(combineParts('v')));
  }

  /// Requires consistent numbers of heads and a legal value width.
  LogicalResult verifyHeads() {
    int64_t maps = attention.getNumMaps();
    if (maps < 1)
      return op->emitOpError("'maps' must be positive, found ") << maps;
    int64_t keyMaps = attention.getNumKeyMaps();
    int64_t signals = attention.getNumSignals();
    Size query = sizes['q'], key = sizes['k'], value = sizes['g'];
    if (query.value % maps != 0)
      return op->emitOpError()
             << "the number of query heads must be a multiple of " << maps
             << ", one for each map of "
             << (signals > 1 ? "a head group" : "an output head") << ", found "
             << query.value << " in 'query'";
    int64_t groups = query.value / maps, heads = groups * signals;
    if (sizes.count('h') && sizes['h'].value != heads) {
      InFlightDiagnostic diag = op->emitOpError()
                                << name(sizes['h'].operand) << " must have "
                                << heads << " output heads (";
      if (signals > 1)
        diag << signals << " of each " << maps << " query heads of 'query'";
      else
        diag << "the query heads of 'query' divided by its " << maps
             << (maps == 1 ? " map" : " maps");
      return diag << "), found " << sizes['h'].value;
    }
    if (key.value != keyMaps * value.value)
      return op->emitOpError()
             << "'key' must have " << keyMaps * value.value << " heads ("
             << keyMaps << (keyMaps == 1 ? "" : " for each")
             << (keyMaps == 1 ? " x" : " of") << " the " << value.value
             << " value heads), found " << key.value;
    if (groups % value.value != 0 && signals > 1)
      return op->emitOpError()
             << "the number of head groups must be a multiple of the number of "
                "value heads, found "
             << groups << " groups of " << maps << " query heads and "
             << value.value << " value heads";
    if (groups % value.value != 0)
      return op->emitOpError()
             << "the number of output heads must be a multiple of the number "
                "of value heads, found "
             << heads << " output heads ('query' has " << query.value
             << " heads) and " << value.value << " value heads";
    if (int64_t width = attention.getValueWidth())
      if (sizes['v'].value != width * sizes['d'].value)
        return op->emitOpError()
               << "the head dimension of 'value' must be "
               << width * sizes['d'].value << " ("
               << (width == 1 ? "that of 'query'" : "twice that of 'query'")
               << "), found " << sizes['v'].value;
    return success();
  }

  /// Requires f16, bf16, f32 or f64 elements. Running values and the
  /// log-sum-exp have the compute type; weights have either type.
  LogicalResult verifyElementTypes() {
    Type element = getElementTypeOrSelf(attention.getQuery().getType());
    bool combine = isa<AttentionCombineOpInterface>(op);
    if (!(element.isF16() || element.isBF16() || element.isF32() ||
          (combine && element.isF64())))
      return op->emitOpError()
             << "'query' must have elements of type f16, bf16"
             << (combine ? ", f32 or f64" : " or f32") << ", found " << element;
    Type compute = attention.getComputeType();
    for (OpOperand &operand : op->getOpOperands()) {
      unsigned i = operand.getOperandNumber();
      auto type = dyn_cast<ShapedType>(operand.get().getType());
      if (!type || i == 0)
        continue;
      StringRef operandName = attention.getOperandName(i);
      Type found = type.getElementType();
      if (attention.getOperandDims(i) == "s") {
        if (!found.isSignlessInteger(32))
          return op->emitOpError()
                 << name(i) << " must have elements of type i32, found "
                 << found;
        continue;
      }
      bool computes =
          llvm::is_contained({"lse", "acc", "max", "sum"}, operandName) ||
          attention.getOperandDims(i) == "h";
      bool either =
          !computes && llvm::is_contained({"lambda", "weight"}, operandName);
      if (found == (computes ? compute : element) ||
          (either && found == compute))
        continue;
      InFlightDiagnostic diag = op->emitOpError()
                                << name(i) << " must have elements of type "
                                << (computes ? compute : element);
      if (either && element != compute)
        diag << " or " << compute;
      return diag << ", found " << found;
    }
    return success();
  }

  LogicalResult verifyPositive(StringRef attrName, FloatAttr attr) {
    if (!attr)
      return success();
    double found = attr.getValueAsDouble();
    if (std::isfinite(found) && found > 0)
      return success();
    return op->emitOpError() << "'" << attrName
                             << "' must be finite and positive, found " << attr;
  }

  LogicalResult verifyAttributes() {
    return success(
        succeeded(verifyPositive("scale", attention.getScaleAttr())) &&
        succeeded(verifyPositive("softcap", attention.getSoftcapAttr())) &&
        succeeded(verifyScaleRange()));
  }

  /// The factor of the scores and the power of two above it are f32: they would
  /// be changed in silence for a larger scale.
  LogicalResult verifyScaleRange() {
    constexpr double largest = 0x1p127 / llvm::numbers::log2e;
    if (attention.getComputeType().isF64() ||
        attention.getEffectiveScale() <= largest)
      return success();
    return op->emitOpError()
           << "'scale' must be at most 1.17e+38, so that its product with "
              "log2(e) is at most 2^127, found "
           << attention.getScaleAttr();
  }

  /// Requires one result of the same type for each tensor destination.
  LogicalResult verifyResults() {
    auto destination = cast<DestinationStyleOpInterface>(op);
    bool tensors = isa<TensorType>(attention.getQuery().getType());
    unsigned expected = tensors ? destination.getNumDpsInits() : 0;
    if (op->getNumResults() != expected)
      return op->emitOpError()
             << "must have " << expected << " result"
             << (expected == 1 ? "" : "s")
             << (tensors ? ", one for each destination" : " on memrefs")
             << ", found " << op->getNumResults();
    return success();
  }

  AttentionOpInterface attention;
  Operation *op;
  llvm::DenseMap<char, Size> sizes;
};
} // namespace

LogicalResult diff::detail::verifyAttentionOp(Operation *op) {
  return Verifier(cast<AttentionOpInterface>(op)).run();
}
