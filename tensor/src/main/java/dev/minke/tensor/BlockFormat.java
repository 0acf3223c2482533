package dev.minke.tensor;

/// Block formats of quantised weights, as GGML defines them (spec 2.6).
///
/// A row is a sequence of blocks; a block holds [#blockSize()] values in [#blockBytes()] bytes:
/// small integers with shared scales. All numbers are little-endian, scales are binary16.
public enum BlockFormat {
    /// d, 16 bytes of nibbles: y = d (q - 8).
    Q4_0(32, 18),
    /// d, m, 16 bytes of nibbles: y = d q + m.
    Q4_1(32, 20),
    /// d, 4 bytes of high bits, 16 bytes of nibbles: y = d (q - 16).
    Q5_0(32, 22),
    /// d, m, 4 bytes of high bits, 16 bytes of nibbles: y = d q + m.
    Q5_1(32, 24),
    /// d, 32 signed bytes: y = d q.
    Q8_0(32, 34),
    /// 16 bytes of scales and minima, 64 bytes of 2-bit values, d, dmin; sub-blocks of 16.
    Q2_K(256, 84),
    /// 32 bytes of high bits, 64 bytes of 2-bit values, 12 bytes of scales, d; sub-blocks of 16.
    Q3_K(256, 110),
    /// d, dmin, 12 bytes of scales and minima, 128 bytes of nibbles; sub-blocks of 32.
    Q4_K(256, 144),
    /// d, dmin, 12 bytes of scales and minima, 32 bytes of high bits, 128 bytes of nibbles.
    Q5_K(256, 176),
    /// 128 bytes of nibbles, 64 bytes of upper bits, 16 signed scales, d; sub-blocks of 16.
    Q6_K(256, 210),
    /// d, 16 bytes of indices into a table of 16 values.
    IQ4_NL(32, 18),
    /// d, 2 + 4 bytes of scales, 128 bytes of indices into the same table; sub-blocks of 32.
    IQ4_XS(256, 136);

    private final int blockSize;
    private final int blockBytes;

    BlockFormat(int blockSize, int blockBytes) {
        this.blockSize = blockSize;
        this.blockBytes = blockBytes;
    }

    /// Values in a block.
    public int blockSize() {
        return blockSize;
    }

    /// Bytes of a block.
    public int blockBytes() {
        return blockBytes;
    }

    /// Bytes of a row of `cols` values.
    ///
    /// @throws IllegalArgumentException if `cols` is no multiple of the block size, negative or
    ///   beyond 2^62
    public long rowBytes(long cols) {
        if (cols < 0 || cols > 1L << 62 || cols % blockSize != 0) {
            throw new IllegalArgumentException(
                    "a row of %d values is no whole number of %s blocks of %d"
                            .formatted(cols, this, blockSize));
        }
        return cols / blockSize * blockBytes;
    }

    /// Whether [Kernels#quantize] writes this format; all formats can be read.
    public boolean canEncode() {
        return switch (this) {
            case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K, IQ4_NL -> true;
            case Q2_K, Q3_K, IQ4_XS -> false;
        };
    }
}
