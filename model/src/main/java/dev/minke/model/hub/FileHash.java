package dev.minke.model.hub;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/// What a file has to hash to.
///
/// The hub knows the SHA-256 of files in large file storage, and of small ones the SHA-1 that Git
/// gives a blob: of `blob SIZE`, a zero byte and the content.
///
/// @param kind how it is computed
/// @param hex lower-case hexadecimal digits
public record FileHash(Kind kind, String hex) {
    private static final Pattern HEX = Pattern.compile("[0-9a-f]+");

    /// How a hash is computed.
    public enum Kind {
        /// Of the content.
        SHA256("sha256", "SHA-256", 64),
        /// Of Git's blob header and the content.
        GIT_SHA1("git-sha1", "SHA-1", 40);

        private final String label;
        private final String algorithm;
        private final int digits;

        Kind(String label, String algorithm, int digits) {
            this.label = label;
            this.algorithm = algorithm;
            this.digits = digits;
        }
    }

    /// @throws IllegalArgumentException if `hex` has another number of digits
    public FileHash {
        hex = hex.toLowerCase(Locale.ROOT);
        if (hex.length() != kind.digits || !HEX.matcher(hex).matches()) {
            throw new IllegalArgumentException(
                    "%s hash \"%s\", expected %d hexadecimal digits"
                            .formatted(kind.label, cut(hex), kind.digits));
        }
    }

    /// Read a hash by its number of digits, as in an entity tag; nothing if it is none.
    static Optional<FileHash> ofDigits(String text) {
        String hex = text.toLowerCase(Locale.ROOT);
        if (!HEX.matcher(hex).matches()) {
            return Optional.empty();
        }
        for (Kind kind : Kind.values()) {
            if (hex.length() == kind.digits) {
                return Optional.of(new FileHash(kind, hex));
            }
        }
        return Optional.empty();
    }

    /// Read what [#toString()] writes.
    ///
    /// @throws IllegalArgumentException if `text` is none
    static FileHash parse(String text) {
        int colon = text.indexOf(':');
        for (Kind kind : Kind.values()) {
            if (colon > 0 && kind.label.equals(text.substring(0, colon))) {
                return new FileHash(kind, text.substring(colon + 1));
            }
        }
        throw new IllegalArgumentException(
                "hash \"%s\", expected sha256: or git-sha1: and digits".formatted(cut(text)));
    }

    /// Begin the digest of a file of `size` bytes, to be fed the content.
    MessageDigest begin(long size) {
        try {
            MessageDigest digest = MessageDigest.getInstance(kind.algorithm);
            if (kind == Kind.GIT_SHA1) {
                digest.update(("blob " + size + "\0").getBytes(StandardCharsets.US_ASCII));
            }
            return digest;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has " + kind.algorithm, e);
        }
    }

    /// The hash that a digest ended in.
    FileHash of(MessageDigest digest) {
        return new FileHash(kind, HexFormat.of().formatHex(digest.digest()));
    }

    private static String cut(String text) {
        return text.length() <= 70 ? text : text.substring(0, 67) + "...";
    }

    @Override
    public String toString() {
        return kind.label + ":" + hex;
    }
}
