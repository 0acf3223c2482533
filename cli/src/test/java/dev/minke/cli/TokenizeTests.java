package dev.minke.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.model.text.AddedToken;
import dev.minke.model.text.BpeTrainer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class TokenizeTests {
    @TempDir Path folder;

    @BeforeEach
    void saveATokenizer() throws IOException {
        BpeTrainer.train(BpeTrainer.Options.deepSeekV3(261), List.of("hi there hi there"))
                .save(folder);
    }

    @Test
    void aTextBecomesATableWithEscapesAndMarks() {
        String text = "hi\n" + AddedToken.PAD + "é \u00A0";
        assertThat(run(text).out())
                .isEqualTo(
                        """
                        index       id  token
                            0      260  "hi"
                            1      201  "\\n"
                            2        2  "<｜▁pad▁｜>"  special
                            3      130  "\\xC3"
                            4      105  "\\xA9"
                            5      223  " "
                            6      129  "\\xC2"
                            7      257  "\\xA0"
                        """);
    }

    @Test
    void idsComeAloneAndBosOnlyWhenAskedFor() {
        assertThat(run("hi hi", "--ids").out()).isEqualTo("260,223,260\n");
        assertThat(run("hi hi", "--ids", "--bos").out()).isEqualTo("0,260,223,260\n");
        String begun = AddedToken.BEGIN_OF_SENTENCE + "hi";
        assertThat(run(begun, "--ids", "--bos").out()).isEqualTo("0,260\n");
        assertThat(run("", "--ids").out()).isEqualTo("\n");
    }

    @Test
    void jsonHasTextOrTheBytesOfAPartOfACharacter() {
        assertThat(run("hié", "--json").out())
                .isEqualTo(
                        """
                        {"tokens":[{"id":260,"text":"hi","special":false},\
                        {"id":130,"hex":"c3","special":false},\
                        {"id":105,"hex":"a9","special":false}]}
                        """);
    }

    @Test
    void idsAreDecoded() {
        assertThat(run("--decode", "0,260 223,130,105").out())
                .isEqualTo(AddedToken.BEGIN_OF_SENTENCE + "hi é\n");
        assertThat(run("--decode", "260\n223\n260\n", "--json").out())
                .isEqualTo("{\"text\":\"hi hi\"}\n");
        assertThat(run("--decode", "").out()).isEqualTo("\n");
    }

    @Test
    void standardInputIsReadAsBytes() {
        InputStream before = System.in;
        try {
            System.setIn(new ByteArrayInputStream(new byte[] {'h', 'i', (byte) 0xC3}));
            assertThat(run("--stdin", "--ids").out()).isEqualTo("260,130\n");
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void wrongUsageIsRefused() throws IOException {
        assertThat(run().problem()).contains("expected one of TEXT, --stdin and --decode, found 0");
        assertThat(run("hi", "--decode", "1").problem()).contains("found 2");
        assertThat(run("hi", "--ids", "--json").problem()).contains("exclude each other");
        assertThat(run("--decode", "1", "--bos").problem()).contains("takes neither --bos nor");
        assertThat(run("--decode", "1,x").problem()).contains("--decode: 'x' is not a token id");
        assertThat(run("--decode", "9999").problem())
                .contains("--decode: id 9999 has no token; the vocabulary has ids 0 to 260");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{}");
        assertThat(run("hi", "--bos").problem()).contains("--bos: the tokenizer has no token");
    }

    @Test
    void whatCannotBeSeenIsEscaped() {
        String text = "a\t\r\"\\\u0007\u200B\uE000\u3000\u2028漢🐋";
        assertThat(Tokenize.quoted(text.getBytes(StandardCharsets.UTF_8)))
                .isEqualTo("\"a\\t\\r\\\"\\\\\\u{0007}\\u{200B}\\u{E000}\\u{3000}\\u{2028}漢🐋\"");
        assertThat(Tokenize.quoted(new byte[] {' ', '\n', (byte) 0x80})).isEqualTo("\" \\n\\x80\"");
    }

    private record Outcome(String out, String problem) {}

    private Outcome run(String... options) {
        List<String> args = new ArrayList<>(List.of(folder.toString()));
        args.addAll(List.of(options));
        var captured = new CapturedConsole(false);
        var problem = new StringBuilder();
        new CommandLine(new Tokenize(captured.console))
                .setParameterExceptionHandler((e, _) -> {
                    problem.append(e.getMessage());
                    return 2;
                })
                .setExecutionExceptionHandler((e, _, _) -> {
                    problem.append(e.getMessage());
                    return 1;
                })
                .execute(args.toArray(String[]::new));
        return new Outcome(captured.out(), problem.toString());
    }
}
