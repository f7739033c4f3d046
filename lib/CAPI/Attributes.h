//===- Attributes.h - Attributes of the C interface -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_CAPI_ATTRIBUTES_H
#define DIFF_LIB_CAPI_ATTRIBUTES_H

#include "mlir/CAPI/IR.h"
#include "mlir/CAPI/Support.h"
#include "mlir/IR/Diagnostics.h"

namespace mlir::diff::capi {

/// Emits an error without a location. Returns null.
inline MlirAttribute reportError(MlirContext context, const Twine &message) {
  if (MLIRContext *ctx = unwrap(context))
    emitError(UnknownLoc::get(ctx)) << message;
  return {nullptr};
}

/// Creates an attribute of a dialect, or emits an error and returns null.
template <typename AttrTy, typename DialectTy, typename... Args>
MlirAttribute getChecked(MlirContext context, Args &&...args) {
  MLIRContext *ctx = unwrap(context);
  if (!ctx)
    return {nullptr};
  ctx->loadDialect<DialectTy>();
  Attribute attribute =
      AttrTy::getChecked([&] { return emitError(UnknownLoc::get(ctx)); }, ctx,
                         std::forward<Args>(args)...);
  return wrap(attribute);
}

/// Returns a string, or an empty one if it has no data.
inline StringRef toString(MlirStringRef string) {
  return string.data ? unwrap(string) : StringRef();
}

/// Reads a parameter of an attribute. Returns the zero value of the result for
/// an attribute of another kind.
template <typename AttrTy, typename ReadTy>
auto read(MlirAttribute attribute, ReadTy read) {
  auto typed = dyn_cast_or_null<AttrTy>(unwrap(attribute));
  return typed ? read(typed) : decltype(read(typed)){};
}

/// Returns an element of a list, 0 beyond its ends.
inline int64_t getElement(ArrayRef<int64_t> list, intptr_t index) {
  return index >= 0 && static_cast<size_t>(index) < list.size() ? list[index]
                                                                : 0;
}

template <typename AttrTy> bool isA(MlirAttribute attribute) {
  return isa_and_nonnull<AttrTy>(unwrap(attribute));
}

} // namespace mlir::diff::capi

#endif // DIFF_LIB_CAPI_ATTRIBUTES_H
