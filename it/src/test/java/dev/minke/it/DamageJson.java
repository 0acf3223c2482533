package dev.minke.it;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Damage to the structure of JSON: members, values, nesting, letters that are none.
///
/// Works on texts whose characters are the bytes of the file, so that any bytes can be put in.
///
/// @param words texts that mean something in the format, put in the place of others
record DamageJson(List<String> words) implements Damage.Mutator {
    private static final int DEEP = 100_000;
    private static final int LONG = 1_000_000;

    private static final List<String> VALUES =
            List.of(
                    "null",
                    "true",
                    "false",
                    "0",
                    "1",
                    "-1",
                    "-0",
                    "0.5",
                    "1e400",
                    "-1e-400",
                    "NaN",
                    "Infinity",
                    "-",
                    "01",
                    "9223372036854775807",
                    "9223372036854775808",
                    "-9223372036854775809",
                    "18446744073709551616",
                    "2147483647",
                    "2147483648",
                    "4194303",
                    "4194304",
                    "16777216",
                    "\"\"",
                    "\"x\"",
                    "\"\\u0000\"",
                    "\"\\n\\r\\u2028\"",
                    "\"\\ud800\"",
                    "\"\\udc00\\ud800\"",
                    "\"\\x\"",
                    "{}",
                    "[]",
                    "[[]]",
                    "[null]",
                    "[0]",
                    "[-1,-1]",
                    "{\"\":{}}",
                    "[1,2,3,4,5,6,7,8,9]",
                    "{\"content\":\"a\\nb\"}",
                    "/* */ 1",
                    "'a'");

    /// A string, number, word or mark, from `from` to before `to`.
    private record Token(int from, int to, char kind) {
        boolean value() {
            return kind == 's' || kind == 'w';
        }

        boolean open() {
            return kind == '{' || kind == '[';
        }
    }

    @Override
    public Damage damage(byte[] original, Random random) {
        String json = new String(original, StandardCharsets.ISO_8859_1);
        List<Token> tokens = scan(json);
        if (tokens.isEmpty()) {
            return new Damage("json put in", latin(value(random)));
        }
        String what;
        String damaged;
        int i = random.nextInt(tokens.size());
        switch (random.nextInt(16)) {
            case 0, 1, 2 -> {
                int at = next(tokens, i, 'w');
                String number = number(random);
                what = "number: " + number;
                damaged = replace(json, tokens.get(at), tokens.get(at), number);
            }
            case 3 -> {
                int at = valueFrom(tokens, i);
                String value = value(random);
                what = "value: " + value;
                damaged = replace(json, tokens.get(at), tokens.get(end(tokens, at)), value);
            }
            case 4, 5 -> {
                int at = next(tokens, i, 's');
                String text = text(json, tokens, random);
                what = "text: " + text;
                damaged = replace(json, tokens.get(at), tokens.get(at), text);
            }
            case 6 -> {
                int key = member(tokens, i);
                int last = end(tokens, Math.min(key + 2, tokens.size() - 1));
                boolean comma = last + 1 < tokens.size() && tokens.get(last + 1).kind == ',';
                what = "member lost: at " + tokens.get(key).from;
                damaged = replace(json, tokens.get(key), tokens.get(comma ? last + 1 : last), "");
            }
            case 7 -> {
                int key = member(tokens, i);
                int last = end(tokens, Math.min(key + 2, tokens.size() - 1));
                String member = json.substring(tokens.get(key).from, tokens.get(last).to);
                what = "member doubled: at " + tokens.get(key).from;
                damaged =
                        insert(json, tokens.get(random.nextBoolean() ? key : 1).from, member + ",");
            }
            case 8 -> {
                Token key = tokens.get(member(tokens, i));
                Token other = tokens.get(member(tokens, random.nextInt(tokens.size())));
                what = "key: of another at " + key.from;
                damaged = replace(json, key, key, json.substring(other.from, other.to));
            }
            case 9 -> {
                what = "token lost: at " + tokens.get(i).from;
                damaged = replace(json, tokens.get(i), tokens.get(i), "");
            }
            case 10 -> {
                Token token = tokens.get(i);
                what = "token doubled: at " + token.from;
                damaged = insert(json, token.from, json.substring(token.from, token.to));
            }
            case 11 -> {
                int at = valueFrom(tokens, i);
                int other = valueFrom(tokens, random.nextInt(tokens.size()));
                what = "value: of another at " + tokens.get(at).from;
                damaged =
                        replace(
                                json,
                                tokens.get(at),
                                tokens.get(end(tokens, at)),
                                json.substring(
                                        tokens.get(other).from, tokens.get(end(tokens, other)).to));
            }
            case 12 -> {
                int at = random.nextInt(8) == 0 ? 0 : valueFrom(tokens, i);
                int depth = random.nextInt(4) == 0 ? DEEP : 2 + random.nextInt(200);
                boolean closed = random.nextBoolean();
                boolean objects = random.nextBoolean();
                String nest =
                        (objects ? "{\"a\":" : "[").repeat(depth)
                                + "1"
                                + (objects ? "}" : "]").repeat(closed ? depth : 0);
                what = "nested: %d deep at %d".formatted(depth, tokens.get(at).from);
                damaged = replace(json, tokens.get(at), tokens.get(end(tokens, at)), nest);
            }
            case 13 -> {
                int at = random.nextBoolean() ? next(tokens, i, 's') : next(tokens, i, 'w');
                int length = random.nextInt(8) == 0 ? LONG : 1 + random.nextInt(5000);
                boolean digits = random.nextBoolean();
                String text = digits ? "9".repeat(length) : '"' + "x".repeat(length) + '"';
                what = "long: %d at %d".formatted(length, tokens.get(at).from);
                damaged = replace(json, tokens.get(at), tokens.get(at), text);
            }
            case 14 -> {
                String letters =
                        List.of("\u00ff", "\u00c0\u0080", "\u00ed\u00a0\u0080", "\u0000", "\n")
                                .get(random.nextInt(5));
                int at = random.nextInt(json.length());
                what = "letters: that are none at " + at;
                damaged = insert(json, at, letters);
            }
            default -> {
                String around = List.of(" x", "{}", ",", "]", "}", "\u0000").get(random.nextInt(6));
                what = "around: " + around;
                damaged = random.nextBoolean() ? json + around : around + json;
            }
        }
        return new Damage(cut(what), damaged.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static String cut(String text) {
        String line = text.replaceAll("\\p{Cntrl}", "?");
        return line.length() <= 80 ? line : line.substring(0, 80) + "...";
    }

    private static byte[] latin(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String number(Random random) {
        return switch (random.nextInt(6)) {
            case 0 -> VALUES.get(random.nextInt(VALUES.size()));
            case 1 -> random.nextInt(300) + "." + random.nextInt(1000);
            case 2 -> "" + random.nextInt(20);
            case 3 -> "" + random.nextInt(1 << 17);
            default -> "" + DamageBytes.odd(random);
        };
    }

    private String value(Random random) {
        return VALUES.get(random.nextInt(VALUES.size()));
    }

    private String text(String json, List<Token> tokens, Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> value(random);
            case 1 -> {
                Token other = tokens.get(next(tokens, random.nextInt(tokens.size()), 's'));
                yield json.substring(other.from, other.to);
            }
            default ->
                    words.isEmpty()
                            ? value(random)
                            : quoted(words.get(random.nextInt(words.size())));
        };
    }

    private static String quoted(String word) {
        String escaped = word.replace("\\", "\\\\").replace("\"", "\\\"");
        return new String(
                ('"' + escaped + '"').getBytes(StandardCharsets.UTF_8),
                StandardCharsets.ISO_8859_1);
    }

    private static String replace(String json, Token first, Token last, String with) {
        return json.substring(0, first.from) + with + json.substring(last.to);
    }

    private static String insert(String json, int at, String text) {
        return json.substring(0, at) + text + json.substring(at);
    }

    /// The first token of a kind from `from` on, once around; any if there is none.
    private static int next(List<Token> tokens, int from, char kind) {
        for (int i = 0; i < tokens.size(); i++) {
            int at = (from + i) % tokens.size();
            if (tokens.get(at).kind == kind) {
                return at;
            }
        }
        return from;
    }

    /// The key of the first member from `from` on.
    private static int member(List<Token> tokens, int from) {
        for (int i = 0; i < tokens.size(); i++) {
            int at = (from + i) % tokens.size();
            if (at > 0 && tokens.get(at).kind == ':' && tokens.get(at - 1).kind == 's') {
                return at - 1;
            }
        }
        return from;
    }

    /// The first token of a value from `from` on.
    private static int valueFrom(List<Token> tokens, int from) {
        for (int i = 0; i < tokens.size(); i++) {
            int at = (from + i) % tokens.size();
            boolean key = at + 1 < tokens.size() && tokens.get(at + 1).kind == ':';
            if ((tokens.get(at).value() || tokens.get(at).open()) && !key) {
                return at;
            }
        }
        return from;
    }

    /// The last token of the value whose first is `from`.
    private static int end(List<Token> tokens, int from) {
        int depth = 0;
        for (int i = from; i < tokens.size(); i++) {
            char kind = tokens.get(i).kind;
            depth += kind == '{' || kind == '[' ? 1 : kind == '}' || kind == ']' ? -1 : 0;
            if (depth <= 0) {
                return i;
            }
        }
        return tokens.size() - 1;
    }

    private static List<Token> scan(String json) {
        List<Token> tokens = new ArrayList<>();
        int at = 0;
        while (at < json.length()) {
            char c = json.charAt(at);
            int from = at++;
            if (c <= ' ') {
                continue;
            }
            if (c == '"') {
                while (at < json.length() && json.charAt(at) != '"') {
                    at += json.charAt(at) == '\\' ? 2 : 1;
                }
                at = Math.min(at + 1, json.length());
                tokens.add(new Token(from, at, 's'));
            } else if ("{}[]:,".indexOf(c) >= 0) {
                tokens.add(new Token(from, at, c));
            } else {
                while (at < json.length() && "{}[]:,\" \n".indexOf(json.charAt(at)) < 0) {
                    at++;
                }
                tokens.add(new Token(from, at, 'w'));
            }
        }
        return tokens;
    }

    /// As the header of safetensors: damaged JSON before the data, its length mostly put right.
    Damage.Mutator inSafetensors() {
        return (original, random) -> {
            int length = DamageSamples.safetensorsHeader(original) - 8;
            byte[] header = java.util.Arrays.copyOfRange(original, 8, 8 + length);
            Damage damage = damage(header, random);
            byte[] spliced = DamageBytes.splice(original, 8, length, damage.bytes());
            if (random.nextInt(8) > 0) {
                java.lang.foreign.MemorySegment.ofArray(spliced)
                        .set(DamageBytes.LONG, 0, damage.bytes().length);
            }
            return new Damage(damage.what(), spliced);
        };
    }
}
