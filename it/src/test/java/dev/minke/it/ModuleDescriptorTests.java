package dev.minke.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReader;
import java.lang.module.ModuleReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// What each module asks for and offers; a new line here is a decision.
class ModuleDescriptorTests {
    private static final ModuleFinder MODULES = ModuleFinder.of(MinkeProcess.programPath());

    private static ModuleDescriptor descriptor(String module) {
        return MODULES.find("dev.minke." + module).orElseThrow().descriptor();
    }

    private static Set<String> requires(String module) {
        return descriptor(module).requires().stream()
                .map(ModuleDescriptor.Requires::name)
                .filter(name -> !name.equals("java.base") && !name.equals("org.jspecify"))
                .collect(Collectors.toUnmodifiableSet());
    }

    @Test
    void modulesRequireWhatTheArchitectureSays() {
        assertThat(requires("tensor")).isEmpty();
        assertThat(requires("kernels"))
                .containsExactlyInAnyOrder("dev.minke.tensor", "jdk.incubator.vector");
        assertThat(requires("model"))
                .containsExactlyInAnyOrder(
                        "dev.minke.tensor", "java.net.http", "tools.jackson.databind");
        assertThat(requires("infer"))
                .contains("dev.minke.model")
                .doesNotContain("dev.minke.kernels");
        assertThat(requires("train"))
                .contains("dev.minke.infer")
                .doesNotContain("dev.minke.kernels");
    }

    @Test
    void libraryModulesOpenNothingButRecordsToTheJsonReader() {
        for (String module : List.of("tensor", "kernels", "model", "infer", "train")) {
            assertThat(descriptor(module).opens())
                    .as(module)
                    .allMatch(opened -> opened.targets().equals(Set.of("tools.jackson.databind")));
        }
    }

    @Test
    void kernelsShowNoPackage() {
        assertThat(descriptor("kernels").exports()).isEmpty();
    }

    @Test
    void servicesOnTheClassPathAreThoseOfTheModulePath() throws IOException {
        int services = 0;
        for (ModuleReference module : MODULES.findAll()) {
            if (!module.descriptor().name().startsWith("dev.minke.")) {
                continue;
            }
            for (ModuleDescriptor.Provides provided : module.descriptor().provides()) {
                assertThat(listed(module, provided.service()))
                        .as("META-INF/services/" + provided.service())
                        .containsExactlyElementsOf(provided.providers());
                services++;
            }
        }
        assertThat(services).as("services, the vector back end among them").isPositive();
    }

    private static List<String> listed(ModuleReference module, String service) throws IOException {
        List<String> lines = new ArrayList<>();
        try (ModuleReader reader = module.open();
                var in = reader.open("META-INF/services/" + service).orElseThrow()) {
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                if (!line.isBlank() && !line.startsWith("#")) {
                    lines.add(line.strip());
                }
            }
        }
        return lines;
    }
}
