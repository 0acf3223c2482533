package dev.minke.tensor.reference;

import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.spi.KernelSet.AdamWStep;
import java.lang.foreign.MemorySegment;

/// AdamW with decoupled weight decay, on contiguous tensors: m = beta1 m + (1 - beta1) g v = beta2
/// v + (1 - beta2) g^2 p = p (1 - lr decay) - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) +
/// eps)
final class AdamW {
    private static final long BAND = 16_384;

    private AdamW() {}

    static void run(Team team, Tensor p, Tensor g, Tensor m, Tensor v, AdamWStep step) {
        float beta1 = step.beta1();
        float beta2 = step.beta2();
        float correction1 = (float) (1 / (1 - Math.pow(beta1, step.step())));
        float correction2 = (float) (1 / (1 - Math.pow(beta2, step.step())));
        float keep = 1 - step.lr() * step.weightDecay();
        MemorySegment ps = p.segment();
        MemorySegment gs = g.segment();
        MemorySegment ms = m.segment();
        MemorySegment vs = v.segment();
        Bands.run(
                team,
                p.size(),
                BAND,
                (from, to) -> {
                    for (long i = from; i < to; i++) {
                        float gradient = Memory.load(gs, g.offset() + 4 * i) * step.gradScale();
                        float first = Memory.load(ms, m.offset() + 4 * i);
                        float second = Memory.load(vs, v.offset() + 4 * i);
                        first = beta1 * first + (1 - beta1) * gradient;
                        second = beta2 * second + (1 - beta2) * gradient * gradient;
                        float root = (float) Math.sqrt(second * correction2);
                        float change = step.lr() * (first * correction1) / (root + step.eps());
                        float old = Memory.load(ps, p.offset() + 4 * i);
                        Memory.store(ms, m.offset() + 4 * i, first);
                        Memory.store(vs, v.offset() + 4 * i, second);
                        Memory.store(ps, p.offset() + 4 * i, old * keep - change);
                    }
                });
    }
}
