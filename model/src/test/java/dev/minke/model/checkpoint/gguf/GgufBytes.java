package dev.minke.model.checkpoint.gguf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// A file put together by hand, right or wrong, little-endian.
final class GgufBytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /// The start of a file that claims so many tensors and keys.
    static GgufBytes header(int version, long tensors, long keys) {
        return new GgufBytes().int32(GgufHeader.MAGIC).int32(version).int64(tensors).int64(keys);
    }

    private GgufBytes put(long value, int count) {
        for (int i = 0; i < count; i++) {
            out.write((int) (value >>> 8 * i));
        }
        return this;
    }

    GgufBytes int8(int value) {
        return put(value, 1);
    }

    GgufBytes int16(int value) {
        return put(value, 2);
    }

    GgufBytes int32(int value) {
        return put(value, 4);
    }

    GgufBytes int64(long value) {
        return put(value, 8);
    }

    GgufBytes bytes(byte... bytes) {
        out.writeBytes(bytes);
        return this;
    }

    GgufBytes string(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return int64(bytes.length).bytes(bytes);
    }

    /// A key and the type of the value that follows.
    GgufBytes key(String name, GgufValueType type) {
        return string(name).int32(type.id());
    }

    GgufBytes array(GgufValueType type, long count) {
        return int32(type.id()).int64(count);
    }

    /// A tensor's entry; dimensions as in the file, the row first.
    GgufBytes tensor(String name, int type, long offset, long... dimensions) {
        string(name).int32(dimensions.length);
        for (long n : dimensions) {
            int64(n);
        }
        return int32(type).int64(offset);
    }

    GgufBytes zeros(int count) {
        return bytes(new byte[count]);
    }

    /// Zeros up to the next multiple of `alignment`.
    GgufBytes pad(int alignment) {
        return zeros(Math.floorMod(-out.size(), alignment));
    }

    int size() {
        return out.size();
    }

    byte[] toBytes() {
        return out.toByteArray();
    }

    Path write(Path file) throws IOException {
        return Files.write(file, toBytes());
    }
}
