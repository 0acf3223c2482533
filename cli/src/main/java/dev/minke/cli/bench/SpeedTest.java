package dev.minke.cli.bench;

/// What is measured, as llama-bench names it.
///
/// @param prompt tokens of a prompt, 0 for none
/// @param tokens to generate, 0 for none
/// @param depth tokens that are in the cache before
public record SpeedTest(int prompt, int tokens, int depth) {
    private static final int BLOCK = 64;

    /// Check the numbers.
    ///
    /// @throws IllegalArgumentException in one line
    public SpeedTest {
        if (prompt < 0 || tokens < 0 || prompt + tokens == 0) {
            throw new IllegalArgumentException(
                    "a test of %d prompt tokens and %d generated ones, expected one or more"
                            .formatted(prompt, tokens));
        }
        if (depth < 0 || depth % BLOCK != 0) {
            throw new IllegalArgumentException(
                    "depth is %d, expected 0 or a multiple of %d, the tokens of a block of the cache"
                            .formatted(depth, BLOCK));
        }
    }

    /// `pp512`, `tg128` or `pp512+tg128`.
    public String name() {
        String first = prompt == 0 ? "" : "pp" + prompt;
        String second = tokens == 0 ? "" : "tg" + tokens;
        return first + (first.isEmpty() || second.isEmpty() ? "" : "+") + second;
    }

    /// The name, and the depth if there is one.
    public String title() {
        return depth == 0 ? name() : "%s @ d%d".formatted(name(), depth);
    }

    /// Tokens of the longest sequence.
    int length() {
        return depth + Math.max(1, prompt) + tokens + 1;
    }
}
