package dev.minke.infer.constrain;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.StringNode;

/// The pieces of JSON (RFC 8259) as rules of a [Grammar].
///
/// Blanks are bounded, so that a model cannot go on with them for ever: after `{`, `[` and `,` and
/// before `}` and `]` nothing, one space, or a line end with up to 40 spaces and tabs; after `:` at
/// most one space. Numbers have at most 16 digits before and after the point and two in the
/// exponent, so that every one is a finite double. Strings have no halves of surrogate pairs.
final class JsonRules {
    private static final int WIDEST_INDENT = 40;
    static final int MOST_DIGITS = 16;
    private static final int MOST_PLAIN_ZEROS = 30;
    private static final int MOST_INLINE_ESCAPES = 2; // a class with more becomes a rule

    private static final CodePoints ESCAPED =
            CodePoints.ranges(0, 0x1F, '"', '"', '\\', '\\'); // never raw
    private static final String HEX = "0123456789abcdefABCDEF";

    private final Grammar grammar;
    private final Map<CodePoints, Expr> classes = new HashMap<>();
    private final Expr.Ref gap;
    private final Expr.Ref character;
    private final Expr.Ref string;
    private final Expr.Ref number;
    private final Expr.Ref value;
    private final Expr.Ref object;
    private final Expr.Ref array;

    /// Add the rules to a grammar, whose root must be declared already.
    JsonRules(Grammar grammar) {
        this.grammar = grammar;
        Expr indent = Expr.times(Expr.chars(" \t"), 0, WIDEST_INDENT);
        this.gap =
                grammar.add(
                        "blank",
                        Expr.optional(
                                Expr.alt(Expr.literal(" "), Expr.seq(Expr.literal("\n"), indent))));
        this.character = grammar.add("character", anyCharacter());
        this.string = grammar.add("string", quoted(Expr.star(anyCharacter())));
        this.number = grammar.add("number", anyNumber());
        this.value = new Expr.Ref(grammar.declare("value"));
        this.object = grammar.add("object", object(member(string, value)));
        this.array =
                grammar.add(
                        "array",
                        Expr.seq(
                                open("["),
                                Expr.optional(
                                        Expr.seq(value, Expr.star(Expr.seq(comma(), value)), gap)),
                                Expr.literal("]")));
        grammar.define(
                value.rule(),
                Expr.alt(
                        object,
                        array,
                        string,
                        number,
                        new Expr.Literals(List.of("true", "false", "null"))));
    }

    Expr string() {
        return string;
    }

    Expr number() {
        return number;
    }

    Expr value() {
        return value;
    }

    /// An object with any members.
    Expr object() {
        return object;
    }

    Expr array() {
        return array;
    }

    Expr gap() {
        return gap;
    }

    /// An opening bracket and the gap after it.
    Expr open(String bracket) {
        return Expr.seq(Expr.literal(bracket), gap);
    }

    Expr comma() {
        return Expr.seq(Expr.literal(","), gap);
    }

    Expr member(Expr key, Expr memberValue) {
        return Expr.seq(key, Expr.literal(":"), Expr.optional(Expr.literal(" ")), memberValue);
    }

    /// A string of `min` to `max` characters.
    Expr string(int min, int max) {
        return min == 0 && max == Expr.UNLIMITED ? string : quoted(Expr.times(character, min, max));
    }

    private Expr object(Expr member) {
        return Expr.seq(
                open("{"),
                Expr.optional(Expr.seq(member, Expr.star(Expr.seq(comma(), member)), gap)),
                Expr.literal("}"));
    }

    static Expr quoted(Expr inside) {
        return Expr.seq(Expr.literal("\""), inside, Expr.literal("\""));
    }

    private static Expr anyCharacter() {
        Expr hex = Expr.chars(HEX);
        Expr plain = // not D800 to DFFF
                Expr.alt(
                        Expr.seq(Expr.chars("0123456789abcefABCEF"), hex, hex, hex),
                        Expr.seq(Expr.chars("dD"), Expr.chars("01234567"), hex, hex));
        Expr pair =
                Expr.seq(
                        Expr.chars("dD"),
                        Expr.chars("89abAB"),
                        hex,
                        hex,
                        Expr.literal("\\u"),
                        Expr.chars("dD"),
                        Expr.chars("cdefCDEF"),
                        hex,
                        hex);
        Expr escape =
                Expr.alt(
                        Expr.chars("\"\\/bfnrt"),
                        Expr.seq(Expr.literal("u"), Expr.alt(plain, pair)));
        return Expr.alt(new Expr.Chars(ESCAPED.complement()), Expr.seq(Expr.literal("\\"), escape));
    }

    private static Expr anyNumber() {
        Expr digit = Expr.chars('0', '9');
        Expr whole =
                Expr.alt(
                        Expr.literal("0"),
                        Expr.seq(Expr.chars('1', '9'), Expr.times(digit, 0, MOST_DIGITS - 1)));
        return Expr.seq(
                Expr.optional(Expr.literal("-")),
                whole,
                Expr.optional(Expr.seq(Expr.literal("."), Expr.times(digit, 1, MOST_DIGITS))),
                Expr.optional(
                        Expr.seq(
                                Expr.chars("eE"),
                                Expr.optional(Expr.chars("+-")),
                                Expr.times(digit, 1, 2))));
    }

    /// Write one JSON value, with the usual freedom of blanks.
    Expr constant(JsonNode node) {
        List<Expr> items = new ArrayList<>();
        if (node.isObject()) {
            items.add(open("{"));
            node.properties()
                    .forEach(member -> {
                        if (items.size() > 1) {
                            items.add(comma());
                        }
                        items.add(member(key(member.getKey()), constant(member.getValue())));
                    });
            items.add(items.size() > 1 ? gap : Expr.EMPTY);
            items.add(Expr.literal("}"));
        } else if (node.isArray()) {
            items.add(open("["));
            for (JsonNode item : node) {
                if (items.size() > 1) {
                    items.add(comma());
                }
                items.add(constant(item));
            }
            items.add(items.size() > 1 ? gap : Expr.EMPTY);
            items.add(Expr.literal("]"));
        } else {
            items.add(Expr.literal(text(node)));
        }
        return new Expr.Seq(items);
    }

    /// Write a value that is neither object nor array as it is to be generated.
    static String text(JsonNode scalar) {
        if (scalar.isString()) {
            return quote(scalar.stringValue());
        }
        return scalar.isNumber() ? number(scalar.decimalValue()) : scalar.toString();
    }

    private static String number(BigDecimal value) {
        BigDecimal shortest = value.stripTrailingZeros();
        return Math.abs(shortest.scale()) <= MOST_PLAIN_ZEROS
                ? shortest.toPlainString()
                : shortest.toString().replace("E+", "E");
    }

    static Expr key(String name) {
        return Expr.literal(quote(name));
    }

    private static String quote(String text) {
        return StringNode.valueOf(text).toString();
    }

    /// Rewrite a language of texts as what stands between the quotes of a JSON string: characters
    /// that cannot be written raw are escaped, each in one way only.
    Expr escaped(Expr expr) {
        return switch (expr) {
            case Expr.Literal(String text) -> {
                String quoted = quote(text);
                yield Expr.literal(quoted.substring(1, quoted.length() - 1));
            }
            case Expr.Literals(List<String> texts) ->
                    new Expr.Literals(
                            texts.stream()
                                    .map(JsonRules::quote)
                                    .map(quoted -> quoted.substring(1, quoted.length() - 1))
                                    .toList());
            case Expr.Chars(CodePoints set) -> escaped(set);
            case Expr.Seq(List<Expr> items) ->
                    new Expr.Seq(items.stream().map(this::escaped).toList());
            case Expr.Alt(List<Expr> items) ->
                    new Expr.Alt(items.stream().map(this::escaped).toList());
            case Expr.Repeat(Expr body, int min, int max) ->
                    new Expr.Repeat(escaped(body), min, max);
            case Expr.Machine(int states, List<Expr.Machine.Edge> edges, List<Integer> finals) ->
                    new Expr.Machine(
                            states,
                            edges.stream()
                                    .map(edge ->
                                            new Expr.Machine.Edge(
                                                    edge.from(), escaped(edge.label()), edge.to()))
                                    .toList(),
                            finals);
            case Expr.Ref _, Expr.Token _ -> throw new AssertionError(expr);
        };
    }

    private Expr escaped(CodePoints set) {
        CodePoints special = set.intersect(ESCAPED);
        if (special.isEmpty()) {
            return new Expr.Chars(set);
        }
        List<String> escapes = new ArrayList<>();
        for (int r = 0; r < special.rangeCount(); r++) {
            for (int c = special.lo(r); c <= special.hi(r); c++) {
                String quoted = quote(Character.toString(c));
                escapes.add(quoted.substring(1, quoted.length() - 1));
            }
        }
        Expr all = Expr.alt(new Expr.Chars(set.minus(ESCAPED)), new Expr.Literals(escapes));
        return escapes.size() <= MOST_INLINE_ESCAPES
                ? all
                : classes.computeIfAbsent(set, _ -> grammar.add("character class", all));
    }
}
