package dev.minke.infer.constrain;

import java.util.ArrayList;
import java.util.List;

/// Reads the regular part of ECMAScript's regular expressions (with the `u` flag).
///
/// Understood: literals, `.`, classes, `\d \w \s` (ASCII) and their opposites, `\p{L}` with general
/// categories, escapes, groups of all non-looking kinds, alternation, `* + ? {m,n}`; lazy
/// quantifiers mean the same language as greedy ones. `^` and `$` only at the ends of the whole or
/// of its alternatives. Refused by name: backreferences, lookaround, `\b`, flags, possessive
/// quantifiers.
final class RegexParser {
    static final int MOST_REPEATS = 1_000_000;
    private static final int MOST_GROUPS_DEEP = 100;
    private static final int LONGEST = 100_000;

    private static final CodePoints DIGIT = CodePoints.ranges('0', '9');
    private static final CodePoints WORD =
            CodePoints.ranges('0', '9', 'A', 'Z', '_', '_', 'a', 'z');
    private static final CodePoints SPACE = CodePoints.of(" \t\n\u000B\f\r");
    private static final CodePoints DOT = CodePoints.of("\n\r\u2028\u2029").complement();
    private static final Expr ANYTHING = Expr.star(new Expr.Chars(CodePoints.ALL));

    private final Scanner in;
    private final boolean search;
    private int deep;

    private RegexParser(String kind, String pattern, boolean search) {
        this.in = new Scanner(kind, pattern);
        this.search = search;
        if (pattern.length() > LONGEST) {
            throw in.error(
                    "%d characters; expected at most %d".formatted(pattern.length(), LONGEST));
        }
    }

    /// Read a pattern that has to match a whole text.
    static Expr whole(String kind, String pattern) {
        return new RegexParser(kind, pattern, false).parse();
    }

    /// Read a pattern that has to match somewhere in a text; gives the language of such texts.
    static Expr search(String kind, String pattern) {
        return new RegexParser(kind, pattern, true).parse();
    }

    private Expr parse() {
        List<Expr> alternatives = new ArrayList<>();
        do {
            boolean anchored = in.take("^") || !search;
            Expr body = sequence();
            boolean ended = in.take("$") || !search;
            alternatives.add(
                    Expr.seq(
                            anchored ? Expr.EMPTY : ANYTHING, body, ended ? Expr.EMPTY : ANYTHING));
        } while (in.take("|"));
        if (!in.atEnd()) {
            throw in.error(in.at(")") ? "')' without '('" : "'$' is possible at the end only");
        }
        return new Expr.Alt(alternatives);
    }

    private Expr alternatives() {
        List<Expr> alternatives = new ArrayList<>();
        do {
            alternatives.add(sequence());
        } while (in.take("|"));
        return new Expr.Alt(alternatives);
    }

    private Expr sequence() {
        List<Expr> items = new ArrayList<>();
        while (!in.atEnd() && !in.at("|") && !in.at(")") && !in.at("$")) {
            items.add(quantified(atom()));
        }
        return new Expr.Seq(items);
    }

    private Expr quantified(Expr atom) {
        int from = in.offset();
        Expr result;
        if (in.take("*")) {
            result = Expr.star(atom);
        } else if (in.take("+")) {
            result = Expr.plus(atom);
        } else if (in.take("?")) {
            result = Expr.optional(atom);
        } else if (in.take("{")) {
            result = braces(atom, from);
        } else {
            return atom;
        }
        if (!in.take("?") && in.at("+")) { // lazy: the same language
            throw in.error("possessive quantifiers are not supported");
        }
        if (in.at("*") || in.at("+") || in.at("?") || in.at("{")) {
            throw in.error("found " + in.found() + " after a quantifier; nothing to repeat");
        }
        return result;
    }

    private Expr braces(Expr atom, int from) {
        int min = in.number(MOST_REPEATS);
        int max = min;
        if (in.take(",")) {
            max = in.number(MOST_REPEATS);
            max = max < 0 ? Expr.UNLIMITED : max;
        }
        if (min < 0 || max < min) {
            throw in.error(from, "expected a quantifier such as {3}, {3,} or {3,5}");
        }
        in.expect("}");
        return Expr.times(atom, min, max);
    }

    private Expr atom() {
        int from = in.offset();
        if (in.take("(")) {
            return group(from);
        }
        if (in.take("[")) {
            return new Expr.Chars(characterClass(from));
        }
        if (in.take(".")) {
            return new Expr.Chars(DOT);
        }
        if (in.take("\\")) {
            return new Expr.Chars(escape(from, false));
        }
        int c = in.next();
        switch (c) {
            case '*', '+', '?', '{' ->
                    throw in.error(
                            from,
                            "'%c' has nothing to repeat; write \\%c for the character"
                                    .formatted(c, c));
            case '^' -> throw in.error(from, "'^' is possible at the beginning only");
            default -> {
                return new Expr.Chars(CodePoints.of(in.codePoint(c, from)));
            }
        }
    }

    private Expr group(int from) {
        if (in.take("?")) {
            if (in.at("=") || in.at("!") || in.at("<=") || in.at("<!")) {
                throw in.error(from, "lookaround is not supported");
            }
            if (in.take("<")) {
                int c = in.next();
                while (c == '_' || Character.isLetterOrDigit(c)) {
                    c = in.next();
                }
                if (c != '>') {
                    throw in.error(from, "the name of the group does not end with '>'");
                }
            } else if (!in.take(":")) {
                throw in.error(
                        from,
                        in.at(">")
                                ? "atomic groups are not supported"
                                : "inline flags and conditions are not supported");
            }
        }
        if (++deep > MOST_GROUPS_DEEP) {
            throw in.error(from, "groups nest more than %d deep".formatted(MOST_GROUPS_DEEP));
        }
        Expr inside = alternatives();
        if (in.at("$")) {
            throw in.error("'$' is possible at the end only");
        }
        if (!in.take(")")) {
            throw in.error(from, "'(' without ')'");
        }
        deep--;
        return inside;
    }

    private CodePoints characterClass(int from) {
        boolean negated = in.take("^");
        var ranges = new Ints();
        CodePoints named = CodePoints.NONE;
        while (!in.take("]")) {
            if (in.atEnd()) {
                throw in.error(from, "'[' without ']'");
            }
            if (in.at("[:") || in.at("&&")) {
                throw in.error("POSIX classes and set operations are not supported");
            }
            int itemFrom = in.offset();
            CodePoints item = classItem();
            if (!in.at("-") || in.at("-]")) {
                named = add(item, ranges, named);
                continue;
            }
            in.expect("-");
            CodePoints last = classItem();
            if (!single(item) || !single(last)) {
                throw in.error(itemFrom, "a range needs single characters at its ends");
            }
            if (last.lo(0) < item.lo(0)) {
                throw in.error(itemFrom, "the range ends before it begins");
            }
            ranges.add(item.lo(0));
            ranges.add(last.lo(0));
        }
        CodePoints all = named.plus(CodePoints.ranges(ranges.toArray()));
        return negated ? all.complement() : all;
    }

    private static CodePoints add(CodePoints item, Ints ranges, CodePoints named) {
        if (!single(item)) {
            return named.plus(item);
        }
        ranges.add(item.lo(0));
        ranges.add(item.lo(0));
        return named;
    }

    private static boolean single(CodePoints set) {
        return set.rangeCount() == 1 && set.lo(0) == set.hi(0);
    }

    private CodePoints classItem() {
        int from = in.offset();
        if (in.take("\\")) {
            return escape(from, true);
        }
        return CodePoints.of(in.codePoint(in.next(), from));
    }

    private CodePoints escape(int from, boolean inClass) {
        int c = in.next();
        return switch (c) {
            case 'd' -> DIGIT;
            case 'D' -> DIGIT.complement();
            case 'w' -> WORD;
            case 'W' -> WORD.complement();
            case 's' -> SPACE;
            case 'S' -> SPACE.complement();
            case 't' -> CodePoints.of('\t');
            case 'n' -> CodePoints.of('\n');
            case 'r' -> CodePoints.of('\r');
            case 'f' -> CodePoints.of('\f');
            case 'v' -> CodePoints.of(0x0B);
            case '0' -> {
                if (Character.isDigit(in.peek())) {
                    throw in.error(from, "octal escapes are not supported");
                }
                yield CodePoints.of(0);
            }
            case 'x' -> CodePoints.of(in.hex(2));
            case 'u' -> CodePoints.of(unicode(from));
            case 'c' -> {
                int letter = in.next();
                if (letter > 0x7F || !Character.isLetter(letter)) {
                    throw in.error(from, "expected a letter after \\c");
                }
                yield CodePoints.of(letter % 32);
            }
            case 'p' -> GeneralCategories.of(category(), in, from);
            case 'P' -> GeneralCategories.of(category(), in, from).complement();
            case 'b', 'B' -> {
                if (inClass && c == 'b') {
                    yield CodePoints.of('\b');
                }
                throw in.error(from, "word boundaries (\\%c) are not supported".formatted(c));
            }
            case '1', '2', '3', '4', '5', '6', '7', '8', '9', 'k' ->
                    throw in.error(from, "backreferences are not supported");
            case 'A', 'Z', 'z', 'G' ->
                    throw in.error(from, "the anchor \\%c is not supported".formatted(c));
            default -> {
                if (c > 0x7F || Character.isLetterOrDigit(c)) {
                    throw in.error(
                            from,
                            "the escape \\%s is not supported".formatted(Character.toString(c)));
                }
                yield CodePoints.of(c);
            }
        };
    }

    private int unicode(int from) {
        if (!in.take("{")) {
            int high = pair(from);
            if (high < 0xD800 || high > 0xDFFF) {
                return high;
            }
            int low = in.take("\\u") ? pair(from) : 0;
            if (!Character.isSurrogatePair((char) high, (char) low)) {
                throw in.error(from, "half of a surrogate pair");
            }
            return Character.toCodePoint((char) high, (char) low);
        }
        long value = 0;
        int digits = 0;
        while (!in.take("}")) {
            int digit = in.peek() > 0x7F ? -1 : Character.digit(in.peek(), 16);
            if (digit < 0 || ++digits > 6) {
                throw in.error(from, "expected \\u{...} with 1 to 6 hexadecimal digits");
            }
            value = 16 * value + digit;
            in.next();
        }
        if (digits == 0) {
            throw in.error(from, "expected \\u{...} with 1 to 6 hexadecimal digits");
        }
        return in.codePoint(value, from);
    }

    private int pair(int from) {
        int value = 0;
        for (int i = 0; i < 4; i++) {
            int digit = in.peek() > 0x7F ? -1 : Character.digit(in.peek(), 16);
            if (digit < 0) {
                throw in.error(from, "expected 4 hexadecimal digits after \\u");
            }
            value = 16 * value + digit;
            in.next();
        }
        return value;
    }

    private String category() {
        in.expect("{");
        int from = in.offset();
        int end = from;
        while (in.next() != '}') {
            end = in.offset();
        }
        return in.between(from, end);
    }
}
