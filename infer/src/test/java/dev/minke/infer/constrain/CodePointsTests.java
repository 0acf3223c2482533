package dev.minke.infer.constrain;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CodePointsTests {
    private final Random random = new Random(9);

    @Test
    void setsBehaveAsSets() {
        for (int i = 0; i < 300; i++) {
            CodePoints a = any();
            CodePoints b = any();
            for (int c : samples()) {
                boolean inA = a.contains(c);
                boolean inB = b.contains(c);
                assertThat(a.plus(b).contains(c)).isEqualTo(inA || inB);
                assertThat(a.intersect(b).contains(c)).isEqualTo(inA && inB);
                assertThat(a.minus(b).contains(c)).isEqualTo(inA && !inB);
                assertThat(a.complement().contains(c)).isEqualTo(!inA && !surrogate(c));
            }
            assertThat(a.complement().complement()).isEqualTo(a);
            assertThat(a.minus(a)).isEqualTo(CodePoints.NONE);
        }
    }

    /// All code points, against the bytes that Java writes for them.
    @Test
    void byteRangesAreTheUtf8OfTheSet() {
        for (int i = 0; i < 12; i++) {
            CodePoints set = i == 0 ? CodePoints.ALL : any();
            long[] sequences = Utf8Ranges.of(set);
            for (int c = 0; c <= CodePoints.LAST; c += i < 2 ? 1 : 1 + random.nextInt(40)) {
                if (!surrogate(c) && matches(sequences, c) != set.contains(c)) {
                    throw new AssertionError("U+%04X".formatted(c));
                }
            }
        }
    }

    private static boolean matches(long[] sequences, int codePoint) {
        byte[] utf8 = Character.toString(codePoint).getBytes(StandardCharsets.UTF_8);
        int found = 0;
        for (long sequence : sequences) {
            long left = sequence;
            boolean all = true;
            for (byte b : utf8) {
                all &= (b & 0xFF) >= (left & 0xFF) && (b & 0xFF) <= (left >>> 8 & 0xFF);
                left >>>= 16;
            }
            found += all && left == 0 ? 1 : 0;
        }
        if (found > 1) {
            throw new AssertionError("U+%04X is found twice".formatted(codePoint));
        }
        return found == 1;
    }

    private CodePoints any() {
        int[] ranges = new int[2 * (1 + random.nextInt(5))];
        for (int i = 0; i < ranges.length; i += 2) {
            ranges[i] = point();
            ranges[i + 1] =
                    Math.min(CodePoints.LAST, ranges[i] + random.nextInt(1 << random.nextInt(18)));
        }
        return CodePoints.ranges(ranges);
    }

    private int[] samples() {
        int[] samples = new int[50];
        for (int i = 0; i < samples.length; i++) {
            samples[i] = point();
        }
        return samples;
    }

    private int point() {
        int bits = 1 + random.nextInt(21);
        return Math.min(CodePoints.LAST, random.nextInt(1 << bits));
    }

    private static boolean surrogate(int c) {
        return c >= 0xD800 && c <= 0xDFFF;
    }
}
