# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs matrix products on a CPU and compares them with float64.

Each product is a linalg.generic from an index notation such as mk,kn->mn. The
sizes leave tails of rows, columns and summands, or cross blocks and tasks."""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

import ml_dtypes
import numpy as np

DTYPES = {"f32": np.float32, "f16": np.float16, "bf16": ml_dtypes.bfloat16}
ROUNDING = {"f32": 2e-6, "f16": 5e-4, "bf16": 3e-3}


class Product:
    """One product. Capital letters of `dynamic` have a dynamic size. `start` is zero,
    a number, or 'tensor'. `slices` take every second element of a larger tensor.
    `special` puts NaN and infinities into the operands."""

    def __init__(self, spec, sizes, types="f32 f32 f32", dynamic="", start="0.0", after="",
                 slices="", special=False):  # fmt: skip
        self.left, rest = spec.split(",")
        self.right, self.result = rest.split("->")
        self.spec, self.types = spec, types.split()
        loops = self.result + "".join(
            letter for letter in dict.fromkeys(self.left + self.right) if letter not in self.result)
        self.loops, self.sizes = loops, dict(zip(loops, sizes))
        self.dynamic, self.start, self.after = dynamic, start, after
        self.slices, self.special = slices, special

    def shape(self, letters):
        return tuple(self.sizes[letter] for letter in letters)

    def tensor(self, letters, element):
        dims = "".join(f"{'?' if letter in self.dynamic else self.sizes[letter]}x" for letter in letters)
        return f"tensor<{dims}{element}>"

    def ir(self, name):
        """The text of a function."""
        a, b, c = self.types
        maps = ", ".join(f"affine_map<({', '.join(self.loops)}) -> ({', '.join(letters)})>"
                         for letters in (self.left, self.right, self.result))  # fmt: skip
        kinds = ", ".join('"parallel"' if letter in self.result else '"reduction"' for letter in self.loops)
        arguments, lines, operands = [], [], []
        for operand, letters, element in (("a", self.left, a), ("b", self.right, b)):
            if operand not in self.slices:
                arguments.append(f"%{operand}: {self.tensor(letters, element)}")
                continue
            shape = self.shape(letters)
            whole = "x".join(str(2 * size + 1) for size in shape)
            arguments.append(f"%{operand}0: tensor<{whole}x{element}>")
            lines.append(f"%{operand} = tensor.extract_slice %{operand}0{[1] * len(shape)} {list(shape)} "
                         f"{[2] * len(shape)} : tensor<{whole}x{element}> to {self.tensor(letters, element)}")  # fmt: skip
        result = self.tensor(self.result, c)
        arguments.append(f"%c: {result}")
        if self.start == "tensor":
            lines.append(f"%z = tensor.cast %c : {result} to {result}")
        else:
            lines.append(f"%s = arith.constant {self.start} : {c}")
            lines.append(f"%z = linalg.fill ins(%s : {c}) outs(%c : {result}) -> {result}")
        ext = {"f32": 32, "f16": 16, "bf16": 16}
        body, names = [], {}
        for operand, element in (("x", a), ("y", b)):
            wide = ext[element] < ext[c]
            names[operand] = f"%{operand}w" if wide else f"%{operand}"
            if wide:
                body.append(f"%{operand}w = arith.extf %{operand} : {element} to {c}")
        body += [f"%p = arith.mulf {names['x']}, {names['y']} : {c}", f"%t = arith.addf %w, %p : {c}",
                 f"linalg.yield %t : {c}"]  # fmt: skip
        lines.append(
            f"%r = linalg.generic {{indexing_maps = [{maps}], iterator_types = [{kinds}]}} "
            f"ins(%a, %b : {self.tensor(self.left, a)}, {self.tensor(self.right, b)}) outs(%z : {result}) "
            f"{{\n  ^bb0(%x: {a}, %y: {b}, %w: {c}):\n    " + "\n    ".join(body) + f"\n  }} -> {result}")
        if self.after == "max":
            lines.append(f"%k = arith.constant 0.5 : {c}")
            dims = [f"%d{i}" for i in range(len(self.result))]
            dynamic = []
            for i, letter in enumerate(self.result):
                if letter in self.dynamic:
                    lines += [f"%c{i} = arith.constant {i} : index",
                              f"%d{i} = tensor.dim %c, %c{i} : {result}"]  # fmt: skip
                    dynamic.append(dims[i])
            lines.append(f"%e = tensor.empty({', '.join(dynamic)}) : {result}")
            identity = f"affine_map<({', '.join(self.result)}) -> ({', '.join(self.result)})>"
            column = f"affine_map<({', '.join(self.result)}) -> ({self.result[-1]})>"
            arguments.append(f"%bias: {self.tensor(self.result[-1], c)}")
            kinds = ", ".join('"parallel"' for _ in self.result)
            lines.append(
                f"%m = linalg.generic {{indexing_maps = [{identity}, {column}, {identity}], "
                f"iterator_types = [{kinds}]}} ins(%r, %bias : {result}, {self.tensor(self.result[-1], c)}) "
                f"outs(%e : {result}) {{\n  ^bb0(%x: {c}, %y: {c}, %w: {c}):\n    %u = arith.addf %x, %y : {c}\n"
                f"    %v = arith.maximumf %u, %k : {c}\n    linalg.yield %v : {c}\n  }} -> {result}")  # fmt: skip
        last = "%m" if self.after else "%r"
        return (f"func.func @{name}({', '.join(arguments)}) -> {result} {{\n  "
                + "\n  ".join(lines) + f"\n  return {last} : {result}\n}}\n")  # fmt: skip

    def draw(self, random):
        """The arguments, and the result in float64."""
        arguments, operands = [], []
        for operand, letters, element in (
            ("a", self.left, self.types[0]), ("b", self.right, self.types[1])):  # fmt: skip
            shape = self.shape(letters)
            whole = tuple(2 * size + 1 for size in shape) if operand in self.slices else shape
            array = random.standard_normal(whole).astype(DTYPES[element])
            view = array[(slice(1, None, 2),) * len(shape)] if operand in self.slices else array
            if self.special and view.size:
                for value in (np.nan, np.inf, -np.inf):
                    view[tuple(random.integers(0, size) for size in shape)] = value
            arguments.append(array)
            operands.append(view.astype(np.float64))
        shape, dtype = self.shape(self.result), DTYPES[self.types[2]]
        start = random.standard_normal(shape).astype(dtype)
        arguments.append(start)
        with np.errstate(invalid="ignore"):
            # einsum skips products with zero.
            sums = np.zeros(self.shape(self.loops))
            for letters, array in zip((self.left, self.right), operands):
                order = [letters.index(x) for x in self.loops if x in letters]
                index = tuple(slice(None) if x in letters else None for x in self.loops)
                factor = array.transpose(order)[index]
                sums = sums + factor if letters is self.left else sums * factor
            result = sums.sum(axis=tuple(range(len(self.result), len(self.loops))))
            result = result + (start.astype(np.float64) if self.start == "tensor" else float(self.start))
            if self.after:
                bias = random.standard_normal(shape[-1]).astype(dtype)
                arguments.append(bias)
                result = np.maximum(result + bias.astype(np.float64), 0.5)
        return arguments, result


def get_products():
    products = []
    # Tails of tiles of 6 or 12 rows, of panels of 64, 48, 32 or 16 lanes, of 4 and
    # of 128 summands.
    for m, n, k in ((1, 1, 1), (1, 64, 1), (2, 130, 37), (5, 72, 3), (7, 16, 129), (13, 2, 64),
                    (97, 65, 128), (6, 33, 4), (193, 257, 130)):  # fmt: skip
        for spec in ("mk,kn->mn", "mk,nk->mn", "km,kn->mn", "km,nk->mn"):
            products.append(Product(spec, (m, n, k)))
        products.append(Product("mk,kn->mn", (m, n, k), dynamic="mnk", after="max"))
        products.append(Product("mk,nk->mn", (m, n, k), dynamic="mnk", start="tensor"))
    for types in ("bf16 bf16 f32", "f16 f16 f32", "bf16 bf16 bf16", "f16 f16 f16", "f32 bf16 f32",
                  "f16 f32 f32"):  # fmt: skip
        for spec in ("mk,kn->mn", "mk,nk->mn", "km,nk->mn"):
            products.append(Product(spec, (27, 75, 150), types, start="tensor"))
            products.append(Product(spec, (27, 75, 150), types, dynamic="mnk", start="1.0", after="max"))
    # Vectors, batches, several rows, columns and summands; result transposed.
    for spec, sizes in (("k,kn->n", (130, 70)), ("mk,k->m", (70, 130)), ("k,nk->n", (19, 33)),
                        ("km,k->m", (35, 65)), ("bmk,bkn->bmn", (3, 9, 20, 17)),
                        ("bmk,nk->bmn", (3, 9, 20, 17)), ("mk,kn->nm", (9, 20, 17)),
                        ("bk,bkn->bn", (3, 21, 40)), ("bmk,bk->bm", (3, 21, 40)),
                        ("bmkj,jkn->bmn", (2, 5, 18, 7, 35)), ("bhmk,hnk->bmhn", (2, 5, 3, 7, 35)),
                        ("mbk,bkn->mbn", (9, 3, 20, 17)), ("mkb,knb->mnb", (9, 10, 3, 20)),
                        ("ak,bk->ab", (66, 3, 64)), ("xmk,yk->xmy", (33, 1, 20, 40)),
                        ("ok,p->op", (7, 8, 9)), ("hk,hk->h", (9, 40))):  # fmt: skip
        letters = "".join(dict.fromkeys(spec.replace(",", "").replace("->", "")))
        products.append(Product(spec, sizes))
        products.append(Product(spec, sizes, dynamic=letters, start="tensor"))
        products.append(Product(spec, sizes, types="bf16 bf16 f32", dynamic=letters[:1]))
    # No summands, no rows, no columns.
    for sizes in ((5, 20, 0), (0, 20, 5), (5, 0, 20)):
        products.append(Product("mk,kn->mn", sizes, start="3.0"))
        products.append(Product("mk,nk->mn", sizes, dynamic="mnk", start="tensor", after="max"))
    # Operands with strides.
    for spec in ("mk,kn->mn", "mk,nk->mn", "km,kn->mn"):
        products.append(Product(spec, (19, 37, 23), slices="ab"))
        products.append(Product(spec, (19, 37, 23), "bf16 bf16 f32", slices="b", after="max"))
    # NaN and infinities reach their rows and columns, and no others.
    for spec in ("mk,kn->mn", "km,nk->mn"):
        products.append(Product(spec, (29, 77, 45), special=True))
        products.append(Product(spec, (29, 77, 45), "f16 f16 f32", dynamic="mnk", special=True))
    return products


def run(options, product, number, folder, random):
    path = Path(folder) / "product.mlir"
    path.write_text(product.ir("attention"))
    arguments, wanted = product.draw(random)
    command = [options.build / "bin" / "diff-run", path, f"--target={options.target}"]
    if options.chip:
        command.append(f"--chip={options.chip}")
    for i, array in enumerate(arguments):
        file = Path(folder) / f"in{i}.npy"
        np.save(file, array.view("V2") if array.dtype == DTYPES["bf16"] else array)
        command.append(f"--input={file}")
    out, outputs = Path(folder) / "out.npy", []
    for threads in ("1", "3"):
        subprocess.run([*command, f"--output={out}"], check=True, env={**os.environ, "OMP_NUM_THREADS": threads})
        array = np.load(out)
        outputs.append(array.view(DTYPES["bf16"]) if array.dtype.kind == "V" else array)
        if options.target != "cpu":
            break
    if any(output.tobytes() != outputs[0].tobytes() for output in outputs):
        return "other bits with several threads"
    result = outputs[0].astype(np.float64)
    if result.shape != wanted.shape:
        return f"shape {result.shape}, expected {wanted.shape}"
    finite = np.isfinite(wanted)
    if not np.array_equal(result[~finite], wanted[~finite], equal_nan=True):
        return "NaN or infinities are in other places"
    size = np.linalg.norm(wanted[finite])
    error = np.linalg.norm(result[finite] - wanted[finite]) / (size or 1)
    limit = ROUNDING[product.types[2]]
    return "" if error <= limit else f"relative norm error {error:.2e}, permitted {limit:.0e}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--target", default="cpu", choices=("cpu", "linalg"))
    parser.add_argument("--chip", default="", help="of diff-run")
    parser.add_argument("--part", default="0/1", help="i/n: every n-th product, from i")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    options = parser.parse_args()
    first, step = map(int, options.part.split("/"))
    failures = 0
    products = get_products()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(first, len(products), step):
            product = products[number]
            random = np.random.default_rng([options.seed, number])
            try:
                error = run(options, product, number, folder, random)
            except subprocess.CalledProcessError:
                error = "diff-run failed"
            if error:
                failures += 1
                print(f"product {number}, {product.spec} {product.sizes} {product.types} "
                      f"dynamic={product.dynamic}: {error}, seed {options.seed}")  # fmt: skip
    print(f"{len(range(first, len(products), step))} products, {failures} failures")
    sys.exit(failures != 0)


main()
