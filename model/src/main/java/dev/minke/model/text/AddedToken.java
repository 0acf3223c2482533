package dev.minke.model.text;

/// A token outside byte pair encoding, matched by its exact text before anything else.
///
/// - `special`: a control token such as end of sentence, as opposed to an added word.
/// - `normalized`: look for it in normalized text, after all that are looked for in the raw text.
/// - `singleWord`: match only where no letter, digit or `_` touches it.
/// - `lstrip`, `rstrip`: take the white space before or behind along; decoding does not bring it
///   back.
public record AddedToken(
        int id,
        String content,
        boolean special,
        boolean normalized,
        boolean singleWord,
        boolean lstrip,
        boolean rstrip) {
    /// Begins a text in the DeepSeek family (bars U+FF5C, low blocks U+2581).
    public static final String BEGIN_OF_SENTENCE = "<｜begin▁of▁sentence｜>";

    /// Ends a text in the DeepSeek family.
    public static final String END_OF_SENTENCE = "<｜end▁of▁sentence｜>";

    /// Fills up a batch in the DeepSeek family.
    public static final String PAD = "<｜▁pad▁｜>";

    // Keeps the search for added tokens linear in the text.
    private static final int LONGEST = 1024;

    /// Make a token that is found in the raw text wherever it is spelt out.
    public AddedToken(int id, String content, boolean special) {
        this(id, content, special, false, false, false, false);
    }

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

    /// Give this token as it is spelt in form C, in which it will be looked for.
    AddedToken normalizedContent() {
        return new AddedToken(
                id,
                FormC.of(content, 0, content.length()),
                special,
                normalized,
                singleWord,
                lstrip,
                rstrip);
    }
}
