package dev.minke.model.text;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Encode by byte pair merges within the pieces that a pre-tokenizer cuts.
///
/// Added tokens are found first; what lies between them is normalized if the definition says so,
/// split, written as bytes, and merged, lowest rank first. Ids equal those of Hugging Face's
/// tokenizers for the same tokenizer.json. A vocabulary may lack tokens for bytes that UTF-8 never
/// uses (0xC0, 0xC1, 0xF5 to 0xFF); encoding such a byte then throws IllegalArgumentException.
public final class BpeTokenizer implements Tokenizer {
    // Frequent pieces are short; longer ones would only push them out.
    private static final int LONGEST_CACHED = 40;
    private static final int CACHE_BITS = 15;

    private record CachedPiece(String piece, int[] ids) {}

    private final BpeDefinition definition;
    private final PreTokenizer splits;
    private final Map<String, Integer> addedIds = new HashMap<>();
    private final AddedTokenMatcher rawAdded;
    private final AddedTokenMatcher normalizedAdded;
    private final MergeTable merges;
    private final int[] byteIds = new int[256];
    private final Map<String, Integer> wholePieces;
    private final byte[][] bytes;
    private final boolean[] special;
    private final OptionalInt bos;
    private final OptionalInt eos;
    // Entries are immutable and a lost one is only encoded again, so threads need no lock.
    private final @Nullable CachedPiece[] cache = new CachedPiece[1 << CACHE_BITS];

    /// Build the tables; throws IllegalArgumentException naming the first part that does not fit.
    public BpeTokenizer(BpeDefinition definition) {
        this.definition = definition;
        this.splits = new SplitSequence(definition.splits());
        Map<String, Integer> ids = index(definition.tokens());
        for (int b = 0; b < 256; b++) {
            String letter = String.valueOf(ByteAlphabet.letter(b));
            byteIds[b] = neverInUtf8(b) ? ids.getOrDefault(letter, -1) : byteToken(ids, letter, b);
        }
        this.merges = mergeTable(definition.merges(), ids);
        this.wholePieces = definition.wholePieces() ? ids : Map.of();
        this.bytes = tokenBytes(definition.tokens(), definition.added());
        this.special = new boolean[bytes.length];
        markSpecial(definition.added(), ids);
        this.rawAdded =
                new AddedTokenMatcher(
                        definition.added().stream().filter(t -> !t.normalized()).toList());
        this.normalizedAdded = new AddedTokenMatcher(lookedForInNormalized(definition));
        this.bos = role("bos", definition.bos());
        this.eos = role("eos", definition.eos());
        role("pad", definition.pad());
        if (definition.addBos() && bos.isEmpty()) {
            throw new IllegalArgumentException(
                    "add_bos_token is true, but there is no bos_token to add");
        }
    }

    /// Make a tokenizer of plain bytes: begin, end and pad as ids 0 to 2, then 256 byte tokens.
    public static BpeTokenizer bytes() {
        List<String> tokens = new ArrayList<>();
        List<AddedToken> added = new ArrayList<>();
        for (String name : BpeTrainer.Options.DEEPSEEK_SPECIALS) {
            added.add(new AddedToken(tokens.size(), name, true));
            tokens.add(name);
        }
        ByteAlphabet.inOrder().forEach(tokens::add);
        return new BpeTokenizer(
                new BpeDefinition(tokens, List.of(), added, List.of(), false, "", "", "")
                        .withUsualRoles());
    }

    /// Read a tokenizer.json, or the one in a folder, and the tokenizer_config.json beside it.
    ///
    /// Without a tokenizer.json, a tiktoken.model (Kimi) is read in its place. Throws
    /// MalformedTokenizer naming file and place if they cannot be used.
    public static BpeTokenizer read(Path path) throws IOException {
        Path file = Files.isDirectory(path) ? path.resolve(TokenizerJson.FILE) : path;
        Path config = file.resolveSibling(TokenizerConfig.FILE);
        Path ranks = file.resolveSibling(TiktokenModel.FILE);
        BpeDefinition definition;
        if (Files.exists(ranks) && !Files.exists(file)) {
            file = ranks;
            definition = TiktokenModel.read(ranks, config);
        } else {
            definition = TokenizerJson.read(file).withUsualRoles();
        }
        if (!Files.exists(config)) {
            return checked(file, definition);
        }
        BpeDefinition complete = TokenizerConfig.complete(config, definition);
        try {
            return new BpeTokenizer(complete); // the tables of a large vocabulary are built once
        } catch (IllegalArgumentException e) {
            checked(file, definition);
            return checked(config, complete);
        }
    }

    /// Write tokenizer.json and tokenizer_config.json into an existing folder.
    public void save(Path folder) throws IOException {
        JsonFiles.write(folder.resolve(TokenizerJson.FILE), TokenizerJson.write(definition));
        TokenizerConfig.of(definition).save(folder);
    }

    /// Give the tables this tokenizer was built from.
    public BpeDefinition definition() {
        return definition;
    }

    @Override
    public int[] encode(String text) {
        return encode(EscapedUtf8.withoutLoneSurrogates(text), true);
    }

    @Override
    public int[] encode(byte[] utf8) {
        return encode(EscapedUtf8.decode(utf8, 0, utf8.length), true);
    }

    @Override
    public int[] encodePlain(String text) {
        return encode(EscapedUtf8.withoutLoneSurrogates(text), false);
    }

    private int[] encode(String text, boolean findAdded) {
        var encoding = new Encoding(text);
        if (findAdded) {
            rawAdded.cut(
                    text, 0, text.length(), (from, to, id) -> encoding.raw(text, from, to, id));
        } else {
            encoding.normalize(text, 0, text.length());
            splits.split(encoding.text, encoding.textStart, encoding.textEnd, encoding);
        }
        return encoding.ids.toArray();
    }

    @Override
    public byte[] bytes(int id) {
        if (id < 0 || id >= bytes.length || bytes[id].length == 0) {
            throw new IllegalArgumentException(
                    "id %d has no token; the vocabulary has ids 0 to %d"
                            .formatted(id, bytes.length - 1));
        }
        return bytes[id].clone();
    }

    @Override
    public int vocabSize() {
        return bytes.length;
    }

    @Override
    public OptionalInt bos() {
        return bos;
    }

    @Override
    public OptionalInt eos() {
        return eos;
    }

    @Override
    public boolean addBos() {
        return definition.addBos();
    }

    @Override
    public int id(String token) {
        return addedIds.getOrDefault(token, -1);
    }

    @Override
    public boolean special(int id) {
        return id >= 0 && id < special.length && special[id];
    }

    /// The ids so far of one text, and the scratch memory for its pieces.
    private final class Encoding implements PreTokenizer.PieceSink {
        // The text being split, and the range of it that is meant.
        private String text;
        private int textStart;
        private int textEnd;
        private final IntList ids = new IntList();
        private final PieceMerger merger = new PieceMerger(merges);
        private byte[] scratch = new byte[64];
        private int[] symbols = new int[64];

        Encoding(String text) {
            this.text = text;
        }

        /// Take a range of the raw text between added tokens, or such a token.
        void raw(String raw, int from, int to, int id) {
            if (id != AddedTokenMatcher.PLAIN) {
                ids.add(id);
                return;
            }
            normalize(raw, from, to);
            normalizedAdded.cut(text, textStart, textEnd, this::normalized);
        }

        private void normalized(int from, int to, int id) {
            if (id == AddedTokenMatcher.PLAIN) {
                splits.split(text, from, to, this);
            } else {
                ids.add(id);
            }
        }

        /// Make a range of the raw text, normalized, the text that is being split.
        void normalize(String raw, int from, int to) {
            if (definition.nfc()) {
                text = FormC.of(raw, from, to);
                textStart = 0;
                textEnd = text.length();
            } else {
                text = raw;
                textStart = from;
                textEnd = to;
            }
        }

        @Override
        public void piece(int start, int end) {
            int length = end - start;
            if (length > LONGEST_CACHED) {
                int count = encode(start, end);
                ids.add(symbols, count);
                return;
            }
            int hash = 0;
            for (int i = start; i < end; i++) {
                hash = 31 * hash + text.charAt(i);
            }
            int slot = (hash * 0x9E3779B9) >>> (32 - CACHE_BITS);
            CachedPiece cached = cache[slot];
            if (cached == null
                    || cached.piece.length() != length
                    || !text.startsWith(cached.piece, start)) {
                int count = encode(start, end);
                cached = new CachedPiece(text.substring(start, end), Arrays.copyOf(symbols, count));
                cache[slot] = cached;
            }
            ids.add(cached.ids, cached.ids.length);
        }

        /// Encode a piece into `symbols` and give the number of ids.
        private int encode(int start, int end) {
            int length = EscapedUtf8.length(text, start, end);
            if (scratch.length < length) {
                scratch = new byte[length];
                symbols = new int[length];
            }
            EscapedUtf8.encode(text, start, end, scratch);
            if (!wholePieces.isEmpty()) {
                int id = wholePieces.getOrDefault(ByteAlphabet.token(scratch, length), -1);
                if (id >= 0) {
                    symbols[0] = id;
                    return 1;
                }
            }
            for (int i = 0; i < length; i++) {
                symbols[i] = byteIds[scratch[i] & 0xFF];
                if (symbols[i] < 0) {
                    throw new IllegalArgumentException(
                            "byte 0x%02X is not UTF-8 and the vocabulary has no token for it"
                                    .formatted(scratch[i] & 0xFF));
                }
            }
            return merger.merge(symbols, length);
        }
    }

    private static BpeTokenizer checked(Path file, BpeDefinition definition)
            throws MalformedTokenizer {
        try {
            return new BpeTokenizer(definition);
        } catch (IllegalArgumentException e) {
            throw new MalformedTokenizer(file, e);
        }
    }

    private static Map<String, Integer> index(List<String> tokens) {
        if (tokens.size() > BpeDefinition.MOST_IDS) {
            throw new IllegalArgumentException(
                    "vocab has %d ids; expected at most %d"
                            .formatted(tokens.size(), BpeDefinition.MOST_IDS));
        }
        Map<String, Integer> ids = HashMap.newHashMap(tokens.size());
        for (int id = 0; id < tokens.size(); id++) {
            String token = tokens.get(id);
            Integer other = token.isEmpty() ? null : ids.putIfAbsent(token, id);
            if (other != null) {
                throw new IllegalArgumentException(
                        "vocab gives \"%s\" the ids %d and %d".formatted(token, other, id));
            }
        }
        return ids;
    }

    // DeepSeek-LLM's and V2's vocabularies lack these 13, which no text needs.
    private static boolean neverInUtf8(int b) {
        return b == 0xC0 || b == 0xC1 || b >= 0xF5;
    }

    private static int byteToken(Map<String, Integer> ids, String letter, int b) {
        return known(ids, letter, "vocab has no token for byte 0x%02X:".formatted(b));
    }

    private static MergeTable mergeTable(
            List<BpeDefinition.Merge> merges, Map<String, Integer> ids) {
        int[] left = new int[merges.size()];
        int[] right = new int[merges.size()];
        int[] merged = new int[merges.size()];
        for (int rank = 0; rank < merged.length; rank++) {
            BpeDefinition.Merge merge = merges.get(rank);
            String what = "merges[%d] needs a token that vocab lacks:".formatted(rank);
            left[rank] = known(ids, merge.left(), what);
            right[rank] = known(ids, merge.right(), what);
            merged[rank] = known(ids, merge.left() + merge.right(), what);
        }
        return new MergeTable(left, right, merged);
    }

    private static int known(Map<String, Integer> ids, String token, String complaint) {
        Integer id = ids.get(token);
        if (id == null) {
            throw new IllegalArgumentException("%s \"%s\"".formatted(complaint, token));
        }
        return id;
    }

    private static byte[][] tokenBytes(List<String> tokens, List<AddedToken> added) {
        int size = tokens.size();
        for (AddedToken token : added) {
            size = Math.max(size, token.id() + 1);
        }
        byte[][] bytes = new byte[size][];
        Arrays.fill(bytes, new byte[0]);
        for (int id = 0; id < tokens.size(); id++) {
            bytes[id] = ByteAlphabet.bytes(tokens.get(id));
        }
        for (AddedToken token : added) {
            bytes[token.id()] = token.content().getBytes(StandardCharsets.UTF_8);
        }
        return bytes;
    }

    private void markSpecial(List<AddedToken> tokens, Map<String, Integer> ids) {
        Map<Integer, String> seen = new HashMap<>();
        Set<String> contents = new HashSet<>();
        for (AddedToken token : tokens) {
            int id = token.id();
            String other = seen.put(id, token.content());
            if (other == null && id < definition.tokens().size()) {
                String base = definition.tokens().get(id);
                other = base.isEmpty() || base.equals(token.content()) ? null : base;
            }
            if (other != null) {
                throw new IllegalArgumentException(
                        "added_tokens gives id %d to \"%s\", which is \"%s\" already"
                                .formatted(id, token.content(), other));
            }
            if (ids.getOrDefault(token.content(), id) != id || !contents.add(token.content())) {
                throw new IllegalArgumentException(
                        "added_tokens gives \"%s\" the id %d, but it has another already"
                                .formatted(token.content(), id));
            }
            special[id] = token.special();
            addedIds.put(token.content(), id);
        }
    }

    private static List<AddedToken> lookedForInNormalized(BpeDefinition definition) {
        List<AddedToken> tokens = new ArrayList<>();
        for (AddedToken token : definition.added()) {
            if (token.normalized()) {
                tokens.add(definition.nfc() ? token.normalizedContent() : token);
            }
        }
        return tokens;
    }

    private OptionalInt role(String name, String token) {
        if (token.isEmpty()) {
            return OptionalInt.empty();
        }
        if (id(token) < 0) {
            throw new IllegalArgumentException(
                    "%s_token \"%s\" is not among the added tokens".formatted(name, token));
        }
        return OptionalInt.of(id(token));
    }
}
