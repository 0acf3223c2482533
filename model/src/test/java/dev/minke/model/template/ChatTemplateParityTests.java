package dev.minke.model.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.minke.model.files.SharedFiles;
import dev.minke.model.template.TemplateResources.Probe;
import java.io.IOException;
import java.util.List;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;

/// Compare with what Python's jinja2 renders in the mode of transformers.
class ChatTemplateParityTests {
    @Test
    void everyProbeRendersAsInPython() {
        List<Probe> probes = TemplateResources.probes("probes.jsonl");
        assertThat(probes).hasSizeGreaterThan(400);
        expectEqual(probes.stream().filter(probe -> probe.error().isEmpty()).toList());
    }

    @Test
    void whatPythonRefusesIsRefused() {
        List<Probe> refused =
                TemplateResources.probes("probes.jsonl").stream()
                        .filter(probe -> !probe.error().isEmpty())
                        .toList();
        assertThat(refused).hasSizeGreaterThan(150);
        var softly = new SoftAssertions();
        for (Probe probe : refused) {
            Throwable e = catchThrowable(probe::render);
            softly.assertThat(e)
                    .as("%s: %s", probe.name(), probe.template())
                    .isInstanceOfAny(TemplateException.class, MalformedTemplate.class);
            String python = probe.error();
            boolean same = // what a reader of both would compare word by word
                    python.startsWith("UndefinedError") || python.startsWith("TemplateError");
            if (same && e instanceof TemplateException failure && !python.contains("int object")) {
                softly.assertThat(failure.reason())
                        .as(probe.template())
                        .isEqualTo(python.substring(python.indexOf(": ") + 2));
            }
        }
        softly.assertAll();
    }

    @Test
    void everyGoldenFeatureRendersAsInPython() {
        List<Probe> features = TemplateResources.probes("features.jsonl");
        assertThat(features).hasSize(42);
        expectEqual(features);
    }

    @Test
    void everyGoldenCaseRendersAsInPython() throws IOException {
        List<Probe> cases =
                TemplateResources.cases(
                        SharedFiles.of("golden/templates/cases.jsonl"),
                        SharedFiles.of("data/templates"));
        assertThat(cases).hasSize(59);
        expectEqual(cases);
    }

    private static void expectEqual(List<Probe> probes) {
        var softly = new SoftAssertions();
        for (Probe probe : probes) {
            String rendered;
            try {
                rendered = probe.render();
            } catch (MalformedTemplate | TemplateException e) {
                rendered = "error: " + e.getMessage();
            }
            softly.assertThat(rendered)
                    .as("%s: %s", probe.name(), Source.shown(probe.template()))
                    .isEqualTo(probe.expected());
        }
        softly.assertAll();
    }
}
