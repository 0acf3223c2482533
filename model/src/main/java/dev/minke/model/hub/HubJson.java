package dev.minke.model.hub;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// JSON from servers and from disk within fixed limits.
final class HubJson {
    static final int MOST_BYTES = 16 << 20;

    private static final JsonMapper MAPPER =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxNestingDepth(64)
                                                    .maxStringLength(4 << 20)
                                                    .maxNameLength(1 << 12)
                                                    .maxNumberLength(40)
                                                    .build())
                                    .build())
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .build();

    private HubJson() {}

    /// Read one JSON value.
    ///
    /// @param origin the address or file, for messages
    /// @throws IOException in one line naming it
    static JsonNode read(byte[] bytes, Object origin) throws IOException {
        try {
            JsonNode root = MAPPER.readTree(bytes);
            if (root.isObject() || root.isArray()) {
                return root;
            }
            throw new HubException("%s: expected a JSON object or list".formatted(origin));
        } catch (JacksonException e) {
            throw new HubException(
                    "%s: not the JSON that was expected: %s"
                            .formatted(origin, e.getOriginalMessage()));
        }
    }

    static String write(Object value) {
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(value) + "\n";
    }

    /// The string of a key, or nothing if it is missing or none.
    static @Nullable String string(JsonNode object, String key) {
        JsonNode value = object.path(key);
        return value.isString() ? value.stringValue() : null;
    }

    /// The whole number of a key, or -1 if it is missing or none that fits.
    static long wholeNumber(JsonNode object, String key) {
        JsonNode value = object.path(key);
        return value.isIntegralNumber() && value.canConvertToLong() ? value.longValue() : -1;
    }
}
