package dev.minke.model.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/// The printable alphabet GPT-2 writes bytes in: visible Latin-1 stands for itself, the other 68
/// bytes are U+0100 upwards in order.
final class ByteAlphabet {
    private static final char[] LETTERS = letters();
    private static final int[] VALUES = values();

    private ByteAlphabet() {}

    /// Give the letter of a byte (0 to 255).
    static char letter(int value) {
        return LETTERS[value];
    }

    /// Give the byte of a letter, or -1 if it is not one of the 256.
    static int value(char letter) {
        return letter < VALUES.length ? VALUES[letter] : -1;
    }

    /// Give the bytes a token stands for; a token with foreign letters stands for its own UTF-8.
    static byte[] bytes(String token) {
        byte[] bytes = new byte[token.length()];
        for (int i = 0; i < bytes.length; i++) {
            int value = value(token.charAt(i));
            if (value < 0) {
                return token.getBytes(StandardCharsets.UTF_8);
            }
            bytes[i] = (byte) value;
        }
        return bytes;
    }

    /// Write bytes as a token.
    static String token(byte[] bytes, int length) {
        char[] letters = new char[length];
        for (int i = 0; i < length; i++) {
            letters[i] = LETTERS[bytes[i] & 0xFF];
        }
        return new String(letters);
    }

    /// List the 256 letters by code point, the order of the byte tokens in trained vocabularies.
    static List<String> inOrder() {
        return new String(LETTERS).chars().sorted().mapToObj(Character::toString).toList();
    }

    private static char[] letters() {
        char[] letters = new char[256];
        char next = 0x100;
        for (int b = 0; b < 256; b++) {
            boolean visible = b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE;
            letters[b] = visible ? (char) b : next++;
        }
        return letters;
    }

    private static int[] values() {
        int[] values = new int[0x100 + 68];
        Arrays.fill(values, -1);
        for (int b = 0; b < 256; b++) {
            values[LETTERS[b]] = b;
        }
        return values;
    }
}
