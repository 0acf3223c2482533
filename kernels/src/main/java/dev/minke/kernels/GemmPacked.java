package dev.minke.kernels;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.minke.kernels.Gemm.Layout;
import dev.minke.kernels.Gemm.Operand;
import dev.minke.kernels.Packed.Coding;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Objects;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/// Products with a weight in panels, see [Packed].
///
/// Up to eight rows: elements are unpacked in registers and met by one, two or four rows at a time.
/// Few rows: a piece of a panel is unpacked into the first cache, then met by four rows at a time.
/// Many rows: [Gemm] unpacks panels and runs its tiles.
///
/// Numerics as in [Gemm] with the unpacked weight, bit for bit, however many rows there are.
final class GemmPacked {
    private static final VectorSpecies<Integer> I = Lanes.INT;
    private static final int NR = Tile.NR;
    private static final int WIDTH = Packed.WIDTH;

    /// Most rows that are few.
    static final int FEW = 16;

    /// Most rows that meet elements in registers, where there is a kernel for that: beyond it the
    /// second and third unpacking takes longer than a detour through memory.
    private static final int DIRECT = 8;

    /// Inputs unpacked at a time for few rows: a piece of 16 KB.
    private static final int PIECE = 128;

    /// Bytes of weights that are worth more than one thread.
    private static final long MIN_BYTES = 64 << 10;

    /// Bytes touched ahead of their use, two thirds of the first cache.
    private static final int AHEAD = 32 << 10;

    private GemmPacked() {}

    static void run(
            Team team,
            Scratch.Pool pool,
            Tensor a,
            PackedMatrix matrix,
            Tensor c,
            boolean accumulate) {
        Packed b = of("gemmPacked", matrix);
        int m = Math.toIntExact(a.rows());
        if (m > FEW) {
            Operand weight = Operand.of(b);
            Gemm.run(team, pool, Layout.PACKED, Operand.of(a), weight, c, b.cols(), accumulate);
            return;
        }
        Region region = pool.region();
        region.run(team, pool, a, m, b, c, accumulate);
        pool.give(region);
    }

    /// The parallel region of a product with few rows; kept by [Scratch.Pool], so that the products
    /// of a step leave nothing to collect.
    static final class Region implements Team.Task {
        private Scratch.@Nullable Pool pool;
        private @Nullable Tensor a;
        private @Nullable Tensor c;
        private Packed b = Packed.NONE;
        private int rows;
        private int panels;
        private int threads;
        private boolean accumulate;

        private void run(
                Team team,
                Scratch.Pool pool,
                Tensor a,
                int rows,
                Packed b,
                Tensor c,
                boolean accumulate) {
            this.pool = pool;
            this.a = a;
            this.c = c;
            this.b = b;
            this.rows = rows;
            this.accumulate = accumulate;
            panels = rows == 0 ? 0 : b.panels();
            threads = panels * b.panelBytes() <= MIN_BYTES ? 1 : team.size();
            team.run(threads == 1 ? Math.min(panels, 1) : Math.min(panels, 2 * threads), this);
            this.a = null;
            this.c = null;
            this.b = Packed.NONE;
        }

        @Override
        public void run(int index, int worker) {
            Scratch.Pool pool = Objects.requireNonNull(this.pool);
            Tensor a = Objects.requireNonNull(this.a);
            Tensor c = Objects.requireNonNull(this.c);
            Scratch scratch = pool.take(worker);
            int first = start(index);
            block(scratch, a, 0, rows, b, c, first, start(index + 1), accumulate);
            pool.give(worker, scratch);
        }

        /// The first panel of a task: three quarters are long runs of memory, one for each thread,
        /// the others are for who is first.
        private int start(int task) {
            if (threads == 1) {
                return task * panels;
            }
            if (panels < 2 * threads) {
                return task;
            }
            int large = panels * 3 / (4 * threads);
            int rest = panels - threads * large;
            int later = Math.max(0, task - threads);
            return Math.min(task, threads) * large + (int) ((long) rest * later / threads);
        }
    }

    static Packed of(String operation, PackedMatrix matrix) {
        if (matrix instanceof Packed packed) {
            return packed;
        }
        throw new IllegalArgumentException(
                operation + ": b was packed by another back end, pack it by this one");
    }

    /// The rows `row` to `row + rows` of C, at most [#FEW], by the panels `first` to `last`.
    static void block(
            Scratch scratch,
            Tensor a,
            long row,
            int rows,
            Packed b,
            Tensor c,
            int first,
            int last,
            boolean accumulate) {
        int k = Math.toIntExact(b.cols());
        // not a multiple of 4096 bytes, so that rows do not share cache sets
        int lda = rows == 1 ? k : Math.ceilDiv(k, WIDTH) * WIDTH + 16;
        boolean direct = rows <= DIRECT && direct(b.coding());
        boolean exact = rows == 1 || rows == 2 && direct;
        int padded = exact ? rows : Math.ceilDiv(rows, RowTile.ROWS) * RowTile.ROWS;
        float[] x = scratch.rows(padded * lda);
        long from = a.offset() + row * a.rowStride() * Float.BYTES;
        Panels.copyIn(a.segment(), from, a.rowStride(), rows, k, x, 0, lda);
        Arrays.fill(x, rows * lda, padded * lda, 0);
        long to = c.offset() + row * c.rowStride() * Float.BYTES;
        for (int p = first; p < last; p++) {
            int width = (int) Math.min(WIDTH, b.rows() - (long) p * WIDTH);
            long target = to + (long) p * WIDTH * Float.BYTES;
            if (rows == 1) {
                oneRow(scratch, x, b, p, width, c, target, accumulate);
            } else if (direct) {
                directRows(scratch, x, lda, rows, b, p, width, c, target, accumulate);
            } else {
                fewRows(scratch, x, lda, rows, b, p, width, c, target, accumulate);
            }
        }
    }

    /// Whether there are kernels for two and four rows.
    private static boolean direct(Coding coding) {
        return switch (coding) {
            case BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS -> true;
            case F32, F16, FP8, Q2_K, Q3_K -> false;
        };
    }

    private static void directRows(
            Scratch scratch,
            float[] x,
            int lda,
            int rows,
            Packed b,
            int panel,
            int width,
            Tensor c,
            long target,
            boolean accumulate) {
        float[] sums = scratch.c;
        Arrays.fill(sums, 0, DIRECT * WIDTH, 0);
        if (accumulate) {
            Panels.copyIn(c.segment(), target, c.rowStride(), rows, width, sums, 0, WIDTH);
        }
        int k = Math.toIntExact(b.cols());
        long at = panel * b.panelBytes();
        for (int r = 0; r < rows; ) {
            int left = rows - r;
            if (left == 1) {
                System.arraycopy(sums, r * WIDTH, scratch.s, 0, WIDTH);
                dot(b.coding(), b.segment(), at, r * lda, r * lda + k, x, scratch);
                System.arraycopy(scratch.s, 0, sums, r * WIDTH, WIDTH);
                r++;
            } else {
                int count = left == 2 ? 2 : 4;
                dotRows(scratch, b, at, k, count, x, r * lda, lda, sums, r * WIDTH);
                r += count;
            }
        }
        Panels.copyOut(sums, 0, WIDTH, rows, width, c.segment(), target, c.rowStride());
    }

    /// Two or four rows of x, from `xAt` on.
    private static void dotRows(
            Scratch scratch,
            Packed b,
            long at,
            int k,
            int rows,
            float[] x,
            int xAt,
            int lda,
            float[] c,
            int cAt) {
        MemorySegment segment = b.segment();
        Coding coding = b.coding();
        if (coding == Coding.BF16) {
            if (rows == 2) {
                PlainPanels.dotBf16x2(segment, at, k, x, xAt, lda, c, cAt);
            } else {
                PlainPanels.dotBf16x4(segment, at, k, x, xAt, lda, c, cAt);
            }
        } else if (coding == Coding.Q8_0) {
            if (rows == 2) {
                Q8Panels.dot2(segment, at, k, x, xAt, lda, scratch.s, c, cAt);
            } else {
                Q8Panels.dot4(segment, at, k, x, xAt, lda, scratch.s, c, cAt);
            }
        } else {
            CodePanels.dotRows(
                    coding, segment, at, k, rows, x, xAt, lda, scratch.s, scratch.codes, c, cAt);
        }
    }

    private static void oneRow(
            Scratch scratch,
            float[] x,
            Packed b,
            int panel,
            int width,
            Tensor c,
            long target,
            boolean accumulate) {
        float[] s = scratch.s;
        Arrays.fill(s, 0, WIDTH, 0);
        if (accumulate) {
            Panels.copyIn(c.segment(), target, 0, 1, width, s, 0, 0);
        }
        Coding coding = b.coding();
        MemorySegment segment = b.segment();
        int k = Math.toIntExact(b.cols());
        int blockBytes = coding.bytes * WIDTH;
        long at = panel * b.panelBytes();
        if (streams(coding)) {
            dot(coding, segment, at, 0, k, x, scratch);
        } else {
            int step = Math.max(1, AHEAD / blockBytes) * coding.size;
            for (int k0 = 0; k0 < k; k0 += step) {
                int k1 = Math.min(k, k0 + step);
                int bytes = (k1 - k0) / coding.size * blockBytes;
                scratch.touched += touch(segment, at, bytes);
                dot(coding, segment, at, k0, k1, x, scratch);
                at += bytes;
            }
        }
        Panels.copyOut(s, 0, 0, 1, width, c.segment(), target, 0);
    }

    /// Whether the processor fetches ahead of the kernel for one row, because vectors are read one
    /// after the other without long pauses.
    private static boolean streams(Coding coding) {
        return switch (coding) {
            case F32, BF16, F16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, IQ4_NL -> true;
            case FP8, Q2_K, Q3_K, Q5_K, Q6_K, IQ4_XS -> false;
        };
    }

    /// Load a piece of memory into the first cache: faster than leaving it to a loop of which the
    /// processor does not fetch ahead, see LADDER.md.
    private static int touch(MemorySegment segment, long at, int bytes) {
        IntVector s = IntVector.zero(I);
        for (int i = 0; i < bytes; i += 64) {
            s = s.add(IntVector.fromMemorySegment(I, segment, at + i, LITTLE_ENDIAN));
        }
        return s.lane(0);
    }

    private static void dot(
            Coding coding, MemorySegment b, long at, int k0, int k1, float[] x, Scratch scratch) {
        switch (coding) {
            case F32 -> PlainPanels.dotF32(b, at, k0, k1, x, scratch.s);
            case BF16 -> PlainPanels.dotBf16(b, at, k0, k1, x, scratch.s);
            case F16 -> HalfPanels.dot(b, at, k0, k1, x, scratch.s);
            case FP8 -> Fp8Panels.dot(b, at, k0, k1, x, scratch.s);
            case Q2_K, Q3_K -> NarrowPanels.dot(coding, b, at, k0, k1, x, scratch.s, scratch.codes);
            case Q8_0 -> Q8Panels.dot(b, at, k0, k1, x, scratch.s);
            case Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS ->
                    CodePanels.dot(coding, b, at, k0, k1, x, scratch.s, scratch.codes);
        }
    }

    private static void fewRows(
            Scratch scratch,
            float[] x,
            int lda,
            int rows,
            Packed b,
            int panel,
            int width,
            Tensor c,
            long target,
            boolean accumulate) {
        float[] sums = scratch.c;
        int k = Math.toIntExact(b.cols());
        int half = FEW * NR;
        Arrays.fill(sums, 0, 2 * half, 0);
        if (accumulate) {
            move(sums, rows, width, c, target, true);
        }
        int halves = Math.ceilDiv(width, NR);
        for (int k0 = 0; k0 < k; k0 += PIECE) {
            int kc = Math.min(PIECE, k - k0);
            for (int h = 0; h < halves; h++) {
                unpack(scratch, b, 2 * panel + h, k0, kc, scratch.b, 0);
                for (int r = 0; r < rows; r += RowTile.ROWS) {
                    RowTile.rows(x, r * lda + k0, lda, scratch.b, 0, kc, sums, h * half + r * NR);
                }
            }
        }
        move(sums, rows, width, c, target, false);
    }

    /// Copy `width` columns of C into or out of the sums of two half panels.
    private static void move(float[] sums, int rows, int width, Tensor c, long target, boolean in) {
        for (int j = 0; j < width; j += NR) {
            int cols = Math.min(NR, width - j);
            long at = target + j * (long) Float.BYTES;
            if (in) {
                Panels.copyIn(c.segment(), at, c.rowStride(), rows, cols, sums, j * FEW, NR);
            } else {
                Panels.copyOut(sums, j * FEW, NR, rows, cols, c.segment(), at, c.rowStride());
            }
        }
    }

    /// Unpack the inputs `k0` to `k0 + kc` of half a panel to a panel of floats for [Tile]; `k0` is
    /// a multiple of 128.
    static void unpack(
            Scratch scratch, Packed b, int halfPanel, int k0, int kc, float[] to, int toAt) {
        Coding coding = b.coding();
        MemorySegment segment = b.segment();
        int half = halfPanel % 2 * 2;
        long block = (long) coding.bytes * WIDTH;
        long at = halfPanel / 2 * b.panelBytes() + k0 / coding.size * block;
        switch (coding) {
            case F32 -> PlainPanels.unpackF32(segment, at, half, kc, to, toAt);
            case BF16 -> PlainPanels.unpackBf16(segment, at, half, kc, to, toAt);
            case F16 -> HalfPanels.unpack(segment, at, half, kc, to, toAt);
            case FP8 -> Fp8Panels.unpack(segment, at, half, kc, to, toAt);
            case Q2_K, Q3_K -> {
                int start = k0 % coding.size;
                NarrowPanels.unpack(
                        coding, segment, at, half, start, kc, scratch.s, scratch.codes, to, toAt);
            }
            case Q8_0 -> Q8Panels.unpack(segment, at, half, kc, scratch.s, to, toAt);
            case Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS -> {
                int start = k0 % coding.size;
                CodePanels.unpack(
                        coding, segment, at, half, start, kc, scratch.s, scratch.codes, to, toAt);
            }
        }
    }
}
