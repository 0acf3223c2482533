package dev.minke.infer.engine;

import dev.minke.infer.SamplingParams;
import dev.minke.infer.engine.EngineLab.Heard;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.deepseek.ModelFolder;
import dev.minke.model.files.TextFiles;
import dev.minke.model.text.Tokenizer;
import dev.minke.tensor.Backends;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.RuntimeFlags;
import dev.minke.tensor.Team;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Tokens per second with and without speculation, several rounds of every setting in turn, those
/// whose name is matched by the expression SETTING:
///
///     SpeculationBench MODEL TOKENS BATCH ROUNDS TEMPERATURE SETTING PROMPT...
public final class SpeculationBench {
    private SpeculationBench() {}

    private record Figure(double seconds, long tokens, long steps, long drafted, long accepted) {}

    public static void main(String[] args) throws IOException {
        Path path = Path.of(args[0]);
        int tokens = Integer.parseInt(args[1]);
        int batch = Integer.parseInt(args[2]);
        int rounds = Integer.parseInt(args[3]);
        double temperature = Double.parseDouble(args[4]);
        String only = args[5];
        List<String> prompts = Arrays.asList(args).subList(6, args.length);
        try (Team team = new Team(RuntimeFlags.threads())) {
            Kernels kernels = Backends.open(team);
            try (DeepSeekModel model = ModelFolder.open(path, kernels)) {
                Tokenizer tokenizer = TextFiles.tokenizer(path);
                List<Request> requests = new ArrayList<>();
                for (int i = 0; i < prompts.size(); i++) {
                    SamplingParams params = new SamplingParams(temperature, 0, 1, i);
                    int[] ids = tokenizer.encode(prompts.get(i));
                    int[] framed = new int[ids.length + 1];
                    System.arraycopy(ids, 0, framed, 1, ids.length);
                    framed[0] = tokenizer.bos().orElseThrow();
                    requests.add(
                            Request.of(framed, tokens, params)
                                    .withStop(
                                            id -> tokenizer.eos().stream().anyMatch(e -> e == id)));
                }
                Map<String, Speculation> settings = new LinkedHashMap<>();
                settings.put("off", Speculation.off());
                for (int drafts = 1; drafts <= 4; drafts++) {
                    settings.put("mtp " + drafts, Speculation.mtp(drafts).always());
                }
                settings.put("lookup 4", Speculation.lookup(4).always());
                settings.put("auto 4", Speculation.auto().always());
                settings.put("lookup, adaptive", Speculation.lookup(8));
                settings.put("mtp, adaptive", Speculation.mtp(4));
                settings.put("auto, adaptive", Speculation.auto());
                settings.keySet().removeIf(name -> !name.matches(only));
                Map<String, EngineCore> engines = new LinkedHashMap<>();
                settings.forEach((name, speculation) -> {
                    EngineConfig config =
                            EngineConfig.of(256L << 20)
                                    .withPrefixReuse(PrefixReuse.OFF)
                                    .withSpeculation(speculation);
                    int vocab = tokenizer.vocabSize();
                    engines.put(name, new EngineCore(model, kernels, vocab, config));
                });
                Map<String, List<Figure>> figures = new LinkedHashMap<>();
                List<List<Integer>> expected = new ArrayList<>();
                for (int round = 0; round < rounds; round++) {
                    engines.forEach((name, core) -> {
                        List<List<Integer>> texts = new ArrayList<>();
                        figures.computeIfAbsent(name, n -> new ArrayList<>())
                                .add(run(core, requests, batch, texts));
                        if (expected.isEmpty()) {
                            expected.addAll(texts);
                        } else if (!expected.equals(texts)) {
                            throw new IllegalStateException(name + " changes the text");
                        }
                    });
                }
                engines.values().forEach(EngineCore::close);
                double base = 0;
                for (Map.Entry<String, List<Figure>> entry : figures.entrySet()) {
                    double[] rates =
                            entry.getValue().stream()
                                    .mapToDouble(f -> f.tokens / f.seconds)
                                    .sorted()
                                    .toArray();
                    double median = rates[rates.length / 2];
                    base = base == 0 ? median : base;
                    Figure last = entry.getValue().getLast();
                    System.out.printf(
                            "%-18s %8.1f tokens/s (%.1f to %.1f)  %.2fx  %.2f tokens/step  accepted %d of %d%n",
                            entry.getKey(),
                            median,
                            rates[0],
                            rates[rates.length - 1],
                            median / base,
                            (double) last.tokens / last.steps,
                            last.accepted,
                            last.drafted);
                }
            }
        }
    }

    private static Figure run(
            EngineCore core, List<Request> requests, int batch, List<List<Integer>> texts) {
        EngineStats before = core.stats();
        long begin = System.nanoTime();
        long tokens = 0;
        for (int from = 0; from < requests.size(); from += batch) {
            List<Heard> heard = new ArrayList<>();
            for (int i = from; i < Math.min(from + batch, requests.size()); i++) {
                heard.add(new Heard(1));
                core.submit(requests.get(i), heard.getLast(), () -> {});
            }
            while (core.step()) {
                // until all have ended
            }
            for (Heard one : heard) {
                tokens += one.tokens(0).length;
                texts.add(one.tokens.getFirst());
            }
        }
        double seconds = (System.nanoTime() - begin) * 1e-9;
        EngineStats after = core.stats();
        return new Figure(
                seconds,
                tokens,
                after.steps() - before.steps(),
                after.drafted() - before.drafted(),
                after.accepted() - before.accepted());
    }
}
