package dev.minke.infer.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.tensor.Rng;
import org.junit.jupiter.api.Test;

class NgramIndexTests {
    private static boolean endsAlike(int[] tokens, int end, int length, int n) {
        for (int i = 1; i <= n; i++) {
            if (end < i || tokens[end - i] != tokens[length - i]) {
                return false;
            }
        }
        return true;
    }

    /// The latest earlier end of the longest n-gram of 4, 3 or 2 tokens; -1 if there is none.
    private static int slow(int[] tokens, int length) {
        for (int n = Math.min(4, length - 1); n >= 2; n--) {
            for (int end = length - 1; end >= n; end--) {
                if (endsAlike(tokens, end, length, n)) {
                    return end;
                }
            }
        }
        return -1;
    }

    @Test
    void findsWhatASearchFromTheEndFinds() {
        int same = 0;
        int found = 0;
        for (int vocab : new int[] {2, 5, 40, 3000}) {
            Rng rng = new Rng(vocab);
            int[] tokens = new int[2000];
            NgramIndex index = new NgramIndex();
            for (int length = 1; length <= tokens.length; length++) {
                tokens[length - 1] = rng.nextInt(vocab);
                if (rng.nextInt(7) == 0) {
                    continue; // several tokens at once
                }
                int expected = slow(tokens, length);
                boolean is = index.find(tokens, length);
                if (is) { // an occurrence may be lost to another one with the same hash
                    assertThat(endsAlike(tokens, index.match(), length, 2)).isTrue();
                    assertThat(index.match()).isLessThan(length);
                    assertThat(expected).isPositive();
                }
                found += expected >= 0 ? 1 : 0;
                same += expected >= 0 && is && index.match() == expected ? 1 : 0;
            }
        }
        assertThat(found).isGreaterThan(4000);
        assertThat(same).isGreaterThan(found * 9 / 10);
    }

    @Test
    void tellsLongMatchesFromShortOnes() {
        int[] lengths = {2, 3, 4, 5, 7, 8, 12};
        int[] kinds = {0, 1, 2, 3, 3, 4, 4};
        for (int i = 0; i < lengths.length; i++) {
            int n = lengths[i];
            int[] tokens = new int[2 * n + 2]; // 99, the match, 98, the match
            tokens[0] = 99;
            for (int j = 0; j < n; j++) {
                tokens[1 + j] = j;
                tokens[2 + n + j] = j;
            }
            tokens[1 + n] = 98;
            NgramIndex index = new NgramIndex();
            assertThat(index.find(tokens, tokens.length)).isTrue();
            assertThat(index.match()).isEqualTo(1 + n);
            assertThat(index.kind()).as("%d tokens", n).isEqualTo(kinds[i]);
        }
    }

    @Test
    void shortTextsHaveNoMatch() {
        int[] tokens = {1, 1, 1, 2};
        for (int length = 1; length <= 4; length++) {
            assertThat(new NgramIndex().find(tokens, length)).isEqualTo(length == 3);
        }
    }
}
