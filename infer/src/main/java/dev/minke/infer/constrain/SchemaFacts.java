package dev.minke.infer.constrain;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// What several schemas together demand of a value, apart from `anyOf` and `oneOf`.
///
/// Children are kept as lists of pointers: a member or item must match all of them.
final class SchemaFacts {
    private static final int LONGEST_LIST = 20_000;
    private static final int LONGEST_ENUM = 5_000;
    private static final int LONGEST_TEXT = RegexParser.MOST_REPEATS;

    private static final Map<String, JsonType> TYPE_OF_KEYWORD =
            Map.ofEntries(
                    Map.entry("properties", JsonType.OBJECT),
                    Map.entry("required", JsonType.OBJECT),
                    Map.entry("additionalProperties", JsonType.OBJECT),
                    Map.entry("minProperties", JsonType.OBJECT),
                    Map.entry("maxProperties", JsonType.OBJECT),
                    Map.entry("items", JsonType.ARRAY),
                    Map.entry("prefixItems", JsonType.ARRAY),
                    Map.entry("minItems", JsonType.ARRAY),
                    Map.entry("maxItems", JsonType.ARRAY),
                    Map.entry("minLength", JsonType.STRING),
                    Map.entry("maxLength", JsonType.STRING),
                    Map.entry("pattern", JsonType.STRING),
                    Map.entry("minimum", JsonType.INTEGER),
                    Map.entry("maximum", JsonType.INTEGER),
                    Map.entry("exclusiveMinimum", JsonType.INTEGER),
                    Map.entry("exclusiveMaximum", JsonType.INTEGER));

    /// A demand on texts: where it stands, the texts to generate, and whether no others fit.
    record TextRule(String pointer, Expr language, boolean exact) {}

    private final SchemaSource source;
    private final List<String> parts;
    private final Set<JsonType> types = EnumSet.allOf(JsonType.class);
    private final Set<JsonType> mentioned = EnumSet.noneOf(JsonType.class);
    private boolean never;
    private boolean typed;
    private @Nullable List<JsonNode> values;
    private String valuesPointer = "";
    private NumberRange range = NumberRange.ALL;
    private String rangePointer = "";
    private final List<TextRule> texts = new ArrayList<>();
    private int minLength;
    private int maxLength = Expr.UNLIMITED;
    private int minItems;
    private int maxItems = Expr.UNLIMITED;
    private int minProperties;
    private int maxProperties = Expr.UNLIMITED;
    private String countPointer = "";
    private final LinkedHashSet<String> properties = new LinkedHashSet<>();
    private final LinkedHashSet<String> required = new LinkedHashSet<>();
    private boolean additionalGiven;
    private boolean itemsGiven;
    private int prefixLength;

    SchemaFacts(SchemaSource source, List<String> parts) {
        this.source = source;
        this.parts = parts;
        for (String pointer : parts) {
            JsonNode node = source.node(pointer);
            if (node.isBoolean()) {
                never = true; // true is not among the parts
            } else {
                read(pointer, node);
            }
        }
        for (String pointer : parts) {
            names(pointer + "/properties").forEach(properties::add);
        }
        properties.addAll(required);
    }

    // ---- what was found

    /// Whether no value can match, seen without looking at children.
    boolean never() {
        return never || types.isEmpty() || values != null && values.isEmpty();
    }

    /// The kinds a value may have.
    Set<JsonType> types() {
        return types;
    }

    /// The kinds to generate: those of the keywords present if no type is given.
    Set<JsonType> generated() {
        if (typed || mentioned.isEmpty()) {
            return types;
        }
        var result = EnumSet.copyOf(mentioned);
        if (result.contains(JsonType.INTEGER)) {
            result.add(JsonType.FRACTION);
        }
        result.retainAll(types);
        return result;
    }

    /// The values of `enum` and `const`, if given.
    @Nullable List<JsonNode> values() {
        return values;
    }

    String valuesPointer() {
        return valuesPointer;
    }

    NumberRange range() {
        return range;
    }

    String rangePointer() {
        return rangePointer;
    }

    List<TextRule> texts() {
        return texts;
    }

    int minLength() {
        return minLength;
    }

    int maxLength() {
        return maxLength;
    }

    int minItems() {
        return minItems;
    }

    int maxItems() {
        return maxItems;
    }

    int minProperties() {
        return minProperties;
    }

    int maxProperties() {
        return maxProperties;
    }

    /// Where the number of properties is limited.
    String countPointer() {
        return countPointer;
    }

    /// Names in the order declared; required ones that are not declared come last.
    Set<String> properties() {
        return properties;
    }

    Set<String> required() {
        return required;
    }

    /// Whether members beyond `properties` are to be generated.
    boolean open() {
        return additionalGiven || properties.isEmpty();
    }

    /// The schemas of a member, declared or not.
    List<String> member(String name) {
        List<String> result = new ArrayList<>();
        for (String pointer : parts) {
            JsonNode node = source.node(pointer);
            if (node.path("properties").has(name)) {
                result.add(SchemaSource.child(pointer + "/properties", name));
            } else if (node.has("additionalProperties")) {
                result.add(pointer + "/additionalProperties");
            }
        }
        return result;
    }

    /// The schemas of members that are not declared.
    List<String> additional() {
        List<String> result = new ArrayList<>();
        for (String pointer : parts) {
            if (source.node(pointer).has("additionalProperties")) {
                result.add(pointer + "/additionalProperties");
            }
        }
        return result;
    }

    /// How many items have schemas of their own.
    int prefixLength() {
        return prefixLength;
    }

    /// Whether items beyond the prefix are to be generated.
    boolean openItems() {
        return itemsGiven || prefixLength == 0;
    }

    /// The schemas of one item; any index from `prefixLength` on means the rest.
    List<String> item(int index) {
        List<String> result = new ArrayList<>();
        for (String pointer : parts) {
            JsonNode node = source.node(pointer);
            if (index < node.path("prefixItems").size()) {
                result.add(pointer + "/prefixItems/" + index);
            } else if (node.has("items")) {
                result.add(pointer + "/items");
            }
        }
        return result;
    }

    /// Whether an object or array is asked for more than to be one.
    boolean looksInside() {
        return !properties.isEmpty()
                || additionalGiven
                || itemsGiven
                || prefixLength > 0
                || minItems > 0
                || maxItems != Expr.UNLIMITED
                || minProperties > 0
                || maxProperties != Expr.UNLIMITED;
    }

    // ---- reading

    private void read(String pointer, JsonNode node) {
        for (String keyword : node.propertyNames()) {
            JsonType type = TYPE_OF_KEYWORD.get(keyword);
            if (type != null) {
                mentioned.add(type);
            }
            String place = SchemaSource.child(pointer, keyword);
            JsonNode value = node.path(keyword);
            switch (keyword) {
                case "type" -> types.retainAll(types(place, value, node));
                case "enum" -> values(place, array(place, value, LONGEST_ENUM));
                case "const" -> values(place, List.of(value));
                case "minimum" -> range(place, new NumberRange(number(place), false, null, false));
                case "exclusiveMinimum" ->
                        range(place, new NumberRange(number(place), true, null, false));
                case "maximum" -> range(place, new NumberRange(null, false, number(place), false));
                case "exclusiveMaximum" ->
                        range(place, new NumberRange(null, false, number(place), true));
                case "minLength" -> minLength = Math.max(minLength, least(place, LONGEST_TEXT));
                case "maxLength" -> maxLength = Math.min(maxLength, most(place, LONGEST_TEXT));
                case "minItems" -> minItems = Math.max(minItems, least(place, LONGEST_TEXT));
                case "maxItems" -> maxItems = Math.min(maxItems, most(place, LONGEST_TEXT));
                case "minProperties" -> {
                    minProperties = Math.max(minProperties, least(place, LONGEST_LIST));
                    countPointer = place;
                }
                case "maxProperties" -> {
                    maxProperties = Math.min(maxProperties, most(place, LONGEST_LIST));
                    countPointer = place;
                }
                case "pattern" -> texts.add(pattern(place, value));
                case "format" -> format(place, value);
                case "required" -> required(place, array(place, value, LONGEST_LIST));
                case "properties" -> expectObject(place, value);
                case "additionalProperties" -> additionalGiven = true;
                case "items" -> itemsGiven = true;
                case "prefixItems" ->
                        prefixLength =
                                Math.max(prefixLength, array(place, value, LONGEST_LIST).size());
                case "nullable" -> expectBoolean(place, value);
                default -> {} // taken apart by SchemaSource, or without effect
            }
        }
    }

    private Set<JsonType> types(String place, JsonNode value, JsonNode schema) {
        typed = true;
        Set<JsonType> found = EnumSet.noneOf(JsonType.class);
        for (JsonNode name : value.isArray() ? value : List.of(value)) {
            Set<JsonType> named = JsonType.named(name.asString(""));
            if (named.isEmpty()) {
                throw expected(
                        place, name, "null, boolean, object, array, number, integer or string");
            }
            found.addAll(named);
        }
        if (schema.path("nullable").asBoolean(false)) {
            found.add(JsonType.NULL);
        }
        return found;
    }

    private void values(String place, List<JsonNode> given) {
        List<JsonNode> before = values;
        valuesPointer = place;
        if (before == null) {
            values = given;
        } else {
            values =
                    before.stream()
                            .filter(old -> given.stream().anyMatch(v -> JsonType.same(old, v)))
                            .toList();
        }
    }

    private void range(String place, NumberRange given) {
        range = range.intersect(given);
        rangePointer = place;
    }

    private BigDecimal number(String place) {
        JsonNode value = source.raw(place);
        if (!value.isNumber()) {
            throw expected(place, value, "a number");
        }
        return value.decimalValue();
    }

    private int least(String place, int limit) {
        BigDecimal value = count(place);
        if (value.compareTo(BigDecimal.valueOf(limit)) > 0) {
            throw MalformedGrammar.inSchema(
                    place, "found %s; at most %d is possible".formatted(source.raw(place), limit));
        }
        return value.intValueExact();
    }

    /// An upper limit beyond what is possible is lowered, which allows less and nothing wrong.
    private int most(String place, int limit) {
        return count(place).min(BigDecimal.valueOf(limit)).intValueExact();
    }

    private BigDecimal count(String place) {
        BigDecimal value = number(place);
        if (value.signum() < 0 || value.stripTrailingZeros().scale() > 0) {
            throw expected(place, source.raw(place), "a whole number, 0 or greater");
        }
        return value;
    }

    private TextRule pattern(String place, JsonNode value) {
        if (!value.isString()) {
            throw expected(place, value, "a string");
        }
        return new TextRule(
                place, RegexParser.search("schema, " + place, value.stringValue()), true);
    }

    private void format(String place, JsonNode value) {
        String name = value.asString("");
        switch (name) {
            case "int32" -> wholeNumbers(place, 31);
            case "int64" -> wholeNumbers(place, 63);
            case "float", "double" -> {} // every number that is generated fits
            default -> {
                Expr language = StringFormats.of(name);
                if (language == null) {
                    String names = StringFormats.names() + ", int32, int64, float or double";
                    throw expected(place, value, names);
                }
                mentioned.add(JsonType.STRING);
                texts.add(new TextRule(place, language, false));
            }
        }
    }

    private void wholeNumbers(String place, int bits) {
        BigDecimal limit = BigDecimal.valueOf(2).pow(bits);
        range(place, new NumberRange(limit.negate(), false, limit, true));
    }

    private void required(String place, List<JsonNode> names) {
        for (JsonNode name : names) {
            if (!name.isString()) {
                throw expected(place, name, "names of properties");
            }
            required.add(name.stringValue());
        }
    }

    private Iterable<String> names(String place) {
        JsonNode members = source.raw(place);
        return members.isMissingNode() ? List.of() : members.propertyNames();
    }

    private static void expectObject(String place, JsonNode value) {
        if (!value.isObject() || value.size() > LONGEST_LIST) {
            throw expected(place, value, "an object of at most %d members".formatted(LONGEST_LIST));
        }
    }

    private static void expectBoolean(String place, JsonNode value) {
        if (!value.isBoolean()) {
            throw expected(place, value, "true or false");
        }
    }

    private static List<JsonNode> array(String place, JsonNode value, int most) {
        if (!value.isArray() || value.size() > most) {
            throw expected(place, value, "an array of at most %d items".formatted(most));
        }
        return value.valueStream().toList();
    }

    private static MalformedGrammar expected(String place, JsonNode found, String wanted) {
        return MalformedGrammar.inSchema(
                place, "found %s; expected %s".formatted(SchemaSource.describe(found), wanted));
    }
}
