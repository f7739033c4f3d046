//===- NamedGeneric.cpp - linalg ops over named loops ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/Transforms/NamedGeneric.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::diff;

void NamedGenericBuilder::drop(char dim) {
  sizes[dim] = builder.getIndexAttr(1);
  dropped += dim;
}

void NamedGenericBuilder::declareOrDrop(char dim, OpFoldResult size) {
  if (isConstantIntValue(size, 1))
    return drop(dim);
  declare(dim, size);
}

std::string NamedGenericBuilder::keep(StringRef dims) const {
  std::string kept;
  llvm::copy_if(dims, std::back_inserter(kept),
                [&](char dim) { return !StringRef(dropped).contains(dim); });
  return kept;
}

NamedValue NamedGenericBuilder::empty(StringRef dims, Type elementType) {
  SmallVector<OpFoldResult> shape;
  std::string kept = keep(dims);
  for (char dim : kept)
    shape.push_back(sizes.lookup(dim));
  return {tensor::EmptyOp::create(builder, loc, shape, elementType), kept};
}

NamedValue NamedGenericBuilder::fill(StringRef dims, FloatType elementType,
                                     double value) {
  NamedValue destination = empty(dims, elementType);
  Value constant = arith::ConstantOp::create(
      builder, loc, builder.getFloatAttr(elementType, value));
  auto filled =
      linalg::FillOp::create(builder, loc, constant, destination.value);
  return {filled.getResult(0), destination.dims};
}

/// Returns each letter of `dims` as a separate group.
static SmallVector<StringRef> splitLetters(StringRef dims) {
  SmallVector<StringRef> groups;
  for (size_t i = 0; i < dims.size(); ++i)
    groups.push_back(dims.substr(i, 1));
  return groups;
}

NamedValue NamedGenericBuilder::view(Value tensor, StringRef dims) {
  return view(tensor, splitLetters(dims));
}

Value NamedGenericBuilder::unview(const NamedValue &part, Value tensor,
                                  StringRef dims) {
  return unview(part, tensor, splitLetters(dims));
}

NamedValue NamedGenericBuilder::view(Value tensor, ArrayRef<StringRef> groups) {
  auto type = cast<RankedTensorType>(tensor.getType());
  // Remove the dimensions that keep no letter.
  SmallVector<std::string> kept;
  SmallVector<int64_t> shape;
  for (auto [size, group] : llvm::zip_equal(type.getShape(), groups)) {
    std::string letters = keep(group);
    if (letters.empty())
      continue;
    kept.push_back(letters);
    shape.push_back(size);
  }
  if (kept.size() != groups.size()) {
    SmallVector<OpFoldResult> whole =
        tensor::getMixedSizes(builder, loc, tensor);
    SmallVector<OpFoldResult> zeros(whole.size(), builder.getIndexAttr(0));
    SmallVector<OpFoldResult> ones(whole.size(), builder.getIndexAttr(1));
    type = RankedTensorType::get(shape, type.getElementType());
    tensor = tensor::ExtractSliceOp::create(builder, loc, type, tensor, zeros,
                                            whole, ones);
  }
  // Split the dimensions that keep several letters.
  std::string dims;
  SmallVector<OpFoldResult> split;
  SmallVector<ReassociationIndices> reassociation;
  for (const std::string &letters : kept) {
    ReassociationIndices &positions = reassociation.emplace_back();
    for (char letter : letters) {
      positions.push_back(split.size());
      split.push_back(sizes.lookup(letter));
    }
    dims += letters;
  }
  if (dims.size() == kept.size())
    return {tensor, dims};
  SmallVector<int64_t> splitShape;
  for (OpFoldResult size : split)
    splitShape.push_back(
        getConstantIntValue(size).value_or(ShapedType::kDynamic));
  auto splitType = RankedTensorType::get(splitShape, type.getElementType());
  return {tensor::ExpandShapeOp::create(builder, loc, splitType, tensor,
                                        reassociation, split),
          dims};
}

Value NamedGenericBuilder::unview(const NamedValue &part, Value tensor,
                                  ArrayRef<StringRef> groups) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Value value = part.value;
  SmallVector<ReassociationIndices> reassociation;
  SmallVector<int64_t> shape;
  int64_t next = 0;
  for (auto [size, group] : llvm::zip_equal(type.getShape(), groups)) {
    std::string letters = keep(group);
    if (letters.empty())
      continue;
    ReassociationIndices &positions = reassociation.emplace_back();
    for (size_t i = 0; i < letters.size(); ++i)
      positions.push_back(next++);
    shape.push_back(size);
  }
  if (static_cast<size_t>(next) != reassociation.size())
    value = tensor::CollapseShapeOp::create(
        builder, loc, RankedTensorType::get(shape, type.getElementType()),
        value, reassociation);
  if (reassociation.size() == groups.size())
    return value;
  SmallVector<OpFoldResult> whole = tensor::getMixedSizes(builder, loc, tensor);
  SmallVector<OpFoldResult> zeros(whole.size(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> ones(whole.size(), builder.getIndexAttr(1));
  return tensor::InsertSliceOp::create(builder, loc, value, tensor, zeros,
                                       whole, ones);
}

NamedValue NamedGenericBuilder::everyNth(Value tensor, StringRef dims, char dim,
                                         int64_t offset, int64_t stride) {
  SmallVector<OpFoldResult> tensorSizes =
      tensor::getMixedSizes(builder, loc, tensor);
  SmallVector<OpFoldResult> offsets(dims.size(), builder.getIndexAttr(0)),
      strides(dims.size(), builder.getIndexAttr(1));
  size_t position = dims.find(dim);
  offsets[position] = builder.getIndexAttr(offset);
  OpFoldResult size = sizes.lookup(dim);
  tensorSizes[position] = size;
  // With a stride of one element, rank-reduced views of the buffer would be
  // ambiguous.
  if (!isConstantIntValue(size, 1))
    strides[position] = builder.getIndexAttr(stride);
  SmallVector<int64_t> shape;
  for (auto [letter, size] : llvm::zip_equal(dims, tensorSizes))
    if (!keep(StringRef(&letter, 1)).empty())
      shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  return {tensor::ExtractSliceOp::create(builder, loc,
                                         RankedTensorType::get(shape, element),
                                         tensor, offsets, tensorSizes, strides),
          keep(dims)};
}

NamedValue NamedGenericBuilder::merge(const NamedValue &value, StringRef order,
                                      StringRef parts, char whole) {
  NamedValue merged = value;
  if (!StringRef(merged.dims).contains(parts)) {
    Type element = getElementTypeOrSelf(value.value.getType());
    merged = generic(
        order, "", {value}, empty(order, element),
        [](OpBuilder &, Location, ValueRange s) -> Value { return s[0]; });
  }
  SmallVector<ReassociationIndices> groups;
  SmallVector<int64_t> shape;
  size_t first = StringRef(merged.dims).find(parts);
  auto type = cast<RankedTensorType>(merged.value.getType());
  for (size_t i = 0; i < merged.dims.size(); ++i) {
    bool joins = i > first && i < first + parts.size();
    if (!joins) {
      groups.emplace_back();
      shape.push_back(1);
    }
    groups.back().push_back(i);
    shape.back() = ShapedType::isDynamic(type.getDimSize(i))
                       ? ShapedType::kDynamic
                       : shape.back() * type.getDimSize(i);
  }
  merged.value = tensor::CollapseShapeOp::create(
      builder, loc, RankedTensorType::get(shape, type.getElementType()),
      merged.value, groups);
  merged.dims.replace(first, parts.size(), 1, whole);
  return merged;
}

namespace {
/// Offsets, sizes and strides of a slice along one dimension.
struct SliceParameters {
  SliceParameters(OpBuilder &builder, Location loc, const NamedValue &whole,
                  char dim, OpFoldResult size, int64_t offset)
      : position(whole.dims.find(dim)),
        sizes(tensor::getMixedSizes(builder, loc, whole.value)),
        offsets(sizes.size(), builder.getIndexAttr(0)),
        strides(sizes.size(), builder.getIndexAttr(1)) {
    offsets[position] = builder.getIndexAttr(offset);
    sizes[position] = size;
  }

  size_t position;
  SmallVector<OpFoldResult> sizes, offsets, strides;
};
} // namespace

NamedValue NamedGenericBuilder::slice(const NamedValue &whole, char dim,
                                      char part, int64_t offset) {
  SliceParameters slice(builder, loc, whole, dim, sizes.lookup(part), offset);
  std::string dims = whole.dims;
  dims[slice.position] = part;
  return {tensor::ExtractSliceOp::create(builder, loc, whole.value,
                                         slice.offsets, slice.sizes,
                                         slice.strides),
          dims};
}

NamedValue NamedGenericBuilder::insert(const NamedValue &part,
                                       const NamedValue &whole, char dim,
                                       int64_t offset) {
  size_t position = whole.dims.find(dim);
  SliceParameters slice(builder, loc, whole, dim,
                        sizes.lookup(part.dims[position]), offset);
  return {tensor::InsertSliceOp::create(builder, loc, part.value, whole.value,
                                        slice.offsets, slice.sizes,
                                        slice.strides),
          whole.dims};
}

AffineMap NamedGenericBuilder::getMap(StringRef loops, StringRef dims) const {
  SmallVector<AffineExpr> results;
  for (char dim : dims) {
    auto [loop, divisor] = quotients.lookup(dim);
    AffineExpr index = builder.getAffineDimExpr(loops.find(loop ? loop : dim));
    results.push_back(loop ? index.floorDiv(divisor) : index);
  }
  return AffineMap::get(loops.size(), 0, results, builder.getContext());
}

NamedValue NamedGenericBuilder::generic(StringRef loops, StringRef reductions,
                                        ArrayRef<NamedValue> inputs,
                                        const NamedValue &destination,
                                        Body body) {
  std::string kept = keep(loops);
  SmallVector<AffineMap> maps;
  SmallVector<Value> values;
  for (const NamedValue &input : inputs) {
    values.push_back(input.value);
    maps.push_back(getMap(kept, input.dims));
  }
  maps.push_back(getMap(kept, destination.dims));
  SmallVector<utils::IteratorType> iterators;
  for (char loop : kept)
    iterators.push_back(reductions.contains(loop)
                            ? utils::IteratorType::reduction
                            : utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, loc, destination.value.getType(), values, destination.value,
      maps, iterators, [&](OpBuilder &b, Location l, ValueRange elements) {
        linalg::YieldOp::create(b, l, body(b, l, elements));
      });
  return {generic.getResult(0), destination.dims};
}

Value NamedGenericBuilder::index(OpBuilder &b, Location l, StringRef loops,
                                 char dim) const {
  std::string kept = keep(loops);
  size_t position = kept.find(dim);
  if (position == std::string::npos)
    return arith::ConstantIndexOp::create(b, l, 0);
  return linalg::IndexOp::create(b, l, position);
}
