package dev.minke.model.checkpoint.gguf;

import dev.minke.model.checkpoint.MalformedCheckpoint;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SequencedMap;

/// A model in GGUF: one file, or all parts of a split one.
///
/// Parts are called `<prefix>-00001-of-00003.gguf` and carry `split.no` (from 0), `split.count` and
/// `split.tensors.count`, as llama.cpp's gguf-split writes them; the first has the metadata.
/// Opening any of them opens all. Data stay where they are, see [GgufFile]. Safe for use by several
/// threads.
public final class GgufCheckpoint implements AutoCloseable {
    private final List<GgufFile> parts;
    private final SequencedMap<String, Stored> tensors;

    private record Stored(GgufFile part, GgufTensor tensor) {}

    private GgufCheckpoint(List<GgufFile> parts, SequencedMap<String, Stored> tensors) {
        this.parts = parts;
        this.tensors = tensors;
    }

    /// Open `file` and, where it is a part, all its siblings.
    ///
    /// @throws MalformedCheckpoint if a header breaks the format, or parts are missing or do not
    ///   fit each other
    /// @throws NoSuchFileException if there is no such file
    public static GgufCheckpoint open(Path file) throws IOException {
        List<GgufFile> opened = new ArrayList<>();
        try {
            GgufFile given = GgufFile.open(file);
            opened.add(given);
            long count = given.metadata().findInteger(SplitName.COUNT).orElse(1);
            List<GgufFile> parts =
                    count == 1 ? List.of(given) : siblings(given, checkName(given, count), opened);
            return new GgufCheckpoint(parts, collect(parts));
        } catch (IOException | RuntimeException e) {
            opened.forEach(GgufFile::close);
            throw e;
        }
    }

    private static SplitName checkName(GgufFile given, long count) throws IOException {
        if (count < 1 || count > SplitName.MAX_COUNT) {
            throw new MalformedCheckpoint(
                    given.file(),
                    "key " + SplitName.COUNT,
                    "1 to " + SplitName.MAX_COUNT,
                    count + "");
        }
        SplitName name = SplitName.of(given.file()).orElse(null);
        long number = given.metadata().integer(SplitName.NUMBER);
        if (name == null || name.count() != count || name.part() - 1L != number) {
            throw new MalformedCheckpoint(
                    given.file(),
                    "keys %s and %s".formatted(SplitName.NUMBER, SplitName.COUNT),
                    name == null
                            ? "a file called <prefix>-00001-of-00003.gguf or so"
                            : "%d and %d by its name".formatted(name.part() - 1, name.count()),
                    number + " and " + count);
        }
        return name;
    }

    private static List<GgufFile> siblings(GgufFile given, SplitName name, List<GgufFile> opened)
            throws IOException {
        // all of them are looked for before one is opened
        for (int part = 1; part <= name.count(); part++) {
            if (!Files.isRegularFile(name.sibling(part))) {
                throw new MalformedCheckpoint(
                        given.file(),
                        "key " + SplitName.COUNT,
                        "part %s beside it".formatted(name.sibling(part).getFileName()),
                        "no such file");
            }
        }
        List<GgufFile> parts = new ArrayList<>();
        for (int part = 1; part <= name.count(); part++) {
            if (part == name.part()) {
                parts.add(given);
                continue;
            }
            GgufFile sibling = GgufFile.open(name.sibling(part));
            opened.add(sibling);
            expect(sibling, SplitName.NUMBER, part - 1);
            expect(sibling, SplitName.COUNT, name.count());
            parts.add(sibling);
        }
        return List.copyOf(parts);
    }

    private static void expect(GgufFile part, String key, long expected) throws IOException {
        long found = part.metadata().integer(key);
        if (found != expected) {
            throw new MalformedCheckpoint(part.file(), "key " + key, expected + "", found + "");
        }
    }

    private static SequencedMap<String, Stored> collect(List<GgufFile> parts) throws IOException {
        SequencedMap<String, Stored> tensors = new LinkedHashMap<>();
        for (GgufFile part : parts) {
            for (GgufTensor tensor : part.tensors()) {
                Stored other = tensors.put(tensor.name(), new Stored(part, tensor));
                if (other != null) {
                    throw new MalformedCheckpoint(
                            part.file(),
                            "tensor " + tensor.name(),
                            "it in one part",
                            "it in " + other.part.file().getFileName() + ", too");
                }
            }
        }
        for (GgufFile part : parts) {
            OptionalLong count = part.metadata().findInteger(SplitName.TENSORS);
            if (count.isPresent() && count.getAsLong() != tensors.size()) {
                throw new MalformedCheckpoint(
                        part.file(),
                        "key " + SplitName.TENSORS,
                        tensors.size() + ", as many as all parts have",
                        count.getAsLong() + "");
            }
        }
        return Collections.unmodifiableSequencedMap(tensors);
    }

    /// The parts in order; one for a model that is not split.
    public List<GgufFile> parts() {
        return parts;
    }

    /// The first part, which errors about the whole may name.
    public Path file() {
        return parts.getFirst().file();
    }

    /// The metadata of the model, which is that of the first part.
    public GgufMetadata metadata() {
        return parts.getFirst().metadata();
    }

    /// All tensors, part by part in the order of their headers.
    public List<GgufTensor> tensors() {
        return tensors.values().stream().map(Stored::tensor).toList();
    }

    /// Whether there is a tensor of that name.
    public boolean contains(String name) {
        return tensors.containsKey(name);
    }

    /// The tensor of that name, if there is one.
    public Optional<GgufTensor> find(String name) {
        return Optional.ofNullable(tensors.get(name)).map(Stored::tensor);
    }

    /// What and where a tensor is.
    ///
    /// @throws MalformedCheckpoint if there is none of that name
    public GgufTensor tensor(String name) throws MalformedCheckpoint {
        return stored(name).tensor;
    }

    /// The bytes of a tensor, read-only, little-endian, until [#close].
    ///
    /// @throws MalformedCheckpoint if there is none of that name
    public MemorySegment data(String name) throws MalformedCheckpoint {
        Stored stored = stored(name);
        return stored.part.data(stored.tensor);
    }

    private Stored stored(String name) throws MalformedCheckpoint {
        Stored stored = tensors.get(name);
        if (stored == null) {
            throw new MalformedCheckpoint(file(), "tensor " + name, "it in the checkpoint", "none");
        }
        return stored;
    }

    /// Unmap all files; segments and arrays handed out must not be touched any more.
    @Override
    public void close() {
        parts.forEach(GgufFile::close);
    }
}
