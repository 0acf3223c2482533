package dev.minke.model.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatTemplateTests {
    private static String render(String template) throws MalformedTemplate {
        return ChatTemplate.parse("t", template).render(Map.of());
    }

    @Test
    void anInputHasTheVariablesOfTransformers() throws MalformedTemplate {
        ChatTemplate template =
                ChatTemplate.parse(
                        "t",
                        "{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m.content }};"
                                + "{% endfor %}{{ tools }}{{ documents }}{{ add_generation_prompt }}"
                                + "{{ eos_token is defined }}{{ thinking }}");
        ChatInput input =
                ChatInput.of(List.of(ChatInput.message("system", "s")))
                        .withMessage("user", "u")
                        .withTokens("<s>", "")
                        .withVariable("thinking", true);

        assertThat(template.render(input)).isEqualTo("<s>system:s;user:u;NoneNoneTrueFalseTrue");
        assertThat(template.render(input.withTools(List.of(Map.of("a", 1)))))
                .contains("[{'a': 1}]None");
        assertThat(template.render(input.withGenerationPrompt(false))).contains("NoneNoneFalse");
    }

    @Test
    void variablesArePlainValuesOfJava() throws MalformedTemplate {
        Map<String, Object> input = new HashMap<>();
        input.put("null", null);
        input.put("none", ChatTemplate.NONE);
        input.put("list", Arrays.asList(1, 2L, (short) 3, (byte) 4, 5.5, 6.5f, true, "x", null));
        input.put("map", Map.of(1, new BigInteger("12345678901234567890")));
        assertThat(ChatTemplate.parse("t", "{{ list }}{{ map }}{{ null }}").render(input))
                .isEqualTo("[1, 2, 3, 4, 5.5, 6.5, True, 'x', None]{1: 12345678901234567890}None");
    }

    @Test
    void otherObjectsOfJavaAreRefused() throws MalformedTemplate {
        ChatTemplate template = ChatTemplate.parse("t", "{{ x }}");
        assertThatThrownBy(() -> template.render(Map.of("x", new Object())))
                .isInstanceOf(TemplateException.class)
                .hasMessageContaining("java.lang.Object");
        assertThatThrownBy(() -> template.render(Map.of("x", Thread.currentThread())))
                .isInstanceOf(TemplateException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ x.getClass() }}",
                "{{ x.class.forName('java.lang.Runtime') }}",
                "{{ messages.__class__.__mro__ }}",
                "{{ x.upper.__globals__.x }}",
                "{{ ''['__class__']['__base__'] }}",
                "{{ range.__self__.__import__('os') }}",
                "{{ namespace.__init__.__globals__ }}",
                "{{ '{0.__class__.__mro__}'.format(x) }}",
                "{{ x|attr('__class__')|attr('__mro__') }}",
                "{{ [x]|map(attribute='__class__.__mro__')|list }}",
                "{{ messages.append(1) }}"
            })
    void nothingOutsideOfTheTemplateIsReachable(String template) throws MalformedTemplate {
        ChatTemplate parsed = ChatTemplate.parse("t", template);
        assertThatThrownBy(() -> parsed.render(Map.of("x", "text", "messages", List.of())))
                .isInstanceOf(TemplateException.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '@',
            value = {
                "{% include 'x' %} @ 4 @ the statement 'include' is not supported",
                "{% autoescape true %} @ 4 @ the statement 'autoescape' is not supported",
                "{% block x %} @ 4 @ the statement 'block' is not supported",
                "{{ 'a'|pprint }} @ 8 @ the filter 'pprint' is not supported",
                "{% if x %}{% endfor %} @ 14 @ unknown statement 'endfor' within 'if'",
                "é🐋{{ a.b. }} @ 11 @ expected a name or a number, found '}}'",
                "{% macro f(a, a) %}{% endmacro %} @ 15 @ the argument 'a' is there twice",
                "{{ x[1:2, 3] }} @ 5 @ a slice among several indexes is not supported",
            })
    void whatIsNotSupportedIsNamedWithItsPlace(String template, int column, String problem) {
        assertThatThrownBy(() -> ChatTemplate.parse("dir/t.jinja", "line\n" + template))
                .isInstanceOf(MalformedTemplate.class)
                .hasMessage("dir/t.jinja: line 2, column %d: %s".formatted(column, problem))
                .satisfies(e -> assertThat(((MalformedTemplate) e).line()).isEqualTo(2))
                .satisfies(e -> assertThat(((MalformedTemplate) e).column()).isEqualTo(column));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ lipsum() }}",
                "{{ cycler('a') }}",
                "{{ joiner() }}",
                "{{ 'a'.encode() }}",
                "{{ 'a'.translate({}) }}",
                "{{ {}.fromkeys([1]) }}",
                "{{ (-8) ** 0.5 }}",
            })
    void functionsThatAreNotSupportedSaySoWhenCalled(String template) {
        assertThatThrownBy(() -> render(template))
                .isInstanceOf(TemplateException.class)
                .hasMessageContaining("not supported");
    }

    @Test
    void anUnknownFilterInABranchThatIsNotTakenDoesNotMatter() throws MalformedTemplate {
        assertThat(render("{% if false %}{{ x|nope }}{% else %}ok{% endif %}")).isEqualTo("ok");
        assertThatThrownBy(() -> render("{{ x|nope }}")).isInstanceOf(MalformedTemplate.class);
    }

    @Test
    void aRefusalOfTheTemplateIsItsOwnMessage() throws MalformedTemplate {
        ChatTemplate template = ChatTemplate.parse("t", "\n\n {{ raise_exception('Not so!') }}");
        assertThatThrownBy(() -> template.render(Map.of()))
                .isInstanceOfSatisfying(
                        TemplateException.class,
                        e -> {
                            assertThat(e)
                                    .hasMessage(
                                            "t: line 3, column 20: the template refuses: "
                                                    + "Not so!");
                            assertThat(e.raised()).isTrue();
                            assertThat(e.reason()).isEqualTo("Not so!");
                            assertThat(e.source()).isEqualTo("t");
                            assertThat(e.line()).isEqualTo(3);
                            assertThat(e.column()).isEqualTo(20);
                        });
        assertThatThrownBy(() -> render("{{ a.b }}"))
                .isInstanceOfSatisfying(
                        TemplateException.class, e -> assertThat(e.raised()).isFalse());
    }

    @Test
    void whatTransformersLacksButTemplatesUseWorks() throws MalformedTemplate {
        assertThat(render("{{ ('{\"b\": [1, 2.0, null, \"x\"]}'|from_json).b }}"))
                .isEqualTo("[1, 2.0, None, 'x']");
        assertThat(render("{{ [{'f': 1}]|map(attribute='f')|tojson }}")).isEqualTo("[1]");
        assertThatThrownBy(() -> render("{{ '{'|from_json }}"))
                .isInstanceOf(TemplateException.class)
                .hasMessageContaining("from_json");
    }

    @Test
    void oneTemplateServesManyThreads() throws Exception {
        ChatTemplate template =
                ChatTemplate.parse("t", TemplateResources.text("conversation.jinja"));
        List<TemplateResources.Probe> probes = TemplateResources.probes("probes.jsonl");
        TemplateResources.Probe probe = probes.getLast();
        assertThat(probe.name()).isEqualTo("conversation");
        try (var threads = Executors.newFixedThreadPool(4)) {
            List<Callable<String>> tasks = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                tasks.add(() -> template.render(probe.context()));
            }
            for (Future<String> result : threads.invokeAll(tasks)) {
                assertThat(result.get()).isEqualTo(probe.expected());
            }
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        }
    }

    @Test
    void floatsAreWrittenWithTheFewestDigits() {
        assertThat(Printer.real(5e-324)).isEqualTo("5e-324");
        assertThat(Printer.real(2e23)).isEqualTo("2e+23");
        assertThat(Printer.real(-1.0E-5)).isEqualTo("-1e-05");
        assertThat(Printer.real(Double.MAX_VALUE)).isEqualTo("1.7976931348623157e+308");
        var random = new java.util.Random(1);
        for (int i = 0; i < 20_000; i++) {
            double value = Double.longBitsToDouble(random.nextLong());
            if (!Double.isNaN(value)) {
                String text = Printer.real(value).replace("inf", "Infinity");
                assertThat(Double.parseDouble(text)).isEqualTo(value);
            }
        }
    }
}
