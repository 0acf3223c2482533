package dev.minke.cli.bench;

import dev.minke.infer.engine.CacheType;
import dev.minke.infer.engine.Engine;
import dev.minke.infer.engine.EngineConfig;
import dev.minke.infer.engine.PrefixDisk;
import dev.minke.infer.engine.Speculation;
import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Rng;
import dev.minke.tensor.Team;
import java.util.Arrays;
import java.util.function.Consumer;

/// What all measurements of a model share.
///
/// @param model with its weights in place
/// @param kernels what to compute on
/// @param cost of the model
/// @param cacheType how the cache keeps numbers
/// @param batch rows of a step
/// @param progress is told in a few words what is measured
public record BenchLab(
        DeepSeekModel model,
        Kernels kernels,
        ModelCost cost,
        CacheType cacheType,
        int batch,
        Consumer<String> progress) {
    private static final int MOST_WAITING = 1024;

    int vocabSize() {
        return model.config().vocabSize();
    }

    int threads() {
        return kernels.team().size();
    }

    /// An engine with room for `sequences` sequences of `tokens` tokens.
    Engine engine(int sequences, int tokens) {
        return engine(sequences, tokens, PrefixDisk.none());
    }

    Engine engine(int sequences, int tokens, PrefixDisk disk) {
        return engine(config(sequences, sequences, tokens).withPrefixDisk(disk));
    }

    /// An engine that runs `sequences` sequences at once, where only `room` of `tokens` tokens fit
    /// into memory, and lets them begin with half of what they may need.
    Engine crowded(int sequences, int room, int tokens) {
        return engine(config(sequences, room, tokens).withReserve(50));
    }

    private Engine engine(EngineConfig config) {
        return new Engine(model, kernels, vocabSize(), config);
    }

    private EngineConfig config(int sequences, int room, int tokens) {
        long bytes = Engine.cacheBytes(model.config(), cacheType, Speculation.off(), room, tokens);
        return EngineConfig.of(bytes)
                .withCacheType(cacheType)
                .withSpeculation(Speculation.off())
                .withSteps(Math.max(batch, sequences), sequences, MOST_WAITING);
    }

    /// Tokens at random.
    int[] tokens(int count, Rng rng) {
        int[] tokens = new int[count];
        Arrays.setAll(tokens, _ -> rng.nextInt(vocabSize()));
        return tokens;
    }

    /// `head`, then `count` tokens at random.
    int[] continued(int[] head, int count, Rng rng) {
        int[] tokens = Arrays.copyOf(head, head.length + count);
        for (int i = head.length; i < tokens.length; i++) {
            tokens[i] = rng.nextInt(vocabSize());
        }
        return tokens;
    }

    Stopwatch stopwatch(int[] prompt, int tokens, Rng rng) {
        return new Stopwatch(prompt, tokens, vocabSize(), rng.nextLong());
    }

    /// Operations per second of the machine at best, now; 0 if it cannot be measured.
    double flopsPeak() {
        Team team = kernels.team();
        return 1e9 * kernels.machineProbe().map(p -> p.fmaGflops(team.size(), team)).orElse(0.0);
    }

    /// Bytes per second that the machine reads at best, now; 0 if it cannot be measured.
    double readPeak() {
        return 1e9
                * kernels.machineProbe()
                        .map(p -> p.readGigabytesPerSecond(kernels.team()))
                        .orElse(0.0);
    }
}
