package dev.minke.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class Fp8Tests {
    @Test
    void everyCodeHasTheValueOfItsFields() {
        for (int code = 0; code < 256; code++) {
            float value = Fp8.toFloat((byte) code);
            int e = (code & 0x7F) >> 3;
            int m = code & 7;
            double size = e == 0 ? m * Math.pow(2, -9) : (1 + m / 8.0) * Math.pow(2, e - 7);
            if ((code & 0x7F) == 0x7F) {
                assertThat(value).isNaN();
            } else {
                float expected = (float) (code < 128 ? size : -size);
                assertThat(Float.floatToRawIntBits(value))
                        .as("code %d", code)
                        .isEqualTo(Float.floatToRawIntBits(expected));
                assertThat(Fp8.fromFloat(value)).isEqualTo((byte) code);
            }
        }
        assertThat(Fp8.toFloat((byte) 0x7E)).isEqualTo(Fp8.MAX);
    }

    @Test
    void roundsToTheNearestCodeAndTiesToEven() {
        for (int code = 0; code < 0x7E; code++) {
            float below = Fp8.toFloat((byte) code);
            float above = Fp8.toFloat((byte) (code + 1));
            float middle = (below + above) / 2; // exact
            int even = code % 2 == 0 ? code : code + 1;
            assertThat(Fp8.fromFloat(middle)).as("%s", middle).isEqualTo((byte) even);
            assertThat(Fp8.fromFloat(-middle)).isEqualTo((byte) (even | 0x80));
            assertThat(Fp8.fromFloat(Math.nextDown(middle))).isEqualTo((byte) code);
            assertThat(Fp8.fromFloat(Math.nextUp(middle))).isEqualTo((byte) (code + 1));
        }
    }

    @Test
    void hasTheTestPointsOfTheSpecification() {
        assertThat(Fp8.fromFloat(0x1p-10f)).isEqualTo((byte) 0);
        assertThat(Fp8.fromFloat(0.3f)).isEqualTo((byte) 42);
        assertThat(Fp8.toFloat((byte) 42)).isEqualTo(0.3125f);
        assertThat(Fp8.fromFloat(17)).isEqualTo((byte) 88);
        assertThat(Fp8.fromFloat(19)).isEqualTo((byte) 90);
        assertThat(Fp8.fromFloat(448)).isEqualTo((byte) 126);
        assertThat(Fp8.fromFloat(460)).isEqualTo((byte) 126);
    }

    @Test
    void holdsLargeNumbersAndKeepsNaN() {
        assertThat(Fp8.fromFloat(Float.MAX_VALUE)).isEqualTo((byte) 0x7E);
        assertThat(Fp8.fromFloat(Float.NEGATIVE_INFINITY)).isEqualTo((byte) 0xFE);
        assertThat(Fp8.fromFloat(Float.NaN) & 0x7F).isEqualTo(0x7F);
        assertThat(Fp8.fromFloat(Float.MIN_VALUE)).isEqualTo((byte) 0);
        assertThat(Fp8.fromFloat(-0f)).isEqualTo((byte) 0x80);
    }

    @Test
    void scalesReachTheLargestMagnitude() {
        assertThat(Fp8.scale(448, false)).isEqualTo(1);
        assertThat(Fp8.scale(3, false)).isEqualTo(3 / 448f);
        assertThat(Fp8.scale(448, true)).isEqualTo(1);
        assertThat(Fp8.scale(449, true)).isEqualTo(2);
        assertThat(Fp8.scale(447, true)).isEqualTo(1);
        assertThat(Fp8.scale(0, true)).isEqualTo(1);
        assertThat(Fp8.scale(Float.MIN_VALUE, false)).isEqualTo(0x1p-126f);
        assertThat(Fp8.scale(Float.MAX_VALUE, true)).isEqualTo(0x1p120f);
    }

    @Test
    void scaleCodesArePowersOfTwo() {
        for (int code = 0; code < 255; code++) {
            float scale = Fp8.scaleToFloat((byte) code);
            assertThat((double) scale).isEqualTo(Math.pow(2, code - 127));
            assertThat(Fp8.scaleFromFloat(scale)).isEqualTo((byte) code);
            if (code < 254) {
                assertThat(Fp8.scaleFromFloat(Math.nextUp(scale))).isEqualTo((byte) (code + 1));
            }
        }
        assertThat(Fp8.scaleToFloat((byte) 255)).isNaN();
        assertThat(Fp8.scaleFromFloat(Float.NaN)).isEqualTo((byte) 255);
        assertThat(Fp8.scaleFromFloat(-1)).isEqualTo((byte) 255);
        assertThat(Fp8.scaleFromFloat(0)).isEqualTo((byte) 0);
        assertThat(Fp8.scaleFromFloat(Float.MAX_VALUE)).isEqualTo((byte) 254);
        assertThat(Fp8.scaleFromFloat(Float.POSITIVE_INFINITY)).isEqualTo((byte) 254);
    }
}
