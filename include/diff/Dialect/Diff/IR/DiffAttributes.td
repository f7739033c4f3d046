//===- DiffAttributes.td - Attributes of the diff dialect -----*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_IR_DIFFATTRIBUTES_TD
#define DIFF_DIALECT_DIFF_IR_DIFFATTRIBUTES_TD

include "diff/Dialect/Diff/IR/DiffBase.td"

class Diff_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<Diff_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

def Diff_MaskAttr : Diff_Attr<"Mask", "mask"> {
  let summary = "which keys a query sees";
  let description = [{
    A band around the diagonal that is aligned to the bottom right, as in
    FlashAttention: query `i` of N sees key `j` of M when

        i + (M - N) - left <= j <= i + (M - N) + right

    A side of -1 is unlimited. `causal` is another spelling of `right = 0`.
    An op without the attribute sees every key.

    ```mlir
    #diff.mask<causal>
    #diff.mask<causal, window = [4096, 0]>
    #diff.mask<window = [128, 128]>
    ```
  }];
  let parameters = (ins "int64_t":$left, "int64_t":$right);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    bool isCausal() const { return getRight() == 0; }
    /// True when every query sees every key.
    bool isUnlimited() const { return getLeft() < 0 && getRight() < 0; }
  }];
}

def Diff_LayoutAttr : Diff_Attr<"Layout", "layout"> {
  let summary = "the order of the dimensions of an attention's operands";
  let description = [{
    For each operand named, a permutation: dimension `i` of the operand is
    dimension `permutation[i]` of the default layout, which is [batch, tokens,
    heads, dim], or [tokens, heads, dim] with sequences of variable length. An
    operand that is not named has the default layout. The head dimension is
    innermost in every layout, for the rows of a tile are read along it.

    A head-major attention ([batch, heads, tokens, dim], often called BHSD):

    ```mlir
    #diff.layout<query = [0, 2, 1, 3], key = [0, 2, 1, 3],
                 value = [0, 2, 1, 3], output = [0, 2, 1, 3]>
    ```
  }];
  let parameters = (ins
    ArrayRefParameter<"int64_t">:$query, ArrayRefParameter<"int64_t">:$key,
    ArrayRefParameter<"int64_t">:$value, ArrayRefParameter<"int64_t">:$output);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The names of the operands that have an order, in the order of the
    /// parameters.
    static ::llvm::ArrayRef<::llvm::StringLiteral> getOperandNames();
    /// The operand's permutation; empty for the default layout.
    ::llvm::ArrayRef<int64_t> getPermutation(::llvm::StringRef operand) const;
    /// The layout with another permutation of an operand, or null when it is
    /// the default one throughout. `layout` may be null.
    static LayoutAttr withPermutation(::mlir::MLIRContext *context,
                                      LayoutAttr layout,
                                      ::llvm::StringRef operand,
                                      ::llvm::ArrayRef<int64_t> permutation);
  }];
}

def Diff_OffsetsAttr : Diff_Attr<"Offsets", "offsets"> {
  let summary = "marks an argument that holds offsets into a tensor";
  let description = [{
    The argument attribute `diff.offsets`: the argument's elements are positions
    along a dimension of the argument `tensor`. They begin with 0, do not
    decrease and do not exceed the dimension's size, which whoever calls the
    function with arrays of the host checks.

    ```mlir
    #diff.offsets<tensor = "query", dimension = 0>
    ```
  }];
  let parameters = (ins StringRefParameter<>:$tensor, "int64_t":$dimension);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Diff_ScheduleAttr : Diff_Attr<"Schedule", "schedule"> {
  let summary = "how an attention is cut into tiles";
  let description = [{
    The tile sizes that `diff-tile` and `diff-tile-keys` use: output heads and
    query tokens of a tile, and key tokens of a step of its loop. `threads` is
    the number of threads of a GPU's block; 0 means that the tile is not for a
    GPU. `diff-select-schedule` writes it; a user may write it first.

    `heads` must divide the group of output heads that share a value head, or
    be a multiple of it that divides the number of output heads.

    With `stages`, the block's warps compute the tile together on tensor cores:
    the number of slots that key and value tiles are copied ahead into. Without,
    each thread computes by itself. What follows is for tensor cores:

    | parameter | meaning |
    |---|---|
    | `swizzle` | against bank conflicts, permute the chunks of shared memory's rows; without, pad the rows |
    | `row_sum_on_mma` | sum the rounded weights on the tensor cores: fewer instructions, and a log-sum-exp that is less exact where a row sees few keys |
    | `skip_rescale` | skip the accumulator's rescaling where a warp's maxima stay |
    | `tf32` | round f32 operands of the products to tf32 (10 bits of fraction), which tensor cores multiply; only for f32 |

    ```mlir
    #diff.schedule<heads = 1, queries = 64, keys = 32, threads = 0>
    #diff.schedule<queries = 64, keys = 64, threads = 128, stages = 1, skip_rescale = true>
    ```
  }];
  let parameters = (ins
    DefaultValuedParameter<"int64_t", "1">:$heads,
    "int64_t":$queries,
    "int64_t":$keys,
    DefaultValuedParameter<"int64_t", "0">:$threads,
    DefaultValuedParameter<"int64_t", "0">:$stages,
    DefaultValuedParameter<"bool", "true">:$swizzle,
    DefaultValuedParameter<"bool", "false">:$row_sum_on_mma,
    DefaultValuedParameter<"bool", "false">:$skip_rescale,
    DefaultValuedParameter<"bool", "false">:$tf32);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Whether the tile is computed on tensor cores.
    bool isOnTensorCores() const { return getStages() > 0; }
    int64_t getWarps() const { return getThreads() / 32; }
  }];
}

def Diff_KernelAttr : Diff_Attr<"Kernel", "kernel"> {
  let summary = "marks a loop that becomes a GPU kernel";
  let description = [{
    The discardable attribute `diff.kernel` of an `scf.forall` that is mapped to
    blocks: what the kernel computes, which becomes a part of its name, and the
    number of threads of its blocks. With `reverse`, the tiles along block
    dimension x are launched from the last to the first: under a causal mask the
    last ones see the most keys, and should not be the ones that are waited for.

    ```mlir
    #diff.kernel<op = "attention", threads = 128>
    ```
  }];
  let parameters = (ins StringRefParameter<>:$op, "int64_t":$threads,
                        DefaultValuedParameter<"bool", "false">:$reverse);
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif // DIFF_DIALECT_DIFF_IR_DIFFATTRIBUTES_TD
