package dev.minke.cli;

import dev.minke.infer.Generator;
import dev.minke.infer.SamplingParams;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.text.BpeTokenizer;
import dev.minke.model.text.StreamDecoder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Continues a text.
@Command(
        name = "generate",
        description = "Continue a text, streaming it as it is drawn.",
        mixinStandardHelpOptions = true)
final class Generate implements Callable<Integer> {
    private final Console console;

    @Mixin private ModelArgument model = new ModelArgument();
    @Mixin private Compute compute = new Compute();

    @Parameters(
            index = "1",
            paramLabel = "PROMPT",
            description = "The text to continue; - reads standard input.")
    private String prompt = "";

    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "N",
            defaultValue = "256",
            description = "Most tokens to draw (default: ${DEFAULT-VALUE}).")
    private int maxTokens;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0.8",
            description = "Divides the logits; 0 takes the best token (default: ${DEFAULT-VALUE}).")
    private double temperature;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "0.95",
            description =
                    "Draw from the best tokens with this probability (default: ${DEFAULT-VALUE}).")
    private double topP;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            defaultValue = "0",
            description = "Draw from the best K tokens; 0 for all (default: ${DEFAULT-VALUE}).")
    private int topK;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Equal seeds give equal texts (default: ${DEFAULT-VALUE}).")
    private long seed;

    Generate(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (maxTokens < 1) {
            throw new IllegalArgumentException(
                    "--max-tokens is %d, expected 1 or more".formatted(maxTokens));
        }
        String text =
                prompt.equals("-")
                        ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8)
                        : prompt;
        SamplingParams params = new SamplingParams(temperature, topK, topP, seed);
        try (Compute.Session session = compute.open();
                DeepSeekModel loaded = model.load(session.kernels())) {
            BpeTokenizer tokenizer = model.tokenizer();
            loaded.pack(session.kernels());
            int[] ids = begin(tokenizer, tokenizer.encode(text));
            StreamDecoder decoder = tokenizer.stream();
            int end = tokenizer.eos().orElse(-1);
            console.print(text);
            long begin = System.nanoTime();
            List<int[]> drawn =
                    new Generator(loaded, session.kernels(), tokenizer.vocabSize())
                            .generate(
                                    List.of(ids),
                                    maxTokens,
                                    params,
                                    id -> id == end,
                                    (_, id) -> console.print(decoder.accept(id)));
            double seconds = (System.nanoTime() - begin) * 1e-9;
            console.print(decoder.flush() + "\n");
            int count = drawn.getFirst().length;
            console.note("%d tokens, %.1f tokens/s".formatted(count, count / seconds));
        }
        return 0;
    }

    private static int[] begin(BpeTokenizer tokenizer, int[] ids) {
        if (tokenizer.bos().isEmpty() || ids.length > 0 && ids[0] == tokenizer.bos().getAsInt()) {
            return ids;
        }
        int[] framed = Arrays.copyOf(new int[] {tokenizer.bos().getAsInt()}, ids.length + 1);
        System.arraycopy(ids, 0, framed, 1, ids.length);
        return framed;
    }
}
