package dev.minke.model.template;

/// What one rendering may use up; templates come from strangers.
///
/// Each limit is a base plus a part for every character of the input, so that a long conversation
/// is not taken for an attack.
///
/// @param steps evaluated nodes, and elements and characters visited in bulk
/// @param stepsPerCharacter more steps for each character of the input
/// @param bytes memory of all texts and containers that are made, whether or not they are kept
/// @param bytesPerCharacter more bytes for each character of the input
/// @param outputCharacters length of the result
/// @param outputPerCharacter more length for each character of the input
/// @param depth nested nodes while macros and recursive loops call themselves
public record TemplateLimits(
        long steps,
        long stepsPerCharacter,
        long bytes,
        long bytesPerCharacter,
        long outputCharacters,
        long outputPerCharacter,
        int depth) {

    /// Limits that no template in the wild comes near: a second, 48 MiB, 8 Mi characters.
    public static final TemplateLimits DEFAULT =
            new TemplateLimits(20_000_000, 1000, 48L << 20, 256, 8L << 20, 16, 1500);

    private static final int MOST_DEPTH = 3000;

    /// Check that nothing is negative and that the depth fits a thread's stack.
    public TemplateLimits {
        if (Math.min(Math.min(steps, bytes), outputCharacters) < 0
                || Math.min(Math.min(stepsPerCharacter, bytesPerCharacter), outputPerCharacter)
                        < 0) {
            throw new IllegalArgumentException("a limit of a template is negative");
        }
        if (depth < 1 || depth > MOST_DEPTH) {
            throw new IllegalArgumentException(
                    "depth is %d, expected 1 to %d".formatted(depth, MOST_DEPTH));
        }
    }
}
