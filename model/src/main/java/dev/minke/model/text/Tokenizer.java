package dev.minke.model.text;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;

/// Translate between text and token ids.
///
/// Implementations are immutable and may be shared between threads. For every byte sequence,
/// `decodeBytes(encode(bytes))` gives the bytes back, unless the vocabulary was made for normalized
/// text or an added token takes the spaces around it along.
public interface Tokenizer {

    /// Encode a text, recognising added tokens (such as begin of sentence) where they are spelt
    /// out.
    ///
    /// Nothing is put before or after. Lone surrogates become `?`, as in Java's own UTF-8 encoder.
    int[] encode(String text);

    /// Encode bytes that are meant to be UTF-8; bytes that are not survive as byte tokens.
    int[] encode(byte[] utf8);

    /// Encode a text as plain text: spelt-out added tokens get no meaning. For untrusted input.
    int[] encodePlain(String text);

    /// Decode ids, special tokens included; bytes that are not UTF-8 become U+FFFD.
    ///
    /// Throws IllegalArgumentException for an id without a token.
    default String decode(int... ids) {
        return new String(decodeBytes(ids), StandardCharsets.UTF_8);
    }

    /// Decode ids to the exact bytes they stand for, special tokens included.
    ///
    /// Throws IllegalArgumentException for an id without a token.
    default byte[] decodeBytes(int... ids) {
        var out = new ByteArrayOutputStream(4 * ids.length);
        for (int id : ids) {
            out.writeBytes(bytes(id));
        }
        return out.toByteArray();
    }

    /// Give the bytes of one token; throws IllegalArgumentException for an id without a token.
    byte[] bytes(int id);

    /// Give the number of ids: the largest one plus 1. A model's embedding may have more rows.
    int vocabSize();

    /// Give the id that begins a text, if there is one.
    OptionalInt bos();

    /// Give the id that ends a text, if there is one.
    OptionalInt eos();

    /// Tell whether a text is meant to begin with `bos`; `encode` leaves that to the caller.
    boolean addBos();

    /// Find an added token by its exact text; -1 if there is none.
    int id(String token);

    /// Tell whether the id is a special token, which is control and not text.
    boolean special(int id);

    /// Start decoding a stream of ids.
    default StreamDecoder stream() {
        return new StreamDecoder(this);
    }
}
