package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/// Conversions between F32, BF16 and F16.
public interface HalfContract extends ContractSupport {
    @Test
    default void everyF16CodeWidensExactlyAndComesBack() {
        Tensor half = Tensor.zeros(arena(), DType.F16, 1 << 16);
        Tensor wide = Tensor.zeros(arena(), 1 << 16);
        Tensor back = Tensor.zeros(arena(), DType.F16, 1 << 16);
        Formats.putShorts(half, i -> (short) i);
        kernels().convert(half, wide);
        kernels().convert(wide, back);
        for (int i = 0; i < 1 << 16; i++) {
            float expected = value(i);
            float found = wide.getFloat(0, i);
            if (Float.isNaN(expected)) {
                assertThat(found).as("code %04x", i).isNaN();
                assertThat(back.getFloat(0, i)).as("code %04x", i).isNaN();
            } else {
                same(i, Float.floatToRawIntBits(found), Float.floatToRawIntBits(expected));
                same(i, Formats.shortAt(back, i) & 0xFFFF, i);
            }
        }
    }

    /// Value of a binary16 code from its fields.
    private static float value(int code) {
        int exponent = code >> 10 & 31;
        int fraction = code & 1023;
        double size =
                switch (exponent) {
                    case 0 -> fraction * 0x1p-24;
                    case 31 -> fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
                    default -> (1 + fraction / 1024.0) * Math.pow(2, exponent - 15);
                };
        return (float) (code < 0x8000 ? size : -size);
    }

    private static void same(int code, int found, int expected) {
        if (found != expected) {
            assertThat(found).as("code %04x", code).isEqualTo(expected);
        }
    }

    @Test
    default void f16RoundsToNearestEvenBetweenAllNeighbours() {
        int count = 0x7C00; // finite codes; the last one's neighbour is infinity
        Tensor x = Tensor.zeros(arena(), 3, count);
        for (int i = 0; i < count; i++) {
            double above = i + 1 == count ? 65_536 : value(i + 1);
            float middle = (float) ((value(i) + above) / 2);
            x.setFloat(0, i, middle);
            x.setFloat(1, i, Math.nextDown(middle));
            x.setFloat(2, i, -Math.nextUp(middle));
        }
        Tensor half = Tensor.zeros(arena(), DType.F16, 3, count);
        kernels().convert(x, half);
        for (int i = 0; i < count; i++) {
            same(i, Formats.shortAt(half, i) & 0xFFFF, i + i % 2);
            same(i, Formats.shortAt(half, count + i) & 0xFFFF, i);
            same(i, Formats.shortAt(half, 2L * count + i) & 0xFFFF, i + 1 | 0x8000);
        }
    }

    @Test
    default void f16KeepsSpecialValues() {
        Tensor x =
                sample(301)
                        .floats(
                                Float.NaN,
                                Float.intBitsToFloat(0xFF800001),
                                Float.POSITIVE_INFINITY,
                                Float.NEGATIVE_INFINITY,
                                Float.MAX_VALUE,
                                -65_520,
                                65_519.996f,
                                Float.MIN_VALUE,
                                -0f,
                                0x1p-25f,
                                Math.nextUp(0x1p-25f),
                                -1e-30f,
                                0f,
                                1f,
                                1f,
                                1f,
                                1f);
        Tensor half = Tensor.zeros(arena(), DType.F16, x.size());
        kernels().convert(x, half);
        assertThat(half.getFloat(0, 0)).isNaN();
        assertThat(half.getFloat(0, 1)).isNaN();
        int[] expected = {
            0x7C00, 0xFC00, 0x7C00, 0xFC00, 0x7BFF, 0, 0x8000, 0, 1, 0x8000, 0, 0x3C00
        };
        for (int i = 0; i < expected.length; i++) {
            same(i, Formats.shortAt(half, i + 2L) & 0xFFFF, expected[i]);
        }
    }

    @Test
    default void halvesConvertOnAnySizeAndBetweenEachOther() {
        for (int[] size : ElementwiseContract.ELEMENT_SIZES) {
            Sample sample = sample(302);
            Tensor x = sample.matrix(size[0], size[1]);
            Tensor brain = sample.bf16(size[0], size[1]);
            Tensor half = Formats.f16(arena(), size[0], size[1]);
            Tensor wide = sample.output(size[0], size[1]);
            kernels().convert(x, half);
            kernels().convert(half, wide);
            check("F16", wide, x, v -> F16.toFloat(F16.fromFloat(v)));
            kernels().convert(half, brain);
            kernels().convert(brain, wide);
            check("F16 to BF16", wide, half, v -> Bf16.toFloat(Bf16.fromFloat(v)));
            sample.fill(brain, 1e-4); // many subnormal in F16
            kernels().convert(brain, half);
            kernels().convert(half, wide);
            check("BF16 to F16", wide, brain, v -> F16.toFloat(F16.fromFloat(v)));
            Sample.frameUntouched("to F32", wide);
            Tensor copy = Formats.f16(arena(), size[0], size[1]);
            kernels().convert(half, copy);
            Close.sameBits("F16 to F16", copy, half);
        }
    }

    private static void check(String what, Tensor actual, Tensor from, Formats.Function expected) {
        float[] values = from.toFloats();
        for (int i = 0; i < values.length; i++) {
            values[i] = expected.apply(values[i]);
        }
        Close.sameBits(what, actual.toFloats(), values, (int) from.cols());
    }
}
