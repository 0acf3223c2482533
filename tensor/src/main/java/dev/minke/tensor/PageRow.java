package dev.minke.tensor;

/// How the numbers of one cached token lie in a page of [#TOKENS] tokens.
///
/// In F32 and BF16 pages a row is `width` elements. An I8 page holds bytes: `coded` codes, one
/// each for the first columns, then an F32 scale for every `block` of them, then the columns behind
/// them in BF16, little-endian. A code c stands for c * scale with
///
///     scale = max |x| / 127 over the block        c = round(x / scale), ties to even
///
/// A block whose largest magnitude is below [#LEAST] is all zeros; NaN or an infinity makes its
/// whole block NaN.
///
/// @param type F32, BF16 or I8
/// @param width numbers in a row
/// @param coded columns kept as codes, a multiple of `block`; 0 if the type is not I8
/// @param block columns that share a scale; 0 if the type is not I8
public record PageRow(DType type, int width, int coded, int block) {
    /// Tokens in a page.
    public static final int TOKENS = 64;

    /// Most columns that [#coded(int, int, int)] lets share a scale.
    public static final int MOST_BLOCK = 64;

    /// Blocks of codes with a smaller largest magnitude are kept as zeros: dividing by it could
    /// overflow.
    public static final float LEAST = 0x1p-100f;

    /// Check the sizes.
    ///
    /// @throws ShapeMismatch if they do not fit the type or each other
    public PageRow {
        boolean fits =
                switch (type) {
                    case F32, BF16 -> coded == 0 && block == 0;
                    case I8 -> block > 0 && coded > 0 && coded % block == 0 && coded <= width;
                    case F16, I32 -> false;
                };
        if (!fits || width < 1) {
            throw new ShapeMismatch(
                    "a page row of %s with width %d, %d coded in blocks of %d"
                            .formatted(type, width, coded, block));
        }
    }

    /// A row of plain F32 or BF16 numbers.
    public static PageRow plain(DType type, int width) {
        return new PageRow(type, width, 0, 0);
    }

    /// A row with `coded` columns in eight bits and the rest in BF16; scales never reach over a
    /// multiple of `unit`, so that pieces of such widths can be stored one by one.
    ///
    /// @param unit a divisor of `coded`
    public static PageRow coded(int width, int coded, int unit) {
        int block = Math.min(unit, MOST_BLOCK);
        while (unit % block != 0) {
            block--;
        }
        return new PageRow(DType.I8, width, coded, block);
    }

    /// Elements of `type` in a row: the last dimension of a tensor of pages.
    public int elements() {
        return type == DType.I8 ? plainAt() + 2 * (width - coded) : width;
    }

    /// Bytes of a row.
    public int bytes() {
        return elements() * type.bytes();
    }

    /// Byte of an I8 row where the scales begin.
    public int scalesAt() {
        return coded;
    }

    /// Byte of an I8 row where the columns in BF16 begin.
    public int plainAt() {
        return block == 0 ? 0 : coded + coded / block * Float.BYTES;
    }

    /// Whether the columns `from` to `to` can be stored without the others: no block of codes is
    /// cut.
    public boolean whole(int from, int to) {
        return type != DType.I8 || (border(from) && border(to));
    }

    private boolean border(int column) {
        return column >= coded || column % block == 0;
    }
}
