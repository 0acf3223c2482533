package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Products with weights that stay in their type: the bits of [Kernels#gemmNt] with the decoded
/// weight, for any number of rows and threads.
public interface PackedContract extends ContractSupport {
    /// Around the sizes of register tiles and of the ways to work.
    int[] ROWS = {0, 1, 2, 3, 5, 8, 16, 17, 64};

    /// n, k: around widths of panels, blocks of k and pieces of them.
    int[][] WIDTHS = {{1, 256}, {31, 512}, {64, 1280}, {67, 768}, {130, 256}, {0, 256}};

    @ParameterizedTest
    @EnumSource
    default void aPackedWeightGivesTheBitsOfTheDecodedOne(BlockFormat format) {
        for (int[] width : WIDTHS) {
            packedAsDecoded(format, width[0], width[1]);
        }
        if (format.blockSize() == 32) {
            for (int k : new int[] {32, 96, 416, 1120}) {
                packedAsDecoded(format, 35, k);
            }
        }
    }

    private void packedAsDecoded(BlockFormat format, int n, int k) {
        Sample sample = sample(31);
        BlockMatrix b = Formats.random(arena(), sample.rng(), format, n, k);
        Tensor decoded = sample.output(n, k);
        kernels().dequantize(b, decoded);
        PackedMatrix packed = kernels().pack(b, arena());
        assertThat(packed.rows()).isEqualTo(n);
        assertThat(packed.cols()).isEqualTo(k);
        assertThat(packed.byteSize()).isGreaterThanOrEqualTo(b.data().byteSize());
        PackedMatrix alone = oneThread().pack(b, arena());
        b.data().fill((byte) 0x55);
        asDecoded(format.toString(), sample, decoded, packed, alone);
    }

    /// Products of all numbers of rows, with weights packed by both teams.
    private void asDecoded(
            String type, Sample sample, Tensor decoded, PackedMatrix packed, PackedMatrix alone) {
        int n = (int) decoded.rows();
        int k = (int) decoded.cols();
        for (int m : ROWS) {
            Tensor a = sample.matrix(m, k);
            Tensor expected = sample.output(m, n);
            kernels().gemmNt(a, decoded, expected, false);
            Tensor c = sample.output(m, n);
            kernels().gemmPacked(a, packed, c, false);
            String what = "gemmPacked %s m %d n %d k %d".formatted(type, m, n, k);
            Close.same(what, c, expected.toFloats());
            Sample.frameUntouched(what, c);
            Tensor single = sample.output(m, n);
            oneThread().gemmPacked(a, alone, single, false);
            Close.sameBits(what + " on one thread", single, c);
            for (int row = 0; row < Math.min(m, 3); row++) {
                Tensor one = sample.output(1, n);
                kernels().gemmPacked(a.range(row, row + 1), packed, one, false);
                Close.sameBits(what + " alone", one, c.range(row, row + 1));
            }
            Tensor sum = sample.matrix(m, n);
            Tensor added = sample.copy(sum);
            kernels().gemmNt(a, decoded, sum, true);
            kernels().gemmPacked(a, packed, added, true);
            Close.same(what + " +=", added, sum.toFloats());
            Sample.frameUntouched(what + " +=", added);
        }
    }

    /// Scales are often below the least normal number of binary16.
    @ParameterizedTest
    @EnumSource
    default void smallAndBrokenScalesArePackedToo(BlockFormat format) {
        Sample sample = sample(32);
        BlockMatrix b = Formats.random(arena(), sample.rng(), format, 40, 512);
        Formats.scales(b, i -> (short) (i % 7 == 3 ? 0x8000 | i % 900 : i % 900));
        Tensor a = sample.matrix(20, 512);
        Tensor decoded = sample.output(40, 512);
        Tensor expected = sample.output(20, 40);
        Tensor c = sample.output(20, 40);
        kernels().dequantize(b, decoded);
        kernels().gemmNt(a, decoded, expected, false);
        PackedMatrix packed = kernels().pack(b, arena());
        kernels().gemmPacked(a, packed, c, false);
        Close.same("small scales of " + format, c, expected.toFloats());
        Formats.scales(b, i -> (short) 0x7E00);
        Tensor broken = sample.output(1, 40);
        kernels().gemmPacked(a.range(0, 1), kernels().pack(b, arena()), broken, false);
        for (float value : broken.toFloats()) {
            assertThat(value).isNaN();
        }
    }

    @Test
    default void aPackedF16WeightGivesTheBitsOfTheWideOne() {
        for (int[] size : new int[][] {{1, 1}, {31, 7}, {64, 1100}, {67, 257}, {130, 33}, {0, 5}}) {
            Sample sample = sample(35);
            Tensor b = Formats.f16(arena(), size[0], size[1]);
            // every third number is subnormal
            for (int r = 0; r < size[0]; r++) {
                for (int c = 0; c < size[1]; c++) {
                    double scale = (r + c) % 3 == 0 ? 0x1p-17 : 1;
                    b.setFloat(r, c, (float) (scale * sample.rng().nextGaussian()));
                }
            }
            Tensor wide = sample.output(size[0], size[1]);
            kernels().convert(b, wide);
            PackedMatrix packed = kernels().pack(b, arena());
            PackedMatrix alone = oneThread().pack(b, arena());
            b.clear();
            asDecoded("F16", sample, wide, packed, alone);
        }
    }

    @Test
    default void infinitiesAndNansOfPackedF16StayThemselves() {
        float[] special = {
            Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, F16.MAX, 0x1p-24f, 0
        };
        Tensor b = Tensor.zeros(arena(), DType.F16, special.length, 3);
        for (int i = 0; i < special.length; i++) {
            b.setFloat(i, 1, special[i]);
        }
        Sample sample = sample(36);
        for (int m : ROWS) {
            Tensor a = sample.fill(sample.output(m, 3), 0);
            Tensor c = sample.output(m, special.length);
            for (int r = 0; r < m; r++) {
                a.setFloat(r, 1, 2);
            }
            kernels().gemmPacked(a, kernels().pack(b, arena()), c, false);
            for (int r = 0; r < m; r++) {
                for (int i = 0; i < special.length; i++) {
                    assertThat(c.getFloat(r, i)).isEqualTo(Float.valueOf(2 * special[i]));
                }
            }
        }
    }

    @Test
    default void packedFp8GivesTheBitsOfTheDecodedWeight() {
        int[][] sizes = {
            {1, 128, 128, 128},
            {35, 384, 128, 128},
            {130, 1152, 128, 128},
            {70, 256, 16, 256},
            {67, 256, 1, 1000},
            {0, 128, 128, 128},
            {33, 200, 128, 128},
            {9, 129, 1, 128},
            {70, 256, 3, 32},
            {5, 12, 2, 5}
        };
        for (int[] size : sizes) {
            for (double deviation : new double[] {0.01, 1e-41, 100}) {
                packedFp8(size, deviation);
            }
        }
    }

    private void packedFp8(int[] size, double deviation) {
        Sample sample = sample(37);
        int n = size[0];
        int k = size[1];
        MemorySegment codes = Formats.odd(arena(), (long) n * k);
        for (long i = 0; i < codes.byteSize(); i++) {
            int code = sample.rng().nextInt(254);
            codes.set(ValueLayout.JAVA_BYTE, i, (byte) (code < 127 ? code : code + 1));
        }
        Tensor scales = sample.output(Math.ceilDiv(n, size[2]), Math.ceilDiv(k, size[3]));
        sample.fill(scales, deviation);
        Tensor decoded = sample.output(n, k);
        kernels().dequantizeFp8(codes, scales, size[2], size[3], decoded);
        PackedMatrix packed = packFp8(kernels(), codes, scales, size);
        PackedMatrix alone = packFp8(oneThread(), codes, scales, size);
        assertThat(packed.rows()).isEqualTo(n);
        assertThat(packed.cols()).isEqualTo(k);
        codes.fill((byte) 0x55);
        scales.clear();
        asDecoded("FP8 " + deviation, sample, decoded, packed, alone);
    }

    private PackedMatrix packFp8(Kernels kernels, MemorySegment codes, Tensor scales, int[] size) {
        return kernels.packFp8(codes, scales, size[2], size[3], size[0], size[1], arena());
    }

    @Test
    default void nansOfPackedFp8StayThemselves() {
        MemorySegment codes = arena().allocate(70 * 256);
        codes.fill((byte) 0x38); // 1
        codes.set(ValueLayout.JAVA_BYTE, 65 * 256 + 130, (byte) 0xFF);
        Sample sample = sample(38);
        Tensor scales = sample.output(1, 2);
        for (float second : new float[] {2, Float.NaN}) {
            scales.setFloat(0, 0, 1);
            scales.setFloat(0, 1, second);
            PackedMatrix packed = kernels().packFp8(codes, scales, 128, 128, 70, 256, arena());
            for (int m : new int[] {1, 3, 20}) {
                Tensor a = sample.fill(sample.output(m, 256), 0);
                Tensor c = sample.output(m, 70);
                a.setFloat(m - 1, 5, 1);
                kernels().gemmPacked(a, packed, c, false);
                for (int r = 0; r < 70; r++) {
                    float expected = r == 65 || Float.isNaN(second) ? Float.NaN : 1;
                    assertThat(c.getFloat(m - 1, r)).isEqualTo(Float.valueOf(expected));
                }
            }
        }
    }

    @Test
    default void wrongSizesOfPackedFp8AreRefused() {
        MemorySegment codes = arena().allocate(256);
        Tensor scales = Tensor.zeros(arena(), 1, 1);
        assertThatThrownBy(() -> kernels().packFp8(codes, scales, 128, 128, 3, 128, arena()))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessageContaining("256 bytes of codes do not fit [3, 128]");
        assertThatThrownBy(() -> kernels().packFp8(codes, scales, 128, 128, 1, 256, arena()))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessageContaining("scaleInv");
    }

    @Test
    default void everySlotMeetsItsOwnPackedExpert() {
        for (int[] loads : GroupedGemmContract.LOADS) {
            Sample sample = sample(33);
            int n = 70;
            int k = 512;
            Tensor offsets = sample.starts(loads);
            int slots = offsets.getInt(loads.length);
            Tensor a = sample.matrix(slots, k);
            List<PackedMatrix> packed = new ArrayList<>();
            Tensor expected = sample.output(slots, n);
            for (int e = 0; e < loads.length; e++) {
                Tensor weight = sample.matrix(n, k);
                if (e % 3 == 2) {
                    packed.add(kernels().pack(weight, arena()));
                } else {
                    BlockFormat format = e % 3 == 0 ? BlockFormat.Q8_0 : BlockFormat.Q4_K;
                    BlockMatrix b = Formats.random(arena(), sample.rng(), format, n, k);
                    kernels().dequantize(b, weight);
                    packed.add(kernels().pack(b, arena()));
                }
                int from = offsets.getInt(e);
                int to = offsets.getInt(e + 1);
                kernels().gemmNt(a.range(from, to), weight, expected.range(from, to), false);
            }
            Tensor c = sample.output(slots, n);
            kernels().groupedGemmPacked(a, packed, offsets, c, false);
            Close.same("groupedGemmPacked", c, expected.toFloats());
            Sample.frameUntouched("groupedGemmPacked", c);
            sameBitsOnAnyTeam(
                    "groupedGemmPacked +=",
                    kernels -> {
                        Tensor sum = sample.copy(c);
                        kernels.groupedGemmPacked(a, packed, offsets, sum, true);
                        return sum.toFloats();
                    });
        }
    }

    @Test
    default void wrongShapesOfPackedExpertsAreRefused() {
        Sample sample = sample(34);
        PackedMatrix weight = kernels().pack(sample.matrix(5, 8), arena());
        List<PackedMatrix> experts = List.of(weight, weight);
        Tensor offsets = sample.starts(1, 2);
        Tensor a = sample.matrix(3, 8);
        Tensor c = sample.output(3, 5);
        Tensor narrow = sample.output(3, 4);
        assertThatThrownBy(() -> kernels().groupedGemmPacked(a, experts, offsets, narrow, false))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessageContaining("[5, 8]");
        List<PackedMatrix> one = List.of(weight);
        assertThatThrownBy(() -> kernels().groupedGemmPacked(a, one, offsets, c, false))
                .isInstanceOf(ShapeMismatch.class)
                .hasMessageContaining("3 offsets for 1 experts");
    }
}
