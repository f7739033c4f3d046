//===- Tensors.cpp - Arrays of Python as tensors of the launcher ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NumPy arrays are read through the struct of NumPy's C interface, because its
// buffers cannot hold bf16. PyTorch tensors are read through DLPack's table of
// C functions. Both take a fraction of a microsecond; a capsule takes several.
//
//===----------------------------------------------------------------------===//

#include "Tensors.h"
#include <algorithm>
#include <unordered_map>

namespace nb = nanobind;
using namespace diff_python;

/// The device type of DLPack for host memory.
static constexpr int32_t kHostDevice = 1;

std::vector<DiffLaunchTensor>
diff_python::getTensors(const std::vector<TensorView> &views) {
  std::vector<DiffLaunchTensor> tensors;
  tensors.reserve(views.size());
  for (const TensorView &view : views) {
    bool isOnHost = view.deviceType == kHostDevice;
    tensors.push_back({view.data,
                       isOnHost ? DIFF_LAUNCH_HOST : DIFF_LAUNCH_DEVICE,
                       DiffLaunchType(view.type), view.rank, view.shape.data(),
                       view.strides.data()});
  }
  return tensors;
}

/// Returns `module.Type`, a name for messages.
static std::string getTypeName(nb::handle object) {
  nb::object type = nb::borrow(object.type());
  std::string module = nb::str(type.attr("__module__")).c_str();
  std::string name = nb::str(type.attr("__qualname__")).c_str();
  return module == "builtins" ? name : module + "." + name;
}

static void checkRank(size_t rank) {
  if (rank > kMaxRank)
    throw nb::value_error(("an array has " + std::to_string(rank) +
                           " dimensions; up to " + std::to_string(kMaxRank) +
                           " are legal")
                              .c_str());
}

//===----------------------------------------------------------------------===//
// NumPy
//===----------------------------------------------------------------------===//

namespace {
/// The stable head of PyArrayObject in NumPy 1 and 2.
struct NumPyArray {
  PyObject_HEAD char *data;
  int rank;
  Py_ssize_t *shape;
  Py_ssize_t *strides;
  PyObject *base;
  PyObject *descr;
  int flags;
};
constexpr int kNumPyAligned = 0x0100, kNumPyWriteable = 0x0400;

struct ElementType {
  uint8_t code;
  uint8_t size;
};

/// The types of NumPy's names, which ml_dtypes extends.
const std::unordered_map<std::string, ElementType> kNumPyTypes = {
    {"float16", {DIFF_LAUNCH_F16, 2}}, {"bfloat16", {DIFF_LAUNCH_BF16, 2}},
    {"float32", {DIFF_LAUNCH_F32, 4}}, {"int32", {DIFF_LAUNCH_I32, 4}},
    {"float64", {DIFF_LAUNCH_F64, 8}}, {"int8", {DIFF_LAUNCH_I8, 1}},
    {"int16", {DIFF_LAUNCH_I16, 2}},   {"int64", {DIFF_LAUNCH_I64, 8}},
    {"uint8", {DIFF_LAUNCH_U8, 1}},    {"uint16", {DIFF_LAUNCH_U16, 2}},
    {"uint32", {DIFF_LAUNCH_U32, 4}},  {"uint64", {DIFF_LAUNCH_U64, 8}},
    {"bool", {DIFF_LAUNCH_BOOL, 1}}};
} // namespace

/// Returns the element type of a dtype.
static ElementType getNumPyType(PyObject *descr) {
  // Types of the native byte order are single objects. A reference keeps the
  // address.
  static auto *known = new std::unordered_map<PyObject *, ElementType>;
  auto found = known->find(descr);
  if (found != known->end())
    return found->second;
  nb::object type = nb::borrow(descr);
  ElementType result{kUnknownType,
                     uint8_t(nb::cast<int>(type.attr("itemsize")))};
  auto named = kNumPyTypes.find(nb::str(type.attr("name")).c_str());
  if (named != kNumPyTypes.end() && nb::cast<bool>(type.attr("isnative")))
    result = named->second;
  if (known->size() < 64)
    known->emplace(type.release().ptr(), result);
  return result;
}

/// Returns true for NumPy arrays. Of their subclasses, only memmap is legal:
/// the elements of others mean more than numbers, such as those of masked
/// arrays.
static bool isNumPyArray(nb::handle object) {
  static PyTypeObject *types[2];
  if (!types[0]) {
    nb::handle numpy = PyDict_GetItemString(PyImport_GetModuleDict(), "numpy");
    // Another thread may be importing it.
    if (!numpy || !nb::hasattr(numpy, "memmap") ||
        !nb::hasattr(numpy, "ndarray"))
      return false;
    for (size_t i = 0; i < 2; ++i)
      types[1 - i] = reinterpret_cast<PyTypeObject *>(
          nb::object(numpy.attr(i ? "ndarray" : "memmap")).release().ptr());
  }
  if (Py_TYPE(object.ptr()) == types[0] || Py_TYPE(object.ptr()) == types[1])
    return true;
  if (PyType_IsSubtype(Py_TYPE(object.ptr()), types[0]))
    throw nb::type_error((getTypeName(object) +
                          " is a subclass of numpy.ndarray; convert it with "
                          "numpy.asarray")
                             .c_str());
  return false;
}

static void readNumPy(nb::handle object, TensorView &view) {
  const auto &array = *reinterpret_cast<const NumPyArray *>(object.ptr());
  checkRank(size_t(array.rank));
  ElementType type = getNumPyType(array.descr);
  view.library = Library::NumPy;
  view.type = type.code;
  view.data = uint64_t(reinterpret_cast<uintptr_t>(array.data));
  view.rank = size_t(array.rank);
  view.isWritable = (array.flags & kNumPyWriteable) != 0;
  // Elements between two addresses of their size are as foreign as a byte
  // order.
  bool isLegal = (array.flags & kNumPyAligned) != 0 && type.size != 0;
  for (size_t i = 0; i < view.rank; ++i) {
    view.shape[i] = array.shape[i];
    bool isWhole = type.size && array.strides[i] % type.size == 0;
    isLegal &= isWhole || array.shape[i] <= 1;
    view.strides[i] = isWhole ? array.strides[i] / type.size : 0;
  }
  if (!isLegal && type.code != kUnknownType)
    throw nb::type_error("an array has elements that are not aligned; copy it "
                         "with numpy.ascontiguousarray");
}

//===----------------------------------------------------------------------===//
// DLPack
//===----------------------------------------------------------------------===//

namespace {
/// DLPack's table of C functions (version 1.3), `__dlpack_c_exchange_api__` of
/// a type.
struct ExchangeTable {
  struct Header {
    uint32_t major, minor;
    Header *previous;
  } header;
  void *allocate, *exportManaged, *importManaged;
  /// Borrows: fills the tensor. Returns -1 with an exception set.
  int (*borrow)(void *object, nb::dlpack::dltensor *tensor);
  int (*getStream)(int32_t deviceType, int32_t deviceId, void **stream);
};
} // namespace

/// Returns the table of a type, or null.
static const ExchangeTable *findTable(nb::handle object) {
  // Types live as long as their entries.
  static auto *known =
      new std::unordered_map<PyTypeObject *, const ExchangeTable *>;
  PyTypeObject *type = Py_TYPE(object.ptr());
  auto found = known->find(type);
  if (found != known->end())
    return found->second;
  const ExchangeTable *table = nullptr;
  nb::object capsule =
      nb::getattr(nb::handle(reinterpret_cast<PyObject *>(type)),
                  "__dlpack_c_exchange_api__", nb::none());
  if (PyCapsule_IsValid(capsule.ptr(), "dlpack_exchange_api"))
    table = static_cast<const ExchangeTable *>(
        PyCapsule_GetPointer(capsule.ptr(), "dlpack_exchange_api"));
  if (table && (table->header.major != 1 || !table->borrow))
    table = nullptr;
  if (known->size() < 64) {
    Py_INCREF(type);
    known->emplace(type, table);
  }
  return table;
}

static uint8_t getDLPackType(nb::dlpack::dtype type) {
  using Code = nb::dlpack::dtype_code;
  struct Row {
    Code code;
    uint8_t bits;
    DiffLaunchType type;
  };
  static constexpr Row kRows[] = {
      {Code::Float, 16, DIFF_LAUNCH_F16}, {Code::Float, 32, DIFF_LAUNCH_F32},
      {Code::Float, 64, DIFF_LAUNCH_F64}, {Code::Bfloat, 16, DIFF_LAUNCH_BF16},
      {Code::Int, 8, DIFF_LAUNCH_I8},     {Code::Int, 16, DIFF_LAUNCH_I16},
      {Code::Int, 32, DIFF_LAUNCH_I32},   {Code::Int, 64, DIFF_LAUNCH_I64},
      {Code::UInt, 8, DIFF_LAUNCH_U8},    {Code::UInt, 16, DIFF_LAUNCH_U16},
      {Code::UInt, 32, DIFF_LAUNCH_U32},  {Code::UInt, 64, DIFF_LAUNCH_U64},
      {Code::Bool, 8, DIFF_LAUNCH_BOOL}};
  for (const Row &row : kRows)
    if (Code(type.code) == row.code && type.bits == row.bits && type.lanes == 1)
      return uint8_t(row.type);
  return kUnknownType;
}

static void setStrides(TensorView &view, const int64_t *strides) {
  int64_t step = 1;
  for (size_t i = view.rank; i-- > 0;) {
    view.strides[i] = strides ? strides[i] : step;
    step *= std::max<int64_t>(view.shape[i], 1);
  }
}

static void readTable(nb::handle object, const ExchangeTable &table,
                      TensorView &view) {
  nb::dlpack::dltensor tensor;
  if (table.borrow(object.ptr(), &tensor) != 0)
    throw nb::python_error();
  checkRank(size_t(tensor.ndim));
  view.library = Library::Torch;
  view.type = getDLPackType(tensor.dtype);
  view.data =
      uint64_t(reinterpret_cast<uintptr_t>(tensor.data)) + tensor.byte_offset;
  view.deviceType = tensor.device.device_type;
  view.deviceId = tensor.device.device_id;
  view.rank = size_t(tensor.ndim);
  std::copy_n(tensor.shape, view.rank, view.shape.begin());
  setStrides(view, tensor.strides);
}

static void readCapsule(nb::handle object, TensorView &view) {
  // Without the attribute, nanobind would try the buffer protocol, which any
  // bytes have.
  if (!nb::hasattr(object, "__dlpack__"))
    throw nb::type_error(
        (getTypeName(object) +
         " is no array; NumPy arrays, "
         "PyTorch tensors and objects with __dlpack__ are legal")
            .c_str());
  nb::object held = nb::borrow(object);
  nb::ndarray<> writable;
  nb::ndarray<nb::ro> array;
  view.isWritable = nb::try_cast(held, writable, /*convert=*/false);
  if (view.isWritable)
    array = nb::ndarray<nb::ro>(writable);
  else if (!nb::try_cast(held, array, /*convert=*/false))
    throw nb::type_error((getTypeName(object) +
                          " has no strided memory that DLPack can describe")
                             .c_str());
  checkRank(array.ndim());
  view.library = Library::Other;
  view.type = getDLPackType(array.dtype());
  view.data = uint64_t(reinterpret_cast<uintptr_t>(array.data()));
  view.deviceType = array.device_type();
  view.deviceId = array.device_id();
  view.rank = array.ndim();
  for (size_t i = 0; i < view.rank; ++i) {
    view.shape[i] = int64_t(array.shape(i));
    view.strides[i] = array.stride(i);
  }
  view.capsule = std::move(array);
}

/// Libraries leave any stride in dimensions of at most one element. Gives them
/// that of a contiguous array.
static void normalizeStrides(TensorView &view) {
  int64_t step = 1;
  for (size_t i = view.rank; i-- > 0;) {
    if (view.shape[i] <= 1)
      view.strides[i] = step;
    step = view.strides[i] * std::max<int64_t>(view.shape[i], 1);
  }
}

void diff_python::readTensor(nb::handle object, TensorView &view) {
  if (isNumPyArray(object))
    readNumPy(object, view);
  else if (const ExchangeTable *table = findTable(object))
    readTable(object, *table, view);
  else
    readCapsule(object, view);
  normalizeStrides(view);
}

std::vector<TensorView> diff_python::readTensors(const nb::tuple &objects) {
  std::vector<TensorView> views(objects.size());
  for (size_t i = 0; i < views.size(); ++i)
    readTensor(objects[i], views[i]);
  return views;
}

nb::bytes diff_python::describeTensors(const nb::tuple &objects) {
  std::string text;
  text.reserve(objects.size() * (5 + 4 * sizeof(int64_t)));
  for (nb::handle object : objects) {
    TensorView view;
    readTensor(object, view);
    for (size_t part :
         {size_t(view.library), size_t(view.type), size_t(view.deviceType),
          size_t(view.deviceId), view.rank})
      text.push_back(char(part));
    text.append(reinterpret_cast<const char *>(view.shape.data()),
                view.rank * sizeof(int64_t));
  }
  return nb::bytes(text.data(), text.size());
}

nb::tuple diff_python::inspectTensor(nb::handle object) {
  TensorView view;
  readTensor(object, view);
  auto toTuple = [&](const std::array<int64_t, kMaxRank> &numbers) {
    nb::list list;
    for (size_t i = 0; i < view.rank; ++i)
      list.append(numbers[i]);
    return nb::tuple(list);
  };
  static constexpr const char *kLibraries[] = {"numpy", "torch", "other"};
  static constexpr const char *kTypes[] = {"f16", "bf16", "f32", "i32", "f64",
                                           "i8",  "i16",  "i64", "u8",  "u16",
                                           "u32", "u64",  "bool"};
  const char *type = view.type == kUnknownType ? "" : kTypes[view.type];
  return nb::make_tuple(kLibraries[size_t(view.library)], type, view.deviceType,
                        view.deviceId, toTuple(view.shape),
                        toTuple(view.strides), view.isWritable);
}

uint64_t diff_python::getCurrentStream(nb::handle tensor) {
  TensorView view;
  readTensor(tensor, view);
  const ExchangeTable *table = findTable(tensor);
  void *stream = nullptr;
  if (table && table->getStream &&
      table->getStream(view.deviceType, view.deviceId, &stream) != 0)
    throw nb::python_error();
  return uint64_t(reinterpret_cast<uintptr_t>(stream));
}
