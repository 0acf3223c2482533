package dev.minke.cli;

import dev.minke.cli.bench.BenchLab;
import dev.minke.cli.bench.BenchReport;
import dev.minke.cli.bench.BenchScenario;
import dev.minke.cli.bench.KernelBench;
import dev.minke.cli.bench.KernelReport;
import dev.minke.cli.bench.ModelCost;
import dev.minke.cli.bench.SpeedBench;
import dev.minke.cli.bench.SpeedResult;
import dev.minke.cli.bench.SpeedTest;
import dev.minke.infer.engine.CacheType;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.files.ModelFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Measures how fast models run, or the kernels alone, against this machine's peaks.
@Command(
        name = "bench",
        description =
                "Measure how fast a model runs, in the shape of llama-bench: prompts (pp) and"
                        + " generation (tg), each against this machine's peaks in the same run. Lists"
                        + " are separated by commas.",
        mixinStandardHelpOptions = true)
final class Bench implements Callable<Integer> {
    /// How results are written.
    enum Output {
        /// A table in Markdown.
        MD,
        /// One object, as by --json.
        JSON,
        /// A line of names, then one for each result.
        CSV,
        /// An object for each result.
        JSONL
    }

    private final Console console;

    @Option(
            names = {"-m", "--model"},
            paramLabel = "MODEL",
            split = ",",
            description = "A Hugging Face folder, a GGUF file, or a name from minke list.")
    private List<String> models = List.of();

    @Option(
            names = {"-p", "--n-prompt"},
            paramLabel = "N",
            split = ",",
            defaultValue = "512",
            description = "Tokens of a prompt; 0 for no such test (default: ${DEFAULT-VALUE}).")
    private List<Integer> prompts = List.of();

    @Option(
            names = {"-n", "--n-gen"},
            paramLabel = "N",
            split = ",",
            defaultValue = "128",
            description = "Tokens to generate; 0 for no such test (default: ${DEFAULT-VALUE}).")
    private List<Integer> tokens = List.of();

    @Option(
            names = "-pg",
            paramLabel = "P,N",
            description = "A prompt and then generation, in one test; may be given several times.")
    private List<String> both = List.of();

    @Option(
            names = {"-d", "--n-depth"},
            paramLabel = "N",
            split = ",",
            defaultValue = "0",
            description =
                    "Tokens that are in the cache before, multiples of 64 (default:"
                            + " ${DEFAULT-VALUE}).")
    private List<Integer> depths = List.of();

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            split = ",",
            description = "Threads to compute on (default: all processors).")
    private List<Integer> threads = List.of();

    @Option(
            names = {"-r", "--repetitions"},
            paramLabel = "N",
            defaultValue = "5",
            description =
                    "Runs of each test, behind one that does not count (default:"
                            + " ${DEFAULT-VALUE}).")
    private int repeats;

    @Option(
            names = "--no-warmup",
            description = "Count the first run, too, which loads weights and compiles.")
    private boolean cold;

    @Option(
            names = {"-b", "--batch"},
            paramLabel = "N",
            defaultValue = "512",
            description = "Rows of a step at most (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(
            names = "--cache-type",
            paramLabel = "TYPE",
            defaultValue = "f32",
            completionCandidates = EngineOptions.CacheTypes.class,
            description =
                    "How the cache keeps numbers: ${COMPLETION-CANDIDATES} (default:"
                            + " ${DEFAULT-VALUE}).")
    private CacheType cacheType = CacheType.F32;

    @Option(
            names = "--backend",
            paramLabel = "NAME",
            description = "vector or reference (default: the fastest that works here).")
    private String backend = "";

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "md",
            description = "md, json, csv or jsonl (default: ${DEFAULT-VALUE}).")
    private Output output = Output.MD;

    @Mixin private BenchScenarios scenarios = new BenchScenarios();

    @Option(
            names = "--kernels",
            description =
                    "Instead: matrix products, attention, norms and the rest, without a model.")
    private boolean kernels;

    @Option(names = "--json", description = "Print the result as JSON, the same as -o json.")
    private boolean json;

    Bench(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        if (json) {
            output = Output.JSON;
        }
        if (kernels) {
            kernels();
            return 0;
        }
        List<SpeedTest> tests = check();
        List<SpeedResult> speeds = new ArrayList<>();
        List<BenchScenario> found = new ArrayList<>();
        for (String model : models) {
            Path path = ModelArgument.resolve(model);
            ModelCost cost;
            try (ModelFiles files = ModelFiles.open(path)) {
                files.check();
                cost = ModelCost.of(files);
            }
            for (int count : threads.isEmpty() ? List.of(0) : threads) {
                try (Compute.Session session = Compute.open(count, backend);
                        DeepSeekModel loaded = ModelArgument.load(path, session.kernels())) {
                    loaded.pack(session.kernels());
                    BenchLab lab = lab(loaded, session, cost);
                    if (scenarios.given()) {
                        found.addAll(
                                scenarios.run(lab, repeats, prompts.getFirst(), tokens.getFirst()));
                        continue;
                    }
                    for (SpeedTest test : tests) {
                        speeds.add(SpeedBench.run(lab, test, repeats, !cold));
                    }
                }
            }
        }
        Machine machine = Machine.inspect();
        BenchReport report = new BenchReport(machine.describe(), machine.jit(), speeds, found);
        print(report);
        return report.passed() ? 0 : 1;
    }

    private BenchLab lab(DeepSeekModel loaded, Compute.Session session, ModelCost cost) {
        return new BenchLab(
                loaded,
                session.kernels(),
                cost,
                cacheType,
                batch,
                words -> console.progress(() -> cost.name() + ", " + words));
    }

    /// Check the options.
    ///
    /// @return what they ask for
    private List<SpeedTest> check() {
        if (models.isEmpty()) {
            throw new IllegalArgumentException("bench needs a model by -m, or --kernels");
        }
        atLeast("--repetitions", repeats, 1);
        atLeast("--batch", batch, 1);
        threads.forEach(n -> atLeast("--threads", n, 1));
        scenarios.check(prompts.getFirst(), tokens.getFirst());
        if (scenarios.given() && (output == Output.CSV || output == Output.JSONL)) {
            throw new IllegalArgumentException(
                    "--output is %s, expected md or json for this measurement"
                            .formatted(output.name().toLowerCase(Locale.ROOT)));
        }
        List<SpeedTest> tests = new ArrayList<>();
        for (int depth : depths) {
            prompts.stream()
                    .filter(n -> n != 0)
                    .forEach(n -> tests.add(new SpeedTest(n, 0, depth)));
            tokens.stream().filter(n -> n != 0).forEach(n -> tests.add(new SpeedTest(0, n, depth)));
            both.forEach(text -> tests.add(pair(text, depth)));
        }
        if (tests.isEmpty()) {
            throw new IllegalArgumentException("nothing to measure: -p and -n are 0");
        }
        return tests;
    }

    private static SpeedTest pair(String text, int depth) {
        if (!text.matches("[0-9]{1,7},[0-9]{1,7}")) {
            throw new IllegalArgumentException(
                    "-pg is %s, expected two numbers such as 512,128".formatted(text));
        }
        int comma = text.indexOf(',');
        return new SpeedTest(
                Integer.parseInt(text.substring(0, comma)),
                Integer.parseInt(text.substring(comma + 1)),
                depth);
    }

    /// Refuse a value below `least`.
    static void atLeast(String option, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(
                    "%s is %d, expected %d or more".formatted(option, value, least));
        }
    }

    private void print(BenchReport report) {
        switch (output) {
            case JSON -> console.json(report.toMap());
            case CSV -> report.csv().forEach(console::result);
            case JSONL -> report.jsonLines().forEach(console::result);
            case MD -> report.markdown().forEach(console::result);
        }
    }

    private void kernels() {
        Machine machine = Machine.inspect();
        console.note("this takes a minute or two; other programs make the figures too low");
        int count = threads.isEmpty() ? 0 : threads.getFirst();
        try (Compute.Session session = Compute.open(count, backend)) {
            KernelReport report = KernelBench.run(session.kernels());
            if (output == Output.JSON) {
                var object = report.toMap();
                object.put("machine", machine.describe());
                object.put("jit", machine.jit());
                console.json(object);
            } else {
                console.result(machine.describe() + ", " + machine.jit());
                report.toLines().forEach(console::result);
            }
        }
    }
}
