package dev.minke.cli;

import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.text.BpeTokenizer;
import dev.minke.tensor.Kernels;
import dev.minke.train.Perplexity;
import dev.minke.train.Presets;
import dev.minke.train.RunConfig;
import dev.minke.train.arith.ArithData;
import dev.minke.train.arith.ArithEvaluation;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Measures a model on a task.
@Command(
        name = "eval",
        description =
                "Measure a model: word problems that no training run is given, or perplexity.",
        mixinStandardHelpOptions = true)
final class Eval implements Callable<Integer> {
    /// What can be measured.
    enum Task {
        /// The problems of `minke demo`.
        ARITH,
        /// How well a text is predicted.
        PPL
    }

    private final Console console;

    @Mixin private ModelArgument model = new ModelArgument();
    @Mixin private Compute compute = new Compute();

    @Option(
            names = "--task",
            paramLabel = "NAME",
            defaultValue = "arith",
            description =
                    "arith: the word problems of minke demo; ppl: perplexity of --text (default: ${DEFAULT-VALUE}).")
    private Task task = Task.ARITH;

    @Option(
            names = "--problems",
            paramLabel = "N",
            defaultValue = "500",
            description = "How many (default: ${DEFAULT-VALUE}).")
    private int problems;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Which problems (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--text",
            paramLabel = "FILE",
            description = "The text of ppl, which the model should not have been trained on.")
    private Optional<Path> text = Optional.empty();

    @Option(
            names = "--context",
            paramLabel = "N",
            defaultValue = "512",
            description = "Tokens of a window of ppl (default: ${DEFAULT-VALUE}).")
    private int context;

    @Option(names = "--wrong", description = "Print every wrong answer.")
    private boolean wrong;

    @Option(names = "--json", description = "Print the result as JSON.")
    private boolean json;

    Eval(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (problems < 1) {
            throw new IllegalArgumentException(
                    "--problems is %d, expected 1 or more".formatted(problems));
        }
        try (Compute.Session session = compute.open();
                DeepSeekModel loaded = model.load(session.kernels())) {
            BpeTokenizer tokenizer = model.tokenizer();
            if (task == Task.PPL) {
                perplexity(loaded, session.kernels(), tokenizer);
                return 0;
            }
            RunConfig.Draft demo = RunConfig.Draft.of(Presets.named("demo"));
            demo.set("train.seed=" + seed);
            ArithData data = new ArithData(tokenizer, demo.finish().train());
            ArithEvaluation.Result result =
                    ArithEvaluation.run(loaded, session.kernels(), data, data.unseen(problems));
            if (wrong) {
                result.answers().stream().filter(a -> !a.right()).forEach(this::show);
            }
            report(result);
        }
        return 0;
    }

    private void perplexity(DeepSeekModel loaded, Kernels kernels, BpeTokenizer tokenizer)
            throws IOException {
        Path file =
                text.orElseThrow(() ->
                        new IllegalArgumentException("--task ppl: expected a file by --text"));
        byte[] bytes = Files.readAllBytes(file);
        int[] tokens = tokenizer.encodePlain(new String(bytes, StandardCharsets.UTF_8));
        Perplexity.Result result =
                Perplexity.of(
                        loaded,
                        kernels,
                        tokens,
                        context,
                        (done, windows, so) ->
                                console.progress(() ->
                                        "window %d/%d  perplexity %.4f"
                                                .formatted(done, windows, so.perplexity())));
        double bits = result.nats() / Math.log(2) / bytes.length;
        if (json) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("task", "ppl");
            object.put("perplexity", result.perplexity());
            object.put("loss", result.loss());
            object.put("bitsPerByte", bits);
            object.put("tokens", result.tokens());
            object.put("context", context);
            console.json(object);
        } else {
            console.result(
                    "perplexity %.4f (%.4f nats a token, %.4f bits a byte) over %,d tokens in windows of %d"
                            .formatted(
                                    result.perplexity(),
                                    result.loss(),
                                    bits,
                                    result.tokens(),
                                    context));
        }
    }

    private void show(ArithEvaluation.Answer answer) {
        console.note(answer.problem().question());
        console.note("  written:  " + answer.completion().replace("\n", " / "));
        console.note("  expected: " + answer.problem().answer().replace("\n", " / "));
    }

    private void report(ArithEvaluation.Result result) {
        if (json) {
            Map<String, Object> object = new LinkedHashMap<>();
            object.put("task", task.name().toLowerCase(java.util.Locale.ROOT));
            object.put("accuracy", result.accuracy());
            object.put("problems", result.answers().size());
            console.json(object);
            return;
        }
        console.result(
                "%d of %d problems right (%.1f %%)"
                        .formatted(
                                result.right(), result.answers().size(), 100 * result.accuracy()));
    }
}
