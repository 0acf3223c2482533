package dev.minke.tensor.reference;

/// y += a * x: the form of a product that keeps the order of additions of every output and still
/// lets the compiler use vectors (which it does only where both arrays have the same index).
final class Saxpy {
    private Saxpy() {}

    /// y[i] = fma(a, x[i], y[i]) for the first `n` elements.
    static void add(float a, float[] x, float[] y, int n) {
        for (int i = 0; i < n; i++) {
            y[i] = Math.fma(a, x[i], y[i]);
        }
    }

    /// Four such steps, one after the other for each element, which stays in a register.
    static void add(
            float a0,
            float[] x0,
            float a1,
            float[] x1,
            float a2,
            float[] x2,
            float a3,
            float[] x3,
            float[] y,
            int n) {
        for (int i = 0; i < n; i++) {
            float sum = Math.fma(a0, x0[i], y[i]);
            sum = Math.fma(a1, x1[i], sum);
            sum = Math.fma(a2, x2[i], sum);
            y[i] = Math.fma(a3, x3[i], sum);
        }
    }

    /// y[i] += a[0] * rows[0][i] + a[1] * rows[1][i] + ... over `count` rows, ascending.
    static void addRows(float[] a, float[][] rows, int count, float[] y, int n) {
        int p = 0;
        for (; p <= count - 4; p += 4) {
            add(
                    a[p],
                    rows[p],
                    a[p + 1],
                    rows[p + 1],
                    a[p + 2],
                    rows[p + 2],
                    a[p + 3],
                    rows[p + 3],
                    y,
                    n);
        }
        for (; p < count; p++) {
            add(a[p], rows[p], y, n);
        }
    }
}
