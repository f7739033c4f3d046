//===- Parser.h - Parser from PTX text to a tree ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_FRONTEND_PARSER_H
#define PTXSIM_FRONTEND_PARSER_H

#include "AST.h"
#include "ptxsim/Diagnostic.h"
#include <memory>

namespace ptxsim {

/// Returns null and sets `error` if the text is wrong. Any bytes are safe
/// input: nesting and sizes are bounded.
std::unique_ptr<Tree> parseTree(std::string_view text, Diagnostic &error);

} // namespace ptxsim

#endif // PTXSIM_FRONTEND_PARSER_H
