package dev.minke.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.tensor.Allocation;
import dev.minke.tensor.Backends;
import dev.minke.tensor.DType;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Rng;
import dev.minke.tensor.RouterRule;
import dev.minke.tensor.RouterRule.GroupScore;
import dev.minke.tensor.RouterRule.Scoring;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Operations between the products: a few rows on the calling thread, many on all, the same bits.
class SmallOperationsTests {
    private static final int COLS = 96;
    private static final int EXPERTS = 20;
    private static final RouterRule RULE =
            new RouterRule(
                    Scoring.SIGMOID, EXPERTS, 4, 5, 3, GroupScore.SUM_OF_TOP_TWO, true, 2.5f);

    private final Arena arena = Arena.ofShared();

    @AfterEach
    void free() {
        arena.close();
    }

    /// Inputs and outputs of one call of each operation.
    private final class Lab {
        final int rows;
        final Tensor x;
        final Tensor other;
        final Tensor gain = random(3, 1, COLS).slice(0);
        final Tensor bias = random(4, 1, EXPERTS).slice(0);
        final Tensor logits;
        final Tensor angles = random(6, 50, 12);
        final Tensor positions;
        final Tensor picks;
        final Tensor slots;
        final Tensor normed;
        final Tensor rstd;
        final Tensor gated;
        final Tensor sum;
        final Tensor turned;
        final Tensor scores;
        final Tensor index;
        final Tensor weight;
        final Tensor gathered;
        final Tensor combined;

        Lab(int rows) {
            this.rows = rows;
            x = random(1, rows, COLS);
            other = random(2, rows, COLS);
            logits = random(5, rows, EXPERTS);
            positions = Tensor.zeros(arena, DType.I32, rows);
            picks = Tensor.zeros(arena, DType.I32, rows);
            slots = Tensor.zeros(arena, DType.I32, rows, 4);
            for (int i = 0; i < rows; i++) {
                positions.setInt(i, i % 50);
                picks.setInt(i, i / 2);
            }
            for (int i = 0; i < 4 * rows; i++) {
                slots.setInt(i, i / 4); // rows of its own, so that no row sees the others
            }
            normed = Tensor.zeros(arena, rows, COLS);
            rstd = Tensor.zeros(arena, rows);
            gated = Tensor.zeros(arena, rows, COLS);
            sum = Tensor.zeros(arena, rows, COLS);
            turned = Tensor.zeros(arena, rows, COLS);
            turned.copyFrom(x);
            scores = Tensor.zeros(arena, rows, EXPERTS);
            index = Tensor.zeros(arena, DType.I32, rows, 4);
            weight = Tensor.zeros(arena, rows, 4);
            gathered = Tensor.zeros(arena, rows, COLS);
            combined = Tensor.zeros(arena, rows, COLS);
        }

        void run(Kernels kernels) {
            kernels.rmsNorm(x, gain, 1e-6f, normed, rstd);
            kernels.swiGlu(x, other, gated);
            kernels.add(x, other, sum);
            kernels.rope(turned, 2, 48, 36, positions, angles, false);
            kernels.route(RULE, logits, bias, scores, index, weight);
            kernels.gatherRows(x, picks, gathered);
            kernels.combine(other, slots, weight, combined, true);
        }

        Tensor[] results() {
            return new Tensor[] {normed, gated, sum, turned, scores, weight, gathered, combined};
        }
    }

    @Test
    void aRowHasTheSameBitsAloneAndInACrowdOnAnyTeam() {
        int crowd = 1500;
        Lab many = new Lab(crowd);
        try (Team team = new Team(1)) {
            many.run(Backends.open(team, "vector"));
        }
        for (int threads = 1; threads <= 3; threads++) {
            try (Team team = new Team(threads)) {
                Kernels kernels = Backends.open(team, "vector");
                for (int rows : new int[] {1, 7, crowd}) {
                    Lab some = new Lab(rows);
                    some.run(kernels);
                    for (int i = 0; i < some.results().length; i++) {
                        assertThat(some.results()[i].toFloats())
                                .as("result %d of %d rows on %d threads", i, rows, threads)
                                .isEqualTo(many.results()[i].range(0, rows).toFloats());
                    }
                    assertThat(some.index.toInts()).isEqualTo(many.index.range(0, rows).toInts());
                }
            }
        }
    }

    /// Until the compiler has seen enough, vectors are objects.
    @Test
    void aFewRowsAllocateNothingOnceCompiled() {
        Lab few = new Lab(4);
        Tensor rows = Tensor.zeros(arena, DType.I32, 4);
        Tensor offsets = Tensor.zeros(arena, DType.I32, EXPERTS + 1L);
        Tensor tokens = Tensor.zeros(arena, DType.I32, 16);
        Tensor places = Tensor.zeros(arena, DType.I32, 4, 4);
        long least = Long.MAX_VALUE;
        try (Team team = new Team(2)) {
            Kernels kernels = Backends.open(team, "vector");
            for (int round = 0; round < 400 && least > 0; round++) {
                long before = Allocation.ofThisThread();
                for (int call = 0; call < 500; call++) {
                    kernels.rmsNorm(few.x, few.gain, 1e-6f, few.normed, few.rstd);
                    kernels.swiGlu(few.x, few.other, few.gated);
                    kernels.add(few.x, few.other, few.sum);
                    kernels.rope(few.turned, 2, 48, 36, few.positions, few.angles, false);
                    kernels.route(RULE, few.logits, few.bias, few.scores, few.index, few.weight);
                    kernels.planDispatch(few.index, offsets, tokens, places);
                    kernels.gatherRows(few.x, rows, few.gathered);
                    kernels.combine(few.other, few.slots, few.weight, few.combined, false);
                }
                least = Math.min(least, Allocation.ofThisThread() - before);
            }
        }
        assertThat(least).as("bytes of 500 calls of each operation").isZero();
    }

    private Tensor random(int seed, int rows, int cols) {
        Rng rng = new Rng(seed);
        Tensor tensor = Tensor.zeros(arena, rows, cols);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                tensor.setFloat(r, c, (float) rng.nextGaussian());
            }
        }
        return tensor;
    }
}
