package dev.minke.model.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// A byte-level BPE vocabulary in the values of GGUF's metadata (`tokenizer.ggml.*`).
///
/// - `pre`: the pre-tokenizer's name.
/// - `tokens`: by id; normal ones in GPT-2's byte alphabet, all others as plain text.
/// - `types`: what each token is, one of the constants here.
/// - `merges`: two tokens with a space between, first merged first.
/// - `bos`, `eos`, `eot`, `pad`: ids, `NONE` if there is none. `eot` ends a turn; a definition has
///   no place for it.
/// - `addBos`: whether a text is meant to begin with `bos`.
public record GgufVocabulary(
        String pre,
        List<String> tokens,
        int[] types,
        List<String> merges,
        int bos,
        int eos,
        int eot,
        int pad,
        boolean addBos) {
    /// The name of a pre-tokenizer that GGUF has no name for: other programs refuse it rather than
    /// cut text otherwise than the model learnt.
    public static final String OWN = "minke";

    /// Stands for an id that is not given.
    public static final int NONE = -1;

    /// A token that merges make.
    public static final int NORMAL = 1;

    /// A token for what has no other; never met by bytes.
    public static final int UNKNOWN = 2;

    /// A token that steers, such as end of sentence, and is found in text.
    public static final int CONTROL = 3;

    /// An added word, found in text.
    public static final int USER_DEFINED = 4;

    /// An id without a token, such as a padding row of the embedding.
    public static final int UNUSED = 5;

    /// A token of one byte.
    public static final int BYTE = 6;

    /// Check that the lists belong together; throws IllegalArgumentException naming the key.
    public GgufVocabulary {
        tokens = List.copyOf(tokens);
        types = types.clone();
        merges = List.copyOf(merges);
        if (tokens.size() > BpeDefinition.MOST_IDS) {
            throw new IllegalArgumentException(
                    "tokenizer.ggml.tokens has %d ids; expected at most %d"
                            .formatted(tokens.size(), BpeDefinition.MOST_IDS));
        }
        if (types.length != tokens.size()) {
            throw new IllegalArgumentException(
                    "tokenizer.ggml.token_type has %d entries; expected %d, one for each token"
                            .formatted(types.length, tokens.size()));
        }
        for (int id = 0; id < types.length; id++) {
            if (types[id] < NORMAL || types[id] > BYTE) {
                throw new IllegalArgumentException(
                        "tokenizer.ggml.token_type[%d]: found %d; expected %d to %d"
                                .formatted(id, types[id], NORMAL, BYTE));
            }
        }
        checkRole("bos", bos, tokens.size());
        checkRole("eos", eos, tokens.size());
        checkRole("eot", eot, tokens.size());
        checkRole("padding", pad, tokens.size());
    }

    private static void checkRole(String role, int id, int size) {
        if (id < NONE || id >= size) {
            throw new IllegalArgumentException(
                    "tokenizer.ggml.%s_token_id: found %d; expected an id below %d"
                            .formatted(role, id, size));
        }
    }

    @Override
    public int[] types() {
        return types.clone();
    }

    /// Tell whether texts begin with `bos` where a file does not say (`add_bos_token`).
    ///
    /// Throws IllegalArgumentException for an unknown pre-tokenizer.
    public static boolean addsBosByDefault(String pre) {
        return !pre.equals(OWN) && GgufPreTokenizer.named(pre) == GgufPreTokenizer.LLAMA_BPE;
    }

    /// Give the tables of a tokenizer.
    ///
    /// Unused ids have no token, and those at the end no id either. `bos` and `eos` count as
    /// control tokens whatever their type; a `pad` that is ordinary text counts as none. With the
    /// pre-tokenizer [#OWN] nothing is split. Throws IllegalArgumentException naming the key that
    /// cannot be used.
    public BpeDefinition definition() {
        if (pre.equals(OWN)) {
            return definition(false, List.of(), false);
        }
        GgufPreTokenizer preTokenizer = GgufPreTokenizer.named(pre);
        return definition(preTokenizer.nfc(), preTokenizer.splits(), preTokenizer.wholePieces());
    }

    private BpeDefinition definition(boolean nfc, List<String> splits, boolean wholePieces) {
        List<BpeDefinition.Merge> pairs = pairs();
        Set<String> merging = new HashSet<>();
        for (BpeDefinition.Merge pair : pairs) {
            merging.add(pair.left());
            merging.add(pair.right());
            merging.add(pair.left() + pair.right());
        }
        List<String> base = new ArrayList<>(tokens.size());
        List<AddedToken> added = new ArrayList<>();
        for (int id = 0; id < tokens.size(); id++) {
            String token = tokens.get(id);
            int type = types[id];
            boolean role = id == bos || id == eos;
            if (token.isEmpty() || type == UNUSED && !role) {
                base.add("");
            } else if (!role && !found(type)) {
                base.add(normal(id, token));
            } else {
                added.add(new AddedToken(id, token, role || type != USER_DEFINED));
                base.add(merging.contains(token) ? token : "");
            }
        }
        while (!base.isEmpty() && base.getLast().isEmpty()) {
            base.removeLast();
        }
        return new BpeDefinition(
                base,
                pairs,
                added,
                nfc,
                splits,
                wholePieces,
                text(bos),
                text(eos),
                pad == bos || pad == eos || pad != NONE && found(types[pad]) ? text(pad) : "",
                addBos);
    }

    private static boolean found(int type) {
        return type == UNKNOWN || type == CONTROL || type == USER_DEFINED;
    }

    private String normal(int id, String token) {
        if (types[id] == BYTE && (token.length() != 1 || ByteAlphabet.value(token.charAt(0)) < 0)) {
            throw new IllegalArgumentException(
                    ("tokenizer.ggml.tokens[%d]: found the byte token \"%s\";"
                                    + " expected a letter of GPT-2's byte alphabet")
                            .formatted(id, token));
        }
        return token;
    }

    private List<BpeDefinition.Merge> pairs() {
        List<BpeDefinition.Merge> pairs = new ArrayList<>(merges.size());
        for (String merge : merges) {
            int space = merge.indexOf(' ');
            if (space < 1 || space == merge.length() - 1 || space != merge.lastIndexOf(' ')) {
                throw new IllegalArgumentException(
                        ("tokenizer.ggml.merges[%d]: found \"%s\";"
                                        + " expected two tokens with one space between")
                                .formatted(pairs.size(), merge));
            }
            pairs.add(
                    new BpeDefinition.Merge(merge.substring(0, space), merge.substring(space + 1)));
        }
        return pairs;
    }

    private String text(int id) {
        return id == NONE ? "" : tokens.get(id);
    }

    /// Write a definition in GGUF's values, with unused tokens up to the rows of an embedding.
    ///
    /// Throws IllegalArgumentException if there are fewer rows than ids, if GGUF has no name for
    /// the pre-tokenizer, or if it has no place for a property of an added token.
    public static GgufVocabulary of(BpeDefinition definition, int rows) {
        return of(definition, rows, GgufPreTokenizer.of(definition).ggufName());
    }

    /// As [#of(BpeDefinition, int)] with the pre-tokenizer [#OWN], whose rules the caller keeps.
    public static GgufVocabulary withOwnRules(BpeDefinition definition, int rows) {
        return of(definition, rows, OWN);
    }

    /// Tell whether GGUF has a name for a definition's pre-tokenizer.
    public static boolean hasName(BpeDefinition definition) {
        try {
            GgufPreTokenizer.of(definition);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static GgufVocabulary of(BpeDefinition definition, int rows, String pre) {
        int size = definition.tokens().size();
        for (AddedToken token : definition.added()) {
            size = Math.max(size, token.id() + 1);
        }
        if (rows < size) {
            throw new IllegalArgumentException(
                    ("the vocabulary has %d ids and the embedding %d rows;"
                                    + " expected at least as many rows")
                            .formatted(size, rows));
        }
        String[] tokens = new String[rows];
        int[] types = new int[rows];
        Arrays.fill(types, UNUSED);
        for (int id = 0; id < rows; id++) {
            String token = id < definition.tokens().size() ? definition.tokens().get(id) : "";
            tokens[id] = token.isEmpty() ? "[PAD" + id + "]" : token;
            types[id] = token.isEmpty() ? UNUSED : NORMAL;
        }
        for (AddedToken token : definition.added()) {
            if (token.singleWord() || token.lstrip() || token.rstrip()) {
                throw new IllegalArgumentException(
                        ("added token \"%s\" has single_word, lstrip or rstrip,"
                                        + " which GGUF cannot say")
                                .formatted(token.content()));
            }
            tokens[token.id()] = token.content();
            types[token.id()] = token.special() ? CONTROL : USER_DEFINED;
        }
        return new GgufVocabulary(
                pre,
                List.of(tokens),
                types,
                definition.merges().stream().map(GgufVocabulary::merge).toList(),
                id(definition, definition.bos()),
                id(definition, definition.eos()),
                NONE,
                id(definition, definition.pad()),
                definition.addBos());
    }

    private static String merge(BpeDefinition.Merge merge) {
        if (merge.left().contains(" ") || merge.right().contains(" ")) {
            throw new IllegalArgumentException(
                    "the merge of \"%s\" and \"%s\" has a space in it, which GGUF cannot say"
                            .formatted(merge.left(), merge.right()));
        }
        return merge.left() + " " + merge.right();
    }

    private static int id(BpeDefinition definition, String token) {
        for (AddedToken added : definition.added()) {
            if (!token.isEmpty() && added.content().equals(token)) {
                return added.id();
            }
        }
        return NONE;
    }
}
