//===- Errors.cpp - Names and texts of status codes -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/Api.h"

using namespace ptxsim::driver;

CU_API cuGetErrorName(int code, const char **name) {
  if (!name)
    return CUDA_ERROR_INVALID_VALUE;
  switch (code) {
#define CU_RESULT(id, value, text)                                             \
  case value:                                                                  \
    *name = #id;                                                               \
    return CUDA_SUCCESS;
#include "Driver/Results.def"
#undef CU_RESULT
  }
  *name = nullptr;
  return CUDA_ERROR_INVALID_VALUE;
}

CU_API cuGetErrorString(int code, const char **string) {
  if (!string)
    return CUDA_ERROR_INVALID_VALUE;
  switch (code) {
#define CU_RESULT(id, value, text)                                             \
  case value:                                                                  \
    *string = text;                                                            \
    return CUDA_SUCCESS;
#include "Driver/Results.def"
#undef CU_RESULT
  }
  *string = nullptr;
  return CUDA_ERROR_INVALID_VALUE;
}
