package dev.minke.infer.constrain;

import dev.minke.infer.constrain.SchemaSource.Conjunction;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// Translates a JSON Schema to a [Grammar] of the texts that match it.
///
/// Each set of schemas that one value must match becomes a rule, made once, so that recursion in
/// the schema is recursion in the grammar. What is generated is always valid, but not all that is
/// valid is generated: properties come in the order of the schema, and an object or array that
/// lists its properties or first items gets no others unless the schema speaks of them.
final class SchemaCompiler {
    private static final int MOST_ALTERNATIVES = 1000;
    private static final int MOST_EXCLUSIVE = 128;

    private record Pending(Conjunction conjunction, int rule) {}

    private final SchemaSource source;
    private final SchemaDisjoint disjoint;
    private final Grammar grammar;
    private final JsonRules json;
    private final Map<Conjunction, Expr.Ref> rules = new HashMap<>();
    private final ArrayDeque<Pending> pending = new ArrayDeque<>();
    private int alternatives;

    /// Translate into a grammar whose root must be declared already.
    SchemaCompiler(SchemaSource source, Grammar grammar, JsonRules json) {
        this.source = source;
        this.disjoint = new SchemaDisjoint(source);
        this.grammar = grammar;
        this.json = json;
    }

    static Grammar compile(String schema, boolean strict) {
        var grammar = new Grammar("schema");
        int root = grammar.declare("root");
        var compiler =
                new SchemaCompiler(
                        new SchemaSource(schema, strict), grammar, new JsonRules(grammar));
        grammar.define(root, compiler.root());
        return grammar;
    }

    /// Translate the whole document.
    Expr root() {
        Expr root = rule(List.of(""));
        while (!pending.isEmpty()) {
            Pending next = pending.removeFirst();
            grammar.define(next.rule(), value(next.conjunction()));
        }
        return root;
    }

    private Expr rule(List<String> pointers) {
        return rule(source.conjunction(pointers));
    }

    private Expr rule(Conjunction conjunction) {
        if (conjunction.parts().isEmpty()) {
            return json.value();
        }
        Expr.Ref known = rules.get(conjunction);
        if (known == null) {
            String last = conjunction.parts().getLast();
            known = new Expr.Ref(grammar.declare(last.isEmpty() ? "the root" : last));
            rules.put(conjunction, known);
            pending.add(new Pending(conjunction, known.rule()));
        }
        return known;
    }

    private Expr value(Conjunction conjunction) {
        return conjunction.groups().isEmpty()
                ? value(new SchemaFacts(source, conjunction.parts()))
                : alternatives(conjunction);
    }

    private Expr alternatives(Conjunction from) {
        String group = from.groups().getFirst();
        List<Conjunction> choices = new ArrayList<>();
        for (int i = 0; i < source.alternatives(group); i++) {
            if (++alternatives > MOST_ALTERNATIVES) {
                throw MalformedGrammar.inSchema(
                        group, "more than %d alternatives in all".formatted(MOST_ALTERNATIVES));
            }
            choices.add(source.choose(from, i));
        }
        if (group.endsWith("/oneOf")) {
            checkDisjoint(group, choices);
        }
        return new Expr.Alt(choices.stream().map(this::rule).toList());
    }

    private void checkDisjoint(String group, List<Conjunction> choices) {
        if (choices.size() > MOST_EXCLUSIVE) {
            throw MalformedGrammar.inSchema(
                    group, "more than %d alternatives in a oneOf".formatted(MOST_EXCLUSIVE));
        }
        for (int i = 0; i < choices.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (!disjoint.proven(choices.get(j), choices.get(i))) {
                    throw MalformedGrammar.inSchema(
                            group,
                            ("alternatives %d and %d may both match a value, which oneOf forbids;"
                                            + " tell them apart by type or by a required constant,"
                                            + " or use anyOf")
                                    .formatted(j, i));
                }
            }
        }
    }

    // ---- one kind of value at a time

    private Expr value(SchemaFacts facts) {
        if (facts.never()) {
            return Expr.NEVER;
        }
        List<JsonNode> values = facts.values();
        if (values != null) {
            return constants(facts, values);
        }
        Set<JsonType> types = facts.generated();
        List<Expr> items = new ArrayList<>();
        if (types.contains(JsonType.NULL)) {
            items.add(Expr.literal("null"));
        }
        if (types.contains(JsonType.BOOLEAN)) {
            items.add(new Expr.Literals(List.of("true", "false")));
        }
        if (types.contains(JsonType.INTEGER)) {
            items.add(number(facts, !types.contains(JsonType.FRACTION)));
        }
        if (types.contains(JsonType.STRING)) {
            items.add(string(facts));
        }
        if (types.contains(JsonType.ARRAY)) {
            items.add(array(facts));
        }
        if (types.contains(JsonType.OBJECT)) {
            items.add(object(facts));
        }
        return new Expr.Alt(items);
    }

    private Expr constants(SchemaFacts facts, List<JsonNode> values) {
        List<String> texts = new ArrayList<>();
        List<Expr> others = new ArrayList<>();
        for (JsonNode value : values) {
            if (!facts.types().contains(JsonType.of(value))) {
                continue;
            }
            if (!value.isContainer()) {
                if (admits(facts, value)) {
                    texts.add(JsonRules.text(value));
                }
            } else if (facts.looksInside()) {
                throw MalformedGrammar.inSchema(
                        facts.valuesPointer(),
                        "objects and arrays as values are not supported beside keywords that look"
                                + " inside them");
            } else {
                others.add(json.constant(value));
            }
        }
        others.add(new Expr.Literals(texts.stream().distinct().toList()));
        return new Expr.Alt(others);
    }

    /// Tell whether a constant keeps to the other keywords.
    private static boolean admits(SchemaFacts facts, JsonNode value) {
        if (value.isNumber()) {
            return facts.range().contains(value.decimalValue());
        }
        if (!value.isString()) {
            return true;
        }
        String text = value.stringValue();
        int length = text.codePointCount(0, text.length());
        return length >= facts.minLength()
                && length <= facts.maxLength()
                && facts.texts().stream()
                        .allMatch(rule ->
                                new Constraint(Grammar.of("pattern", rule.language()))
                                        .matches(text));
    }

    private Expr number(SchemaFacts facts, boolean whole) {
        NumberRange range = facts.range();
        if (range.isEmpty()) {
            return Expr.NEVER;
        }
        if (range.unbounded() && !whole) {
            return json.number();
        }
        if (!range.writable()) {
            throw MalformedGrammar.inSchema(
                    facts.rangePointer(),
                    "the bounds have more than 40 digits before or %d after the point"
                            .formatted(NumberRange.MOST_PLACES));
        }
        return range.toExpr(whole);
    }

    private Expr string(SchemaFacts facts) {
        int min = facts.minLength();
        int max = facts.maxLength();
        List<SchemaFacts.TextRule> texts = facts.texts();
        if (min > max) {
            return Expr.NEVER;
        }
        if (texts.isEmpty()) {
            return json.string(min, max);
        }
        if (texts.size() == 1 && min == 0 && max == Expr.UNLIMITED) {
            return JsonRules.quoted(json.escaped(texts.getFirst().language()));
        }
        try {
            CharDfa dfa = CharDfa.of(texts.getFirst().language());
            for (SchemaFacts.TextRule other : texts.subList(1, texts.size())) {
                dfa = dfa.intersect(CharDfa.of(other.language()));
            }
            if (!dfa.lengthWithin(min, max)) {
                dfa = dfa.intersect(CharDfa.ofLength(min, max));
            }
            return dfa.isEmpty() ? Expr.NEVER : JsonRules.quoted(json.escaped(dfa.toExpr()));
        } catch (CharDfa.TooLarge _) {
            throw MalformedGrammar.inSchema(
                    texts.getFirst().pointer(),
                    "too large to be combined with another pattern or format, or with minLength and"
                            + " maxLength");
        }
    }

    private Expr array(SchemaFacts facts) {
        int prefix = facts.prefixLength();
        int min = facts.minItems();
        int max = facts.maxItems();
        boolean more = facts.openItems() || min > prefix;
        if (min > max) {
            return Expr.NEVER;
        }
        if (prefix == 0 && min == 0 && max == Expr.UNLIMITED && facts.item(0).isEmpty()) {
            return json.array();
        }
        int most = more ? max : Math.min(max, prefix);
        if (!facts.openItems()) {
            most = Math.min(most, Math.max(prefix, min));
        }
        var machine = new Expr.MachineBuilder();
        int end = machine.state();
        machine.accept(end);
        int at = machine.state();
        machine.edge(0, json.open("["), at);
        for (int i = 0; i <= Math.min(prefix, most); i++) {
            if (i >= min) {
                close(machine, i, at, end);
            }
            if (i == most) {
                return machine.build();
            }
            if (i < prefix) {
                Expr item = rule(facts.item(i));
                int next = machine.state();
                machine.edge(at, i == 0 ? item : Expr.seq(json.comma(), item), next);
                at = next;
            }
        }
        return rest(facts, machine, at, end, most);
    }

    /// Items beyond the prefix, at least one of them, up to `most` in all.
    private Expr rest(SchemaFacts facts, Expr.MachineBuilder machine, int at, int end, int most) {
        int prefix = facts.prefixLength();
        Expr item = rule(facts.item(prefix));
        int first = at;
        int done = prefix;
        if (prefix == 0) {
            first = machine.state();
            machine.edge(at, item, first);
            done = 1;
        }
        int least = Math.max(facts.minItems() - done, prefix == 0 ? 0 : 1);
        int greatest = most == Expr.UNLIMITED ? most : most - done;
        int last = machine.state();
        machine.edge(first, Expr.times(Expr.seq(json.comma(), item), least, greatest), last);
        close(machine, 1, last, end);
        return machine.build();
    }

    private void close(Expr.MachineBuilder machine, int items, int from, int to) {
        Expr bracket = Expr.literal("]");
        machine.edge(from, items == 0 ? bracket : Expr.seq(json.gap(), bracket), to);
    }

    /// Members in the order of the schema: `next[i]` is where the `i`th or a later one may begin.
    private Expr object(SchemaFacts facts) {
        checkCounts(facts);
        if (!facts.looksInside()) {
            return json.object();
        }
        List<String> names = List.copyOf(facts.properties());
        var machine = new Expr.MachineBuilder();
        int end = machine.state();
        machine.accept(end);
        int[] next = new int[names.size() + 1];
        for (int i = 0; i < next.length; i++) {
            next[i] = machine.state();
        }
        machine.edge(0, json.open("{"), next[0]);
        boolean optional = true; // all that is still to come, seen from the end
        Expr close = Expr.seq(json.gap(), Expr.literal("}"));
        additional(facts, machine, next[names.size()], end);
        for (int i = names.size() - 1; i >= 0; i--) {
            String name = names.get(i);
            int after = machine.state();
            Expr value = rule(facts.member(name));
            machine.edge(next[i], json.member(JsonRules.key(name), value), after);
            machine.edge(after, json.comma(), next[i + 1]);
            if (optional) {
                machine.edge(after, close, end);
            }
            if (!facts.required().contains(name)) {
                machine.edge(next[i], Expr.EMPTY, next[i + 1]);
            } else {
                optional = false;
            }
        }
        if (optional && facts.minProperties() == 0) {
            machine.edge(0, Expr.seq(json.open("{"), Expr.literal("}")), end);
        }
        return machine.build();
    }

    /// Members that are not declared, at least one of them, and the end of the object.
    private void additional(SchemaFacts facts, Expr.MachineBuilder machine, int from, int end) {
        if (!facts.open()) {
            return;
        }
        Expr member = json.member(otherKey(facts), rule(facts.additional()));
        machine.edge(
                from,
                Expr.seq(
                        member,
                        Expr.star(Expr.seq(json.comma(), member)),
                        json.gap(),
                        Expr.literal("}")),
                end);
    }

    /// Any name but the declared ones, which a second spelling with escapes would hide.
    private Expr otherKey(SchemaFacts facts) {
        if (facts.properties().isEmpty()) {
            return json.string();
        }
        try {
            CharDfa names = CharDfa.of(new Expr.Literals(List.copyOf(facts.properties())));
            return JsonRules.quoted(json.escaped(names.complement().toExpr()));
        } catch (CharDfa.TooLarge _) {
            throw MalformedGrammar.inSchema(
                    facts.additional().getFirst(),
                    "too many or too long names of properties to allow others beside them");
        }
    }

    private static void checkCounts(SchemaFacts facts) {
        int least = Math.max(1, facts.required().size());
        boolean closed = !facts.open() || facts.maxProperties() == Expr.UNLIMITED;
        if (facts.minProperties() > least
                || facts.maxProperties() < facts.properties().size()
                || !closed) {
            throw MalformedGrammar.inSchema(
                    facts.countPointer(),
                    "the number of properties cannot be counted; supported are minProperties up to"
                            + " 1 or the number of required ones, and maxProperties where the"
                            + " schema allows no more anyway");
        }
    }
}
