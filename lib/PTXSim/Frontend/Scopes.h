//===- Scopes.h - What names stand for --------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_FRONTEND_SCOPES_H
#define PTXSIM_FRONTEND_SCOPES_H

#include "AST.h"
#include <unordered_map>

namespace ptxsim {

struct Symbol {
  enum Kind : uint8_t { Register, Local, ModuleVariable, Function };
  Kind kind;
  int index;
};
using ModuleSymbols = std::unordered_map<std::string_view, Symbol>;

/// `.reg .b32 %r<100>`. A register of it comes to be at its first use: its name
/// is a view of the text then, and a large count costs nothing.
struct RegisterRange {
  Type type;
  uint32_t count;
};

/// A place that names a label, which may be declared further down.
struct LabelUse {
  enum Kind : uint8_t {
    /// Operand `second` of instruction `first`.
    Operand,
    /// Entry `second` of the list of label `first`.
    Target,
    /// Nothing keeps it: a call's prototype.
    Unused,
  };
  Kind kind;
  std::string_view name;
  Position position;
  size_t first = 0, second = 0;
};

struct Scope {
  std::unordered_map<std::string_view, Symbol> symbols;
  std::unordered_map<std::string_view, RegisterRange> ranges;
  std::unordered_map<std::string_view, int> labels;
  std::vector<LabelUse> uses;
};

/// A function's nested scopes, the innermost last.
class ScopeStack {
public:
  std::vector<Scope> scopes;

  Scope &back() { return scopes.back(); }

  /// The register or variable of that name that is visible here, or null. A
  /// register of a range that is used for the first time is added to
  /// `registers`.
  const Symbol *find(std::string_view name, std::vector<Register> &registers);

  /// The range that a name such as %r12 would be of, whatever its number; null
  /// if there is none. `prefix` is the range's.
  const RegisterRange *findRange(std::string_view name,
                                 std::string_view &prefix) const;

  /// Whether the innermost scope declares the name.
  bool declares(std::string_view name) const;
};

} // namespace ptxsim

#endif // PTXSIM_FRONTEND_SCOPES_H
