package dev.minke.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.minke.model.deepseek.TokenBatch.Sequence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackedWindowsTests {
    @TempDir private Path folder;

    private static TokenStream stream(int size) {
        return TokenStream.of(IntStream.range(0, size).toArray());
    }

    @Test
    void anEpochHasEveryWindowOnceInANewOrderAtANewOffset() {
        try (TokenStream tokens = stream(107)) {
            PackedWindows windows = new PackedWindows(tokens, 10, 3, 5);
            assertThat(windows.windows()).isEqualTo(9);
            Set<Integer> offsets = new HashSet<>();
            Set<List<Integer>> orders = new HashSet<>();
            for (int epoch = 0; epoch < 12; epoch++) {
                List<Integer> starts = new ArrayList<>();
                for (int step = 0; step < 3; step++) {
                    for (Sequence window : windows.batch(3L * epoch + step)) {
                        starts.add(window.tokens()[0]);
                        assertThat(window.inputs()).isEqualTo(10);
                        assertThat(window.firstTarget()).isOne();
                        assertThat(window.tokens())
                                .containsExactly(
                                        IntStream.range(0, 12)
                                                .map(i -> window.tokens()[0] + i)
                                                .toArray());
                    }
                }
                int offset = starts.stream().mapToInt(Integer::intValue).min().orElseThrow();
                assertThat(starts.stream().sorted().toList())
                        .isEqualTo(
                                IntStream.range(0, 9).map(i -> offset + 10 * i).boxed().toList());
                offsets.add(offset);
                orders.add(starts.stream().map(s -> s - offset).toList());
            }
            assertThat(offsets).hasSizeGreaterThan(5).allMatch(o -> o >= 0 && o < 16);
            assertThat(orders).hasSize(12);
        }
    }

    @Test
    void everyTokenButTheFirstCanBeATarget() {
        try (TokenStream tokens = stream(107)) {
            PackedWindows windows = new PackedWindows(tokens, 10, 9, 5);
            Set<Integer> targets = new HashSet<>();
            for (int epoch = 0; epoch < 60; epoch++) {
                for (Sequence window : windows.batch(epoch)) {
                    for (int i = 1; i <= 10; i++) {
                        targets.add(window.tokens()[i]);
                    }
                }
            }
            assertThat(targets).hasSize(105).doesNotContain(0);
        }
    }

    @Test
    void aBatchIsAFunctionOfItsStepAlone() {
        try (TokenStream tokens = stream(107)) {
            PackedWindows forward = new PackedWindows(tokens, 10, 4, 5);
            PackedWindows backward = new PackedWindows(tokens, 10, 4, 5);
            List<List<int[]>> expected = new ArrayList<>();
            for (int step = 0; step < 20; step++) {
                expected.add(forward.batch(step).stream().map(Sequence::tokens).toList());
            }
            for (int step = 19; step >= 0; step--) {
                List<Sequence> batch = backward.batch(step);
                for (int b = 0; b < 4; b++) {
                    assertThat(batch.get(b).tokens()).containsExactly(expected.get(step).get(b));
                }
            }
            int[] other = new PackedWindows(tokens, 10, 4, 6).batch(0).getFirst().tokens();
            assertThat(other).isNotEqualTo(expected.getFirst().getFirst());
        }
    }

    @Test
    void aStreamOfOneWindowIsEnoughAndOneTokenLessIsNot() {
        try (TokenStream just = stream(12);
                TokenStream less = stream(11)) {
            PackedWindows windows = new PackedWindows(just, 10, 2, 1);
            assertThat(windows.windows()).isOne();
            assertThat(windows.batch(7))
                    .hasSize(2)
                    .allSatisfy(w -> assertThat(w.tokens()).hasSize(12).startsWith(0));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new PackedWindows(less, 10, 2, 1))
                    .withMessage(
                            "the training data has 11 tokens, train.sequenceLength 10 needs at"
                                    + " least 12");
        }
    }

    @Test
    void aStreamMapsLittleEndianNumbers() throws IOException {
        Path file = folder.resolve("t.tokens");
        Files.write(file, new byte[] {1, 0, 0, 0, 0, 1, 0, 0, 7, 0, 1, 0});
        try (TokenStream tokens = TokenStream.open(file)) {
            assertThat(tokens.size()).isEqualTo(3);
            assertThat(tokens.read(0, 3)).containsExactly(1, 256, 65543);
            assertThat(tokens.read(2, 1)).containsExactly(65543);
        }
        Files.write(file, new byte[0]);
        try (TokenStream tokens = TokenStream.open(file)) {
            assertThat(tokens.size()).isZero();
        }
        try (TokenStream tokens = TokenStream.of()) {
            assertThat(tokens.size()).isZero();
        }
    }

    @Test
    void aStreamThatWasCutIsRefused() throws IOException {
        Path file = folder.resolve("t.tokens");
        Files.write(file, new byte[7]);
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> TokenStream.open(file).close())
                .withMessage(file + " has 7 bytes, expected a multiple of 4: it was cut");
    }
}
