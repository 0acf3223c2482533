package dev.minke.cli;

import dev.minke.infer.Continuation;
import dev.minke.infer.Sampler;
import dev.minke.infer.SamplingParams;
import dev.minke.infer.StopParams;
import dev.minke.infer.StopRule;
import dev.minke.infer.constrain.Constraint;
import dev.minke.infer.constrain.Vocabulary;
import dev.minke.infer.engine.Engine;
import dev.minke.infer.engine.EngineConfig;
import dev.minke.infer.engine.Ticket;
import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.text.BpeTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
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
    private static final int STEP_TOKENS = 512;
    private static final int MOST_CHOICES = STEP_TOKENS;

    private final Console console;

    @Mixin private ModelArgument model = new ModelArgument();
    @Mixin private Compute compute = new Compute();
    @Mixin private SamplingOptions options = new SamplingOptions();
    @Mixin private ConstraintOptions constraints = new ConstraintOptions();
    @Mixin private EngineOptions engineOptions = new EngineOptions();

    @Parameters(
            index = "1",
            paramLabel = "PROMPT",
            description = "The text to continue; - reads standard input.")
    private String prompt = "";

    @Option(
            names = "--choices",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "Continue the text N times; the prompt is computed once (default:"
                            + " ${DEFAULT-VALUE}).")
    private int choices = 1;

    @Option(
            names = "--json",
            description = "Print a line of JSON for every token, and one with the result.")
    private boolean json;

    Generate(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        SamplingParams params = options.sampling();
        StopParams stops = options.stops();
        if (choices < 1 || choices > MOST_CHOICES) {
            throw new IllegalArgumentException(
                    "--choices is %d, expected 1 to %d".formatted(choices, MOST_CHOICES));
        }
        String text =
                prompt.equals("-")
                        ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8)
                        : prompt;
        BpeTokenizer tokenizer = model.tokenizer();
        params.check(tokenizer.vocabSize());
        int[] ids = begin(tokenizer, tokenizer.encode(text));
        List<Continuation> continuations = continuations(params, stops, tokenizer, ids);
        try (Interruption interruption = new Interruption();
                Compute.Session session = compute.open();
                DeepSeekModel loaded = model.load(session.kernels())) {
            loaded.pack(session.kernels());
            EngineConfig config = config(loaded.config(), ids.length, stops.maxTokens());
            try (Engine engine =
                    new Engine(loaded, session.kernels(), tokenizer.vocabSize(), config)) {
                TextQueue queue = new TextQueue();
                long begin = System.nanoTime();
                Ticket ticket = engine.submit(ids, continuations, 0, queue);
                interruption.stopWith(ticket::cancel);
                GeneratedText out = new GeneratedText(console, json, tokenizer, text, choices);
                print(queue, out);
                double seconds = (System.nanoTime() - begin) * 1e-9;
                List<StopRule> rules = continuations.stream().map(Continuation::rule).toList();
                out.report(rules, ids.length, seconds);
            }
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

    private List<Continuation> continuations(
            SamplingParams params, StopParams stops, BpeTokenizer tokenizer, int[] ids)
            throws IOException {
        Optional<Constraint> constraint = constraints.constraint(tokenizer);
        Optional<Vocabulary> vocabulary = constraint.map(_ -> Vocabulary.of(tokenizer));
        List<Continuation> continuations = new ArrayList<>();
        for (int choice = 0; choice < choices; choice++) {
            Sampler sampler = new Sampler(params, choice);
            sampler.prompt(ids);
            StopRule rule = new StopRule(stops, tokenizer);
            continuations.add(
                    constraint.isEmpty()
                            ? new Continuation(sampler, rule)
                            : new Continuation(
                                    sampler,
                                    rule,
                                    constraint.get().matcher(vocabulary.orElseThrow())));
        }
        return continuations;
    }

    private EngineConfig config(DeepSeekConfig config, int promptTokens, int maxTokens) {
        long tokens = Math.min((long) promptTokens + maxTokens, config.maxPositionEmbeddings());
        long bytes =
                Engine.cacheBytes(
                        config,
                        engineOptions.cacheType(),
                        engineOptions.speculation(),
                        choices,
                        (int) tokens);
        return EngineConfig.of(bytes)
                .withCacheType(engineOptions.cacheType())
                .withSpeculation(engineOptions.speculation())
                .withSteps(STEP_TOKENS, choices, choices);
    }

    private void print(TextQueue queue, GeneratedText out) {
        int running = choices;
        while (running > 0) {
            TextQueue.Event event;
            try {
                event = queue.take();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while text was generated", e);
            }
            switch (event) {
                case TextQueue.Event.Step(int choice, Continuation.Step step) ->
                        out.step(choice, step);
                case TextQueue.Event.End(int choice, _, String rest) -> {
                    out.end(choice, rest);
                    running--;
                }
                case TextQueue.Event.Failure(Throwable cause) -> throw failure(cause);
            }
        }
    }

    private RuntimeException failure(Throwable cause) {
        return switch (cause) {
            // the language cannot be followed further: no defect, but the user's to change
            case IllegalStateException e when constraints.given() ->
                    new IllegalArgumentException(e.getMessage(), e);
            case RuntimeException e -> e;
            case Error e -> throw e;
            default -> new IllegalStateException(cause);
        };
    }
}
