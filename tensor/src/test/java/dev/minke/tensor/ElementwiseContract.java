package dev.minke.tensor;

import org.junit.jupiter.api.Test;

/// Sums, factors and conversions.
public interface ElementwiseContract extends ContractSupport {
    /// rows, columns.
    int[][] ELEMENT_SIZES = {
        {1, 1},
        {3, 15},
        {16, 16},
        {17, 17},
        {5, 31},
        {33, 33},
        {70, 100},
        {9, 207},
        {0, 4},
        {1, 40_001}
    };

    @Test
    default void addIsExactAlsoInPlace() {
        for (int[] size : ELEMENT_SIZES) {
            Sample sample = sample(81);
            Tensor a = sample.matrix(size[0], size[1]);
            Tensor b = sample.matrix(size[0], size[1]);
            Tensor y = sample.output(size[0], size[1]);
            float[] expected = a.toFloats();
            float[] other = b.toFloats();
            for (int i = 0; i < expected.length; i++) {
                expected[i] += other[i];
            }
            kernels().add(a, b, y);
            Close.same("add", y, expected);
            Sample.frameUntouched("add", y);
            Tensor second = sample.copy(b);
            kernels().add(a, second, second);
            Close.same("add into b", second, expected);
            kernels().add(a, b, a);
            Close.same("add into a", a, expected);
            Sample.frameUntouched("add into a", a);
        }
    }

    @Test
    default void scaleIsExact() {
        for (int[] size : ELEMENT_SIZES) {
            Sample sample = sample(82);
            Tensor x = sample.matrix(size[0], size[1]);
            float[] expected = x.toFloats();
            for (int i = 0; i < expected.length; i++) {
                expected[i] *= 0.3f;
            }
            kernels().scale(x, 0.3f);
            Close.same("scale", x, expected);
            Sample.frameUntouched("scale", x);
        }
    }

    @Test
    default void convertRoundsToNearestEvenAndWidensExactly() {
        for (int[] size : ELEMENT_SIZES) {
            Sample sample = sample(83);
            Tensor x = sample.matrix(size[0], size[1]);
            Tensor narrow = sample.bf16(size[0], size[1]);
            Tensor wide = sample.output(size[0], size[1]);
            kernels().convert(x, narrow);
            kernels().convert(narrow, wide);
            float[] expected = x.toFloats();
            for (int i = 0; i < expected.length; i++) {
                expected[i] = Bf16.toFloat(Bf16.fromFloat(expected[i]));
            }
            Close.sameBits("to BF16 and back", wide.toFloats(), expected, size[1]);
            Sample.frameUntouched("convert", wide);
            Tensor copy = sample.output(size[0], size[1]);
            kernels().convert(x, copy);
            Close.sameBits("F32 to F32", copy, x);
        }
    }

    @Test
    default void convertKeepsSpecialValuesAndTies() {
        Sample sample = sample(84);
        Tensor x =
                sample.floats(
                        0f,
                        -0f,
                        Float.POSITIVE_INFINITY,
                        Float.NEGATIVE_INFINITY,
                        Float.NaN,
                        Float.MAX_VALUE,
                        Float.MIN_VALUE,
                        Float.intBitsToFloat(0x3F808000),
                        Float.intBitsToFloat(0x3F818000),
                        Float.intBitsToFloat(0x3F808001),
                        Float.intBitsToFloat(0x7F800001),
                        Float.intBitsToFloat(0xFFFFFFFF),
                        Float.intBitsToFloat(0x007FFFFF),
                        -1e-40f,
                        1f,
                        -3.14159f,
                        2.71828f);
        Tensor narrow = Tensor.zeros(arena(), DType.BF16, x.size());
        kernels().convert(x, narrow);
        float[] expected = x.toFloats();
        for (int i = 0; i < expected.length; i++) {
            float rounded = Bf16.toFloat(Bf16.fromFloat(expected[i]));
            float found = narrow.getFloat(0, i);
            Close.sameBits(
                    "BF16 of " + Integer.toHexString(Float.floatToRawIntBits(expected[i])),
                    new float[] {Float.isNaN(found) ? Float.NaN : found},
                    new float[] {Float.isNaN(rounded) ? Float.NaN : rounded},
                    1);
        }
    }

    @Test
    default void elementwiseOperationsHaveTheSameBitsOnAnyTeam() {
        Sample sample = sample(85);
        Tensor a = sample.matrix(203, 207);
        Tensor b = sample.matrix(203, 207);
        sameBitsOnAnyTeam(
                "elementwise",
                kernels -> {
                    Tensor y = sample.output(203, 207);
                    kernels.add(a, b, y);
                    kernels.scale(y, 1.7f);
                    Tensor narrow = sample.bf16(203, 207);
                    kernels.convert(y, narrow);
                    return ContractSupport.join(y, narrow);
                });
    }
}
