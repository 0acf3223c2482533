package dev.minke.model.checkpoint.gguf;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/// Numbers, strings and values on their way into a header, counted.
final class HeaderSink {
    private static final int BUFFER_BYTES = 1 << 16;

    private final OutputStream out;
    private long position;

    HeaderSink(OutputStream out) {
        this.out = new BufferedOutputStream(out, BUFFER_BYTES);
    }

    long position() {
        return position;
    }

    void flush() throws IOException {
        out.flush();
    }

    private void putBytes(byte[] bytes) throws IOException {
        out.write(bytes);
        position += bytes.length;
    }

    /// The `count` low bytes of `value`, the lowest first.
    private void put(long value, int count) throws IOException {
        for (int i = 0; i < count; i++) {
            out.write((int) (value >>> i * Byte.SIZE));
        }
        position += count;
    }

    void putInt(int value) throws IOException {
        put(value, Integer.BYTES);
    }

    void putLong(long value) throws IOException {
        put(value, Long.BYTES);
    }

    void putString(String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        putLong(bytes.length);
        putBytes(bytes);
    }

    /// A value after its type.
    void putValue(GgufValue value) throws IOException {
        putInt(value.type().id());
        switch (value) {
            case GgufValue.Whole whole -> put(whole.value(), whole.type().bytes());
            case GgufValue.Real real -> {
                if (real.type() == GgufValueType.FLOAT32) {
                    putInt(Float.floatToRawIntBits((float) real.value()));
                } else {
                    putLong(Double.doubleToRawLongBits(real.value()));
                }
            }
            case GgufValue.Bool bool -> put(bool.value() ? 1 : 0, 1);
            case GgufValue.Text text -> putString(text.value());
            case GgufArray array -> putArray(array);
        }
    }

    private void putArray(GgufArray array) throws IOException {
        putInt(array.elementType().id());
        putLong(array.size());
        MemorySegment elements = array.encoded();
        for (long at = 0; at < elements.byteSize(); at += BUFFER_BYTES) {
            long count = Math.min(BUFFER_BYTES, elements.byteSize() - at);
            putBytes(elements.asSlice(at, count).toArray(ValueLayout.JAVA_BYTE));
        }
    }
}
