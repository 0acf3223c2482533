package dev.minke.kernels;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.kernels.Gemm.Layout;
import dev.minke.kernels.Gemm.Operand;
import dev.minke.tensor.Bf16;
import dev.minke.tensor.DType;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/// A weight in panels of [Tile#NR] outputs, and products with it.
///
/// A panel holds, for each k, the weights of its outputs side by side, so that one row of A streams
/// through memory and its outputs need no sum across lanes. F32: NR floats. BF16 stays BF16: L
/// pairs of 16 bits, output j in the lower half of pair j, output L + j in the upper half; one
/// shift and one mask widen them. The last panel is filled up with zeros.
///
/// Numerics as in [Gemm], bit for bit.
final class GemmPacked {
    private static final VectorSpecies<Float> F = Lanes.FLOAT;
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final int L = Lanes.COUNT;
    private static final int NR = Tile.NR;

    /// Bytes of weights that make a task of a single row worth its start.
    private static final long MIN_BYTES = 128 << 10;

    private GemmPacked() {}

    /// A packed weight of `rows` outputs and `cols` inputs.
    record Packed(MemorySegment segment, long rows, long cols, DType dtype)
            implements PackedMatrix {
        @Override
        public long byteSize() {
            return segment.byteSize();
        }

        long panelBytes() {
            return cols * NR * dtype.bytes();
        }
    }

    static PackedMatrix pack(Team team, Tensor b, Arena arena) {
        int panels = Math.toIntExact(Math.ceilDiv(b.rows(), NR));
        int k = Math.toIntExact(b.cols());
        long bytes = Math.multiplyExact((long) panels * NR * b.dtype().bytes(), k);
        MemorySegment to = arena.allocate(Math.max(bytes, 1), 64);
        Packed packed = new Packed(to, b.rows(), k, b.dtype());
        team.run(
                panels,
                (panel, worker) -> {
                    long at = panel * packed.panelBytes();
                    int width = (int) Math.min(NR, b.rows() - (long) panel * NR);
                    if (b.dtype() == DType.BF16) {
                        packPairs(b, panel * NR, width, k, to, at);
                    } else {
                        packFloats(b, panel * NR, width, k, to, at);
                    }
                });
        return packed;
    }

    private static void packFloats(Tensor b, int row, int width, int k, MemorySegment to, long at) {
        float[] panel = new float[Tile.KC * NR];
        long stride = b.rowStride();
        for (int k0 = 0; k0 < k; k0 += Tile.KC) {
            int kc = Math.min(Tile.KC, k - k0);
            long from = b.offset() + (row * stride + k0) * Float.BYTES;
            Panels.fromColumns(b.segment(), from, stride, kc, width, panel, 0);
            Panels.copyOut(panel, 0, NR, kc, NR, to, at + (long) k0 * NR * Float.BYTES, NR);
        }
    }

    private static void packPairs(Tensor b, int row, int width, int k, MemorySegment to, long at) {
        float[] panel = new float[Tile.KC * NR];
        long stride = b.rowStride();
        for (int k0 = 0; k0 < k; k0 += Tile.KC) {
            int kc = Math.min(Tile.KC, k - k0);
            long from = b.offset() + (row * stride + k0) * Short.BYTES;
            Panels.fromColumnsBf16(b.segment(), from, stride, kc, width, panel, 0);
            for (int p = 0; p < kc; p++) {
                for (int j = 0; j < L; j++) {
                    int low = Bf16.fromFloat(panel[p * NR + j]) & 0xFFFF;
                    int high = Bf16.fromFloat(panel[p * NR + L + j]) << 16;
                    long pair = at + ((long) (k0 + p) * L + j) * Integer.BYTES;
                    to.set(JAVA_INT_UNALIGNED, pair, low | high);
                }
            }
        }
    }

    static void run(
            Team team,
            Scratch.Pool pool,
            Tensor a,
            PackedMatrix matrix,
            Tensor c,
            boolean accumulate) {
        if (!(matrix instanceof Packed b)) {
            throw new IllegalArgumentException("gemmPacked: the matrix was packed elsewhere");
        }
        if (a.rows() == 1) {
            oneRow(team, pool, a, b, c, accumulate);
            return;
        }
        Layout layout = b.dtype == DType.BF16 ? Layout.PACKED_BF16 : Layout.PACKED;
        Operand weight = new Operand(b.segment, 0, NR);
        Gemm.run(team, pool, layout, Operand.of(a), weight, c, b.cols, accumulate);
    }

    /// One row at the speed of memory: two panels at a time, four streams of FMAs.
    private static void oneRow(
            Team team, Scratch.Pool pool, Tensor a, Packed b, Tensor c, boolean accumulate) {
        int k = Math.toIntExact(b.cols);
        int n = Math.toIntExact(b.rows);
        int panels = Math.ceilDiv(n, NR);
        long bytes = Math.max(b.panelBytes(), 1);
        // even, so that panels go in pairs; at most 8 tasks for each thread
        int step = (int) Math.min(panels + 1, Math.max(2, MIN_BYTES / bytes));
        step = Math.max(step, Math.ceilDiv(panels, 8 * team.size())) + 1 & -2;
        int panelStep = step;
        boolean pairs = b.dtype == DType.BF16;
        team.run(
                Math.ceilDiv(panels, panelStep),
                (index, worker) -> {
                    Scratch scratch = pool.take(worker);
                    float[] x = scratch.rows(k + 2 * NR);
                    Panels.copyIn(a.segment(), a.offset(), a.rowStride(), 1, k, x, 0, k);
                    int last = Math.min(panels, (index + 1) * panelStep);
                    for (int p = index * panelStep; p < last; p += 2) {
                        int width = Math.min(2 * NR, n - p * NR);
                        long to = c.offset() + 4L * p * NR;
                        if (accumulate) {
                            Panels.copyIn(c.segment(), to, n, 1, width, x, k, 0);
                        } else {
                            Arrays.fill(x, k, k + 2 * NR, 0);
                        }
                        long from = p * b.panelBytes();
                        // a last single panel goes twice, the second result is dropped
                        long second = from + (p + 1 < panels ? b.panelBytes() : 0);
                        if (pairs) {
                            twoPanelsBf16(b.segment, from, second, x, k);
                        } else {
                            twoPanels(b.segment, from, second, x, k);
                        }
                        Panels.copyOut(x, k, 0, 1, width, c.segment(), to, n);
                    }
                    pool.give(worker, scratch);
                });
    }

    /// x[k..k+2NR] += x[0..k] * panels at bytes `p` and `q`.
    private static void twoPanels(MemorySegment b, long p, long q, float[] x, int k) {
        FloatVector s0 = FloatVector.fromArray(F, x, k);
        FloatVector s1 = FloatVector.fromArray(F, x, k + L);
        FloatVector s2 = FloatVector.fromArray(F, x, k + 2 * L);
        FloatVector s3 = FloatVector.fromArray(F, x, k + 3 * L);
        for (int i = 0; i < k; i++) {
            FloatVector v = FloatVector.broadcast(F, x[i]);
            long at = 4L * NR * i;
            s0 = v.fma(FloatVector.fromMemorySegment(F, b, p + at, LITTLE_ENDIAN), s0);
            s1 = v.fma(FloatVector.fromMemorySegment(F, b, p + at + 4L * L, LITTLE_ENDIAN), s1);
            s2 = v.fma(FloatVector.fromMemorySegment(F, b, q + at, LITTLE_ENDIAN), s2);
            s3 = v.fma(FloatVector.fromMemorySegment(F, b, q + at + 4L * L, LITTLE_ENDIAN), s3);
        }
        s0.intoArray(x, k);
        s1.intoArray(x, k + L);
        s2.intoArray(x, k + 2 * L);
        s3.intoArray(x, k + 3 * L);
    }

    private static void twoPanelsBf16(MemorySegment b, long p, long q, float[] x, int k) {
        FloatVector s0 = FloatVector.fromArray(F, x, k);
        FloatVector s1 = FloatVector.fromArray(F, x, k + L);
        FloatVector s2 = FloatVector.fromArray(F, x, k + 2 * L);
        FloatVector s3 = FloatVector.fromArray(F, x, k + 3 * L);
        for (int i = 0; i < k; i++) {
            FloatVector v = FloatVector.broadcast(F, x[i]);
            long at = 4L * L * i;
            IntVector one = IntVector.fromMemorySegment(I, b, p + at, LITTLE_ENDIAN);
            IntVector two = IntVector.fromMemorySegment(I, b, q + at, LITTLE_ENDIAN);
            s0 = v.fma(Panels.low(one), s0);
            s1 = v.fma(Panels.high(one), s1);
            s2 = v.fma(Panels.low(two), s2);
            s3 = v.fma(Panels.high(two), s3);
        }
        s0.intoArray(x, k);
        s1.intoArray(x, k + L);
        s2.intoArray(x, k + 2 * L);
        s3.intoArray(x, k + 3 * L);
    }
}
