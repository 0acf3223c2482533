package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import org.junit.jupiter.api.Test;

class Bf16Tests {
    @Test
    void everyCodeSurvivesTheRoundTrip() {
        for (int code = 0; code < 65_536; code++) {
            float value = Bf16.toFloat((short) code);
            short back = Bf16.fromFloat(value);
            if (Float.isNaN(value)) {
                assertThat(Bf16.toFloat(back)).isNaN();
                assertThat(back & 0x8000).as("sign of NaN %04x", code).isEqualTo(code & 0x8000);
            } else {
                assertThat(back & 0xFFFF).as("code %04x", code).isEqualTo(code);
            }
        }
    }

    @Test
    void everyGapRoundsToTheNearerNeighbourAndTiesToEven() {
        for (int code = 0; code < 0x7F7F; code++) {
            int low = code << 16;
            int next = code + 1;
            assertThat(round(low + 1)).isEqualTo(code);
            assertThat(round(low + 0x7FFF)).isEqualTo(code);
            assertThat(round(low + 0x8000)).isEqualTo((code & 1) == 0 ? code : next);
            assertThat(round(low + 0x8001)).isEqualTo(next);
            assertThat(round(low + 0xFFFF)).isEqualTo(next);
            assertThat(round(low + 0x8001 | 0x8000_0000)).isEqualTo(next | 0x8000);
        }
    }

    private static int round(int bits) {
        return Bf16.fromFloat(Float.intBitsToFloat(bits)) & 0xFFFF;
    }

    @Test
    void roundingIsByValue() {
        Rng rng = new Rng(3);
        for (int i = 0; i < 10_000; i++) {
            float x = (float) (rng.nextGaussian() * Math.exp(20 * rng.nextGaussian()));
            short code = Bf16.fromFloat(x);
            BigDecimal error = distance(x, code);
            assertThat(error).isLessThanOrEqualTo(distance(x, (short) (code + 1)));
            assertThat(error).isLessThanOrEqualTo(distance(x, (short) (code - 1)));
        }
    }

    private static BigDecimal distance(float x, short code) {
        return new BigDecimal(x).subtract(new BigDecimal(Bf16.toFloat(code))).abs();
    }

    @Test
    void largeValuesBecomeInfiniteAndNanStaysNan() {
        assertThat(Bf16.toFloat(Bf16.fromFloat(Float.MAX_VALUE))).isInfinite();
        assertThat(Bf16.toFloat(Bf16.fromFloat(-Float.MAX_VALUE)))
                .isEqualTo(Float.NEGATIVE_INFINITY);
        assertThat(Bf16.toFloat(Bf16.fromFloat(Float.NaN))).isNaN();
        // a payload in the lower half alone must not turn into infinity
        assertThat(Bf16.toFloat(Bf16.fromFloat(Float.intBitsToFloat(0x7F800001)))).isNaN();
        assertThat(Bf16.toFloat(Bf16.fromFloat(Float.intBitsToFloat(0xFFFFFFFF)))).isNaN();
    }
}
