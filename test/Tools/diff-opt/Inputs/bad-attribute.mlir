// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An attribute without a parameter that it needs.
#schedule = #diff.schedule<queries = 64>
