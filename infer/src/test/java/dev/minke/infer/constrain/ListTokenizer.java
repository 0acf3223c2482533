package dev.minke.infer.constrain;

import dev.minke.model.text.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;

/// A vocabulary given as a list: special tokens first (id 0 ends a text), then texts.
final class ListTokenizer implements Tokenizer {
    private final List<byte[]> tokens = new ArrayList<>();
    private final List<String> specials;

    ListTokenizer(List<String> specials, List<byte[]> texts) {
        this.specials = specials;
        specials.forEach(special -> tokens.add(special.getBytes(StandardCharsets.UTF_8)));
        tokens.addAll(texts);
    }

    /// All single bytes and what often stands together in JSON, halves of characters included.
    static ListTokenizer small(String... specials) {
        List<byte[]> texts = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            texts.add(new byte[] {(byte) b});
        }
        for (String text :
                List.of(
                        "{\"", "\":", "\": ", "\",", "\", \"", "\"}", "\"]", "},", "}]", "]}", "[[",
                        "]]", "{}", "[]", ": ", ", ", ",\"", "true", "false", "null", "\n  ",
                        "\n    ", "  ", "12", "123", "2024", "0.", ".5", "-1", "e+", "abc", "name",
                        "the", " the", "a\"", "\\n", "\\u", "\\\"", "é", "日本", "日本語", "😀", "id",
                        "date", "-0", "00", ":0", "@", ".com", "```", "\n```")) {
            texts.add(text.getBytes(StandardCharsets.UTF_8));
        }
        byte[] face = "😀日".getBytes(StandardCharsets.UTF_8);
        texts.add(Arrays.copyOfRange(face, 0, 2));
        texts.add(Arrays.copyOfRange(face, 2, 5));
        texts.add(Arrays.copyOfRange(face, 3, 6));
        return new ListTokenizer(withEnd(specials), texts);
    }

    /// A vocabulary of the size and shape of DeepSeek-V3's, made of random words.
    static ListTokenizer large(int size, String... specials) {
        var random = new Random(5);
        Set<String> seen = new LinkedHashSet<>();
        for (int n = 0; n < 1000; n++) {
            seen.add(Integer.toString(n));
        }
        for (int n = 1; n <= 80; n++) {
            seen.add(" ".repeat(n));
            seen.add("\n" + " ".repeat(n));
        }
        String punctuation = "{}[]\":,.\\/-_()<>=+*&%$#@!?;'`|~^";
        for (int n = 0; n < size / 25; n++) {
            var text = new StringBuilder(random.nextBoolean() ? "" : " ");
            for (int i = 1 + random.nextInt(4); i > 0; i--) {
                text.append(punctuation.charAt(random.nextInt(punctuation.length())));
            }
            seen.add(text + (random.nextInt(4) == 0 ? "\n" : ""));
        }
        int goal = size - 300 - specials.length;
        while (seen.size() < goal) {
            int kind = random.nextInt(100);
            var text = new StringBuilder();
            int first = kind < 70 ? 'a' : kind < 76 ? 'α' : kind < 82 ? 'а' : 0x4E00;
            int range = kind < 82 ? 26 : 5000;
            int length =
                    kind < 82 ? 2 + random.nextInt(5) + random.nextInt(5) : 1 + random.nextInt(3);
            for (int i = 0; i < length; i++) {
                text.appendCodePoint(
                        first + (int) (range * random.nextDouble() * random.nextDouble()));
            }
            String word = text.toString();
            seen.add(kind % 2 == 0 && kind < 82 ? " " + word : word);
            if (kind < 10) {
                seen.add(word.toUpperCase(Locale.ROOT));
            }
        }
        List<byte[]> texts = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            texts.add(new byte[] {(byte) b});
        }
        seen.forEach(text -> texts.add(text.getBytes(StandardCharsets.UTF_8)));
        return new ListTokenizer(withEnd(specials), texts);
    }

    private static List<String> withEnd(String... specials) {
        List<String> all = new ArrayList<>(List.of("<end>"));
        all.addAll(List.of(specials));
        return all;
    }

    @Override
    public int[] encode(String text) {
        return encode(text.getBytes(StandardCharsets.UTF_8));
    }

    /// The longest token first; a special token by its text.
    @Override
    public int[] encode(byte[] utf8) {
        var ids = new Ints();
        for (int at = 0; at < utf8.length; ) {
            int best = -1;
            for (int id = 0; id < tokens.size(); id++) {
                byte[] token = tokens.get(id);
                boolean here =
                        at + token.length <= utf8.length
                                && Arrays.equals(
                                        token, Arrays.copyOfRange(utf8, at, at + token.length));
                if (here && (best < 0 || token.length > tokens.get(best).length)) {
                    best = id;
                }
            }
            ids.add(best);
            at += tokens.get(best).length;
        }
        return ids.toArray();
    }

    @Override
    public int[] encodePlain(String text) {
        throw new UnsupportedOperationException("no test of this fake asks for it");
    }

    @Override
    public byte[] bytes(int id) {
        return tokens.get(id);
    }

    @Override
    public int vocabSize() {
        return tokens.size();
    }

    @Override
    public OptionalInt bos() {
        return OptionalInt.empty();
    }

    @Override
    public OptionalInt eos() {
        return OptionalInt.of(0);
    }

    @Override
    public boolean addBos() {
        return false;
    }

    @Override
    public int id(String token) {
        return specials.indexOf(token);
    }

    @Override
    public boolean special(int id) {
        return id < specials.size();
    }

    /// The text of ids without special tokens.
    String text(List<Integer> ids) {
        return new String(bytes(ids), StandardCharsets.UTF_8);
    }

    /// The bytes of ids without special tokens.
    byte[] bytes(List<Integer> ids) {
        var out = new ByteArrayOutputStream();
        ids.stream().filter(id -> !special(id)).forEach(id -> out.writeBytes(bytes(id)));
        return out.toByteArray();
    }
}
