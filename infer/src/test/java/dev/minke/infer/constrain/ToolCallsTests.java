package dev.minke.infer.constrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.minke.infer.constrain.ToolCalls.Choice;
import dev.minke.infer.constrain.ToolCalls.Format;
import dev.minke.infer.constrain.ToolCalls.Tool;
import java.util.List;
import org.junit.jupiter.api.Test;

class ToolCallsTests {
    private static final String[] MARKERS = {
        "<｜tool▁calls▁begin｜>",
        "<｜tool▁calls▁end｜>",
        "<｜tool▁call▁begin｜>",
        "<｜tool▁call▁end｜>",
        "<｜tool▁sep｜>"
    };
    private static final List<Tool> TOOLS =
            List.of(
                    new Tool(
                            "get_weather",
                            """
                            {"type": "object", "properties": {"city": {"type": "string"},
                             "days": {"type": "integer", "minimum": 1, "maximum": 14}},
                             "required": ["city"], "additionalProperties": false}
                            """,
                            false),
                    new Tool("stop", "", false));

    private final ListTokenizer tokenizer = ListTokenizer.small(MARKERS);
    private final Vocabulary vocabulary = Vocabulary.of(tokenizer);

    @Test
    void writesTheFormOfV3() {
        Constraint constraint = constraint(Format.DEEPSEEK_V3, new Choice.Required(), true);
        String first = call3("get_weather", "{\"city\": \"Köln\", \"days\": 3}");
        String second = call3("stop", "{}");
        assertThat(accepts(constraint, MARKERS[0] + first + MARKERS[1])).isTrue();
        assertThat(accepts(constraint, MARKERS[0] + first + "\n" + second + MARKERS[1])).isTrue();
        assertThat(accepts(constraint, MARKERS[0] + first + second + MARKERS[1])).isFalse();
        assertThat(accepts(constraint, MARKERS[0] + MARKERS[1])).isFalse();
        assertThat(accepts(constraint, "Hello")).isFalse();
        String wrong = call3("get_weather", "{\"city\": \"Köln\", \"days\": 15}");
        assertThat(accepts(constraint, MARKERS[0] + wrong + MARKERS[1])).isFalse();
        assertThat(accepts(constraint, MARKERS[0] + call3("other", "{}") + MARKERS[1])).isFalse();
    }

    @Test
    void writesTheFormOfV31() {
        Constraint constraint = constraint(Format.DEEPSEEK_V31, new Choice.Required(), true);
        String first = call31("get_weather", "{\"city\":\"Köln\"}");
        String second = call31("stop", "{\"any\": [1]}");
        assertThat(accepts(constraint, MARKERS[0] + first + second + MARKERS[1])).isTrue();
        assertThat(accepts(constraint, MARKERS[0] + first + "\n" + second + MARKERS[1])).isFalse();
        Constraint one = constraint(Format.DEEPSEEK_V31, new Choice.Required(), false);
        assertThat(accepts(one, MARKERS[0] + second + MARKERS[1])).isTrue();
        assertThat(accepts(one, MARKERS[0] + first + second + MARKERS[1])).isFalse();
    }

    @Test
    void theChoiceDecidesWhatMayBeCalled() {
        Constraint named = constraint(Format.DEEPSEEK_V31, new Choice.Named("stop"), true);
        String weather = MARKERS[0] + call31("get_weather", "{\"city\":\"x\"}") + MARKERS[1];
        String stop = MARKERS[0] + call31("stop", "{}") + MARKERS[1];
        assertThat(accepts(named, stop)).isTrue();
        assertThat(accepts(named, weather)).isFalse();
        Constraint auto = constraint(Format.DEEPSEEK_V31, new Choice.Auto(), true);
        assertThat(accepts(auto, "Just text. {\"a\"")).isTrue();
        assertThat(accepts(auto, "I ask: " + weather)).isTrue();
        assertThat(accepts(auto, stop + "more")).isFalse();
        assertThat(accepts(auto, "x" + MARKERS[2])).isFalse();
        assertThat(accepts(auto, "")).isTrue();
    }

    @Test
    void randomCallsAreWellFormed() {
        var walks = new Walks(tokenizer, 8);
        Constraint constraint = constraint(Format.DEEPSEEK_V3, new Choice.Required(), false);
        for (int i = 0; i < 200; i++) {
            var ids = walks.ids(constraint.matcher(vocabulary));
            String text = tokenizer.text(ids);
            assertThat(text).matches("(?s)function(get_weather|stop)\n```json\n\\{.*\\}\n```");
            assertThat(ids.subList(0, 2)).containsExactly(1, 3);
            assertThat(ids.subList(ids.size() - 3, ids.size())).containsExactly(4, 2, 0);
        }
    }

    @Test
    void refusesWhatCannotBeCalled() {
        assertThatThrownBy(() -> constraint(Format.DEEPSEEK_V3, new Choice.Named("nope"), true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("nope");
        assertThatThrownBy(() -> new Tool("a b", "", false))
                .isInstanceOf(IllegalArgumentException.class);
        var bad = new Tool("t", "{\"properties\": {\"a\": {\"not\": {}}}}", false);
        assertThatThrownBy(() ->
                        ToolCalls.constraint(
                                Format.DEEPSEEK_V3,
                                List.of(bad),
                                new Choice.Auto(),
                                true,
                                tokenizer))
                .isInstanceOf(MalformedGrammar.class)
                .hasMessageContaining("tool t: schema, /properties/a/not: the keyword \"not\"");
        assertThatThrownBy(() ->
                        ToolCalls.constraint(
                                Format.DEEPSEEK_V3,
                                TOOLS,
                                new Choice.Auto(),
                                true,
                                ListTokenizer.small()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no token <｜tool▁");
    }

    private Constraint constraint(Format format, Choice choice, boolean parallel) {
        return ToolCalls.constraint(format, TOOLS, choice, parallel, tokenizer);
    }

    private static String call3(String name, String arguments) {
        return MARKERS[2]
                + "function"
                + MARKERS[4]
                + name
                + "\n```json\n"
                + arguments
                + "\n```"
                + MARKERS[3];
    }

    private static String call31(String name, String arguments) {
        return MARKERS[2] + name + MARKERS[4] + arguments + MARKERS[3];
    }

    private boolean accepts(Constraint constraint, String text) {
        Constraint.Matcher matcher = constraint.matcher(vocabulary);
        for (int id : tokenizer.encode(text)) {
            if (!matcher.allows(id)) {
                return false;
            }
            matcher.accept(id);
        }
        return matcher.mayEnd();
    }
}
