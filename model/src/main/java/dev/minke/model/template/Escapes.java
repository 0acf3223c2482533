package dev.minke.model.template;

/// The escapes in strings, which are Python's.
final class Escapes {
    private final Source source;

    private Escapes(Source source) {
        this.source = source;
    }

    /// Replace escapes by what they stand for.
    ///
    /// @param raw what stands between the quotes, `at` that offset of the source
    static String undo(Source source, String raw, int at) throws MalformedTemplate {
        return raw.indexOf('\\') < 0 ? raw : new Escapes(source).undo(raw, at);
    }

    private String undo(String raw, int at) throws MalformedTemplate {
        var out = new StringBuilder(raw.length());
        int i = 0;
        while (i < raw.length()) {
            char c = raw.charAt(i++);
            if (c != '\\') {
                out.append(c);
                continue;
            }
            char escape = raw.charAt(i++);
            switch (escape) {
                case '\n' -> {}
                case '\\', '\'', '"' -> out.append(escape);
                case 'a' -> out.append('\u0007');
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'n' -> out.append('\n');
                case 'r' -> out.append('\r');
                case 't' -> out.append('\t');
                case 'v' -> out.append('\u000B');
                case '0', '1', '2', '3', '4', '5', '6', '7' -> {
                    int end = i;
                    while (end < raw.length()
                            && end < i + 2
                            && NumberEnd.isDigit(raw.charAt(end), 8)) {
                        end++;
                    }
                    out.append((char) Integer.parseInt(raw.substring(i - 1, end), 8));
                    i = end;
                }
                case 'x' -> i = hex(raw, i, 2, out, at);
                case 'u' -> i = hex(raw, i, 4, out, at);
                case 'U' -> i = hex(raw, i, 8, out, at);
                case 'N' -> i = named(raw, i, out, at);
                default -> out.append('\\').append(escape);
            }
        }
        return out.toString();
    }

    private int hex(String raw, int from, int count, StringBuilder out, int at)
            throws MalformedTemplate {
        int value = 0;
        for (int i = from; i < from + count; i++) {
            int digit =
                    i < raw.length() && raw.charAt(i) < 0x80
                            ? Character.digit(raw.charAt(i), 16)
                            : -1;
            if (digit < 0 || value > Character.MAX_CODE_POINT >> 4) {
                throw new MalformedTemplate(source, at + from - 2, "a wrong escape in a string");
            }
            value = value << 4 | digit;
        }
        if (value > Character.MAX_CODE_POINT) {
            throw new MalformedTemplate(source, at + from - 2, "a wrong escape in a string");
        }
        out.appendCodePoint(value);
        return from + count;
    }

    private int named(String raw, int from, StringBuilder out, int at) throws MalformedTemplate {
        int end = raw.indexOf('}', from);
        if (!raw.startsWith("{", from) || end < 0) {
            throw new MalformedTemplate(source, at + from - 2, "a wrong escape in a string");
        }
        try {
            out.appendCodePoint(Character.codePointOf(raw.substring(from + 1, end)));
        } catch (IllegalArgumentException e) {
            throw new MalformedTemplate(
                    source, at + from - 2, "an unknown name of a character in a string");
        }
        return end + 1;
    }
}
