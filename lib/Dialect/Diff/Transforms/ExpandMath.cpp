//===- ExpandMath.cpp - Functions of elements on CPUs ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/DialectConversion.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include <limits>

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFEXPANDMATHPASS
#include "diff/Dialect/Diff/Transforms/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

/// Coefficients of 2^x on [0, 1], lowest first: a minimax polynomial with 1 as
/// its first coefficient, so that 2^0 is 1, adjusted to the roundings of its
/// evaluation in f32. The result is within 2.5 units in the last place, also of
/// small negative x, where x - floor(x) is rounded.
static constexpr double kExp2Coefficients[] = {
    1.0, 0.693152606, 0.240152553, 0.055835817, 0.00897357054, 0.0018853771};

/// The exponent of the smallest normal f32. Smaller results become 0, also
/// because instructions on denormal numbers are slow.
static constexpr double kLeastExponent = -126;

static Type withElementType(Type type, Type element) {
  if (auto shaped = dyn_cast<ShapedType>(type))
    return shaped.clone(element);
  return element;
}

/// Creates a constant of this float or integer type, or of vectors of it.
static Value createConstant(ImplicitLocOpBuilder &b, Type type, double value) {
  Type element = getElementTypeOrSelf(type);
  TypedAttr attribute =
      isa<FloatType>(element)
          ? TypedAttr(b.getFloatAttr(element, value))
          : TypedAttr(b.getIntegerAttr(element, static_cast<int64_t>(value)));
  if (auto shaped = dyn_cast<ShapedType>(type))
    attribute = DenseElementsAttr::get(shaped, attribute);
  return arith::ConstantOp::create(b, attribute);
}

/// Returns the polynomial of 2^x for x in [0, 1].
static Value buildExp2Polynomial(ImplicitLocOpBuilder &b, Value x) {
  Value sum;
  for (double coefficient : llvm::reverse(kExp2Coefficients)) {
    Value next = createConstant(b, x.getType(), coefficient);
    sum = sum ? math::FmaOp::create(b, sum, x, next).getResult() : next;
  }
  return sum;
}

static Value isBelow(ImplicitLocOpBuilder &b, Value a, Value c) {
  return arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, a, c);
}

namespace {
/// exp2 of f32: 2^floor(x) by its bits, and the rest by a polynomial. A NaN
/// stays one.
struct ExpandExp2 : public OpRewritePattern<math::Exp2Op> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::Exp2Op op,
                                PatternRewriter &rewriter) const override {
    Type f32 = op.getType();
    if (!getElementTypeOrSelf(f32).isF32())
      return rewriter.notifyMatchFailure(op, "not f32");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Type i32 = withElementType(f32, b.getI32Type());
    Value x = op.getOperand();
    // 2^128 is infinity. The predicate keeps a NaN.
    Value most = createConstant(b, f32, 128);
    Value clamped = arith::SelectOp::create(b, isBelow(b, most, x), most, x);
    Value floor = math::FloorOp::create(b, clamped);
    Value polynomial =
        buildExp2Polynomial(b, arith::SubFOp::create(b, clamped, floor));
    // The last bits of 1.5 * 2^23 + n are n. The others are shifted out.
    constexpr double kExponentBits = 23, kOne = 0x3f800000;
    Value sum =
        arith::AddFOp::create(b, floor, createConstant(b, f32, 0x1.8p23));
    Value shifted =
        arith::ShLIOp::create(b, arith::BitcastOp::create(b, i32, sum),
                              createConstant(b, i32, kExponentBits));
    Value power = arith::BitcastOp::create(
        b, f32,
        arith::AddIOp::create(b, shifted, createConstant(b, i32, kOne)));
    Value result = arith::MulFOp::create(b, polynomial, power);
    // Exponents below have other bits.
    rewriter.replaceOpWithNewOp<arith::SelectOp>(
        op, isBelow(b, x, createConstant(b, f32, kLeastExponent)),
        createConstant(b, f32, 0.0), result);
    return success();
  }
};

/// exp2 of a vector of 16 x f32 by the instructions of AVX-512 for x - floor(x)
/// and p * 2^floor(x).
struct ExpandExp2ByScale : public OpRewritePattern<math::Exp2Op> {
  explicit ExpandExp2ByScale(MLIRContext *context)
      : OpRewritePattern(context, /*benefit=*/2) {}

  LogicalResult matchAndRewrite(math::Exp2Op op,
                                PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto type = VectorType::get(16, b.getF32Type());
    if (op.getType() != type)
      return rewriter.notifyMatchFailure(op, "not a register");
    // The instructions are slow if the result is denormal, but not for 2^-inf.
    Value x = op.getOperand();
    x = arith::SelectOp::create(
        b, isBelow(b, x, createConstant(b, type, kLeastExponent)),
        createConstant(b, type, -std::numeric_limits<double>::infinity()), x);
    Value all =
        LLVM::ConstantOp::create(b, b.getI16Type(), b.getI16IntegerAttr(-1));
    constexpr int32_t kCurrentRounding = 4, kFloor = 1;
    Value rounding = LLVM::ConstantOp::create(
        b, b.getI32Type(), b.getI32IntegerAttr(kCurrentRounding));
    Value toFloor = LLVM::ConstantOp::create(b, b.getI32Type(),
                                             b.getI32IntegerAttr(kFloor));
    auto call = [&](StringRef name, ValueRange operands) {
      return LLVM::CallIntrinsicOp::create(b, type, b.getStringAttr(name),
                                           operands)
          .getResult(0);
    };
    Value rest = call("llvm.x86.avx512.mask.reduce.ps.512",
                      {x, toFloor, x, all, rounding});
    Value polynomial = buildExp2Polynomial(b, rest);
    rewriter.replaceOp(op, call("llvm.x86.avx512.mask.scalef.ps.512",
                                {polynomial, x, x, all, rounding}));
    return success();
  }
};

/// Converts between bf16 and f64 through f32, which upstream expands. The f32
/// value is rounded to odd: its last bit is set if any bit was cut off, so that
/// the second rounding gives the same result as rounding the f64 directly.
struct ExpandTruncToBf16 : public OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    Value wide = op.getIn();
    if (!getElementTypeOrSelf(op.getType()).isBF16() ||
        !getElementTypeOrSelf(wide.getType()).isF64())
      return rewriter.notifyMatchFailure(op, "not from f64 to bf16");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Type f32 = withElementType(wide.getType(), b.getF32Type());
    Type i32 = withElementType(wide.getType(), b.getI32Type());
    auto createOne = [&]() -> Value {
      TypedAttr one = b.getI32IntegerAttr(1);
      if (auto shaped = dyn_cast<ShapedType>(i32))
        one = DenseElementsAttr::get(shaped, one);
      return arith::ConstantOp::create(b, one);
    };
    Value nearest = arith::TruncFOp::create(b, f32, wide);
    Value back = arith::ExtFOp::create(b, wide.getType(), nearest);
    Value bits = arith::BitcastOp::create(b, i32, nearest);
    Value isAway = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT,
                                         math::AbsFOp::create(b, back),
                                         math::AbsFOp::create(b, wide));
    Value isInexact =
        arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, back, wide);
    Value one = createOne();
    Value below = arith::SubIOp::create(b, bits, one);
    Value towardZero = arith::SelectOp::create(b, isAway, below, bits);
    Value odd = arith::OrIOp::create(b, towardZero, one);
    Value rounded = arith::SelectOp::create(b, isInexact, odd, towardZero);
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(
        op, op.getType(), arith::BitcastOp::create(b, f32, rounded));
    return success();
  }
};

struct ExpandExtFromBf16 : public OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getIn().getType()).isBF16() ||
        !getElementTypeOrSelf(op.getType()).isF64())
      return rewriter.notifyMatchFailure(op, "not from bf16 to f64");
    Value f32 = arith::ExtFOp::create(
        rewriter, op.getLoc(),
        withElementType(op.getType(), rewriter.getF32Type()), op.getIn());
    rewriter.replaceOpWithNewOp<arith::ExtFOp>(op, op.getType(), f32);
    return success();
  }
};

/// Upstream extends the other functions of halves.
struct ExpandFma : public OpRewritePattern<math::FmaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::FmaOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isBF16())
      return rewriter.notifyMatchFailure(op, "not bf16");
    Type f32 = withElementType(op.getType(), rewriter.getF32Type());
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(
          arith::ExtFOp::create(rewriter, op.getLoc(), f32, operand));
    Value result = math::FmaOp::create(rewriter, op.getLoc(), f32, operands);
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), result);
    return success();
  }
};

struct DiffExpandMath
    : public diff::impl::DiffExpandMathPassBase<DiffExpandMath> {
  using DiffExpandMathPassBase::DiffExpandMathPassBase;

  void runOnOperation() override {
    RewritePatternSet expand(&getContext());
    expand.add<ExpandExp2, ExpandExtFromBf16, ExpandFma, ExpandTruncToBf16>(
        &getContext());
    if (avx512)
      expand.add<ExpandExp2ByScale>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(expand))))
      return signalPassFailure();
    RewritePatternSet approximate(&getContext());
    populateMathPolynomialApproximationPatterns(
        approximate, [](StringRef name) {
          return llvm::is_contained({"math.exp", "math.tanh", "math.log"},
                                    name);
        });
    if (failed(applyPatternsGreedily(getOperation(), std::move(approximate))))
      return signalPassFailure();
    // Functions without an LLVM intrinsic become calls to the C math library.
    RewritePatternSet library(&getContext());
    populateMathToLibmConversionPatterns(library);
    ConversionTarget target(getContext());
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    target.addIllegalOp<math::AcoshOp, math::AsinhOp, math::AtanhOp,
                        math::CbrtOp, math::ErfOp, math::ErfcOp>();
    if (failed(
            applyPartialConversion(getOperation(), target, std::move(library))))
      signalPassFailure();
  }
};
} // namespace
