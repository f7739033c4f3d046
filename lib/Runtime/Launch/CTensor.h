//===- CTensor.h - Tensors of the C interface -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_RUNTIME_LAUNCH_CTENSOR_H
#define DIFF_LIB_RUNTIME_LAUNCH_CTENSOR_H

#include "diff-c/Launch.h"
#include "diff/Runtime/Launch/Arguments.h"

namespace mlir::diff::launch {

/// Copies a tensor, whose number is for messages. Returns an empty string or an
/// error message.
std::string readTensor(const DiffLaunchTensor &tensor, size_t number,
                       TensorArgument &argument);

} // namespace mlir::diff::launch

#endif // DIFF_LIB_RUNTIME_LAUNCH_CTENSOR_H
