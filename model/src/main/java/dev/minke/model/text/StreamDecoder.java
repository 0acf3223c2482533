package dev.minke.model.text;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/// Decode ids one at a time, holding back bytes until they make whole characters.
///
/// The pieces joined, `flush` included, equal `Tokenizer.decode` of all ids. Not thread-safe.
public final class StreamDecoder {
    private static final int LONGEST_CHARACTER = 4;

    private final Tokenizer tokenizer;
    private final CharsetDecoder decoder =
            StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPLACE)
                    .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private ByteBuffer pending = ByteBuffer.allocate(64);

    StreamDecoder(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /// Take the next id and give the characters that are now complete, perhaps none.
    public String accept(int id) {
        byte[] bytes = tokenizer.bytes(id);
        if (pending.remaining() < bytes.length) {
            var larger = ByteBuffer.allocate(bytes.length + LONGEST_CHARACTER);
            pending = larger.put(pending.flip());
        }
        pending.put(bytes);
        return decode(false);
    }

    /// Give what was held back, broken bytes as U+FFFD, and start afresh.
    public String flush() {
        String rest = decode(true);
        decoder.reset();
        return rest;
    }

    private String decode(boolean end) {
        pending.flip();
        var out = CharBuffer.allocate(pending.remaining());
        decoder.decode(pending, out, end);
        pending.compact();
        return out.flip().toString();
    }
}
