//===- HostHeader.cpp - The C prototype of compiled functions -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Target/HostEmission.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <set>

using namespace mlir;
using namespace mlir::diff;

namespace {
class HeaderWriter {
public:
  LogicalResult collect(func::FuncOp func) {
    if (!llvm::all_of(func.getName(),
                      [](char c) { return llvm::isAlnum(c) || c == '_'; }))
      return func.emitError("has the name '")
             << func.getName()
             << "', which is not legal in C; names in a header consist of "
                "letters, digits and _";
    std::string prototype;
    llvm::raw_string_ostream os(prototype);
    os << "/* @" << func.getName() << " " << func.getFunctionType() << "\n";
    std::string parameters;
    unsigned number = 0;
    auto add = [&](Type type, Attribute name,
                   StringRef fallback) -> LogicalResult {
      std::string identifier = isa_and_nonnull<StringAttr>(name)
                                   ? cast<StringAttr>(name).str()
                                   : (fallback + Twine(number)).str();
      ++number;
      std::string cType = getType(type);
      if (cType.empty())
        return func.emitError("has a value of type ")
               << type << ", which has no C type in the header";
      os << " *   " << identifier << ": " << type << "\n";
      parameters += (parameters.empty() ? "" : ", ") + cType + identifier;
      return success();
    };
    for (auto [i, type] : llvm::enumerate(func.getArgumentTypes()))
      if (failed(add(type, func.getArgAttr(i, kNameAttrName), "argument")))
        return failure();
    // Tensors are parameters. A single scalar result is returned.
    std::string returned;
    for (auto [i, type] : llvm::enumerate(func.getResultTypes())) {
      if (isa<RankedTensorType>(type)) {
        if (failed(add(type, func.getResultAttr(i, kNameAttrName), "result")))
          return failure();
        continue;
      }
      if (!returned.empty() || isa<ShapedType>(type) || getType(type).empty())
        return func.emitError("returns a value of type ")
               << type
               << ", which the header cannot declare; it declares tensors and "
                  "at most one scalar";
      returned = getType(type);
      os << " *   returns " << type << "\n";
    }
    os << " */\n"
       << (returned.empty() ? "void " : returned) << "_mlir_ciface_"
       << func.getName() << "(" << (parameters.empty() ? "void" : parameters)
       << ");\n\n";
    prototypes += prototype;
    return success();
  }

  std::string write() {
    std::string text;
    llvm::raw_string_ostream os(text);
    os << "/* Functions compiled by DiffMLIR.\n"
          " *\n"
          " * A tensor is passed as a pointer to its descriptor. Results are "
          "written to the\n"
          " * tensors at the end of the parameters, which must not overlap "
          "other tensors.\n"
          " * `aligned` points to the first element and `offset` is 0. Strides "
          "count\n"
          " * elements; the innermost stride is 1. bf16 and f16 are 16-bit "
          "words.\n"
          " */\n"
          "#ifndef DIFF_COMPILED_FUNCTIONS_H\n"
          "#define DIFF_COMPILED_FUNCTIONS_H\n\n"
          "#include <stdbool.h>\n#include <stdint.h>\n\n"
          "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
    for (int64_t rank : ranks) {
      os << "typedef struct {\n  void *allocated;\n  void *aligned;\n"
            "  int64_t offset;\n";
      if (rank > 0)
        os << "  int64_t sizes[" << rank << "];\n  int64_t strides[" << rank
           << "];\n";
      os << "} diff_memref_" << rank << ";\n\n";
    }
    os << prototypes
       << "#ifdef __cplusplus\n}\n#endif\n\n"
          "#endif /* DIFF_COMPILED_FUNCTIONS_H */\n";
    return text;
  }

private:
  /// Returns the C type with the space or star before a parameter name.
  std::string getType(Type type) {
    if (isa<RankedTensorType, MemRefType>(type)) {
      int64_t rank = cast<ShapedType>(type).getRank();
      ranks.insert(rank);
      return "diff_memref_" + std::to_string(rank) + " *";
    }
    if (type.isIndex())
      return "int64_t ";
    if (type.isInteger(1))
      return "bool ";
    for (unsigned width : {8, 16, 32, 64})
      if (type.isInteger(width))
        return "int" + std::to_string(width) + "_t ";
    if (type.isF32())
      return "float ";
    if (type.isF64())
      return "double ";
    return {};
  }

  std::set<int64_t> ranks;
  std::string prototypes;
};
} // namespace

FailureOr<std::string> diff::emitHostHeader(ModuleOp module) {
  OwningOpRef<ModuleOp> named = module.clone();
  PassManager pm(module.getContext());
  pm.addNestedPass<func::FuncOp>(createDiffNameArgumentsPass());
  if (failed(pm.run(*named)))
    return failure();
  HeaderWriter writer;
  bool any = false;
  for (auto func : named->getOps<func::FuncOp>()) {
    if (!func.isPublic() || func.isExternal())
      continue;
    any = true;
    if (failed(writer.collect(func)))
      return failure();
  }
  if (!any && !module.getBody()->empty())
    return module.emitError("has no public func.func; a header is made of a "
                            "module that is not yet at the hardware level"),
           failure();
  return writer.write();
}
