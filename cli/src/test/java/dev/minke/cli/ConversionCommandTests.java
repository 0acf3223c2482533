package dev.minke.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.model.text.BpeDefinition;
import dev.minke.model.text.BpeTokenizer;
import dev.minke.model.text.SplitSequence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `convert`, `quantize`, `inspect` and `eval --task ppl` as they are typed.
class ConversionCommandTests {
    private CapturedConsole captured = new CapturedConsole(false);

    @TempDir private Path temp;
    private Path model;

    @BeforeEach
    void makeAModel() {
        model = temp.resolve("model");
        run("init", "--config", "tiny", "--out", model.toString(), "--tokenizer", "bytes");
        captured = new CapturedConsole(false);
    }

    private void run(String... args) {
        assertThat(refused(args)).as(captured.err()).isZero();
    }

    private int refused(String... args) {
        List<String> all = new ArrayList<>(List.of(args));
        if (List.of("convert", "quantize", "logits", "eval").contains(args[0])) {
            all.addAll(List.of("--backend", "reference", "--threads", "2"));
        }
        return Main.run(captured.console, all.toArray(String[]::new));
    }

    private byte[] logits(Path of) throws IOException {
        Path file = temp.resolve("logits.f32");
        run("logits", of.toString(), "--tokens", "5,70,3,9", "--out", file.toString());
        return Files.readAllBytes(file);
    }

    @Test
    void throughGgufAndBackTheLogitsAreTheSameBits() throws IOException {
        Path gguf = temp.resolve("model.gguf");
        Path back = temp.resolve("back");
        run("convert", model.toString(), gguf.toString());
        run("convert", gguf.toString(), back.toString());
        byte[] expected = logits(model);
        assertThat(logits(gguf)).isEqualTo(expected);
        assertThat(logits(back)).isEqualTo(expected);
        assertThat(Files.readString(back.resolve("tokenizer.json"))).contains("begin▁of▁sentence");
        assertThat(captured.err()).contains("wrote " + gguf + ": ");
    }

    @Test
    void aSplitModelOpensFromAnyPart() throws IOException {
        Path gguf = temp.resolve("split.gguf");
        run("convert", model.toString(), gguf.toString(), "--split", "0.0003");
        Path second = temp.resolve("split-00002-of-00003.gguf");
        assertThat(second).as(captured.err()).exists();
        assertThat(logits(second)).isEqualTo(logits(model));
    }

    @ParameterizedTest
    @ValueSource(strings = {"q8_0", "Q4_K_M", "q6_k"})
    void quantisedModelsAreSmallerAndSayWhatTheyAre(String type) throws IOException {
        Path gguf = temp.resolve("q.gguf");
        run("quantize", model.toString(), gguf.toString(), "--type", type, "--json");
        JsonNode result = JsonMapper.shared().readTree(captured.out());
        assertThat(result.path("outputBytes").asLong()).isEqualTo(Files.size(gguf));
        assertThat(Files.size(gguf)).isLessThan(result.path("inputBytes").asLong());
        captured = new CapturedConsole(false);
        run("inspect", gguf.toString(), "--json");
        JsonNode inspected = JsonMapper.shared().readTree(captured.out());
        assertThat(inspected.path("runs").asBoolean()).isTrue();
        assertThat(inspected.path("types").has("Q8_0")).isTrue();
        assertThat(inspected.path("bitsPerWeight").asDouble()).isBetween(4.5, 10.0);
        assertThat(inspected.path("tensors").size()).isGreaterThan(20);
    }

    @Test
    void theChatTemplateTravelsInBothDirections() throws IOException {
        Files.writeString(
                model.resolve("chat_template.jinja"),
                "{{ bos_token }}{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}");
        Path gguf = temp.resolve("chat.gguf");
        Path back = temp.resolve("chat");
        run("convert", model.toString(), gguf.toString());
        run("convert", gguf.toString(), back.toString());
        for (Path from : List.of(model, gguf, back)) {
            captured = new CapturedConsole(false);
            run("template", from.toString(), "--user", "Hi");
            assertThat(captured.out()).isEqualTo("<｜begin▁of▁sentence｜><user>Hi\n");
        }
    }

    /// The demo's model takes digits two by two, for which GGUF has no name.
    @Test
    void aTokenizerThatGgufHasNoNameForTravelsAllTheSame() throws IOException {
        SplitSequence digits = SplitSequence.deepSeekV3(1);
        BpeTokenizer bytes = BpeTokenizer.bytes();
        List<String> tokens = new ArrayList<>(bytes.definition().tokens());
        tokens.add("12");
        new BpeTokenizer(
                        new BpeDefinition(
                                tokens,
                                List.of(new BpeDefinition.Merge("1", "2")),
                                bytes.definition().added(),
                                digits.patterns(),
                                false,
                                bytes.definition().bos(),
                                bytes.definition().eos(),
                                ""))
                .save(model);
        Path gguf = temp.resolve("own.gguf");
        run("convert", model.toString(), gguf.toString());
        captured = new CapturedConsole(false);
        run("tokenize", model.toString(), "a 1212 b", "--ids");
        run("tokenize", gguf.toString(), "a 1212 b", "--ids");
        List<String> ids = captured.out().strip().lines().toList();
        assertThat(ids).hasSize(2);
        assertThat(ids.get(1)).isEqualTo(ids.get(0));
    }

    @Test
    void withoutMtpTheModuleIsLeftOut() throws IOException {
        Path gguf = temp.resolve("main.gguf");
        run("convert", model.toString(), gguf.toString(), "--no-mtp");
        assertThat(logits(gguf)).isEqualTo(logits(model));
        captured = new CapturedConsole(false);
        run("inspect", gguf.toString());
        assertThat(captured.out()).doesNotContain("nextn").contains("token_embd.weight");
    }

    @Test
    void fp8HalvesTheProjectionsAndStaysAFolder() throws IOException {
        Path fp8 = temp.resolve("fp8");
        run("quantize", model.toString(), fp8.toString(), "--type", "fp8", "--ue8m0");
        assertThat(Files.readString(fp8.resolve("config.json"))).contains("ue8m0");
        run("inspect", fp8.toString());
        assertThat(captured.out()).contains("F8_E4M3").contains("runs here      yes");
        assertThat(logits(fp8)).hasSameSizeAs(logits(model)).isNotEqualTo(logits(model));
    }

    @Test
    void inspectNamesEveryTensorOnRequestAndTheKeysOfAFile() throws IOException {
        Path gguf = temp.resolve("model.gguf");
        run("convert", model.toString(), gguf.toString());
        run("inspect", gguf.toString(), "--tensors", "--metadata");
        assertThat(captured.out())
                .contains("architecture   deepseek_v3")
                .contains("deepseek2.attention.kv_lora_rank")
                .contains("blk.1.ffn_gate_exps.weight")
                .contains("tokenizer      byte-level BPE, 259 ids");
        captured = new CapturedConsole(false);
        run("inspect", model.toString());
        assertThat(captured.out())
                .contains("model.layers.{1..2}.mlp.experts.{0..7}.gate_proj.weight");
    }

    @Test
    void perplexityOfATextIsMeasured() throws IOException {
        Path text = Files.writeString(temp.resolve("text.txt"), "To be, or not to be.".repeat(40));
        String[] args = {
            "eval", model.toString(), "--task", "ppl", "--text", text.toString(), "--context", "64"
        };
        run(args);
        // random weights know nothing: as uncertain as 272 rows of equal chance, nearly
        assertThat(captured.out()).startsWith("perplexity 2").contains("in windows of 64");
        assertThat(refused("eval", model.toString(), "--task", "ppl")).isEqualTo(1);
        assertThat(captured.err()).contains("--task ppl: expected a file by --text");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "quantize MODEL OUT.gguf --type q3|unknown type 'q3', expected one of f32, f16, bf16, fp8, q8_0, q4_0, q4_k, q5_k, q6_k, q4_k_m, q5_k_m",
                "quantize MODEL OUT --type q8_0|Hugging Face folders have no type for q8_0",
                "convert MODEL OUT.gguf --type fp8|GGUF has no type for fp8",
                "convert MODEL MODEL|exists already",
                "convert NONE OUT|no such file: ",
                "convert MODEL OUT.gguf --split -1|--split is -1.0, expected 0 or a size in GB",
                "inspect MODEL --metadata|--metadata: expected a GGUF file, found a folder"
            })
    void whatCannotBeDoneIsRefusedInOneLine(String command, String message) {
        String[] args =
                command.replace("MODEL", model.toString())
                        .replace("OUT", temp.resolve("out").toString())
                        .replace("NONE", temp.resolve("none").toString())
                        .split(" ");
        assertThat(refused(args)).isEqualTo(1);
        assertThat(captured.err()).contains(message);
        assertThat(captured.err().strip().lines().count()).isEqualTo(1);
        assertThat(temp.resolve("out")).doesNotExist();
        assertThat(temp.resolve("out.gguf")).doesNotExist();
    }
}
