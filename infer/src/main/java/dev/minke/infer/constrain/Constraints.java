package dev.minke.infer.constrain;

import dev.minke.model.text.Tokenizer;

/// Makes [Constraint]s from the usual descriptions.
///
/// All methods throw [MalformedGrammar] for what cannot be read or is not supported, naming the
/// place. Descriptions may come from anyone: what is too large or too deep is refused, too.
public final class Constraints {
    private static final String PATTERN = "pattern";

    private Constraints() {}

    /// Allow one JSON object with any members.
    ///
    /// Blanks are bounded: after `{`, `[` and `,` and before `}` and `]` at most one space, or a
    /// line end and up to 40 spaces and tabs; after `:` at most one space. Numbers have at most 16
    /// digits before and after the point and 2 in the exponent.
    public static Constraint json() {
        var grammar = new Grammar("JSON");
        int root = grammar.declare("root");
        grammar.define(root, new JsonRules(grammar).object());
        return new Constraint(grammar);
    }

    /// Allow JSON that matches a schema; as `jsonSchema(schema, false)`.
    public static Constraint jsonSchema(String schema) {
        return jsonSchema(schema, false);
    }

    /// Allow JSON that matches a schema (of JSON Schema 2020-12).
    ///
    /// Whatever is generated is valid; not all that is valid is generated. Properties come in the
    /// order of the schema, optional ones may be left out. Where `additionalProperties` is not
    /// given, an object with `properties` gets no others; likewise for `items` after `prefixItems`.
    /// Without `type`, the kinds of the keywords that are there. `oneOf` needs alternatives that
    /// provably exclude each other. `nullable` beside `type` allows null. Bounded numbers have no
    /// exponent. Not supported, and refused: `not`, `if`, `dependent...`, `patternProperties`,
    /// `propertyNames`, `unevaluated...`, `contains`, `uniqueItems`, `multipleOf`, remote
    /// references, anchors, and keywords that are not known.
    ///
    /// @param schema the text of the schema
    /// @param strict demand, as hosted APIs do, that every object has `additionalProperties: false`
    ///   and lists all its properties in `required`
    public static Constraint jsonSchema(String schema, boolean strict) {
        return new Constraint(SchemaCompiler.compile(schema, strict));
    }

    /// Allow texts that a regular expression matches as a whole.
    ///
    /// The dialect is ECMAScript's: literals, `.`, classes, `\d \w \s` (ASCII), `\p{L}` with
    /// general categories, groups, alternation and quantifiers, of which lazy ones mean the same as
    /// greedy ones. Refused: backreferences, lookaround, `\b`, flags, possessive quantifiers.
    public static Constraint regex(String pattern) {
        return new Constraint(Grammar.of(PATTERN, RegexParser.whole(PATTERN, pattern)));
    }

    /// Allow texts of a grammar in llama.cpp's format GBNF, from its rule `root`.
    ///
    /// Tokens can be named by id only. Refused: left recursion, negated tokens.
    public static Constraint gbnf(String grammar) {
        return new Constraint(GbnfParser.parse(grammar, _ -> -1));
    }

    /// Allow texts of a grammar in llama.cpp's format GBNF that names tokens of a vocabulary.
    public static Constraint gbnf(String grammar, Tokenizer tokenizer) {
        return new Constraint(
                GbnfParser.parse(
                        grammar,
                        text -> {
                            int[] ids = tokenizer.encode(text);
                            return ids.length == 1 ? ids[0] : -1;
                        }));
    }
}
