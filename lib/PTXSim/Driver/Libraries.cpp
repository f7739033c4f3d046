//===- Libraries.cpp - Code without a context -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/Code.h"

using namespace ptxsim;
using namespace ptxsim::driver;

CUresult driver::getInstance(Driver &driver, Context &context, CUlibrary handle,
                             CUmodule &instance) {
  Library *library = driver.libraries.find(handle);
  if (!library)
    return CUDA_ERROR_INVALID_HANDLE;
  auto known = library->instances.find(context.handle);
  if (known != library->instances.end()) {
    instance = known->second;
    return CUDA_SUCCESS;
  }
  CUresult result =
      loadModule(driver, context, library->module, handle, instance);
  if (!result)
    library->instances[context.handle] = instance;
  return result;
}

CUresult driver::findFunction(Driver &driver, Context &context,
                              const void *handle, LoadedFunction *&function) {
  function = driver.functions.find(handle);
  if (function)
    return CUDA_SUCCESS;
  Kernel *kernel = driver.kernels.find(handle);
  if (!kernel)
    return CUDA_ERROR_INVALID_HANDLE;
  CUmodule instance = nullptr;
  if (CUresult result = getInstance(driver, context, kernel->library, instance))
    return result;
  CUfunction found = nullptr;
  CUresult result = getFunction(driver, instance, kernel->info->name.c_str(),
                                kernel->settings, found);
  function = driver.functions.find(found);
  return result;
}

static CUkernel getKernel(Driver &driver, CUlibrary handle,
                          const KernelInfo &info) {
  CUkernel &kernel = driver.libraries.find(handle)->kernels[info.name];
  if (!kernel) {
    auto made = std::make_unique<Kernel>();
    made->library = handle;
    made->info = &info;
    made->settings = makeSettings(driver, info);
    kernel = driver.kernels.add(std::move(made));
  }
  return kernel;
}

CU_API cuLibraryLoadData(CUlibrary *handle, const void *image,
                         unsigned *jitOptions, void **jitValues,
                         unsigned numJitOptions, const unsigned *options,
                         void **, unsigned numOptions) {
  return withDriver([&](Driver &driver) -> CUresult {
    constexpr unsigned kLastOption = 1; // BINARY_IS_PRESERVED
    JitOptions jit;
    CUresult result = readJitOptions(numJitOptions, jitOptions, jitValues, jit);
    if (result || !handle || (numOptions && !options))
      return CUDA_ERROR_INVALID_VALUE;
    for (unsigned i = 0; i < numOptions; ++i)
      if (options[i] > kLastOption)
        return CUDA_ERROR_INVALID_VALUE;
    auto library = std::make_unique<Library>();
    result = parseImage(driver, image, jit, library->module);
    if (!result)
      *handle = driver.libraries.add(std::move(library));
    return result;
  });
}

CU_API cuLibraryLoadFromFile(CUlibrary *handle, const char *path,
                             unsigned *jitOptions, void **jitValues,
                             unsigned numJitOptions, const unsigned *options,
                             void **values, unsigned numOptions) {
  return guard([&]() -> CUresult {
    if (CUresult result = withDriver([](Driver &) { return CUDA_SUCCESS; }))
      return result;
    std::string text;
    CUresult result = readFile(path, text);
    return result
               ? result
               : cuLibraryLoadData(handle, text.c_str(), jitOptions, jitValues,
                                   numJitOptions, options, values, numOptions);
  });
}

CU_API cuLibraryUnload(CUlibrary handle) {
  return withDriver([&](Driver &driver) -> CUresult {
    Library *library = driver.libraries.find(handle);
    if (!library)
      return CUDA_ERROR_INVALID_HANDLE;
    for (const auto &instance : library->instances)
      unloadModule(driver, instance.second);
    driver.kernels.eraseIf(
        [&](const Kernel &kernel) { return kernel.library == handle; });
    driver.libraries.erase(handle);
    return CUDA_SUCCESS;
  });
}

CU_API cuLibraryGetKernel(CUkernel *kernel, CUlibrary handle,
                          const char *name) {
  return withDriver([&](Driver &driver) -> CUresult {
    if (!kernel || !name)
      return CUDA_ERROR_INVALID_VALUE;
    Library *library = driver.libraries.find(handle);
    if (!library)
      return CUDA_ERROR_INVALID_HANDLE;
    const KernelInfo *info = library->module->findKernel(name);
    if (!info)
      return CUDA_ERROR_NOT_FOUND;
    *kernel = getKernel(driver, handle, *info);
    return CUDA_SUCCESS;
  });
}

CU_API cuLibraryGetKernelCount(unsigned *count, CUlibrary handle) {
  return withDriver([&](Driver &driver) -> CUresult {
    Library *library = driver.libraries.find(handle);
    if (!library)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!count)
      return CUDA_ERROR_INVALID_VALUE;
    *count = library->module->getKernels().size();
    return CUDA_SUCCESS;
  });
}

CU_API cuLibraryEnumerateKernels(CUkernel *kernels, unsigned count,
                                 CUlibrary handle) {
  return withDriver([&](Driver &driver) -> CUresult {
    Library *library = driver.libraries.find(handle);
    if (!library)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!kernels || !count)
      return CUDA_ERROR_INVALID_VALUE;
    for (const KernelInfo &info : library->module->getKernels())
      if (count) {
        *kernels++ = getKernel(driver, handle, info);
        --count;
      }
    return CUDA_SUCCESS;
  });
}

CU_API cuLibraryGetModule(CUmodule *module, CUlibrary handle) {
  return withContext(Use::Wait, [&](Driver &driver, Context &context) {
    if (!module)
      return CUDA_ERROR_INVALID_VALUE;
    return getInstance(driver, context, handle, *module);
  });
}

CU_API cuLibraryGetGlobal(CUdeviceptr *pointer, size_t *bytes, CUlibrary handle,
                          const char *name) {
  return withContext(Use::Wait, [&](Driver &driver, Context &context) {
    if (!name || (!pointer && !bytes))
      return CUDA_ERROR_INVALID_VALUE;
    CUmodule instance = nullptr;
    CUresult result = getInstance(driver, context, handle, instance);
    return result ? result : getGlobal(driver, instance, name, pointer, bytes);
  });
}

CU_API cuKernelGetFunction(CUfunction *function, CUkernel handle) {
  return withContext(Use::Wait, [&](Driver &driver, Context &context) {
    if (!function)
      return CUDA_ERROR_INVALID_VALUE;
    Kernel *kernel = driver.kernels.find(handle);
    LoadedFunction *made = nullptr;
    if (!kernel)
      return CUDA_ERROR_INVALID_HANDLE;
    if (CUresult result = findFunction(driver, context, handle, made))
      return result;
    return getFunction(driver, made->module, made->info->name.c_str(), nullptr,
                       *function);
  });
}

CU_API cuKernelGetLibrary(CUlibrary *library, CUkernel handle) {
  return withDriver([&](Driver &driver) -> CUresult {
    Kernel *kernel = driver.kernels.find(handle);
    if (!kernel)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!library)
      return CUDA_ERROR_INVALID_VALUE;
    *library = kernel->library;
    return CUDA_SUCCESS;
  });
}
