package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.tensor.Formats.Golden;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Quantised matrices: decoding against GGML's own values, encoding against its errors, both
/// recorded from ggml-org/ggml at d99724f2b1.
public interface BlockContract extends ContractSupport {
    /// The formats that can be written.
    List<BlockFormat> WRITTEN =
            List.of(
                    BlockFormat.Q4_0,
                    BlockFormat.Q4_1,
                    BlockFormat.Q5_0,
                    BlockFormat.Q5_1,
                    BlockFormat.Q8_0,
                    BlockFormat.Q4_K,
                    BlockFormat.Q5_K,
                    BlockFormat.Q6_K,
                    BlockFormat.IQ4_NL);

    /// Relative RMS errors of `ggml_quantize_chunk` without importance matrix, on [#gaussian].
    Map<BlockFormat, Double> GGML_ERRORS =
            Map.of(
                    BlockFormat.Q4_0, 0.0857092609,
                    BlockFormat.Q4_1, 0.0779430747,
                    BlockFormat.Q5_0, 0.0425762101,
                    BlockFormat.Q5_1, 0.0378784474,
                    BlockFormat.Q8_0, 0.00531759542,
                    BlockFormat.Q4_K, 0.0711369563,
                    BlockFormat.Q5_K, 0.0360240083,
                    BlockFormat.Q6_K, 0.0176627598,
                    BlockFormat.IQ4_NL, 0.075965904);

    /// Sums 31 h + byte over what `ggml_quantize_chunk` writes for [#gaussian].
    Map<BlockFormat, Integer> GGML_BYTES =
            Map.of(
                    BlockFormat.Q4_0, -1829592686,
                    BlockFormat.Q4_1, 1813401690,
                    BlockFormat.Q5_0, 28086006,
                    BlockFormat.Q5_1, 519090535,
                    BlockFormat.Q8_0, 22319583);

    /// 16 rows of 4096 unit normal numbers: [Rng#nextGaussian] from seed 2026 in row order.
    private Tensor gaussian() {
        return new Sample(arena(), 2026).dense(16, 4096);
    }

    @Test
    default void everyFormatDecodesToTheBitsOfGgml() {
        Formats.golden().forEach(this::decodesToTheBitsOfGgml);
    }

    private void decodesToTheBitsOfGgml(BlockFormat format, Golden golden) {
        for (int rows : golden.blocks() == 8 ? new int[] {1, 2, 8} : new int[] {1, 3}) {
            long cols = (long) golden.blocks() / rows * format.blockSize();
            BlockMatrix blocks = Formats.blocks(arena(), format, rows, cols);
            blocks.data().copyFrom(MemorySegment.ofArray(golden.bytes()));
            Tensor y = sample(311).output(rows, cols);
            kernels().dequantize(blocks, y);
            Close.sameBits(format.name(), y.toFloats(), golden.values(), (int) cols);
            Sample.frameUntouched(format.name(), y);
        }
    }

    @Test
    default void longRowsDecodeAsTheirBlocks() {
        Rng rng = new Rng(312);
        for (BlockFormat format : BlockFormat.values()) {
            long cols = 4096 + 512 + format.blockSize();
            BlockMatrix row = Formats.random(arena(), rng, format, 2, cols);
            Tensor y = Tensor.zeros(arena(), 2, cols);
            kernels().dequantize(row, y);
            long count = 2 * cols / format.blockSize();
            BlockMatrix single = new BlockMatrix(format, count, format.blockSize(), row.data());
            Tensor one = Tensor.zeros(arena(), count, format.blockSize());
            kernels().dequantize(single, one);
            Close.sameBits(format.name(), y.toFloats(), one.toFloats(), (int) cols);
        }
    }

    @Test
    default void encodingErrsNoMoreThanGgml() {
        Tensor x = gaussian();
        for (BlockFormat format : WRITTEN) {
            BlockMatrix blocks = Formats.blocks(arena(), format, 16, 4096);
            kernels().quantize(x, blocks);
            assertThat(Formats.relativeRms(x, decoded(blocks)))
                    .as("relative RMS error of %s", format)
                    .isLessThan(1.02 * GGML_ERRORS.get(format))
                    .isGreaterThan(0.9 * GGML_ERRORS.get(format));
        }
    }

    private Tensor decoded(BlockMatrix blocks) {
        Tensor y = Tensor.zeros(arena(), blocks.rows(), blocks.cols());
        kernels().dequantize(blocks, y);
        return y;
    }

    @Test
    default void simpleFormatsHaveTheBytesOfGgml() {
        Tensor x = gaussian();
        GGML_BYTES.forEach((format, expected) -> {
            BlockMatrix blocks = Formats.blocks(arena(), format, 16, 4096);
            kernels().quantize(x, blocks);
            int sum = 0;
            for (byte b : Formats.bytes(blocks)) {
                sum = 31 * sum + b;
            }
            assertThat(sum).as(format.name()).isEqualTo(expected);
        });
    }

    @Test
    default void smallWeightsKeepTheirPrecision() {
        // scales are subnormal in binary16 at the magnitudes of DeepSeek's initial weights
        for (BlockFormat format : WRITTEN) {
            Tensor x = new Sample(arena(), 2026).fill(Tensor.zeros(arena(), 4, 4096), 0.006);
            BlockMatrix blocks = Formats.blocks(arena(), format, 4, 4096);
            kernels().quantize(x, blocks);
            assertThat(Formats.relativeRms(x, decoded(blocks)))
                    .as("relative RMS error of %s", format)
                    .isLessThan(1.1 * GGML_ERRORS.get(format));
        }
    }

    @Test
    default void encodesRowsOfAnyLayoutAndTypeAlike() {
        for (BlockFormat format : WRITTEN) {
            for (int count : new int[] {1, 2, 3, 5}) {
                Sample sample = sample(313 + count);
                long cols = (long) count * format.blockSize();
                Tensor brain = sample.bf16(3, cols);
                Tensor wide = sample.output(3, cols);
                kernels().convert(brain, wide);
                BlockMatrix fromBrain = Formats.blocks(arena(), format, 3, cols);
                BlockMatrix fromWide = Formats.blocks(arena(), format, 3, cols);
                kernels().quantize(brain, fromBrain);
                kernels().quantize(wide, fromWide);
                assertThat(Formats.bytes(fromBrain)).isEqualTo(Formats.bytes(fromWide));
                Tensor half = Formats.f16(arena(), 3, cols);
                kernels().convert(wide, half);
                kernels().convert(half, wide);
                kernels().quantize(half, fromBrain);
                kernels().quantize(wide, fromWide);
                assertThat(Formats.bytes(fromBrain)).isEqualTo(Formats.bytes(fromWide));
                Tensor one = wide.range(2, 3);
                BlockMatrix alone = Formats.blocks(arena(), format, 1, cols);
                kernels().quantize(one, alone);
                assertThat(Formats.bytes(alone)).isEqualTo(Formats.bytes(fromWide.range(2, 3)));
                assertThat(Formats.relativeRms(wide, decoded(fromWide)))
                        .isLessThan(1.5 * GGML_ERRORS.get(format));
            }
        }
    }

    @Test
    default void zerosAndTinyNumbersStayZero() {
        for (BlockFormat format : WRITTEN) {
            for (float value : new float[] {0, -0f, 1e-40f, -Float.MIN_VALUE, 1e-20f}) {
                Tensor y = encoded(format, value, value);
                for (float found : y.toFloats()) {
                    assertThat(found).as("%s of %s", format, value).isEqualTo(0f);
                }
            }
        }
    }

    /// What becomes of three blocks of `value`, with `other` at the middle one's second place.
    private Tensor encoded(BlockFormat format, float value, float other) {
        long cols = 3L * format.blockSize();
        Tensor x = Tensor.zeros(arena(), 1, cols);
        for (int i = 0; i < cols; i++) {
            x.setFloat(0, i, i == format.blockSize() + 1 ? other : value);
        }
        BlockMatrix blocks = Formats.blocks(arena(), format, 1, cols);
        kernels().quantize(x, blocks);
        return decoded(blocks);
    }

    @Test
    default void equalNumbersComeBackToThePrecisionOfAScale() {
        for (BlockFormat format : WRITTEN) {
            for (float value : new float[] {1, -1, 0.3f, -0.02f, 1000, -7.7f}) {
                for (float found : encoded(format, value, value).toFloats()) {
                    assertThat(Math.abs(found / value - 1))
                            .as("%s of %s is %s", format, value, found)
                            .isLessThan(0.01f);
                }
            }
        }
    }

    @Test
    default void anOutlierIsKeptAndHurtsItsBlockAlone() {
        for (BlockFormat format : WRITTEN) {
            for (float outlier : new float[] {5000, -5000}) {
                int size = format.blockSize();
                float[] y = encoded(format, 0.01f, outlier).toFloats();
                assertThat(y[size + 1] / outlier).as("%s", format).isBetween(0.98f, 1.02f);
                for (int i = 0; i < size; i++) {
                    assertThat(y[i]).as("%s", format).isBetween(0.0099f, 0.0101f);
                    assertThat(y[2 * size + i]).isBetween(0.0099f, 0.0101f);
                    assertThat(y[size + i]).isFinite();
                }
            }
        }
    }

    @Test
    default void numbersBeyondTheRangeBecomeTheLargest() {
        for (BlockFormat format : WRITTEN) {
            for (float value : new float[] {1e30f, -Float.MAX_VALUE, 3e9f}) {
                float[] y = encoded(format, 1, value).toFloats();
                float found = y[format.blockSize() + 1];
                assertThat(found).as("%s of %s", format, value).isFinite();
                float sized = found * Math.signum(value);
                assertThat(sized).isGreaterThanOrEqualTo(limit(format, value));
                assertThat(y[0]).isBetween(0.99f, 1.01f);
            }
        }
    }

    /// What at least a format holds: negative values of the two that add an offset are no less than
    /// the offset.
    private static float limit(BlockFormat format, float value) {
        boolean offset = format == BlockFormat.Q4_1 || format == BlockFormat.Q5_1;
        return offset && value < 0 ? F16.MAX : 4e5f;
    }

    @Test
    default void offsetsBeyondTheRangeLeaveTheBlockItsOtherNumbers() {
        for (BlockFormat format : new BlockFormat[] {BlockFormat.Q4_1, BlockFormat.Q5_1}) {
            float[] y = encoded(format, 1, -1e30f).toFloats();
            assertThat(y[33]).isEqualTo(-F16.MAX);
            // the highest of 15 or 31 steps whose size binary16 holds to 2 or 1
            assertThat(y[32]).as("%s", format).isBetween(-32f, 32f);
            float[] above = encoded(format, 1e5f, 2e5f).toFloats();
            assertThat(above[0]).isGreaterThanOrEqualTo(F16.MAX);
            assertThat(above[33]).as("%s", format).isBetween(1.99e5f, 2.01e5f);
        }
    }

    @Test
    default void theFirstZeroAsTheLeastValueKeepsItsSign() {
        // GGML compares with <, for which both zeros are equal
        for (BlockFormat format : new BlockFormat[] {BlockFormat.Q4_1, BlockFormat.Q5_1}) {
            for (float first : new float[] {0f, -0f}) {
                Tensor x = Tensor.zeros(arena(), 1, 64);
                for (int i = 0; i < 64; i++) {
                    x.setFloat(0, i, i % 3 == 0 ? 1 : i % 3 == 1 ? first : -first);
                }
                BlockMatrix blocks = Formats.blocks(arena(), format, 1, 64);
                kernels().quantize(x, blocks);
                byte[] bytes = Formats.bytes(blocks);
                int negative = 1 / first < 0 ? 1 : 0;
                // in the second block the first zero is the other one
                assertThat(bytes[3] >>> 7 & 1).as("%s", format).isEqualTo(negative);
                assertThat(bytes[format.blockBytes() + 3] >>> 7 & 1).isEqualTo(1 - negative);
            }
        }
    }

    @Test
    default void aBlockWithNaNOrInfinityBecomesNaN() {
        float[] values = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
        for (BlockFormat format : WRITTEN) {
            for (float value : values) {
                int size = format.blockSize();
                float[] y = encoded(format, 1, value).toFloats();
                for (int i = 0; i < size; i++) {
                    assertThat(y[size + i]).as("%s", format).isNaN();
                    assertThat(y[i]).isBetween(0.99f, 1.01f);
                    assertThat(y[2 * size + i]).isBetween(0.99f, 1.01f);
                }
            }
        }
    }

    @Test
    default void emptyMatricesAreLeftAlone() {
        for (BlockFormat format : WRITTEN) {
            for (long[] shape : new long[][] {{0, 256}, {3, 0}}) {
                BlockMatrix blocks = Formats.blocks(arena(), format, shape[0], shape[1]);
                Tensor x = Tensor.zeros(arena(), shape);
                kernels().quantize(x, blocks);
                kernels().dequantize(blocks, x);
                assertThat(blocks.data().byteSize()).isZero();
            }
        }
    }

    @Test
    default void blocksHaveTheSameBitsOnAnyTeam() {
        Sample sample = sample(317);
        Tensor x = sample.matrix(203, 768);
        for (BlockFormat format : WRITTEN) {
            sameBitsOnAnyTeam(
                    format.name(),
                    kernels -> {
                        BlockMatrix blocks = Formats.blocks(arena(), format, 203, 768);
                        kernels.quantize(x, blocks);
                        Tensor y = sample.output(203, 768);
                        kernels.dequantize(blocks, y);
                        long codes = blocks.data().byteSize();
                        Tensor bytes = Tensor.zeros(arena(), codes);
                        for (long i = 0; i < codes; i++) {
                            byte code = blocks.data().get(ValueLayout.JAVA_BYTE, i);
                            bytes.setFloat(0, i, code);
                        }
                        return ContractSupport.join(y, bytes);
                    });
        }
    }
}
