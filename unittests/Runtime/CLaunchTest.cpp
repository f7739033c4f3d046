//===- CLaunchTest.cpp - The C interface of the launcher ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CLaunch.h"
#include "Manifests.h"
#include "gtest/gtest.h"

TEST(CInterface, ServesC) {
  EXPECT_STREQ(testCInterface(mlir::diff::launch::kScaleManifest,
                              mlir::diff::launch::kScalePTX),
               nullptr);
}
