package dev.minke.cli.bench;

import dev.minke.cli.bench.KernelReport.Result;
import dev.minke.tensor.AttentionShape;
import dev.minke.tensor.Backends;
import dev.minke.tensor.BlockFormat;
import dev.minke.tensor.BlockMatrix;
import dev.minke.tensor.DType;
import dev.minke.tensor.Kernels;
import dev.minke.tensor.Rng;
import dev.minke.tensor.Team;
import dev.minke.tensor.Tensor;
import dev.minke.tensor.spi.KernelBackend;
import dev.minke.tensor.spi.KernelBackend.Availability;
import dev.minke.tensor.spi.KernelSet.AdamWStep;
import dev.minke.tensor.spi.KernelSet.PackedMatrix;
import dev.minke.tensor.spi.MachineProbe;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// Measures the kernels against what this machine can do at best, in two to three minutes.
///
/// Every figure is the best of several runs, and the peak that it is divided by is the best of
/// measurements made between these runs, because neighbours and clocks change within seconds.
public final class KernelBench {
    private static final long NANOS_EACH = 300_000_000;
    private static final int LEAST_ROUNDS = 4;

    /// Rows (or tokens) up to which a product is bound by the bytes of its weight.
    private static final int FEW_ROWS = 16;

    private static final int TOKENS = 2048;

    /// Bytes of the weights of one type and shape: several times the caches of a core's share.
    private static final long WEIGHT_BYTES = 160L << 20;

    /// Types of weights, those first that are measured in all shapes.
    private static final List<String> TYPES =
            List.of("BF16", "Q8_0", "Q4_K", "Q6_K", "Q5_K", "Q5_0", "Q4_0", "IQ4_XS");

    private static final int ALL_SHAPES = 3;
    private static final int EXPERTS = 64;
    private static final int EXPERTS_PER_TOKEN = 6;

    private final MachineProbe probe;
    private final List<Result> results = new ArrayList<>();
    private final double[] fmaPeak = new double[2];
    private final double[] readPeak = new double[2];

    private KernelBench(MachineProbe probe) {
        this.probe = probe;
    }

    /// Run all measurements on one thread and on all threads of `kernels`' team.
    ///
    /// @throws IllegalArgumentException if no usable back end can measure the machine's peaks
    public static KernelReport run(Kernels kernels) {
        MachineProbe probe =
                Backends.candidates().stream()
                        .filter(c -> c.availability() instanceof Availability.Usable)
                        .map(Backends.Candidate::backend)
                        .flatMap(KernelBench::probeOf)
                        .findFirst()
                        .orElseThrow(() ->
                                new IllegalArgumentException(
                                        "kernel figures need the back end 'vector', which"
                                                + " is not usable here; see minke doctor"));
        KernelBench bench = new KernelBench(probe);
        try (Team one = new Team(1)) {
            Kernels single = Backends.open(one);
            bench.warmUp(single);
            bench.all(single, 0);
        }
        if (kernels.team().size() > 1) {
            bench.all(kernels, 1);
        }
        int peaks = kernels.team().size() > 1 ? 2 : 1;
        return new KernelReport(
                kernels.describe(),
                list(bench.fmaPeak, peaks),
                list(bench.readPeak, peaks),
                bench.results);
    }

    private static Stream<MachineProbe> probeOf(KernelBackend backend) {
        return backend.machineProbe().stream();
    }

    private static List<Double> list(double[] values, int count) {
        return Arrays.stream(values).limit(count).boxed().toList();
    }

    private void warmUp(Kernels kernels) {
        for (int i = 0; i < 5; i++) {
            double _ = probe.fmaGflops(1, kernels.team());
        }
    }

    private void all(Kernels kernels, int peak) {
        for (int n : new int[] {1024, 1536, 2048}) {
            products(kernels, peak, n, n, n);
        }
        // a linear layer of a small model: forward, input gradient, weight gradient
        products(kernels, peak, 4096, 512, 192);
        products(kernels, peak, 4096, 192, 512);
        weightGradient(kernels, peak, 512, 192, 4096);
        weightGradient(kernels, peak, 1536, 384, 8192);
        experts(kernels, peak, 16, 4096 * 4, 192, 384);
        oneRow(kernels, peak, DType.F32);
        oneRow(kernels, peak, DType.BF16);
        for (String type : TYPES) {
            packed(kernels, peak, type, 2048, 2048, 1);
        }
        for (String type : TYPES.subList(0, ALL_SHAPES)) {
            packed(kernels, peak, type, 3072, 768, 1);
            packed(kernels, peak, type, 576, 2048, 1);
            packed(kernels, peak, type, 10944, 2048, 1, 512);
            packed(kernels, peak, type, 32000, 2048, 1, 8);
            packed(kernels, peak, type, 2048, 2048, 4, 16, 512);
            packedExperts(kernels, peak, type, 1408, 2048, 1, 8, 512);
        }
        attention(kernels, peak, new AttentionShape(16, 128, 64, 128, 0.07f));
        attention(kernels, peak, new AttentionShape(8, 64, 32, 64, 0.1f));
        elementwise(kernels, peak);
    }

    private void products(Kernels kernels, int peak, int m, int n, int k) {
        try (Arena arena = Arena.ofShared()) {
            Tensor a = random(arena, m, k);
            Tensor at = random(arena, k, m);
            Tensor b = random(arena, n, k);
            Tensor bt = random(arena, k, n);
            Tensor c = Tensor.zeros(arena, m, n);
            String shape = m + " x " + n + " x " + k;
            double flop = 2.0 * m * n * k;
            flops(kernels, peak, "gemmNt", shape, flop, () -> kernels.gemmNt(a, b, c, false));
            flops(kernels, peak, "gemmNn", shape, flop, () -> kernels.gemmNn(a, bt, c, false));
            flops(kernels, peak, "gemmTn", shape, flop, () -> kernels.gemmTn(at, bt, c, false));
        }
    }

    private void weightGradient(Kernels kernels, int peak, int m, int n, int k) {
        try (Arena arena = Arena.ofShared()) {
            Tensor a = random(arena, k, m);
            Tensor b = random(arena, k, n);
            Tensor c = Tensor.zeros(arena, m, n);
            String shape = m + " x " + n + " x " + k;
            double flop = 2.0 * m * n * k;
            flops(kernels, peak, "gemmTn", shape, flop, () -> kernels.gemmTn(a, b, c, true));
        }
    }

    /// Experts of unequal popularity, one of them without tokens.
    private void experts(Kernels kernels, int peak, int experts, int slots, int n, int k) {
        try (Arena arena = Arena.ofShared()) {
            int[] offsets = new int[experts + 1];
            int total = experts * (experts - 1) / 2;
            for (int e = 0; e < experts; e++) {
                offsets[e + 1] = offsets[e] + e * slots / total;
            }
            offsets[experts] = slots;
            Tensor starts = Tensor.copyOf(arena, offsets, experts + 1);
            Tensor a = random(arena, slots, k);
            Tensor b = random(arena, experts, n, k);
            Tensor c = Tensor.zeros(arena, slots, n);
            Tensor dx = Tensor.zeros(arena, slots, k);
            Tensor dw = Tensor.zeros(arena, experts, n, k);
            String shape = "%d experts, %d x %d x %d".formatted(experts, slots, n, k);
            double flop = 2.0 * slots * n * k;
            flops(
                    kernels,
                    peak,
                    "groupedGemmNt",
                    shape,
                    flop,
                    () -> kernels.groupedGemmNt(a, b, starts, c, false));
            flops(
                    kernels,
                    peak,
                    "groupedGemmNn",
                    shape,
                    flop,
                    () -> kernels.groupedGemmNn(c, b, starts, dx, false));
            flops(
                    kernels,
                    peak,
                    "groupedGemmTn",
                    shape,
                    flop,
                    () -> kernels.groupedGemmTn(c, a, starts, dw, true));
        }
    }

    private void oneRow(Kernels kernels, int peak, DType dtype) {
        int n = 16384;
        int k = 4096;
        try (Arena arena = Arena.ofShared();
                Arena packedArena = Arena.ofShared()) {
            Tensor weight = Tensor.zeros(arena, dtype, n, k);
            for (long i = 0; i < n; i++) {
                weight.setFloat(i, i % k, 1);
            }
            PackedMatrix packed = kernels.pack(weight, packedArena);
            Tensor a = random(arena, 1, k);
            Tensor c = Tensor.zeros(arena, 1, n);
            String name = "gemmPacked " + dtype.name().toLowerCase(Locale.ROOT);
            String shape = "1 x " + n + " x " + k;
            bytes(
                    kernels,
                    peak,
                    name,
                    shape,
                    packed.byteSize(),
                    () -> kernels.gemmPacked(a, packed, c, false));
        }
    }

    /// Products of a few rows or of many with weights that no cache holds: a pass takes one matrix
    /// after the other, as the layers of a model do.
    private void packed(Kernels kernels, int peak, String type, int n, int k, int... rows) {
        try (Arena arena = Arena.ofShared()) {
            List<PackedMatrix> weights = weights(kernels, arena, type, n, k, 1);
            long bytes = weights.stream().mapToLong(PackedMatrix::byteSize).sum();
            for (int m : rows) {
                Tensor a = random(arena, m, k);
                Tensor c = Tensor.zeros(arena, m, n);
                String name = "gemmPacked " + type.toLowerCase(Locale.ROOT);
                String shape = m + " x " + n + " x " + k;
                if (m > FEW_ROWS) {
                    PackedMatrix b = weights.getFirst();
                    double flop = 2.0 * m * n * k;
                    flops(
                            kernels,
                            peak,
                            name,
                            shape,
                            flop,
                            () -> kernels.gemmPacked(a, b, c, false));
                } else {
                    stream(
                            kernels,
                            peak,
                            name,
                            shape,
                            bytes,
                            () -> {
                                for (PackedMatrix b : weights) {
                                    kernels.gemmPacked(a, b, c, false);
                                }
                            });
                }
            }
        }
    }

    /// The experts of a layer for some tokens. With few tokens the bytes are those of the experts
    /// that any of them goes to; eight choices take turns.
    private void packedExperts(
            Kernels kernels, int peak, String type, int n, int k, int... tokens) {
        try (Arena arena = Arena.ofShared()) {
            List<PackedMatrix> experts =
                    weights(kernels, arena, type, n, k, EXPERTS).subList(0, EXPERTS);
            Rng rng = new Rng(7);
            for (int count : tokens) {
                int slots = EXPERTS_PER_TOKEN * count;
                Tensor a = random(arena, slots, k);
                Tensor c = Tensor.zeros(arena, slots, n);
                List<Tensor> choices = new ArrayList<>();
                long bytes = 0;
                for (int i = 0; i < 8; i++) {
                    int[] starts = starts(rng, count);
                    for (int e = 0; e < EXPERTS; e++) {
                        bytes += starts[e] < starts[e + 1] ? experts.get(e).byteSize() : 0;
                    }
                    choices.add(Tensor.copyOf(arena, starts, EXPERTS + 1));
                }
                String name = "groupedPacked " + type.toLowerCase(Locale.ROOT);
                String shape = "%d of %d experts, %d x %d".formatted(slots, EXPERTS, n, k);
                if (count > FEW_ROWS) {
                    Tensor starts = choices.getFirst();
                    double flop = 2.0 * slots * n * k;
                    flops(
                            kernels,
                            peak,
                            name,
                            shape,
                            flop,
                            () -> kernels.groupedGemmPacked(a, experts, starts, c, false));
                } else {
                    stream(
                            kernels,
                            peak,
                            name,
                            shape,
                            bytes,
                            () -> {
                                for (Tensor starts : choices) {
                                    kernels.groupedGemmPacked(a, experts, starts, c, false);
                                }
                            });
                }
            }
        }
    }

    /// Where the slots of each expert start if every token goes to some that chance chooses.
    private static int[] starts(Rng rng, int tokens) {
        int[] starts = new int[EXPERTS + 1];
        for (int t = 0; t < tokens; t++) {
            boolean[] taken = new boolean[EXPERTS];
            for (int i = 0; i < EXPERTS_PER_TOKEN; ) {
                int e = rng.nextInt(EXPERTS);
                if (!taken[e]) {
                    taken[e] = true;
                    starts[e + 1]++;
                    i++;
                }
            }
        }
        for (int e = 0; e < EXPERTS; e++) {
            starts[e + 1] += starts[e];
        }
        return starts;
    }

    /// At least `least` matrices of finite weights, more if they are small.
    private static List<PackedMatrix> weights(
            Kernels kernels, Arena arena, String type, int n, int k, int least) {
        byte[] pattern = new byte[1 << 16];
        Rng rng = new Rng(3);
        for (int i = 0; i < pattern.length; i++) {
            pattern[i] = (byte) (rng.nextInt(0x100) & 0x37);
        }
        MemorySegment from = MemorySegment.ofArray(pattern);
        List<PackedMatrix> weights = new ArrayList<>();
        try (Arena source = Arena.ofShared()) {
            boolean plain = type.equals("BF16");
            BlockFormat format = plain ? BlockFormat.Q8_0 : BlockFormat.valueOf(type);
            long size = plain ? 2L * n * k : n * format.rowBytes(k);
            MemorySegment data = source.allocate(size, 64);
            for (long at = 0; at < size; at += pattern.length) {
                MemorySegment.copy(from, 0, data, at, Math.min(pattern.length, size - at));
            }
            Tensor tensor = Tensor.zeros(source, DType.BF16, plain ? n : 0, k);
            if (plain) {
                MemorySegment.copy(data, 0, tensor.segment(), tensor.offset(), size);
            }
            for (long bytes = 0; bytes < WEIGHT_BYTES || weights.size() < least; ) {
                PackedMatrix packed =
                        plain
                                ? kernels.pack(tensor, arena)
                                : kernels.pack(new BlockMatrix(format, n, k, data), arena);
                weights.add(packed);
                bytes += packed.byteSize();
            }
        }
        return weights;
    }

    private void attention(Kernels kernels, int peak, AttentionShape s) {
        try (Arena arena = Arena.ofShared()) {
            Tensor q = random(arena, TOKENS, (long) s.heads() * s.queryKey());
            Tensor kv = random(arena, TOKENS, (long) s.heads() * s.keyValue());
            Tensor kr = random(arena, TOKENS, s.rope());
            Tensor sequences = Tensor.copyOf(arena, new int[] {0, TOKENS}, 2);
            Tensor out = Tensor.zeros(arena, TOKENS, (long) s.heads() * s.value());
            Tensor lse = Tensor.zeros(arena, s.heads(), TOKENS);
            Tensor dout = random(arena, TOKENS, (long) s.heads() * s.value());
            Tensor dq = Tensor.zeros(arena, q.shape());
            Tensor dkv = Tensor.zeros(arena, kv.shape());
            Tensor dkr = Tensor.zeros(arena, kr.shape());
            String shape =
                    "%d tokens, %d x %d/%d/%d"
                            .formatted(TOKENS, s.heads(), s.nope(), s.rope(), s.value());
            // the causal half: T^2 / 2 pairs, 2 flop for each element of their products
            double pairs = (double) s.heads() * TOKENS * TOKENS;
            flops(
                    kernels,
                    peak,
                    "attention",
                    shape,
                    pairs * (s.queryKey() + s.value()),
                    () -> kernels.attention(s, q, kv, kr, sequences, out, lse));
            flops(
                    kernels,
                    peak,
                    "attentionBackward",
                    shape,
                    pairs * (3 * s.queryKey() + 2 * s.value()),
                    () ->
                            kernels.attentionBackward(
                                    s, dout, q, kv, kr, sequences, out, lse, dq, dkv, dkr));
        }
    }

    private void elementwise(Kernels kernels, int peak) {
        int rows = 8192;
        int cols = 2048;
        long size = (long) rows * cols;
        try (Arena arena = Arena.ofShared()) {
            Tensor x = random(arena, rows, cols);
            Tensor y = random(arena, rows, cols);
            Tensor z = Tensor.zeros(arena, rows, cols);
            Tensor v = Tensor.zeros(arena, rows, cols);
            Tensor gain = random(arena, cols);
            Tensor rstd = Tensor.zeros(arena, rows);
            String shape = rows + " x " + cols;
            bytes(
                    kernels,
                    peak,
                    "rmsNorm",
                    shape,
                    8 * size,
                    () -> kernels.rmsNorm(x, gain, 1e-6f, z, rstd));
            bytes(kernels, peak, "swiGlu", shape, 12 * size, () -> kernels.swiGlu(x, y, z));
            bytes(kernels, peak, "add", shape, 12 * size, () -> kernels.add(x, y, z));
            z.clear();
            AdamWStep step = new AdamWStep(1e-4f, 0.9f, 0.95f, 1e-8f, 0.1f, 10, 1);
            bytes(kernels, peak, "adamW", shape, 28 * size, () -> kernels.adamW(x, y, z, v, step));
        }
    }

    private void flops(
            Kernels kernels, int peak, String name, String shape, double flop, Runnable body) {
        Team team = kernels.team();
        double best = 0;
        double limit = 0;
        long end = System.nanoTime() + NANOS_EACH;
        for (int round = 0; round < LEAST_ROUNDS || System.nanoTime() < end; round++) {
            limit = Math.max(limit, probe.fmaGflops(team.size(), team));
            best = Math.max(best, flop / fastest(body, 2));
        }
        fmaPeak[peak] = Math.max(fmaPeak[peak], limit);
        results.add(new Result(name, shape, team.size(), best, 0, best / limit));
    }

    private void bytes(
            Kernels kernels, int peak, String name, String shape, double bytes, Runnable body) {
        Team team = kernels.team();
        double best = 0;
        double limit = 0;
        for (int round = 0; round < 2; round++) {
            limit = Math.max(limit, probe.readGigabytesPerSecond(team));
            best = Math.max(best, bytes / fastest(body, 8));
        }
        readPeak[peak] = Math.max(readPeak[peak], limit);
        results.add(new Result(name, shape, team.size(), 0, best, best / limit));
    }

    /// As [#bytes] for a body that takes milliseconds and is new to the compiler.
    private void stream(
            Kernels kernels, int peak, String name, String shape, double bytes, Runnable body) {
        long end = System.nanoTime() + NANOS_EACH;
        while (System.nanoTime() < end) {
            body.run();
        }
        bytes(kernels, peak, name, shape, bytes, body);
    }

    private static long fastest(Runnable body, int runs) {
        long fastest = Long.MAX_VALUE;
        for (int i = 0; i < runs; i++) {
            long start = System.nanoTime();
            body.run();
            fastest = Math.min(fastest, System.nanoTime() - start);
        }
        return fastest;
    }

    private static Tensor random(Arena arena, long... shape) {
        Tensor tensor = Tensor.zeros(arena, shape);
        Rng rng = new Rng(1);
        float[] block = new float[1 << 13];
        for (int i = 0; i < block.length; i++) {
            block[i] = (float) rng.nextDouble() - 0.5f;
        }
        MemorySegment from = MemorySegment.ofArray(block);
        long size = tensor.byteSize();
        for (long at = 0; at < size; at += from.byteSize()) {
            long count = Math.min(from.byteSize(), size - at);
            MemorySegment.copy(from, 0, tensor.segment(), tensor.offset() + at, count);
        }
        return tensor;
    }
}
