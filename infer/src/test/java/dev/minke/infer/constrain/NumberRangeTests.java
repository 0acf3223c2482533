package dev.minke.infer.constrain;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.Random;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class NumberRangeTests {
    private static final Pattern INTEGER = Pattern.compile("0|-?[1-9][0-9]*");
    private static final Pattern DECIMAL = Pattern.compile("-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?");

    private final Random random = new Random(1);

    @Test
    void wholeNumbersAreThoseBetweenTheBounds() {
        for (int i = 0; i < 300; i++) {
            NumberRange range = random(500, 0);
            Constraint constraint = constraint(range, true);
            for (int n = -600; n <= 600 && constraint != null; n++) {
                String text = Integer.toString(n);
                assertThat(constraint.matches(text))
                        .as(range + " " + text)
                        .isEqualTo(range.contains(BigDecimal.valueOf(n)));
            }
        }
    }

    @Test
    void decimalsAreThoseBetweenTheBounds() {
        for (int i = 0; i < 300; i++) {
            NumberRange range = random(3000, 2);
            Constraint constraint = constraint(range, false);
            for (int j = 0; j < 500 && constraint != null; j++) {
                int places = random.nextInt(4);
                BigDecimal value = BigDecimal.valueOf(random.nextInt(6000) - 3000, places);
                boolean expected = range.contains(value) && !negativeZero(value.toPlainString());
                assertThat(constraint.matches(value.toPlainString()))
                        .as(range + " " + value)
                        .isEqualTo(expected);
            }
        }
    }

    /// Every text of up to five of these characters, well formed or not.
    @Test
    void onlyNumbersAreAccepted() {
        var range = new NumberRange(new BigDecimal("-1.05"), false, new BigDecimal("10.5"), true);
        Constraint whole = constraint(range, true);
        Constraint decimal = constraint(range, false);
        assertThat(whole).isNotNull();
        assertThat(decimal).isNotNull();
        String letters = "0159.-";
        for (int n = 0; n < 7776; n++) {
            var text = new StringBuilder();
            for (int rest = n; rest > 0; rest /= 6) {
                text.append(letters.charAt(rest % 6));
            }
            String s = text.toString();
            boolean inside =
                    DECIMAL.matcher(s).matches()
                            && range.contains(new BigDecimal(s))
                            && !negativeZero(s);
            assertThat(decimal.matches(s)).as(s).isEqualTo(inside);
            assertThat(whole.matches(s)).as(s).isEqualTo(inside && INTEGER.matcher(s).matches());
        }
    }

    @Test
    void boundsMayBeLarge() {
        var range =
                new NumberRange(
                        new BigDecimal("-9223372036854775808"),
                        false,
                        new BigDecimal("9223372036854775807"),
                        false);
        Constraint constraint = constraint(range, true);
        assertThat(constraint).isNotNull();
        assertThat(constraint.matches("9223372036854775807")).isTrue();
        assertThat(constraint.matches("9223372036854775808")).isFalse();
        assertThat(constraint.matches("-9223372036854775808")).isTrue();
        assertThat(constraint.matches("-9223372036854775809")).isFalse();
        assertThat(new NumberRange(new BigDecimal("1e400"), false, null, false).writable())
                .isFalse();
    }

    private static boolean negativeZero(String text) {
        return text.startsWith("-") && new BigDecimal(text).signum() == 0;
    }

    private NumberRange random(int size, int places) {
        BigDecimal min = random.nextInt(4) == 0 ? null : value(size, places);
        BigDecimal max = random.nextInt(4) == 0 ? null : value(size, places);
        return new NumberRange(min, random.nextBoolean(), max, random.nextBoolean());
    }

    private BigDecimal value(int size, int places) {
        int most = random.nextInt(3) == 0 ? 12 : size;
        return BigDecimal.valueOf(random.nextInt(2 * most) - most, random.nextInt(places + 1));
    }

    private static @Nullable Constraint constraint(NumberRange range, boolean whole) {
        try {
            return new Constraint(Grammar.of("range", range.toExpr(whole)));
        } catch (MalformedGrammar _) { // nothing between the bounds
            if (range.contains(BigDecimal.ZERO)) {
                throw new AssertionError(range.toString());
            }
            return null;
        }
    }
}
