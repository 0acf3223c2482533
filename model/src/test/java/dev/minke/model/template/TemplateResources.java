package dev.minke.model.template;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Templates with what Python's jinja2 3.1.6 rendered from them, in the mode that transformers
/// uses.
final class TemplateResources {
    /// The time at which the probes were rendered.
    static final Clock CLOCK = Clock.fixed(Instant.parse("2025-03-07T14:05:09Z"), ZoneOffset.UTC);

    private TemplateResources() {}

    /// A template and what it renders to, or the error of Python.
    record Probe(
            String name,
            String template,
            Map<String, Object> context,
            String expected,
            String error) {

        String render() throws MalformedTemplate {
            return ChatTemplate.parse(name, template).withClock(CLOCK).render(context);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static String text(String name) {
        try (var in = TemplateResources.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("no test resource " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The rows of a resource whose first line holds the context of all.
    static List<Probe> probes(String name) {
        List<String> lines = text(name).lines().toList();
        Map<String, Object> shared = map(object(name, lines.getFirst()).get("context"));
        List<Probe> probes = new ArrayList<>();
        for (String line : lines.subList(1, lines.size())) {
            Map<String, Object> row = object(name, line);
            String template = (String) row.get("template");
            probes.add(
                    new Probe(
                            (String) row.get("name"),
                            template,
                            shared,
                            (String) row.getOrDefault("expected", ""),
                            (String) row.getOrDefault("error", "")));
        }
        return probes;
    }

    /// The rows of a file that name a template beside it and bring their own context.
    static List<Probe> cases(Path file, Path templates) throws IOException {
        List<Probe> cases = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            Map<String, Object> row = object(file.toString(), line);
            String template = (String) row.get("template");
            cases.add(
                    new Probe(
                            template + ", " + row.get("case"),
                            Files.readString(templates.resolve(template)),
                            map(row.get("context")),
                            (String) row.get("expected"),
                            ""));
        }
        return cases;
    }

    static Map<String, Object> object(String source, String json) {
        return map(TemplateJson.read(source, json));
    }

    @SuppressWarnings("unchecked") // objects of JSON have strings for keys
    static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
    }
}
