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
/// Builds the function; the names are those of the ops' operands.
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
    }
    bool standard = layer.variant == Variant::Standard;
    queryHeads = (standard ? 1 : 2) * layer.heads;
    bool v1 = layer.variant == Variant::V1;
    keyHeads = (v1 ? 2 : 1) * layer.kvHeads;
    valueDim = (v1 ? 2 : 1) * layer.dim;
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

  void declareArguments() {
    declare("query", {batch, queryTokens, queryHeads, layer.dim}, element);
    declare("key", {batch, keyTokens, keyHeads, layer.dim}, element);
    declare("value", {batch, keyTokens, layer.kvHeads, valueDim}, element);
    if (layer.variant == Variant::V2)
      declare("lambda", {batch, queryTokens, layer.heads}, element);
    if (layer.variant == Variant::V1) {
      declare("lambda", {layer.heads}, b.getF32Type());
      declare("weight", {valueDim}, b.getF32Type());
    }
  }

  RankedTensorType getOutputType() {
    return RankedTensorType::get({batch, queryTokens, layer.heads, valueDim},
                                 element);
  }
  RankedTensorType getLseType() {
    return RankedTensorType::get({batch, queryHeads, queryTokens},
                                 b.getF32Type());
  }

  /// Output and, if asked for, log-sum-exp; dynamic sizes are the query's.
  SmallVector<Value> createDestinations() {
    SmallVector<Value> sizes;
    if (layer.dynamic) {
      Value query = function.getArgument(0);
      for (int64_t dim : {0, 1}) {
        Value index = arith::ConstantIndexOp::create(b, b.getUnknownLoc(), dim);
        sizes.push_back(tensor::DimOp::create(
            b, named(dim == 0 ? "batch" : "tokens"), query, index));
      }
    }
    SmallVector<Value> destinations;
    destinations.push_back(
        tensor::EmptyOp::create(b, named("output"), getOutputType(), sizes));
    if (layer.lse)
      destinations.push_back(
          tensor::EmptyOp::create(b, named("lse"), getLseType(), sizes));
    return destinations;
  }

  FloatAttr getAttr(std::optional<double> value) {
    return value ? b.getF64FloatAttr(*value) : FloatAttr();
  }

  Operation *createAttention(TypeRange results, ValueRange args, Value output,
                             Value lse) {
    Location loc = b.getUnknownLoc();
    MaskAttr mask;
    if (layer.window)
      mask = MaskAttr::get(b.getContext(), layer.window->first,
                           layer.window->second);
    FloatAttr scale = getAttr(layer.scale), softcap = getAttr(layer.softcap);
    Value diagonal;
    ScheduleAttr schedule;
    switch (layer.variant) {
    case Variant::V2:
      return AttentionOp::create(b, loc, results, args[0], args[1], args[2],
                                 args[3], diagonal, output, lse, mask, scale,
                                 softcap, schedule);
    case Variant::V1: {
      auto op = AttentionV1Op::create(
          b, loc, results, args[0], args[1], args[2], args[3], args[4],
          diagonal, output, lse, mask, scale, softcap,
          getAttr(layer.lambdaInit), /*epsilon=*/getAttr(1.0e-5), schedule);
      return op;
    }
    case Variant::Standard:
      return SoftmaxAttentionOp::create(b, loc, results, args[0], args[1],
                                        args[2], diagonal, output, lse, mask,
                                        scale, softcap, schedule);
    }
    llvm_unreachable("unknown variant");
  }

  const Layer &layer;
  OpBuilder b;
  Type element;
  int64_t batch = ShapedType::kDynamic;
  int64_t queryTokens = ShapedType::kDynamic;
  int64_t keyTokens = ShapedType::kDynamic;
  int64_t queryHeads, keyHeads, valueDim;
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
