package dev.minke.kernels;

import dev.minke.tensor.Backends;
import dev.minke.tensor.DType;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Rng;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;

/// What [WidthTests] runs in JVMs of its own; needs no test library.
final class WidthCheck {
    private WidthCheck() {}

    /// Print the vectors in use and whether products have the reference's bits.
    public static void main(String[] args) {
        try (Team team = new Team(2);
                Arena arena = Arena.ofShared()) {
            Kernels vector = Backends.open(team, "vector");
            System.out.println(vector.describe());
            Kernels reference = Backends.open(team, "reference");
            boolean same = true;
            for (int n : new int[] {15, 33}) {
                same &= Arrays.equals(products(vector, arena, n), products(reference, arena, n));
            }
            System.out.println(same ? "same bits" : "different bits");
        }
    }

    private static float[] products(Kernels kernels, Arena arena, int n) {
        int m = 29;
        int k = 400 + n;
        Rng rng = new Rng(n);
        Tensor a = random(rng, arena, m, k);
        Tensor at = random(rng, arena, k, m);
        Tensor b = random(rng, arena, n, k);
        Tensor bt = random(rng, arena, k, n);
        Tensor half = Tensor.zeros(arena, DType.BF16, n, k);
        kernels.convert(b, half);
        Tensor c = Tensor.zeros(arena, 6L * m, n);
        kernels.gemmNt(a, b, c.range(0, m), false);
        kernels.gemmNn(a, bt, c.range(m, 2L * m), false);
        kernels.gemmTn(at, bt, c.range(2L * m, 3L * m), false);
        kernels.gemmNt(a, half, c.range(3L * m, 4L * m), false);
        kernels.gemmPacked(a, kernels.pack(half, arena), c.range(4L * m, 5L * m), false);
        kernels.gemmPacked(
                a.range(0, 1), kernels.pack(half, arena), c.range(5L * m, 5L * m + 1), false);
        return c.toFloats();
    }

    private static Tensor random(Rng rng, Arena arena, int rows, int cols) {
        Tensor tensor = Tensor.zeros(arena, rows, cols);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                tensor.setFloat(r, c, (float) rng.nextGaussian());
            }
        }
        return tensor;
    }
}
