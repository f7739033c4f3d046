//===- Attributes.h - Attributes of the C interface -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_CAPI_ATTRIBUTES_H
#define DIFF_LIB_CAPI_ATTRIBUTES_H

#include "mlir/CAPI/IR.h"
#include "mlir/IR/Diagnostics.h"

namespace mlir::diff::capi {

/// Creates an attribute of a dialect, or emits an error and returns null.
template <typename AttrTy, typename DialectTy, typename... Args>
MlirAttribute getChecked(MlirContext context, Args &&...args) {
  MLIRContext *ctx = unwrap(context);
  ctx->loadDialect<DialectTy>();
  Attribute attribute =
      AttrTy::getChecked([&] { return emitError(UnknownLoc::get(ctx)); }, ctx,
                         std::forward<Args>(args)...);
  return wrap(attribute);
}

template <typename AttrTy> AttrTy get(MlirAttribute attribute) {
  return cast<AttrTy>(unwrap(attribute));
}

template <typename AttrTy> bool isA(MlirAttribute attribute) {
  return isa_and_nonnull<AttrTy>(unwrap(attribute));
}

} // namespace mlir::diff::capi

#endif // DIFF_LIB_CAPI_ATTRIBUTES_H
