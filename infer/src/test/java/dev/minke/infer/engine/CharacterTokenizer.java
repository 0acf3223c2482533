package dev.minke.infer.engine;

import dev.minke.model.text.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;

/// A vocabulary of single characters from `0` on, one of which ends texts.
record CharacterTokenizer(int vocabSize, int end) implements Tokenizer {
    @Override
    public byte[] bytes(int id) {
        return new byte[] {(byte) ('0' + id)};
    }

    @Override
    public OptionalInt eos() {
        return OptionalInt.of(end);
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
        return id == end;
    }

    @Override
    public int[] encode(String text) {
        return encodePlain(text);
    }

    @Override
    public int[] encode(byte[] utf8) {
        return encodePlain(new String(utf8, StandardCharsets.UTF_8));
    }

    @Override
    public int[] encodePlain(String text) {
        return text.chars().map(c -> c - '0').toArray();
    }

    @Override
    public int id(String token) {
        int id = token.length() == 1 ? token.charAt(0) - '0' : -1;
        return id >= 0 && id < vocabSize ? id : -1;
    }
}
