package dev.minke.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/// The command line is a promise to users: what it takes changes on purpose only.
class OptionsTests {
    private static final Path ACTUAL = Path.of("target", "options.txt");

    @Test
    void commandsAndOptionsAreThoseOfTheList() throws IOException {
        List<String> actual = new ArrayList<>();
        collect(Main.commandLine(new CapturedConsole(false).console), actual);
        Files.createDirectories(ACTUAL.getParent());
        Files.writeString(ACTUAL, String.join("\n", actual) + "\n");

        List<String> expected;
        try (var in = OptionsTests.class.getResourceAsStream("options.txt")) {
            assertThat(in).as("the resource options.txt").isNotNull();
            expected = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
        assertThat(actual)
                .as(
                        "if the change is meant:"
                                + " cp cli/target/options.txt cli/src/test/resources/dev/minke/cli/")
                .containsExactlyElementsOf(expected);
    }

    private static void collect(CommandLine command, List<String> lines) {
        var spec = command.getCommandSpec();
        String name = spec.qualifiedName();
        lines.add(name);
        for (OptionSpec option : spec.options()) {
            if (!option.usageHelp() && !option.versionHelp()) {
                lines.add(
                        name
                                + " "
                                + String.join(" ", option.names())
                                + (option.arity().max() == 0 ? "" : " " + option.paramLabel()));
            }
        }
        for (PositionalParamSpec parameter : spec.positionalParameters()) {
            lines.add(name + " " + parameter.paramLabel());
        }
        for (CommandLine subcommand : command.getSubcommands().values()) {
            collect(subcommand, lines);
        }
    }
}
