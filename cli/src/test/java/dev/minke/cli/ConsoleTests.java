package dev.minke.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConsoleTests {
    private final CapturedConsole terminal = new CapturedConsole(true);
    private final CapturedConsole plain = new CapturedConsole(false);

    @Test
    void resultsGoToStandardOutputAndAllElseToStandardError() {
        plain.console.result("42");
        plain.console.note("thinking");
        plain.console.error("no such file: x");

        assertThat(plain.out()).isEqualTo("42\n");
        assertThat(plain.err()).isEqualTo("thinking\nminke: no such file: x\n");
    }

    @Test
    void generatedTextKeepsItsCharacters() {
        plain.console.print("小鲸 ");
        plain.console.print("🐋");

        assertThat(plain.out()).isEqualTo("小鲸 🐋");
    }

    @Test
    void jsonIsOneLineWithKeysInTheGivenOrder() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("steps", 3);
        object.put("losses", List.of(1.5, 1.25));
        object.put("out", "runs\na");

        plain.console.json(object);

        assertThat(plain.out())
                .isEqualTo("{\"steps\":3,\"losses\":[1.5,1.25],\"out\":\"runs\\na\"}\n");
    }

    @Test
    void progressIsOneRewrittenLineOnATerminal() {
        terminal.console.progress(() -> "step 1");
        terminal.console.progress(() -> "too soon");
        terminal.pass(0.2);
        terminal.console.progress(() -> "step 2");
        terminal.console.note("a note");
        terminal.pass(0.2);
        terminal.console.progress(() -> "step 3");
        terminal.console.endProgress("done");

        assertThat(terminal.err())
                .isEqualTo(
                        "\r\033[Kstep 1\r\033[Kstep 2\r\033[Ka note\n\r\033[Kstep 3\r\033[Kdone\n");
    }

    @Test
    void longProgressLinesDoNotWrapOnATerminal() {
        terminal.console.progress(() -> "x".repeat(500));

        assertThat(terminal.err()).isEqualTo("\r\033[K" + "x".repeat(79));
    }

    @Test
    void progressElsewhereIsAPlainLineNowAndThen() {
        plain.console.progress(() -> "step 1");
        plain.pass(9);
        plain.console.progress(() -> "too soon");
        plain.pass(2);
        plain.console.progress(() -> "step 2");
        plain.console.endProgress("done");

        assertThat(plain.err()).isEqualTo("step 1\nstep 2\ndone\n");
    }

    @Test
    void aLineThatIsNotShownIsNotAskedFor() {
        plain.console.progress(() -> "step 1");
        plain.console.progress(() -> {
            throw new AssertionError("asked for");
        });

        assertThat(plain.err()).isEqualTo("step 1\n");
    }

    @Test
    void aFullDiskBehindStandardOutputIsNoticed() {
        var full =
                new OutputStream() {
                    @Override
                    public void write(int b) throws IOException {
                        throw new IOException("No space left on device");
                    }
                };
        var console =
                new Console(
                        new PrintStream(full, false, StandardCharsets.UTF_8),
                        new PrintStream(new ByteArrayOutputStream()),
                        false,
                        () -> 0);
        console.result("lost");

        assertThat(console.flush()).isFalse();
    }
}
