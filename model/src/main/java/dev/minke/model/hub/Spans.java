package dev.minke.model.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Which bytes of a file are there: disjoint spans in order. Not safe for several threads.
final class Spans {
    /// Bytes `from` to `to`, the latter not included.
    record Span(long from, long to) {
        Span {
            if (from < 0 || to < from) {
                throw new IllegalArgumentException("span %d to %d".formatted(from, to));
            }
        }

        long length() {
            return to - from;
        }
    }

    private final TreeMap<Long, Long> ends = new TreeMap<>();

    /// Add a span, which may overlap others.
    void add(Span span) {
        if (span.length() == 0) {
            return;
        }
        long from = span.from();
        long to = span.to();
        for (Map.Entry<Long, Long> before = ends.floorEntry(to);
                before != null && before.getValue() >= from;
                before = ends.floorEntry(to)) {
            from = Math.min(from, before.getKey());
            to = Math.max(to, before.getValue());
            ends.remove(before.getKey());
        }
        ends.put(from, to);
    }

    void clear() {
        ends.clear();
    }

    long bytes() {
        long bytes = 0;
        for (Map.Entry<Long, Long> span : ends.entrySet()) {
            bytes += span.getValue() - span.getKey();
        }
        return bytes;
    }

    /// What is not there below `size`, cut so that no piece is longer than `most`.
    List<Span> missing(long size, long most) {
        List<Span> pieces = new ArrayList<>();
        long at = 0;
        for (Map.Entry<Long, Long> span : ends.entrySet()) {
            cut(at, Math.min(span.getKey(), size), most, pieces);
            at = span.getValue();
        }
        cut(at, size, most, pieces);
        return pieces;
    }

    private static void cut(long from, long to, long most, List<Span> pieces) {
        for (long at = from; at < to; ) {
            long end = to - at <= most ? to : at + most;
            pieces.add(new Span(at, end));
            at = end;
        }
    }
}
