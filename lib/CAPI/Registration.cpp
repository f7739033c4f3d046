//===- Registration.cpp - C interface to the registration -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff-c/Registration.h"
#include "diff/Compiler/Compiler.h"
#include "diff/InitAll.h"
#include "mlir/CAPI/IR.h"

using namespace mlir;

void diffRegisterAllDialects(MlirDialectRegistry registry) {
  if (mlirDialectRegistryIsNull(registry))
    return;
  diff::registerAllDialects(*unwrap(registry));
  diff::registerAllExtensions(*unwrap(registry));
}

void diffRegisterCompilerDialects(MlirDialectRegistry registry) {
  if (mlirDialectRegistryIsNull(registry))
    return;
  diff::initializeCompilerTargets();
  diff::registerCompilerDialects(*unwrap(registry));
}

void diffRegisterAllPasses() { diff::registerAllPasses(); }
