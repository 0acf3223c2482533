package dev.minke.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MainTests {
    private final CapturedConsole captured = new CapturedConsole(false);

    private int run(String... args) {
        return Main.run(captured.console, args);
    }

    @Test
    void helpGoesToStandardOutput() {
        assertThat(run("--help")).isZero();
        assertThat(captured.out()).startsWith("Usage: minke").contains("doctor");
        assertThat(captured.err()).isEmpty();
    }

    @Test
    void theVersionIsThatOfTheBuild() {
        assertThat(run("--version")).isZero();
        assertThat(captured.out()).matches("minke \\d+\\.\\d+\\S*\nJava 2\\d.*\n");
    }

    @Test
    void noCommandIsWrongUsage() {
        assertThat(run()).isEqualTo(2);
        assertThat(captured.err())
                .isEqualTo("minke: Missing required subcommand (try minke --help)\n");
        assertThat(captured.out()).isEmpty();
    }

    @Test
    void aMistypedCommandIsWrongUsageWithASuggestion() {
        assertThat(run("docter")).isEqualTo(2);
        assertThat(captured.err())
                .startsWith("minke: Unmatched argument at index 0: 'docter' (try ")
                .contains("minke doctor, ")
                .endsWith("minke --help)\n")
                .hasLineCount(1);
    }

    @Test
    void anUnknownOptionIsWrongUsageThatNamesTheCommandsHelp() {
        assertThat(run("doctor", "--xml")).isEqualTo(2);
        assertThat(captured.err())
                .startsWith("minke: Unknown option: '--xml' (try ")
                .contains("minke doctor --help")
                .hasLineCount(1);
    }
}
