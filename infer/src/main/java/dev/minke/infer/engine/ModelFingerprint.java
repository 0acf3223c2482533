package dev.minke.infer.engine;

import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.model.nn.Parameter;
import dev.minke.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.module.ModuleDescriptor;
import java.util.List;

/// Tells apart models, and ways to compute one, whose blocks must not be mixed.
///
/// It takes in the version of this program, the configuration, samples of the weights in memory
/// (vectors whole), the layout of the cache, and what sixteen tokens leave in the cache, bit for
/// bit: that depends on weights of every layer, on the kernels and on the machine's vectors.
final class ModelFingerprint {
    /// Raised whenever blocks would differ in a way that sixteen tokens do not show.
    private static final int VERSION = 1;

    private static final int TOKENS = 16;
    private static final int SAMPLES = 16;

    private ModelFingerprint() {}

    /// The key of the empty prefix. Computes a step.
    static PrefixKey of(
            DeepSeekModel model, ModelRunner runner, BlockPool pool, EngineConfig config) {
        PrefixKey.Hash hash = new PrefixKey.Hash();
        hash.add(VERSION).add(CacheLayout.BLOCK).add(model.config().toJson());
        ModuleDescriptor module = ModelFingerprint.class.getModule().getDescriptor();
        hash.add(module == null ? "" : module.rawVersion().orElse("")); // null on the class path
        hash.add(pool.layout().toString()).add(config.prefixReuse().name());
        for (Parameter parameter : model.parameters().all()) {
            hash.add(parameter.name());
            Tensor value = parameter.value();
            long bytes = value.size() * value.dtype().bytes();
            MemorySegment all = value.segment().asSlice(value.offset(), bytes);
            if (value.rank() == 1 || bytes <= 64 * SAMPLES) {
                hash.add(all);
            } else {
                for (int i = 0; i < SAMPLES; i++) {
                    hash.add(all.asSlice((bytes - 64) * i / (SAMPLES - 1), 64));
                }
            }
        }
        probe(hash, model, runner, pool);
        return hash.key();
    }

    private static void probe(
            PrefixKey.Hash hash, DeepSeekModel model, ModelRunner runner, BlockPool pool) {
        int count = Math.min(TOKENS, model.config().maxPositionEmbeddings());
        int[] tokens = new int[count];
        for (int i = 0; i < count; i++) {
            tokens[i] = (int) ((31L + 7919L * i) % model.config().vocabSize());
        }
        int block = pool.take();
        MemorySegment[] layers = pool.bytes(block);
        for (MemorySegment layer : layers) {
            layer.fill((byte) 0);
        }
        // half in expanded form, half over the pages; no logits
        runner.run(List.of(new Chunk(tokens, 0, count, new int[] {block}, count / 2, count)));
        for (MemorySegment layer : layers) {
            hash.add(layer);
        }
        pool.release(block);
    }
}
