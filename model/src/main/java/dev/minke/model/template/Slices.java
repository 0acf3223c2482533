package dev.minke.model.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;

/// Slices with steps, of texts (by code points), lists, tuples and ranges.
final class Slices {
    private Slices() {}

    private record Bounds(long start, long step, int count) {
        int index(int i) {
            return (int) (start + i * step);
        }
    }

    static Value slice(Rendering r, Value value, Value from, Value to, Value by) {
        if (value instanceof Undefined undefined) {
            throw r.fail(undefined.message());
        }
        boolean sliced = value instanceof Text || value instanceof Items || value instanceof Range;
        if (!sliced) {
            throw r.fail("'%s' object has no slices".formatted(value.type()));
        }
        if (!isPart(from) || !isPart(to) || !isPart(by)) {
            throw r.fail("slice indices must be integers or None");
        }
        return switch (value) {
            case Text text -> text(r, text, from, to, by);
            case Items items -> {
                Bounds bounds = bounds(r, items.values().size(), from, to, by);
                yield items.like(r, pick(r, items.values(), bounds));
            }
            case Range range -> {
                Bounds bounds = bounds(r, range.size(), from, to, by);
                long start = range.start() + bounds.start() * range.step();
                long step = range.step() * bounds.step();
                yield new Range(start, start + bounds.count() * step, step);
            }
            default -> throw new IllegalStateException("not sliced: " + value.type());
        };
    }

    private static boolean isPart(Value part) {
        return part == None.NONE || Numbers.integer(part) != null;
    }

    private static List<Value> pick(Rendering r, List<Value> values, Bounds bounds) {
        r.grow(bounds.count());
        if (bounds.step() == 1) {
            int start = bounds.index(0);
            return bounds.count() == 0
                    ? List.of()
                    : List.copyOf(values.subList(start, start + bounds.count()));
        }
        List<Value> picked = new ArrayList<>(bounds.count());
        for (int i = 0; i < bounds.count(); i++) {
            picked.add(values.get(bounds.index(i)));
        }
        return picked;
    }

    private static Text text(Rendering r, Text text, Value from, Value to, Value by) {
        String string = text.string();
        r.scan(string.length());
        Bounds bounds = bounds(r, Chars.length(string), from, to, by);
        if (bounds.count() == 0) {
            return new Text("", text.safe());
        }
        r.characters(2L * bounds.count());
        if (bounds.step() == 1) {
            int start = string.offsetByCodePoints(0, bounds.index(0));
            int end = string.offsetByCodePoints(start, bounds.count());
            return new Text(string.substring(start, end), text.safe());
        }
        if (!Chars.isFlat(string)) {
            r.characters(2L * string.length());
            int[] points = string.codePoints().toArray();
            int[] picked = new int[bounds.count()];
            for (int i = 0; i < picked.length; i++) {
                picked[i] = points[bounds.index(i)];
            }
            return new Text(new String(picked, 0, picked.length), text.safe());
        }
        char[] picked = new char[bounds.count()];
        for (int i = 0; i < picked.length; i++) {
            picked[i] = string.charAt(bounds.index(i));
        }
        return new Text(new String(picked), text.safe());
    }

    private static Bounds bounds(Rendering r, int length, Value from, Value to, Value by) {
        long step = part(by, 1, length);
        if (step == 0) {
            throw r.fail("slice step cannot be zero");
        }
        long least = step > 0 ? 0 : -1;
        long most = step > 0 ? length : length - 1L;
        long start = clamp(part(from, step > 0 ? least : most, length), from, length, least, most);
        long stop = clamp(part(to, step > 0 ? most : least, length), to, length, least, most);
        long span = step > 0 ? stop - start : start - stop;
        int count = span <= 0 ? 0 : (int) (1 + (span - 1) / Math.abs(step));
        return new Bounds(start, step, count);
    }

    /// A part as a number; far outside of the value it is as good as any.
    private static long part(Value part, long otherwise, int length) {
        BigInteger number = Numbers.integer(part);
        if (number == null) {
            return otherwise;
        }
        long far = 2L * length + 2;
        return number.bitLength() > 40
                ? number.signum() * far
                : Math.max(-far, Math.min(far, number.longValue()));
    }

    private static long clamp(long part, Value given, int length, long least, long most) {
        long index = given != None.NONE && part < 0 ? part + length : part;
        return Math.max(least, Math.min(most, index));
    }
}
