package dev.minke.infer.engine;

import dev.minke.model.deepseek.DeepSeekModel;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// A pool and a runner, with sequences put into it by hand.
final class RunnerLab implements AutoCloseable {
    final BlockPool pool;
    final ModelRunner runner;
    private final int vocab;

    RunnerLab(DeepSeekModel model, Kernels kernels, CacheType type, int blocks) {
        CacheLayout layout = CacheLayout.of(model.config(), type);
        vocab = model.config().vocabSize();
        pool = new BlockPool(layout, blocks * layout.blockBytes(), 1);
        runner = new ModelRunner(model, kernels, pool, vocab);
    }

    /// A sequence with its blocks, and the logits of all its tokens so far.
    final class Sequence {
        final int[] tokens;
        final int[] blocks;
        final int expandedEnd;
        final float[] logits;
        int done;

        Sequence(int[] tokens, int expandedEnd) {
            this.tokens = tokens;
            this.expandedEnd = expandedEnd;
            blocks = new int[CacheLayout.blocks(tokens.length)];
            Arrays.setAll(blocks, i -> pool.take());
            logits = new float[tokens.length * vocab];
        }

        boolean finished() {
            return done == tokens.length;
        }

        Chunk next(int size) {
            int to = Math.min(done + size, tokens.length);
            return new Chunk(tokens, done, to, blocks, expandedEnd, 0);
        }

        void release() {
            for (int block : blocks) {
                pool.release(block);
            }
        }
    }

    /// Compute the next `size` tokens of every sequence in one step.
    void step(List<Sequence> sequences, int size) {
        List<Chunk> chunks = new ArrayList<>();
        for (Sequence sequence : sequences) {
            if (!sequence.finished()) {
                chunks.add(sequence.next(size));
            }
        }
        Tensor logits = runner.run(chunks);
        float[] values = logits.toFloats();
        int row = 0;
        int c = 0;
        for (Sequence sequence : sequences) {
            if (!sequence.finished()) {
                Chunk chunk = chunks.get(c++);
                int n = chunk.rows();
                System.arraycopy(
                        values, row * vocab, sequence.logits, chunk.from() * vocab, n * vocab);
                row += n;
                sequence.done = chunk.to();
            }
        }
    }

    /// All logits of `tokens`, computed `size` at a time, alone.
    float[] logits(int[] tokens, int size, int expandedEnd) {
        Sequence sequence = new Sequence(tokens, expandedEnd);
        while (!sequence.finished()) {
            step(List.of(sequence), size);
        }
        sequence.release();
        return sequence.logits;
    }

    @Override
    public void close() {
        runner.close();
        pool.close();
    }
}
