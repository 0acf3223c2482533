package dev.minke.model.plan;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.GqaConfig;
import dev.minke.model.config.MlaConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Lays a [ModelPlan] out as tables, at most 100 columns wide.
final class PlanText {
    private final ModelPlan plan;
    private final DeepSeekConfig config;
    private final List<String> lines = new ArrayList<>();

    PlanText(ModelPlan plan) {
        this.plan = plan;
        this.config = plan.config();
    }

    List<String> lines() {
        head();
        parameters();
        work();
        cache();
        weights();
        trainingMemory();
        cost();
        return List.copyOf(lines);
    }

    private void add(String format, Object... values) {
        lines.add(String.format(Locale.ROOT, format, values).stripTrailing());
    }

    private void head() {
        String attention =
                switch (config.attention()) {
                    case MlaConfig mla ->
                            "%d heads, latent %d + %d"
                                    .formatted(
                                            mla.numAttentionHeads(),
                                            mla.kvLoraRank(),
                                            mla.qkRopeHeadDim());
                    case GqaConfig gqa ->
                            "%d heads over %d keys and values"
                                    .formatted(gqa.numAttentionHeads(), gqa.numKeyValueHeads());
                };
        add(
                "%s: %d layers of width %,d, %s, vocabulary %,d",
                config.family().modelType(),
                config.numHiddenLayers(),
                config.hiddenSize(),
                attention,
                config.vocabSize());
        if (config.moe().hasExperts()) {
            add(
                    "%d experts of width %,d, of which a token meets %d and %d shared; dense"
                            + " layers: %d",
                    config.moe().nRoutedExperts(),
                    config.moe().moeIntermediateSize(),
                    config.moe().numExpertsPerTok(),
                    config.moe().nSharedExperts(),
                    config.moe().firstKDenseReplace());
        }
    }

    private void parameters() {
        add("");
        add("%-24s %21s %21s %9s", "parameters", "total", "active for a token", "of total");
        long total = config.parameterCount();
        long vocabulary = 0;
        for (PartSize size : plan.parts()) {
            if (size.part() == Part.MTP) {
                continue;
            }
            parameterLine("  " + size.part().label(), size.total(), size.active());
            if (size.part() == Part.EMBEDDING || size.part() == Part.HEAD) {
                vocabulary += size.total();
            }
        }
        long active = config.activeParameterCount();
        parameterLine("main model", total, active);
        parameterLine("  without embedding, head", total - vocabulary, active - vocabulary);
        for (PartSize size : plan.parts()) {
            if (size.part() == Part.MTP) {
                parameterLine("MTP on top", size.total(), size.active());
            }
        }
    }

    private void parameterLine(String name, long total, long active) {
        add(
                "%-24s %,21d %,21d %8.2f%%",
                name, total, active, 100.0 * total / config.parameterCount());
    }

    private void work() {
        int context = plan.workContext();
        long forward = config.forwardFlopsPerToken(context);
        long mtp = config.mtpFlopsPerToken(context);
        add("");
        add("work of a token, mean over a sequence of %,d", context);
        long perPair = config.forwardFlopsPerToken(2) - config.forwardFlopsPerToken(1);
        add(
                "  forward                %14s  (%s of it attention over earlier tokens)",
                flop(forward), flop((double) perPair * (context + 1)));
        if (mtp > 0) {
            add("  forward of MTP         %14s", flop(mtp));
        }
        add(
                "  training               %14s  (3 x forward, without recomputation)",
                flop(config.trainingFlopsPerToken(context)));
    }

    private void cache() {
        CacheScheme own = plan.cache().getFirst();
        String sequences =
                plan.options().sequences() == 1
                        ? "%,d tokens".formatted(plan.cacheContext())
                        : "%,d x %,d tokens"
                                .formatted(plan.options().sequences(), plan.cacheContext());
        add("");
        add(
                "%-24s %14s %14s %10s %22s",
                "cache of a token, bf16", "elements", "bytes", "relative", sequences);
        for (CacheScheme scheme : plan.cache()) {
            add(
                    "  %-22s %,14d %,14d %9.2fx %22s",
                    scheme.name(),
                    scheme.elementsPerToken(),
                    scheme.bytesPerToken(),
                    (double) scheme.bytesPerToken() / own.bytesPerToken(),
                    bytes(plan.cacheBytes(scheme)));
        }
    }

    private void weights() {
        boolean modules = config.numNextnPredictLayers() > 0;
        add("");
        add(
                "%-24s %11s %12s %12s %14s  %s",
                "weights",
                "bits each",
                "file",
                modules ? "without MTP" : "",
                "with cache",
                "fits into " + bytes(plan.options().machineMemory()));
        for (WeightSize size : plan.weights()) {
            add(
                    "  %-22s %11.3f %12s %12s %14s  %s",
                    size.format(),
                    size.bitsPerWeight(),
                    bytes(size.file()),
                    modules ? bytes(size.main()) : "",
                    bytes(plan.runningBytes(size)),
                    plan.fits(size) ? "yes" : "no");
        }
    }

    private void trainingMemory() {
        add("");
        add(
                "%-24s %11s %12s %12s %14s",
                "training, states", "weights", "gradients", "moments", "together");
        for (TrainingMemory memory : plan.trainingMemory()) {
            add(
                    "  %-22s %11s %12s %12s %14s",
                    memory.name(),
                    bytes(memory.weights()),
                    bytes(memory.gradients()),
                    bytes(memory.moments()),
                    bytes(memory.total()));
        }
    }

    private void cost() {
        TrainingCost cost = plan.cost();
        TrainingCost.Assumptions with = cost.assumptions();
        add("");
        add(
                "%-20s %9s %16s %11s %6s %12s %7s %11s",
                "training, cost",
                "tokens",
                "of length",
                "FLOP",
                "MFU",
                "GPU hours",
                "days",
                "price");
        for (TrainingCost.Phase phase : cost.phases()) {
            add(
                    "  %-18s %9s %16s %11.2e %5.1f%% %12s %7s %11s",
                    phase.name(),
                    phase.tokens() == 0 ? "-" : count(phase.tokens()),
                    phase.lengths(),
                    phase.flops(),
                    100 * phase.utilisation(),
                    hours(phase.gpuHours()),
                    days(cost.days(phase.gpuHours())),
                    dollars(phase.price()));
        }
        add(
                "  %-18s %9s %16s %11s %6s %12s %7s %11s",
                "together",
                "",
                "",
                "",
                "",
                hours(cost.gpuHours()),
                days(cost.days(cost.gpuHours())),
                dollars(cost.price()));
        add(
                "  GPUs: %,d of %s TFLOP/s, $%s an hour; %s GPU hours per 10^12 tokens",
                with.gpus(),
                plain(with.gpuTflops()),
                plain(with.pricePerGpuHour()),
                hours(cost.gpuHoursPerTrillionTokens()));
        add("  MFU: these FLOP over the GPUs' BF16 peak, %s", source(with));
        add("  Extension and post-training: V3's share of the tokens; post-training of the work.");
    }

    private static String source(TrainingCost.Assumptions with) {
        return with.derived()
                ? "as V3's 2664 K and 119 K GPU hours on H800 imply."
                : "given for pre-training; the extension keeps V3's ratio.";
    }

    /// Numbers of FLOP with a decimal prefix.
    private static String flop(double value) {
        return prefixed(value, 2) + "FLOP";
    }

    private static String prefixed(double value, int digits) {
        String[] prefixes = {"", "k", "M", "G", "T", "P", "E"};
        int i = 0;
        double scaled = value;
        while (scaled >= 1000 && i < prefixes.length - 1) {
            scaled /= 1000;
            i++;
        }
        return String.format(Locale.ROOT, "%." + digits + "f %s", scaled, prefixes[i]);
    }

    /// Bytes with a binary unit.
    static String bytes(long bytes) {
        String[] units = {"KiB", "MiB", "GiB", "TiB", "PiB"};
        double scaled = bytes / 1024.0;
        int i = 0;
        while (scaled >= 1024 && i < units.length - 1) {
            scaled /= 1024;
            i++;
        }
        return String.format(Locale.ROOT, "%.1f %s", scaled, units[i]);
    }

    private static String count(double tokens) {
        String[] units = {"", " K", " M", " B", " T"};
        int i = 0;
        double scaled = tokens;
        while (scaled >= 999.5 && i < units.length - 1) {
            scaled /= 1000;
            i++;
        }
        return plain(Double.parseDouble(String.format(Locale.ROOT, "%.4g", scaled))) + units[i];
    }

    private static String hours(double hours) {
        return hours >= 99_999.5
                ? String.format(Locale.ROOT, "%,.0f K", hours / 1000)
                : String.format(Locale.ROOT, hours < 100 ? "%.2f" : "%,.0f", hours);
    }

    private static String days(double days) {
        return String.format(Locale.ROOT, days < 10 ? "%.2f" : "%,.1f", days);
    }

    private static String dollars(double price) {
        return price >= 1e6
                ? String.format(Locale.ROOT, "$%,.3f M", price / 1e6)
                : String.format(Locale.ROOT, price < 100 ? "$%.2f" : "$%,.0f", price);
    }

    private static String plain(double value) {
        return value == Math.rint(value) && value < 1e15
                ? Long.toString((long) value)
                : Double.toString(value);
    }
}
