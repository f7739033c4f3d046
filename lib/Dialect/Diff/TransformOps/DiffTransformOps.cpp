//===- DiffTransformOps.cpp - Transform ops -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/TransformOps/DiffTransformOps.h"
#include "diff/Dialect/Diff/TransformOps/Utils.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/Threading.h"

using namespace mlir;
using namespace mlir::transform;

#define GET_OP_CLASSES
#include "diff/Dialect/Diff/TransformOps/DiffTransformOps.cpp.inc"

namespace {
/// Collects the errors and match failures of a rewrite while it is alive, so
/// that a silenceable failure emits nothing.
class FailureReasons {
public:
  explicit FailureReasons(RewriterBase &rewriter)
      : rewriter(rewriter), listener(*this, rewriter.getListener()),
        thread(llvm::get_threadid()),
        handler(rewriter.getContext(), [this](Diagnostic &diagnostic) {
          if (llvm::get_threadid() != thread ||
              diagnostic.getSeverity() != DiagnosticSeverity::Error)
            return failure();
          add(diagnostic);
          return success();
        }) {
    rewriter.setListener(&listener);
  }
  ~FailureReasons() { rewriter.setListener(listener.next); }

  /// Attaches the reasons to `failure` as notes.
  void attachTo(DiagnosedSilenceableFailure &failure) {
    for (const auto &[location, text] : reasons)
      failure.attachNote(location) << text;
  }

private:
  struct Listener : public RewriterBase::ForwardingListener {
    Listener(FailureReasons &reasons, OpBuilder::Listener *next)
        : ForwardingListener(next), reasons(reasons), next(next) {}

    void notifyMatchFailure(
        Location location,
        llvm::function_ref<void(Diagnostic &)> explain) override {
      Diagnostic diagnostic(location, DiagnosticSeverity::Remark);
      explain(diagnostic);
      reasons.add(diagnostic);
    }

    FailureReasons &reasons;
    OpBuilder::Listener *next;
  };

  void add(Diagnostic &diagnostic) {
    reasons.emplace_back(diagnostic.getLocation(), diagnostic.str());
  }

  RewriterBase &rewriter;
  Listener listener;
  uint64_t thread;
  SmallVector<std::pair<Location, std::string>> reasons;
  ScopedDiagnosticHandler handler;
};
} // namespace

//===----------------------------------------------------------------------===//
// transform.diff.decompose
//===----------------------------------------------------------------------===//

DiagnosedSilenceableFailure DiffDecomposeOp::apply(TransformRewriter &rewriter,
                                                   TransformResults &results,
                                                   TransformState &state) {
  SmallVector<linalg::AggregatedOpInterface> targets;
  for (Operation *target : state.getPayloadOps(getTarget())) {
    auto op = dyn_cast<linalg::AggregatedOpInterface>(target);
    if (!op) {
      DiagnosedSilenceableFailure failure = emitSilenceableError()
                                            << "needs ops that implement "
                                               "AggregatedOpInterface, found '"
                                            << target->getName() << "'";
      failure.attachNote(target->getLoc()) << "this op";
      return failure;
    }
    targets.push_back(op);
  }

  SmallVector<Operation *> aggregated, parts;
  for (linalg::AggregatedOpInterface target : targets) {
    FailureReasons reasons(rewriter);
    FailureOr<diff::DecomposedOp> decomposed =
        diff::decomposeAggregatedOp(rewriter, target);
    if (failed(decomposed)) {
      DiagnosedSilenceableFailure failure = emitSilenceableError()
                                            << "cannot decompose '"
                                            << target->getName() << "'";
      failure.attachNote(target->getLoc()) << "this op";
      reasons.attachTo(failure);
      return failure;
    }
    llvm::append_range(aggregated, decomposed->aggregated);
    llvm::append_range(parts, decomposed->parts);
  }
  results.set(getOperation()->getResult(0), aggregated);
  results.set(getOperation()->getResult(1), parts);
  return DiagnosedSilenceableFailure::success();
}

//===----------------------------------------------------------------------===//
// transform.diff.fuse_consumer
//===----------------------------------------------------------------------===//

LogicalResult DiffFuseConsumerOp::verify() {
  if (getLoops().empty())
    return emitOpError("needs at least one loop");
  if (getLoops().size() != getNewLoops().size())
    return emitOpError("takes ")
           << getLoops().size() << " loops but returns " << getNewLoops().size()
           << "; it returns one for each";
  return success();
}

DiagnosedSilenceableFailure
DiffFuseConsumerOp::apply(TransformRewriter &rewriter,
                          TransformResults &results, TransformState &state) {
  auto consumers = state.getPayloadOps(getConsumer());
  if (!llvm::hasSingleElement(consumers))
    return emitSilenceableError()
           << "needs one consumer, found " << llvm::range_size(consumers);
  Operation *consumer = *consumers.begin();
  SmallVector<LoopLikeOpInterface> loops;
  for (auto [number, handle] : llvm::enumerate(getLoops())) {
    auto payload = state.getPayloadOps(handle);
    if (!llvm::hasSingleElement(payload))
      return emitSilenceableError() << "needs one op as loop " << number
                                    << ", found " << llvm::range_size(payload);
    auto loop = dyn_cast<LoopLikeOpInterface>(*payload.begin());
    if (!loop)
      return emitSilenceableError()
             << "needs a loop as loop " << number << ", found '"
             << (*payload.begin())->getName() << "'";
    loops.push_back(loop);
  }

  Operation *parent = consumer->getParentOp();
  OperationFingerPrint before(parent);
  DiagnosedSilenceableFailure failure =
      emitSilenceableError()
      << "cannot fuse '" << consumer->getName() << "' into the loops";
  failure.attachNote(consumer->getLoc()) << "this op";
  FailureOr<Operation *> fused = mlir::failure();
  {
    FailureReasons reasons(rewriter);
    fused = diff::fuseConsumerIntoLoops(rewriter, consumer, loops);
    reasons.attachTo(failure);
  }
  if (failed(fused) && OperationFingerPrint(parent) == before)
    return failure;
  if (failed(fused)) {
    (void)failure.checkAndReport();
    return DiagnosedSilenceableFailure::definiteFailure();
  }
  (void)failure.silence();
  results.set(getOperation()->getResult(0), {*fused});
  for (auto [number, loop] : llvm::enumerate(loops))
    results.set(getOperation()->getResult(number + 1), {loop.getOperation()});
  return DiagnosedSilenceableFailure::success();
}

//===----------------------------------------------------------------------===//
// Registration
//===----------------------------------------------------------------------===//

namespace {
class DiffTransformDialectExtension
    : public TransformDialectExtension<DiffTransformDialectExtension> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DiffTransformDialectExtension)

  using Base::Base;

  void init() {
    declareGeneratedDialect<affine::AffineDialect>();
    declareGeneratedDialect<linalg::LinalgDialect>();
    declareGeneratedDialect<scf::SCFDialect>();
    declareGeneratedDialect<tensor::TensorDialect>();
    registerTransformOps<
#define GET_OP_LIST
#include "diff/Dialect/Diff/TransformOps/DiffTransformOps.cpp.inc"
        >();
  }
};
} // namespace

void diff::registerTransformDialectExtension(DialectRegistry &registry) {
  registry.addExtensions<DiffTransformDialectExtension>();
}
