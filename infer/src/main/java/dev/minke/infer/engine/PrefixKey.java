package dev.minke.infer.engine;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/// Names a prefix of whole blocks by a SHA-256:
///
///     key(empty) = H(all that decides the bits of a block but its tokens)
///     key(prefix + block) = H(key(prefix), form of the block, its 64 tokens)
record PrefixKey(long a, long b, long c, long d) {
    static final int BYTES = 32;

    /// Stands for a key that nobody has asked for.
    static final PrefixKey NONE = new PrefixKey(0, 0, 0, 0);

    /// What a key is computed from.
    static final class Hash {
        private final MessageDigest digest = sha256();

        /// Take a number.
        Hash add(long value) {
            digest.update(ByteBuffer.allocate(8).putLong(0, value));
            return this;
        }

        /// Take a text, its end included.
        Hash add(String text) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            add(bytes.length);
            digest.update(bytes);
            return this;
        }

        /// Take bytes.
        Hash add(MemorySegment bytes) {
            digest.update(bytes.asByteBuffer());
            return this;
        }

        PrefixKey key() {
            return read(ByteBuffer.wrap(digest.digest()));
        }

        private static MessageDigest sha256() {
            try {
                return MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("this Java has no SHA-256", e);
            }
        }
    }

    /// The key of this prefix and the block of `tokens` from `from` on.
    PrefixKey child(int kind, int[] tokens, int from) {
        ByteBuffer bytes = ByteBuffer.allocate(BYTES + 4 + 4 * CacheLayout.BLOCK);
        write(bytes);
        bytes.putInt(kind);
        for (int i = 0; i < CacheLayout.BLOCK; i++) {
            bytes.putInt(tokens[from + i]);
        }
        return read(ByteBuffer.wrap(Hash.sha256().digest(bytes.array())));
    }

    /// Append the key, whatever the order of the buffer.
    void write(ByteBuffer to) {
        ByteOrder order = to.order();
        to.order(ByteOrder.BIG_ENDIAN).putLong(a).putLong(b).putLong(c).putLong(d).order(order);
    }

    private static PrefixKey read(ByteBuffer from) {
        return new PrefixKey(from.getLong(), from.getLong(), from.getLong(), from.getLong());
    }

    /// The key in 64 hexadecimal digits.
    String name() {
        return "%016x%016x%016x%016x".formatted(a, b, c, d);
    }

    /// What [#name()] names.
    ///
    /// @throws NumberFormatException if it is no such name
    static PrefixKey parse(String name) {
        if (name.length() != 2 * BYTES) {
            throw new NumberFormatException("a key has 64 digits, found " + name.length());
        }
        long[] parts = new long[4];
        for (int i = 0; i < 4; i++) {
            parts[i] = Long.parseUnsignedLong(name.substring(16 * i, 16 * i + 16), 16);
        }
        return new PrefixKey(parts[0], parts[1], parts[2], parts[3]);
    }
}
