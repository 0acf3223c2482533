package dev.minke.model.checkpoint.gguf;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/// Write GGUF version 3: metadata and all tensor specs first, then the data in any order.
///
///     try (var writer = GgufWriter.toFile(file, metadata, specs)) {
///         for (var spec : specs) {
///             writer.write(spec.name(), bytesOf(spec));
///         }
///         writer.commit();
///     }
///
/// Files grow under names with `.tmp-` beside their targets and are renamed by [#commit]; whatever
/// happens before leaves no target. No data are held back, so memory stays constant. Several
/// threads may write at the same time; [#commit] and [#close] are for one of them, when the others
/// are done.
public final class GgufWriter implements AutoCloseable {
    private final List<Part> parts;
    private final Map<String, Slot> slots;
    private final PendingFile.Opener opener;
    private @Nullable IOException failure;
    private boolean done;

    /// One file; guarded by the writer.
    private static final class Part {
        final Path target;
        final GgufLayout layout;
        long missing;
        @Nullable PendingFile file;
        boolean finished;

        Part(Path target, GgufLayout layout) {
            this.target = target;
            this.layout = layout;
            for (GgufTensorSpec spec : layout.tensors()) {
                missing += spec.byteSize();
            }
        }
    }

    /// A tensor's place.
    private record Slot(Part part, GgufTensorSpec spec, long position, Extents extents) {}

    private GgufWriter(List<Part> parts, PendingFile.Opener opener) {
        this.parts = parts;
        this.opener = opener;
        this.slots = new LinkedHashMap<>();
        for (Part part : parts) {
            List<GgufTensorSpec> tensors = part.layout.tensors();
            for (int i = 0; i < tensors.size(); i++) {
                GgufTensorSpec spec = tensors.get(i);
                Extents extents = new Extents(spec.byteSize());
                slots.put(spec.name(), new Slot(part, spec, part.layout.position(i), extents));
            }
        }
    }

    /// Write one file, replacing a file of that name on commit.
    ///
    /// @param metadata keys in the order of the file; `general.alignment` is obeyed, keys that
    ///   start with `split.` are left out, since they are about the files they were read from
    /// @param tensors in the order of the file, names of at most 63 bytes
    /// @throws IllegalArgumentException if a key or name is empty, too long or there twice, or the
    ///   alignment is no UINT32 and power of two
    public static GgufWriter toFile(
            Path file, SequencedMap<String, GgufValue> metadata, List<GgufTensorSpec> tensors) {
        return toFile(file, metadata, tensors, PendingFile.NEW_FILE);
    }

    static GgufWriter toFile(
            Path file,
            SequencedMap<String, GgufValue> metadata,
            List<GgufTensorSpec> tensors,
            PendingFile.Opener opener) {
        SequencedMap<String, GgufValue> own = withoutSplit(metadata);
        GgufLayout.check(own, tensors);
        Part only = new Part(file, GgufLayout.of(own, List.copyOf(tensors)));
        return new GgufWriter(List.of(only), opener);
    }

    /// Write parts of at most `maxPartBytes` of data, as llama.cpp's gguf-split does: `file` with
    /// `-00001-of-00003` before its `.gguf`, or `file` itself where one is enough.
    ///
    /// The first part has the metadata. A tensor beyond the size gets a part of its own.
    ///
    /// @param metadata see [#toFile]
    /// @param tensors see [#toFile]
    /// @throws IllegalArgumentException see [#toFile]; if `maxPartBytes` is not positive, or there
    ///   would be more than 65,535 parts
    /// @throws FileAlreadyExistsException if one of several parts exists
    public static GgufWriter toParts(
            Path file,
            SequencedMap<String, GgufValue> metadata,
            List<GgufTensorSpec> tensors,
            long maxPartBytes)
            throws IOException {
        if (maxPartBytes < 1) {
            throw new IllegalArgumentException(
                    "maxPartBytes is %d, expected 1 or more".formatted(maxPartBytes));
        }
        SequencedMap<String, GgufValue> own = withoutSplit(metadata);
        GgufLayout.check(own, tensors);
        List<List<GgufTensorSpec>> split = split(tensors, maxPartBytes, GgufLayout.alignment(own));
        if (split.size() == 1) {
            return toFile(file, own, tensors);
        }
        SplitName name = SplitName.first(file, split.size());
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < split.size(); i++) {
            Path target = name.sibling(i + 1);
            if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
                throw new FileAlreadyExistsException(
                        target.toString(), null, "expected no file of that name");
            }
            var keys = partKeys(own, i, split.size(), tensors.size());
            parts.add(new Part(target, GgufLayout.of(keys, split.get(i))));
        }
        return new GgufWriter(List.copyOf(parts), PendingFile.NEW_FILE);
    }

    private static SequencedMap<String, GgufValue> withoutSplit(
            SequencedMap<String, GgufValue> metadata) {
        SequencedMap<String, GgufValue> kept = new LinkedHashMap<>(metadata);
        kept.keySet().removeIf(key -> key.startsWith("split."));
        return Collections.unmodifiableSequencedMap(kept);
    }

    /// Keys of a part, in the types that gguf-split gives them.
    private static SequencedMap<String, GgufValue> partKeys(
            SequencedMap<String, GgufValue> metadata, int part, int count, int tensors) {
        if (count > 0xffff) {
            throw new IllegalArgumentException(
                    count + " parts, expected at most 65535: use larger ones");
        }
        SequencedMap<String, GgufValue> keys = new LinkedHashMap<>();
        GgufValue alignment = metadata.get(GgufHeader.ALIGNMENT);
        if (part == 0) {
            keys.putAll(metadata);
        } else if (alignment != null) {
            keys.put(GgufHeader.ALIGNMENT, alignment);
        }
        keys.put(SplitName.NUMBER, GgufValue.uint16(part));
        keys.put(SplitName.COUNT, GgufValue.uint16(count));
        keys.put(SplitName.TENSORS, GgufValue.int32(tensors));
        return Collections.unmodifiableSequencedMap(keys);
    }

    private static List<List<GgufTensorSpec>> split(
            List<GgufTensorSpec> tensors, long maxPartBytes, long alignment) {
        List<List<GgufTensorSpec>> parts = new ArrayList<>();
        List<GgufTensorSpec> part = new ArrayList<>();
        long bytes = 0;
        for (GgufTensorSpec spec : tensors) {
            long padded = GgufHeader.align(spec.byteSize(), alignment);
            if (!part.isEmpty() && padded > maxPartBytes - bytes) {
                parts.add(List.copyOf(part));
                part.clear();
                bytes = 0;
            }
            part.add(spec);
            bytes += padded;
        }
        parts.add(List.copyOf(part));
        return parts;
    }

    /// The files that [#commit] brings about, in order.
    public List<Path> targets() {
        return parts.stream().map(part -> part.target).toList();
    }

    /// Write the whole data of a tensor.
    ///
    /// @param name the tensor
    /// @param data as many bytes as the tensor has, little-endian, in native or heap memory
    /// @throws IllegalArgumentException if there is no such tensor, the size is another, or some of
    ///   the bytes were written before
    /// @throws IOException in one line naming the target; nothing is left of the files then
    public void write(String name, MemorySegment data) throws IOException {
        Slot slot = slot(name);
        if (data.byteSize() != slot.spec.byteSize()) {
            throw new IllegalArgumentException(
                    "tensor %s gets %d bytes, expected %d"
                            .formatted(slot.spec, data.byteSize(), slot.spec.byteSize()));
        }
        write(name, 0, data);
    }

    /// Write some of a tensor's bytes.
    ///
    /// @param name the tensor
    /// @param offset first byte within the tensor
    /// @param data little-endian elements or whole or partial blocks, in native or heap memory
    /// @throws IllegalArgumentException if there is no such tensor, the bytes lie outside of it or
    ///   some were written before
    /// @throws IOException in one line naming the target; nothing is left of the files then
    public void write(String name, long offset, MemorySegment data) throws IOException {
        Slot slot = slot(name);
        long size = slot.spec.byteSize();
        if (offset < 0 || offset > size || data.byteSize() > size - offset) {
            throw new IllegalArgumentException(
                    "tensor %s gets %d bytes at %d, expected them within its %d"
                            .formatted(slot.spec, data.byteSize(), offset, size));
        }
        try {
            PendingFile file = claim(slot, offset, data.byteSize());
            file.write(data, slot.position + offset);
            written(slot, file, data.byteSize());
        } catch (IOException e) {
            throw abandon(slot.part.target, e);
        }
    }

    private Slot slot(String name) {
        Slot slot = slots.get(name);
        if (slot == null) {
            throw new IllegalArgumentException(
                    "tensor %s is none of the %d announced, expected one of them"
                            .formatted(name, slots.size()));
        }
        return slot;
    }

    private synchronized PendingFile claim(Slot slot, long offset, long count) throws IOException {
        checkOpen();
        if (count > 0 && !slot.extents.claim(offset, offset + count)) {
            throw new IllegalArgumentException(
                    "tensor %s gets %d bytes at %d, expected ones not written before"
                            .formatted(slot.spec, count, offset));
        }
        return begin(slot.part);
    }

    /// Open a part's file with its header in it and as long as it is going to be.
    private PendingFile begin(Part part) throws IOException {
        PendingFile file = part.file;
        if (file == null) {
            file = PendingFile.begin(part.target, opener);
            part.file = file;
            part.layout.writeHeader(file.stream());
            file.extend(part.layout.fileBytes());
        }
        return file;
    }

    private void written(Slot slot, PendingFile file, long count) throws IOException {
        synchronized (this) {
            slot.extents.addWritten(count);
            slot.part.missing -= count;
            if (count == 0 || slot.part.missing > 0) {
                return;
            }
        }
        // nobody else has business with the file now, and forcing gigabytes takes its time
        file.finish();
        synchronized (this) {
            slot.part.finished = true;
        }
    }

    /// Give the files their names, the first part last, so that who finds it finds all.
    ///
    /// @throws IllegalStateException if data are missing
    /// @throws IOException in one line naming the target; nothing is left of the files then
    public synchronized void commit() throws IOException {
        checkOpen();
        for (Slot slot : slots.values()) {
            if (!slot.extents.complete()) {
                throw new IllegalStateException(
                        "tensor %s has %d of %d bytes, expected all before commit"
                                .formatted(
                                        slot.spec.name(),
                                        slot.extents.written(),
                                        slot.spec.byteSize()));
            }
        }
        Path target = parts.getFirst().target;
        List<Path> renamed = new ArrayList<>();
        try {
            for (Part part : parts) {
                target = part.target;
                finish(part);
            }
            for (Part part : parts.reversed()) {
                target = part.target;
                begin(part).publish();
                renamed.add(target);
            }
            PendingFile.forceFolderOf(target);
            done = true;
        } catch (IOException e) {
            if (parts.size() > 1) {
                renamed.forEach(PendingFile::deleteQuietly);
            }
            throw abandon(target, e);
        }
    }

    /// Finish a part that no last byte has finished, because it has none.
    private void finish(Part part) throws IOException {
        if (!part.finished) {
            begin(part).finish();
            part.finished = true;
        }
    }

    private void checkOpen() throws IOException {
        if (failure != null) {
            throw failure;
        }
        if (done) {
            throw new IllegalStateException(
                    "the writer of %s is finished, expected it open"
                            .formatted(parts.getFirst().target));
        }
    }

    /// Delete everything; what fails after the first failure fails of it.
    private synchronized IOException abandon(Path target, IOException cause) {
        IOException first = failure;
        if (first == null) {
            first = PendingFile.failed(target, cause);
            failure = first;
            close();
            return first;
        }
        return new IOException(first.getMessage(), first);
    }

    /// Delete what was begun, unless it was committed.
    @Override
    public synchronized void close() {
        if (done) {
            return;
        }
        done = true;
        for (Part part : parts) {
            if (part.file != null) {
                part.file.discard();
            }
        }
    }
}
