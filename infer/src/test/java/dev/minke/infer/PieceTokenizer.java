package dev.minke.infer;

import dev.minke.model.text.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;

/// A vocabulary that is written down: the first token ends texts, the rest stand for bytes.
final class PieceTokenizer implements Tokenizer {
    private final List<byte[]> pieces;

    private PieceTokenizer(List<byte[]> pieces) {
        this.pieces = pieces;
    }

    static PieceTokenizer of(byte[]... pieces) {
        return new PieceTokenizer(List.of(pieces));
    }

    /// Every byte of a text is a token: id 1 + index.
    static PieceTokenizer bytesOf(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        byte[][] pieces = new byte[bytes.length + 1][];
        pieces[0] = new byte[0];
        for (int i = 0; i < bytes.length; i++) {
            pieces[i + 1] = new byte[] {bytes[i]};
        }
        return of(pieces);
    }

    @Override
    public byte[] bytes(int id) {
        return pieces.get(id).clone();
    }

    @Override
    public int vocabSize() {
        return pieces.size();
    }

    @Override
    public OptionalInt eos() {
        return OptionalInt.of(0);
    }

    @Override
    public OptionalInt bos() {
        return OptionalInt.empty();
    }

    @Override
    public boolean addBos() {
        return false;
    }

    @Override
    public boolean special(int id) {
        return id == 0;
    }

    @Override
    public int[] encode(String text) {
        throw new UnsupportedOperationException("no test of this fake asks for it");
    }

    @Override
    public int[] encode(byte[] utf8) {
        throw new UnsupportedOperationException("no test of this fake asks for it");
    }

    @Override
    public int[] encodePlain(String text) {
        throw new UnsupportedOperationException("no test of this fake asks for it");
    }

    @Override
    public int id(String token) {
        throw new UnsupportedOperationException("no test of this fake asks for it");
    }
}
