package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.spi.KernelSet.AdamWStep;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// One step of AdamW on all elements (Loshchilov and Hutter 2019): 28 bytes moved for each.
final class AdamW {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final int L = Lanes.COUNT;

    private AdamW() {}

    static void step(Team team, Tensor p, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        float fix1 = (float) (1 / (1 - Math.pow(step.beta1(), step.step())));
        float fix2 = (float) (1 / (1 - Math.pow(step.beta2(), step.step())));
        float keep = (float) (1 - (double) step.lr() * step.weightDecay());
        Bands.elements(
                team,
                p.size(),
                (from, to) ->
                        span(
                                p.segment(),
                                p.offset() + 4 * from,
                                g.segment(),
                                g.offset() + 4 * from,
                                m.segment(),
                                m.offset() + 4 * from,
                                v.segment(),
                                v.offset() + 4 * from,
                                Math.toIntExact(to - from),
                                step,
                                fix1,
                                fix2,
                                keep));
    }

    private static void span(
            MemorySegment p,
            long po,
            MemorySegment g,
            long go,
            MemorySegment m,
            long mo,
            MemorySegment v,
            long vo,
            int n,
            AdamWStep step,
            float fix1,
            float fix2,
            float keep) {
        float b1 = step.beta1();
        float b2 = step.beta2();
        float eps = step.eps();
        float lr = step.lr();
        float gradScale = step.gradScale();
        int i = 0;
        for (; i <= n - L; i += L) {
            long o = 4L * i;
            FloatVector grad =
                    FloatVector.fromMemorySegment(F, g, go + o, LITTLE_ENDIAN).mul(gradScale);
            FloatVector first =
                    FloatVector.fromMemorySegment(F, m, mo + o, LITTLE_ENDIAN)
                            .mul(b1)
                            .add(grad.mul(1 - b1));
            FloatVector second =
                    FloatVector.fromMemorySegment(F, v, vo + o, LITTLE_ENDIAN)
                            .mul(b2)
                            .add(grad.mul(grad).mul(1 - b2));
            first.intoMemorySegment(m, mo + o, LITTLE_ENDIAN);
            second.intoMemorySegment(v, vo + o, LITTLE_ENDIAN);
            FloatVector update = first.mul(fix1).div(second.mul(fix2).sqrt().add(eps));
            FloatVector.fromMemorySegment(F, p, po + o, LITTLE_ENDIAN)
                    .mul(keep)
                    .sub(update.mul(lr))
                    .intoMemorySegment(p, po + o, LITTLE_ENDIAN);
        }
        for (; i < n; i++) {
            long o = 4L * i;
            float grad = g.get(JAVA_FLOAT_UNALIGNED, go + o) * gradScale;
            float first = m.get(JAVA_FLOAT_UNALIGNED, mo + o) * b1 + grad * (1 - b1);
            float second = v.get(JAVA_FLOAT_UNALIGNED, vo + o) * b2 + grad * grad * (1 - b2);
            m.set(JAVA_FLOAT_UNALIGNED, mo + o, first);
            v.set(JAVA_FLOAT_UNALIGNED, vo + o, second);
            float update = first * fix1 / ((float) Math.sqrt(second * fix2) + eps);
            float before = p.get(JAVA_FLOAT_UNALIGNED, po + o);
            p.set(JAVA_FLOAT_UNALIGNED, po + o, before * keep - update * lr);
        }
    }
}
