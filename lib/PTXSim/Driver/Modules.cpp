//===- Modules.cpp - Modules of a context ---------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/Code.h"

using namespace ptxsim;
using namespace ptxsim::driver;

CUresult driver::loadModule(Driver &driver, Context &context,
                            std::shared_ptr<const Module> module,
                            CUlibrary library, CUmodule &handle) {
  Diagnostic error;
  auto code = std::make_unique<LoadedCode>();
  code->context = context.handle;
  code->module = module;
  code->library = library;
  code->loaded = driver.device->load(std::move(module), error);
  if (!code->loaded) {
    explain(error.format("ptx"));
    return CUDA_ERROR_OUT_OF_MEMORY;
  }
  handle = driver.modules.add(std::move(code));
  return CUDA_SUCCESS;
}

void driver::unloadModule(Driver &driver, CUmodule handle) {
  driver.functions.eraseIf([&](const LoadedFunction &function) {
    return function.module == handle;
  });
  driver.device->unload(*driver.modules.find(handle)->loaded);
  driver.modules.erase(handle);
}

std::shared_ptr<KernelSettings> driver::makeSettings(const Driver &driver,
                                                     const KernelInfo &info) {
  auto settings = std::make_shared<KernelSettings>();
  // Larger static shared memory is rejected when the module is loaded.
  settings->maxDynamicShared =
      int(driver.getChip().sharedPerBlockDefault - info.staticShared);
  return settings;
}

CUresult driver::getFunction(Driver &driver, CUmodule handle, const char *name,
                             const std::shared_ptr<KernelSettings> &settings,
                             CUfunction &function) {
  LoadedCode *code = driver.modules.find(handle);
  if (!code)
    return CUDA_ERROR_INVALID_HANDLE;
  auto known = code->functions.find(name);
  if (known != code->functions.end()) {
    function = known->second;
    return CUDA_SUCCESS;
  }
  const KernelInfo *info = code->module->findKernel(name);
  if (!info)
    return CUDA_ERROR_NOT_FOUND;
  auto made = std::make_unique<LoadedFunction>();
  made->module = handle;
  made->info = info;
  made->settings = settings ? settings : makeSettings(driver, *info);
  function = driver.functions.add(std::move(made));
  code->functions.emplace(name, function);
  return CUDA_SUCCESS;
}

CUresult driver::getGlobal(Driver &driver, CUmodule handle, const char *name,
                           CUdeviceptr *pointer, size_t *bytes) {
  LoadedCode *code = driver.modules.find(handle);
  if (!code)
    return CUDA_ERROR_INVALID_HANDLE;
  for (const LoadedModule::Variable &variable : code->loaded->variables)
    if (variable.name == name) {
      if (pointer)
        *pointer = variable.address;
      if (bytes)
        *bytes = variable.size;
      return CUDA_SUCCESS;
    }
  return CUDA_ERROR_NOT_FOUND;
}

CU_API cuModuleLoadDataEx(CUmodule *handle, const void *image,
                          unsigned numOptions, unsigned *options,
                          void **values) {
  return withContext(Use::Wait, [&](Driver &driver, Context &context) {
    JitOptions jit;
    CUresult result = readJitOptions(numOptions, options, values, jit);
    if (result || !handle)
      return CUDA_ERROR_INVALID_VALUE;
    std::shared_ptr<const Module> module;
    result = parseImage(driver, image, jit, module);
    return result ? result
                  : loadModule(driver, context, module, nullptr, *handle);
  });
}

CU_API cuModuleLoadData(CUmodule *handle, const void *image) {
  return cuModuleLoadDataEx(handle, image, 0, nullptr, nullptr);
}
CU_ALIAS(cuModuleLoadFatBinary, cuModuleLoadData);

CU_API cuModuleLoad(CUmodule *handle, const char *path) {
  return guard([&]() -> CUresult {
    // A missing context has priority over a missing file.
    if (CUresult result = withContext(
            Use::Wait, [](Driver &, Context &) { return CUDA_SUCCESS; }))
      return result;
    std::string text;
    CUresult result = readFile(path, text);
    return result ? result : cuModuleLoadData(handle, text.c_str());
  });
}

CU_API cuModuleUnload(CUmodule handle) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    LoadedCode *code = driver.modules.find(handle);
    if (!code)
      return CUDA_ERROR_INVALID_HANDLE;
    if (code->library)
      return CUDA_ERROR_NOT_PERMITTED;
    unloadModule(driver, handle);
    return CUDA_SUCCESS;
  });
}

CU_API cuModuleGetFunction(CUfunction *function, CUmodule handle,
                           const char *name) {
  return withContext(Use::Wait, [&](Driver &driver, Context &context) {
    if (!function || !name)
      return CUDA_ERROR_INVALID_VALUE;
    LoadedCode *code = driver.modules.find(handle);
    if (!code)
      return CUDA_ERROR_INVALID_HANDLE;
    // A kernel of a library and its functions share their settings.
    if (Library *library = driver.libraries.find(code->library)) {
      auto kernel = library->kernels.find(name);
      LoadedFunction *found = nullptr;
      if (kernel != library->kernels.end())
        if (CUresult result =
                findFunction(driver, context, kernel->second, found))
          return result;
    }
    return getFunction(driver, handle, name, nullptr, *function);
  });
}

CU_API cuModuleGetGlobal_v2(CUdeviceptr *pointer, size_t *bytes,
                            CUmodule handle, const char *name) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    if (!name || (!pointer && !bytes))
      return CUDA_ERROR_INVALID_VALUE;
    return getGlobal(driver, handle, name, pointer, bytes);
  });
}
CU_ALIAS(cuModuleGetGlobal, cuModuleGetGlobal_v2);

CU_API cuModuleGetFunctionCount(unsigned *count, CUmodule handle) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    LoadedCode *code = driver.modules.find(handle);
    if (!code)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!count)
      return CUDA_ERROR_INVALID_VALUE;
    *count = code->module->getKernels().size();
    return CUDA_SUCCESS;
  });
}

CU_API cuModuleEnumerateFunctions(CUfunction *functions, unsigned count,
                                  CUmodule handle) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    LoadedCode *code = driver.modules.find(handle);
    if (!code)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!functions || !count)
      return CUDA_ERROR_INVALID_VALUE;
    for (const KernelInfo &info : code->module->getKernels()) {
      if (!count--)
        break;
      if (CUresult result = getFunction(driver, handle, info.name.c_str(),
                                        nullptr, *functions++))
        return result;
    }
    return CUDA_SUCCESS;
  });
}

CU_API cuModuleGetLoadingMode(int *mode) {
  return withDriver([&](Driver &) -> CUresult {
    if (!mode)
      return CUDA_ERROR_INVALID_VALUE;
    *mode = 1; // eager
    return CUDA_SUCCESS;
  });
}
