package dev.minke.infer;

import dev.minke.model.text.StreamDecoder;
import dev.minke.model.text.Tokenizer;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;

/// Turns the tokens of one sequence into text and tells when it ends.
///
/// Stop strings are looked for in the text that follows the first `minTokens` tokens. Text comes in
/// whole characters; only the end of a sequence can leave a part of one, which becomes U+FFFD.
public final class StopRule {
    private static final int[] NONE = {};

    private final StopParams params;
    private final StreamDecoder decoder;
    private final StopMatcher matcher;
    private final int[] ends; // rising
    private final int[] eos;
    private int count;
    private Optional<FinishReason> finish = Optional.empty();

    /// End at the tokenizer's end of text.
    public StopRule(StopParams params, Tokenizer tokenizer) {
        this(params, tokenizer, tokenizer.eos().stream().toArray());
    }

    /// @param eos tokens that end texts: some models have several
    /// @throws IllegalArgumentException for a token that the tokenizer does not have
    public StopRule(StopParams params, Tokenizer tokenizer, int... eos) {
        this.params = params;
        this.decoder = tokenizer.stream();
        this.matcher = new StopMatcher(params.strings());
        this.eos = eos.clone();
        this.ends =
                IntStream.concat(
                                Arrays.stream(eos),
                                params.tokens().stream().mapToInt(Integer::intValue))
                        .sorted()
                        .distinct()
                        .toArray();
        for (int end : ends) {
            if (end < 0 || end >= tokenizer.vocabSize()) {
                throw new IllegalArgumentException(
                        "stop token %d, expected 0 to %d"
                                .formatted(end, tokenizer.vocabSize() - 1));
            }
        }
        if (params.maxTokens() == 0) {
            finish = Optional.of(FinishReason.LENGTH);
        }
    }

    /// When this ends.
    public StopParams params() {
        return params;
    }

    /// What must not be drawn next.
    public int[] banned() {
        if (count < params.minTokens()) {
            return ends;
        }
        return params.ignoreEos() ? eos : NONE;
    }

    /// Whether a token ends the sequence and is not a part of it.
    public boolean ends(int token) {
        return Arrays.binarySearch(ends, token) >= 0;
    }

    /// Take the next token and give the text that is certain now, all of it if this is the end.
    ///
    /// @throws IllegalStateException if the sequence has ended
    public String accept(int token) {
        if (finish.isPresent()) {
            throw new IllegalStateException("the sequence has ended: " + finish.get());
        }
        if (ends(token)) {
            return finish(FinishReason.STOP);
        }
        count++;
        String piece = decoder.accept(token);
        String text = count <= params.minTokens() ? piece : matcher.accept(piece);
        if (matcher.found().isPresent()) {
            finish = Optional.of(FinishReason.STOP);
        } else if (count == params.maxTokens()) {
            return text + finish(FinishReason.LENGTH);
        }
        return text;
    }

    /// End the sequence and give the text that was held back.
    ///
    /// Nothing happens if it has ended already.
    public String finish(FinishReason reason) {
        if (finish.isPresent()) {
            return "";
        }
        finish = Optional.of(reason);
        String rest = matcher.accept(decoder.flush());
        return rest + matcher.flush();
    }

    /// Whether and why the sequence ended.
    public Optional<FinishReason> finish() {
        return finish;
    }

    /// The stop string that ended it, if one did.
    public Optional<String> stopString() {
        return matcher.found();
    }

    /// How many tokens belong to the sequence.
    public int count() {
        return count;
    }
}
