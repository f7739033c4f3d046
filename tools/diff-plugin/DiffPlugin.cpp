//===- DiffPlugin.cpp - The project as a plugin ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A dialect and pass plugin of mlir-opt and of every tool based on MlirOptMain:
//
//   mlir-opt --load-dialect-plugin=lib/DiffPlugin.so
//            --load-pass-plugin=lib/DiffPlugin.so
//            --pass-pipeline='builtin.module(convert-diff-to-linalg)' in.mlir
//
// Passes and pipelines can only be named in --pass-pipeline and in
// transform.apply_registered_pass, because mlir-opt creates its options before
// it loads the plugin.
//
//===----------------------------------------------------------------------===//

#include "diff/InitAll.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

#define DIFF_PLUGIN_EXPORT __attribute__((visibility("default")))

static void registerDialects(mlir::DialectRegistry *registry) {
  mlir::diff::registerAllDialects(*registry);
  mlir::diff::registerAllExtensions(*registry);
}

extern "C" DIFF_PLUGIN_EXPORT ::mlir::DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "DiffPlugin", DIFF_VERSION,
          registerDialects};
}

extern "C" DIFF_PLUGIN_EXPORT ::mlir::PassPluginLibraryInfo
mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "DiffPlugin", DIFF_VERSION,
          mlir::diff::registerAllPasses};
}
