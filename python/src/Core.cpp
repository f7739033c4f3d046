//===- Core.cpp - The extension module of the Python package --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The C interfaces of the cache and of the launcher for Python. Arguments are
// checked by the modules in Python, which know their names; what this module
// raises is for other programming errors. No function may crash the
// interpreter.
//
//===----------------------------------------------------------------------===//

#include "Tensors.h"
#include "diff-c/Cache.h"
#include "diff-c/Parallel.h"
#include <memory>
#include <mutex>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

namespace nb = nanobind;
using namespace nb::literals;
using namespace diff_python;

namespace {
/// An exception of Python with a message.
[[noreturn]] void raise(PyObject *type, const std::string &message) {
  PyErr_SetString(type, message.c_str());
  throw nb::python_error();
}
} // namespace

//===----------------------------------------------------------------------===//
// Cache
//===----------------------------------------------------------------------===//

/// Raises the error of the last call. An interrupt has raised its own.
static void checkCache(DiffCacheStatus status) {
  if (PyErr_Occurred())
    throw nb::python_error();
  if (status != DIFF_CACHE_SUCCESS)
    raise(status == DIFF_CACHE_INVALID ? PyExc_ValueError : PyExc_RuntimeError,
          diffCacheGetError());
}

/// Runs the handlers of signals. Returns 1 if one has raised an exception, such
/// as KeyboardInterrupt.
static int hasRaised(void *) {
  nb::gil_scoped_acquire lock;
  return PyErr_Occurred() || PyErr_CheckSignals() != 0;
}

namespace {
class Kernel {
public:
  explicit Kernel(DiffCacheKernel *kernel) : kernel(kernel, diffCacheRelease) {}

  const char *getProblem() const {
    return diffCacheGetCallProblem(kernel.get());
  }
  const char *getOrigin() const {
    static constexpr const char *kNames[] = {"memory", "disk", "compiler"};
    return kNames[diffCacheGetOrigin(kernel.get())];
  }
  nb::str getManifest() const {
    size_t size = 0;
    const char *text = diffCacheGetManifest(kernel.get(), &size);
    return nb::str(text, size);
  }
  nb::bytes getCode() const {
    size_t size = 0;
    const void *code = diffCacheGetCode(kernel.get(), &size);
    return nb::bytes(code, size);
  }

  void call(const nb::tuple &arrays,
            const std::optional<std::string> &function) {
    std::vector<TensorView> views = readTensors(arrays);
    std::vector<DiffLaunchTensor> tensors = getTensors(views);
    DiffCacheStatus status = DIFF_CACHE_SUCCESS;
    {
      nb::gil_scoped_release unlock;
      status =
          diffCacheCall(kernel.get(), function ? function->c_str() : nullptr,
                        tensors.data(), tensors.size());
    }
    checkCache(status);
  }

  DiffCacheKernel *get() const { return kernel.get(); }

private:
  std::unique_ptr<DiffCacheKernel, decltype(&diffCacheRelease)> kernel;
};

class Cache {
public:
  Cache(const std::optional<std::string> &folder,
        const std::optional<std::string> &compiler) {
    DiffCacheOptions options = diffCacheGetDefaultOptions();
    options.folder = folder ? folder->c_str() : nullptr;
    options.compiler = compiler ? compiler->c_str() : nullptr;
    options.isInterrupted = hasRaised;
    checkCache(diffCacheOpen(&options, &cache));
  }
  ~Cache() { diffCacheClose(cache); }
  Cache(const Cache &) = delete;
  Cache &operator=(const Cache &) = delete;

  Kernel compile(const nb::bytes &module, const std::string &target,
                 const std::string &options, const std::string &pass,
                 bool cubin, bool object) {
    DiffCacheRequest request{};
    request.module = module.c_str();
    request.moduleSize = module.size();
    request.target = target.c_str();
    request.options = options.c_str();
    request.pass = pass.c_str();
    request.wantCubin = cubin;
    request.wantObject = object;
    DiffCacheKernel *kernel = nullptr;
    DiffCacheStatus status = DIFF_CACHE_SUCCESS;
    {
      nb::gil_scoped_release unlock;
      status = diffCacheCompile(cache, &request, &kernel);
    }
    checkCache(status);
    return Kernel(kernel);
  }

  std::string getFolder() const { return diffCacheGetFolder(cache); }
  std::string getProblem() const { return diffCacheGetProblem(cache); }
  nb::dict getCounts() const {
    DiffCacheCounts counts{};
    checkCache(diffCacheGetCounts(cache, &counts));
    nb::dict result;
    result["memory"] = counts.inMemory;
    result["disk"] = counts.onDisk;
    result["compiled"] = counts.compiled;
    result["damaged"] = counts.damaged;
    return result;
  }
  void clear() {
    DiffCacheStatus status = DIFF_CACHE_SUCCESS;
    {
      nb::gil_scoped_release unlock;
      status = diffCacheClear(cache);
    }
    checkCache(status);
  }

private:
  DiffCache *cache = nullptr;
};
} // namespace

//===----------------------------------------------------------------------===//
// Devices
//===----------------------------------------------------------------------===//

static void checkLaunch(DiffLaunchStatus status) {
  if (status != DIFF_LAUNCH_SUCCESS)
    raise(status == DIFF_LAUNCH_INVALID ? PyExc_ValueError : PyExc_RuntimeError,
          diffLaunchGetError());
}

namespace {
/// A device that several threads may use, one after the other.
struct SharedDevice {
  ~SharedDevice() { diffLaunchClose(device); }
  DiffLaunchDevice *device = nullptr;
  std::mutex mutex;
};

class Program {
public:
  Program(std::shared_ptr<SharedDevice> owner, const std::string &manifest,
          const nb::bytes &code)
      : owner(std::move(owner)) {
    DiffLaunchStatus status = DIFF_LAUNCH_SUCCESS;
    {
      nb::gil_scoped_release unlock;
      std::lock_guard<std::mutex> guard(this->owner->mutex);
      status =
          diffLaunchLoad(this->owner->device, manifest.data(), manifest.size(),
                         code.c_str(), code.size(), &program);
    }
    checkLaunch(status);
  }
  Program(Program &&other) noexcept
      : owner(std::move(other.owner)), program(other.program) {
    other.program = nullptr;
  }
  ~Program() {
    if (!program)
      return;
    std::lock_guard<std::mutex> guard(owner->mutex);
    diffLaunchUnload(program);
  }

  /// Returns the milliseconds of the kernels, or none.
  std::optional<double> run(const nb::tuple &arrays,
                            const std::string &function, uint64_t stream,
                            bool time) {
    std::vector<TensorView> views = readTensors(arrays);
    std::vector<DiffLaunchTensor> tensors = getTensors(views);
    DiffLaunchStatus status = DIFF_LAUNCH_SUCCESS;
    double milliseconds = 0;
    std::string findings;
    {
      nb::gil_scoped_release unlock;
      std::lock_guard<std::mutex> guard(owner->mutex);
      diffLaunchSetStream(owner->device,
                          reinterpret_cast<void *>(uintptr_t(stream)));
      status = diffLaunchRun(program, function.c_str(), tensors.data(),
                             tensors.size(), time ? &milliseconds : nullptr);
      if (status == DIFF_LAUNCH_FINDINGS)
        findings = describeFindings();
    }
    if (status == DIFF_LAUNCH_FINDINGS)
      raise(PyExc_RuntimeError, findings);
    checkLaunch(status);
    return time ? std::optional<double>(milliseconds) : std::nullopt;
  }

private:
  std::string describeFindings() const {
    size_t count = diffLaunchGetFindingCount(owner->device);
    const char *first = diffLaunchGetFinding(owner->device, 0);
    return "the checkers of the simulator reported " + std::to_string(count) +
           (count == 1 ? " finding: " : " findings, first: ") +
           (first ? first : "");
  }

  std::shared_ptr<SharedDevice> owner;
  DiffLaunchProgram *program = nullptr;
};

class Device {
public:
  static Device openSim(const std::string &chip) {
    Device device;
    checkLaunch(
        diffLaunchOpenSim(chip.c_str(), nullptr, &device.shared->device));
    return device;
  }
  static Device openCuda(int ordinal,
                         const std::optional<std::string> &library) {
    Device device;
    DiffLaunchStatus status = DIFF_LAUNCH_SUCCESS;
    {
      nb::gil_scoped_release unlock;
      status = diffLaunchOpenCuda(ordinal, library ? library->c_str() : nullptr,
                                  nullptr, &device.shared->device);
    }
    checkLaunch(status);
    return device;
  }

  std::string getName() const { return diffLaunchGetName(shared->device); }
  Program load(const std::string &manifest, const nb::bytes &code) {
    return Program(shared, manifest, code);
  }

private:
  std::shared_ptr<SharedDevice> shared = std::make_shared<SharedDevice>();
};
} // namespace

//===----------------------------------------------------------------------===//
// The module
//===----------------------------------------------------------------------===//

NB_MODULE(_core, m) {
  m.doc() = "The cache and the launcher of DiffMLIR.";
  // The interpreter may exit while a module variable still holds a kernel.
  nb::set_leak_warnings(false);

  nb::class_<Kernel>(m, "Kernel", "A compiled module.")
      .def_prop_ro("origin", &Kernel::getOrigin,
                   "Where it was found: memory, disk or compiler.")
      .def_prop_ro("manifest", &Kernel::getManifest, "The manifest, JSON text.")
      .def_prop_ro(
          "code", &Kernel::getCode,
          "A shared object or an object file for a CPU, or PTX or a cubin.")
      .def_prop_ro("problem", &Kernel::getProblem,
                   "Why functions cannot be called on this machine, or ''.")
      .def("call", &Kernel::call, "arrays"_a, "function"_a = nb::none(),
           "Calls a function on a CPU with its arguments, then its results.");

  nb::class_<Cache>(m, "Cache", "Compiled modules in memory and on disk.")
      .def(nb::init<std::optional<std::string>, std::optional<std::string>>(),
           "folder"_a = nb::none(), "compiler"_a = nb::none())
      .def("compile", &Cache::compile, "module"_a, "target"_a, "options"_a = "",
           "pass_"_a = "", "cubin"_a = false, "object"_a = false,
           "Finds or compiles the text or bytecode of a module.")
      .def_prop_ro("folder", &Cache::getFolder, "The folder, or ''.")
      .def_prop_ro("problem", &Cache::getProblem,
                   "Why another folder than the wanted one is used, or ''.")
      .def("counts", &Cache::getCounts,
           "How many requests were answered from memory, from disk and by the "
           "compiler, and how many files were damaged.")
      .def("clear", &Cache::clear, "Removes all modules.");

  nb::class_<Program>(m, "Program", "Compiled functions on a device.")
      .def("run", &Program::run, "arrays"_a, "function"_a, "stream"_a = 0,
           "time"_a = false,
           "Launches a function with its arguments, then its results, on a "
           "CUstream. Returns the milliseconds if `time` is true.");

  nb::class_<Device>(m, "Device", "A GPU or a simulated one.")
      .def_static("sim", &Device::openSim, "chip"_a,
                  "A simulated GPU with all checkers.")
      .def_static("cuda", &Device::openCuda, "ordinal"_a = 0,
                  "library"_a = nb::none(), "A GPU of the driver library.")
      .def_prop_ro("name", &Device::getName, "A name for people.")
      .def("load", &Device::load, "manifest"_a, "code"_a,
           "Loads a manifest and PTX or a cubin.");

  m.def("describe", &describeTensors, "arrays"_a,
        "Returns bytes that are equal for arrays of equal libraries, devices, "
        "types and shapes.");
  m.def("inspect", &inspectTensor, "array"_a.none(),
        "Returns the library, element type ('' if no kernel takes it), device "
        "type and id, shape, strides, and whether the array is writable.");
  m.def("current_stream", &getCurrentStream, "tensor"_a,
        "The stream that PyTorch uses on the device of a tensor.");
  m.def("set_threads", &diffParallelSetThreads, "threads"_a,
        "Limits the threads of CPU code; 0 removes the limit.");
  m.def("get_threads", &diffParallelGetThreads,
        "The threads that CPU code of this thread gets now.");
  m.def("thread_provider", &diffParallelGetProvider,
        "Where threads come from: openmp or pool.");
  m.def("runtime_library", &diffParallelGetLibrary, "The path of libdiffrt.");
}
