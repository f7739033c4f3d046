//===- ArrayRun.h - Checked runs on arrays ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_LAUNCH_ARRAYRUN_H
#define DIFF_RUNTIME_LAUNCH_ARRAYRUN_H

#include "diff/Runtime/GuardedBuffer.h"
#include "diff/Runtime/Launch/Program.h"

namespace mlir::diff::launch {

/// Runs a function on arrays in C order. Results are initially marked as
/// unwritten. Every element of a result must be written, except after the end
/// of offsets, and no other memory may be written. Functions return an empty
/// string or an error message.
class ArrayRun {
public:
  ArrayRun(Program &program, const FunctionInfo &function)
      : program(program), function(function) {}

  /// Copies arrays for the arguments to the device, and allocates results with
  /// these types and shapes. Arrays that do not match the function are an error
  /// before anything runs. The inputs must outlive the object.
  std::string prepare(const std::vector<const NpyArray *> &inputs,
                      const std::vector<NpyArray> &results);

  /// Runs the function once, until it has completed.
  std::string run(double &milliseconds);

  /// Fetches the results and checks the written memory. Must not be called
  /// after a run in which the device reported a finding.
  std::string finish();

  /// Returns the results that `finish` has fetched.
  std::vector<GuardedBuffer> &getResults() { return results; }

private:
  /// A tensor on the device.
  struct Place {
    explicit Place(DeviceInterface &device) : buffer(device) {}
    DeviceBuffer buffer;
    NpyType type = NpyType::F32;
    std::vector<int64_t> shape;
    int64_t bytes = 0;
    /// The contents of an argument, or null for a result.
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
  /// True if every element of the results must be written.
  bool writesAll = true;
};

} // namespace mlir::diff::launch

#endif // DIFF_RUNTIME_LAUNCH_ARRAYRUN_H
