#include "diff/InitAll.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  mlir::diff::registerAllDialects(registry);
  mlir::diff::registerAllExtensions(registry);
  mlir::diff::registerAllPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "diff-opt", registry));
}
