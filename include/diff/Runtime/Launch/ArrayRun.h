//===- ArrayRun.h - Runs a function on arrays, and watches ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++: nothing of MLIR or LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_LAUNCH_ARRAYRUN_H
#define DIFF_RUNTIME_LAUNCH_ARRAYRUN_H

#include "diff/Runtime/GuardedBuffer.h"
#include "diff/Runtime/Launch/Program.h"

namespace mlir::diff::launch {

/// Runs of a function on arrays in C order. Results start as written by
/// nothing, and every element of them must be written, unless offsets end in
/// front of the last; nothing else may be.
/// Functions return an error message, empty on success.
class ArrayRun {
public:
  ArrayRun(Program &program, const FunctionInfo &function)
      : program(program), function(function) {}

  /// Places arrays for the arguments on the device, and room for results of
  /// these types and shapes. What does not fit the function is an error before
  /// anything is run. The inputs must outlive the object.
  std::string prepare(const std::vector<const NpyArray *> &inputs,
                      const std::vector<NpyArray> &results);

  /// Runs once, to the end.
  std::string run(double &milliseconds);

  /// Fetches the results and checks what was written. Not to be called after a
  /// run in which the device found something.
  std::string finish();

  /// The results that `finish` fetched.
  std::vector<GuardedBuffer> &getResults() { return results; }

private:
  /// A tensor on the device.
  struct Place {
    explicit Place(DeviceInterface &device) : buffer(device) {}
    DeviceBuffer buffer;
    NpyType type = NpyType::F32;
    std::vector<int64_t> shape;
    int64_t bytes = 0;
    /// The contents of an argument; null for a result.
    const NpyArray *input = nullptr;
  };

  std::string checkAllOffsets();
  std::string place(Place &tensor);
  std::string poison(Place &tensor);
  std::string fetch(Place &tensor, size_t number);
  std::string checkTracked(const Place &tensor, const std::string &name);
  std::string checkGuarded(const Place &tensor, const std::string &name,
                           const GuardedBuffer &fetched);
  std::string checkInput(const Place &tensor, const std::string &name,
                         const GuardedBuffer &fetched);
  std::vector<TensorArgument> getArguments() const;
  DeviceInterface &getDevice() const { return program.getDevice(); }

  Program &program;
  const FunctionInfo &function;
  std::vector<Place> tensors;
  std::vector<GuardedBuffer> results;
  /// Every element of the results is computed.
  bool writesAll = true;
};

} // namespace mlir::diff::launch

#endif // DIFF_RUNTIME_LAUNCH_ARRAYRUN_H
