package dev.minke.model.template;

import org.jspecify.annotations.Nullable;

/// The operators that compare.
enum Comparison {
    EQUAL("=="),
    NOT_EQUAL("!="),
    LESS("<"),
    LESS_OR_EQUAL("<="),
    GREATER(">"),
    GREATER_OR_EQUAL(">="),
    IN("in"),
    NOT_IN("not in");

    private final String symbol;

    Comparison(String symbol) {
        this.symbol = symbol;
    }

    String symbol() {
        return symbol;
    }

    static @Nullable Comparison of(String symbol) {
        for (Comparison comparison : values()) {
            if (comparison.symbol.equals(symbol)) {
                return comparison;
            }
        }
        return null;
    }

    boolean test(Rendering r, Value a, Value b) {
        return switch (this) {
            case EQUAL -> Operators.equal(r, a, b);
            case NOT_EQUAL -> !Operators.equal(r, a, b);
            case LESS, LESS_OR_EQUAL, GREATER, GREATER_OR_EQUAL -> Operators.ordered(r, this, a, b);
            case IN -> Operators.contains(r, b, a);
            case NOT_IN -> !Operators.contains(r, b, a);
        };
    }

    /// What the order of two values, as from a comparator, means for an ordering operator.
    boolean holds(int order) {
        return switch (this) {
            case LESS -> order < 0;
            case LESS_OR_EQUAL -> order <= 0;
            case GREATER -> order > 0;
            case GREATER_OR_EQUAL -> order >= 0;
            case EQUAL -> order == 0;
            case NOT_EQUAL -> order != 0;
            case IN, NOT_IN -> throw new IllegalStateException(symbol + " is no ordering");
        };
    }
}
