package dev.minke.infer.constrain;

import dev.minke.infer.constrain.SchemaSource.Conjunction;
import java.math.BigDecimal;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/// Proves that no value matches two schemas at once, as the alternatives of a `oneOf` demand.
///
/// Looks at types, constants, ranges, lengths, required members and first items, some levels deep.
/// What it cannot prove counts as overlapping.
final class SchemaDisjoint {
    private static final int DEEPEST = 4;
    private static final int MOST_CHOICES = 64;
    private static final long MOST_WORK = 5_000_000; // looks at values; a second or so

    private final SchemaSource source;
    private long work;

    SchemaDisjoint(SchemaSource source) {
        this.source = source;
    }

    boolean proven(Conjunction one, Conjunction other) {
        return proven(one, other, 0);
    }

    private boolean proven(Conjunction one, Conjunction other, int depth) {
        if (depth > DEEPEST || work > MOST_WORK) {
            return false;
        }
        work += 10;
        List<SchemaFacts> left = facts(one);
        List<SchemaFacts> right = facts(other);
        return left.stream().allMatch(a -> right.stream().allMatch(b -> facts(a, b, depth)));
    }

    private List<SchemaFacts> facts(Conjunction conjunction) {
        return source.choices(conjunction, MOST_CHOICES).stream()
                .map(choice -> new SchemaFacts(source, choice.parts()))
                .toList();
    }

    private boolean facts(SchemaFacts a, SchemaFacts b, int depth) {
        if (a.never() || b.never()) {
            return true;
        }
        if (a.values() != null) {
            return noneMatches(a.values(), b);
        }
        if (b.values() != null) {
            return noneMatches(b.values(), a);
        }
        Set<JsonType> both = EnumSet.copyOf(a.types());
        both.retainAll(b.types());
        return both.stream().allMatch(type -> apart(type, a, b, depth));
    }

    private boolean noneMatches(List<JsonNode> values, SchemaFacts facts) {
        work += (long) values.size() * (facts.values() == null ? 1 : facts.values().size());
        return work <= MOST_WORK && values.stream().noneMatch(value -> mayMatch(value, facts));
    }

    private boolean apart(JsonType type, SchemaFacts a, SchemaFacts b, int depth) {
        return switch (type) {
            case NULL, BOOLEAN -> false;
            case INTEGER, FRACTION -> a.range().intersect(b.range()).isEmpty();
            case STRING ->
                    a.minLength() > b.maxLength()
                            || b.minLength() > a.maxLength()
                            || textsApart(a, b);
            case ARRAY -> arraysApart(a, b, depth);
            case OBJECT -> objectsApart(a, b, depth);
        };
    }

    private boolean textsApart(SchemaFacts a, SchemaFacts b) {
        for (SchemaFacts.TextRule left : a.texts()) {
            for (SchemaFacts.TextRule right : b.texts()) {
                work += MOST_WORK / 100;
                if (left.exact() && right.exact() && work <= MOST_WORK && apart(left, right)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean apart(SchemaFacts.TextRule left, SchemaFacts.TextRule right) {
        try {
            return CharDfa.of(left.language()).intersect(CharDfa.of(right.language())).isEmpty();
        } catch (CharDfa.TooLarge _) {
            return false;
        }
    }

    private boolean arraysApart(SchemaFacts a, SchemaFacts b, int depth) {
        if (a.minItems() > b.maxItems() || b.minItems() > a.maxItems()) {
            return true;
        }
        int sure = Math.max(a.minItems(), b.minItems());
        int different = Math.max(a.prefixLength(), b.prefixLength()) + 1;
        for (int i = 0; i < Math.min(sure, different); i++) {
            if (childrenApart(a.item(i), b.item(i), depth)) {
                return true;
            }
        }
        return false;
    }

    private boolean objectsApart(SchemaFacts a, SchemaFacts b, int depth) {
        if (a.minProperties() > b.maxProperties() || b.minProperties() > a.maxProperties()) {
            return true;
        }
        Set<String> sure = new TreeSet<>(a.required());
        sure.addAll(b.required());
        return sure.stream().anyMatch(name -> childrenApart(a.member(name), b.member(name), depth));
    }

    private boolean childrenApart(List<String> a, List<String> b, int depth) {
        return proven(source.conjunction(a), source.conjunction(b), depth + 1);
    }

    /// Tell whether a value can match, as far as it is looked at.
    private static boolean mayMatch(JsonNode value, SchemaFacts facts) {
        if (!facts.types().contains(JsonType.of(value))) {
            return false;
        }
        if (facts.values() != null
                && facts.values().stream().noneMatch(other -> JsonType.same(value, other))) {
            return false;
        }
        if (value.isNumber()) {
            BigDecimal number = value.decimalValue();
            return facts.range().contains(number);
        }
        if (value.isString()) {
            int length = value.stringValue().codePointCount(0, value.stringValue().length());
            return length >= facts.minLength() && length <= facts.maxLength();
        }
        return true;
    }
}
