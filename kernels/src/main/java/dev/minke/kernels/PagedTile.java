package dev.minke.kernels;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// The register tiles of attention over pages.
///
/// Tokens lie as rows, as they come from the cache, and are never transposed. Scores have queries
/// in their lanes and take a token's numbers in pairs, one broadcast of 64 bits for two columns:
/// single numbers would need as many loads as there are FMAs. Values have columns in their lanes.
///
/// A score is two chains of FMAs, over the even and the odd columns, and their sum; an element of
/// the values is one chain over ascending tokens. So each depends neither on its neighbours in the
/// tile nor on the width of the vectors.
final class PagedTile {
    /// Queries of a panel: a row of it is a pair of columns of each, two vectors.
    static final int PANEL = Lanes.COUNT;

    /// Tokens of a tile of scores.
    static final int TOKENS = 8;

    /// Queries of a tile of values.
    static final int MR = 8;

    /// Columns of a tile of values.
    static final int NR = 2 * Lanes.COUNT;

    /// Floats for the sums of a tile of scores.
    static final int SUMS = TOKENS * NR;

    /// Pairs of floats in a vector.
    static final VectorSpecies<Double> PAIRS =
            VectorSpecies.of(double.class, Lanes.FLOAT.vectorShape());

    private static final VectorSpecies<Float> F = Lanes.FLOAT;

    private static final int L = Lanes.COUNT;
    private static final int P = L / 2;
    private static final boolean WIDE = L == 16;
    private static final VectorShuffle<Float> SWAP = VectorShuffle.fromOp(F, i -> i ^ 1);
    private static final VectorMask<Float> ODD = odd();

    private PagedTile() {}

    /// Place of a panel's query in its rows: the even queries, then the odd ones.
    static int place(int i) {
        return i % 2 * P + i / 2;
    }

    /// s[t, i] = k[t] . q[i] for 8 tokens and a panel of queries.
    ///
    /// @param a tokens: columns 2 d and 2 d + 1 of token t at `k + t * ldk + d`
    /// @param b queries: columns 2 d and 2 d + 1 of query i at `q + d * PANEL + place(i)`
    /// @param pairs of columns
    /// @param x memory for [#SUMS] floats
    /// @param c scores: element (t, i) at `s + t * lds + i`
    static void scores(
            double[] a,
            int k,
            int ldk,
            double[] b,
            int q,
            int pairs,
            float[] x,
            float[] c,
            int s,
            int lds) {
        if (WIDE) {
            scores8(a, k, ldk, b, q, pairs, x, 0);
        } else {
            scores4(a, k, ldk, b, q, pairs, x, 0);
            scores4(a, k + 4 * ldk, ldk, b, q, pairs, x, 4 * NR);
        }
        sums(x, c, s, lds);
    }

    /// o[i, c] += sum over `tokens` of p[t, i] * v[t, c] for 8 queries and 2 L columns.
    ///
    /// @param a probabilities: element (t, i) at `p + t * ldp + i`
    /// @param b values: columns 2 c and 2 c + 1 of token t at `v + t * ldv + c`
    /// @param c sums: element (i, c) at `o + i * ldo + c`
    static void values(
            float[] a,
            int p,
            int ldp,
            double[] b,
            int v,
            int ldv,
            int tokens,
            float[] c,
            int o,
            int ldo) {
        if (WIDE) {
            values8(a, p, ldp, b, v, ldv, tokens, c, o, ldo);
        } else {
            values4(a, p, ldp, b, v, ldv, tokens, c, o, ldo);
            values4(a, p + 4, ldp, b, v, ldv, tokens, c, o + 4 * ldo, ldo);
        }
    }

    private static void scores8(
            double[] a, int k, int ldk, double[] b, int q, int pairs, float[] x, int at) {
        FloatVector s00 = FloatVector.zero(F);
        FloatVector s01 = FloatVector.zero(F);
        FloatVector s10 = FloatVector.zero(F);
        FloatVector s11 = FloatVector.zero(F);
        FloatVector s20 = FloatVector.zero(F);
        FloatVector s21 = FloatVector.zero(F);
        FloatVector s30 = FloatVector.zero(F);
        FloatVector s31 = FloatVector.zero(F);
        FloatVector s40 = FloatVector.zero(F);
        FloatVector s41 = FloatVector.zero(F);
        FloatVector s50 = FloatVector.zero(F);
        FloatVector s51 = FloatVector.zero(F);
        FloatVector s60 = FloatVector.zero(F);
        FloatVector s61 = FloatVector.zero(F);
        FloatVector s70 = FloatVector.zero(F);
        FloatVector s71 = FloatVector.zero(F);
        for (int d = 0; d < pairs; d++) {
            FloatVector q0 = floats(b, q + d * PANEL);
            FloatVector q1 = floats(b, q + d * PANEL + P);
            FloatVector k0 = both(a[k + d]);
            s00 = k0.fma(q0, s00);
            s01 = k0.fma(q1, s01);
            FloatVector k1 = both(a[k + ldk + d]);
            s10 = k1.fma(q0, s10);
            s11 = k1.fma(q1, s11);
            FloatVector k2 = both(a[k + 2 * ldk + d]);
            s20 = k2.fma(q0, s20);
            s21 = k2.fma(q1, s21);
            FloatVector k3 = both(a[k + 3 * ldk + d]);
            s30 = k3.fma(q0, s30);
            s31 = k3.fma(q1, s31);
            FloatVector k4 = both(a[k + 4 * ldk + d]);
            s40 = k4.fma(q0, s40);
            s41 = k4.fma(q1, s41);
            FloatVector k5 = both(a[k + 5 * ldk + d]);
            s50 = k5.fma(q0, s50);
            s51 = k5.fma(q1, s51);
            FloatVector k6 = both(a[k + 6 * ldk + d]);
            s60 = k6.fma(q0, s60);
            s61 = k6.fma(q1, s61);
            FloatVector k7 = both(a[k + 7 * ldk + d]);
            s70 = k7.fma(q0, s70);
            s71 = k7.fma(q1, s71);
        }
        s00.intoArray(x, at);
        s01.intoArray(x, at + L);
        s10.intoArray(x, at + NR);
        s11.intoArray(x, at + NR + L);
        s20.intoArray(x, at + 2 * NR);
        s21.intoArray(x, at + 2 * NR + L);
        s30.intoArray(x, at + 3 * NR);
        s31.intoArray(x, at + 3 * NR + L);
        s40.intoArray(x, at + 4 * NR);
        s41.intoArray(x, at + 4 * NR + L);
        s50.intoArray(x, at + 5 * NR);
        s51.intoArray(x, at + 5 * NR + L);
        s60.intoArray(x, at + 6 * NR);
        s61.intoArray(x, at + 6 * NR + L);
        s70.intoArray(x, at + 7 * NR);
        s71.intoArray(x, at + 7 * NR + L);
    }

    private static void scores4(
            double[] a, int k, int ldk, double[] b, int q, int pairs, float[] x, int at) {
        FloatVector s00 = FloatVector.zero(F);
        FloatVector s01 = FloatVector.zero(F);
        FloatVector s10 = FloatVector.zero(F);
        FloatVector s11 = FloatVector.zero(F);
        FloatVector s20 = FloatVector.zero(F);
        FloatVector s21 = FloatVector.zero(F);
        FloatVector s30 = FloatVector.zero(F);
        FloatVector s31 = FloatVector.zero(F);
        for (int d = 0; d < pairs; d++) {
            FloatVector q0 = floats(b, q + d * PANEL);
            FloatVector q1 = floats(b, q + d * PANEL + P);
            FloatVector k0 = both(a[k + d]);
            s00 = k0.fma(q0, s00);
            s01 = k0.fma(q1, s01);
            FloatVector k1 = both(a[k + ldk + d]);
            s10 = k1.fma(q0, s10);
            s11 = k1.fma(q1, s11);
            FloatVector k2 = both(a[k + 2 * ldk + d]);
            s20 = k2.fma(q0, s20);
            s21 = k2.fma(q1, s21);
            FloatVector k3 = both(a[k + 3 * ldk + d]);
            s30 = k3.fma(q0, s30);
            s31 = k3.fma(q1, s31);
        }
        s00.intoArray(x, at);
        s01.intoArray(x, at + L);
        s10.intoArray(x, at + NR);
        s11.intoArray(x, at + NR + L);
        s20.intoArray(x, at + 2 * NR);
        s21.intoArray(x, at + 2 * NR + L);
        s30.intoArray(x, at + 3 * NR);
        s31.intoArray(x, at + 3 * NR + L);
    }

    private static void values8(
            float[] a,
            int p,
            int ldp,
            double[] b,
            int v,
            int ldv,
            int tokens,
            float[] c,
            int o,
            int ldo) {
        FloatVector o00 = FloatVector.fromArray(F, c, o);
        FloatVector o01 = FloatVector.fromArray(F, c, o + L);
        FloatVector o10 = FloatVector.fromArray(F, c, o + ldo);
        FloatVector o11 = FloatVector.fromArray(F, c, o + ldo + L);
        FloatVector o20 = FloatVector.fromArray(F, c, o + 2 * ldo);
        FloatVector o21 = FloatVector.fromArray(F, c, o + 2 * ldo + L);
        FloatVector o30 = FloatVector.fromArray(F, c, o + 3 * ldo);
        FloatVector o31 = FloatVector.fromArray(F, c, o + 3 * ldo + L);
        FloatVector o40 = FloatVector.fromArray(F, c, o + 4 * ldo);
        FloatVector o41 = FloatVector.fromArray(F, c, o + 4 * ldo + L);
        FloatVector o50 = FloatVector.fromArray(F, c, o + 5 * ldo);
        FloatVector o51 = FloatVector.fromArray(F, c, o + 5 * ldo + L);
        FloatVector o60 = FloatVector.fromArray(F, c, o + 6 * ldo);
        FloatVector o61 = FloatVector.fromArray(F, c, o + 6 * ldo + L);
        FloatVector o70 = FloatVector.fromArray(F, c, o + 7 * ldo);
        FloatVector o71 = FloatVector.fromArray(F, c, o + 7 * ldo + L);
        for (int t = 0; t < tokens; t++) {
            FloatVector v0 = floats(b, v + t * ldv);
            FloatVector v1 = floats(b, v + t * ldv + P);
            FloatVector p0 = FloatVector.broadcast(F, a[p + t * ldp]);
            o00 = p0.fma(v0, o00);
            o01 = p0.fma(v1, o01);
            FloatVector p1 = FloatVector.broadcast(F, a[p + t * ldp + 1]);
            o10 = p1.fma(v0, o10);
            o11 = p1.fma(v1, o11);
            FloatVector p2 = FloatVector.broadcast(F, a[p + t * ldp + 2]);
            o20 = p2.fma(v0, o20);
            o21 = p2.fma(v1, o21);
            FloatVector p3 = FloatVector.broadcast(F, a[p + t * ldp + 3]);
            o30 = p3.fma(v0, o30);
            o31 = p3.fma(v1, o31);
            FloatVector p4 = FloatVector.broadcast(F, a[p + t * ldp + 4]);
            o40 = p4.fma(v0, o40);
            o41 = p4.fma(v1, o41);
            FloatVector p5 = FloatVector.broadcast(F, a[p + t * ldp + 5]);
            o50 = p5.fma(v0, o50);
            o51 = p5.fma(v1, o51);
            FloatVector p6 = FloatVector.broadcast(F, a[p + t * ldp + 6]);
            o60 = p6.fma(v0, o60);
            o61 = p6.fma(v1, o61);
            FloatVector p7 = FloatVector.broadcast(F, a[p + t * ldp + 7]);
            o70 = p7.fma(v0, o70);
            o71 = p7.fma(v1, o71);
        }
        o00.intoArray(c, o);
        o01.intoArray(c, o + L);
        o10.intoArray(c, o + ldo);
        o11.intoArray(c, o + ldo + L);
        o20.intoArray(c, o + 2 * ldo);
        o21.intoArray(c, o + 2 * ldo + L);
        o30.intoArray(c, o + 3 * ldo);
        o31.intoArray(c, o + 3 * ldo + L);
        o40.intoArray(c, o + 4 * ldo);
        o41.intoArray(c, o + 4 * ldo + L);
        o50.intoArray(c, o + 5 * ldo);
        o51.intoArray(c, o + 5 * ldo + L);
        o60.intoArray(c, o + 6 * ldo);
        o61.intoArray(c, o + 6 * ldo + L);
        o70.intoArray(c, o + 7 * ldo);
        o71.intoArray(c, o + 7 * ldo + L);
    }

    private static void values4(
            float[] a,
            int p,
            int ldp,
            double[] b,
            int v,
            int ldv,
            int tokens,
            float[] c,
            int o,
            int ldo) {
        FloatVector o00 = FloatVector.fromArray(F, c, o);
        FloatVector o01 = FloatVector.fromArray(F, c, o + L);
        FloatVector o10 = FloatVector.fromArray(F, c, o + ldo);
        FloatVector o11 = FloatVector.fromArray(F, c, o + ldo + L);
        FloatVector o20 = FloatVector.fromArray(F, c, o + 2 * ldo);
        FloatVector o21 = FloatVector.fromArray(F, c, o + 2 * ldo + L);
        FloatVector o30 = FloatVector.fromArray(F, c, o + 3 * ldo);
        FloatVector o31 = FloatVector.fromArray(F, c, o + 3 * ldo + L);
        for (int t = 0; t < tokens; t++) {
            FloatVector v0 = floats(b, v + t * ldv);
            FloatVector v1 = floats(b, v + t * ldv + P);
            FloatVector p0 = FloatVector.broadcast(F, a[p + t * ldp]);
            o00 = p0.fma(v0, o00);
            o01 = p0.fma(v1, o01);
            FloatVector p1 = FloatVector.broadcast(F, a[p + t * ldp + 1]);
            o10 = p1.fma(v0, o10);
            o11 = p1.fma(v1, o11);
            FloatVector p2 = FloatVector.broadcast(F, a[p + t * ldp + 2]);
            o20 = p2.fma(v0, o20);
            o21 = p2.fma(v1, o21);
            FloatVector p3 = FloatVector.broadcast(F, a[p + t * ldp + 3]);
            o30 = p3.fma(v0, o30);
            o31 = p3.fma(v1, o31);
        }
        o00.intoArray(c, o);
        o01.intoArray(c, o + L);
        o10.intoArray(c, o + ldo);
        o11.intoArray(c, o + ldo + L);
        o20.intoArray(c, o + 2 * ldo);
        o21.intoArray(c, o + 2 * ldo + L);
        o30.intoArray(c, o + 3 * ldo);
        o31.intoArray(c, o + 3 * ldo + L);
    }

    private static FloatVector floats(double[] from, int at) {
        return DoubleVector.fromArray(PAIRS, from, at).reinterpretAsFloats();
    }

    private static FloatVector both(double pair) {
        return DoubleVector.broadcast(PAIRS, pair).reinterpretAsFloats();
    }

    /// Add up the pairs.
    private static void sums(float[] x, float[] c, int s, int lds) {
        for (int t = 0; t < TOKENS; t++) {
            FloatVector u = FloatVector.fromArray(F, x, t * NR);
            FloatVector v = FloatVector.fromArray(F, x, t * NR + L);
            FloatVector even = u.blend(v.rearrange(SWAP), ODD);
            FloatVector odd = u.rearrange(SWAP).blend(v, ODD);
            even.add(odd).intoArray(c, s + t * lds);
        }
    }

    private static VectorMask<Float> odd() {
        boolean[] bits = new boolean[L];
        for (int i = 1; i < L; i += 2) {
            bits[i] = true;
        }
        return VectorMask.fromArray(F, bits, 0);
    }
}
