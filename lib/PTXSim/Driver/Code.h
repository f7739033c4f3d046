//===- Code.h - Modules, libraries and kernels ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_DRIVER_CODE_H
#define PTXSIM_DRIVER_CODE_H

#include "Driver/State.h"

namespace ptxsim::driver {

/// The compilation options that have a meaning here.
struct JitOptions {
  struct Log {
    char *buffer = nullptr;
    unsigned bytes = 0;
    void **written = nullptr; // where to store the length
  };
  Log info, error;
  void **wallTime = nullptr;
};
CUresult readJitOptions(unsigned count, const unsigned *options, void **values,
                        JitOptions &jit);

/// Reads PTX. Errors go into the error log, or to standard error if the program
/// gave none.
CUresult parseImage(Driver &driver, const void *image, const JitOptions &jit,
                    std::shared_ptr<const Module> &module);
CUresult readFile(const char *path, std::string &text);

/// Loads a module into a context.
CUresult loadModule(Driver &driver, Context &context,
                    std::shared_ptr<const Module> module, CUlibrary library,
                    CUmodule &handle);
void unloadModule(Driver &driver, CUmodule handle);

/// Returns the function of that name, with a separate handle for each module.
/// By default, the settings are those of the module.
CUresult getFunction(Driver &driver, CUmodule handle, const char *name,
                     const std::shared_ptr<KernelSettings> &settings,
                     CUfunction &function);
CUresult getGlobal(Driver &driver, CUmodule handle, const char *name,
                   CUdeviceptr *pointer, size_t *bytes);
std::shared_ptr<KernelSettings> makeSettings(const Driver &driver,
                                             const KernelInfo &info);

/// Returns the module of a library in a context, and loads it if necessary.
CUresult getInstance(Driver &driver, Context &context, CUlibrary handle,
                     CUmodule &instance);
/// Returns a CUfunction, or the function of a CUkernel in the context.
CUresult findFunction(Driver &driver, Context &context, const void *handle,
                      LoadedFunction *&function);

/// Returns the registers of a thread that are reported to programs: those set
/// by the user of the simulator, or an assumption, within the kernel's limits.
unsigned getRegisters(const Driver &driver, const KernelInfo &info);
unsigned getMaxThreads(const Driver &driver, const KernelInfo &info);

/// Returns the number of blocks of a kernel that fit on a multiprocessor.
unsigned getBlocksPerSM(const Driver &driver, const KernelInfo &info,
                        unsigned threads, uint64_t dynamicShared);

} // namespace ptxsim::driver

#endif // PTXSIM_DRIVER_CODE_H
