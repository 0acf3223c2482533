package dev.minke.model.text;

import java.util.List;

/// Say what a byte-level BPE tokenizer consists of, as files spell it.
///
/// - `tokens`: the vocabulary by id, in GPT-2's byte alphabet; "" where an id has no token.
/// - `merges`: pairs of tokens, first merged first.
/// - `added`: tokens matched as text; their ids lie beyond `tokens` or name the same token there.
/// - `splits`: the pre-tokenizer's regular expressions, applied in sequence.
/// - `wholePieces`: take a piece that is a token as it is, whatever the merges say
///   (`ignore_merges`).
/// - `bos`, `eos`, `pad`: texts of added tokens, "" for none.
public record BpeDefinition(
        List<String> tokens,
        List<Merge> merges,
        List<AddedToken> added,
        List<String> splits,
        boolean wholePieces,
        String bos,
        String eos,
        String pad) {
    /// Bounds ids, far above any real vocabulary, so that a broken file cannot claim the memory.
    public static final int MOST_IDS = 1 << 22;

    /// Two tokens that become the token spelt by both.
    public record Merge(String left, String right) {}

    /// Copy the lists.
    public BpeDefinition {
        tokens = List.copyOf(tokens);
        merges = List.copyOf(merges);
        added = List.copyOf(added);
        splits = List.copyOf(splits);
    }

    /// Choose the tokens that begin, end and fill up texts; "" for none.
    public BpeDefinition withRoles(String newBos, String newEos, String newPad) {
        return new BpeDefinition(
                tokens, merges, added, splits, wholePieces, newBos, newEos, newPad);
    }

    /// Choose DeepSeek's names for these roles where the added tokens contain them.
    BpeDefinition withUsualRoles() {
        return withRoles(
                ifAdded(AddedToken.BEGIN_OF_SENTENCE),
                ifAdded(AddedToken.END_OF_SENTENCE),
                ifAdded(AddedToken.PAD));
    }

    private String ifAdded(String content) {
        return added.stream().anyMatch(t -> t.content().equals(content)) ? content : "";
    }
}
