package dev.minke.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// What [WeightMemoryTests] also runs in JVMs of its own; needs no test library.
final class WeightMemoryCheck {
    private WeightMemoryCheck() {}

    /// Check memory of the kind that this JVM gets, and print which it is.
    public static void main(String[] args) {
        WeightMemory memory = new WeightMemory();
        System.out.println(memory.describe());
        check(memory, 300 << 20);
        System.out.println("done");
    }

    /// Take pieces of many sizes, write to both ends of each and close.
    ///
    /// @param largest bytes of the largest, 300 MB or more for one that is larger than a slab
    /// @return a piece, which is no longer valid
    static MemorySegment check(WeightMemory memory, long largest) {
        List<MemorySegment> all = new ArrayList<>();
        long[] sizes = {1, 0, 100, 4096, 3 << 20, 2 * largest / 3, largest, 20 << 20, 64};
        for (long size : sizes) {
            for (long alignment : new long[] {1, 64, 4096}) {
                if (size > 100 << 20 && alignment > 1) {
                    continue; // the many are enough
                }
                MemorySegment piece = memory.allocate(size, alignment);
                require(piece.byteSize() == size, "size " + piece.byteSize());
                require(piece.address() % alignment == 0, "alignment of " + piece.address());
                if (size > 0) {
                    byte sum = 0;
                    for (long at = 0; at < size; at += 1023) {
                        sum |= piece.get(ValueLayout.JAVA_BYTE, at);
                    }
                    require(sum == 0, "old content");
                    piece.set(ValueLayout.JAVA_BYTE, 0, (byte) (all.size() + 1));
                    piece.set(ValueLayout.JAVA_BYTE, size - 1, (byte) (all.size() + 1));
                }
                all.add(piece);
            }
        }
        for (int i = 0; i < all.size(); i++) {
            MemorySegment piece = all.get(i);
            if (piece.byteSize() > 0) {
                require(piece.get(ValueLayout.JAVA_BYTE, 0) == i + 1, "overlap at start");
                long last = piece.byteSize() - 1;
                require(piece.get(ValueLayout.JAVA_BYTE, last) == i + 1, "overlap at end");
            }
        }
        memory.close();
        return all.getFirst();
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalStateException(what);
        }
    }
}
