package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BlockFormatTests {
    @ParameterizedTest
    @CsvSource({
        "Q4_0, 32, 18, 4.5",
        "Q4_1, 32, 20, 5.0",
        "Q5_0, 32, 22, 5.5",
        "Q5_1, 32, 24, 6.0",
        "Q8_0, 32, 34, 8.5",
        "Q2_K, 256, 84, 2.625",
        "Q3_K, 256, 110, 3.4375",
        "Q4_K, 256, 144, 4.5",
        "Q5_K, 256, 176, 5.5",
        "Q6_K, 256, 210, 6.5625",
        "IQ4_NL, 32, 18, 4.5",
        "IQ4_XS, 256, 136, 4.25"
    })
    void blocksHaveTheSizesOfGgml(BlockFormat format, int size, int bytes, double bitsPerValue) {
        assertThat(format.blockSize()).isEqualTo(size);
        assertThat(format.blockBytes()).isEqualTo(bytes);
        assertThat(format.rowBytes(1024) * 8 / 1024.0).isEqualTo(bitsPerValue);
        assertThat(format.rowBytes(0)).isZero();
    }

    @Test
    void rowsAreWholeBlocks() {
        assertThat(BlockFormat.Q4_K.rowBytes(7168)).isEqualTo(28 * 144);
        for (long cols : new long[] {10944, -256, Long.MIN_VALUE, (1L << 62) + 256}) {
            assertThatThrownBy(() -> BlockFormat.Q4_K.rowBytes(cols))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "a row of "
                                    + cols
                                    + " values is no whole number of Q4_K blocks of 256");
        }
    }

    @Test
    void aMatrixHasExactlyItsBytes() {
        MemorySegment data = MemorySegment.ofArray(new byte[3 * 2 * 34]);
        BlockMatrix matrix = new BlockMatrix(BlockFormat.Q8_0, 3, 64, data);
        assertThat(matrix.rowBytes()).isEqualTo(68);
        assertThat(matrix).hasToString("Q8_0[3, 64]");
        assertThatThrownBy(() -> new BlockMatrix(BlockFormat.Q8_0, 4, 64, data))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Q8_0 [4, 64] takes 4 x 68 bytes, found 204");
        for (long rows : new long[] {-3, 2, 1L << 61, Long.MAX_VALUE}) {
            assertThatThrownBy(() -> new BlockMatrix(BlockFormat.Q8_0, rows, 64, data))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> new BlockMatrix(BlockFormat.Q8_0, 1L << 60, 0, data))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aRangeOfRowsSharesTheMemory() {
        MemorySegment data = MemorySegment.ofArray(new byte[3 * 2 * 34]);
        BlockMatrix matrix = new BlockMatrix(BlockFormat.Q8_0, 3, 64, data);
        BlockMatrix last = matrix.range(2, 3);
        assertThat(last.rows()).isEqualTo(1);
        assertThat(last.cols()).isEqualTo(64);
        data.setAtIndex(ValueLayout.JAVA_BYTE, 136, (byte) 7);
        assertThat(last.data().get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 7);
        assertThat(matrix.range(1, 1).data().byteSize()).isZero();
        assertThatThrownBy(() -> matrix.range(2, 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("rows 2 to 4 of a matrix with 3 rows");
    }
}
