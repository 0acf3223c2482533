package dev.minke.cli;

import dev.minke.infer.Continuation;
import dev.minke.infer.Generator;
import dev.minke.infer.Sampler;
import dev.minke.infer.SamplingParams;
import dev.minke.infer.StopParams;
import dev.minke.infer.StopRule;
import dev.minke.infer.TokenLogprobs;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.ModelFolder;
import dev.minke.model.nn.Parameters;
import dev.minke.model.text.BpeTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;

/// Continues a text.
@Command(
        name = "generate",
        description = "Continue a text, streaming it as it is drawn.",
        mixinStandardHelpOptions = true)
final class Generate implements Callable<Integer> {
    /// What OpenAI's interface writes for a logarithm of next to nothing; JSON has no -Infinity.
    private static final double LEAST_LOGPROB = -9999;

    private final Console console;

    @Mixin private ModelArgument model = new ModelArgument();
    @Mixin private Compute compute = new Compute();
    @Mixin private SamplingOptions options = new SamplingOptions();

    @picocli.CommandLine.Parameters(
            index = "1",
            paramLabel = "PROMPT",
            description = "The text to continue; - reads standard input.")
    private String prompt = "";

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
        String text =
                prompt.equals("-")
                        ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8)
                        : prompt;
        try (Compute.Session session = compute.open();
                DeepSeekModel loaded =
                        ModelFolder.load(
                                model.path(), Parameters.forInference(), session.kernels())) {
            BpeTokenizer tokenizer = model.tokenizer();
            loaded.pack(session.kernels());
            int[] ids = begin(tokenizer, tokenizer.encode(text));
            params.check(tokenizer.vocabSize());
            Sampler sampler = new Sampler(params);
            sampler.prompt(ids);
            StopRule rule = new StopRule(stops, tokenizer);
            if (!json) {
                console.print(text);
            }
            long begin = System.nanoTime();
            new Generator(loaded, session.kernels(), tokenizer.vocabSize())
                    .generate(
                            List.of(ids),
                            List.of(new Continuation(sampler, rule)),
                            (_, step) -> show(tokenizer, step));
            double seconds = (System.nanoTime() - begin) * 1e-9;
            report(rule, ids.length, rule.count() / seconds);
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

    private void show(BpeTokenizer tokenizer, Continuation.Step step) {
        if (json) {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("text", step.text());
            line.putAll(token(tokenizer, step.token()));
            step.logprobs().ifPresent(l -> line.putAll(logprobs(tokenizer, l)));
            console.json(line);
            return;
        }
        console.print(step.text());
        if (step.logprobs().isPresent()) {
            Map<String, Object> line = token(tokenizer, step.token());
            line.putAll(logprobs(tokenizer, step.logprobs().get()));
            console.note(JsonMapper.shared().writeValueAsString(line));
        }
    }

    private static Map<String, Object> token(BpeTokenizer tokenizer, int id) {
        byte[] bytes = tokenizer.bytes(id);
        int[] unsigned = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            unsigned[i] = bytes[i] & 0xFF;
        }
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("id", id);
        object.put("token", new String(bytes, StandardCharsets.UTF_8));
        object.put("bytes", unsigned);
        return object;
    }

    private static Map<String, Object> logprobs(BpeTokenizer tokenizer, TokenLogprobs logprobs) {
        List<Map<String, Object>> top = new ArrayList<>();
        for (TokenLogprobs.Entry entry : logprobs.top()) {
            Map<String, Object> object = token(tokenizer, entry.token());
            object.put("logprob", Math.max(entry.logprob(), LEAST_LOGPROB));
            top.add(object);
        }
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("logprob", Math.max(logprobs.logprob(), LEAST_LOGPROB));
        object.put("top_logprobs", top);
        return object;
    }

    private void report(StopRule rule, int promptTokens, double tokensPerSecond) {
        if (json) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put(
                    "finish_reason", rule.finish().orElseThrow().name().toLowerCase(Locale.ROOT));
            rule.stopString().ifPresent(s -> result.put("stop", s));
            result.put("prompt_tokens", promptTokens);
            result.put("completion_tokens", rule.count());
            result.put("tokens_per_second", tokensPerSecond);
            console.json(result);
        } else {
            console.print("\n");
            console.note("%d tokens, %.1f tokens/s".formatted(rule.count(), tokensPerSecond));
        }
    }
}
