//===- RowPanels.cpp - Panels of rows in vector lanes ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowPanels.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::diff;

Value PanelBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}
Value PanelBuilder::add(Value a, Value c) {
  return b.createOrFold<arith::AddIOp>(a, c);
}
Value PanelBuilder::mul(Value a, int64_t factor) {
  return b.createOrFold<arith::MulIOp>(a, index(factor));
}
Value PanelBuilder::mod(Value a, int64_t divisor) {
  return b.createOrFold<arith::RemUIOp>(a, index(divisor));
}
Value PanelBuilder::div(Value a, int64_t divisor) {
  return b.createOrFold<arith::DivUIOp>(a, index(divisor));
}
Value PanelBuilder::min(Value a, Value c) {
  return b.createOrFold<arith::MinSIOp>(a, c);
}
Value PanelBuilder::max(Value a, Value c) {
  return b.createOrFold<arith::MaxSIOp>(a, c);
}

Value PanelBuilder::constant(double value) {
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(lane, b.getF32FloatAttr(value)));
}

Row PanelBuilder::splat(double value) {
  return Row(plan.vectors, constant(value));
}

Row PanelBuilder::map(ArrayRef<Row> rows,
                      function_ref<Value(ValueRange)> body) {
  Row results;
  for (int64_t i = 0; i < plan.vectors; ++i)
    results.push_back(body(
        llvm::map_to_vector(rows, [&](const Row &row) { return row[i]; })));
  return results;
}

Row PanelBuilder::load(Value panel, Value depth) {
  Row row;
  for (int64_t i = 0; i < plan.vectors; ++i)
    row.push_back(vector::LoadOp::create(
        b, lane, panel, ValueRange{depth, index(i * plan.lanes)}));
  return row;
}

void PanelBuilder::store(const Row &row, Value panel, Value depth) {
  for (auto [i, value] : llvm::enumerate(row))
    vector::StoreOp::create(b, value, panel,
                            ValueRange{depth, index(i * plan.lanes)});
}

Row PanelBuilder::load(Value values) {
  Row row;
  for (int64_t i = 0; i < plan.vectors; ++i)
    row.push_back(
        vector::LoadOp::create(b, lane, values, index(i * plan.lanes)));
  return row;
}

void PanelBuilder::store(const Row &row, Value values) {
  for (auto [i, value] : llvm::enumerate(row))
    vector::StoreOp::create(b, value, values, index(i * plan.lanes));
}

SmallVector<Row>
PanelBuilder::loop(Value lower, Value upper, int64_t step, ArrayRef<Row> inits,
                   function_ref<SmallVector<Row>(Value, ArrayRef<Row>)> body) {
  SmallVector<Value> flat;
  for (const Row &row : inits)
    llvm::append_range(flat, row);
  auto split = [&](ValueRange values) {
    SmallVector<Row> rows;
    for (size_t i = 0; i < inits.size(); ++i)
      rows.push_back(Row(values.slice(i * plan.vectors, plan.vectors)));
    return rows;
  };
  auto loop = scf::ForOp::create(
      b, lower, upper, index(step), flat,
      [&](OpBuilder &, Location, Value iv, ValueRange carried) {
        SmallVector<Value> yielded;
        for (const Row &row : body(iv, split(carried)))
          llvm::append_range(yielded, row);
        scf::YieldOp::create(b, yielded);
      });
  return split(loop.getResults());
}

void PanelBuilder::loop(Value lower, Value upper, int64_t step,
                        function_ref<void(Value)> body) {
  loop(lower, upper, step, {}, [&](Value iv, ArrayRef<Row>) {
    body(iv);
    return SmallVector<Row>();
  });
}

SmallVector<Row>
PanelBuilder::multiply(int64_t depth, Value count, int64_t unroll, Value panel,
                       function_ref<Value(int64_t, Value)> scalar) {
  SmallVector<Row> zeros(depth, splat(0.0));
  return loop(
      index(0), count, unroll, zeros, [&](Value first, ArrayRef<Row> carried) {
        SmallVector<Row> sums(carried);
        for (int64_t u = 0; u < unroll; ++u) {
          Value k = add(first, index(u));
          Row rows = load(panel, k);
          for (int64_t i = 0; i < depth; ++i) {
            Value element = vector::BroadcastOp::create(b, lane, scalar(i, k));
            sums[i] = map({rows, sums[i]}, [&](ValueRange v) -> Value {
              return vector::FMAOp::create(b, element, v[0], v[1]);
            });
          }
        }
        return sums;
      });
}

SmallVector<Value> PanelBuilder::transpose(SmallVector<Value> rows) {
  // Interleaving rows i and i + half moves the first bit of the row number to
  // the end of the column number. After log2(lanes) rounds, row and column are
  // exchanged.
  int64_t width = plan.lanes, half = width / 2;
  for (int64_t round = 1; round < width; round *= 2) {
    SmallVector<Value> next;
    for (int64_t i = 0; i < half; ++i)
      for (int64_t begin : {int64_t(0), half}) {
        SmallVector<int64_t> mask;
        for (int64_t j = begin; j < begin + half; ++j)
          llvm::append_values(mask, j, width + j);
        next.push_back(
            vector::ShuffleOp::create(b, rows[i], rows[i + half], mask));
      }
    rows = std::move(next);
  }
  return rows;
}

void PanelBuilder::forEachSquare(int64_t width,
                                 function_ref<void(Value, Value)> body) {
  loop(index(0), index(plan.getLanes()), plan.lanes, [&](Value firstLane) {
    loop(index(0), index(width), plan.lanes,
         [&](Value element) { body(firstLane, element); });
  });
}

void PanelBuilder::pack(Value buffer, int64_t width, Value panel,
                        function_ref<SmallVector<Value>(Value)> indices) {
  Type element = getElementTypeOrSelf(buffer.getType());
  VectorType type = VectorType::get(plan.lanes, element);
  bool inBounds = width % plan.lanes == 0;
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(element));
  forEachSquare(width, [&](Value firstLane, Value first) {
    SmallVector<Value> rows;
    for (int64_t i = 0; i < plan.lanes; ++i) {
      Value row = min(add(firstLane, index(i)), index(plan.getRows() - 1));
      SmallVector<Value> position = indices(row);
      position.push_back(first);
      Value read = vector::TransferReadOp::create(b, type, buffer, position,
                                                  zero, ArrayRef(inBounds));
      if (type != lane)
        read = arith::ExtFOp::create(b, lane, read);
      rows.push_back(read);
    }
    for (auto [i, column] : llvm::enumerate(transpose(rows)))
      vector::StoreOp::create(b, column, panel,
                              ValueRange{add(first, index(i)), firstLane});
  });
}

void PanelBuilder::unpack(Value panel, int64_t width, Value buffer,
                          function_ref<SmallVector<Value>(Value)> indices) {
  bool inBounds = width % plan.lanes == 0;
  forEachSquare(width, [&](Value firstLane, Value first) {
    SmallVector<Value> columns;
    for (int64_t i = 0; i < plan.lanes; ++i)
      columns.push_back(vector::LoadOp::create(
          b, lane, panel, ValueRange{add(first, index(i)), firstLane}));
    for (auto [i, values] : llvm::enumerate(transpose(columns))) {
      // The lanes after the last row hold the same values as its lane.
      Value row = min(add(firstLane, index(i)), index(plan.getRows() - 1));
      SmallVector<Value> position = indices(row);
      position.push_back(first);
      vector::TransferWriteOp::create(b, values, buffer, position,
                                      ArrayRef(inBounds));
    }
  });
}
