//===- RowReader.cpp - Rows of keys and values as vectors -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowReader.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::diff;

int64_t diff::getLanesForWidth(const VectorUnit &unit, int64_t width) {
  return std::min<int64_t>(unit.lanes, llvm::bit_floor<uint64_t>(width));
}

RowReader::RowReader(PanelBuilder &p, Type element, int64_t width)
    : p(p), b(p.b), element(element), width(width),
      isPaired(element.isBF16() && width >= 2 * p.plan.lanes),
      elements(p.plan.lanes * (isPaired ? 2 : 1)),
      numLoads(llvm::divideCeil(width, elements)) {}

SmallVector<Value> RowReader::forEachLoads(int64_t depth, ValueRange inits,
                                           Body body, bool peels) {
  int64_t whole = width / elements / depth * depth;
  auto getPositions = [&](Value first, int64_t count) {
    SmallVector<Value> positions;
    for (int64_t i = 0; i < count; ++i)
      positions.push_back(p.mul(p.add(first, p.index(i)), elements));
    return positions;
  };
  SmallVector<Value> carried(inits);
  int64_t begin = 0;
  if (whole == depth || (peels && whole > 0)) {
    carried = body(p.index(0), getPositions(p.index(0), depth), carried);
    begin = depth;
  }
  if (begin < whole) {
    auto loop = scf::ForOp::create(
        b, p.index(begin), p.index(whole), p.index(depth), carried,
        [&](OpBuilder &, Location, Value first, ValueRange values) {
          scf::YieldOp::create(b,
                               body(first, getPositions(first, depth), values));
        });
    carried.assign(loop.result_begin(), loop.result_end());
  }
  if (whole == numLoads)
    return carried;
  // Up to `depth` loads. The last one may begin earlier.
  SmallVector<Value> positions = getPositions(p.index(whole), numLoads - whole);
  positions.back() = p.index(width - elements);
  return body(p.index(whole), positions, carried);
}

Value RowReader::load(VectorType type, Value buffer, ArrayRef<Value> row,
                      Value position) {
  SmallVector<Value> indices(row);
  indices.push_back(position);
  return vector::LoadOp::create(b, type, buffer, indices);
}

SmallVector<Value> RowReader::read(Value buffer, ArrayRef<Value> row,
                                   Value position) {
  Value loaded =
      load(VectorType::get(elements, element), buffer, row, position);
  if (element.isF32())
    return {loaded};
  if (!isPaired)
    return {arith::ExtFOp::create(b, p.lane, loaded)};
  VectorType bits = VectorType::get(p.plan.lanes, b.getI32Type());
  auto splat = [&](uint32_t value) -> Value {
    return arith::ConstantOp::create(
        b, DenseElementsAttr::get(bits, APInt(32, value)));
  };
  Value pairs = vector::BitCastOp::create(b, bits, loaded);
  Value even = arith::ShLIOp::create(b, pairs, splat(16));
  Value odd = arith::AndIOp::create(b, pairs, splat(0xffff0000));
  return {arith::BitcastOp::create(b, p.lane, even),
          arith::BitcastOp::create(b, p.lane, odd)};
}

void RowReader::prefetch(Value matrix, Value row) {
  constexpr int64_t kCacheLine = 64;
  int64_t step = kCacheLine * 8 / element.getIntOrFloatBitWidth();
  for (int64_t column = 0; column < width; column += step)
    memref::PrefetchOp::create(b, matrix, ValueRange{row, p.index(column)},
                               /*isWrite=*/false, /*localityHint=*/3,
                               /*isDataCache=*/true);
}

void RowReader::clearRepeated(SmallVectorImpl<Value> &vectors, int64_t number) {
  int64_t repeated = number * elements - (width - elements);
  if (number != numLoads - 1 || repeated == 0)
    return;
  for (auto [i, vector] : llvm::enumerate(vectors)) {
    SmallVector<bool> isNew;
    for (int64_t lane = 0; lane < p.plan.lanes; ++lane)
      isNew.push_back(lane * getVectorsOfLoad() + int64_t(i) >= repeated);
    Value mask = arith::ConstantOp::create(
        b, DenseElementsAttr::get(VectorType::get(p.plan.lanes, b.getI1Type()),
                                  isNew));
    vector = arith::SelectOp::create(b, mask, vector, p.constant(0.0));
  }
}

SmallVector<Value> RowReader::readWide(Value buffer, ArrayRef<Value> row,
                                       Value position) {
  Value first = load(p.lane, buffer, row, position);
  if (!isPaired)
    return {first};
  Value second =
      load(p.lane, buffer, row, p.add(position, p.index(p.plan.lanes)));
  SmallVector<Value> vectors;
  for (int64_t parity : {0, 1}) {
    SmallVector<int64_t> mask;
    for (int64_t lane = 0; lane < p.plan.lanes; ++lane)
      mask.push_back(2 * lane + parity);
    vectors.push_back(vector::ShuffleOp::create(b, first, second, mask));
  }
  return vectors;
}

void RowReader::writeWide(ValueRange vectors, Value buffer, ArrayRef<Value> row,
                          Value position) {
  auto store = [&](Value vector, int64_t offset) {
    SmallVector<Value> indices(row);
    indices.push_back(p.add(position, p.index(offset)));
    vector::StoreOp::create(b, vector, buffer, indices);
  };
  if (!isPaired)
    return store(vectors[0], 0);
  int64_t lanes = p.plan.lanes;
  for (int64_t half : {0, 1}) {
    SmallVector<int64_t> mask;
    for (int64_t i = half * lanes; i < (half + 1) * lanes; ++i)
      mask.push_back(i / 2 + i % 2 * lanes);
    store(vector::ShuffleOp::create(b, vectors[0], vectors[1], mask),
          half * lanes);
  }
}

/// Returns the vector of the lanes of `a`, `c` with these numbers.
static Value addShuffled(PanelBuilder &p, Value a, Value c,
                         ArrayRef<int64_t> low, ArrayRef<int64_t> high) {
  return arith::AddFOp::create(p.b, vector::ShuffleOp::create(p.b, a, c, low),
                               vector::ShuffleOp::create(p.b, a, c, high));
}

Value diff::sumLanes(PanelBuilder &p, SmallVector<Value> vectors,
                     unsigned &step) {
  // All shuffles are within groups of four lanes, or of whole groups: CPUs have
  // instructions for them.
  int64_t lanes = p.plan.lanes, group = std::min<int64_t>(lanes, 4);
  for (; vectors.size() > 1; ++step) {
    SmallVector<int64_t> low, high;
    if (step == 0) {
      for (int64_t first = 0; first < lanes; first += group)
        for (int64_t i = first; i < first + group / 2; ++i) {
          llvm::append_values(low, i, lanes + i);
          llvm::append_values(high, i + group / 2, lanes + i + group / 2);
        }
    } else if (step == 1) {
      for (int64_t i = 0; i < lanes; i += 4) {
        llvm::append_values(low, i, i + 1, lanes + i, lanes + i + 1);
        llvm::append_values(high, i + 2, i + 3, lanes + i + 2, lanes + i + 3);
      }
    } else {
      for (int64_t first = 0; first < 2 * lanes; first += 8)
        for (int64_t i = first; i < first + 4; ++i) {
          low.push_back(i);
          high.push_back(i + 4);
        }
    }
    SmallVector<Value> next;
    for (size_t i = 0; i < vectors.size(); i += 2)
      next.push_back(addShuffled(p, vectors[i], vectors[i + 1], low, high));
    vectors = std::move(next);
  }
  return vectors.front();
}

Value diff::reduceLanes(PanelBuilder &p, Value vector,
                        function_ref<Value(Value, Value)> combine) {
  for (int64_t distance = p.plan.lanes / 2; distance > 0; distance /= 2) {
    SmallVector<int64_t> mask;
    for (int64_t lane = 0; lane < p.plan.lanes; ++lane)
      mask.push_back(lane ^ distance);
    vector =
        combine(vector, vector::ShuffleOp::create(p.b, vector, vector, mask));
  }
  return vector;
}
