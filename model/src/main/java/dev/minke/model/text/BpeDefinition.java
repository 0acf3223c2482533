package dev.minke.model.text;

import java.util.List;

/// Say what a byte-level BPE tokenizer consists of, as files spell it.
///
/// - `tokens`: the vocabulary by id, in GPT-2's byte alphabet; "" where an id has no token.
/// - `merges`: pairs of tokens, first merged first.
/// - `added`: tokens matched as text; their ids lie beyond `tokens` or name the same token there.
/// - `nfc`: normalize text to Unicode's form C before it is split; decoding gives that form.
/// - `splits`: the pre-tokenizer's regular expressions, applied in sequence.
/// - `wholePieces`: take a piece that is a token as it is, whatever the merges say
///   (`ignore_merges`).
/// - `bos`, `eos`, `pad`: texts of added tokens, "" for none.
/// - `addBos`: whether a text is meant to begin with `bos`; `Tokenizer.encode` never puts it there.
public record BpeDefinition(
        List<String> tokens,
        List<Merge> merges,
        List<AddedToken> added,
        boolean nfc,
        List<String> splits,
        boolean wholePieces,
        String bos,
        String eos,
        String pad,
        boolean addBos) {
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

    /// Define a tokenizer that normalizes nothing and begins no text.
    public BpeDefinition(
            List<String> tokens,
            List<Merge> merges,
            List<AddedToken> added,
            List<String> splits,
            boolean wholePieces,
            String bos,
            String eos,
            String pad) {
        this(tokens, merges, added, false, splits, wholePieces, bos, eos, pad, false);
    }

    /// Choose the tokens that begin, end and fill up texts; "" for none.
    public BpeDefinition withRoles(String newBos, String newEos, String newPad) {
        return new BpeDefinition(
                tokens, merges, added, nfc, splits, wholePieces, newBos, newEos, newPad, addBos);
    }

    /// Choose whether a text is meant to begin with `bos`.
    public BpeDefinition withAddBos(boolean newAddBos) {
        return new BpeDefinition(
                tokens, merges, added, nfc, splits, wholePieces, bos, eos, pad, newAddBos);
    }

    /// Choose how text is cut into pieces; see the components of these names.
    public BpeDefinition withPreTokenizer(
            boolean newNfc, List<String> newSplits, boolean newWholePieces) {
        return new BpeDefinition(
                tokens, merges, added, newNfc, newSplits, newWholePieces, bos, eos, pad, addBos);
    }

    /// Choose DeepSeek's names for the roles still open where the added tokens contain them.
    BpeDefinition withUsualRoles() {
        return withRoles(
                bos.isEmpty() ? ifAdded(AddedToken.BEGIN_OF_SENTENCE) : bos,
                eos.isEmpty() ? ifAdded(AddedToken.END_OF_SENTENCE) : eos,
                pad.isEmpty() ? ifAdded(AddedToken.PAD) : pad);
    }

    private String ifAdded(String content) {
        return added.stream().anyMatch(t -> t.content().equals(content)) ? content : "";
    }
}
