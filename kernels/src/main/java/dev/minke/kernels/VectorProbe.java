package dev.minke.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.tensor.Team;
import dev.minke.tensor.spi.MachineProbe;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Peaks of this machine by loops that do nothing else.
final class VectorProbe implements MachineProbe {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final int L = Lanes.COUNT;

    /// Twelve chains: more than latency times units of the FMAs (4 x 2 on Zen 5).
    private static final int CHAINS = 12;

    private static final int STEPS = 250_000;
    private static final int LEAST_ROUNDS = 12;
    private static final long PEAK_NANOS = 200_000_000L;
    private static final int ROUNDS = 6;
    private static final long READ_BYTES = 512L << 20;
    private static final long PART = 1L << 20;

    private final float[] sink = new float[1024];

    @Override
    public double fmaGflops(int threads, Team team) {
        if (threads < 1 || threads > team.size()) {
            throw new IllegalArgumentException(
                    "%d threads of a team of %d".formatted(threads, team.size()));
        }
        double flop = 2.0 * STEPS * CHAINS * L * threads;
        double best = 0;
        long improved = System.nanoTime();
        // until no round has been faster for a while: the first ones are interpreted
        for (int round = 0; round < LEAST_ROUNDS || System.nanoTime() - improved < PEAK_NANOS; ) {
            long start = System.nanoTime();
            team.run(threads, (index, _) -> sink[index % sink.length] = chains(STEPS));
            long end = System.nanoTime();
            double rate = flop / (end - start);
            if (rate > 1.01 * best) {
                improved = end;
            }
            best = Math.max(best, rate);
            round++;
        }
        return best;
    }

    /// Two steps in the loop also make the method too large to be inlined (325 bytecodes): inside
    /// [Team#run] C2 kept the sums in memory, at half the speed.
    private static float chains(int steps) {
        FloatVector x = FloatVector.broadcast(F, 0.999f);
        FloatVector y = FloatVector.broadcast(F, 0.001f);
        FloatVector s0 = y;
        FloatVector s1 = y;
        FloatVector s2 = y;
        FloatVector s3 = y;
        FloatVector s4 = y;
        FloatVector s5 = y;
        FloatVector s6 = y;
        FloatVector s7 = y;
        FloatVector s8 = y;
        FloatVector s9 = y;
        FloatVector s10 = y;
        FloatVector s11 = y;
        for (int i = 0; i < steps; i += 2) {
            s0 = x.fma(y, s0);
            s1 = x.fma(y, s1);
            s2 = x.fma(y, s2);
            s3 = x.fma(y, s3);
            s4 = x.fma(y, s4);
            s5 = x.fma(y, s5);
            s6 = x.fma(y, s6);
            s7 = x.fma(y, s7);
            s8 = x.fma(y, s8);
            s9 = x.fma(y, s9);
            s10 = x.fma(y, s10);
            s11 = x.fma(y, s11);
            s0 = x.fma(y, s0);
            s1 = x.fma(y, s1);
            s2 = x.fma(y, s2);
            s3 = x.fma(y, s3);
            s4 = x.fma(y, s4);
            s5 = x.fma(y, s5);
            s6 = x.fma(y, s6);
            s7 = x.fma(y, s7);
            s8 = x.fma(y, s8);
            s9 = x.fma(y, s9);
            s10 = x.fma(y, s10);
            s11 = x.fma(y, s11);
        }
        FloatVector sum = s0.add(s1).add(s2).add(s3).add(s4).add(s5);
        return sum.add(s6).add(s7).add(s8).add(s9).add(s10).add(s11).lane(0);
    }

    @Override
    public double readGigabytesPerSecond(Team team) {
        double best = 0;
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = arena.allocate(READ_BYTES, 64);
            int parts = Math.toIntExact(READ_BYTES / PART);
            for (int round = 0; round < ROUNDS; round++) {
                long start = System.nanoTime();
                team.run(
                        parts,
                        (index, _) -> sink[index % sink.length] = read(memory, index * PART));
                best = Math.max(best, (double) READ_BYTES / (System.nanoTime() - start));
            }
        }
        return best;
    }

    /// Read one part as four streams.
    private static int read(MemorySegment memory, long from) {
        IntVector s0 = IntVector.zero(I);
        IntVector s1 = s0;
        IntVector s2 = s0;
        IntVector s3 = s0;
        int quarter = (int) (PART / 4);
        for (int i = 0; i < quarter; i += 4 * L) {
            long at = from + i;
            s0 = s0.add(IntVector.fromMemorySegment(I, memory, at, LITTLE_ENDIAN));
            s1 = s1.add(IntVector.fromMemorySegment(I, memory, at + quarter, LITTLE_ENDIAN));
            s2 = s2.add(IntVector.fromMemorySegment(I, memory, at + 2L * quarter, LITTLE_ENDIAN));
            s3 = s3.add(IntVector.fromMemorySegment(I, memory, at + 3L * quarter, LITTLE_ENDIAN));
        }
        return s0.add(s1).add(s2.add(s3)).reduceLanes(VectorOperators.ADD);
    }
}
