package dev.minke.model.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GgufTypeTests {
    @ParameterizedTest
    @CsvSource({
        "F32, 0, 32",
        "F16, 1, 16",
        "BF16, 30, 16",
        "F64, 28, 64",
        "I8, 24, 8",
        "I16, 25, 16",
        "I32, 26, 32",
        "I64, 27, 64",
        "Q4_0, 2, 4.5",
        "Q4_1, 3, 5",
        "Q5_0, 6, 5.5",
        "Q5_1, 7, 6",
        "Q8_0, 8, 8.5",
        "Q8_1, 9, 9",
        "Q2_K, 10, 2.625",
        "Q3_K, 11, 3.4375",
        "Q4_K, 12, 4.5",
        "Q5_K, 13, 5.5",
        "Q6_K, 14, 6.5625",
        "Q8_K, 15, 9.125",
        "IQ2_XXS, 16, 2.0625",
        "IQ2_XS, 17, 2.3125",
        "IQ3_XXS, 18, 3.0625",
        "IQ1_S, 19, 1.5625",
        "IQ4_NL, 20, 4.5",
        "IQ3_S, 21, 3.4375",
        "IQ2_S, 22, 2.5625",
        "IQ4_XS, 23, 4.25",
        "IQ1_M, 29, 1.75",
        "TQ1_0, 34, 1.6875",
        "TQ2_0, 35, 2.0625",
        "MXFP4, 39, 4.25",
        "NVFP4, 40, 4.5",
        "Q1_0, 41, 1.125",
        "Q2_0, 42, 2.25"
    })
    void hasTheNumbersOfGgml(GgufType type, int id, double bitsPerElement) {
        assertThat(type.id()).isEqualTo(id);
        assertThat(GgufType.of(id)).contains(type);
        assertThat(8.0 * type.blockBytes() / type.blockSize()).isEqualTo(bitsPerElement);
        assertThat(type.quantized()).isEqualTo(type.blockSize() > 1);
    }

    @Test
    void coversEveryNumberUpToTheLastButTheRemovedOnes() {
        for (int id = 0; id <= 42; id++) {
            boolean removed = Arrays.asList(4, 5, 31, 32, 33, 36, 37, 38).contains(id);
            assertThat(GgufType.of(id).isEmpty()).as("%d", id).isEqualTo(removed);
        }
        assertThat(GgufType.describeUnknown(31))
                .isEqualTo("type number 31 (Q4_0_4_4), which the format has dropped");
        assertThat(GgufType.describeUnknown(-1)).isEqualTo("type number 4294967295");
    }

    @Test
    void countsBytesUpToTheEdgeOfLong() {
        assertThat(GgufType.byteSize(GgufType.Q4_K, 512, 3)).isEqualTo(864);
        assertThat(GgufType.byteSize(GgufType.Q4_K, 500)).isEqualTo(-1);
        assertThat(GgufType.byteSize(GgufType.F32, -4)).isEqualTo(-1);
        assertThat(GgufType.byteSize(GgufType.F32, 4, -1)).isEqualTo(-1);
        assertThat(GgufType.byteSize(GgufType.F32, 0, 7)).isZero();
        assertThat(GgufType.byteSize(GgufType.I8, 1L << 62)).isEqualTo(1L << 62);
        assertThat(GgufType.byteSize(GgufType.I8, 1L << 62, 2)).isEqualTo(-1);
        assertThat(GgufType.byteSize(GgufType.F32, 1L << 61)).isEqualTo(-1);
        assertThat(GgufType.byteSize(GgufType.F32, 1L << 32, 1L << 32)).isEqualTo(-1);
        // sizes that wrap around to something small, and one that hides behind a zero
        assertThat(GgufType.byteSize(GgufType.I8, 1L << 32, 1L << 32, 0)).isEqualTo(-1);
        assertThat(GgufType.byteSize(GgufType.I8, 1L << 32, 1L << 31, 2)).isEqualTo(-1);
        // the bytes would fit, the elements do not
        assertThat(GgufType.byteSize(GgufType.IQ1_S, 256L << 40, 1L << 16)).isEqualTo(-1);
    }

    @Test
    void refusesASpecThatCannotBe() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new GgufTensorSpec("a", GgufType.Q4_K, new long[] {2, 128}))
                .withMessage(
                        "tensor a of type Q4_K has shape [2, 128], expected 1 to 4 dimensions of 0"
                                + " or more, rows of a multiple of 256, fewer than 2^63 bytes");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new GgufTensorSpec("a", GgufType.F32, new long[] {}));
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> new GgufTensorSpec("a", GgufType.F32, new long[] {1, 1, 1, 1, 1}));
    }
}
