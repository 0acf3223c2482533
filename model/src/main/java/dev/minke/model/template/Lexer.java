package dev.minke.model.template;

import dev.minke.model.template.Token.Type;
import java.util.ArrayDeque;
import java.util.Deque;

/// Cut a template into tokens, with `trim_blocks` and `lstrip_blocks` as transformers sets them.
///
/// - a newline right after `%}` or `#}` goes, and blanks before `{%` or `{#` at the start of a
///   line,
/// - `-` at either side takes all white space there, `+` keeps all of it,
/// - one newline at the end of the template goes.
final class Lexer {
    private enum State {
        DATA,
        PRINT,
        BLOCK
    }

    private static final int MOST_NAME = 1000;

    private final Source source;
    private final String text;
    private final Deque<Token> ahead = new ArrayDeque<>();
    private final StringBuilder open = new StringBuilder(); // closing brackets that are due
    private State state = State.DATA;
    private int pos;

    Lexer(Source source) {
        this.source = source;
        this.text = source.text();
    }

    /// Bring line breaks into the form that sources have, and take the last one away.
    static String normalize(String text) {
        String unix =
                text.indexOf('\r') < 0 ? text : text.replace("\r\n", "\n").replace('\r', '\n');
        return unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix;
    }

    /// The token at hand.
    Token peek() throws MalformedTemplate {
        while (ahead.isEmpty()) {
            scan();
        }
        return ahead.getFirst();
    }

    /// The token after the one at hand.
    Token peekSecond() throws MalformedTemplate {
        while (ahead.size() < 2) {
            scan();
        }
        Token first = ahead.removeFirst();
        Token second = ahead.getFirst();
        ahead.addFirst(first);
        return second;
    }

    /// Take the token at hand; the end stays.
    Token next() throws MalformedTemplate {
        Token token = peek();
        if (token.type() != Type.END) {
            ahead.removeFirst();
        }
        return token;
    }

    MalformedTemplate fail(int at, String problem) {
        return new MalformedTemplate(source, at, problem);
    }

    private void scan() throws MalformedTemplate {
        if (state == State.DATA) {
            scanData();
        } else {
            scanTag();
        }
    }

    // Text up to the next tag

    private void scanData() throws MalformedTemplate {
        int start = pos;
        int tag = tagFrom(pos);
        if (tag < 0) {
            data(start, text.length());
            pos = text.length();
            ahead.add(new Token(Type.END, "", pos));
            return;
        }
        char kind = text.charAt(tag + 1);
        pos = tag + 2;
        char sign = sign();
        data(start, strip(start, tag, kind, sign));
        switch (kind) {
            case '#' -> skipComment(tag);
            case '{' -> {
                state = State.PRINT;
                ahead.add(new Token(Type.PRINT_BEGIN, "", tag));
            }
            default -> {
                int raw = keyword(pos, "raw");
                if (raw >= 0 && rawBegins(raw)) {
                    scanRaw(tag);
                } else {
                    state = State.BLOCK;
                    ahead.add(new Token(Type.BLOCK_BEGIN, "", tag));
                }
            }
        }
    }

    private int tagFrom(int from) {
        for (int at = text.indexOf('{', from); at >= 0; at = text.indexOf('{', at + 1)) {
            if (at + 1 < text.length() && "{%#".indexOf(text.charAt(at + 1)) >= 0) {
                return at;
            }
        }
        return -1;
    }

    /// Take the `-` or `+` at hand; 0 if there is none.
    private char sign() {
        if (pos < text.length() && (text.charAt(pos) == '-' || text.charAt(pos) == '+')) {
            return text.charAt(pos++);
        }
        return 0;
    }

    /// Where the data from `start` to a tag ends after stripping.
    private int strip(int start, int tag, char kind, char sign) {
        int end = tag;
        if (sign == '-') {
            while (end > start && Chars.isSpace(text.charAt(end - 1))) {
                end--;
            }
            return end;
        }
        if (sign == '+' || kind == '{') {
            return tag;
        }
        int line = text.lastIndexOf('\n', tag - 1) + 1;
        if (line < start) {
            return tag; // the line begins with a tag
        }
        while (end > line && Chars.isSpace(text.charAt(end - 1))) {
            end--;
        }
        return end == line ? line : tag;
    }

    private void data(int start, int end) {
        if (end > start) {
            ahead.add(new Token(Type.DATA, text.substring(start, end), start));
        }
    }

    private void skipComment(int tag) throws MalformedTemplate {
        int end = text.indexOf("#}", pos);
        if (end < 0) {
            throw fail(tag, "the comment has no end '#}'");
        }
        char sign = end > pos ? text.charAt(end - 1) : 0;
        pos = end + 2;
        afterTag(sign);
    }

    /// Skip what the end of a tag takes with it.
    private void afterTag(char sign) {
        if (sign == '-') {
            skipSpace();
        } else if (sign != '+' && pos < text.length() && text.charAt(pos) == '\n') {
            pos++;
        }
    }

    private void skipSpace() {
        while (pos < text.length() && Chars.isSpace(text.charAt(pos))) {
            pos++;
        }
    }

    /// Find a word after white space; the offset behind it and more white space, or -1.
    private int keyword(int from, String word) {
        int at = from;
        while (at < text.length() && Chars.isSpace(text.charAt(at))) {
            at++;
        }
        if (!text.startsWith(word, at)) {
            return -1;
        }
        at += word.length();
        while (at < text.length() && Chars.isSpace(text.charAt(at))) {
            at++;
        }
        return at;
    }

    private boolean rawBegins(int at) {
        if (text.startsWith("%}", at)) {
            pos = at + 2;
            return true;
        }
        if (text.startsWith("-%}", at)) {
            pos = at + 3;
            skipSpace();
            return true;
        }
        return false;
    }

    private void scanRaw(int tag) throws MalformedTemplate {
        int start = pos;
        for (int at = text.indexOf("{%", start); at >= 0; at = text.indexOf("{%", at + 2)) {
            pos = at + 2;
            char sign = sign();
            int end = keyword(pos, "endraw");
            if (end >= 0 && rawEnds(end)) {
                int stop = pos;
                char last = text.charAt(end);
                data(start, strip(start, at, '%', sign));
                pos = stop;
                afterTag(last);
                return;
            }
        }
        throw fail(tag, "'raw' has no end '{% endraw %}'");
    }

    private boolean rawEnds(int at) {
        int sign = at < text.length() && "+-".indexOf(text.charAt(at)) >= 0 ? 1 : 0;
        pos = at + sign + 2;
        return text.startsWith("%}", at + sign);
    }

    // Inside of {{ }} and {% %}

    private void scanTag() throws MalformedTemplate {
        skipSpace();
        if (pos >= text.length()) {
            ahead.add(new Token(Type.END, "", pos));
            return;
        }
        if (open.isEmpty() && endOfTag()) {
            return;
        }
        char c = text.charAt(pos);
        if (NumberEnd.isDigit(c, 10)) {
            ahead.add(number());
        } else if (isNamePart(text.codePointAt(pos))) {
            ahead.add(name());
        } else if (c == '\'' || c == '"') {
            ahead.add(string(c));
        } else {
            ahead.add(operator(c));
        }
    }

    private boolean endOfTag() {
        String close = state == State.PRINT ? "}}" : "%}";
        char c = text.charAt(pos);
        boolean signed = c == '-' || c == '+' && state == State.BLOCK;
        if (!text.startsWith(close, signed ? pos + 1 : pos)) {
            return false;
        }
        Type type = state == State.PRINT ? Type.PRINT_END : Type.BLOCK_END;
        ahead.add(new Token(type, "", pos));
        pos += signed ? 3 : 2;
        if (signed && c == '-') {
            skipSpace();
        } else if (state == State.BLOCK) {
            afterTag(signed ? c : 0);
        }
        state = State.DATA;
        return true;
    }

    private static boolean isNamePart(int c) {
        return c == '_'
                || (c < 0x80
                        ? c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
                        : Character.isUnicodeIdentifierPart(c)
                                && !Character.isIdentifierIgnorable(c));
    }

    private Token name() throws MalformedTemplate {
        int start = pos;
        while (pos < text.length() && isNamePart(text.codePointAt(pos))) {
            pos += Character.charCount(text.codePointAt(pos));
        }
        if (pos - start > MOST_NAME) {
            throw fail(start, "a name of more than %d characters".formatted(MOST_NAME));
        }
        int first = text.codePointAt(start);
        if (first != '_' && !Character.isUnicodeIdentifierStart(first)) {
            throw fail(start, "a name cannot begin with '%s'".formatted(Character.toString(first)));
        }
        return new Token(Type.NAME, text.substring(start, pos), start);
    }

    private Token number() {
        int start = pos;
        int end = NumberEnd.ofFloat(text, start);
        Type type = end < 0 ? Type.INTEGER : Type.FLOAT;
        pos = end < 0 ? NumberEnd.ofInteger(text, start) : end;
        return new Token(type, text.substring(start, pos).replace("_", ""), start);
    }

    private Token string(char quote) throws MalformedTemplate {
        int start = pos++;
        int from = pos;
        while (pos < text.length() && text.charAt(pos) != quote) {
            pos += text.charAt(pos) == '\\' ? 2 : 1;
        }
        if (pos >= text.length()) {
            throw fail(start, "the string has no end " + quote);
        }
        String raw = text.substring(from, pos++);
        return new Token(Type.STRING, Escapes.undo(source, raw, from), start);
    }

    private Token operator(char c) throws MalformedTemplate {
        int start = pos;
        String two = text.substring(pos, Math.min(pos + 2, text.length()));
        String operator =
                switch (two) {
                    case "**", "//", "==", "!=", ">=", "<=" -> two;
                    default -> String.valueOf(c);
                };
        if (operator.length() == 1 && "+-/*%~[](){}><=.:|,;".indexOf(c) < 0) {
            throw fail(
                    pos,
                    "found '%s', which no expression has"
                            .formatted(Character.toString(text.codePointAt(pos))));
        }
        switch (c) {
            case '(' -> open.append(')');
            case '[' -> open.append(']');
            case '{' -> open.append('}');
            case ')', ']', '}' -> close(c);
            default -> {}
        }
        pos += operator.length();
        return new Token(Type.OPERATOR, operator, start);
    }

    private void close(char c) throws MalformedTemplate {
        int last = open.length() - 1;
        if (last < 0) {
            throw fail(pos, "found '%s' that closes nothing".formatted(c));
        }
        if (open.charAt(last) != c) {
            throw fail(pos, "found '%s', expected '%s'".formatted(c, open.charAt(last)));
        }
        open.setLength(last);
    }
}
