package dev.minke.model.checkpoint.gguf;

import java.util.NavigableMap;
import java.util.TreeMap;

/// Which bytes of a tensor have been taken by a writer, and how many are on their way to the disk.
///
/// Pieces that touch become one, so what is kept is as small as the gaps are few. Not safe for
/// several threads.
final class Extents {
    private final long size;
    private final NavigableMap<Long, Long> endOf = new TreeMap<>();
    private long written;

    Extents(long size) {
        this.size = size;
    }

    /// Take the bytes from `start` to before `end`.
    ///
    /// @return whether none of them had been taken
    boolean claim(long start, long end) {
        var before = endOf.floorEntry(start);
        Long after = endOf.higherKey(start);
        if (before != null && before.getValue() > start || after != null && after < end) {
            return false;
        }
        long from = before != null && before.getValue() == start ? before.getKey() : start;
        Long joined = endOf.remove(end);
        endOf.put(from, joined == null ? end : joined);
        return true;
    }

    void addWritten(long count) {
        written += count;
    }

    long written() {
        return written;
    }

    boolean complete() {
        return written == size;
    }
}
