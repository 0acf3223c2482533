package dev.minke.kernels;

import dev.minke.tensor.Backends;
import dev.minke.tensor.BlockFormat;
import dev.minke.tensor.BlockMatrix;
import dev.minke.tensor.DType;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Rng;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// What [WidthTests] runs in JVMs of its own; needs no test library.
final class WidthCheck {
    private WidthCheck() {}

    /// Print the vectors in use and whether products and weights have the reference's bits.
    public static void main(String[] args) {
        try (Team team = new Team(2);
                Arena arena = Arena.ofShared()) {
            Kernels vector = Backends.open(team, "vector");
            System.out.println(vector.describe());
            Kernels reference = Backends.open(team, "reference");
            boolean same = true;
            for (int n : new int[] {15, 33}) {
                same &= Arrays.equals(products(vector, arena, n), products(reference, arena, n));
            }
            same &= Arrays.equals(weights(vector, arena), weights(reference, arena));
            same &= Arrays.equals(packed(vector, arena), packed(reference, arena));
            System.out.println(same ? "same bits" : "different bits");
        }
    }

    private static float[] products(Kernels kernels, Arena arena, int n) {
        int m = 29;
        int k = 400 + n;
        Rng rng = new Rng(n);
        Tensor a = random(rng, arena, m, k);
        Tensor at = random(rng, arena, k, m);
        Tensor b = random(rng, arena, n, k);
        Tensor bt = random(rng, arena, k, n);
        Tensor half = Tensor.zeros(arena, DType.BF16, n, k);
        kernels.convert(b, half);
        Tensor c = Tensor.zeros(arena, 6L * m, n);
        kernels.gemmNt(a, b, c.range(0, m), false);
        kernels.gemmNn(a, bt, c.range(m, 2L * m), false);
        kernels.gemmTn(at, bt, c.range(2L * m, 3L * m), false);
        kernels.gemmNt(a, half, c.range(3L * m, 4L * m), false);
        kernels.gemmPacked(a, kernels.pack(half, arena), c.range(4L * m, 5L * m), false);
        kernels.gemmPacked(
                a.range(0, 1), kernels.pack(half, arena), c.range(5L * m, 5L * m + 1), false);
        return c.toFloats();
    }

    /// Matrices that went through each format of weights and back.
    private static float[] weights(Kernels kernels, Arena arena) {
        Tensor x = random(new Rng(3), arena, 3, 512);
        BlockFormat[] formats = BlockFormat.values();
        Tensor y = Tensor.zeros(arena, 3L * formats.length + 6, 512);
        Rng rng = new Rng(4);
        for (int f = 0; f < formats.length; f++) {
            BlockFormat format = formats[f];
            MemorySegment data = arena.allocate(3 * format.rowBytes(512));
            for (long i = 0; i < data.byteSize(); i++) {
                data.set(ValueLayout.JAVA_BYTE, i, (byte) rng.nextInt(0x70));
            }
            BlockMatrix blocks = new BlockMatrix(format, 3, 512, data);
            if (format.canEncode()) {
                kernels.quantize(x, blocks);
            }
            kernels.dequantize(blocks, y.range(3L * f, 3L * f + 3));
        }
        MemorySegment codes = arena.allocate(3 * 512);
        Tensor scales = Tensor.zeros(arena, 3, 4);
        Tensor last = y.range(3L * formats.length, 3L * formats.length + 3);
        kernels.quantizeFp8(x, 1, 128, false, codes, scales);
        kernels.dequantizeFp8(codes, scales, 1, 128, last);
        Tensor half = Tensor.zeros(arena, DType.F16, 3, 512);
        kernels.convert(x, half);
        kernels.convert(half, y.range(3L * formats.length + 3, 3L * formats.length + 6));
        return y.toFloats();
    }

    /// Products of one, few and many rows with each format that can be packed.
    private static float[] packed(Kernels kernels, Arena arena) {
        int n = 75;
        int k = 512;
        Tensor x = random(new Rng(5), arena, 24, k);
        int formats = BlockFormat.values().length;
        Tensor y = Tensor.zeros(arena, 24L * (formats + 2), n);
        Rng rng = new Rng(6);
        for (BlockFormat format : BlockFormat.values()) {
            MemorySegment data = arena.allocate(n * format.rowBytes(k));
            for (long i = 0; i < data.byteSize(); i++) {
                data.set(ValueLayout.JAVA_BYTE, i, (byte) rng.nextInt(0x70));
            }
            PackedMatrix b = kernels.pack(new BlockMatrix(format, n, k, data), arena);
            packed(kernels, x, b, y, 24 * format.ordinal());
        }
        Tensor w = random(rng, arena, n, k);
        Tensor half = Tensor.zeros(arena, DType.F16, n, k);
        kernels.convert(w, half);
        packed(kernels, x, kernels.pack(half, arena), y, 24 * formats);
        MemorySegment codes = arena.allocate((long) n * k);
        Tensor scales = Tensor.zeros(arena, 2, 4);
        kernels.quantizeFp8(w, 60, 128, false, codes, scales);
        PackedMatrix fp8 = kernels.packFp8(codes, scales, 60, 128, n, k, arena);
        packed(kernels, x, fp8, y, 24 * (formats + 1));
        return y.toFloats();
    }

    private static void packed(Kernels kernels, Tensor x, PackedMatrix b, Tensor y, int from) {
        for (int[] rows : new int[][] {{0, 1}, {1, 4}, {4, 24}}) {
            Tensor c = y.range(from + rows[0], from + rows[1]);
            kernels.gemmPacked(x.range(rows[0], rows[1]), b, c, false);
        }
    }

    private static Tensor random(Rng rng, Arena arena, int rows, int cols) {
        Tensor tensor = Tensor.zeros(arena, rows, cols);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < cols; c++) {
                tensor.setFloat(r, c, (float) rng.nextGaussian());
            }
        }
        return tensor;
    }
}
