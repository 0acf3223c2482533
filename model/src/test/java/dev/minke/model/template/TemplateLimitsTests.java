package dev.minke.model.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Templates written to do harm end in an error, soon and without much memory.
class TemplateLimitsTests {
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static final String DOUBLED =
            "{% set ns = namespace(a=@, b=@) %}{% for i in range(100) %}"
                    + "{% set ns.a = # %}{% set ns.b = ns.a %}{% endfor %}";

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{ 'a' * 10 ** 9 }}",
                "{{ [1] * 10 ** 18 }}",
                "{{ '%1000000000d' % 1 }}",
                "{{ '%*d' % (10 ** 9, 1) }}",
                "{{ '%.100000000f' % 1.0 }}",
                "{{ '{:>1000000000}'.format(1) }}",
                "{{ 'a'.center(10 ** 12) }}",
                "{{ 'a'|indent(10 ** 9, true) }}",
                "{{ '1'.zfill(10 ** 9) }}",
                "{{ [1]|batch(10 ** 9, 0)|list }}",
                "{{ [1]|slice(10 ** 9)|list }}",
                "{{ ('a' * 1000000).replace('a', 'b' * 1000) }}",
                "{{ ('a' * 1000000).replace('', 'b' * 1000) }}",
                "{{ ('b' * 1000).join('a' * 1000000) }}",
                "{{ (('a ' * 1000000).split() + [1])|length }}",
            })
    void whatWouldFillTheMemoryIsRefusedBeforeItIsMade(String template) {
        long before = THREADS.getCurrentThreadAllocatedBytes();
        assertThatThrownBy(() -> ChatTemplate.parse("t", template).render(Map.of()))
                .isInstanceOf(TemplateException.class)
                .hasMessageContaining("t: line 1, column ");
        assertThat(THREADS.getCurrentThreadAllocatedBytes() - before).isLessThan(64L << 20);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"[ns.a, ns.a]", "(ns.a, ns.a)", "ns.a ~ ns.a ~ 'x'", "{1: ns.a, 2: ns.a}"})
    void valuesThatDoubleAreCutOff(String doubled) throws MalformedTemplate {
        String start = doubled.startsWith("(") ? "(1,)" : doubled.startsWith("n") ? "'x'" : "[1]";
        String prefix = DOUBLED.replace("@", start).replace("#", doubled);
        List<String> uses = List.of("ns.a", "ns.a|tojson", "[ns.a] == [ns.b ~ '']", "ns.a < ns.b");
        for (String use : uses) {
            ChatTemplate template = ChatTemplate.parse("t", prefix + "{{ " + use + " }}");
            assertEndsSoon(template);
        }
        assertEndsSoon(ChatTemplate.parse("t", prefix + "{{ {ns.a: 1} }}{{ {}[ns.a] }}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
                "{% set l = range(99999)|list %}{% for i in l %}{% if -1 in l %}{% endif %}{% endfor %}",
                "{% set a = 'a' * 1000000 %}{% set b = 'a' * 500000 ~ 'b' %}"
                        + "{% for i in range(9999) %}{% if b in a %}{% endif %}{% endfor %}",
                "{% set a = 'é🐋' * 100000 %}{% for i in range(99999) %}"
                        + "{% set x = a[i] ~ a|length %}{% endfor %}",
                "{% set a = 9 ** 4000 %}{% for i in range(99999) %}{% set b = a * 3 / a %}{% endfor %}",
                "{% set s = '9' * 4000 %}{% for i in range(99999) %}{% set b = s|int %}{% endfor %}",
                "{% for i in range(99999) %}{% set x = 1e-300|round(400) %}{% set y = 3 ** 9000 %}"
                        + "{% endfor %}",
                "{% macro f(n) %}{% for i in range(9) %}{{ f(n + 1) if n < 9 }}{% endfor %}"
                        + "{% endmacro %}{{ f(0) }}",
            })
    void longWorkIsCutOff(String template) throws MalformedTemplate {
        assertEndsSoon(ChatTemplate.parse("t", template));
    }

    private static void assertEndsSoon(ChatTemplate template) {
        long start = System.nanoTime();
        try {
            assertThat(template.render(Map.of())).hasSizeLessThan(16 << 20);
        } catch (TemplateException e) {
            assertThat(e).hasMessageMatching("(?s)t: line \\d+, column \\d+: .+");
        }
        assertThat(System.nanoTime() - start).isLessThan(5_000_000_000L);
    }

    @Test
    void deepTemplatesDoNotOverflowTheStack() throws InterruptedException {
        List<String> templates = new ArrayList<>();
        for (String[] parts :
                new String[][] {
                    {"{{ ", "(", "1", ")", " }}"},
                    {"{{ ", "[", "1", "]", " }}"},
                    {"{{ ", "{'a': ", "1", "}", " }}"},
                    {"{{ ", "-", "1", "", " }}"},
                    {"{{ ", "not ", "1", "", " }}"},
                    {"{{ 1", " if 1 else 1", "", "", " }}"},
                    {"{{ x", ".x", "", "", " }}"},
                    {"{{ x", "|upper", "", "", " }}"},
                    {"{{ f", "(1", "", ")", " }}"},
                    {"{{ 1", " + 1", "", "", " }}"},
                    {"{{ 1", " ~ 1", "", "", " }}"},
                    {"{{ 1", " < 1", "", "", " }}"},
                    {"{{ 1", " or 1", "", "", " }}"},
                    {"{{ 'a'|map(", "'map', ", "'upper'", "", ")|list }}"},
                    {"{% set ", "(", "a", ")", " = 1 %}"},
                    {"", "{% if 1 %}", "", "{% endif %}", ""},
                    {"", "{% for x in [1] if x %}", "", "{% endfor %}", ""},
                    {"", "{% filter upper %}", "", "{% endfilter %}", ""},
                    {"{{ '", "[", "", "]", "'|from_json }}"},
                    {"{% if 0 %}", "{% elif 0 %}", "", "", "{% endif %}"},
                }) {
            for (int depth : new int[] {50, 90, 180, 20_000}) {
                String inner = parts[1].repeat(depth) + parts[2] + parts[3].repeat(depth);
                templates.add(parts[0] + inner + parts[4]);
            }
        }
        templates.add("{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}");
        templates.add(
                "{% macro f(n) %}{% set x %}{% filter upper %}{% with %}{{ [{'a': f(n + 1) ~ 1}] }}"
                        + "{% endwith %}{% endfilter %}{% endset %}{% endmacro %}{{ f(0) }}");
        templates.add(
                "{% macro f() %}{% call f() %}{{ caller() }}{% endcall %}{% endmacro %}{{ f() }}");
        templates.add("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}");
        templates.add("{% macro f(a=f()) %}{% endmacro %}{{ f() }}");
        templates.add("{% set ns = namespace() %}{% set ns.a = [ns] %}{{ ns }}");
        for (String value : new String[] {"[ns.x]", "{'a': ns.x}", "(ns.x,)"}) {
            for (int depth : new int[] {190, 1000}) {
                templates.add(
                        "{% set ns = namespace(x=()) %}{% for i in range(@) %}{% set ns.x = # %}"
                                        .replace("@", "" + depth)
                                        .replace("#", value)
                                + "{% endfor %}{{ ns.x }}{{ ns.x|tojson }}{{ ns.x == [ns.x] }}"
                                + "{{ {}[ns.x] }}");
            }
        }
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread thread =
                new Thread(
                        null,
                        () -> {
                            for (String template : templates) {
                                try {
                                    ChatTemplate.parse("t", template).render(Map.of());
                                } catch (MalformedTemplate | TemplateException e) {
                                    assertThat(e).hasMessageStartingWith("t: line ");
                                }
                            }
                        },
                        "small stack",
                        512 << 10);
        thread.setUncaughtExceptionHandler((_, e) -> failure.set(e));
        thread.start();
        thread.join();
        assertThat(failure.get()).isNull();
    }

    @Test
    void inputThatIsTooDeepOrContainsItselfIsRefused() throws MalformedTemplate {
        ChatTemplate template = ChatTemplate.parse("t", "{{ x }}");
        List<Object> deep = new ArrayList<>();
        deep.add(deep);
        assertThatThrownBy(() -> template.render(Map.of("x", deep)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("nested deeper than 200");
        Map<String, Object> cycle = new HashMap<>();
        cycle.put("x", cycle);
        assertThatThrownBy(() -> template.render(cycle))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void limitsGrowWithTheInputAndCanBeSet() throws MalformedTemplate {
        var small = new TemplateLimits(100, 10, 1 << 20, 100, 10, 2, 50);
        ChatTemplate template = ChatTemplate.parse("t", "{{ x }}{{ x }}").withLimits(small);
        assertThat(template.render(Map.of("x", "y".repeat(1000)))).hasSize(2000);
        ChatTemplate four = ChatTemplate.parse("t", "{{ x * 4 }}").withLimits(small);
        assertThatThrownBy(() -> four.render(Map.of("x", "y".repeat(1000))))
                .isInstanceOf(TemplateException.class)
                .hasMessageContaining("output is longer");
        ChatTemplate loop =
                ChatTemplate.parse("t", "{% for i in range(1000) %}{% endfor %}").withLimits(small);
        assertThatThrownBy(() -> loop.render(Map.of()))
                .isInstanceOf(TemplateException.class)
                .hasMessageContaining("too many steps");
        assertThatThrownBy(() -> new TemplateLimits(1, 1, 1, 1, 1, 1, 1_000_000))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("depth is 1000000");
    }

    @Test
    void aTemplateOfManyMegabytesIsRefused() {
        String text = "x".repeat((1 << 18) + 1);
        assertThatThrownBy(() -> ChatTemplate.parse("t", text))
                .isInstanceOf(MalformedTemplate.class)
                .hasMessageContaining("expected at most 262144");
    }
}
