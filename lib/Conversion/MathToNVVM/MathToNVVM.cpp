//===- MathToNVVM.cpp - Math functions to GPU approximations --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/MathToNVVM/MathToNVVM.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::diff {
#define GEN_PASS_DEF_CONVERTMATHTONVVMAPPROXPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

static Value createF32(OpBuilder &b, Location loc, double value) {
  return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
}

static Value callIntrinsic(OpBuilder &b, Location loc, StringRef name,
                           Value operand) {
  return LLVM::CallIntrinsicOp::create(b, loc, operand.getType(),
                                       b.getStringAttr(name),
                                       ValueRange(operand))
      .getResult(0);
}

static Value buildExp2(OpBuilder &b, Location loc, Value x) {
  return callIntrinsic(b, loc, "llvm.nvvm.ex2.approx.ftz.f", x);
}

static Value buildLog2(OpBuilder &b, Location loc, Value x) {
  return callIntrinsic(b, loc, "llvm.nvvm.lg2.approx.ftz.f", x);
}

static Value buildSqrt(OpBuilder &b, Location loc, Value x) {
  return callIntrinsic(b, loc, "llvm.nvvm.sqrt.approx.f", x);
}

static Value buildRsqrt(OpBuilder &b, Location loc, Value x) {
  return callIntrinsic(b, loc, "llvm.nvvm.rsqrt.approx.f", x);
}

static Value buildExp(OpBuilder &b, Location loc, Value x) {
  Value scaled =
      arith::MulFOp::create(b, loc, x, createF32(b, loc, llvm::numbers::log2e));
  return buildExp2(b, loc, scaled);
}

static Value buildLog(OpBuilder &b, Location loc, Value x) {
  return arith::MulFOp::create(b, loc, buildLog2(b, loc, x),
                               createF32(b, loc, llvm::numbers::ln2));
}

static Value buildLog10(OpBuilder &b, Location loc, Value x) {
  return arith::MulFOp::create(
      b, loc, buildLog2(b, loc, x),
      createF32(b, loc, llvm::numbers::ln2 / llvm::numbers::ln10));
}

/// Returns the argument minus k pi/2, in [-pi/4, pi/4], and k modulo 4. Adding
/// 1.5 * 2^23 rounds to an integer in the lowest bits. pi/2 is split into three
/// parts, whose products with k are exact or are added without rounding.
static std::pair<Value, Value> reduceAngle(OpBuilder &b, Location loc,
                                           Value x) {
  Value shift = createF32(b, loc, 12582912.0);
  Value shifted = math::FmaOp::create(
      b, loc, x, createF32(b, loc, 2.0 * llvm::numbers::inv_pi), shift);
  Value negated = arith::SubFOp::create(b, loc, shift, shifted);
  for (double part : {0x1.921fb0p+0, 0x1.5110b4p-22, 0x1.846988p-48})
    x = math::FmaOp::create(b, loc, negated, createF32(b, loc, part), x);
  Value bits = arith::BitcastOp::create(b, loc, b.getI32Type(), shifted);
  Value three = arith::ConstantIntOp::create(b, loc, 3, 32);
  return {x, arith::AndIOp::create(b, loc, bits, three)};
}

/// Returns the sum of coefficients times powers of the square, highest first.
static Value buildPolynomial(OpBuilder &b, Location loc, Value square,
                             ArrayRef<double> coefficients) {
  Value sum = createF32(b, loc, coefficients.front());
  for (double coefficient : coefficients.drop_front())
    sum = math::FmaOp::create(b, loc, sum, square,
                              createF32(b, loc, coefficient));
  return sum;
}

/// Returns the sine, shifted by `quarters` quarters of a turn. The coefficients
/// are those of the Cephes library.
static Value buildSineAhead(OpBuilder &b, Location loc, Value angle,
                            int64_t quarters) {
  auto [x, quadrant] = reduceAngle(b, loc, angle);
  if (quarters != 0)
    quadrant = arith::AddIOp::create(
        b, loc, quadrant, arith::ConstantIntOp::create(b, loc, quarters, 32));
  Value square = arith::MulFOp::create(b, loc, x, x);
  Value sine = arith::MulFOp::create(
      b, loc,
      buildPolynomial(b, loc, square,
                      {-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1}),
      square);
  sine = math::FmaOp::create(b, loc, sine, x, x);
  Value cosine = buildPolynomial(b, loc, square,
                                 {2.443315711809948e-5, -1.388731625493765e-3,
                                  4.166664568298827e-2, -0.5, 1.0});
  Value zero = arith::ConstantIntOp::create(b, loc, 0, 32);
  auto isSet = [&](int64_t bit) -> Value {
    Value mask = arith::ConstantIntOp::create(b, loc, bit, 32);
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne,
                                 arith::AndIOp::create(b, loc, quadrant, mask),
                                 zero);
  };
  Value value = arith::SelectOp::create(b, loc, isSet(1), cosine, sine);
  return arith::SelectOp::create(b, loc, isSet(2),
                                 arith::NegFOp::create(b, loc, value), value);
}

static Value buildSin(OpBuilder &b, Location loc, Value x) {
  return buildSineAhead(b, loc, x, 0);
}

static Value buildCos(OpBuilder &b, Location loc, Value x) {
  return buildSineAhead(b, loc, x, 1);
}

/// x p(x^2) below 1, else 1 - 2^-q(|x|), which rounds to 1 above 4. The
/// polynomials are least-squares fits with an error of 1.1e-7 in f32.
static Value buildErf(OpBuilder &b, Location loc, Value x) {
  Value square = arith::MulFOp::create(b, loc, x, x);
  Value small = buildPolynomial(
      b, loc, square,
      {-5.654105916619301e-4, 4.923277534544468e-3, -2.6716385036706924e-2,
       1.1280364543199539e-1, -3.7612348794937134e-1, 1.2837912142276764e-1});
  small = math::FmaOp::create(b, loc, small, x, x);
  Value size = arith::MinimumFOp::create(
      b, loc, math::AbsFOp::create(b, loc, x), createF32(b, loc, 4.0));
  Value exponent = buildPolynomial(
      b, loc, size,
      {1.7703149933367968e-4, -3.2786373049020767e-3, 2.7335042133927345e-2,
       -1.3950857520103455e-1, -9.318455457687378e-1, -1.6190046072006226,
       -2.291616750881076e-3});
  Value one = createF32(b, loc, 1.0);
  Value large = math::CopySignOp::create(
      b, loc, arith::SubFOp::create(b, loc, one, buildExp2(b, loc, exponent)),
      x);
  Value isSmall =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, square, one);
  return arith::SelectOp::create(b, loc, isSmall, small, large);
}

/// x (1 - y/3 + 2 y^2/15 - 17 y^3/315 + 62 y^4/2835) with y = x^2, the series
/// of tanh. For small y, the remainder is below the rounding error of f32.
static constexpr double kSmallSquare = 0.09;

static Value buildTanhSeries(OpBuilder &b, Location loc, Value x,
                             Value square) {
  Value sum = createF32(b, loc, 62.0 / 2835.0);
  for (double coefficient : {-17.0 / 315.0, 2.0 / 15.0, -1.0 / 3.0})
    sum = math::FmaOp::create(b, loc, sum, square,
                              createF32(b, loc, coefficient));
  Value product = arith::MulFOp::create(b, loc, sum, square);
  return math::FmaOp::create(b, loc, product, x, x);
}

/// 1 - 2 / (1 + exp(2x)) is correct at both infinities. For small x, the
/// subtraction would cancel most digits, and a large softcap multiplies the
/// error.
static Value buildTanh(OpBuilder &b, Location loc, Value x) {
  Value scaled = arith::MulFOp::create(
      b, loc, x, createF32(b, loc, 2.0 * llvm::numbers::log2e));
  Value one = createF32(b, loc, 1.0);
  Value denominator =
      arith::AddFOp::create(b, loc, one, buildExp2(b, loc, scaled));
  Value quotient =
      arith::DivFOp::create(b, loc, createF32(b, loc, 2.0), denominator);
  Value large = arith::SubFOp::create(b, loc, one, quotient);
  Value square = arith::MulFOp::create(b, loc, x, x);
  Value isSmall =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, square,
                            createF32(b, loc, kSmallSquare));
  return arith::SelectOp::create(b, loc, isSmall,
                                 buildTanhSeries(b, loc, x, square), large);
}

namespace {
using ScalarBuilder = Value (*)(OpBuilder &, Location, Value);

/// Lowers an f32 function element by element.
template <typename OpTy, ScalarBuilder build>
struct LowerApproximately : public OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!getElementTypeOrSelf(type).isF32())
      return rewriter.notifyMatchFailure(op, "not f32");
    Location loc = op.getLoc();
    auto vectorType = dyn_cast<VectorType>(type);
    if (!vectorType) {
      rewriter.replaceOp(op, build(rewriter, loc, op.getOperand()));
      return success();
    }
    SmallVector<Value> elements;
    auto operands =
        vector::ToElementsOp::create(rewriter, loc, op.getOperand());
    for (Value operand : operands.getResults())
      elements.push_back(build(rewriter, loc, operand));
    rewriter.replaceOpWithNewOp<vector::FromElementsOp>(op, vectorType,
                                                        elements);
    return success();
  }
};

/// Lowers functions that LLVM's backend has instructions for, also for f16,
/// bf16 and f64, element by element. The conversion of GPU ops would call
/// libdevice.
template <typename OpTy>
struct LowerToIntrinsic : public OpRewritePattern<OpTy> {
  LowerToIntrinsic(MLIRContext *context, StringRef intrinsic)
      : OpRewritePattern<OpTy>(context), intrinsic(intrinsic) {}

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto call = [&](Type type, ValueRange operands) -> Value {
      return LLVM::CallIntrinsicOp::create(rewriter, loc, type,
                                           rewriter.getStringAttr(intrinsic),
                                           operands)
          .getResult(0);
    };
    auto vectorType = dyn_cast<VectorType>(op.getType());
    if (!vectorType) {
      rewriter.replaceOp(op, call(op.getType(), op->getOperands()));
      return success();
    }
    SmallVector<SmallVector<Value>> operands(vectorType.getNumElements());
    for (Value operand : op->getOperands()) {
      auto elements = vector::ToElementsOp::create(rewriter, loc, operand);
      for (auto [list, element] :
           llvm::zip_equal(operands, elements.getResults()))
        list.push_back(element);
    }
    SmallVector<Value> results;
    for (ArrayRef<Value> list : operands)
      results.push_back(call(vectorType.getElementType(), list));
    rewriter.replaceOpWithNewOp<vector::FromElementsOp>(op, vectorType,
                                                        results);
    return success();
  }

  StringRef intrinsic;
};

/// Uses div.full.f32. A correctly rounded division calls a subroutine in its
/// slow path, and ptxas spills registers around the call.
struct LowerDivision : public OpRewritePattern<arith::DivFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::DivFOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!getElementTypeOrSelf(type).isF32())
      return rewriter.notifyMatchFailure(op, "not f32");
    Location loc = op.getLoc();
    auto divide = [&](Value lhs, Value rhs) -> Value {
      return LLVM::CallIntrinsicOp::create(
                 rewriter, loc, lhs.getType(),
                 rewriter.getStringAttr("llvm.nvvm.div.full"),
                 ValueRange{lhs, rhs})
          .getResult(0);
    };
    auto vectorType = dyn_cast<VectorType>(type);
    if (!vectorType) {
      rewriter.replaceOp(op, divide(op.getLhs(), op.getRhs()));
      return success();
    }
    auto lhs = vector::ToElementsOp::create(rewriter, loc, op.getLhs());
    auto rhs = vector::ToElementsOp::create(rewriter, loc, op.getRhs());
    SmallVector<Value> elements;
    for (auto [l, r] : llvm::zip_equal(lhs.getResults(), rhs.getResults()))
      elements.push_back(divide(l, r));
    rewriter.replaceOpWithNewOp<vector::FromElementsOp>(op, vectorType,
                                                        elements);
    return success();
  }
};

struct ConvertMathToNVVMApprox
    : public diff::impl::ConvertMathToNVVMApproxPassBase<
          ConvertMathToNVVMApprox> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateMathToNVVMApproxPatterns(patterns);
    // The conversion to LLVM supports one-dimensional vectors only.
    vector::populateVectorToElementsUnrollPatterns(patterns);
    vector::populateVectorFromElementsUnrollPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    if (getOperation().walk(verifyHasInstructions).wasInterrupted())
      signalPassFailure();
  }

  /// The remaining functions would become calls to libdevice.
  static WalkResult verifyHasInstructions(Operation *op) {
    if (isa<arith::RemFOp>(op)) {
      op->emitOpError("is not supported on a GPU; for small quotients, "
                      "compute x - y trunc(x / y) instead");
      return WalkResult::interrupt();
    }
    if (!isa<math::MathDialect>(op->getDialect()) || isa<math::FmaOp>(op) ||
        !isa<FloatType>(getElementTypeOrSelf(op->getResult(0).getType())))
      return WalkResult::advance();
    op->emitOpError("of ") << getElementTypeOrSelf(op->getResult(0).getType())
                           << " is not supported on a GPU; f16, bf16 and f32 "
                              "are legal";
    return WalkResult::interrupt();
  }
};
} // namespace

void diff::populateMathToNVVMApproxPatterns(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  patterns.add<LowerDivision, LowerApproximately<math::CosOp, buildCos>,
               LowerApproximately<math::ErfOp, buildErf>,
               LowerApproximately<math::Exp2Op, buildExp2>,
               LowerApproximately<math::ExpOp, buildExp>,
               LowerApproximately<math::Log10Op, buildLog10>,
               LowerApproximately<math::Log2Op, buildLog2>,
               LowerApproximately<math::LogOp, buildLog>,
               LowerApproximately<math::RsqrtOp, buildRsqrt>,
               LowerApproximately<math::SinOp, buildSin>,
               LowerApproximately<math::SqrtOp, buildSqrt>,
               LowerApproximately<math::TanhOp, buildTanh>>(context);
  patterns.add<LowerToIntrinsic<math::AbsFOp>>(context, "llvm.fabs");
  patterns.add<LowerToIntrinsic<math::CeilOp>>(context, "llvm.ceil");
  patterns.add<LowerToIntrinsic<math::CopySignOp>>(context, "llvm.copysign");
  patterns.add<LowerToIntrinsic<math::FloorOp>>(context, "llvm.floor");
  patterns.add<LowerToIntrinsic<math::RoundOp>>(context, "llvm.round");
  patterns.add<LowerToIntrinsic<math::RoundEvenOp>>(context, "llvm.roundeven");
  patterns.add<LowerToIntrinsic<math::TruncOp>>(context, "llvm.trunc");
  patterns.add<LowerToIntrinsic<arith::MaxNumFOp>>(context, "llvm.maxnum");
  patterns.add<LowerToIntrinsic<arith::MinNumFOp>>(context, "llvm.minnum");
  // Lowers the other functions by the patterns above.
  math::populateExpansionPatterns(
      patterns, {"sinh", "cosh", "tan", "asinh", "acosh", "atanh", "powf"});
  populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
    return llvm::is_contained({"math.acos", "math.asin", "math.atan",
                               "math.atan2", "math.cbrt", "math.erfc",
                               "math.expm1", "math.log1p"},
                              name);
  });
}
