package dev.minke.infer.constrain;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;

/// Reads llama.cpp's grammar format GBNF.
///
/// Understood: rules, alternatives, groups, texts, classes, `.` (any character), `* + ? {m} {m,}
/// {m,n}`, comments, the escapes of texts and classes, `<[id]>` for a token by id and `<text>` for
/// one by its text. Negated tokens are refused: text never matches a token that the grammar names.
final class GbnfParser {
    private static final String KIND = "grammar";
    private static final int MOST_GROUPS_DEEP = 100;
    private static final int MOST_QUANTIFIERS = 4;
    private static final int LONGEST = 1 << 20;
    private static final String ROOT = "root";

    private final Scanner in;
    private final ToIntFunction<String> tokenId; // -1 if there is no such token
    private final Grammar grammar = new Grammar(KIND);
    private final Map<String, Integer> rules = new HashMap<>();
    private final Map<String, Integer> firstUse = new HashMap<>(); // of rules not yet defined
    private int deep;

    private GbnfParser(String text, ToIntFunction<String> tokenId) {
        this.in = new Scanner(KIND, text);
        this.tokenId = tokenId;
        if (text.length() > LONGEST) {
            throw in.error("%d characters; expected at most %d".formatted(text.length(), LONGEST));
        }
    }

    static Grammar parse(String text, ToIntFunction<String> tokenId) {
        return new GbnfParser(text, tokenId).parse();
    }

    private Grammar parse() {
        int root = rule(ROOT, 0); // the first one
        space(true);
        while (!in.atEnd()) {
            definition();
            space(true);
        }
        if (firstUse.containsKey(ROOT)) {
            throw in.error("there is no rule 'root'");
        }
        firstUse.forEach((name, offset) -> {
            throw in.error(offset, "rule '%s' is used but not defined".formatted(name));
        });
        assert root == 0;
        return grammar;
    }

    private void definition() {
        int from = in.offset();
        String name = name();
        space(true);
        in.expect("::=");
        space(true);
        int rule = rule(name, from);
        if (firstUse.remove(name) == null) {
            throw in.error(from, "rule '%s' is defined twice".formatted(name));
        }
        grammar.define(rule, alternatives(false));
        if (!in.atEnd() && !in.at("\n") && !in.at("\r")) {
            throw in.error("found " + in.found() + "; expected the end of the line or '|'");
        }
    }

    private int rule(String name, int offset) {
        Integer known = rules.get(name);
        if (known != null) {
            return known;
        }
        int rule = grammar.declare(name);
        rules.put(name, rule);
        firstUse.put(name, offset);
        return rule;
    }

    private String name() {
        int from = in.offset();
        while (nameCharacter(in.peek())) {
            in.next();
        }
        if (in.offset() == from) {
            throw in.error("found " + in.found() + "; expected the name of a rule");
        }
        return in.between(from, in.offset());
    }

    private static boolean nameCharacter(int c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || c == '-'
                || c == '_';
    }

    /// Skip blanks and comments, and line ends where they mean nothing.
    private void space(boolean lines) {
        while (true) {
            if (in.at("#")) {
                while (!in.atEnd() && !in.at("\n") && !in.at("\r")) {
                    in.next();
                }
            } else if (in.at(" ") || in.at("\t") || lines && (in.at("\n") || in.at("\r"))) {
                in.next();
            } else {
                return;
            }
        }
    }

    private Expr alternatives(boolean inGroup) {
        List<Expr> alternatives = new ArrayList<>();
        alternatives.add(sequence(inGroup));
        while (in.take("|")) {
            space(true);
            alternatives.add(sequence(inGroup));
        }
        return alternatives.size() == 1 ? alternatives.getFirst() : new Expr.Alt(alternatives);
    }

    private Expr sequence(boolean inGroup) {
        List<Expr> items = new ArrayList<>();
        space(inGroup);
        while (!in.atEnd() && !in.at("|") && !in.at(")") && !in.at("\n") && !in.at("\r")) {
            Expr item = item();
            space(inGroup);
            int quantifiers = 0;
            while (in.at("*") || in.at("+") || in.at("?") || in.at("{")) {
                if (++quantifiers > MOST_QUANTIFIERS) {
                    throw in.error("more than %d quantifiers in a row".formatted(MOST_QUANTIFIERS));
                }
                item = quantified(item);
                space(inGroup);
            }
            items.add(item);
        }
        return new Expr.Seq(items);
    }

    private Expr item() {
        int from = in.offset();
        if (in.take("\"")) {
            return literal(from);
        }
        if (in.take("[")) {
            return characterClass(from);
        }
        if (in.take("(")) {
            if (++deep > MOST_GROUPS_DEEP) {
                throw in.error(from, "groups nest more than %d deep".formatted(MOST_GROUPS_DEEP));
            }
            space(true);
            Expr inside = alternatives(true);
            if (!in.take(")")) {
                throw in.error(from, "'(' without ')'");
            }
            deep--;
            return inside;
        }
        if (in.take(".")) {
            return new Expr.Chars(CodePoints.ALL);
        }
        if (in.at("<")) {
            return token(from);
        }
        if (in.at("!")) {
            throw in.error(
                    "negated tokens are not supported; text never matches a token that the grammar"
                            + " names, so write .* instead of !<token>*");
        }
        if (nameCharacter(in.peek())) {
            return new Expr.Ref(rule(name(), from));
        }
        throw in.error("found " + in.found() + "; expected a text, a class, a group or a rule");
    }

    private Expr literal(int from) {
        var text = new StringBuilder();
        while (!in.take("\"")) {
            if (in.atEnd() || in.at("\n")) {
                throw in.error(from, "the text has no closing '\"'");
            }
            text.appendCodePoint(character());
        }
        return Expr.literal(text.toString());
    }

    private Expr characterClass(int from) {
        boolean negated = in.take("^");
        var ranges = new Ints();
        while (!in.take("]")) {
            if (in.atEnd()) {
                throw in.error(from, "'[' without ']'");
            }
            int itemFrom = in.offset();
            int lo = character();
            int hi = lo;
            if (in.at("-") && !in.at("-]")) {
                in.expect("-");
                hi = character();
            }
            if (hi < lo) {
                throw in.error(itemFrom, "the range ends before it begins");
            }
            ranges.add(lo);
            ranges.add(hi);
        }
        CodePoints set = CodePoints.ranges(ranges.toArray());
        return new Expr.Chars(negated ? set.complement() : set);
    }

    private int character() {
        int from = in.offset();
        if (!in.take("\\")) {
            return in.codePoint(in.next(), from);
        }
        int c = in.next();
        return switch (c) {
            case 'x' -> in.hex(2);
            case 'u' -> in.hex(4);
            case 'U' -> in.hex(8);
            case 't' -> '\t';
            case 'r' -> '\r';
            case 'n' -> '\n';
            case '\\', '"', '[', ']', '-', '^' -> c;
            default ->
                    throw in.error(
                            from, "the escape \\%s is not known".formatted(Character.toString(c)));
        };
    }

    private Expr token(int from) {
        in.expect("<");
        if (in.take("[")) {
            int id = in.number(Integer.MAX_VALUE - 1);
            if (id < 0) {
                throw in.error("found " + in.found() + "; expected the id of a token");
            }
            in.expect("]>");
            return new Expr.Token(id);
        }
        while (in.next() != '>') {
            if (in.atEnd() || in.at("\n")) {
                throw in.error(from, "the token has no closing '>'");
            }
        }
        String text = in.between(from, in.offset());
        int id = tokenId.applyAsInt(text);
        if (id < 0) {
            throw in.error(
                    from,
                    "%s is not one token; write <[id]>, or give the tokenizer".formatted(text));
        }
        return new Expr.Token(id);
    }

    private Expr quantified(Expr item) {
        int from = in.offset();
        if (in.take("*")) {
            return Expr.star(item);
        }
        if (in.take("+")) {
            return Expr.plus(item);
        }
        if (in.take("?")) {
            return Expr.optional(item);
        }
        in.expect("{");
        space(false);
        int min = in.number(RegexParser.MOST_REPEATS);
        space(false);
        int max = min;
        if (in.take(",")) {
            space(false);
            max = in.number(RegexParser.MOST_REPEATS);
            max = max < 0 ? Expr.UNLIMITED : max;
            min = Math.max(0, min);
            space(false);
        }
        if (min < 0 || max < min) {
            throw in.error(from, "expected a repetition such as {3}, {3,} or {3,5}");
        }
        in.expect("}");
        return Expr.times(item, min, max);
    }
}
