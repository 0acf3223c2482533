package dev.minke.model.plan;

import dev.minke.model.config.DeepSeekConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/// The cost table of the V3 report (its Table 1), computed for any model.
///
///     GPU hours = tokens x training FLOP per token / (GPU rate x utilisation) / 3600
///
/// The report gives hours, not utilisation. The utilisation assumed unless another is given is the
/// one at which V3 itself takes the report's hours: 2664 K for 14.8 T tokens of length 4096, and
/// 119 K for the context extension, whose long sequences run less efficiently. Tokens of the
/// post-training are unpublished, so that it counts as the report's 5/2664 of pre-training.
///
/// @param assumptions what was computed with
/// @param phases pre-training, context extension (if the model's context is longer than what it is
///     pre-trained on) and post-training
public record TrainingCost(Assumptions assumptions, List<Phase> phases) {
    /// Tokens of V3's pre-training.
    public static final double REPORT_TOKENS = 14.8e12;

    /// BF16 rate of one H800 without sparsity, 10^12 FLOP per second.
    public static final double H800_TFLOPS = 989.4;

    /// GPUs that V3 was trained on.
    public static final int REPORT_GPUS = 2048;

    /// Dollars that the report assumes for a GPU hour.
    public static final double REPORT_PRICE = 2;

    private static final double PRE_TRAINING_HOURS = 2664e3;
    private static final double EXTENSION_HOURS = 119e3;
    private static final double POST_TRAINING_HOURS = 5e3;
    private static final int LENGTH = 4096;

    /// Spec 4.4: 1000 steps of 1920 sequences, then 1000 steps of 480.
    private static final List<Stage> EXTENSION =
            List.of(new Stage(32_768, 1920e3 * 32_768), new Stage(131_072, 480e3 * 131_072));

    private record Stage(int length, double tokens) {}

    /// Copy the list.
    public TrainingCost {
        phases = List.copyOf(phases);
    }

    /// What a computation rests on.
    ///
    /// @param tokens of pre-training; the other phases keep the report's share of them
    /// @param gpuTflops peak of one GPU, 10^12 FLOP per second
    /// @param utilisation of pre-training, as a fraction of that peak
    /// @param derived whether it is the one derived from the report
    /// @param gpus how many
    /// @param pricePerGpuHour dollars
    public record Assumptions(
            double tokens,
            double gpuTflops,
            double utilisation,
            boolean derived,
            int gpus,
            double pricePerGpuHour) {

        /// @throws IllegalArgumentException naming the value out of range
        public Assumptions {
            positive("tokens", tokens);
            positive("GPU rate in TFLOP/s", gpuTflops);
            positive("utilisation", utilisation);
            if (utilisation > 1) {
                throw new IllegalArgumentException(
                        "utilisation is %s, expected a fraction above 0 and up to 1, such as 0.42"
                                .formatted(utilisation));
            }
            if (gpus < 1) {
                throw new IllegalArgumentException(
                        "number of GPUs is %d, expected 1 or more".formatted(gpus));
            }
            if (!(pricePerGpuHour >= 0) || Double.isInfinite(pricePerGpuHour)) {
                throw new IllegalArgumentException(
                        "price per GPU hour is %s, expected 0 or more".formatted(pricePerGpuHour));
            }
        }

        private static void positive(String what, double value) {
            if (!(value > 0) || Double.isInfinite(value)) {
                throw new IllegalArgumentException(
                        "%s is %s, expected a number above 0".formatted(what, value));
            }
        }

        /// With the utilisation given, else the one derived from the report.
        public static Assumptions of(
                double tokens,
                double gpuTflops,
                OptionalDouble utilisation,
                int gpus,
                double pricePerGpuHour) {
            return new Assumptions(
                    tokens,
                    gpuTflops,
                    utilisation.orElseGet(TrainingCost::reportUtilisation),
                    utilisation.isEmpty(),
                    gpus,
                    pricePerGpuHour);
        }

        /// Those of the report.
        public static Assumptions report() {
            return of(
                    REPORT_TOKENS, H800_TFLOPS, OptionalDouble.empty(), REPORT_GPUS, REPORT_PRICE);
        }
    }

    /// A phase of training.
    ///
    /// @param name in words
    /// @param tokens 0 where unpublished
    /// @param lengths of its sequences, in words
    /// @param flops all its operations
    /// @param utilisation fraction of the GPUs' peak
    /// @param gpuHours hours times GPUs
    /// @param price dollars
    public record Phase(
            String name,
            double tokens,
            String lengths,
            double flops,
            double utilisation,
            double gpuHours,
            double price) {}

    /// Compute the table for `config`.
    public static TrainingCost of(DeepSeekConfig config, Assumptions assumptions) {
        double utilisation = assumptions.utilisation();
        List<Phase> phases = new ArrayList<>();
        int length = Math.min(LENGTH, config.maxPositionEmbeddings());
        double tokens = assumptions.tokens();
        double flops = tokens * config.trainingFlopsPerToken(length);
        phases.add(phase("pre-training", tokens, grouped(length), flops, utilisation, assumptions));
        if (config.maxPositionEmbeddings() > LENGTH) {
            phases.add(extension(config, assumptions));
        }
        phases.add(
                phase(
                        "post-training",
                        0,
                        "",
                        flops * (POST_TRAINING_HOURS / PRE_TRAINING_HOURS),
                        utilisation,
                        assumptions));
        return new TrainingCost(assumptions, phases);
    }

    private static Phase extension(DeepSeekConfig config, Assumptions assumptions) {
        double share = assumptions.tokens() / REPORT_TOKENS;
        double tokens = 0;
        List<String> lengths = new ArrayList<>();
        for (Stage stage : EXTENSION) {
            tokens += share * stage.tokens();
            String length = grouped(Math.min(stage.length(), config.maxPositionEmbeddings()));
            if (!lengths.contains(length)) {
                lengths.add(length);
            }
        }
        KnownPace pace = KnownPace.V3;
        return phase(
                "context extension",
                tokens,
                String.join(" + ", lengths),
                share * extensionFlops(config),
                assumptions.utilisation() * (pace.extension / pace.preTraining),
                assumptions);
    }

    private static double extensionFlops(DeepSeekConfig config) {
        double flops = 0;
        for (Stage stage : EXTENSION) {
            int length = Math.min(stage.length(), config.maxPositionEmbeddings());
            flops += stage.tokens() * config.trainingFlopsPerToken(length);
        }
        return flops;
    }

    private static Phase phase(
            String name,
            double tokens,
            String lengths,
            double flops,
            double utilisation,
            Assumptions assumptions) {
        double hours = flops / (assumptions.gpuTflops() * 1e12 * utilisation) / 3600;
        return new Phase(
                name,
                tokens,
                lengths,
                flops,
                utilisation,
                hours,
                hours * assumptions.pricePerGpuHour());
    }

    private static String grouped(int length) {
        return String.format(Locale.ROOT, "%,d", length);
    }

    /// The part of an H800's BF16 peak at which V3 takes the report's hours for pre-training.
    ///
    /// The products ran in fp8, whose peak is twice as high.
    public static double reportUtilisation() {
        return KnownPace.V3.preTraining;
    }

    /// Utilisations that follow from the report's hours.
    private record KnownPace(double preTraining, double extension) {
        static final KnownPace V3 = of(KnownModels.named("v3"));

        static KnownPace of(DeepSeekConfig v3) {
            double rate = H800_TFLOPS * 1e12 * 3600;
            return new KnownPace(
                    REPORT_TOKENS * v3.trainingFlopsPerToken(LENGTH) / (PRE_TRAINING_HOURS * rate),
                    extensionFlops(v3) / (EXTENSION_HOURS * rate));
        }
    }

    /// Hours of all phases.
    public double gpuHours() {
        return phases.stream().mapToDouble(Phase::gpuHours).sum();
    }

    /// Dollars of all phases.
    public double price() {
        return phases.stream().mapToDouble(Phase::price).sum();
    }

    /// Days of a number of GPU hours on all GPUs.
    public double days(double gpuHours) {
        return gpuHours / assumptions.gpus() / 24;
    }

    /// GPU hours of pre-training per 10^12 tokens; the report says 180 K.
    public double gpuHoursPerTrillionTokens() {
        return phases.getFirst().gpuHours() / assumptions.tokens() * 1e12;
    }
}
