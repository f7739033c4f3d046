//===- Scopes.h - Lookup of names -------------------------------*- C++ -*-===//
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

/// `.reg .b32 %r<100>`. A register of it is created at its first use: its name
/// is then a view of the text, and a large count costs nothing.
struct RegisterRange {
  Type type;
  uint32_t count;
};

/// A use of a label, which may be declared later.
struct LabelUse {
  enum Kind : uint8_t {
    /// Operand `second` of instruction `first`.
    Operand,
    /// Entry `second` of the list of label `first`.
    Target,
    /// The label is not stored: the prototype of a call.
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

/// The nested scopes of a function, the innermost last.
class ScopeStack {
public:
  std::vector<Scope> scopes;

  Scope &back() { return scopes.back(); }

  /// Returns the visible register or variable with that name, or null. The
  /// first use of a register of a range adds it to `registers`.
  const Symbol *find(std::string_view name, std::vector<Register> &registers);

  /// Returns the range of a name such as %r12, for any number, or null.
  /// `prefix` is that of the range.
  const RegisterRange *findRange(std::string_view name,
                                 std::string_view &prefix) const;

  /// Returns true if the innermost scope declares the name.
  bool declares(std::string_view name) const;
};

} // namespace ptxsim

#endif // PTXSIM_FRONTEND_SCOPES_H
