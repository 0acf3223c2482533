package dev.minke.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.model.checkpoint.HuggingFaceFolder;
import dev.minke.model.checkpoint.StoredType;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.TensorInventory;
import dev.minke.train.Presets;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class InitTests {
    private final CapturedConsole captured = new CapturedConsole(false);

    @TempDir private Path temp;

    private int run(String... args) {
        return Main.run(captured.console, args);
    }

    private Path init(String name, String... more) {
        Path folder = temp.resolve(name);
        String[] args = new String[5 + more.length];
        List.of("init", "--config", "tiny", "--out", folder.toString()).toArray(args);
        System.arraycopy(more, 0, args, 5, more.length);
        assertThat(run(args)).as(captured.err()).isZero();
        return folder;
    }

    @ParameterizedTest
    @CsvSource({"bf16, BF16", "f32, F32", "fp8, F8_E4M3"})
    void writesAFolderThatOpens(String type, StoredType stored) throws IOException {
        Path folder = init("model", "--type", type);
        try (HuggingFaceFolder checkpoint = HuggingFaceFolder.open(folder)) {
            checkpoint.check(TensorInventory.of(checkpoint.config()));
            assertThat(checkpoint.info("model.layers.0.mlp.up_proj.weight").type())
                    .isEqualTo(stored);
        }
        assertThat(captured.out())
                .startsWith("wrote " + folder + ": 410,640 parameters as " + type + ", ");
    }

    @Test
    void aModelWithATokenizerOfBytesGenerates() {
        Path folder = init("model", "--tokenizer", "bytes");
        assertThat(
                        run(
                                "generate",
                                folder.toString(),
                                "Once",
                                "--max-tokens",
                                "3",
                                "--backend",
                                "reference",
                                "--threads",
                                "1"))
                .as(captured.err())
                .isZero();
    }

    @Test
    void theSameSeedMakesTheSameModel() throws IOException {
        Path one = init("one", "--seed", "7", "--threads", "1");
        Path again = init("again", "--seed", "7", "--threads", "2");
        Path other = init("other", "--seed", "8");
        Path weights = Path.of("model.safetensors");
        assertThat(Files.mismatch(one.resolve(weights), again.resolve(weights))).isEqualTo(-1);
        assertThat(Files.mismatch(one.resolve(weights), other.resolve(weights))).isNotEqualTo(-1);
    }

    @Test
    void aTokenizerOfBytesBringsItsOwnTokens() throws IOException {
        Path folder = init("model", "--tokenizer", "bytes");
        DeepSeekConfig config = DeepSeekConfig.read(folder.resolve(HuggingFaceFolder.CONFIG));
        assertThat(config.hub().bosTokenId()).hasValue(0);
        assertThat(config.hub().eosTokenId()).containsExactly(1);
        assertThat(config.withHub(Presets.named("tiny").model().hub()))
                .isEqualTo(Presets.named("tiny").model());
    }

    @Test
    void refusesATokenizerThatDoesNotFit() throws IOException {
        String json = Presets.named("tiny").model().toJson();
        Path file = temp.resolve("small.json");
        Files.writeString(file, json.replace("\"vocab_size\" : 272", "\"vocab_size\" : 258"));
        Path folder = temp.resolve("model");
        assertThat(
                        run(
                                "init",
                                "--config",
                                file.toString(),
                                "--out",
                                folder.toString(),
                                "--tokenizer",
                                "bytes"))
                .isEqualTo(1);
        assertThat(captured.err())
                .isEqualTo(
                        "minke: vocab_size is 258, expected 259 or more with --tokenizer bytes\n");
        assertThat(folder).doesNotExist();
    }

    @Test
    void refusesAFolderWithSomethingInIt() throws IOException {
        Files.writeString(temp.resolve("notes.txt"), "mine");
        assertThat(run("init", "--config", "tiny", "--out", temp.toString())).isEqualTo(1);
        assertThat(captured.err()).isEqualTo("minke: folder is not empty: " + temp + "\n");
    }

    @Test
    void reportsAsJson() {
        Path folder = temp.resolve("model");
        assertThat(run("init", "--config=tiny", "--out=" + folder, "--type=f32", "--json"))
                .isZero();
        JsonNode result = JsonMapper.shared().readTree(captured.out());
        assertThat(result.path("out").stringValue()).isEqualTo(folder.toString());
        assertThat(result.path("type").stringValue()).isEqualTo("f32");
        // the module's copies of embedding and head on top
        assertThat(result.path("bytes").longValue()).isEqualTo(4 * (410_640 + 2 * 272 * 64));
    }

    @ParameterizedTest
    @CsvSource({
        "--type=q4, 2, --type",
        "--std=-1, 1, 'std is -1.0, expected 0 to 1000000'",
        "--threads=-1, 1, '--threads is -1, expected 1 or more'"
    })
    void refusesOptionsThatMakeNoSense(String option, int exit, String message) {
        Path folder = temp.resolve("model");
        assertThat(run("init", "--config=tiny", "--out=" + folder, option)).isEqualTo(exit);
        assertThat(captured.err()).contains(message).hasLineCount(1);
        assertThat(folder).doesNotExist();
    }
}
