//===- PackRings.cpp - Rings in dynamic shared memory ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::diff::tile {
#define GEN_PASS_DEF_TILEPACKRINGSPASS
#include "diff/Dialect/Tile/Transforms/Passes.h.inc"
} // namespace mlir::diff::tile

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

/// A line of 32 banks. With this alignment, a swizzled row keeps its banks.
static constexpr int64_t kRingAlignment = 128;

namespace {
/// From the first to the last op in the launch body that uses a ring.
struct Lifetime {
  RingOp ring;
  unsigned first, last;
  int64_t offset = 0;

  int64_t end() const {
    return offset +
           llvm::alignTo(RingOp(ring).getSizeInBytes(), kRingAlignment);
  }
  bool overlaps(const Lifetime &other) const {
    return first <= other.last && other.first <= last;
  }
};

struct TilePackRings : public tile::impl::TilePackRingsPassBase<TilePackRings> {
  using TilePackRingsPassBase::TilePackRingsPassBase;

  /// Returns the live ranges of the rings, in order.
  static SmallVector<Lifetime> getLifetimes(gpu::LaunchOp launch) {
    Block &body = launch.getBody().front();
    llvm::DenseMap<Operation *, unsigned> positions;
    for (auto [position, op] : llvm::enumerate(body))
      positions[&op] = position;
    SmallVector<Lifetime> lifetimes;
    launch.walk([&](RingOp ring) {
      Lifetime lifetime{ring, ~0u, 0};
      SmallVector<Operation *> users(ring->getUsers());
      while (!users.empty()) {
        Operation *user = users.pop_back_val();
        if (isa<SlotOp>(user))
          llvm::append_range(users, user->getUsers());
        Operation *top = body.findAncestorOpInBlock(*user);
        // A use in another block: the lifetime is unknown.
        if (!top) {
          lifetime.first = 0;
          lifetime.last = ~0u;
          break;
        }
        unsigned position = positions.lookup(top);
        // A view alone is not a use.
        if (!isa<SlotOp>(user)) {
          lifetime.first = std::min(lifetime.first, position);
          lifetime.last = std::max(lifetime.last, position);
        }
      }
      lifetimes.push_back(lifetime);
    });
    return lifetimes;
  }

  /// Inserts a barrier before the first use of a ring that reuses the memory of
  /// an earlier one, unless there already is one.
  static void separate(gpu::LaunchOp launch, const Lifetime &lifetime,
                       ArrayRef<Lifetime> placed) {
    if (llvm::none_of(placed, [&](const Lifetime &other) {
          return other.last < lifetime.first && other.offset < lifetime.end() &&
                 lifetime.offset < other.end();
        }))
      return;
    Operation *first = nullptr;
    for (Operation *user : RingOp(lifetime.ring)->getUsers())
      for (Operation *access : user->getUsers()) {
        Operation *top =
            launch.getBody().front().findAncestorOpInBlock(*access);
        if (top && (!first || top->isBeforeInBlock(first)))
          first = top;
      }
    if (!first || isa_and_nonnull<gpu::BarrierOp>(first->getPrevNode()))
      return;
    OpBuilder b(first);
    gpu::BarrierOp::create(b, first->getLoc());
  }

  LogicalResult pack(gpu::LaunchOp launch) {
    SmallVector<Lifetime> placed;
    int64_t size = 0;
    for (Lifetime lifetime : getLifetimes(launch)) {
      // Returns the lowest offset that no ring with an overlapping range uses.
      SmallVector<int64_t> candidates{0};
      for (const Lifetime &other : placed)
        if (other.overlaps(lifetime))
          candidates.push_back(other.end());
      llvm::sort(candidates);
      for (int64_t candidate : candidates) {
        lifetime.offset = candidate;
        if (llvm::none_of(placed, [&](const Lifetime &other) {
              return other.overlaps(lifetime) &&
                     other.offset < lifetime.end() &&
                     lifetime.offset < other.end();
            }))
          break;
      }
      lifetime.ring.setOffset(lifetime.offset);
      size = std::max(size, lifetime.end());
      placed.push_back(lifetime);
    }
    if (placed.empty())
      return success();
    for (const Lifetime &lifetime : placed)
      separate(launch, lifetime, placed);
    if (limit > 0 && size > limit)
      return launch.emitOpError("needs ")
             << size << " bytes of shared memory in a block, more than the "
             << static_cast<int64_t>(limit)
             << " that the chip has; use a smaller schedule";
    OpBuilder b(launch);
    launch.getDynamicSharedMemorySizeMutable().assign(arith::ConstantOp::create(
        b, launch.getLoc(), b.getI32IntegerAttr(size)));
    return success();
  }

  void runOnOperation() override {
    if (limit < 0) {
      emitError(getOperation()->getLoc(),
                "tile-pack-rings: option 'limit' must not be negative, found ")
          << static_cast<int64_t>(limit);
      return signalPassFailure();
    }
    WalkResult result = getOperation()->walk([&](gpu::LaunchOp launch) {
      return failed(pack(launch)) ? WalkResult::interrupt()
                                  : WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
