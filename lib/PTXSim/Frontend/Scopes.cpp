//===- Scopes.cpp - Lookup of names ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Scopes.h"

using namespace ptxsim;

/// Tries every way to split a name into the prefix of a range and a number,
/// since a prefix may end in digits itself.
static const RegisterRange *findInScope(const Scope &scope,
                                        std::string_view name, bool anyNumber,
                                        std::string_view &prefix) {
  if (scope.ranges.empty())
    return nullptr;
  uint64_t number = 0, scale = 1;
  for (size_t split = name.size(); split > 1 && name.size() - split < 9;) {
    char c = name[--split];
    if (c < '0' || c > '9')
      break;
    number += uint64_t(c - '0') * scale;
    scale *= 10;
    if (c == '0' && split + 1 != name.size())
      continue; // %r01 is not %r1
    prefix = name.substr(0, split);
    auto found = scope.ranges.find(prefix);
    if (found != scope.ranges.end() &&
        (anyNumber || number < found->second.count))
      return &found->second;
  }
  return nullptr;
}

const Symbol *ScopeStack::find(std::string_view name,
                               std::vector<Register> &registers) {
  for (size_t i = scopes.size(); i-- > 0;) {
    Scope &scope = scopes[i];
    auto found = scope.symbols.find(name);
    if (found != scope.symbols.end())
      return &found->second;
    std::string_view prefix;
    if (const RegisterRange *range = findInScope(scope, name, false, prefix)) {
      registers.push_back({name, range->type});
      Symbol symbol{Symbol::Register, int(registers.size() - 1)};
      return &scope.symbols.emplace(name, symbol).first->second;
    }
  }
  return nullptr;
}

const RegisterRange *ScopeStack::findRange(std::string_view name,
                                           std::string_view &prefix) const {
  for (size_t i = scopes.size(); i-- > 0;)
    if (const RegisterRange *range = findInScope(scopes[i], name, true, prefix))
      return range;
  return nullptr;
}

bool ScopeStack::declares(std::string_view name) const {
  const Scope &scope = scopes.back();
  std::string_view prefix;
  return scope.symbols.count(name) || scope.labels.count(name) ||
         findInScope(scope, name, false, prefix);
}
