package dev.minke.infer.constrain;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The decimal numbers between two bounds, without exponent, as an automaton over digits.
///
/// @param min lower bound, or null
/// @param minOpen whether the lower bound itself is excluded
/// @param max upper bound, or null
/// @param maxOpen whether the upper bound itself is excluded
record NumberRange(
        @Nullable BigDecimal min, boolean minOpen, @Nullable BigDecimal max, boolean maxOpen) {
    private static final int MOST_WHOLE_DIGITS = 40;
    static final int MOST_PLACES = 30;
    private static final int USUAL_WHOLE_DIGITS = 18;

    static final NumberRange ALL = new NumberRange(null, false, null, false);

    boolean unbounded() {
        return min == null && max == null;
    }

    boolean contains(BigDecimal value) {
        return (min == null || value.compareTo(min) >= (minOpen ? 1 : 0))
                && (max == null || value.compareTo(max) <= (maxOpen ? -1 : 0));
    }

    NumberRange intersect(NumberRange other) {
        boolean otherMin =
                min == null
                        || other.min != null
                                && (other.min.compareTo(min) > 0
                                        || other.min.compareTo(min) == 0 && other.minOpen);
        boolean otherMax =
                max == null
                        || other.max != null
                                && (other.max.compareTo(max) < 0
                                        || other.max.compareTo(max) == 0 && other.maxOpen);
        return new NumberRange(
                otherMin ? other.min : min,
                otherMin ? other.minOpen : minOpen,
                otherMax ? other.max : max,
                otherMax ? other.maxOpen : maxOpen);
    }

    boolean isEmpty() {
        if (min == null || max == null) {
            return false;
        }
        int order = min.compareTo(max);
        return order > 0 || order == 0 && (minOpen || maxOpen);
    }

    /// Tell whether the bounds have few enough digits to be written as an automaton.
    boolean writable() {
        return writable(min) && writable(max);
    }

    private static boolean writable(@Nullable BigDecimal bound) {
        return bound == null
                || bound.stripTrailingZeros().scale() <= MOST_PLACES
                        && bound.precision() - bound.scale() <= MOST_WHOLE_DIGITS;
    }

    /// Write the numbers; `whole` ones only, or with up to 16 places (or those of a bound).
    Expr toExpr(boolean whole) {
        BigDecimal low = min != null && min.signum() >= 0 ? min : null;
        BigDecimal high = max != null && max.signum() < 0 ? max : null;
        Expr positive =
                max != null && max.signum() < 0
                        ? Expr.NEVER
                        : magnitudes(low, minOpen, false, max, maxOpen, whole);
        Expr negative =
                min != null && min.signum() >= 0
                        ? Expr.NEVER
                        : magnitudes(negated(high), maxOpen, true, negated(min), minOpen, whole);
        return Expr.alt(positive, Expr.seq(Expr.literal("-"), negative));
    }

    /// Numbers without sign from `from`, or else from zero, which `-0` must not be.
    private static Expr magnitudes(
            @Nullable BigDecimal from,
            boolean fromOpen,
            boolean zeroOpen,
            @Nullable BigDecimal to,
            boolean toOpen,
            boolean whole) {
        return from == null
                ? new Magnitudes(BigDecimal.ZERO, zeroOpen, to, toOpen, whole).toExpr()
                : new Magnitudes(from, fromOpen, to, toOpen, whole).toExpr();
    }

    private static @Nullable BigDecimal negated(@Nullable BigDecimal bound) {
        return bound == null ? null : bound.negate();
    }

    /// Numbers without sign. A state knows where it is and whether the digits so far equal those of
    /// a bound; if they do not, the bound is kept whatever follows.
    private static final class Magnitudes {
        private record State(int wholeDigits, int at, boolean onMin, boolean onMax) {}

        private final Expr.MachineBuilder machine = new Expr.MachineBuilder();
        private final Map<State, Integer> known = new HashMap<>();
        private final boolean minOpen;
        private final boolean maxOpen;
        private final String minWhole;
        private final String minPlaces;
        private final String maxWhole; // empty: no upper bound
        private final String maxPlaces;
        private final int mostDigits;
        private final int places;

        Magnitudes(
                BigDecimal min,
                boolean minOpen,
                @Nullable BigDecimal max,
                boolean maxOpen,
                boolean whole) {
            this.minOpen = minOpen;
            this.maxOpen = maxOpen;
            this.minWhole = whole(min);
            this.minPlaces = places(min);
            this.maxWhole = max == null ? "" : whole(max);
            this.maxPlaces = max == null ? "" : places(max);
            int usual = whole ? USUAL_WHOLE_DIGITS : JsonRules.MOST_DIGITS;
            this.mostDigits = max == null ? Math.max(usual, minWhole.length()) : maxWhole.length();
            int longest = Math.max(minPlaces.length(), maxPlaces.length());
            this.places = whole ? 0 : Math.max(JsonRules.MOST_DIGITS, longest);
        }

        private static String whole(BigDecimal value) {
            return value.setScale(0, RoundingMode.DOWN).toPlainString();
        }

        private static String places(BigDecimal value) {
            String plain = value.stripTrailingZeros().toPlainString();
            int point = plain.indexOf('.');
            return point < 0 ? "" : plain.substring(point + 1);
        }

        Expr toExpr() {
            for (int digits = minWhole.length(); digits <= mostDigits; digits++) {
                boolean onMin = digits == minWhole.length();
                boolean onMax = digits == maxWhole.length();
                machine.edge(0, Expr.EMPTY, state(new State(digits, 0, onMin, onMax)));
            }
            return machine.build();
        }

        private int state(State state) {
            Integer number = known.get(state);
            if (number != null) {
                return number;
            }
            int made = machine.state();
            known.put(state, made);
            int place = state.at - state.wholeDigits; // after the point
            if (place >= 0 && complete(state, place)) {
                machine.accept(made);
            }
            if (place < 0 || place > 0) {
                digits(state, made, place);
            } else if (places > 0) {
                int point = machine.state();
                machine.edge(made, Expr.literal("."), point);
                digits(state, point, 0);
            }
            return made;
        }

        private void digits(State state, int from, int place) {
            if (place >= places && place >= 0) {
                return;
            }
            boolean leading = state.at == 0 && state.wholeDigits > 1;
            int lo = state.onMin ? digit(minWhole, minPlaces, state.at, place) : 0;
            int hi = state.onMax ? digit(maxWhole, maxPlaces, state.at, place) : 9;
            for (int d = Math.max(lo, leading ? 1 : 0); d <= hi; d++) {
                var next =
                        new State(
                                state.wholeDigits,
                                state.at + 1,
                                state.onMin && d == lo,
                                state.onMax && d == hi);
                machine.edge(from, Expr.literal(Integer.toString(d)), state(next));
            }
        }

        private static int digit(String whole, String places, int at, int place) {
            String digits = place < 0 ? whole : places;
            int index = place < 0 ? at : place;
            return index < digits.length() ? digits.charAt(index) - '0' : 0;
        }

        /// Tell whether the number may stop here, after `place` places.
        private boolean complete(State state, int place) {
            boolean minReached = place >= minPlaces.length();
            boolean maxReached = place >= maxPlaces.length();
            return (!state.onMin || minReached && !minOpen)
                    && (!state.onMax || !maxReached || !maxOpen);
        }
    }
}
