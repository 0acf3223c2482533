package dev.minke.kernels;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The register tile of products with few rows: C[4, 2 L] += A[4, kc] x B[kc, 2 L], eight chains,
/// just enough to hide the latency of two FMA units. [Tile] does the same for twelve rows.
final class RowTile {
    /// Rows of C in a tile.
    static final int ROWS = 4;

    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final int L = Lanes.COUNT;
    private static final int NR = Tile.NR;

    private RowTile() {}

    /// Rows of A lie `lda` apart, those of C [#NR]; B is a panel of [#NR] columns.
    static void rows(float[] a, int ao, int lda, float[] b, int bo, int kc, float[] c, int co) {
        FloatVector c00 = FloatVector.fromArray(F, c, co);
        FloatVector c01 = FloatVector.fromArray(F, c, co + L);
        FloatVector c10 = FloatVector.fromArray(F, c, co + NR);
        FloatVector c11 = FloatVector.fromArray(F, c, co + NR + L);
        FloatVector c20 = FloatVector.fromArray(F, c, co + 2 * NR);
        FloatVector c21 = FloatVector.fromArray(F, c, co + 2 * NR + L);
        FloatVector c30 = FloatVector.fromArray(F, c, co + 3 * NR);
        FloatVector c31 = FloatVector.fromArray(F, c, co + 3 * NR + L);
        int a1 = ao + lda;
        int a2 = a1 + lda;
        int a3 = a2 + lda;
        for (int k = 0; k < kc; k++) {
            FloatVector b0 = FloatVector.fromArray(F, b, bo + k * NR);
            FloatVector b1 = FloatVector.fromArray(F, b, bo + k * NR + L);
            FloatVector x0 = FloatVector.broadcast(F, a[ao + k]);
            c00 = x0.fma(b0, c00);
            c01 = x0.fma(b1, c01);
            FloatVector x1 = FloatVector.broadcast(F, a[a1 + k]);
            c10 = x1.fma(b0, c10);
            c11 = x1.fma(b1, c11);
            FloatVector x2 = FloatVector.broadcast(F, a[a2 + k]);
            c20 = x2.fma(b0, c20);
            c21 = x2.fma(b1, c21);
            FloatVector x3 = FloatVector.broadcast(F, a[a3 + k]);
            c30 = x3.fma(b0, c30);
            c31 = x3.fma(b1, c31);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + L);
        c10.intoArray(c, co + NR);
        c11.intoArray(c, co + NR + L);
        c20.intoArray(c, co + 2 * NR);
        c21.intoArray(c, co + 2 * NR + L);
        c30.intoArray(c, co + 3 * NR);
        c31.intoArray(c, co + 3 * NR + L);
    }
}
