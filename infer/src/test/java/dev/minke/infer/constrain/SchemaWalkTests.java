package dev.minke.infer.constrain;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Whatever random tokens are drawn under a schema, an independent validator accepts the result.
class SchemaWalkTests {
    private static final int WALKS = 300;
    private static final JsonMapper MAPPER =
            JsonMapper.builder()
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .disable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build();
    private static final SchemaRegistry REGISTRY =
            SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

    private final Walks walks = new Walks(ListTokenizer.small(), 7);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "true",
                "{'type': 'object'}",
                "{'type': ['string', 'null']}",
                "{'type': 'boolean'}",
                "{'type': 'integer'}",
                "{'type': 'number'}",
                "{'type': 'integer', 'minimum': -17, 'maximum': 1234}",
                "{'type': 'integer', 'exclusiveMinimum': 0, 'exclusiveMaximum': 11}",
                "{'type': 'integer', 'minimum': -5.5, 'maximum': -1.25}",
                "{'type': 'number', 'minimum': 0, 'maximum': 1}",
                "{'type': 'number', 'exclusiveMinimum': -0.25, 'exclusiveMaximum': 3.125}",
                "{'type': 'number', 'minimum': 99.5}",
                "{'type': 'number', 'exclusiveMaximum': -1000.001}",
                "{'minimum': 3}",
                "{'type': 'string', 'minLength': 2, 'maxLength': 5}",
                "{'type': 'string', 'minLength': 30, 'maxLength': 300}",
                "{'type': 'string', 'maxLength': 10000}",
                "{'type': 'string', 'pattern': '^[A-Z]{2}-[0-9]{4}$'}",
                "{'type': 'string', 'pattern': 'ab+'}",
                "{'type': 'string', 'pattern': '^a|b$', 'maxLength': 6}",
                "{'type': 'string', 'pattern': '^[a-z0-9_-]+$', 'maxLength': 64, 'minLength': 3}",
                "{'type': 'string', 'pattern': '^[\\\\x00-\\\\x7f]{2,9}$'}",
                "{'type': 'string', 'pattern': '^\\\\S+ \\\\S+$'}",
                "{'type': 'string', 'format': 'date-time'}",
                "{'type': 'string', 'format': 'date'}",
                "{'type': 'string', 'format': 'time'}",
                "{'type': 'string', 'format': 'duration'}",
                "{'type': 'string', 'format': 'uuid'}",
                "{'type': 'string', 'format': 'ipv4'}",
                "{'type': 'string', 'format': 'ipv6'}",
                "{'type': 'string', 'format': 'email', 'pattern': '\\\\.(com|org)$'}",
                "{'type': 'string', 'format': 'hostname', 'maxLength': 40}",
                "{'type': 'string', 'format': 'uri'}",
                "{'enum': ['red', 'red-ish', 'a\\\"b', 1, 2.50, null, true, {'a': [1, 'x']}, []]}",
                "{'const': 'fixed \\n value'}",
                "{'enum': ['a', 'bb', 'ccc', 4], 'type': 'string', 'minLength': 2}",
                "{'type': 'array', 'items': {'type': 'integer'}, 'minItems': 2, 'maxItems': 4}",
                "{'type': 'array', 'items': {'enum': [1, 2]}, 'minItems': 50, 'maxItems': 70}",
                "{'type': 'array', 'prefixItems': [{'type': 'string'}, {'type': 'null'}]}",
                "{'type': 'array', 'prefixItems': [{'type': 'integer'}], 'items': {'const': 'x'},"
                        + " 'minItems': 3, 'maxItems': 6}",
                "{'type': 'array', 'prefixItems': [true, false, true]}",
                "{'type': 'array', 'prefixItems': [{'const': 1}], 'items': false, 'minItems': 1}",
                "{'type': 'array', 'prefixItems': [{'const': 1}], 'minItems': 3}",
                "{'type': 'array', 'maxItems': 0}",
                "{'properties': {'a': {'type': 'string'}, 'b': {'type': 'integer'},"
                        + " 'c': {'type': 'boolean'}}, 'required': ['b']}",
                "{'properties': {'a': true, 'b': true}, 'additionalProperties': false,"
                        + " 'minProperties': 1}",
                "{'type': 'object', 'properties': {'id': {'type': 'integer'}},"
                        + " 'additionalProperties': {'type': 'boolean'}}",
                "{'type': 'object', 'properties': {'x': false, 'y': {'const': 1}},"
                        + " 'additionalProperties': true, 'required': ['z']}",
                "{'type': 'object', 'additionalProperties': {'type': 'integer'}}",
                "{'type': 'object', 'properties': {'a\\\"\\n/~': {'const': 1}}, 'required':"
                        + " ['a\\\"\\n/~']}",
                "{'$ref': '#/$defs/tree', '$defs': {'tree': {'type': 'object', 'properties':"
                        + " {'value': {'type': 'integer'}, 'children': {'type': 'array', 'items':"
                        + " {'$ref': '#/$defs/tree'}}}, 'required': ['value']}}}",
                "{'type': 'object', 'properties': {'next': {'anyOf': [{'$ref': '#'},"
                        + " {'type': 'null'}]}}, 'required': ['next']}",
                "{'anyOf': [{'type': 'string', 'maxLength': 3}, {'type': 'integer', 'minimum':"
                        + " 5}]}",
                "{'oneOf': [{'type': 'string'}, {'type': 'integer'}, {'type': 'null'}]}",
                "{'oneOf': [{'type': 'object', 'properties': {'kind': {'const': 'a'}, 'v': {'type':"
                        + " 'integer'}}, 'required': ['kind', 'v']}, {'type': 'object',"
                        + " 'properties': {'kind': {'const': 'b'}, 'w': {'type': 'string'}},"
                        + " 'required': ['kind']}]}",
                "{'oneOf': [{'type': 'integer', 'maximum': 5}, {'type': 'integer', 'minimum': 6}]}",
                "{'oneOf': [{'type': 'string', 'pattern': '^a'}, {'type': 'string', 'pattern':"
                        + " '^b'}]}",
                "{'oneOf': [{'type': 'array', 'maxItems': 1}, {'type': 'array', 'minItems': 2}]}",
                "{'type': 'object', 'properties': {'a': {'type': 'integer'}, 'b': {'type':"
                        + " 'integer'}}, 'anyOf': [{'required': ['a']}, {'required': ['b']}]}",
                "{'allOf': [{'type': 'object', 'properties': {'a': {'type': 'integer'}},"
                        + " 'required': ['a']}, {'properties': {'a': {'minimum': 3}, 'b': {'type':"
                        + " 'string'}}, 'required': ['b']}]}",
                "{'allOf': [{'properties': {'a': true}, 'additionalProperties': {'type':"
                        + " 'integer'}}, {'properties': {'b': {'minimum': 7}}}], 'type': 'object'}",
                "{'allOf': [{'enum': [1, 2, 3, 'x']}, {'enum': [3.0, 'x', 5]}]}",
                "{'allOf': [{'anyOf': [{'type': 'string'}, {'type': 'integer'}]},"
                        + " {'anyOf': [{'minLength': 2}, {'minimum': 3}]}],"
                        + " 'maxLength': 4}",
                "{'type': 'string', 'allOf': [{'pattern': '^[ab]+$'}, {'pattern': 'aa'},"
                        + " {'pattern': 'b$'}], 'maxLength': 12}",
                "{'type': 'integer', 'format': 'int32'}",
                "{'type': 'object', 'title': 'T', 'description': 'd', 'x-order': 3, 'properties':"
                        + " {'p': {'$ref': '#/$defs/p%20q~1r'}}, '$defs': {'p q/r': {'type':"
                        + " 'number', 'exclusiveMinimum': 0}}}",
            })
    void everythingGeneratedIsValid(String quoted) {
        String json = quoted.replace('\'', '"');
        Schema schema = REGISTRY.getSchema(MAPPER.readTree(json));
        Constraint constraint = Constraints.jsonSchema(json);
        for (int i = 0; i < WALKS; i++) {
            String text = walks.text(constraint);
            JsonNode value = MAPPER.readTree(text);
            List<Error> errors =
                    schema.validate(
                            value,
                            context ->
                                    context.executionConfig(
                                            config -> config.formatAssertionsEnabled(true)));
            assertThat(errors).as(text).isEmpty();
            assertThat(constraint.matches(text)).as(text).isTrue();
        }
    }

    @Test
    void aJsonObjectIsAlwaysAnObject() {
        Constraint constraint = Constraints.json();
        Set<String> seen = new HashSet<>();
        for (int i = 0; i < 2000; i++) {
            String text = walks.text(constraint);
            assertThat(MAPPER.readTree(text).isObject()).as(text).isTrue();
            seen.add(text);
        }
        assertThat(seen).hasSizeGreaterThan(1000);
    }
}
