package dev.minke.model.template;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;

/// Read JSON into what templates are rendered with.
///
/// Objects become maps in their order, arrays lists, integers Long or BigInteger, other numbers
/// Double, null becomes [ChatTemplate#NONE].
public final class TemplateJson {
    private static final JsonFactory FACTORY =
            JsonFactory.builder()
                    .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS) // as Python does
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxNestingDepth(Items.MOST_HEIGHT - 8)
                                    .maxNumberLength(Numbers.MOST_DIGITS)
                                    .maxStringLength(Integer.MAX_VALUE)
                                    .build())
                    .build();

    private TemplateJson() {}

    /// Read one JSON value.
    ///
    /// @param source what messages call the text, usually a file
    /// @throws IllegalArgumentException naming source, line and column if it is no JSON
    public static Object read(String source, String json) {
        try {
            return parse(json);
        } catch (JacksonException e) {
            throw new IllegalArgumentException(source + ": " + problem(e), e);
        }
    }

    /// The filter `from_json`, which some templates expect beyond what transformers has.
    static Value fromJson(Rendering r, Value value, Args args) {
        args.bind(r, "from_json");
        if (!(value instanceof Text text)) {
            throw r.fail("from_json is for strings, found a value of type " + value.type());
        }
        r.characters(8L * text.string().length());
        try {
            return Conversion.value(r, parse(text.string()));
        } catch (JacksonException e) {
            throw r.fail("from_json: " + problem(e));
        }
    }

    static String problem(JacksonException e) {
        TokenStreamLocation at = e.getLocation();
        String place =
                at == null || at.getLineNr() < 1
                        ? ""
                        : "line %d, column %d: ".formatted(at.getLineNr(), at.getColumnNr());
        return place + Source.shown(e.getOriginalMessage());
    }

    private static Object parse(String json) {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), json)) {
            parser.nextToken();
            Object value = value(parser);
            if (parser.nextToken() != null) {
                throw new tools.jackson.core.exc.StreamReadException(
                        parser, "expected nothing behind the JSON value");
            }
            return value;
        }
    }

    private static Object value(JsonParser parser) {
        JsonToken token = parser.currentToken();
        if (token == null) {
            throw new tools.jackson.core.exc.StreamReadException(
                    parser, "expected JSON, found nothing");
        }
        return switch (token) {
            case START_OBJECT -> {
                Map<String, Object> map = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String key = parser.currentName();
                    parser.nextToken();
                    map.put(key, value(parser));
                }
                yield map;
            }
            case START_ARRAY -> {
                List<Object> list = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    list.add(value(parser));
                }
                yield list;
            }
            case VALUE_STRING -> parser.getString();
            case VALUE_NUMBER_INT -> integer(parser.getBigIntegerValue());
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            default -> ChatTemplate.NONE;
        };
    }

    private static Object integer(BigInteger value) {
        return value.bitLength() < 64 ? (Object) value.longValue() : value;
    }
}
