package dev.minke.it;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;

/// Damage that knows of no format: bits, pieces, lengths, numbers in odd places.
///
/// @param header how many bytes at the start are worth most of the attention, by file
record DamageBytes(Header header) implements Damage.Mutator {
    static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// Sizes, counts and offsets that arithmetic gets wrong.
    private static final long[] ODD = {
        0,
        1,
        2,
        3,
        7,
        8,
        31,
        32,
        33,
        255,
        256,
        65_535,
        65_536,
        1 << 20,
        1 << 24,
        (1 << 24) + 1,
        100_000_000,
        0x7fff_ffffL,
        0x8000_0000L,
        0xffff_ffffL,
        1L << 32,
        1L << 40,
        1L << 62,
        Long.MAX_VALUE,
        Long.MAX_VALUE - 7,
        Long.MAX_VALUE - 31,
        Long.MIN_VALUE,
        -1,
        -2,
        -8,
        -32
    };

    /// Finds the end of what describes the rest.
    @FunctionalInterface
    interface Header {
        /// The number of bytes.
        int length(byte[] file);
    }

    /// A number that is often too large, too small or negative.
    static long odd(Random random) {
        return switch (random.nextInt(8)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextInt(1000);
            default -> ODD[random.nextInt(ODD.length)];
        };
    }

    @Override
    public Damage damage(byte[] original, Random random) {
        int size = original.length;
        int head = Math.clamp(header.length(original), 1, size);
        byte[] bytes = original.clone();
        MemorySegment segment = MemorySegment.ofArray(bytes);
        int at = random.nextInt(random.nextInt(4) == 0 ? size : head);
        int length = 1 + random.nextInt(64);
        switch (random.nextInt(12)) {
            case 0 -> {
                return new Damage("cut: to " + at, Arrays.copyOf(bytes, at));
            }
            case 1 -> {
                int cut = size - 1 - random.nextInt(Math.min(size, 64));
                return new Damage("cut: to " + cut, Arrays.copyOf(bytes, cut));
            }
            case 2 -> {
                return new Damage("extended: by " + length, Arrays.copyOf(bytes, size + length));
            }
            case 3 -> {
                return new Damage(
                        "piece lost: %d at %d".formatted(length, at),
                        splice(bytes, at, Math.min(length, size - at), new byte[0]));
            }
            case 4 -> {
                byte[] piece = new byte[length];
                random.nextBytes(piece);
                return new Damage(
                        "piece put in: %d at %d".formatted(length, at),
                        splice(bytes, at, 0, piece));
            }
            case 5 -> {
                byte fill = (byte) (random.nextBoolean() ? 0 : random.nextInt(256));
                Arrays.fill(bytes, at, Math.min(size, at + length), fill);
                return new Damage("run: of %d from %d to %d".formatted(fill, at, length), bytes);
            }
            case 6 -> {
                int count = Math.min(length, size - at);
                System.arraycopy(original, random.nextInt(size - count + 1), bytes, at, count);
                return new Damage("piece copied: %d to %d".formatted(count, at), bytes);
            }
            case 7, 8 -> {
                int place = Math.min(at, size - 8);
                if (place < 0) {
                    return new Damage("emptied", new byte[0]);
                }
                long value = odd(random);
                if (random.nextBoolean()) {
                    segment.set(LONG, place, value);
                } else {
                    segment.set(INT, place, (int) value);
                }
                return new Damage("number: %d at %d".formatted(value, place), bytes);
            }
            default -> {
                int flips = 1 + random.nextInt(random.nextBoolean() ? 1 : 8);
                for (int i = 0; i < flips; i++) {
                    bytes[random.nextInt(i % 2 == 0 ? head : size)] ^=
                            (byte) (1 << random.nextInt(8));
                }
                return new Damage("bits: " + flips, bytes);
            }
        }
    }

    /// Replace `length` bytes from `at` on.
    static byte[] splice(byte[] bytes, int at, int length, byte[] with) {
        byte[] spliced = Arrays.copyOf(bytes, bytes.length - length + with.length);
        System.arraycopy(with, 0, spliced, at, with.length);
        System.arraycopy(bytes, at + length, spliced, at + with.length, bytes.length - at - length);
        return spliced;
    }
}
