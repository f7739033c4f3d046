//===- OldLibc.cpp - Compatibility with older C libraries -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The unwinder in a static libgcc of 2022 and later finds the object at an
// address by a function that is newer than the C libraries of many machines
// with a GPU. This file implements it with an older function.
//
//===----------------------------------------------------------------------===//

#include <dlfcn.h>
#include <link.h>

#ifdef DLFO_STRUCT_HAS_EH_DBASE

namespace {
struct Search {
  uintptr_t address;
  dl_find_object *result;
};
} // namespace

/// 1 ends the search: this object contains the address.
static int visit(dl_phdr_info *object, size_t, void *data) {
  auto &search = *static_cast<Search *>(data);
  bool found = false;
  for (unsigned i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr) &segment = object->dlpi_phdr[i];
    uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    uintptr_t end = begin + segment.p_memsz;
    if (segment.p_type == PT_GNU_EH_FRAME)
      search.result->dlfo_eh_frame = reinterpret_cast<void *>(begin);
    if (segment.p_type != PT_LOAD || search.address < begin ||
        search.address >= end)
      continue;
    found = true;
    search.result->dlfo_map_start = reinterpret_cast<void *>(begin);
    search.result->dlfo_map_end = reinterpret_cast<void *>(end);
  }
  if (found && search.result->dlfo_eh_frame)
    return 1;
  *search.result = {};
  return 0;
}

extern "C" __attribute__((visibility("hidden"))) int
_dl_find_object(void *address, dl_find_object *result) noexcept {
  *result = {};
  Search search{reinterpret_cast<uintptr_t>(address), result};
  return ::dl_iterate_phdr(visit, &search) ? 0 : -1;
}

#endif // DLFO_STRUCT_HAS_EH_DBASE
