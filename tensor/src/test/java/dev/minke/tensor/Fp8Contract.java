package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/// e4m3 matrices with block scales.
public interface Fp8Contract extends ContractSupport {
    /// rows, columns, rows of a block, columns of a block.
    int[][] FP8_SIZES = {
        {1, 1, 128, 128},
        {3, 15, 128, 128},
        {128, 128, 128, 128},
        {130, 300, 128, 128},
        {9, 207, 1, 128},
        {7, 33, 2, 5},
        {257, 20, 128, 16},
        {5, 129, 1, 1},
        {0, 4, 128, 128}
    };

    private static Tensor scales(Sample sample, int[] size) {
        return sample.output(Math.ceilDiv(size[0], size[2]), Math.ceilDiv(size[1], size[3]));
    }

    @Test
    default void fp8DecodesEveryCodeTimesItsScale() {
        for (int[] size : FP8_SIZES) {
            Sample sample = sample(321);
            MemorySegment codes = Formats.odd(arena(), (long) size[0] * size[1]);
            for (long i = 0; i < codes.byteSize(); i++) {
                codes.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 31 + i / 256));
            }
            Tensor scales = sample.fill(scales(sample, size), 0.01);
            Tensor y = sample.output(size[0], size[1]);
            kernels().dequantizeFp8(codes, scales, size[2], size[3], y);
            for (int r = 0; r < size[0]; r++) {
                for (int c = 0; c < size[1]; c++) {
                    byte code = codes.get(ValueLayout.JAVA_BYTE, (long) r * size[1] + c);
                    float expected = Fp8.toFloat(code) * scales.getFloat(r / size[2], c / size[3]);
                    float found = y.getFloat(r, c);
                    if (Float.floatToIntBits(found) != Float.floatToIntBits(expected)) {
                        assertThat(found).as("[%d, %d] of code %d", r, c, code).isEqualTo(expected);
                    }
                }
            }
            Sample.frameUntouched("dequantizeFp8", y);
        }
    }

    @Test
    default void fp8EncodesByTheScaleOfEachBlock() {
        for (boolean powerOfTwo : new boolean[] {false, true}) {
            for (int[] size : FP8_SIZES) {
                Sample sample = sample(322);
                Tensor x = sample.matrix(size[0], size[1]);
                MemorySegment codes = Formats.odd(arena(), (long) size[0] * size[1]);
                Tensor scales = scales(sample, size);
                kernels().quantizeFp8(x, size[2], size[3], powerOfTwo, codes, scales);
                Sample.frameUntouched("quantizeFp8", scales);
                checkScales(x, size, powerOfTwo, scales);
                for (int r = 0; r < size[0]; r++) {
                    for (int c = 0; c < size[1]; c++) {
                        byte code = codes.get(ValueLayout.JAVA_BYTE, (long) r * size[1] + c);
                        float scale = scales.getFloat(r / size[2], c / size[3]);
                        byte expected = Fp8.fromFloat(x.getFloat(r, c) / scale);
                        if (code != expected) {
                            assertThat(code).as("[%d, %d]", r, c).isEqualTo(expected);
                        }
                    }
                }
            }
        }
    }

    private static void checkScales(Tensor x, int[] size, boolean powerOfTwo, Tensor scales) {
        for (int b = 0; b < scales.rows(); b++) {
            for (int d = 0; d < scales.cols(); d++) {
                float amax = 0;
                for (int r = b * size[2]; r < Math.min(size[0], (b + 1) * size[2]); r++) {
                    for (int c = d * size[3]; c < Math.min(size[1], (d + 1) * size[3]); c++) {
                        amax = Math.max(amax, Math.abs(x.getFloat(r, c)));
                    }
                }
                assertThat(scales.getFloat(b, d)).isEqualTo(Fp8.scale(amax, powerOfTwo));
            }
        }
    }

    @Test
    default void fp8ErrsByAtMostHalfAStepOfThreeBits() {
        Sample sample = sample(323);
        Tensor brain = sample.bf16(200, 300);
        MemorySegment codes = arena().allocate(200 * 300);
        Tensor scales = Tensor.zeros(arena(), 2, 3);
        Tensor y = sample.output(200, 300);
        kernels().quantizeFp8(brain, 128, 128, false, codes, scales);
        kernels().dequantizeFp8(codes, scales, 128, 128, y);
        double smallest = 0x1p-10 * scales.getFloat(0, 0) * 1.5;
        for (int r = 0; r < 200; r++) {
            for (int c = 0; c < 300; c++) {
                double x = brain.getFloat(r, c);
                assertThat(Math.abs(y.getFloat(r, c) - x))
                        .isLessThanOrEqualTo(Math.max(Math.abs(x) / 16 * 1.0001, smallest));
            }
        }
    }

    @Test
    default void fp8ZerosStayZerosAndSpecialValuesStayAlone() {
        Tensor x = Tensor.zeros(arena(), 4, 256);
        x.setFloat(0, 130, Float.NaN);
        x.setFloat(1, 131, Float.NEGATIVE_INFINITY);
        x.setFloat(1, 140, 0.5f);
        x.setFloat(1, 150, -2f);
        x.setFloat(3, 255, 1e-42f);
        MemorySegment codes = arena().allocate(4 * 256);
        Tensor scales = Tensor.zeros(arena(), 2, 2);
        kernels().quantizeFp8(x, 2, 128, true, codes, scales);
        assertThat(scales.toFloats()).containsExactly(1f, 0x1p-7f, 1f, 0x1p-126f);
        Tensor y = Tensor.zeros(arena(), 4, 256);
        kernels().dequantizeFp8(codes, scales, 2, 128, y);
        assertThat(y.getFloat(0, 130)).isNaN();
        assertThat(y.getFloat(1, 131)).isEqualTo(-448 * 0x1p-7f);
        assertThat(y.getFloat(1, 140)).isEqualTo(0.5f);
        assertThat(y.getFloat(1, 150)).isEqualTo(-2f);
        assertThat(y.getFloat(0, 0)).isEqualTo(0f);
        assertThat(y.getFloat(2, 5)).isEqualTo(0f);
        assertThat(y.getFloat(3, 255)).isEqualTo(0f);
    }

    @Test
    default void fp8HasTheSameBitsOnAnyTeam() {
        Sample sample = sample(324);
        Tensor x = sample.matrix(203, 207);
        sameBitsOnAnyTeam(
                "fp8",
                kernels -> {
                    MemorySegment codes = arena().allocate(203 * 207);
                    Tensor scales = Tensor.zeros(arena(), 51, 13);
                    kernels.quantizeFp8(x, 4, 16, false, codes, scales);
                    Tensor y = sample.output(203, 207);
                    kernels.dequantizeFp8(codes, scales, 4, 16, y);
                    return ContractSupport.join(y, scales);
                });
    }
}
