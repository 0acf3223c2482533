package dev.minke.model.text;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// Read the tiktoken.model of Kimi-K2 and Moonlight: a line for each token, its bytes in Base64 and
/// its rank, which is its id.
///
/// The pre-tokenizer and the 256 ids for special tokens behind the ranks are in those models'
/// Python code; the texts of the named ones stand in tokenizer_config.json.
final class TiktokenModel {
    static final String FILE = "tiktoken.model";

    private static final int RESERVED = 256;
    private static final long MOST_BYTES = 256L << 20;

    private final Path file;

    private TiktokenModel(Path file) {
        this.file = file;
    }

    /// Read the ranks, and the names of special tokens from `config` if it exists.
    static BpeDefinition read(Path file, Path config) throws IOException {
        List<String> tokens = new TiktokenModel(file).tokens();
        List<AddedToken> added = special(tokens.size(), config);
        GgufPreTokenizer pre = GgufPreTokenizer.KIMI_K2;
        return new BpeDefinition(
                tokens, merges(tokens), added, pre.splits(), pre.wholePieces(), "", "", "");
    }

    private List<String> tokens() throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(file.toString(), null, "expected a file of tokens there");
        }
        long size = Files.size(file);
        if (size > MOST_BYTES) {
            throw new MalformedTokenizer(
                    file, "the file has %d bytes; expected at most %d".formatted(size, MOST_BYTES));
        }
        List<String> lines =
                new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1)
                        .lines()
                        .filter(line -> !line.isBlank())
                        .toList();
        if (lines.size() > BpeDefinition.MOST_IDS - RESERVED) {
            throw malformed(lines.size(), "too many lines", "");
        }
        String[] tokens = new String[lines.size()];
        for (int i = 0; i < tokens.length; i++) {
            String[] parts = lines.get(i).strip().split(" ");
            if (parts.length != 2) {
                throw malformed(i, lines.get(i), "a token in Base64, a space and its rank");
            }
            int rank = rank(i, parts[1], tokens.length);
            if (tokens[rank] != null) {
                throw malformed(i, parts[1], "a rank that no line above has");
            }
            tokens[rank] = token(i, parts[0]);
        }
        return List.of(tokens);
    }

    private int rank(int line, String text, int count) throws MalformedTokenizer {
        try {
            int rank = Integer.parseInt(text);
            if (rank >= 0 && rank < count) {
                return rank;
            }
        } catch (NumberFormatException e) {
            // falls through to the same complaint
        }
        throw malformed(line, text, "a rank from 0 to " + (count - 1));
    }

    private String token(int line, String text) throws MalformedTokenizer {
        byte[] bytes = {};
        try {
            bytes = Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            // falls through to the same complaint
        }
        if (bytes.length == 0) {
            throw malformed(line, text, "a token in Base64");
        }
        return ByteAlphabet.token(bytes, bytes.length);
    }

    private MalformedTokenizer malformed(int line, String found, String expected) {
        String cut = found.length() <= 60 ? found : found.substring(0, 57) + "...";
        return new MalformedTokenizer(
                file, "line %d: found \"%s\"; expected %s".formatted(line + 1, cut, expected));
    }

    // tiktoken merges the pair that makes the token of the lowest rank, whichever pair that is; so
    // every way to put a token together is a merge, ordered as Hugging Face's converter does it.
    private static List<BpeDefinition.Merge> merges(List<String> tokens) {
        Map<String, Integer> ranks = HashMap.newHashMap(tokens.size());
        for (int rank = 0; rank < tokens.size(); rank++) {
            ranks.putIfAbsent(tokens.get(rank), rank);
        }
        Comparator<BpeDefinition.Merge> order =
                Comparator.<BpeDefinition.Merge>comparingInt(m -> ranks.get(m.left()))
                        .thenComparingInt(m -> ranks.get(m.right()));
        List<BpeDefinition.Merge> merges = new ArrayList<>();
        for (String token : tokens) {
            int from = merges.size();
            for (int i = 1; i < token.length(); i++) {
                String left = token.substring(0, i);
                String right = token.substring(i);
                if (ranks.containsKey(left) && ranks.containsKey(right)) {
                    merges.add(new BpeDefinition.Merge(left, right));
                }
            }
            merges.subList(from, merges.size()).sort(order);
        }
        return merges;
    }

    private static List<AddedToken> special(int from, Path config) throws IOException {
        String[] names = new String[RESERVED];
        Arrays.setAll(names, i -> "<|reserved_token_" + (from + i) + "|>");
        boolean[] text = new boolean[RESERVED];
        if (Files.exists(config)) {
            JsonNode named = JsonFiles.read(config).path("added_tokens_decoder");
            for (Map.Entry<String, JsonNode> entry : named.properties()) {
                JsonNode content = entry.getValue().path("content");
                JsonNode special = entry.getValue().path("special");
                int at = index(entry.getKey(), from);
                if (at < 0 || !content.isString()) {
                    throw new MalformedTokenizer(
                            config,
                            ("added_tokens_decoder[\"%s\"]: found %s;"
                                            + " expected ids %d to %d with a \"content\"")
                                    .formatted(
                                            entry.getKey(),
                                            JsonFiles.describe(entry.getValue()),
                                            from,
                                            from + RESERVED - 1));
                }
                names[at] = content.stringValue();
                text[at] = special.isBoolean() && !special.booleanValue();
            }
        }
        List<AddedToken> added = new ArrayList<>();
        for (int i = 0; i < RESERVED; i++) {
            try {
                added.add(new AddedToken(from + i, names[i], !text[i]));
            } catch (IllegalArgumentException e) {
                throw new MalformedTokenizer(config, e);
            }
        }
        return added;
    }

    private static int index(String id, int from) {
        try {
            int at = Integer.parseInt(id) - from;
            return at < RESERVED ? at : -1;
        } catch (NumberFormatException e) {
            return -1;
        }
    }
}
