package dev.minke.model.checkpoint;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;

/// `model.safetensors.index.json`: which shard holds which tensor.
///
/// @param file the index
/// @param shardOf names of shard files in the same folder, by tensor
record ShardIndex(Path file, Map<String, String> shardOf) {
    static final String NAME = "model.safetensors.index.json";
    private static final String MAP = "weight_map";

    /// Kimi-K2 has 140,000 in 61 shards; a line of a hostile index takes little, an entry more.
    private static final int MAX_TENSORS = 262_144;

    private static final int MAX_SHARDS = 16_384;

    static ShardIndex read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new NoSuchFileException(file.toString(), null, "expected an index file there");
        }
        long size = Files.size(file);
        if (size > SafetensorsHeader.MAX_BYTES) {
            throw new MalformedCheckpoint(
                    file, "size", "at most " + SafetensorsHeader.MAX_BYTES + " bytes", size + "");
        }
        Map<String, String> shardOf = new LinkedHashMap<>();
        try (JsonParser parser =
                SafetensorsHeader.JSON.createParser(
                        ObjectReadContext.empty(), Files.readAllBytes(file))) {
            parse(file, parser, shardOf);
        } catch (JacksonException e) {
            throw MalformedCheckpoint.notJson(file, 0, e);
        }
        return new ShardIndex(file, Collections.unmodifiableMap(shardOf));
    }

    private static void parse(Path file, JsonParser parser, Map<String, String> shardOf)
            throws MalformedCheckpoint {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw new MalformedCheckpoint(file, "byte 0", "a JSON object", "something else");
        }
        boolean seen = false;
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            boolean map = parser.currentName().equals(MAP);
            JsonToken value = parser.nextToken();
            if (!map) {
                parser.skipChildren();
            } else if (seen || value != JsonToken.START_OBJECT) {
                throw new MalformedCheckpoint(
                        file, MAP, "one object of tensor names", seen ? "two" : "" + value);
            } else {
                seen = true;
                parseMap(file, parser, shardOf);
            }
        }
        if (shardOf.isEmpty()) {
            throw new MalformedCheckpoint(file, MAP, "an object of tensor names", "none");
        }
        if (parser.nextToken() != null) {
            throw new MalformedCheckpoint(file, "end", "nothing after the object", "more");
        }
    }

    private static void parseMap(Path file, JsonParser parser, Map<String, String> shardOf)
            throws MalformedCheckpoint {
        // a hundred thousand tensors lie in a few hundred shards: one text for each of these
        Map<String, String> known = new HashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String tensor = parser.currentName();
            String shard = parser.nextToken() == JsonToken.VALUE_STRING ? parser.getString() : "";
            if (!known.containsKey(shard) && !plainName(shard)) {
                throw new MalformedCheckpoint(
                        file,
                        "tensor " + tensor,
                        "a .safetensors file name without a folder",
                        "\"" + shard + "\"");
            }
            if (shardOf.put(tensor, known.computeIfAbsent(shard, s -> s)) != null) {
                throw new MalformedCheckpoint(file, "tensor " + tensor, "one entry", "two");
            }
            if (shardOf.size() > MAX_TENSORS || known.size() > MAX_SHARDS) {
                throw new MalformedCheckpoint(
                        file,
                        "tensor " + tensor,
                        "at most %d tensors in %d shards".formatted(MAX_TENSORS, MAX_SHARDS),
                        "more");
            }
        }
    }

    /// Shards lie beside the index: a name that leads elsewhere is an attack or a mistake.
    private static boolean plainName(String shard) {
        boolean plain =
                shard.endsWith(".safetensors")
                        && shard.length() <= 255
                        && shard.chars()
                                .noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ');
        try {
            return plain && Path.of(shard).getNameCount() == 1;
        } catch (InvalidPathException _) {
            return false; // letters that this system has no file names with
        }
    }

    /// Tensors by shard, both in the order of the index.
    Map<String, List<String>> namesIn() {
        Map<String, List<String>> namesIn = new LinkedHashMap<>();
        shardOf.forEach((tensor, shard) ->
                namesIn.computeIfAbsent(shard, _ -> new ArrayList<>()).add(tensor));
        return namesIn;
    }

    /// The text of an index.
    static String toJson(long totalSize, List<Map.Entry<String, String>> shardOf) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json =
                SafetensorsHeader.JSON.createGenerator(ObjectWriteContext.empty(), text)) {
            json.writeStartObject();
            json.writeObjectPropertyStart("metadata");
            json.writeNumberProperty("total_size", totalSize);
            json.writeEndObject();
            json.writeObjectPropertyStart(MAP);
            shardOf.forEach(entry -> json.writeStringProperty(entry.getKey(), entry.getValue()));
            json.writeEndObject();
            json.writeEndObject();
        }
        return text + "\n";
    }
}
