package dev.minke.model.template;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.model.template.TemplateResources.Probe;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Damaged templates and files end in an error with a place, or in a result; never in a crash.
class TemplateMutationTests {
    private static final int MUTATIONS = 4000;
    private static final long MOST_NANOS = 5_000_000_000L;
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static final String[] SPLICED = {
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "-%}",
        "{%-",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "'",
        "\"",
        "|",
        ".",
        ",",
        "~",
        "**",
        "*",
        "9",
        "not ",
        " in ",
        " is ",
        " if ",
        " else ",
        "%",
        "\\",
        "\n",
        "\0",
        "\ud83d",
        "é",
        "🐋",
        "loop",
        "ns.x",
        "range(99999)",
        "{% endif %}",
        "{% endfor %}",
        "{% for x in y %}",
        "{% if x %}",
        "{% set x = 1 %}",
        "{% raw %}",
        " * 99999999",
        "|tojson",
        "namespace()",
        "__class__",
        "{% macro f() %}",
        "{{ f() }}",
        "recursive",
        "['x']",
        "[::-1]",
    };

    @Test
    void mutatedTemplatesEndInAnErrorOrAResult() {
        List<Probe> corpus = TemplateResources.probes("probes.jsonl");
        Map<String, Object> context = corpus.getLast().context();
        List<String> templates = new ArrayList<>();
        corpus.forEach(probe -> templates.add(probe.template()));
        for (int i = 0; i < 100; i++) { // the long one is worth more mutations
            templates.add(corpus.getLast().template());
        }
        var random = new Random(20250307);
        int rendered = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            String template = templates.get(random.nextInt(templates.size()));
            String mutant = mutate(template, templates, random);
            long start = System.nanoTime();
            long before = THREADS.getCurrentThreadAllocatedBytes();
            try {
                ChatTemplate.parse("mutant", mutant).render(context);
                rendered++;
            } catch (MalformedTemplate | TemplateException e) {
                assertThat(e.getMessage())
                        .as(mutant)
                        .matches("(?s)mutant: line \\d+, column \\d+: .{1,900}");
            } catch (RuntimeException | StackOverflowError e) {
                throw new AssertionError("mutation " + i + ": " + mutant, e);
            }
            assertThat(System.nanoTime() - start).as(mutant).isLessThan(MOST_NANOS);
            assertThat(THREADS.getCurrentThreadAllocatedBytes() - before)
                    .as(mutant)
                    .isLessThan((64L << 20) + mutant.length());
        }
        assertThat(rendered).isBetween(MUTATIONS / 20, MUTATIONS * 19 / 20);
    }

    private static String mutate(String template, List<String> templates, Random random) {
        var mutant = new StringBuilder(template);
        for (int n = 1 + random.nextInt(3); n > 0; n--) {
            int length = mutant.length();
            int at = random.nextInt(length + 1);
            int to = Math.min(length, at + random.nextInt(12));
            switch (random.nextInt(7)) {
                case 0 -> mutant.delete(at, to);
                case 1 -> mutant.insert(at, SPLICED[random.nextInt(SPLICED.length)]);
                case 2 -> mutant.replace(at, to, SPLICED[random.nextInt(SPLICED.length)]);
                case 3 -> mutant.insert(at, mutant.substring(at, to).repeat(random.nextInt(40)));
                case 4 -> mutant.setLength(at);
                case 5 -> {
                    if (at < length) {
                        mutant.setCharAt(at, (char) (mutant.charAt(at) ^ 1 << random.nextInt(8)));
                    }
                }
                default -> {
                    String other = templates.get(random.nextInt(templates.size()));
                    int from = random.nextInt(other.length());
                    mutant.insert(
                            at, other, from, Math.min(other.length(), from + random.nextInt(60)));
                }
            }
        }
        return mutant.toString();
    }

    @Test
    void mutatedFilesEndInAnErrorThatNamesTheFileOrInTemplates(@TempDir Path folder)
            throws IOException {
        byte[] config =
                """
                {"bos_token": {"content": "<s>"}, "eos_token": "</s>", "chat_template": [
                  {"name": "default", "template": "{% for m in messages %}{{ m.role }}{% endfor %}"},
                  {"name": "tool_use", "template": "{{ tools|tojson }}"}], "x": [1.5, null, true]}
                """
                        .getBytes(java.nio.charset.StandardCharsets.UTF_8);
        Path file = folder.resolve("tokenizer_config.json");
        var random = new Random(7);
        for (int i = 0; i < 1000; i++) {
            byte[] mutant = config.clone();
            for (int n = 1 + random.nextInt(3); n > 0; n--) {
                mutant[random.nextInt(mutant.length)] ^= (byte) (1 << random.nextInt(8));
            }
            int length = random.nextInt(4) > 0 ? mutant.length : random.nextInt(mutant.length);
            Files.write(file, java.util.Arrays.copyOf(mutant, length));
            try {
                ChatTemplates templates = ChatTemplates.read(folder);
                for (String name : templates.names()) {
                    templates.template(name);
                }
            } catch (MalformedTemplate e) {
                assertThat(e).hasMessageStartingWith(file.toString());
            }
        }
    }
}
