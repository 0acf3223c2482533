package dev.minke.tensor;

import java.util.Optional;

/// The only reader of system properties and environment variables outside the command line.
///
/// They are switches of a process, not of a model or a run, hence not in any config record.
public final class RuntimeFlags {
    private RuntimeFlags() {}

    /// `minke.backend`, else `MINKE_BACKEND`: the back end to use by name; an unusable one is an
    /// error. Tests and parity checks force `reference` by it.
    public static Optional<String> backend() {
        return text("minke.backend", "MINKE_BACKEND");
    }

    /// `minke.threads`, else `MINKE_THREADS`: size of the worker team; default all processors.
    public static int threads() {
        return text("minke.threads", "MINKE_THREADS")
                .map(s -> positive("minke.threads", s))
                .orElseGet(() -> Runtime.getRuntime().availableProcessors());
    }

    /// `minke.vectorBits`: force 128, 256 or 512 bit vectors, for tests of all widths on one
    /// machine; default the machine's preferred width.
    public static Optional<Integer> vectorBits() {
        return text("minke.vectorBits", "MINKE_VECTOR_BITS")
                .map(s -> positive("minke.vectorBits", s));
    }

    private static Optional<String> text(String property, String variable) {
        String value = System.getProperty(property);
        if (value == null || value.isBlank()) {
            value = System.getenv(variable);
        }
        return Optional.ofNullable(value).map(String::strip).filter(s -> !s.isEmpty());
    }

    private static int positive(String name, String value) {
        try {
            int n = Integer.parseInt(value);
            if (n > 0) {
                return n;
            }
        } catch (NumberFormatException e) {
            // reported below, with the name
        }
        throw new IllegalArgumentException(
                name + " is '" + value + "', expected a positive whole number");
    }
}
