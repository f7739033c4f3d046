// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// No op, so that the context has no dialects but those that a pass declares.
