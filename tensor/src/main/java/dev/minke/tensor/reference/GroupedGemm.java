package dev.minke.tensor.reference;

import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.reference.Gemm.Operand;
import dev.minke.tensor.reference.Gemm.Product;

/// The products of all experts of a layer, each over its own slots, as one parallel region over
/// (expert, tile). Numerics as in [Gemm].
final class GroupedGemm {
    private GroupedGemm() {}

    /// c[i] = a[i] x b[e]^T for the slots i of expert e.
    static void nt(Team team, Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate) {
        Product[] products = new Product[Math.toIntExact(b.dim(0))];
        for (int e = 0; e < products.length; e++) {
            long from = offsets.getInt(e);
            products[e] =
                    new Product(
                            Operand.of(a, from),
                            Operand.of(b, e * b.dim(1)).transposed(),
                            Operand.of(c, from),
                            offsets.getInt(e + 1) - from,
                            c.cols(),
                            Math.toIntExact(a.cols()));
        }
        run(team, products, accumulate);
    }

    /// c[i] = a[i] x b[e] for the slots i of expert e.
    static void nn(Team team, Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate) {
        Product[] products = new Product[Math.toIntExact(b.dim(0))];
        for (int e = 0; e < products.length; e++) {
            long from = offsets.getInt(e);
            products[e] =
                    new Product(
                            Operand.of(a, from),
                            Operand.of(b, e * b.dim(1)),
                            Operand.of(c, from),
                            offsets.getInt(e + 1) - from,
                            c.cols(),
                            Math.toIntExact(a.cols()));
        }
        run(team, products, accumulate);
    }

    /// c[e] = sum over the slots i of expert e of a[i]^T b[i]; no slots give zeros.
    static void tn(Team team, Tensor a, Tensor b, Tensor offsets, Tensor c, boolean accumulate) {
        Product[] products = new Product[Math.toIntExact(c.dim(0))];
        for (int e = 0; e < products.length; e++) {
            int from = offsets.getInt(e);
            products[e] =
                    new Product(
                            Operand.of(a, from).transposed(),
                            Operand.of(b, from),
                            Operand.of(c, e * c.dim(1)),
                            c.dim(1),
                            c.cols(),
                            offsets.getInt(e + 1) - from);
        }
        run(team, products, accumulate);
    }

    private static void run(Team team, Product[] products, boolean accumulate) {
        int[] first = new int[products.length + 1];
        for (int e = 0; e < products.length; e++) {
            first[e + 1] = Math.toIntExact(first[e] + products[e].tiles());
        }
        team.run(
                first[products.length],
                (index, worker) -> {
                    int e = 0;
                    while (index >= first[e + 1]) {
                        e++;
                    }
                    products[e].tile(index - first[e], accumulate);
                });
    }
}
