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
  let summary = "the keys that a query sees";
  let description = [{
    A band around a diagonal that is aligned to the bottom right corner, as in
    FlashAttention. Query `i` of N sees key `j` of M if

        i + (M - N) - left <= j <= i + (M - N) + right

    A side of -1 is unlimited. `causal` is an alternative spelling of
    `right = 0`. Without the attribute, every query sees every key.

    ```mlir
    #causal = #diff.mask<causal>
    #causal_window = #diff.mask<causal, window = [4096, 0]>
    #window = #diff.mask<window = [128, 128]>
    ```
  }];
  let parameters = (ins
    AttrParameter<"int64_t", "keys before the diagonal that a query sees; "
                             "-1 for all">:$left,
    AttrParameter<"int64_t", "keys after the diagonal that a query sees; "
                             "-1 for all">:$right);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    bool isCausal() const { return getRight() == 0; }
    /// Returns true if every query sees every key.
    bool isUnlimited() const { return getLeft() < 0 && getRight() < 0; }
  }];
}

def Diff_LayoutAttr : Diff_Attr<"Layout", "layout"> {
  let summary = "the order of the dimensions of an attention's operands";
  let description = [{
    A permutation for each named operand: dimension `i` of the operand is
    dimension `permutation[i]` of the default layout. The default layout is
    [batch, tokens, heads, dim], or [tokens, heads, dim] for sequences of
    variable length. An operand that is not named has the default layout. The
    head dimension is innermost in every layout, because the rows of a tile are
    read along it.

    The layout of a head-major attention, [batch, heads, tokens, dim] (BHSD):

    ```mlir
    #bhsd = #diff.layout<query = [0, 2, 1, 3], key = [0, 2, 1, 3],
                         value = [0, 2, 1, 3], output = [0, 2, 1, 3]>
    ```
  }];
  let parameters = (ins
    ArrayRefParameter<"int64_t", "permutation of the query; empty for the "
                                 "default layout">:$query,
    ArrayRefParameter<"int64_t", "permutation of the key; empty for the "
                                 "default layout">:$key,
    ArrayRefParameter<"int64_t", "permutation of the value; empty for the "
                                 "default layout">:$value,
    ArrayRefParameter<"int64_t", "permutation of the output; empty for the "
                                 "default layout">:$output);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Returns the names of the operands that can have a permutation, in the
    /// order of the parameters.
    static ::llvm::ArrayRef<::llvm::StringLiteral> getOperandNames();
    /// Returns the permutation of the operand; empty for the default layout.
    ::llvm::ArrayRef<int64_t> getPermutation(::llvm::StringRef operand) const;
    /// Returns `layout` with the permutation of `operand` replaced, or null
    /// when all operands have the default layout. `layout` may be null.
    static LayoutAttr withPermutation(::mlir::MLIRContext *context,
                                      LayoutAttr layout,
                                      ::llvm::StringRef operand,
                                      ::llvm::ArrayRef<int64_t> permutation);
  }];
}

def Diff_OffsetsAttr : Diff_Attr<"Offsets", "offsets"> {
  let summary = "the tensor that an argument holds offsets into";
  let description = [{
    The value of the argument attribute `diff.offsets`. The elements of the
    argument are positions along one dimension of another argument. The offsets
    start at 0, do not decrease, and do not exceed the size of the dimension.
    The caller of the function has to check this; `diff-run` and the launcher
    do so.

    ```mlir
    #offsets = #diff.offsets<tensor = "query", dimension = 0>
    ```
  }];
  let parameters = (ins
    StringRefParameter<"`diff.name` of the argument that the offsets point "
                       "into">:$tensor,
    AttrParameter<"int64_t", "dimension of this argument that the offsets "
                             "index">:$dimension);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Diff_ScheduleAttr : Diff_Attr<"Schedule", "schedule"> {
  let summary = "the tile sizes of an attention";
  let description = [{
    The tile sizes that `diff-tile` and `diff-tile-keys` apply.
    `diff-select-schedule` sets the attribute on ops that have none, so users
    can set it themselves.

    `heads` must divide the number of output heads that share a value head, or
    be a multiple of this number that divides the number of output heads.

    If `stages` is not 0, the warps of a block compute the tile together on
    tensor cores. Otherwise each thread computes its own elements. `swizzle`,
    `row_sum_on_mma`, `skip_rescale` and `tf32` apply to tensor cores only.

    `row_sum_on_mma` needs fewer instructions, but makes the log-sum-exp less
    exact for rows that see few keys.

    On CPUs, if `split` is not 0, several tasks process the keys of a tile, and their
    results are merged.

    ```mlir
    #threads = #diff.schedule<heads = 1, queries = 64, keys = 32, threads = 0>
    #tensor_cores = #diff.schedule<queries = 64, keys = 64, threads = 128,
                                   stages = 1, skip_rescale = true>
    #tasks = #diff.schedule<heads = 8, queries = 1, keys = 64, split = 512>
    ```
  }];
  let parameters = (ins
    DefaultValuedParameter<"int64_t", "1", "output heads of a tile">:$heads,
    AttrParameter<"int64_t", "query tokens of a tile">:$queries,
    AttrParameter<"int64_t", "key tokens of one step of the loop over "
                             "keys">:$keys,
    DefaultValuedParameter<"int64_t", "0",
        "threads of a GPU block; 0 for a CPU">:$threads,
    DefaultValuedParameter<"int64_t", "0",
        "shared-memory slots that key and value tiles are prefetched into; 0 "
        "to compute without tensor cores">:$stages,
    DefaultValuedParameter<"bool", "true",
        "avoid bank conflicts by permuting the chunks of rows in shared "
        "memory; if false, by padding the rows">:$swizzle,
    DefaultValuedParameter<"bool", "false",
        "sum the rounded weights on the tensor cores">:$row_sum_on_mma,
    DefaultValuedParameter<"bool", "false",
        "skip the rescaling of the accumulator if no row maximum of a warp "
        "changes">:$skip_rescale,
    DefaultValuedParameter<"bool", "false",
        "round the f32 operands of products to tf32 (10 fraction bits) and "
        "multiply them on tensor cores; only for f32 elements">:$tf32,
    DefaultValuedParameter<"int64_t", "0",
        "key tokens of a task of a CPU, see `diff-split-keys`; 0 for all">
        :$split);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Returns true if the tile is computed on tensor cores.
    bool isOnTensorCores() const { return getStages() > 0; }
    int64_t getWarps() const { return getThreads() / 32; }
  }];
}

def Diff_KernelAttr : Diff_Attr<"Kernel", "kernel"> {
  let summary = "the kernel that a loop becomes";
  let description = [{
    The value of the discardable attribute `diff.kernel` of an `scf.forall`
    that is mapped to blocks. It describes the GPU kernel that the loop becomes.

    `reverse` launches the tiles along block dimension x from the last to the
    first. Under a causal mask the last tiles see the most keys and take
    longest, so starting them first shortens the kernel.

    ```mlir
    #kernel = #diff.kernel<op = "attention", threads = 128>
    ```
  }];
  let parameters = (ins
    StringRefParameter<"the computation, a part of the kernel's name">:$op,
    AttrParameter<"int64_t", "threads of a block">:$threads,
    DefaultValuedParameter<"bool", "false",
        "launch the tiles along x from the last to the first">:$reverse);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif // DIFF_DIALECT_DIFF_IR_DIFFATTRIBUTES_TD
