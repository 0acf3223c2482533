package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.minke.tensor.spi.KernelSet.PackedMatrix;
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
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"Q2_K", "Q3_K"})
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
        for (int m : ROWS) {
            Tensor a = sample.matrix(m, k);
            Tensor expected = sample.output(m, n);
            kernels().gemmNt(a, decoded, expected, false);
            Tensor c = sample.output(m, n);
            kernels().gemmPacked(a, packed, c, false);
            String what = "gemmPacked %s m %d n %d k %d".formatted(format, m, n, k);
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
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"Q2_K", "Q3_K"})
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
