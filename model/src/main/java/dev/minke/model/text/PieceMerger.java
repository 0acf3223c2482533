package dev.minke.model.text;

import java.util.Arrays;

/// Merge the pairs of one piece, lowest rank first and leftmost among equals.
///
/// Short pieces are scanned again after each merge; long ones use a heap over a linked list, so
/// that a run of n bytes costs O(n log n). Reused between pieces, not thread-safe.
final class PieceMerger {
    // Below this length a scan of the ranks is cheaper than keeping a heap in order.
    private static final int SHORT = 48;

    private final MergeTable table;
    private int[] ranks = new int[SHORT];
    private int[] next = {};
    private int[] previous = {};
    private long[] heap = {};
    private int heapSize;

    PieceMerger(MergeTable table) {
        this.table = table;
    }

    /// Merge the first `count` symbols in place and give the number that is left.
    int merge(int[] symbols, int count) {
        if (count < 2 || table.isEmpty()) {
            return count;
        }
        return count <= SHORT ? mergeByScan(symbols, count) : mergeByHeap(symbols, count);
    }

    private int mergeByScan(int[] symbols, int count) {
        int n = count;
        for (int i = 0; i + 1 < n; i++) {
            ranks[i] = table.rank(symbols[i], symbols[i + 1]);
        }
        while (n > 1) {
            int best = 0;
            for (int i = 1; i + 1 < n; i++) {
                if (ranks[i] < ranks[best]) {
                    best = i;
                }
            }
            if (ranks[best] == MergeTable.NONE) {
                break;
            }
            symbols[best] = table.merged(ranks[best]);
            System.arraycopy(symbols, best + 2, symbols, best + 1, n - best - 2);
            n--;
            if (best + 1 < n) {
                System.arraycopy(ranks, best + 1, ranks, best, n - best - 1);
                ranks[best] = table.rank(symbols[best], symbols[best + 1]);
            }
            if (best > 0) {
                ranks[best - 1] = table.rank(symbols[best - 1], symbols[best]);
            }
        }
        return n;
    }

    private int mergeByHeap(int[] symbols, int count) {
        reserve(count);
        heapSize = 0;
        for (int i = 0; i < count; i++) {
            previous[i] = i - 1;
            next[i] = i + 1;
        }
        for (int i = 0; i + 1 < count; i++) {
            offer(symbols, i, i + 1);
        }
        while (heapSize > 0) {
            long top = poll();
            int rank = (int) (top >>> 32);
            int at = (int) top;
            int right = next[at];
            // A dead symbol is -1 and has no rank; a pair that changed has another rank.
            if (right >= count || table.rank(symbols[at], symbols[right]) != rank) {
                continue;
            }
            symbols[at] = table.merged(rank);
            symbols[right] = -1;
            next[at] = next[right];
            if (next[at] < count) {
                previous[next[at]] = at;
                offer(symbols, at, next[at]);
            }
            if (previous[at] >= 0) {
                offer(symbols, previous[at], at);
            }
        }
        return pack(symbols, count);
    }

    private static int pack(int[] symbols, int count) {
        int n = 0;
        for (int i = 0; i < count; i++) {
            if (symbols[i] >= 0) {
                symbols[n++] = symbols[i];
            }
        }
        return n;
    }

    private void reserve(int count) {
        if (next.length < count) {
            next = new int[count];
            previous = new int[count];
        }
        if (heap.length < count) {
            heap = new long[count];
        }
    }

    private void offer(int[] symbols, int left, int right) {
        int rank = table.rank(symbols[left], symbols[right]);
        if (rank == MergeTable.NONE) {
            return;
        }
        if (heapSize == heap.length) {
            heap = Arrays.copyOf(heap, heap.length + (heap.length >> 1) + 1);
        }
        long entry = (long) rank << 32 | left;
        int i = heapSize++;
        while (i > 0 && heap[i - 1 >> 1] > entry) {
            heap[i] = heap[i - 1 >> 1];
            i = i - 1 >> 1;
        }
        heap[i] = entry;
    }

    private long poll() {
        long top = heap[0];
        long last = heap[--heapSize];
        int i = 0;
        while (2 * i + 1 < heapSize) {
            int child = 2 * i + 1;
            if (child + 1 < heapSize && heap[child + 1] < heap[child]) {
                child++;
            }
            if (heap[child] >= last) {
                break;
            }
            heap[i] = heap[child];
            i = child;
        }
        heap[i] = last;
        return top;
    }
}
