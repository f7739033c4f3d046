//===- Opcodes.cpp - Lookup of the form of an instruction -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Opcodes.h"
#include <algorithm>
#include <map>

using namespace ptxsim;

static constexpr FormTable (*kTables[])() = {
    getIntegerForms,  getLogicForms,   getFloatForms,   getHalfForms,
    getCompareForms,  getConvertForms, getMoveForms,    getMathForms,
    getMemoryForms,   getAtomicForms,  getControlForms, getCollectiveForms,
    getBarrierForms,  getMatrixForms,  getWmmaForms,    getAsyncForms,
    getMbarrierForms,
};

namespace {
/// The parsed qualifiers of a form.
struct ParsedForm {
  struct Group {
    std::string_view name;
    std::vector<std::string_view> words;
    bool isOptional;
  };
  const Form *form;
  std::vector<Group> groups;
  std::vector<std::vector<Type>> types;
};

using FormsByOpcode = std::map<std::string_view, std::vector<ParsedForm>>;
} // namespace

static std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    size_t end = std::min(text.find(by), text.size());
    if (end)
      parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

static ParsedForm parseForm(const Form &form) {
  ParsedForm parsed{&form, {}, {}};
  for (std::string_view token : split(form.qualifiers, ' ')) {
    if (token.front() == ':') {
      std::vector<Type> types;
      for (std::string_view name : split(token.substr(1), '|'))
        types.push_back(lookUpType(name));
      parsed.types.push_back(std::move(types));
      continue;
    }
    size_t equals = token.find('=');
    std::string_view name = token.substr(0, equals);
    bool isOptional = name.back() == '?';
    if (isOptional)
      name.remove_suffix(1);
    if (equals == std::string_view::npos)
      parsed.groups.push_back({name, {name}, isOptional});
    else
      parsed.groups.push_back(
          {name, split(token.substr(equals + 1), '|'), isOptional});
  }
  return parsed;
}

static const FormsByOpcode &getForms() {
  static const FormsByOpcode forms = [] {
    FormsByOpcode result;
    for (auto *getTable : kTables) {
      FormTable table = getTable();
      for (size_t i = 0; i < table.count; ++i)
        result[table.forms[i].opcode].push_back(parseForm(table.forms[i]));
    }
    return result;
  }();
  return forms;
}

std::string_view Match::get(std::string_view group) const {
  for (const auto &[name, word] : words)
    if (name == group)
      return word;
  return {};
}

/// Matches one form. On failure, `matched` is the number of qualifiers that
/// match and `error` describes the mismatch.
static bool tryForm(const Instruction &inst, const ParsedForm &parsed,
                    Match &match, size_t &matched, std::string &error) {
  match = Match();
  match.form = parsed.form;
  matched = 0;
  std::vector<bool> taken(parsed.groups.size());
  for (std::string_view qualifier : inst.qualifiers) {
    bool found = false;
    for (size_t g = 0; g < parsed.groups.size() && !found; ++g) {
      const ParsedForm::Group &group = parsed.groups[g];
      if (taken[g] || std::find(group.words.begin(), group.words.end(),
                                qualifier) == group.words.end())
        continue;
      taken[g] = found = true;
      match.words.emplace_back(group.name, qualifier);
    }
    Type type = found ? Type::None : lookUpType(qualifier);
    if (type != Type::None && match.types.size() < parsed.types.size()) {
      const std::vector<Type> &legal = parsed.types[match.types.size()];
      if (std::find(legal.begin(), legal.end(), type) != legal.end()) {
        match.types.push_back(type);
        found = true;
      }
    }
    if (!found) {
      error = "qualifier ." + std::string(qualifier) + " does not fit";
      return false;
    }
    ++matched;
  }
  for (size_t g = 0; g < parsed.groups.size(); ++g)
    if (!taken[g] && !parsed.groups[g].isOptional) {
      error = "a qualifier is missing:";
      for (std::string_view word : parsed.groups[g].words)
        error += " ." + std::string(word);
      return false;
    }
  if (match.types.size() < parsed.types.size()) {
    error = "a type is missing:";
    for (Type type : parsed.types[match.types.size()])
      error += " ." + std::string(getTypeName(type));
    return false;
  }
  return true;
}

bool ptxsim::matchForm(const Instruction &inst, Match &match,
                       std::string &error) {
  const FormsByOpcode &forms = getForms();
  auto found = forms.find(inst.opcode);
  if (found == forms.end()) {
    error = "unknown opcode '" + std::string(inst.opcode) + "'";
    return false;
  }
  size_t best = 0;
  const ParsedForm *nearest = nullptr;
  for (const ParsedForm &parsed : found->second) {
    size_t matched;
    std::string problem;
    if (tryForm(inst, parsed, match, matched, problem))
      return true;
    if (nearest && matched < best)
      continue;
    best = matched;
    nearest = &parsed;
    error = problem;
  }
  std::string text(inst.opcode);
  for (std::string_view qualifier : inst.qualifiers)
    text += "." + std::string(qualifier);
  error = "'" + text + "' is not supported: " + error +
          "; the nearest form is " + std::string(inst.opcode) + " " +
          nearest->form->qualifiers;
  return false;
}

std::vector<OpcodeDescription> ptxsim::listOpcodes() {
  // Calls are decomposed before forms are looked up.
  std::vector<OpcodeDescription> list = {{"call", "uni?"}};
  for (const auto &[opcode, forms] : getForms())
    for (const ParsedForm &parsed : forms)
      list.push_back({std::string(opcode), parsed.form->qualifiers});
  return list;
}
