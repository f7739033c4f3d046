//===- LayerBuilder.cpp - The IR of an attention layer --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayerBuilder.h"
#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::diff;

namespace {
/// Builds the function with the names of the op's operands.
class LayerBuilder {
public:
  LayerBuilder(MLIRContext &context, const Layer &layer)
      : layer(layer), b(&context) {
    MLIRContext *ctx = &context;
    element = layer.type == "bf16"  ? Type(BFloat16Type::get(ctx))
              : layer.type == "f16" ? Type(Float16Type::get(ctx))
                                    : Type(Float32Type::get(ctx));
    if (!layer.dynamic) {
      batch = layer.batch;
      queryTokens = layer.queryTokens;
      keyTokens = layer.keyTokens;
    } else if (layer.oneToken) {
      queryTokens = 1;
    }
    bool v1 = layer.variant == Variant::V1;
    keyHeads = (v1 ? 2 : 1) * layer.kvHeads;
    valueDim = layer.valueDim.value_or((v1 ? 2 : 1) * layer.dim);
  }

  OwningOpRef<ModuleOp> build() {
    Location unknown = b.getUnknownLoc();
    OwningOpRef<ModuleOp> module = ModuleOp::create(unknown);
    b.setInsertionPointToStart(module->getBody());
    declareArguments();
    SmallVector<Type> results = {getOutputType()};
    if (layer.lse)
      results.push_back(getLseType());
    function = func::FuncOp::create(b, unknown, "attention",
                                    b.getFunctionType(argumentTypes, results));
    Block *entry =
        b.createBlock(&function.getBody(), {}, argumentTypes, argumentLocs);
    SmallVector<Value> destinations = createDestinations();
    Operation *op =
        createAttention(results, entry->getArguments(), destinations.front(),
                        layer.lse ? destinations.back() : Value());
    func::ReturnOp::create(b, unknown, op->getResults());
    return module;
  }

private:
  Location named(StringRef name) { return NameLoc::get(b.getStringAttr(name)); }

  void declare(StringRef name, ArrayRef<int64_t> shape, Type type) {
    argumentTypes.push_back(RankedTensorType::get(shape, type));
    argumentLocs.push_back(named(name));
  }

  /// Returns a shape in the layout of the layer, without a batch for sequences.
  SmallVector<int64_t> getShape(int64_t tokens, int64_t heads, int64_t dim) {
    SmallVector<int64_t> shape = {batch, tokens, heads, dim};
    if (layer.headMajor)
      std::swap(shape[1], shape[2]);
    return packed(shape);
  }
  SmallVector<int64_t> packed(ArrayRef<int64_t> shape) {
    return SmallVector<int64_t>(layer.varlen ? shape.drop_front() : shape);
  }

  void declareArguments() {
    declare("query", getShape(queryTokens, layer.getNumQueryHeads(), layer.dim),
            element);
    declare("key", getShape(keyTokens, keyHeads, layer.dim), element);
    if (layer.pairsByHalves && layer.variant == Variant::V1)
      declare("value", getShape(keyTokens, 2 * layer.kvHeads, layer.dim),
              element);
    else
      declare("value", getShape(keyTokens, layer.kvHeads, valueDim), element);
    if (layer.varlen) {
      int64_t offsets = ShapedType::isDynamic(batch) ? batch : batch + 1;
      declare("cu_seqlens_q", {offsets}, b.getI32Type());
      declare("cu_seqlens_k", {offsets}, b.getI32Type());
    }
    if (layer.variant == Variant::V2)
      declare("lambda", packed({batch, queryTokens, layer.heads}), element);
    if (layer.variant == Variant::V1) {
      declare("lambda", {layer.heads}, b.getF32Type());
      declare("weight", {valueDim}, b.getF32Type());
    }
    if (layer.gate)
      declare("gate", getShape(queryTokens, layer.heads, valueDim), element);
  }

  RankedTensorType getOutputType() {
    return RankedTensorType::get(getShape(queryTokens, layer.heads, valueDim),
                                 element);
  }
  RankedTensorType getLseType() {
    return RankedTensorType::get(
        packed({batch, layer.getNumQueryHeads(), queryTokens}), b.getF32Type());
  }

  /// Output and optional log-sum-exp. Dynamic sizes are those of the query.
  SmallVector<Value> createDestinations() {
    SmallVector<Value> sizes;
    if (layer.dynamic) {
      Value query = function.getArgument(0);
      auto addSize = [&](StringRef name, int64_t dim) {
        Value index = arith::ConstantIndexOp::create(b, b.getUnknownLoc(), dim);
        sizes.push_back(tensor::DimOp::create(b, named(name), query, index));
      };
      if (!layer.varlen)
        addSize("batch", 0);
      if (!layer.oneToken)
        addSize("tokens", (layer.varlen ? 0 : 1) + (layer.headMajor ? 1 : 0));
    }
    SmallVector<Value> destinations;
    destinations.push_back(
        tensor::EmptyOp::create(b, named("output"), getOutputType(), sizes));
    if (layer.lse)
      destinations.push_back(
          tensor::EmptyOp::create(b, named("lse"), getLseType(), sizes));
    return destinations;
  }

  LayoutAttr getLayout() {
    SmallVector<int64_t> plain, halves = {0, 1, 3, 2, 4};
    if (layer.headMajor) {
      plain = {0, 2, 1, 3};
      halves = {0, 3, 2, 1, 4};
    }
    if (layer.varlen)
      for (SmallVector<int64_t> *order : {&plain, &halves})
        if (!order->empty()) {
          order->erase(order->begin());
          for (int64_t &position : *order)
            --position;
        }
    LayoutAttr layout;
    for (StringRef name : LayoutAttr::getOperandNames())
      layout = LayoutAttr::withPermutation(b.getContext(), layout, name,
                                           isByHalves(name) ? halves : plain);
    return layout;
  }

  /// Returns true if the argument has the pair as a dimension outside the
  /// heads.
  bool isByHalves(StringRef name) {
    return layer.pairsByHalves &&
           (name == "query" || (layer.variant == Variant::V1 &&
                                (name == "key" || name == "value")));
  }

  /// Splits the heads of an argument by halves into `members` and the others.
  Value splitHeads(Value argument, StringRef name, int64_t members) {
    if (!isByHalves(name))
      return argument;
    auto type = cast<RankedTensorType>(argument.getType());
    int64_t heads = type.getRank() - (layer.headMajor ? 3 : 2);
    SmallVector<OpFoldResult> sizes;
    SmallVector<int64_t> shape;
    SmallVector<ReassociationIndices> groups;
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      int64_t size = type.getDimSize(dim);
      groups.push_back({static_cast<int64_t>(shape.size())});
      if (dim == heads) {
        groups.back().push_back(shape.size() + 1);
        llvm::append_values(shape, members, size / members);
        llvm::append_values(sizes, OpFoldResult(b.getIndexAttr(members)),
                            OpFoldResult(b.getIndexAttr(size / members)));
        continue;
      }
      shape.push_back(size);
      sizes.push_back(
          tensor::getMixedSize(b, b.getUnknownLoc(), argument, dim));
    }
    return tensor::ExpandShapeOp::create(
        b, named(name), RankedTensorType::get(shape, type.getElementType()),
        argument, groups, sizes);
  }

  FloatAttr getAttr(std::optional<double> value) {
    return value ? b.getF64FloatAttr(*value) : FloatAttr();
  }

  Operation *createAttention(TypeRange results, ValueRange args, Value output,
                             Value lse) {
    Location loc = b.getUnknownLoc();
    Value query = splitHeads(args[0], "query", layer.getNumMaps());
    Value key = splitHeads(args[1], "key", /*members=*/2);
    Value value = splitHeads(args[2], "value", /*members=*/2);
    MaskAttr mask;
    if (layer.window)
      mask = MaskAttr::get(b.getContext(), layer.window->first,
                           layer.window->second);
    FloatAttr scale = getAttr(layer.scale), softcap = getAttr(layer.softcap);
    Value diagonal, offsetsQ, offsetsK;
    if (layer.varlen) {
      offsetsQ = args[3];
      offsetsK = args[4];
    }
    Value gate = layer.gate ? args.back() : Value();
    IntegerAttr signals = b.getI64IntegerAttr(layer.signals);
    // The operands after the offsets: lambda and weight.
    ValueRange rest = args.drop_front(layer.varlen ? 5 : 3);
    ScheduleAttr schedule;
    LayoutAttr layout = getLayout();
    switch (layer.variant) {
    case Variant::V2:
      return AttentionOp::create(b, loc, results, query, key, value, offsetsQ,
                                 offsetsK, rest[0], gate, diagonal, output, lse,
                                 signals, mask, scale, softcap, layout,
                                 schedule);
    case Variant::V1:
      return AttentionV1Op::create(
          b, loc, results, query, key, value, offsetsQ, offsetsK, rest[0],
          rest[1], gate, diagonal, output, lse, signals, mask, scale, softcap,
          getAttr(layer.lambdaInit), getAttr(layer.epsilon), layout, schedule);
    case Variant::Standard:
      return SoftmaxAttentionOp::create(
          b, loc, results, query, key, value, offsetsQ, offsetsK, gate,
          diagonal, output, lse, mask, scale, softcap, layout, schedule);
    }
    llvm_unreachable("unknown variant");
  }

  const Layer &layer;
  OpBuilder b;
  Type element;
  int64_t batch = ShapedType::kDynamic;
  int64_t queryTokens = ShapedType::kDynamic;
  int64_t keyTokens = ShapedType::kDynamic;
  int64_t keyHeads, valueDim;
  SmallVector<Type> argumentTypes;
  SmallVector<Location> argumentLocs;
  func::FuncOp function;
};
} // namespace

OwningOpRef<ModuleOp> diff::buildLayer(MLIRContext &context,
                                       const Layer &layer) {
  context.loadDialect<DiffDialect, arith::ArithDialect, func::FuncDialect,
                      tensor::TensorDialect>();
  return LayerBuilder(context, layer).build();
}
