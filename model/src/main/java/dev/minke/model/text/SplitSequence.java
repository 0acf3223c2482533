package dev.minke.model.text;

import java.util.List;
import java.util.regex.PatternSyntaxException;

/// Apply regular expressions one after another, each to the pieces the previous one left.
///
/// Matches are isolated and what lies between them is kept as pieces. The order matters, and so
/// does the sequence: one alternation of all patterns would let `\s+(?!\S)` look beyond the piece.
public final class SplitSequence implements PreTokenizer {
    /// GPT-2's pattern, which the ByteLevel pre-tokenizer applies when `use_regex` is true.
    public static final String GPT2 =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

    /// DeepSeek-V3's second pattern: runs of Han characters and kana.
    static final String DEEPSEEK_CJK = "[一-龥\u3040-ゟ゠-ヿ]+";

    /// DeepSeek-V3's third pattern: words, punctuation, line ends and spaces.
    static final String DEEPSEEK_WORDS =
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
                    + "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
                    + "| ?[\\p{P}\\p{S}]+[\\r\\n]*"
                    + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private final List<String> patterns;
    private final List<PreTokenizer> stages;

    /// Compile the patterns; throws IllegalArgumentException naming one that is not an expression.
    public SplitSequence(List<String> patterns) {
        this.patterns = List.copyOf(patterns);
        this.stages = this.patterns.stream().map(SplitSequence::compile).toList();
    }

    /// Give DeepSeek-V3's sequence, with at most `digitsPerToken` (3 in V3) digits together.
    public static SplitSequence deepSeekV3(int digitsPerToken) {
        if (digitsPerToken < 1 || digitsPerToken > 3) {
            throw new IllegalArgumentException(
                    "digitsPerToken is " + digitsPerToken + "; expected 1, 2 or 3");
        }
        String digits = digitsPerToken == 1 ? "\\p{N}" : "\\p{N}{1," + digitsPerToken + "}";
        return new SplitSequence(List.of(digits, DEEPSEEK_CJK, DEEPSEEK_WORDS));
    }

    /// Give the patterns in the order of their application.
    public List<String> patterns() {
        return patterns;
    }

    @Override
    public void split(String text, int start, int end, PieceSink sink) {
        if (start < end) {
            split(text, start, end, 0, sink);
        }
    }

    private void split(String text, int start, int end, int stage, PieceSink sink) {
        if (stage == stages.size()) {
            sink.piece(start, end);
            return;
        }
        stages.get(stage)
                .split(text, start, end, (from, to) -> split(text, from, to, stage + 1, sink));
    }

    // The seam for hand-written scanners of well-known patterns.
    private static PreTokenizer compile(String pattern) {
        try {
            if (pattern.equals(TrailingSpaceSplit.PATTERN)) {
                return new TrailingSpaceSplit();
            }
            return RunSplit.fits(pattern)
                    ? RunSplit.of(pattern)
                    : new RegexSplit(OnigurumaPattern.compile(pattern));
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "\"%s\" is not a regular expression: %s"
                            .formatted(OnigurumaPattern.shown(pattern), e.getDescription()),
                    e);
        }
    }
}
