package dev.minke.tensor.reference;

/// y += a * x on pieces of arrays: the form of a product that keeps the order of additions of every
/// output and still lets the compiler use vectors.
final class Saxpy {
    private Saxpy() {}

    /// y[yAt + i] = fma(a, x[xAt + i], y[yAt + i]) for the first `n` elements.
    static void add(float a, float[] x, int xAt, float[] y, int yAt, int n) {
        for (int i = 0; i < n; i++) {
            y[yAt + i] = Math.fma(a, x[xAt + i], y[yAt + i]);
        }
    }
}
