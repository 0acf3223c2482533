package dev.minke.model.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ExtentsTests {
    @Test
    void takesEveryByteOnce() {
        Random random = new Random(7);
        for (int round = 0; round < 50; round++) {
            boolean[] taken = new boolean[64];
            Extents extents = new Extents(taken.length);
            for (int i = 0; i < 200; i++) {
                int start = random.nextInt(taken.length);
                int end = start + 1 + random.nextInt(Math.min(9, taken.length - start));
                boolean free = true;
                for (int at = start; at < end; at++) {
                    free &= !taken[at];
                }
                assertThat(extents.claim(start, end)).as("%d to %d", start, end).isEqualTo(free);
                for (int at = start; at < end && free; at++) {
                    taken[at] = true;
                }
            }
        }
    }

    @Test
    void isCompleteWhenEverythingIsWritten() {
        Extents extents = new Extents(10);
        assertThat(extents.claim(0, 4)).isTrue();
        assertThat(extents.claim(4, 10)).isTrue();
        extents.addWritten(6);
        assertThat(extents.complete()).isFalse();
        extents.addWritten(4);
        assertThat(extents.complete()).isTrue();
        assertThat(extents.written()).isEqualTo(10);
        assertThat(new Extents(0).complete()).isTrue();
    }
}
