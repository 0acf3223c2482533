package dev.minke.kernels;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The register tile of every matrix product: C[12, 2 L] += A[12, kc] x B[kc, 2 L].
///
/// With 512 bits there are 32 registers: 24 accumulators, two vectors of B and broadcasts of A.
/// Narrower vectors may have 16 registers only: there a tile is two halves of twelve accumulators,
/// still enough to hide the latency of two FMA units. 94 % of the FMA peak with operands in cache
/// (see LADDER.md). Every element of C is one chain of FMAs over ascending k in one lane: its value
/// depends neither on its neighbours in the tile nor on the width of the vectors.
///
/// Operands lie in Java arrays with strides that are constants: `a` rows [#AS] apart, `b` a panel
/// of [#NR] columns, k-major. `first` starts from zero instead of `c`.
final class Tile {
    /// Rows of C in a tile.
    static final int MR = 12;

    /// Columns of C in a tile.
    static final int NR = 2 * Lanes.COUNT;

    /// Steps of k between two visits to C.
    static final int KC = 384;

    /// Distance of A's rows: not a multiple of 4096 bytes, so that rows do not share cache sets.
    static final int AS = KC + 16;

    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final int L = F.length();
    private static final boolean WIDE = L == 16;

    private Tile() {}

    /// Rows of a row-major A: element (r, k) at `ao + r * AS + k`.
    static void rows(
            float[] a,
            int ao,
            float[] b,
            int bo,
            int kc,
            float[] c,
            int co,
            int ldc,
            boolean first) {
        if (first) {
            clear(c, co, ldc);
        }
        if (WIDE) {
            rows12(a, ao, b, bo, kc, c, co, ldc);
        } else {
            rows6(a, ao, b, bo, kc, c, co, ldc);
            rows6(a, ao + 6 * AS, b, bo, kc, c, co + 6 * ldc, ldc);
        }
    }

    /// Columns of a row-major A^T: element (r, k) at `ao + k * AS + r`.
    static void columns(
            float[] a,
            int ao,
            float[] b,
            int bo,
            int kc,
            float[] c,
            int co,
            int ldc,
            boolean first) {
        if (first) {
            clear(c, co, ldc);
        }
        if (WIDE) {
            columns12(a, ao, b, bo, kc, c, co, ldc);
        } else {
            columns6(a, ao, b, bo, kc, c, co, ldc);
            columns6(a, ao + 6, b, bo, kc, c, co + 6 * ldc, ldc);
        }
    }

    /// One row of A, for the last rows of a block.
    static void row(
            float[] a,
            int ao,
            float[] b,
            int bo,
            int kc,
            float[] c,
            int co,
            int ldc,
            boolean first) {
        FloatVector c00 = FloatVector.zero(F);
        FloatVector c01 = FloatVector.zero(F);
        if (!first) {
            c00 = FloatVector.fromArray(F, c, co);
            c01 = FloatVector.fromArray(F, c, co + L);
        }
        for (int k = 0; k < kc; k++) {
            FloatVector b0 = FloatVector.fromArray(F, b, bo + k * NR);
            FloatVector b1 = FloatVector.fromArray(F, b, bo + k * NR + L);
            FloatVector a0 = FloatVector.broadcast(F, a[ao + k]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + L);
    }

    /// Zeros are stored and loaded again: with a branch around the loads, code that was compiled
    /// while `first` had always been true ran at two thirds of the speed.
    private static void clear(float[] c, int co, int ldc) {
        for (int i = 0; i < MR; i++) {
            FloatVector.zero(F).intoArray(c, co + i * ldc);
            FloatVector.zero(F).intoArray(c, co + i * ldc + L);
        }
    }

    private static void rows12(
            float[] a, int ao, float[] b, int bo, int kc, float[] c, int co, int ldc) {
        FloatVector c00 = FloatVector.fromArray(F, c, co);
        FloatVector c01 = FloatVector.fromArray(F, c, co + L);
        FloatVector c10 = FloatVector.fromArray(F, c, co + ldc);
        FloatVector c11 = FloatVector.fromArray(F, c, co + ldc + L);
        FloatVector c20 = FloatVector.fromArray(F, c, co + 2 * ldc);
        FloatVector c21 = FloatVector.fromArray(F, c, co + 2 * ldc + L);
        FloatVector c30 = FloatVector.fromArray(F, c, co + 3 * ldc);
        FloatVector c31 = FloatVector.fromArray(F, c, co + 3 * ldc + L);
        FloatVector c40 = FloatVector.fromArray(F, c, co + 4 * ldc);
        FloatVector c41 = FloatVector.fromArray(F, c, co + 4 * ldc + L);
        FloatVector c50 = FloatVector.fromArray(F, c, co + 5 * ldc);
        FloatVector c51 = FloatVector.fromArray(F, c, co + 5 * ldc + L);
        FloatVector c60 = FloatVector.fromArray(F, c, co + 6 * ldc);
        FloatVector c61 = FloatVector.fromArray(F, c, co + 6 * ldc + L);
        FloatVector c70 = FloatVector.fromArray(F, c, co + 7 * ldc);
        FloatVector c71 = FloatVector.fromArray(F, c, co + 7 * ldc + L);
        FloatVector c80 = FloatVector.fromArray(F, c, co + 8 * ldc);
        FloatVector c81 = FloatVector.fromArray(F, c, co + 8 * ldc + L);
        FloatVector c90 = FloatVector.fromArray(F, c, co + 9 * ldc);
        FloatVector c91 = FloatVector.fromArray(F, c, co + 9 * ldc + L);
        FloatVector c100 = FloatVector.fromArray(F, c, co + 10 * ldc);
        FloatVector c101 = FloatVector.fromArray(F, c, co + 10 * ldc + L);
        FloatVector c110 = FloatVector.fromArray(F, c, co + 11 * ldc);
        FloatVector c111 = FloatVector.fromArray(F, c, co + 11 * ldc + L);
        for (int k = 0; k < kc; k++) {
            FloatVector b0 = FloatVector.fromArray(F, b, bo + k * NR);
            FloatVector b1 = FloatVector.fromArray(F, b, bo + k * NR + L);
            FloatVector a0 = FloatVector.broadcast(F, a[ao + k]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(F, a[ao + AS + k]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(F, a[ao + 2 * AS + k]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(F, a[ao + 3 * AS + k]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            FloatVector a4 = FloatVector.broadcast(F, a[ao + 4 * AS + k]);
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            FloatVector a5 = FloatVector.broadcast(F, a[ao + 5 * AS + k]);
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
            FloatVector a6 = FloatVector.broadcast(F, a[ao + 6 * AS + k]);
            c60 = a6.fma(b0, c60);
            c61 = a6.fma(b1, c61);
            FloatVector a7 = FloatVector.broadcast(F, a[ao + 7 * AS + k]);
            c70 = a7.fma(b0, c70);
            c71 = a7.fma(b1, c71);
            FloatVector a8 = FloatVector.broadcast(F, a[ao + 8 * AS + k]);
            c80 = a8.fma(b0, c80);
            c81 = a8.fma(b1, c81);
            FloatVector a9 = FloatVector.broadcast(F, a[ao + 9 * AS + k]);
            c90 = a9.fma(b0, c90);
            c91 = a9.fma(b1, c91);
            FloatVector a10 = FloatVector.broadcast(F, a[ao + 10 * AS + k]);
            c100 = a10.fma(b0, c100);
            c101 = a10.fma(b1, c101);
            FloatVector a11 = FloatVector.broadcast(F, a[ao + 11 * AS + k]);
            c110 = a11.fma(b0, c110);
            c111 = a11.fma(b1, c111);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + L);
        c10.intoArray(c, co + ldc);
        c11.intoArray(c, co + ldc + L);
        c20.intoArray(c, co + 2 * ldc);
        c21.intoArray(c, co + 2 * ldc + L);
        c30.intoArray(c, co + 3 * ldc);
        c31.intoArray(c, co + 3 * ldc + L);
        c40.intoArray(c, co + 4 * ldc);
        c41.intoArray(c, co + 4 * ldc + L);
        c50.intoArray(c, co + 5 * ldc);
        c51.intoArray(c, co + 5 * ldc + L);
        c60.intoArray(c, co + 6 * ldc);
        c61.intoArray(c, co + 6 * ldc + L);
        c70.intoArray(c, co + 7 * ldc);
        c71.intoArray(c, co + 7 * ldc + L);
        c80.intoArray(c, co + 8 * ldc);
        c81.intoArray(c, co + 8 * ldc + L);
        c90.intoArray(c, co + 9 * ldc);
        c91.intoArray(c, co + 9 * ldc + L);
        c100.intoArray(c, co + 10 * ldc);
        c101.intoArray(c, co + 10 * ldc + L);
        c110.intoArray(c, co + 11 * ldc);
        c111.intoArray(c, co + 11 * ldc + L);
    }

    private static void columns12(
            float[] a, int ao, float[] b, int bo, int kc, float[] c, int co, int ldc) {
        FloatVector c00 = FloatVector.fromArray(F, c, co);
        FloatVector c01 = FloatVector.fromArray(F, c, co + L);
        FloatVector c10 = FloatVector.fromArray(F, c, co + ldc);
        FloatVector c11 = FloatVector.fromArray(F, c, co + ldc + L);
        FloatVector c20 = FloatVector.fromArray(F, c, co + 2 * ldc);
        FloatVector c21 = FloatVector.fromArray(F, c, co + 2 * ldc + L);
        FloatVector c30 = FloatVector.fromArray(F, c, co + 3 * ldc);
        FloatVector c31 = FloatVector.fromArray(F, c, co + 3 * ldc + L);
        FloatVector c40 = FloatVector.fromArray(F, c, co + 4 * ldc);
        FloatVector c41 = FloatVector.fromArray(F, c, co + 4 * ldc + L);
        FloatVector c50 = FloatVector.fromArray(F, c, co + 5 * ldc);
        FloatVector c51 = FloatVector.fromArray(F, c, co + 5 * ldc + L);
        FloatVector c60 = FloatVector.fromArray(F, c, co + 6 * ldc);
        FloatVector c61 = FloatVector.fromArray(F, c, co + 6 * ldc + L);
        FloatVector c70 = FloatVector.fromArray(F, c, co + 7 * ldc);
        FloatVector c71 = FloatVector.fromArray(F, c, co + 7 * ldc + L);
        FloatVector c80 = FloatVector.fromArray(F, c, co + 8 * ldc);
        FloatVector c81 = FloatVector.fromArray(F, c, co + 8 * ldc + L);
        FloatVector c90 = FloatVector.fromArray(F, c, co + 9 * ldc);
        FloatVector c91 = FloatVector.fromArray(F, c, co + 9 * ldc + L);
        FloatVector c100 = FloatVector.fromArray(F, c, co + 10 * ldc);
        FloatVector c101 = FloatVector.fromArray(F, c, co + 10 * ldc + L);
        FloatVector c110 = FloatVector.fromArray(F, c, co + 11 * ldc);
        FloatVector c111 = FloatVector.fromArray(F, c, co + 11 * ldc + L);
        for (int k = 0; k < kc; k++) {
            FloatVector b0 = FloatVector.fromArray(F, b, bo + k * NR);
            FloatVector b1 = FloatVector.fromArray(F, b, bo + k * NR + L);
            FloatVector a0 = FloatVector.broadcast(F, a[ao + k * AS]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(F, a[ao + k * AS + 1]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(F, a[ao + k * AS + 2]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(F, a[ao + k * AS + 3]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            FloatVector a4 = FloatVector.broadcast(F, a[ao + k * AS + 4]);
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            FloatVector a5 = FloatVector.broadcast(F, a[ao + k * AS + 5]);
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
            FloatVector a6 = FloatVector.broadcast(F, a[ao + k * AS + 6]);
            c60 = a6.fma(b0, c60);
            c61 = a6.fma(b1, c61);
            FloatVector a7 = FloatVector.broadcast(F, a[ao + k * AS + 7]);
            c70 = a7.fma(b0, c70);
            c71 = a7.fma(b1, c71);
            FloatVector a8 = FloatVector.broadcast(F, a[ao + k * AS + 8]);
            c80 = a8.fma(b0, c80);
            c81 = a8.fma(b1, c81);
            FloatVector a9 = FloatVector.broadcast(F, a[ao + k * AS + 9]);
            c90 = a9.fma(b0, c90);
            c91 = a9.fma(b1, c91);
            FloatVector a10 = FloatVector.broadcast(F, a[ao + k * AS + 10]);
            c100 = a10.fma(b0, c100);
            c101 = a10.fma(b1, c101);
            FloatVector a11 = FloatVector.broadcast(F, a[ao + k * AS + 11]);
            c110 = a11.fma(b0, c110);
            c111 = a11.fma(b1, c111);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + L);
        c10.intoArray(c, co + ldc);
        c11.intoArray(c, co + ldc + L);
        c20.intoArray(c, co + 2 * ldc);
        c21.intoArray(c, co + 2 * ldc + L);
        c30.intoArray(c, co + 3 * ldc);
        c31.intoArray(c, co + 3 * ldc + L);
        c40.intoArray(c, co + 4 * ldc);
        c41.intoArray(c, co + 4 * ldc + L);
        c50.intoArray(c, co + 5 * ldc);
        c51.intoArray(c, co + 5 * ldc + L);
        c60.intoArray(c, co + 6 * ldc);
        c61.intoArray(c, co + 6 * ldc + L);
        c70.intoArray(c, co + 7 * ldc);
        c71.intoArray(c, co + 7 * ldc + L);
        c80.intoArray(c, co + 8 * ldc);
        c81.intoArray(c, co + 8 * ldc + L);
        c90.intoArray(c, co + 9 * ldc);
        c91.intoArray(c, co + 9 * ldc + L);
        c100.intoArray(c, co + 10 * ldc);
        c101.intoArray(c, co + 10 * ldc + L);
        c110.intoArray(c, co + 11 * ldc);
        c111.intoArray(c, co + 11 * ldc + L);
    }

    private static void rows6(
            float[] a, int ao, float[] b, int bo, int kc, float[] c, int co, int ldc) {
        FloatVector c00 = FloatVector.fromArray(F, c, co);
        FloatVector c01 = FloatVector.fromArray(F, c, co + L);
        FloatVector c10 = FloatVector.fromArray(F, c, co + ldc);
        FloatVector c11 = FloatVector.fromArray(F, c, co + ldc + L);
        FloatVector c20 = FloatVector.fromArray(F, c, co + 2 * ldc);
        FloatVector c21 = FloatVector.fromArray(F, c, co + 2 * ldc + L);
        FloatVector c30 = FloatVector.fromArray(F, c, co + 3 * ldc);
        FloatVector c31 = FloatVector.fromArray(F, c, co + 3 * ldc + L);
        FloatVector c40 = FloatVector.fromArray(F, c, co + 4 * ldc);
        FloatVector c41 = FloatVector.fromArray(F, c, co + 4 * ldc + L);
        FloatVector c50 = FloatVector.fromArray(F, c, co + 5 * ldc);
        FloatVector c51 = FloatVector.fromArray(F, c, co + 5 * ldc + L);
        for (int k = 0; k < kc; k++) {
            FloatVector b0 = FloatVector.fromArray(F, b, bo + k * NR);
            FloatVector b1 = FloatVector.fromArray(F, b, bo + k * NR + L);
            FloatVector a0 = FloatVector.broadcast(F, a[ao + k]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(F, a[ao + AS + k]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(F, a[ao + 2 * AS + k]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(F, a[ao + 3 * AS + k]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            FloatVector a4 = FloatVector.broadcast(F, a[ao + 4 * AS + k]);
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            FloatVector a5 = FloatVector.broadcast(F, a[ao + 5 * AS + k]);
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + L);
        c10.intoArray(c, co + ldc);
        c11.intoArray(c, co + ldc + L);
        c20.intoArray(c, co + 2 * ldc);
        c21.intoArray(c, co + 2 * ldc + L);
        c30.intoArray(c, co + 3 * ldc);
        c31.intoArray(c, co + 3 * ldc + L);
        c40.intoArray(c, co + 4 * ldc);
        c41.intoArray(c, co + 4 * ldc + L);
        c50.intoArray(c, co + 5 * ldc);
        c51.intoArray(c, co + 5 * ldc + L);
    }

    private static void columns6(
            float[] a, int ao, float[] b, int bo, int kc, float[] c, int co, int ldc) {
        FloatVector c00 = FloatVector.fromArray(F, c, co);
        FloatVector c01 = FloatVector.fromArray(F, c, co + L);
        FloatVector c10 = FloatVector.fromArray(F, c, co + ldc);
        FloatVector c11 = FloatVector.fromArray(F, c, co + ldc + L);
        FloatVector c20 = FloatVector.fromArray(F, c, co + 2 * ldc);
        FloatVector c21 = FloatVector.fromArray(F, c, co + 2 * ldc + L);
        FloatVector c30 = FloatVector.fromArray(F, c, co + 3 * ldc);
        FloatVector c31 = FloatVector.fromArray(F, c, co + 3 * ldc + L);
        FloatVector c40 = FloatVector.fromArray(F, c, co + 4 * ldc);
        FloatVector c41 = FloatVector.fromArray(F, c, co + 4 * ldc + L);
        FloatVector c50 = FloatVector.fromArray(F, c, co + 5 * ldc);
        FloatVector c51 = FloatVector.fromArray(F, c, co + 5 * ldc + L);
        for (int k = 0; k < kc; k++) {
            FloatVector b0 = FloatVector.fromArray(F, b, bo + k * NR);
            FloatVector b1 = FloatVector.fromArray(F, b, bo + k * NR + L);
            FloatVector a0 = FloatVector.broadcast(F, a[ao + k * AS]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            FloatVector a1 = FloatVector.broadcast(F, a[ao + k * AS + 1]);
            c10 = a1.fma(b0, c10);
            c11 = a1.fma(b1, c11);
            FloatVector a2 = FloatVector.broadcast(F, a[ao + k * AS + 2]);
            c20 = a2.fma(b0, c20);
            c21 = a2.fma(b1, c21);
            FloatVector a3 = FloatVector.broadcast(F, a[ao + k * AS + 3]);
            c30 = a3.fma(b0, c30);
            c31 = a3.fma(b1, c31);
            FloatVector a4 = FloatVector.broadcast(F, a[ao + k * AS + 4]);
            c40 = a4.fma(b0, c40);
            c41 = a4.fma(b1, c41);
            FloatVector a5 = FloatVector.broadcast(F, a[ao + k * AS + 5]);
            c50 = a5.fma(b0, c50);
            c51 = a5.fma(b1, c51);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + L);
        c10.intoArray(c, co + ldc);
        c11.intoArray(c, co + ldc + L);
        c20.intoArray(c, co + 2 * ldc);
        c21.intoArray(c, co + 2 * ldc + L);
        c30.intoArray(c, co + 3 * ldc);
        c31.intoArray(c, co + 3 * ldc + L);
        c40.intoArray(c, co + 4 * ldc);
        c41.intoArray(c, co + 4 * ldc + L);
        c50.intoArray(c, co + 5 * ldc);
        c51.intoArray(c, co + 5 * ldc + L);
    }
}
