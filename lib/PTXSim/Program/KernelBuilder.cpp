//===- KernelBuilder.cpp - Assembly of a kernel ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "Exec/Builtins.h"
#include "Opcodes.h"
#include "RegisterPacking.h"
#include <algorithm>

using namespace ptxsim;

KernelBuilder::KernelBuilder(const Tree &tree, Program &program,
                             Diagnostic &error)
    : tree(tree), program(program), error(error), decoder(*this) {}

bool KernelBuilder::fail(const Position &position, const std::string &message) {
  if (!error)
    error = {position.line, position.column, message};
  return false;
}

static uint64_t roundUp(uint64_t value, uint64_t unit) {
  return unit ? (value + unit - 1) / unit * unit : value;
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

int32_t KernelBuilder::allocateRegister(unsigned bytes) {
  int32_t offset = fileEnd;
  fileEnd += bytes <= 2 ? 64 : int32_t(bytes) * 32;
  return offset;
}

uint64_t KernelBuilder::getSharedOffset(const Variable &variable, int key) {
  // The address of the variable in the tree identifies it.
  auto number =
      int(key < 0 ? &variable - tree.variables.data()
                  : &variable - frames[key].function->variables.data());
  auto [found, isNew] = sharedOffsets.try_emplace({key, number}, 0);
  if (isNew) {
    found->second = roundUp(sharedEnd, variable.alignment);
    sharedEnd = uint32_t(
        std::min<uint64_t>(found->second + variable.size, UINT32_MAX / 2));
  }
  return found->second;
}

/// Finds the functions that the kernel may call. Direct or indirect recursion
/// is an error.
bool KernelBuilder::collect(int function, unsigned depth,
                            std::vector<int> &path) {
  const Function &f = tree.functions[function];
  if (std::find(path.begin(), path.end(), function) != path.end())
    return fail(f.position,
                "function " + f.name + " calls itself, which is not supported");
  Frame &frame = frames[function];
  bool isNew = !frame.function;
  // Its callees are known, and not deeper than from other callers.
  if (!isNew && depth <= frame.depth)
    return true;
  frame.function = &f;
  frame.depth = std::max(frame.depth, depth);
  if (isNew)
    order.push_back(function);
  code->maxCallDepth = std::max(code->maxCallDepth, depth);
  if (depth > 64)
    return fail(f.position, "functions call each other more than 64 deep");
  path.push_back(function);
  for (const Instruction &inst : f.body)
    if (inst.opcode == "call" && inst.operands.size() == 1 &&
        inst.operands[0].kind == Operand::Function) {
      int callee = inst.operands[0].function;
      if (!tree.functions[callee].isExtern && !collect(callee, depth + 1, path))
        return false;
    }
  path.pop_back();
  return true;
}

bool KernelBuilder::layOut(int function) {
  Frame &f = frames[function];
  for (const Register &reg : f.function->registers) {
    f.registers.push_back(allocateRegister(getTypeSize(reg.type)));
    if (fileEnd > (1 << 28))
      return fail(f.function->position,
                  "kernel " + code->info.name + " has too many registers");
  }
  f.variables.assign(f.function->variables.size(), -1);
  uint64_t parameterBytes = 0;
  if (f.function->isEntry)
    for (const Function::Formal &formal : f.function->parameters) {
      if (formal.isRegister)
        return fail(f.function->position,
                    "a kernel's parameters must be in the space .param");
      const Variable &variable = f.function->variables[formal.index];
      parameterBytes = roundUp(parameterBytes, variable.alignment);
      f.variables[formal.index] = int64_t(parameterBytes);
      parameterBytes += variable.size;
    }
  if (parameterBytes > 32764)
    return fail(f.function->position,
                "kernel " + f.function->name + " has " +
                    std::to_string(parameterBytes) +
                    " bytes of parameters; at most 32764 are legal");
  uint64_t local = code->localBytes;
  for (size_t i = 0; i < f.function->variables.size(); ++i) {
    const Variable &variable = f.function->variables[i];
    if (f.variables[i] >= 0 ||
        (variable.space != Space::Local && variable.space != Space::Param))
      continue;
    local = roundUp(local, std::max<uint64_t>(variable.alignment, 1));
    f.variables[i] = int64_t(local);
    local += variable.size;
    if (local > (512u << 10))
      return fail(variable.position,
                  "a thread's local memory exceeds 512 KiB at variable " +
                      variable.name);
  }
  code->localBytes = uint32_t(local);
  return true;
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

Inst &KernelBuilder::append(const Instruction &inst, const std::string &name) {
  auto [found, isNew] =
      opcodeNumbers.try_emplace(name, uint32_t(program.opcodeNames.size()));
  if (isNew)
    program.opcodeNames.push_back(name);
  Inst &decoded = code->code.emplace_back();
  decoded.opcodeName = found->second;
  decoded.line = inst.position.line;
  decoded.number = uint32_t(code->code.size() - 1);
  if (inst.guard >= 0) {
    decoded.guard.offset = frame->registers[inst.guard];
    decoded.guard.halves = 1;
    decoded.guard.negated = inst.guardNegated;
  }
  return decoded;
}

bool KernelBuilder::decodeInstruction(const Instruction &inst) {
  decoder.current = &inst;
  if (inst.opcode == "call")
    return decodeCall(inst);
  Match match;
  std::string problem;
  if (!matchForm(inst, match, problem))
    return fail(inst.position, problem);
  std::string name(inst.opcode);
  for (std::string_view qualifier : inst.qualifiers)
    name.append(".").append(qualifier);
  Inst &decoded = append(inst, name);
  decoded.cls = match.form->cls;
  return match.form->build(decoder, match, decoded);
}

/// One argument or result: between the operand of the caller and the formal of
/// the callee.
bool KernelBuilder::passValue(const Instruction &inst, const Operand &actual,
                              const Function::Formal &formal, Frame &callee,
                              bool isResult) {
  Frame *caller = frame;
  if (formal.isRegister) {
    Type type = callee.function->registers[formal.index].type;
    Ref own, other;
    if (!(isResult ? decoder.dst(actual, type, own)
                   : decoder.src(actual, type, own)))
      return false;
    if (!own)
      return true;
    other = own;
    other.offset = callee.registers[formal.index];
    other.negated = false;
    Inst &move = append(inst, "call");
    move.cls = InstClass::Move;
    setCopyRegister(move, isResult ? own : other, isResult ? other : own);
    return true;
  }
  const Variable &variable = callee.function->variables[formal.index];
  int64_t to = callee.variables[formal.index];
  if (actual.kind == Operand::Sink)
    return true;
  if (actual.kind == Operand::VariableAddress && actual.variable.isLocal) {
    const Variable &own = caller->function->variables[actual.variable.index];
    if (own.size != variable.size)
      return fail(inst.position, "call: " + own.name + " has " +
                                     std::to_string(own.size) + " bytes, " +
                                     variable.name + " of " +
                                     callee.function->name + " has " +
                                     std::to_string(variable.size));
    int64_t from = caller->variables[actual.variable.index];
    Inst &copy = append(inst, "call");
    copy.cls = InstClass::Move;
    setCopyLocal(copy, isResult ? from : to, isResult ? to : from,
                 variable.size);
    return true;
  }
  // A register or constant replaces a scalar parameter.
  Ref value;
  if (!(isResult ? decoder.dst(actual, variable.type, value)
                 : decoder.src(actual, variable.type, value)))
    return false;
  Inst &copy = append(inst, "call");
  copy.cls = InstClass::Move;
  if (isResult)
    setLoadLocal(copy, value, to, variable.size);
  else
    setStoreLocal(copy, to, value, variable.size);
  return true;
}

bool KernelBuilder::decodeCall(const Instruction &inst) {
  if (inst.operands.size() != 1 || inst.operands[0].kind != Operand::Function)
    return fail(inst.position, "call: only a direct call of a function is "
                               "supported, none through a register");
  int number = inst.operands[0].function;
  const Function &callee = tree.functions[number];
  if (inst.callArguments.size() != callee.parameters.size() ||
      inst.callResults.size() != callee.results.size())
    return fail(inst.position,
                "call: " + callee.name + " takes " +
                    std::to_string(callee.parameters.size()) +
                    " arguments and returns " +
                    std::to_string(callee.results.size()) + ", found " +
                    std::to_string(inst.callArguments.size()) + " and " +
                    std::to_string(inst.callResults.size()));
  if (callee.isExtern) {
    std::vector<int64_t> arguments;
    std::vector<unsigned> sizes;
    for (const Operand &actual : inst.callArguments) {
      if (actual.kind != Operand::VariableAddress || !actual.variable.isLocal)
        return fail(inst.position,
                    "call: " + callee.name +
                        " takes variables of the space .param only");
      arguments.push_back(frame->variables[actual.variable.index]);
      sizes.push_back(
          unsigned(frame->function->variables[actual.variable.index].size));
    }
    int64_t result = -1;
    if (inst.callResults.size() == 1 &&
        inst.callResults[0].kind == Operand::VariableAddress)
      result = frame->variables[inst.callResults[0].variable.index];
    Inst &call = append(inst, "call");
    call.cls = InstClass::Control;
    if (!setBuiltinCall(callee.name, arguments, sizes, result, call))
      return fail(inst.position, "call: function " + callee.name +
                                     " has no body in this module, and is none "
                                     "of vprintf, __assertfail");
    return true;
  }
  // A guard applies to the call and to the passing of its values.
  Frame &other = frames[number];
  for (size_t i = 0; i < callee.parameters.size(); ++i)
    if (!passValue(inst, inst.callArguments[i], callee.parameters[i], other,
                   false))
      return false;
  Inst &call = append(inst, "call");
  call.cls = InstClass::Control;
  call.flow = Flow::Call;
  call.init = InitRule::Define;
  callFixups.emplace_back(call.number, number);
  for (size_t i = 0; i < callee.results.size(); ++i)
    if (!passValue(inst, inst.callResults[i], callee.results[i], other, true))
      return false;
  return true;
}

bool KernelBuilder::decodeFunction(int function) {
  currentFunction = function;
  frame = &frames[function];
  frame->begin = uint32_t(code->code.size());
  for (const Instruction &inst : frame->function->body) {
    frame->instructions.push_back(uint32_t(code->code.size()));
    if (!decodeInstruction(inst))
      return false;
  }
  // For a label at the end of a body, and for a body without ret.
  frame->instructions.push_back(uint32_t(code->code.size()));
  Instruction end;
  end.position = frame->function->position;
  Inst &ret = append(end, "ret");
  ret.cls = InstClass::Control;
  ret.flow = Flow::Return;
  ret.init = InitRule::Define;
  return true;
}

//===----------------------------------------------------------------------===//
// The complete kernel
//===----------------------------------------------------------------------===//

bool KernelBuilder::patch() {
  for (auto [inst, function] : callFixups)
    code->code[inst].target = frames[function].begin;
  auto target = [&](int function, int label) {
    const Frame &f = frames[function];
    return f.instructions[f.function->labels[label]];
  };
  for (const Fixup &fixup : branchFixups)
    code->code[fixup.inst].target = target(fixup.function, fixup.label);
  for (const Fixup &fixup : tableFixups) {
    std::vector<uint32_t> table;
    for (int label :
         frames[fixup.function].function->branchTargets[fixup.label])
      table.push_back(target(fixup.function, label));
    code->code[fixup.inst].target = uint32_t(code->branchTables.size());
    code->branchTables.push_back(std::move(table));
  }
  uint64_t dynamic = roundUp(sharedEnd, dynamicAlignment);
  for (auto [index, addend] : dynamicConstants)
    code->constants[index].bits[0] = dynamic + uint64_t(addend);
  code->staticShared = uint32_t(sharedEnd - kSharedBase);
  code->dynamicSharedAlignment = dynamicAlignment;
  code->registerBytes = uint32_t(fileEnd);
  return true;
}

void KernelBuilder::fillInfo(const Function &entry) {
  KernelInfo &info = code->info;
  for (const Function::Formal &formal : entry.parameters) {
    const Variable &variable = entry.variables[formal.index];
    KernelParameter parameter;
    parameter.name = variable.name;
    parameter.type = getTypeName(variable.type);
    parameter.size = uint32_t(variable.size);
    parameter.offset = uint32_t(frames[order.front()].variables[formal.index]);
    parameter.alignment = uint32_t(variable.alignment);
    parameter.isArray = variable.isArray;
    parameter.isPointer =
        variable.isPointer ||
        (!variable.isArray && variable.size == 8 && variable.type != Type::F64);
    info.parameterBytes = parameter.offset + parameter.size;
    info.parameters.push_back(std::move(parameter));
  }
  std::copy_n(entry.requiredThreads, 3, info.requiredThreads);
  std::copy_n(entry.maxThreads, 3, info.maxThreads);
  info.minBlocksPerSM = entry.minBlocksPerSM;
  info.maxRegisters = entry.maxRegisters;
  info.staticShared = code->staticShared;
  info.localBytes = code->localBytes;
  info.line = entry.position.line;
}

bool KernelBuilder::build(const Function &entry, KernelCode &result) {
  code = &result;
  decoder.code = code;
  code->info.name = entry.name;
  std::vector<int> path;
  if (!collect(int(&entry - tree.functions.data()), 0, path))
    return false;
  carryOffset = allocateRegister(0);
  for (int function : order)
    if (!layOut(function))
      return false;
  code->writableBytes = uint32_t(fileEnd);
  for (int function : order)
    if (!decodeFunction(function))
      return false;
  if (!patch())
    return false;
  packRegisters(*code);
  if (entry.isEntry)
    fillInfo(entry);
  return true;
}

std::unique_ptr<Program> ptxsim::decode(std::unique_ptr<Tree> tree,
                                        Diagnostic &error) {
  auto program = std::make_unique<Program>();
  program->tree = std::move(tree);
  std::string_view text = program->tree->text;
  while (!text.empty()) {
    size_t end = std::min(text.find('\n'), text.size());
    program->lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::vector<bool> reached(program->tree->functions.size());
  for (const Function &function : program->tree->functions) {
    if (!function.isEntry)
      continue;
    for (const KernelCode &other : program->kernels)
      if (other.info.name == function.name) {
        error = {function.position.line, function.position.column,
                 "there are two entries named " + function.name};
        return nullptr;
      }
    KernelBuilder builder(*program->tree, *program, error);
    program->kernels.emplace_back();
    if (!builder.build(function, program->kernels.back()))
      return nullptr;
    for (int number : builder.getFunctions())
      reached[number] = true;
  }
  // Functions that no kernel calls are checked, too.
  for (const Function &function : program->tree->functions) {
    if (function.isExtern ||
        reached[&function - program->tree->functions.data()])
      continue;
    KernelBuilder builder(*program->tree, *program, error);
    KernelCode unused;
    if (!builder.build(function, unused))
      return nullptr;
  }
  for (const KernelCode &kernel : program->kernels)
    program->infos.push_back(kernel.info);
  return program;
}
