package dev.minke.model.template;

import java.math.BigInteger;
import java.util.Iterator;
import java.util.function.UnaryOperator;

/// The filters on numbers, and those that make one of many values.
final class NumberFilters {
    private NumberFilters() {}

    static Value abs(Rendering r, Value input, Args args) {
        args.bind(r, "abs");
        BigInteger integer = Numbers.integer(input);
        if (integer != null) {
            return Int.of(integer.abs());
        }
        return switch (input) {
            case Real real -> new Real(Math.abs(real.value()));
            case Undefined undefined -> throw r.fail(undefined.message());
            default -> throw r.fail("bad operand type for abs(): '%s'".formatted(input.type()));
        };
    }

    static Value toInt(Rendering r, Value input, Args args) {
        Args.Bound bound = args.bind(r, "int", "default", "base");
        BigInteger integer = Numbers.integer(input);
        if (integer != null) {
            return Int.of(integer);
        }
        Value otherwise = bound.or(0, Int.of(0));
        return switch (input) {
            case Real real -> {
                if (Double.isNaN(real.value())) {
                    yield otherwise;
                }
                yield Numbers.truncate(r, real.value());
            }
            case Text text -> {
                BigInteger whole = Numbers.parseInteger(r, text.string(), bound.integerOr(1, 10));
                if (whole != null) {
                    yield Int.of(whole);
                }
                Double real = Numbers.parseReal(text.string());
                yield real == null || real.isNaN() || real.isInfinite()
                        ? otherwise
                        : Numbers.truncate(r, real);
            }
            case Undefined undefined -> throw r.fail(undefined.message());
            default -> otherwise;
        };
    }

    static Value toFloat(Rendering r, Value input, Args args) {
        Args.Bound bound = args.bind(r, "float", "default");
        if (Numbers.isNumber(input)) {
            return new Real(Numbers.real(r, input));
        }
        if (input instanceof Undefined undefined) {
            throw r.fail(undefined.message());
        }
        if (input instanceof Text text) {
            r.characters(2L * text.string().length() + 512);
            Double real = Numbers.parseReal(text.string());
            if (real != null) {
                return new Real(real);
            }
        }
        return bound.or(0, new Real(0));
    }

    static Value round(Rendering r, Value input, Args args) {
        Args.Bound bound = args.bind(r, "round", "precision", "method");
        int digits = bound.integerOr(0, 0);
        String method = bound.textOr(1, "common");
        if (input instanceof Undefined undefined) {
            throw r.fail(undefined.message());
        }
        if (!Numbers.isNumber(input)) {
            throw r.fail("type %s has no rounding".formatted(input.type()));
        }
        if (method.equals("common")) {
            return Numbers.round(r, input, digits);
        }
        boolean up = method.equals("ceil");
        if (!up && !method.equals("floor")) {
            throw r.fail("method must be common, ceil or floor");
        }
        Value scale = Numbers.apply(r, "**", Int.of(10), Int.of(digits));
        Value scaled = Numbers.apply(r, "*", input, scale);
        if (scaled instanceof Real real) {
            double whole = up ? Math.ceil(real.value()) : Math.floor(real.value());
            scaled = Numbers.truncate(r, whole);
        }
        return Numbers.apply(r, "/", scaled, scale);
    }

    static Value sum(Rendering r, Value input, Args args) {
        Args.Bound bound = args.bind(r, "sum", "attribute", "start");
        UnaryOperator<Value> key = SequenceFilters.key(r, bound.or(0, None.NONE), null, true);
        Value sum = bound.or(1, Int.of(0));
        if (sum instanceof Text) {
            throw r.fail("sum() can't sum strings");
        }
        for (Iterator<Value> all = Iteration.over(r, input); all.hasNext(); ) {
            r.step();
            sum = Operators.apply(r, "+", sum, key.apply(all.next()));
        }
        return sum;
    }

    /// The least or the greatest value; the first of several.
    static Value best(Rendering r, Value input, Args args, boolean greatest) {
        Args.Bound bound = args.bind(r, greatest ? "max" : "min", "case_sensitive", "attribute");
        UnaryOperator<Value> key =
                SequenceFilters.key(r, bound.or(1, None.NONE), null, bound.flag(0, false));
        Iterator<Value> all = Iteration.over(r, input);
        if (!all.hasNext()) {
            return Undefined.hint("No aggregated item, sequence was empty.");
        }
        Comparison better = greatest ? Comparison.GREATER : Comparison.LESS;
        Value best = all.next();
        Value bestKey = key.apply(best);
        while (all.hasNext()) {
            Value value = all.next();
            Value now = key.apply(value);
            if (Operators.ordered(r, better, now, bestKey)) {
                best = value;
                bestKey = now;
            }
        }
        return best;
    }
}
