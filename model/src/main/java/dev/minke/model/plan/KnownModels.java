package dev.minke.model.plan;

import dev.minke.model.config.DeepSeekConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// Configurations by name: the published models of the family, and one for size tests.
///
/// `v2-lite`, `v2`, `v3` (also R1 and V3-0324), `moonlight` (16B-A3B) and `kimi-k2` have the values
/// of the published config.json; `bench-4b` is a model of 4.2 billion parameters of V3's shape.
public final class KnownModels {
    private static final List<String> NAMES =
            List.of("v2-lite", "v2", "v3", "moonlight", "kimi-k2", "bench-4b");

    private KnownModels() {}

    /// Names, from the oldest model on.
    public static List<String> names() {
        return NAMES;
    }

    /// Whether there is a model of that name.
    public static boolean contains(String name) {
        return NAMES.contains(name);
    }

    /// A model's configuration.
    ///
    /// @throws IllegalArgumentException naming those that exist
    public static DeepSeekConfig named(String name) {
        if (!contains(name)) {
            throw new IllegalArgumentException(
                    "unknown model '%s', expected one of %s"
                            .formatted(name, String.join(", ", NAMES)));
        }
        try (var in = KnownModels.class.getResourceAsStream(name + ".json")) {
            if (in == null) {
                throw new IllegalStateException("no resource " + name + ".json");
            }
            return DeepSeekConfig.parse(
                    new String(in.readAllBytes(), StandardCharsets.UTF_8), name + ".json");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
