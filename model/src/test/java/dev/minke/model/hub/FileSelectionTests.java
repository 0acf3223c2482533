package dev.minke.model.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FileSelectionTests {
    private static HubRepository repository(String... names) {
        List<HubFile> files =
                Stream.of(names)
                        .map(n -> new HubFile(n, 100L * n.length(), Optional.empty()))
                        .toList();
        return new HubRepository("acme/m", "main", "0123456", files);
    }

    private static List<String> chosen(HubRepository repository, String quantisation)
            throws HubException {
        return FileSelection.standard()
                .choose(
                        repository,
                        quantisation.isEmpty() ? Optional.empty() : Optional.of(quantisation))
                .stream()
                .map(HubFile::name)
                .toList();
    }

    @Test
    void ofAHuggingFaceFolderWhatMinkeReadsIsTaken() throws HubException {
        assertThat(
                        chosen(
                                repository(
                                        ".gitattributes",
                                        "LICENSE-MODEL",
                                        "README.md",
                                        "config.json",
                                        "configuration_deepseek.py",
                                        "figures/benchmark.png",
                                        "generation_config.json",
                                        "inference/model.py",
                                        "model-00001-of-00002.safetensors",
                                        "model-00002-of-00002.safetensors",
                                        "model.safetensors.index.json",
                                        "onnx/model.onnx",
                                        "original/consolidated.safetensors",
                                        "pytorch_model.bin",
                                        "tf_model.h5",
                                        "tokenizer.json",
                                        "tokenizer_config.json",
                                        "chat_template.jinja",
                                        "tiktoken.model",
                                        "vocab.json",
                                        "merges.txt"),
                                ""))
                .containsExactly(
                        "LICENSE-MODEL",
                        "README.md",
                        "config.json",
                        "generation_config.json",
                        "tokenizer.json",
                        "tokenizer_config.json",
                        "chat_template.jinja",
                        "tiktoken.model",
                        "vocab.json",
                        "merges.txt",
                        "model.safetensors.index.json",
                        "model-00001-of-00002.safetensors",
                        "model-00002-of-00002.safetensors");
    }

    private static final HubRepository QUANTISED =
            repository(
                    "README.md",
                    "config.json",
                    "m-BF16-00001-of-00002.gguf",
                    "m-BF16-00002-of-00002.gguf",
                    "m-Q4_K_M.gguf",
                    "m-Q8_0.gguf",
                    "mmproj-F16.gguf",
                    "imatrix_m.gguf",
                    "UD-Q2_K_XL/m-UD-Q2_K_XL-00001-of-00002.gguf",
                    "UD-Q2_K_XL/m-UD-Q2_K_XL-00002-of-00002.gguf");

    @ParameterizedTest
    @CsvSource({
        "Q4_K_M, m-Q4_K_M.gguf",
        "q8_0, m-Q8_0.gguf",
        "bf16, m-BF16-00001-of-00002.gguf m-BF16-00002-of-00002.gguf",
        "Q2_K_XL, UD-Q2_K_XL/m-UD-Q2_K_XL-00001-of-00002.gguf"
                + " UD-Q2_K_XL/m-UD-Q2_K_XL-00002-of-00002.gguf",
        "m-Q8_0.gguf, m-Q8_0.gguf"
    })
    void aQuantisationMeansItsFilesWithAllParts(String quantisation, String files)
            throws HubException {
        List<String> expected = Stream.of(("README.md config.json " + files).split(" ")).toList();
        assertThat(chosen(QUANTISED, quantisation)).containsExactlyElementsOf(expected);
    }

    @Test
    void severalQuantisationsNeedAChoice() {
        assertThatThrownBy(() -> chosen(QUANTISED, ""))
                .isInstanceOfSatisfying(
                        ChoiceNeeded.class,
                        e -> {
                            assertThat(e.question())
                                    .isEqualTo(
                                            "acme/m has 4 GGUF models, choose one as in"
                                                    + " acme/m:Q8_0");
                            assertThat(e.choices())
                                    .extracting(ChoiceNeeded.Choice::name)
                                    .containsExactly("Q8_0", "Q4_K_M", "BF16", "UD-Q2_K_XL");
                            assertThat(e.choices().get(2).files()).isEqualTo(2);
                            assertThat(e).hasMessageContaining("Q8_0 (1.1 KiB), Q4_K_M (1.3 KiB)");
                        });
        assertThatThrownBy(() -> chosen(QUANTISED, "Q5_K_M"))
                .isInstanceOf(ChoiceNeeded.class)
                .hasMessageStartingWith("acme/m has no GGUF model Q5_K_M, choose one as in");
    }

    @Test
    void theSameQuantisationTwiceIsChosenByPath() throws HubException {
        HubRepository twice = repository("a/x-Q8_0.gguf", "b/x-Q8_0.gguf");
        assertThatThrownBy(() -> chosen(twice, "Q8_0"))
                .isInstanceOf(ChoiceNeeded.class)
                .hasMessageContaining("acme/m has 2 models in Q8_0")
                .hasMessageContaining("acme/m:a/x-Q8_0");
        assertThat(chosen(twice, "b/x-Q8_0")).containsExactly("b/x-Q8_0.gguf");
    }

    @Test
    void aSingleGgufNeedsNoChoice() throws HubException {
        assertThat(chosen(repository("x.Q4_0.gguf", "mmproj-x.gguf"), ""))
                .containsExactly("x.Q4_0.gguf");
    }

    @Test
    void aSplitModelWithoutAllItsPartsIsRefused() {
        assertThatThrownBy(() ->
                        chosen(
                                repository(
                                        "m-Q8_0-00001-of-00003.gguf", "m-Q8_0-00003-of-00003.gguf"),
                                ""))
                .hasMessage("acme/m has 2 of the 3 parts of Q8_0; the repository is not complete");
    }

    @Test
    void aRepositoryWithoutWeightsSaysWhatItHas() {
        assertThatThrownBy(() -> chosen(repository("pytorch_model.bin", "config.json"), ""))
                .hasMessage(
                        "acme/m has no weights in safetensors or GGUF; it has pytorch_model.bin"
                                + " (1.7 KiB), config.json (1.1 KiB)");
        assertThatThrownBy(() -> chosen(repository("model.safetensors"), "Q8_0"))
                .hasMessageContaining("acme/m has no weights in GGUF");
    }

    @Test
    void patternsReplaceTheChoice() throws HubException {
        HubRepository repository =
                repository("config.json", "a/model.bin", "model.safetensors", "x.py");
        assertThat(
                        new FileSelection(List.of("*.bin", "?.py"), List.of())
                                .choose(repository, Optional.empty()))
                .extracting(HubFile::name)
                .containsExactly("a/model.bin", "x.py");
        assertThat(
                        new FileSelection(List.of(), List.of("*.json"))
                                .choose(repository, Optional.empty()))
                .extracting(HubFile::name)
                .containsExactly("model.safetensors");
        assertThatThrownBy(() ->
                        new FileSelection(List.of("*.onnx"), List.of())
                                .choose(repository, Optional.empty()))
                .hasMessageStartingWith("no file of acme/m matches *.onnx; it has config.json");
    }

    @ParameterizedTest
    @CsvSource({
        "*.gguf, a/b.gguf, true",
        "a/*, a/b/c, true",
        "a?c, abc, true",
        "a?c, ac, false",
        "*, '', true",
        "'', a, false",
        "a*b*c, aXbXbXc, true",
        "a*b*c, aXbXbX, false",
        "[a], a, false"
    })
    void patternsAreThoseOfAShell(String pattern, String name, boolean matches) {
        assertThat(FileSelection.matches(pattern, name)).isEqualTo(matches);
    }

    @Test
    @Timeout(5)
    void noPatternHangs() {
        assertThat(FileSelection.matches("*a".repeat(400) + "b", "a".repeat(900))).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "DeepSeek-V3-0324-UD-Q2_K_XL, UD-Q2_K_XL",
        "model.Q4_K_M, Q4_K_M",
        "deepseek-v2-lite-iq4_xs, IQ4_XS",
        "ggml-model-f16, F16",
        "x-fp16, F16",
        "m-Q4_0_4_4, Q4_0_4_4",
        "moonlight_16b_q8_0, Q8_0",
        "Kimi-K2-TQ1_0, TQ1_0",
        "gpt-MXFP4_MOE, MXFP4_MOE",
        "Q4_K_M/model, Q4_K_M",
        "Q4_K_M/model-bf16, BF16",
        "Qwen2-7B, ''",
        "IQ-test, ''",
        "bf16x, ''"
    })
    void quantisationsAreReadFromNames(String stem, String expected) {
        assertThat(GgufModel.quantisation(stem).orElse("")).isEqualTo(expected);
    }

    @Test
    void spansAddUpToWhatIsMissing() {
        Spans spans = new Spans();
        boolean[] there = new boolean[200];
        var random = new java.util.Random(3);
        for (int i = 0; i < 300; i++) {
            int from = random.nextInt(190);
            int to = from + random.nextInt(6);
            spans.add(new Spans.Span(from, to));
            Arrays.fill(there, from, to, true);
            boolean[] missing = new boolean[200];
            for (Spans.Span span : spans.missing(200, 7)) {
                assertThat(span.length()).isBetween(1L, 7L);
                for (long at = span.from(); at < span.to(); at++) {
                    assertThat(missing[(int) at]).isFalse();
                    missing[(int) at] = true;
                }
            }
            int count = 0;
            for (int at = 0; at < 200; at++) {
                assertThat(missing[at]).isEqualTo(!there[at]);
                count += there[at] ? 1 : 0;
            }
            assertThat(spans.bytes()).isEqualTo(count);
        }
    }
}
