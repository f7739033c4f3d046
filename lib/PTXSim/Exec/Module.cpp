//===- Module.cpp - A decoded PTX module ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ptxsim/Module.h"
#include "Frontend/Parser.h"
#include "Program/Decoder.h"

using namespace ptxsim;

Module::Module() = default;
Module::~Module() = default;

std::shared_ptr<const Module> Module::parse(std::string_view text,
                                            Diagnostic &error) {
  error = Diagnostic();
  std::unique_ptr<Tree> tree = parseTree(text, error);
  if (!tree)
    return nullptr;
  std::unique_ptr<Program> program = decode(std::move(tree), error);
  if (!program)
    return nullptr;
  std::shared_ptr<Module> module(new Module());
  module->program = std::move(program);
  return module;
}

const std::vector<KernelInfo> &Module::getKernels() const {
  return program->infos;
}

const KernelInfo *Module::findKernel(std::string_view name) const {
  for (const KernelInfo &info : program->infos)
    if (info.name == name)
      return &info;
  return nullptr;
}

unsigned Module::getVersion() const { return program->tree->version; }
const std::string &Module::getTarget() const { return program->tree->target; }

std::string_view Module::getLine(unsigned line) const {
  return line && line <= program->lines.size() ? program->lines[line - 1]
                                               : std::string_view();
}
