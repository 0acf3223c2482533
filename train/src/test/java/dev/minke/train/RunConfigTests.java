package dev.minke.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class RunConfigTests {
    @TempDir private Path folder;

    static List<String> presets() {
        return Presets.names();
    }

    private Path file(String json) throws IOException {
        return Files.writeString(folder.resolve("run.json"), json);
    }

    private static RunConfig with(String... settings) {
        RunConfig.Draft draft = RunConfig.Draft.of(Presets.named("tiny"));
        for (String setting : settings) {
            draft.set(setting);
        }
        return draft.finish();
    }

    @ParameterizedTest
    @MethodSource("presets")
    void aPresetIsReadAsItWasWritten(String name) throws IOException {
        RunConfig preset = Presets.named(name);
        assertThat(RunConfig.read(file(preset.toJson()))).isEqualTo(preset);
    }

    @Test
    void anUnknownPresetIsAnsweredWithThoseThatExist() throws IOException {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Presets.named("huge"))
                .withMessage(
                        "unknown preset 'huge', expected one of books, cpu-small, demo,"
                                + " shakespeare-char, tiny");
        Path file = file("{\"preset\": {}}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RunConfig.read(file))
                .withMessage(
                        file
                                + ": preset is {}, expected one of books, cpu-small, demo,"
                                + " shakespeare-char, tiny");
    }

    @Test
    void aRunFileChangesThePresetThatItNames() throws IOException {
        RunConfig run =
                RunConfig.read(
                        file(
                                """
                                {"preset": "demo", "train": {"steps": 7},
                                 "model": {"moe_intermediate_size": 32}}
                                """));
        RunConfig demo = Presets.named("demo");
        assertThat(run.train().steps()).isEqualTo(7);
        assertThat(run.model().moe().moeIntermediateSize()).isEqualTo(32);
        assertThat(run.train().batchSize()).isEqualTo(demo.train().batchSize());
        assertThat(run.data()).isEqualTo(demo.data());
        assertThat(RunConfig.read(file("{}"))).isEqualTo(Presets.named("tiny"));
    }

    @Test
    void settingsAreFoundWithAndWithoutTheirSection() {
        assertThat(with("steps=5").train().steps()).isEqualTo(5);
        assertThat(with("train.steps=6").train().steps()).isEqualTo(6);
        assertThat(with(" train.steps = 6 ").train().steps()).isEqualTo(6);
        assertThat(with("hidden_size=80").model().hiddenSize()).isEqualTo(80);
        assertThat(with("data.tokenizer=bpe").data().tokenizer()).isEqualTo("bpe");
        assertThat(with("tokenizer=/a/b=c.json").data().tokenizer()).isEqualTo("/a/b=c.json");
        assertThat(with("data.files=[\"a.txt\", \"b\"]").data().files())
                .containsExactly("a.txt", "b");
        assertThat(with("task=ARITH").data().task()).isEqualTo(DataConfig.Task.ARITH);
        assertThat(with("learningRate=1e-3").train().learningRate()).isEqualTo(1e-3);
    }

    @Test
    void unknownKeysAreAnsweredWithTheKnownOnes() throws IOException {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> with("train.stpes=5"))
                .withMessageStartingWith(
                        "--set train.stpes=5: unknown key 'train.stpes', expected one of ")
                .withMessageContaining("steps")
                .withMessageContaining("learningRate")
                .withMessageNotContaining("\n");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> with("stpes=5"))
                .withMessageContaining("unknown key 'stpes', expected one of model, train, data");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> with("trian.steps=5"))
                .withMessageContaining("unknown key 'trian', expected one of model, train, data");
        Path file = file("{\"model\": {\"hiddenSize\": 5}}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RunConfig.read(file))
                .withMessageStartingWith(file + ": unknown key 'model.hiddenSize', expected one of")
                .withMessageContaining("hidden_size");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "train.steps=many | train.steps is \"many\", expected a whole number of 32 bits",
                "train.steps=1.5 | train.steps is 1.5, expected a whole number of 32 bits",
                "train.steps=null | train.steps is null, expected a whole number of 32 bits",
                "train.steps= | train.steps is empty, expected a whole number of 32 bits",
                "train.steps=[1] | train.steps is [1], expected a whole number of 32 bits",
                "train.steps=true | train.steps is true, expected a whole number of 32 bits",
                "train.steps=99999999999 | train.steps is 99999999999, expected a whole number of",
                "train.seed=0.5 | train.seed is 0.5, expected a whole number of 64 bits",
                "train.learningRate=fast | train.learningRate is \"fast\", expected a number",
                "data.task=POETRY | data.task is \"POETRY\", expected one of TEXT, ARITH",
                "data.files=a.txt | data.files is \"a.txt\", expected a list of texts",
                "data.files=[1] | data.files is [1], expected a list of texts",
                "data.files=null | data.files is null, expected a list of texts",
                "data.tokenizer=null | data.tokenizer is null, expected a text",
                "data.tokenizer= | data.tokenizer is empty, expected",
                "data.validationFraction=0.9 | data.validationFraction is 0.9, expected 0 to 0.5",
                "data.vocabSize=100 | data.vocabSize is 100, expected 260 or more",
                "model.hidden_size=wide | hidden_size is \"wide\", expected a 32-bit integer",
                "model.hidden_size=0 | hidden_size is 0, expected 1 to",
                "train=5 | train is 5, expected an object of keys",
                "data=x | data is \"x\", expected an object of keys",
                "model=null | model is null, expected an object of keys",
            })
    void valuesOfTheWrongTypeAreNamed(String setting, String named) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> with(setting))
                .withMessageContaining("--set " + setting.strip())
                .withMessageContaining(named)
                .withMessageNotContaining("\n")
                .satisfies(e -> assertThat(e.getMessage().length()).isLessThan(300));
    }

    @Test
    void theLastSettingOfAKeyCounts() {
        RunConfig run =
                with(
                        "learningRate=1",
                        "learningRate=0.5",
                        "seed=1",
                        "seed=12345678901234",
                        "steps=3");
        assertThat(run.train().learningRate()).isEqualTo(0.5);
        assertThat(run.train().seed()).isEqualTo(12345678901234L);
        assertThat(run.train().steps()).isEqualTo(3);
    }

    @Test
    void aSettingNeedsAnEqualsSign() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> with("steps"))
                .withMessage("--set steps: expected key=value");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> with("=5"))
                .withMessage("--set =5: expected key=value");
    }

    @Test
    void whatIsNoJsonObjectIsRefusedWithItsFile() throws IOException {
        Path broken = file("{\"train\": {\n \"steps\": 5,, }}");
        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> RunConfig.read(broken))
                .withMessageStartingWith(broken + " is not JSON: ")
                .withMessageEndingWith("at line 2")
                .withMessageNotContaining("\n");
        Path list = file("[1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RunConfig.read(list))
                .withMessage(list + " holds ARRAY, expected a JSON object");
        Path empty = file("");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RunConfig.read(empty))
                .withMessageContaining(empty.toString());
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> RunConfig.read(folder.resolve("none.json")))
                .withMessageContaining("none.json");
    }

    @Test
    void sequencesMustFitIntoTheContext() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> with("sequenceLength=513"))
                .withMessageEndingWith(
                        "train.sequenceLength is 513, expected at most"
                                + " model.max_position_embeddings 512");
    }

    @Test
    void filesAndVocabularyCanBeExchanged() {
        RunConfig tiny = Presets.named("tiny");
        RunConfig changed = tiny.withFiles(List.of("a.txt")).withVocabSize(512);
        assertThat(changed.data().files()).containsExactly("a.txt");
        assertThat(changed.model().vocabSize()).isEqualTo(512);
        assertThat(changed.train()).isEqualTo(tiny.train());
        assertThat(changed.withFiles(List.of()).withVocabSize(272)).isEqualTo(tiny);
    }
}
