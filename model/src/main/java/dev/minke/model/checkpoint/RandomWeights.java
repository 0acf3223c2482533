package dev.minke.model.checkpoint;

import dev.minke.model.config.DeepSeekConfig;
import dev.minke.model.config.Fp8Config;
import dev.minke.model.config.HubConfig;
import dev.minke.model.config.TensorInventory;
import dev.minke.model.config.TensorInventory.Entry;
import dev.minke.model.config.TensorInventory.Kind;
import dev.minke.tensor.Fp8;
import dev.minke.tensor.Rng;
import dev.minke.tensor.Team;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Write a model of any configuration with random weights, streamed to disk.
///
/// Matrices and biases of projections are normal with mean 0, norms are ones, router biases zeros
/// or normal. The copies of embedding and head that a prediction module stores equal the main
/// model's. Every value depends on seed, name of the tensor and place in it alone: neither on the
/// number of threads nor on the other tensors; a BF16 file holds the rounded values of the F32
/// file.
///
/// Memory is a few hundred bands of 2^18 values at most, whatever the size of a tensor.
public final class RandomWeights {
    /// Values that one task fills; part of what a seed means.
    private static final int BAND = 1 << 18;

    private static final int BANDS_PER_THREAD = 16;
    private static final int MOST_BANDS = 256;
    private static final int HEADER_BYTES_PER_TENSOR = 256;

    private final List<Filled> tensors;
    private final Options options;
    private final DeepSeekConfig config;

    /// How the values are drawn and stored.
    ///
    /// @param seed equal seeds give equal weights
    /// @param std standard deviation of matrices; the V3 report uses 0.006
    /// @param routerBiasStd standard deviation of router biases, 0 as before training
    /// @param type F32 or BF16 for everything but router biases, or F8_E4M3 for projections with
    ///   block scales and BF16 for the rest
    /// @param shardBytes most bytes of data in a file
    public record Options(
            long seed, double std, double routerBiasStd, StoredType type, long shardBytes) {
        /// @throws IllegalArgumentException naming the value out of range
        public Options {
            notNegative("std", std);
            notNegative("routerBiasStd", routerBiasStd);
            if (type != StoredType.F32 && type != StoredType.BF16 && type != StoredType.F8_E4M3) {
                throw new IllegalArgumentException(
                        "type is %s, expected F32, BF16 or F8_E4M3".formatted(type));
            }
        }

        private static void notNegative(String name, double value) {
            if (!(value >= 0 && value <= 1e6)) {
                throw new IllegalArgumentException(
                        "%s is %s, expected 0 to 1000000".formatted(name, value));
            }
        }
    }

    /// Told after every piece that was written.
    @FunctionalInterface
    public interface Progress {
        /// `written` of `total` bytes of data are on their way to the disk.
        void at(long written, long total);
    }

    /// A tensor, the name whose values it has, and what fills it.
    private record Filled(TensorSpec spec, String source, RandomTable table) {}

    /// Lay out the weights of `config`.
    public RandomWeights(DeepSeekConfig config, Options options) {
        this.config = stored(config, options.type());
        this.options = options;
        this.tensors = tensors(this.config, options);
    }

    private static DeepSeekConfig stored(DeepSeekConfig config, StoredType type) {
        boolean fp8 = type == StoredType.F8_E4M3;
        HubConfig hub = config.hub();
        String dtype = type == StoredType.F32 ? "float32" : "bfloat16";
        Optional<Fp8Config> blocks =
                fp8
                        ? Optional.of(config.quantizationConfig().orElse(Fp8Config.blocks128()))
                        : Optional.empty();
        return config.withQuantizationConfig(blocks)
                .withHub(
                        new HubConfig(
                                hub.bosTokenId(), hub.eosTokenId(), hub.initializerRange(), dtype));
    }

    private static List<Filled> tensors(DeepSeekConfig config, Options options) {
        boolean fp8 = options.type() == StoredType.F8_E4M3;
        StoredType floats = fp8 ? StoredType.BF16 : options.type();
        boolean powers = config.quantizationConfig().flatMap(Fp8Config::scaleFmt).isPresent();
        float scale = Fp8.scale((float) (RandomTable.LARGEST * options.std()), powers);
        RandomTable matrix = RandomTable.normal(floats, options.std());
        RandomTable linear =
                fp8 ? RandomTable.normal(StoredType.F8_E4M3, options.std() / scale) : matrix;
        RandomTable ones = RandomTable.constant(floats, 1);
        RandomTable scales = RandomTable.constant(StoredType.F32, scale);
        RandomTable routerBias = RandomTable.normal(StoredType.F32, options.routerBiasStd());
        List<Filled> tensors = new ArrayList<>();
        for (Entry entry : TensorInventory.of(config).entries()) {
            RandomTable table =
                    switch (entry.kind()) {
                        case LINEAR -> linear;
                        case NORM -> ones;
                        case ROUTER_BIAS -> routerBias;
                        case BLOCK_SCALE -> scales;
                        default -> matrix;
                    };
            TensorSpec spec = new TensorSpec(entry.name(), table.type(), entry.shape());
            tensors.add(new Filled(spec, source(entry, config), table));
        }
        return List.copyOf(tensors);
    }

    /// The prediction modules have the main model's embedding and head.
    private static String source(Entry entry, DeepSeekConfig config) {
        String name = entry.name();
        if (entry.kind() != Kind.MATRIX || !name.startsWith("model.layers.")) {
            return name;
        }
        if (name.endsWith(".embed_tokens.weight")) {
            return "model.embed_tokens.weight";
        }
        boolean head = name.endsWith(".shared_head.head.weight");
        String main = config.tieWordEmbeddings() ? "model.embed_tokens.weight" : "lm_head.weight";
        return head ? main : name;
    }

    /// The configuration that is written: the given one, stored as the options say.
    public DeepSeekConfig config() {
        return config;
    }

    /// Bytes of all tensors.
    public long bytes() {
        return tensors.stream().mapToLong(t -> t.spec().byteSize()).reduce(0, Math::addExact);
    }

    /// Write config.json and safetensors, in shards with an index where they are many bytes.
    ///
    /// @param folder new or empty
    /// @throws DirectoryNotEmptyException if something is in it
    /// @throws IOException in one line if the disk is too small or fails; no weights are left then
    public void write(Path folder, Team team, Progress progress) throws IOException {
        checkEmpty(folder);
        long headers = (long) HEADER_BYTES_PER_TENSOR * tensors.size();
        checkSpace(folder, Math.addExact(bytes(), headers), AtomicFiles.usableSpace(folder));
        boolean made = Files.notExists(folder);
        List<TensorSpec> specs = tensors.stream().map(Filled::spec).toList();
        try (Arena arena = Arena.ofShared();
                SafetensorsWriter writer =
                        SafetensorsWriter.toFolder(folder, specs, options.shardBytes())) {
            new Stream(team, arena, writer, progress).run();
            writer.commit();
            AtomicFiles.writeString(folder.resolve(HuggingFaceFolder.CONFIG), config.toJson());
        } catch (IOException | RuntimeException e) {
            if (made) {
                deleteIfEmpty(folder);
            }
            throw e;
        }
    }

    private static void checkEmpty(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (var files = Files.newDirectoryStream(folder)) {
            if (files.iterator().hasNext()) {
                throw new DirectoryNotEmptyException(folder.toString());
            }
        }
    }

    static void checkSpace(Path folder, long needed, long usable) throws IOException {
        if (needed > usable) {
            throw new IOException(
                    "cannot write %s: %,d bytes are needed, %,d are free"
                            .formatted(folder, needed, usable));
        }
    }

    private static void deleteIfEmpty(Path folder) {
        try {
            Files.deleteIfExists(folder);
        } catch (IOException _) {
            // somebody else's files are in it
            return;
        }
    }

    /// One pass over all tensors: bands are filled in parallel, then written in order.
    private final class Stream {
        private final Team team;
        private final SafetensorsWriter writer;
        private final Progress progress;
        private final int bands;
        private final MemorySegment buffer;
        private final long total = bytes();
        private long written;

        Stream(Team team, Arena arena, SafetensorsWriter writer, Progress progress) {
            this.team = team;
            this.writer = writer;
            this.progress = progress;
            this.bands = Math.min(BANDS_PER_THREAD * team.size(), MOST_BANDS);
            this.buffer = arena.allocate((long) bands * BAND * StoredType.F32.bytes(), 64);
        }

        void run() throws IOException {
            for (Filled tensor : tensors) {
                write(tensor);
            }
        }

        private void write(Filled tensor) throws IOException {
            RandomTable table = tensor.table();
            int size = table.type().bytes();
            long elements = tensor.spec().byteSize() / size;
            long key = Rng.stream(options.seed(), hash(tensor.source())).nextLong();
            for (long from = 0; from < elements; from += (long) bands * BAND) {
                long first = from;
                int count = (int) Math.min(elements - from, (long) bands * BAND);
                team.run(
                        Math.ceilDiv(count, BAND),
                        (band, _) -> {
                            int start = band * BAND;
                            int values = Math.min(BAND, count - start);
                            Rng rng = Rng.stream(key, (first + start) / BAND);
                            table.fill(buffer, (long) start * size, values, rng);
                        });
                writer.write(tensor.spec().name(), buffer.asSlice(0, (long) count * size));
                written += (long) count * size;
                progress.at(written, total);
            }
        }
    }

    /// FNV-1a with 64 bits.
    private static long hash(String name) {
        long hash = 0xCBF29CE484222325L;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xFF)) * 0x100000001B3L;
        }
        return hash;
    }
}
