package dev.minke.model.checkpoint;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// Element types of safetensors that this project meets, under their names in the format.
public enum StoredType {
    /// IEEE double.
    F64(8),
    /// IEEE single.
    F32(4),
    /// IEEE half.
    F16(2),
    /// The upper half of a single.
    BF16(2),
    /// Sign, 4 bits of exponent, 3 of mantissa; no infinity.
    F8_E4M3(1),
    /// Sign, 5 bits of exponent, 2 of mantissa.
    F8_E5M2(1),
    /// A power of two, `2^(b - 127)`; scales only.
    F8_E8M0(1),
    /// Signed 64-bit integer.
    I64(8),
    /// Signed 32-bit integer.
    I32(4),
    /// Signed 16-bit integer.
    I16(2),
    /// Signed byte.
    I8(1),
    /// Unsigned byte.
    U8(1),
    /// One byte, 0 or 1.
    BOOL(1);

    private static final Map<String, Optional<StoredType>> BY_NAME =
            Arrays.stream(values()).collect(Collectors.toMap(StoredType::name, Optional::of));

    private final int bytes;

    StoredType(int bytes) {
        this.bytes = bytes;
    }

    /// Bytes of one element.
    public int bytes() {
        return bytes;
    }

    /// The type of that name in a header.
    public static Optional<StoredType> of(String name) {
        return BY_NAME.getOrDefault(name, Optional.empty());
    }
}
