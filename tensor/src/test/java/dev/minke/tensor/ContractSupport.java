package dev.minke.tensor;

import java.lang.foreign.Arena;
import java.util.function.Function;

/// What the groups of contract tests need from [KernelContract].
public interface ContractSupport {
    /// The kernels under test, on three threads.
    Kernels kernels();

    /// The same kernels on one thread.
    Kernels oneThread();

    /// Memory for one test.
    Arena arena();

    /// Test data in that memory.
    default Sample sample(long seed) {
        return new Sample(arena(), seed);
    }

    /// Check that `run` gives the same bits on one thread and on three.
    default void sameBitsOnAnyTeam(String what, Function<Kernels, float[]> run) {
        float[] one = run.apply(oneThread());
        float[] three = run.apply(kernels());
        Close.sameBits(what + ", 1 thread and 3", three, one, one.length);
    }

    /// Lay arrays end to end, to compare all outputs of an operation at once.
    static float[] join(Tensor... tensors) {
        int size = 0;
        for (Tensor tensor : tensors) {
            size += Math.toIntExact(tensor.size());
        }
        float[] all = new float[size];
        int at = 0;
        for (Tensor tensor : tensors) {
            float[] part = tensor.toFloats();
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }
}
