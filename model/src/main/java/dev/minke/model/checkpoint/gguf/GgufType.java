package dev.minke.model.checkpoint.gguf;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// Element and block types of tensors in GGUF, under ggml's names and numbers (ggml's `ggml.h` and
/// `ggml-common.h`).
///
/// A row is cut into blocks of [#blockSize] elements, each of [#blockBytes] bytes. Being listed
/// here means that a file with such tensors can be opened and copied, not that the type can be
/// computed with.
public enum GgufType {
    /// IEEE single.
    F32(0, 1, 4),
    /// IEEE half.
    F16(1, 1, 2),
    /// 4 bits and a scale.
    Q4_0(2, 32, 18),
    /// 4 bits, a scale and a minimum.
    Q4_1(3, 32, 20),
    /// 5 bits and a scale.
    Q5_0(6, 32, 22),
    /// 5 bits, a scale and a minimum.
    Q5_1(7, 32, 24),
    /// 8 bits and a scale.
    Q8_0(8, 32, 34),
    /// 8 bits, a scale and a sum; for activations.
    Q8_1(9, 32, 36),
    /// 2 bits in sub-blocks of 16.
    Q2_K(10, 256, 84),
    /// 3 bits in sub-blocks of 16.
    Q3_K(11, 256, 110),
    /// 4 bits in sub-blocks of 32.
    Q4_K(12, 256, 144),
    /// 5 bits in sub-blocks of 32.
    Q5_K(13, 256, 176),
    /// 6 bits in sub-blocks of 16.
    Q6_K(14, 256, 210),
    /// 8 bits, a single as scale and sums; for activations.
    Q8_K(15, 256, 292),
    /// About 2.06 bits, from a grid.
    IQ2_XXS(16, 256, 66),
    /// About 2.31 bits, from a grid.
    IQ2_XS(17, 256, 74),
    /// About 3.06 bits, from a grid.
    IQ3_XXS(18, 256, 98),
    /// About 1.56 bits, from a grid.
    IQ1_S(19, 256, 50),
    /// 4 bits, an index into 16 uneven steps.
    IQ4_NL(20, 32, 18),
    /// About 3.44 bits, from a grid.
    IQ3_S(21, 256, 110),
    /// About 2.56 bits, from a grid.
    IQ2_S(22, 256, 82),
    /// 4 bits, an index into 16 uneven steps, in sub-blocks of 32.
    IQ4_XS(23, 256, 136),
    /// Signed byte.
    I8(24, 1, 1),
    /// Signed 16-bit integer.
    I16(25, 1, 2),
    /// Signed 32-bit integer.
    I32(26, 1, 4),
    /// Signed 64-bit integer.
    I64(27, 1, 8),
    /// IEEE double.
    F64(28, 1, 8),
    /// About 1.75 bits, from a grid.
    IQ1_M(29, 256, 56),
    /// The upper half of a single.
    BF16(30, 1, 2),
    /// Three values, five to a byte.
    TQ1_0(34, 256, 54),
    /// Three values, four to a byte.
    TQ2_0(35, 256, 66),
    /// 4-bit floats with a power of two as scale.
    MXFP4(39, 32, 17),
    /// 4-bit floats with four 8-bit floats as scales.
    NVFP4(40, 64, 36),
    /// 1 bit and a scale.
    Q1_0(41, 128, 18),
    /// 2 bits and a scale.
    Q2_0(42, 64, 18);

    /// Types that files had once; readers refuse them, so it helps to call them by name.
    private static final Map<Integer, String> REMOVED =
            Map.of(
                    4, "Q4_2",
                    5, "Q4_3",
                    31, "Q4_0_4_4",
                    32, "Q4_0_4_8",
                    33, "Q4_0_8_8",
                    36, "IQ4_NL_4_4",
                    37, "IQ4_NL_4_8",
                    38, "IQ4_NL_8_8");

    private static final Map<Integer, GgufType> BY_ID =
            Arrays.stream(values()).collect(Collectors.toUnmodifiableMap(GgufType::id, t -> t));

    private final int id;
    private final int blockSize;
    private final int blockBytes;

    GgufType(int id, int blockSize, int blockBytes) {
        this.id = id;
        this.blockSize = blockSize;
        this.blockBytes = blockBytes;
    }

    /// The number that stands for the type in a file.
    public int id() {
        return id;
    }

    /// Elements of a block, 1 for plain types.
    public int blockSize() {
        return blockSize;
    }

    /// Bytes of a block, those of one element for plain types.
    public int blockBytes() {
        return blockBytes;
    }

    /// Whether several elements share a block.
    public boolean quantized() {
        return blockSize > 1;
    }

    /// The type of that number.
    public static Optional<GgufType> of(int id) {
        return Optional.ofNullable(BY_ID.get(id));
    }

    /// A number that is no type, in words.
    static String describeUnknown(int id) {
        String removed = REMOVED.get(id);
        return removed == null
                ? "type number " + Integer.toUnsignedString(id)
                : "type number %d (%s), which the format has dropped".formatted(id, removed);
    }

    /// Bytes of a tensor, or -1 where a dimension is negative, a row is no whole number of blocks
    /// or the product overflows.
    ///
    /// @param dimensions one or more, the length of a row first
    static long byteSize(GgufType type, long... dimensions) {
        if (dimensions[0] < 0 || dimensions[0] % type.blockSize != 0) {
            return -1;
        }
        long size = Math.max(dimensions[0] / type.blockSize, 1);
        boolean empty = dimensions[0] == 0;
        for (int i = 1; i < dimensions.length; i++) {
            if (dimensions[i] < 0) {
                return -1;
            }
            empty |= dimensions[i] == 0;
            // counted even beside a zero: a product that cannot be formed is refused everywhere
            size = times(size, Math.max(dimensions[i], 1));
        }
        // the number of elements has to fit, too
        if (times(size, type.blockSize) < 0) {
            return -1;
        }
        size = times(size, type.blockBytes);
        return empty && size >= 0 ? 0 : size;
    }

    /// The product of two positive numbers, or -1 from an overflow on.
    private static long times(long a, long b) {
        return a < 0 || Math.multiplyHigh(a, b) != 0 || a * b < 0 ? -1 : a * b;
    }
}
