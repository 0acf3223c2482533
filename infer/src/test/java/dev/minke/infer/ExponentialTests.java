package dev.minke.infer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ExponentialTests {
    private static double exp(double x) {
        double[] value = {x, 5};
        Exponential.replace(value, 1);
        assertThat(value[1]).isEqualTo(5);
        return value[0];
    }

    @Test
    void isExactWhereItCounts() {
        assertThat(exp(0)).isOne();
        for (double x = -40; x < 0; x += 0.0137) {
            assertThat(exp(x) / Math.exp(x)).as("%s", x).isCloseTo(1, within(1e-10));
        }
    }

    @Test
    void isTinyAndFallingBeyond() {
        double before = exp(-40);
        for (double x = -41; x > -700; x -= 3) {
            double value = exp(x);
            assertThat(value).as("%s", x).isPositive().isLessThan(before);
            before = value;
        }
        assertThat(exp(-1e300)).isBetween(0.0, 1e-200);
        assertThat(exp(Double.NEGATIVE_INFINITY)).isBetween(0.0, 1e-200);
    }
}
