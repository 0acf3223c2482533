package dev.minke.infer.constrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What schemas accept and refuse; in the tables `'` stands for `"`.
class SchemaTests {
    private static final String PERSON =
            "{'type': 'object', 'properties': {'name': {'type': 'string'}, 'age': {'type':"
                    + " 'integer'}, 'tags': {'type': 'array', 'items': {'type': 'string'}}},"
                    + " 'required': ['name']}";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'name': 'Ann'}",
                "{'name':'Ann','age':3}",
                "{'name': 'Ann', 'tags': []}",
                "{\n  'name': 'Ann',\n  'age': 3,\n  'tags': [\n    'a',\n    'b'\n  ]\n}",
                "{ 'name': '\\ud83d\\ude00 \\u00e9\\n', 'age': -12 }",
            })
    void acceptsObjectsInTheOrderOfTheSchema(String text) {
        assertThat(schema(PERSON).matches(json(text))).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{'age': 3}",
                "{'age': 3, 'name': 'Ann'}",
                "{'name': 'Ann', 'other': 1}",
                "{'name': 'Ann', 'name': 'Bob'}",
                "{'name': 'Ann',}",
                "{'name': 'Ann' 'age': 3}",
                "{'name': 'Ann', 'age': 03}",
                "{'name': 'Ann', 'age': 3.0}",
                "{'name': 'Ann', 'age': -0}",
                "{'name': 'An\nn'}",
                "{'name': '\\ud83d'}",
                "{'name': '\\x'}",
                "{  'name': 'Ann'}",
                "{\n\n'name': 'Ann'}",
                "{'name' : 'Ann'}",
                "{'name':  'Ann'}",
                " {'name': 'Ann'}",
                "{'name': 'Ann'} ",
                "{'name': 'Ann'",
                "[]",
            })
    void refusesOtherTexts(String text) {
        assertThat(schema(PERSON).matches(json(text))).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "{'const': 1.0}; 1; true",
                "{'const': 100}; 100; true",
                "{'const': 1e2}; 100; true",
                "{'enum': ['a/b', 'é']}; 'a/b'; true",
                "{'enum': ['a/b', 'é']}; 'é'; true",
                "{'enum': ['a']}; 'b'; false",
                "{'enum': [{'b': [1, {}], 'a': null}]}; {'b': [1, {}], 'a': null}; true",
                "{'enum': [1, 'x', null], 'type': ['string', 'null']}; 1; false",
                "{'enum': [1, 'x', null], 'type': ['string', 'null']}; null; true",
                "{'type': 'string', 'nullable': true}; null; true",
                "{'type': 'string', 'nullable': false}; null; false",
                "{'type': 'number'}; 1.5e-7; true",
                "{'type': 'number'}; 1e400; false",
                "{'type': 'number'}; .5; false",
                "{'type': 'number'}; 5.; false",
                "{'type': 'number', 'maximum': 1}; 0.5; true",
                "{'type': 'number', 'maximum': 1}; 1e-3; false",
                "{'type': 'integer', 'minimum': 1.5, 'maximum': 2.5}; 2; true",
                "{'type': 'string', 'maxLength': 1}; '😀'; true",
                "{'type': 'string', 'maxLength': 1}; '\\ud83d\\ude00'; true",
                "{'type': 'string', 'maxLength': 1}; 'ab'; false",
                "{'type': 'string', 'pattern': 'b'}; 'abc'; true",
                "{'type': 'string', 'pattern': '^b$'}; 'abc'; false",
                "{'type': 'string', 'pattern': '^[\\\\n\\\\t]$'}; '\\n'; true",
                "{'type': 'string', 'format': 'date'}; '2024-02-29'; true",
                "{'type': 'string', 'format': 'date'}; '2023-02-29'; false",
                "{'type': 'string', 'format': 'date'}; '1900-02-29'; false",
                "{'type': 'string', 'format': 'date-time'}; '2024-02-29T23:59:59.25+02:00'; true",
                "{'type': 'array', 'minItems': 1, 'maxItems': 2, 'items': {}}; [1, {}]; true",
                "{'type': 'array', 'minItems': 1, 'maxItems': 2, 'items': {}}; []; false",
                "{'type': 'array', 'minItems': 1, 'maxItems': 2, 'items': {}}; [1,2,3]; false",
                "{'type': 'array', 'items': {'type': 'null'}, 'minItems': 0}; [null]; true",
                "{'prefixItems': [{'type': 'null'}]}; [null]; true",
                "{'prefixItems': [{'type': 'null'}]}; []; true",
                "{'prefixItems': [{'type': 'null'}]}; [null, null]; false",
                "{'prefixItems': [{'type': 'null'}], 'items': true}; [null, 1]; true",
                "{'type': 'object', 'additionalProperties': {'const': 1}}; {'b': 1, 'a': 1}; true",
                "{'properties': {'a': {}}, 'additionalProperties': true}; {'b': 1}; true",
                "{'properties': {'a': {}}, 'additionalProperties': {'const': 2}}; {'a': 1}; true",
                "{'properties': {'a': {}}, 'additionalProperties': {'const': 2}};"
                        + " {'b': 2, 'a': 1}; false",
                "{'properties': {'a': {}}, 'additionalProperties': {'const': 2}};"
                        + " {'\\u0061': 2}; false",
                "{'required': ['z'], 'type': 'object'}; {'z': 0}; true",
                "{'allOf': [{'type': 'number'}, {'type': 'integer'}], 'minimum': 5}; 5; true",
                "{'allOf': [{'type': 'number'}, {'type': 'integer'}], 'minimum': 5}; 5.5; false",
                "{'anyOf': [{'type': 'null'}, {'type': 'array', 'items': {'$ref': '#'}}]};"
                        + " [null, [[], null]]; true",
                "{'$ref': '#/definitions/a', 'definitions': {'a': {'const': 3}}}; 3; true",
                "{'anyOf': [{'const': 1}, {'const': 1}]}; 1; true",
                "true; {'anything': [1, 'goes']}; true",
            })
    void keepsTheKeywords(String schema, String text, boolean expected) {
        assertThat(schema(schema).matches(json(text))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "{'not': {}}; /not: the keyword \"not\" is not supported",
                "{'type': 'array', 'items': {'multipleOf': 2}}; /items/multipleOf: the keyword",
                "{'uniqueItems': true}; /uniqueItems",
                "{'patternProperties': {}}; /patternProperties",
                "{'properties': {'a/b': {'if': {}}}}; /properties/a~1b/if",
                "{'minlength': 3}; /minlength: the keyword \"minlength\" is not supported",
                "{'type': 'text'}; /type: found \"text\"; expected null, boolean",
                "{'type': 'string', 'format': 'iri'}; /format: found \"iri\"; expected date",
                "{'type': 'string', 'pattern': 'a(?=b)'}; /pattern, line 1, column 2: lookaround",
                "{'type': 'string', 'minLength': -1}; /minLength: found -1",
                "{'type': 'string', 'minLength': 1.5}; /minLength: found 1.5",
                "{'minimum': '3'}; /minimum: found \"3\"; expected a number",
                "{'required': 'a'}; /required: found \"a\"; expected an array",
                "{'enum': 3}; /enum: found 3; expected an array",
                "{'enum': []}; no text matches it",
                "{'const': 1, 'type': 'string'}; no text matches it",
                "{'type': 'string', 'minLength': 3, 'maxLength': 2}; no text matches it",
                "{'type': 'integer', 'exclusiveMinimum': 1, 'exclusiveMaximum': 2}; no text",
                "false; no text matches it",
                "{'type': 'object', 'required': ['a'], 'additionalProperties': false}; no text",
                "{'properties': {'a': {'$ref': '#'}}, 'required': ['a']}; no text matches it",
                "{'$ref': '#/$defs/a'}; /$ref: \"#/$defs/a\" leads nowhere",
                "{'$ref': 'http://x/y'}; /$ref: \"http://x/y\" is not supported",
                "{'$ref': '#anchor'}; /$ref: \"#anchor\" is not supported",
                "{'$ref': '#'}; refers to itself",
                "{'allOf': [{'$ref': '#'}]}; refers to itself",
                "{'anyOf': [{'type': 'string'}, {'$ref': '#'}]}; refers to itself",
                "{'$ref': '#/$defs/a', '$defs': {'a': {'$ref': '#/$defs/b'}, 'b': {'$ref':"
                        + " '#/$defs/a'}}}; refers to itself",
                "{'oneOf': [{'type': 'integer'}, {'type': 'number'}]}; /oneOf: alternatives 0 and"
                        + " 1",
                "{'oneOf': [{'minimum': 3}, {'type': 'string'}]}; /oneOf: alternatives 0 and 1",
                "{'oneOf': [{'properties': {'k': {'const': 1}}}, {'properties': {'k': {'const':"
                        + " 2}}}]}; /oneOf: alternatives 0 and 1",
                "{'oneOf': []}; /oneOf: found []",
                "{'type': 'object', 'minProperties': 2}; /minProperties",
                "{'type': 'object', 'maxProperties': 2}; /maxProperties",
                "{'enum': [[1]], 'minItems': 1}; /enum: objects and arrays as values",
                "{'type': 'number', 'minimum': 1e-40}; /minimum: the bounds have more than",
                "{'items': [{'type': 'null'}]}; /items: found [{",
                "{'properties': {'a': 3}}; /properties/a: found 3; expected a schema",
                "[]; at the root: found []; expected a schema",
                "{'type': ; at the root: not JSON: line 1",
                "{'type': 'null', 'type': 'null'}; not JSON",
                "{'type': 'string', 'pattern': '^(a|b)*a(a|b){20}$', 'maxLength': 99}; too large",
            })
    void refusesByPointer(String schema, String problem) {
        assertThatThrownBy(() -> schema(schema))
                .isInstanceOf(MalformedGrammar.class)
                .hasMessageStartingWith("schema")
                .hasMessageContaining(problem)
                .message()
                .doesNotContain("\n");
    }

    @Test
    void strictAsksForClosedObjectsWithoutOptionalProperties() {
        assertThatThrownBy(() -> Constraints.jsonSchema(json(PERSON), true))
                .isInstanceOf(MalformedGrammar.class)
                .hasMessageContaining("strict: expected \"additionalProperties\": false");
        String closed = PERSON.replace("'required'", "'additionalProperties': false, 'required'");
        assertThatThrownBy(() -> Constraints.jsonSchema(json(closed), true))
                .isInstanceOf(MalformedGrammar.class)
                .hasMessageContaining("/properties/age: strict");
        String all = closed.replace("['name']", "['name', 'age', 'tags']");
        Constraint constraint = Constraints.jsonSchema(json(all), true);
        assertThat(constraint.matches(json("{'name': 'x', 'age': 1, 'tags': []}"))).isTrue();
    }

    @Test
    void jsonObjectsHaveAnyMembers() {
        Constraint json = Constraints.json();
        assertThat(json.matches(json("{}"))).isTrue();
        assertThat(json.matches(json("{'a': [1, -0.5e+3, {'b': null}], 'a': true}"))).isTrue();
        assertThat(json.matches("[]")).isFalse();
        assertThat(json.matches("{]")).isFalse();
        assertThat(json.matches("{\n" + " ".repeat(40) + "}")).isTrue();
        assertThat(json.matches("{\n" + " ".repeat(41) + "}")).isFalse();
    }

    private static Constraint schema(String quoted) {
        return Constraints.jsonSchema(json(quoted));
    }

    private static String json(String quoted) {
        return quoted.replace('\'', '"');
    }
}
