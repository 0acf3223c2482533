package dev.minke.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.it.MinkeProcess.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The life of a checkpoint as users type it: made, looked at, turned into other formats, run.
class CheckpointCommandTests {
    @TempDir Path folder;

    private Result minke(String... args) {
        Result result = MinkeProcess.work(folder, args);
        assertThat(result.exit()).as(result.err()).isZero();
        return result;
    }

    @Test
    void aModelIsMadeInspectedConvertedQuantisedAndRun() throws IOException {
        minke("init", "--config", "tiny", "--out", "model", "--tokenizer", "bytes");
        minke("convert", "model", "model.gguf");
        minke("quantize", "model.gguf", "small.gguf", "--type", "q4_k_m");
        minke("quantize", "model", "fp8", "--type", "fp8");
        assertThat(Files.size(folder.resolve("small.gguf")))
                .isLessThan(Files.size(folder.resolve("model.gguf")) * 3 / 4);
        assertThat(minke("inspect", "small.gguf").out())
                .contains("runs here      yes")
                .contains("Q5_0") // rows of 64 are no super-blocks
                .contains("byte-level BPE, 259 ids");
        assertThat(minke("tokenize", "small.gguf", "Aa", "--ids").out().strip())
                .isEqualTo(minke("tokenize", "model", "Aa", "--ids").out().strip());
        // the same weights in another format draw the same tokens
        String[] rest = {"Once", "-n", "8", "--seed", "2"};
        String expected = minke(generate("model", rest)).out();
        assertThat(minke(generate("model.gguf", rest)).out()).isEqualTo(expected);
        minke(generate("small.gguf", rest));
        minke(generate("fp8", rest));
    }

    private static String[] generate(String model, String... rest) {
        String[] all = new String[rest.length + 2];
        all[0] = "generate";
        all[1] = model;
        System.arraycopy(rest, 0, all, 2, rest.length);
        return all;
    }

    @Test
    void aDamagedFileIsOneLine() throws IOException {
        minke("init", "--config", "tiny", "--out", "model");
        minke("convert", "model", "model.gguf");
        byte[] bytes = Files.readAllBytes(folder.resolve("model.gguf"));
        bytes[8] = (byte) 0xff; // the number of tensors
        bytes[13] = 0x7f;
        Files.write(folder.resolve("broken.gguf"), bytes);
        for (String command : new String[] {"inspect", "generate"}) {
            Result result =
                    command.equals("inspect")
                            ? MinkeProcess.work(folder, "inspect", "broken.gguf")
                            : MinkeProcess.work(folder, "generate", "broken.gguf", "a");
            assertThat(result.exit()).isEqualTo(1);
            assertThat(result.err()).contains("broken.gguf").doesNotContain("\tat ");
        }
    }
}
