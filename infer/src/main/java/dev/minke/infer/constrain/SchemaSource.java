package dev.minke.infer.constrain;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonPointer;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A JSON Schema document: finds its parts by JSON pointer and refuses keywords that cannot be
/// kept.
final class SchemaSource {
    private static final JsonMapper MAPPER =
            JsonMapper.builder(
                            JsonFactory.builder()
                                    .streamReadConstraints(
                                            StreamReadConstraints.builder()
                                                    .maxNestingDepth(200)
                                                    .maxDocumentLength(4 << 20)
                                                    .maxNumberLength(400)
                                                    .build())
                                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                                    .build())
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .build();

    private static final Set<String> KEPT =
            Set.of(
                    "type",
                    "enum",
                    "const",
                    "nullable",
                    "properties",
                    "required",
                    "additionalProperties",
                    "minProperties",
                    "maxProperties",
                    "items",
                    "prefixItems",
                    "minItems",
                    "maxItems",
                    "minLength",
                    "maxLength",
                    "pattern",
                    "format",
                    "minimum",
                    "maximum",
                    "exclusiveMinimum",
                    "exclusiveMaximum",
                    "anyOf",
                    "oneOf",
                    "allOf",
                    "$ref");

    private static final Set<String> WITHOUT_EFFECT =
            Set.of(
                    "$schema",
                    "$defs",
                    "definitions",
                    "$comment",
                    "title",
                    "description",
                    "default",
                    "example",
                    "examples",
                    "deprecated",
                    "readOnly",
                    "writeOnly",
                    "contentMediaType",
                    "contentEncoding",
                    "contentSchema");

    private static final int LONGEST_CHAIN = 200;

    private final JsonNode root;
    private final boolean strict;
    private final Set<String> checked = new HashSet<>();

    /// @param json the text of the schema
    /// @param strict whether objects must be closed and list all their properties as required
    SchemaSource(String json, boolean strict) {
        this.strict = strict;
        try {
            root = MAPPER.readTree(json);
        } catch (JacksonException e) {
            TokenStreamLocation place = e.getLocation();
            throw MalformedGrammar.inSchema(
                    "",
                    "not JSON: "
                            + (place == null
                                    ? ""
                                    : "line %d, column %d: "
                                            .formatted(place.getLineNr(), place.getColumnNr()))
                            + e.getOriginalMessage());
        }
        node("");
    }

    /// Find a schema; it is true, false or an object, whose keywords are all known.
    JsonNode node(String pointer) {
        JsonNode node = raw(pointer);
        if (node.isObject()) {
            if (checked.add(pointer)) {
                checkKeywords(pointer, node);
            }
        } else if (!node.isBoolean()) {
            throw MalformedGrammar.inSchema(
                    pointer,
                    node.isMissingNode()
                            ? "there is no such schema"
                            : "found %s; expected a schema, which is an object or a boolean"
                                    .formatted(describe(node)));
        }
        return node;
    }

    /// Find any value.
    JsonNode raw(String pointer) {
        return root.at(JsonPointer.compile(pointer));
    }

    static String child(String pointer, String name) {
        return pointer + "/" + name.replace("~", "~0").replace("/", "~1");
    }

    static String describe(JsonNode node) {
        String json = node.toString();
        return json.length() <= 60 ? json : json.substring(0, 57) + "...";
    }

    /// The pointer that a `$ref` of a schema means.
    String target(String pointer) {
        String keyword = pointer + "/$ref";
        JsonNode ref = raw(keyword);
        if (!ref.isString()) {
            throw MalformedGrammar.inSchema(
                    keyword, "found %s; expected a string".formatted(describe(ref)));
        }
        String text = ref.stringValue();
        if (!text.equals("#") && !text.startsWith("#/")) {
            throw MalformedGrammar.inSchema(
                    keyword,
                    "\"%s\" is not supported; expected a pointer into this schema such as"
                                    .formatted(text)
                            + " \"#/$defs/name\"");
        }
        String target;
        try {
            target =
                    URLDecoder.decode(
                            text.substring(1).replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException _) {
            throw MalformedGrammar.inSchema(keyword, "\"%s\" has a broken %%".formatted(text));
        }
        if (raw(target).isMissingNode()) {
            throw MalformedGrammar.inSchema(
                    keyword, "\"%s\" leads nowhere in this schema".formatted(text));
        }
        return target;
    }

    private void checkKeywords(String pointer, JsonNode node) {
        for (String name : node.propertyNames()) {
            if (name.equals("$id") && pointer.isEmpty()
                    || KEPT.contains(name)
                    || WITHOUT_EFFECT.contains(name)
                    || name.startsWith("x-")) {
                continue;
            }
            throw MalformedGrammar.inSchema(
                    child(pointer, name), "the keyword \"%s\" is not supported".formatted(name));
        }
        if (strict && (node.has("properties") || node.path("type").toString().contains("object"))) {
            checkStrict(pointer, node);
        }
    }

    private static void checkStrict(String pointer, JsonNode node) {
        if (!node.path("additionalProperties").isBoolean()
                || node.path("additionalProperties").booleanValue()) {
            throw MalformedGrammar.inSchema(
                    pointer, "strict: expected \"additionalProperties\": false");
        }
        var required = new HashSet<String>();
        for (JsonNode name : node.path("required")) {
            required.add(name.asString(""));
        }
        for (String name : node.path("properties").propertyNames()) {
            if (!required.contains(name)) {
                throw MalformedGrammar.inSchema(
                        child(pointer + "/properties", name),
                        "strict: expected the property to be listed in \"required\"");
            }
        }
    }

    /// Several schemas that one value must match, taken apart: their own keywords apply all
    /// together; of each group (an `anyOf` or `oneOf`) one alternative is still to be chosen.
    ///
    /// @param parts pointers of schemas, in the order met
    /// @param groups pointers of `anyOf` and `oneOf` keywords
    record Conjunction(List<String> parts, List<String> groups) {}

    /// Take schemas apart that one value must match.
    Conjunction conjunction(List<String> pointers) {
        var parts = new LinkedHashSet<String>();
        var groups = new LinkedHashSet<String>();
        for (String pointer : pointers) {
            collect(pointer, parts, groups, new LinkedHashSet<>(), Set.of());
        }
        return new Conjunction(List.copyOf(parts), List.copyOf(groups));
    }

    /// Choose one alternative of the first group.
    Conjunction choose(Conjunction from, int alternative) {
        var parts = new LinkedHashSet<>(from.parts());
        var groups = new LinkedHashSet<>(from.groups());
        String group = from.groups().getFirst();
        groups.remove(group);
        collect(
                group + "/" + alternative,
                parts,
                groups,
                new LinkedHashSet<>(),
                Set.copyOf(from.parts()));
        return new Conjunction(List.copyOf(parts), List.copyOf(groups));
    }

    int alternatives(String group) {
        JsonNode list = raw(group);
        if (!list.isArray() || list.isEmpty()) {
            throw MalformedGrammar.inSchema(
                    group,
                    "found %s; expected an array of schemas, not empty".formatted(describe(list)));
        }
        return list.size();
    }

    private void collect(
            String pointer,
            Set<String> parts,
            Set<String> groups,
            Set<String> path,
            Set<String> around) {
        JsonNode node = node(pointer);
        if (path.contains(pointer) || around.contains(pointer) && branches(pointer, path)) {
            throw MalformedGrammar.inSchema(
                    pointer, "the schema refers to itself with no value in between");
        }
        if (path.size() == LONGEST_CHAIN) {
            throw MalformedGrammar.inSchema(
                    pointer,
                    "more than %d references and allOf in a chain".formatted(LONGEST_CHAIN));
        }
        if (node.isBoolean() && node.booleanValue() || !parts.add(pointer)) {
            return;
        }
        path.add(pointer);
        if (node.has("$ref")) {
            collect(target(pointer), parts, groups, path, around);
        }
        if (node.has("allOf")) {
            for (int i = 0; i < alternatives(pointer + "/allOf"); i++) {
                collect(pointer + "/allOf/" + i, parts, groups, path, around);
            }
        }
        for (String keyword : List.of("anyOf", "oneOf")) {
            if (node.has(keyword)) {
                groups.add(pointer + "/" + keyword);
            }
        }
        path.remove(pointer);
    }

    /// Tell whether a schema has alternatives, itself or in what it must match besides.
    private boolean branches(String pointer, Set<String> path) {
        var groups = new LinkedHashSet<String>();
        collect(pointer, new LinkedHashSet<>(), groups, path, Set.of());
        return !groups.isEmpty();
    }

    /// List all ways to choose alternatives, as conjunctions without groups.
    List<Conjunction> choices(Conjunction from, int most) {
        List<Conjunction> done = new ArrayList<>();
        List<Conjunction> open = new ArrayList<>(List.of(from));
        while (!open.isEmpty()) {
            Conjunction next = open.removeLast();
            if (next.groups().isEmpty()) {
                done.add(next);
            } else {
                String group = next.groups().getFirst();
                for (int i = 0; i < alternatives(group); i++) {
                    open.add(choose(next, i));
                }
            }
            if (done.size() + open.size() > most) {
                throw MalformedGrammar.inSchema(
                        from.groups().getFirst(),
                        "more than %d combinations of alternatives".formatted(most));
            }
        }
        return done;
    }
}
