package dev.minke.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.minke.tensor.AttentionShape;
import dev.minke.tensor.Backends;
import dev.minke.tensor.DType;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Rng;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import java.lang.foreign.Arena;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Sizes beyond one block of the kernels here: results do not depend on threads or company.
class DeterminismTests {
    private final Arena arena = Arena.ofShared();

    @AfterEach
    void free() {
        arena.close();
    }

    @Test
    void largeProductsHaveTheSameBitsOnOneTwoAndThreeThreads() {
        Tensor a = random(1, 800, 420);
        Tensor b = random(2, 300, 420);
        Tensor bt = random(3, 420, 300);
        Tensor at = random(4, 420, 800);
        float[][] results = new float[3][];
        for (int threads = 1; threads <= 3; threads++) {
            try (Team team = new Team(threads)) {
                Kernels kernels = Backends.open(team, "vector");
                Tensor c = Tensor.zeros(arena, 2400, 300);
                kernels.gemmNt(a, b, c.range(0, 800), false);
                kernels.gemmNn(a, bt, c.range(800, 1600), false);
                kernels.gemmTn(at, bt, c.range(1600, 2400), true);
                results[threads - 1] = c.toFloats();
            }
        }
        assertThat(results[1]).isEqualTo(results[0]);
        assertThat(results[2]).isEqualTo(results[0]);
    }

    @Test
    void aRowHasTheSameBitsAloneInABatchAndThroughPanels() {
        Tensor a = random(5, 801, 410);
        Tensor b = random(6, 77, 410);
        Tensor half = Tensor.zeros(arena, DType.BF16, 77, 410);
        try (Team team = new Team(2)) {
            Kernels kernels = Backends.open(team, "vector");
            kernels.convert(b, half);
            for (Tensor weight : new Tensor[] {b, half}) {
                PackedMatrix packed = kernels.pack(weight, arena);
                Tensor batch = Tensor.zeros(arena, 801, 77);
                Tensor panels = Tensor.zeros(arena, 801, 77);
                kernels.gemmNt(a, weight, batch, false);
                kernels.gemmPacked(a, packed, panels, false);
                assertThat(panels.toFloats()).isEqualTo(batch.toFloats());
                for (int row : new int[] {0, 383, 384, 800}) {
                    Tensor one = Tensor.zeros(arena, 2, 77);
                    kernels.gemmNt(a.range(row, row + 1), weight, one.range(0, 1), false);
                    kernels.gemmPacked(a.range(row, row + 1), packed, one.range(1, 2), false);
                    float[] expected = batch.range(row, row + 1).toFloats();
                    assertThat(one.range(0, 1).toFloats()).isEqualTo(expected);
                    assertThat(one.range(1, 2).toFloats()).isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void longAttentionHasTheSameBitsOnAnyTeamAndInAnyCompany() {
        AttentionShape shape = new AttentionShape(2, 20, 6, 17, 0.3f);
        int alone = 450;
        int together = alone + 33;
        Tensor q = random(7, together, 52);
        Tensor kv = random(8, together, 74);
        Tensor kr = random(9, together, 6);
        Tensor dout = random(10, together, 34);
        float[] expected = attention(1, shape, q, kv, kr, dout, alone, alone);
        assertThat(attention(3, shape, q, kv, kr, dout, alone, alone)).isEqualTo(expected);
        assertThat(attention(2, shape, q, kv, kr, dout, together, alone)).isEqualTo(expected);
    }

    /// Outputs and gradients of the first `kept` rows of the first `rows` rows, cut at 450.
    private float[] attention(
            int threads,
            AttentionShape shape,
            Tensor q,
            Tensor kv,
            Tensor kr,
            Tensor dout,
            int rows,
            int kept) {
        int[] cuts = rows == 450 ? new int[] {0, 450} : new int[] {0, 450, rows};
        Tensor sequences = Tensor.copyOf(arena, cuts, cuts.length);
        Tensor out = Tensor.zeros(arena, rows, 34);
        Tensor lse = Tensor.zeros(arena, 2, rows);
        Tensor all = Tensor.zeros(arena, rows, 52 + 74 + 6);
        Tensor dq = all.columns(0, 52);
        Tensor dkv = all.columns(52, 126);
        Tensor dkr = all.columns(126, 132);
        try (Team team = new Team(threads)) {
            Kernels kernels = Backends.open(team, "vector");
            Tensor qs = q.range(0, rows);
            Tensor kvs = kv.range(0, rows);
            Tensor krs = kr.range(0, rows);
            kernels.attention(shape, qs, kvs, krs, sequences, out, lse);
            kernels.attentionBackward(
                    shape, dout.range(0, rows), qs, kvs, krs, sequences, out, lse, dq, dkv, dkr);
        }
        float[] gradients = all.range(0, kept).toFloats();
        float[] outputs = out.range(0, kept).toFloats();
        float[] joined = Arrays.copyOf(gradients, gradients.length + outputs.length);
        System.arraycopy(outputs, 0, joined, gradients.length, outputs.length);
        return joined;
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
