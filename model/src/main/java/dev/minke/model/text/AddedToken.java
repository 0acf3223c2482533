package dev.minke.model.text;

/// A token outside byte pair encoding, matched by its exact text before anything else.
///
/// `special` marks control tokens such as end of sentence, as opposed to added words.
public record AddedToken(int id, String content, boolean special) {
    /// Begins a text in the DeepSeek family (bars U+FF5C, low blocks U+2581).
    public static final String BEGIN_OF_SENTENCE = "<｜begin▁of▁sentence｜>";

    /// Ends a text in the DeepSeek family.
    public static final String END_OF_SENTENCE = "<｜end▁of▁sentence｜>";

    /// Fills up a batch in the DeepSeek family.
    public static final String PAD = "<｜▁pad▁｜>";

    // Keeps the search for added tokens linear in the text.
    private static final int LONGEST = 1024;

    /// Check the parts.
    public AddedToken {
        if (id < 0 || id >= BpeDefinition.MOST_IDS) {
            throw new IllegalArgumentException(
                    "added token \"%s\" has id %d; expected 0 to %d"
                            .formatted(content, id, BpeDefinition.MOST_IDS - 1));
        }
        if (content.isEmpty() || content.length() > LONGEST) {
            throw new IllegalArgumentException(
                    "added token with id %d has %d characters; expected 1 to %d"
                            .formatted(id, content.length(), LONGEST));
        }
    }
}
