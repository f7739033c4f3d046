//===- Code.h - Modules, libraries and kernels ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_DRIVER_CODE_H
#define PTXSIM_DRIVER_CODE_H

#include "Driver/State.h"

namespace ptxsim::driver {

/// The options of a compilation that mean something here.
struct JitOptions {
  struct Log {
    char *buffer = nullptr;
    unsigned bytes = 0;
    void **written = nullptr; // where to say how much was
  };
  Log info, error;
  void **wallTime = nullptr;
};
CUresult readJitOptions(unsigned count, const unsigned *options, void **values,
                        JitOptions &jit);

/// Reads PTX. What is wrong with it goes into the error log, or to standard
/// error if the program gave none.
CUresult parseImage(Driver &driver, const void *image, const JitOptions &jit,
                    std::shared_ptr<const Module> &module);
CUresult readFile(const char *path, std::string &text);

/// Puts a module into a context.
CUresult loadModule(Driver &driver, Context &context,
                    std::shared_ptr<const Module> module, CUlibrary library,
                    CUmodule &handle);
void unloadModule(Driver &driver, CUmodule handle);

/// The function of that name; a handle of its own for each module. The
/// settings are the module's own if there are none.
CUresult getFunction(Driver &driver, CUmodule handle, const char *name,
                     const std::shared_ptr<KernelSettings> &settings,
                     CUfunction &function);
CUresult getGlobal(Driver &driver, CUmodule handle, const char *name,
                   CUdeviceptr *pointer, size_t *bytes);
std::shared_ptr<KernelSettings> makeSettings(const Driver &driver,
                                             const KernelInfo &info);

/// The module of a library in a context, loaded if it was not.
CUresult getInstance(Driver &driver, Context &context, CUlibrary handle,
                     CUmodule &instance);
/// A CUfunction, or what a CUkernel is in the context.
CUresult findFunction(Driver &driver, Context &context, const void *handle,
                      LoadedFunction *&function);

/// The registers of a thread that are told to a program: the simulator's
/// user's figure, or an assumption, within what the kernel declares.
unsigned getRegisters(const Driver &driver, const KernelInfo &info);
unsigned getMaxThreads(const Driver &driver, const KernelInfo &info);

/// Blocks of a kernel that a multiprocessor takes at a time.
unsigned getBlocksPerSM(const Driver &driver, const KernelInfo &info,
                        unsigned threads, uint64_t dynamicShared);

} // namespace ptxsim::driver

#endif // PTXSIM_DRIVER_CODE_H
